"""Tensors that a custom gradient is given by keyword, which are no inputs to it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, parameters_of
from gradmagic.fixes.custom import custom_function, result_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def keyword_inputs(recording: Recording, op: Op | None) -> tuple[str, ...]:
    """The parameters of a custom gradient that its call gives by keyword, where its gradient function returns a gradient for them too."""
    code, call = _call(recording, op)
    parameters, returned = _signature(recording, op)
    if code is None or call is None:
        return ()
    moved = _by_keyword(call, parameters[: len(returned)])
    # What is None is not asked for: such an argument may be an option that has to stay a Python value.
    wanted = [p for p, r in zip(parameters, returned, strict=False) if p in moved and not (isinstance(r, cst.Name) and r.value == "None")]
    return tuple(moved) if wanted else ()


def by_position(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`f(x, gain=g)` → `f(x, g)`, in every call of the function."""
    wanted, (_, first) = keyword_inputs(recording, op), _call(recording, op)
    parameters, returned = _signature(recording, op)
    if not wanted or first is None:
        return ()
    changes = []
    for code in cells(recording):
        change = Change()
        for call in code.all(cst.Call):
            if dotted(call.func) == dotted(first.func) and _by_keyword(call, parameters[: len(returned)]):
                change.replace(call, _placed(call, parameters[: len(returned)]))
        changes.append((code, change))
    names = " and ".join(f"`{n}`" for n in wanted)
    return fix(f"pass {names} by position, which makes {'it an input' if len(wanted) == 1 else 'them inputs'}", "unsafe", *changes)


def _call(recording: Recording, op: Op | None) -> tuple[Code | None, cst.Call | None]:
    code = code_at(recording, op.span) if op is not None else None
    if code is None or op is None or op.span is None or not op.name:
        return None, None
    return code, code.call_at(op.span, (op.name,))


def _signature(recording: Recording, op: Op | None) -> tuple[list[str], list[cst.BaseExpression]]:
    """The parameters of a custom gradient's function, and what its gradient function returns for each."""
    found = custom_function(recording, op.name) if op is not None else None
    returned = result_of(found[0], found[2]) if found is not None else None
    if found is None or not isinstance(returned, (cst.Tuple, cst.List)):
        return [], []
    return parameters_of(found[1]), [e.value for e in returned.elements]


def _by_keyword(call: cst.Call, inputs: list[str]) -> list[str]:
    """The inputs that a call gives by keyword; none where it leaves one of them out, or passes on a row of arguments."""
    if any(a.star for a in call.args):
        return []
    named = {a.keyword.value for a in call.args if a.keyword is not None}
    rest = inputs[sum(a.keyword is None for a in call.args) :]
    return rest if rest and all(n in named for n in rest) else []


def _placed(call: cst.Call, inputs: list[str]) -> cst.Call:
    """The call with these inputs by position, in the order of the function."""
    plain = [a for a in call.args if a.keyword is None]
    named = {a.keyword.value: a for a in call.args if a.keyword is not None}
    moved = [named.pop(n).with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT) for n in inputs[len(plain) :]]
    args, commas = [*plain, *moved, *named.values()], [a.comma for a in call.args]
    return call.with_changes(args=[a.with_changes(comma=c) for a, c in zip(args, commas, strict=True)])
