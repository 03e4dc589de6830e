"""What something is compared with, such as the old policy of a ratio, computed by the very weights that are trained: it moves along, and the two cancel."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name, names_in, parameters_of, same, walk
from gradmagic.fixes.flow import assigned, draws, functions_run, pairs_of, targets_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

OLD = frozenset({"prev", "previous", "ref", "reference", "behavior", "behaviour", "frozen", "fixed", "anchor", "rollout", "past"})
COPIES = ("identity", "convert_to_tensor", "copy")


@dataclasses.dataclass(frozen=True)
class Moving:
    """A value that is named as an old one, what it is called, and what has the same value and is not."""

    code: Code
    value: cst.BaseExpression
    target: cst.BaseExpression | None
    name: str
    other: str


def moving_references(recording: Recording) -> list[Moving]:
    """`old_probs = actor(states)` beside `probs = actor(states)` and the like, of the one function that ran and has such lines; else none."""
    ran = functions_run(recording)
    functions = {f.name.value: f for c in cells(recording) for f in c.all(cst.FunctionDef)}
    found = []
    for code in cells(recording):
        scopes = [f for f in code.all(cst.FunctionDef) if (code.cell, f.name.value) in ran]
        for scope in [*scopes, *([code.module] if (code.cell, None) in ran else [])]:
            moving = _assigned(code, scope) or _given(functions, code, scope) or _beside_itself(code, scope)
            found += [moving] if moving else []
    return found[0] if len(found) == 1 else []


def held_reference(recording: Recording) -> tuple[Fix, ...]:
    """`old_probs = actor(states)` → `old_probs = tf.stop_gradient(actor(states))`: the ratio has the same value, and the gradient of the new probabilities."""
    found, stop = moving_references(recording), names_of(recording).function("stop_gradient")
    if not found or stop is None:
        return ()
    code, change = found[0].code, Change()
    for moving in found:
        statement, value = code.statement(moving.value), moving.value
        if isinstance(moving.target, (cst.Tuple, cst.List)):
            for name in sorted(n for n in targets_of(moving.target) if is_old(n)):
                change.insert_after(statement, code.line(f"{name} = {stop}({name})"))  # type: ignore[arg-type]
            continue
        made = isinstance(value, cst.Call) and last_name(value.func)[:1].isupper()
        # A distribution is no tensor: what it is made of is held.
        for part in [a.value for a in value.args] if made and isinstance(value, cst.Call) else [value]:
            change.replace(part, code.expression(f"{stop}({code.bare(part)})"))
    return fix(f"hold `{found[0].name}`: it has the same weights as what it is compared with, and moves along with it", "unsafe", (code, change))


def is_old(name: str) -> bool:
    """Whether a name says that it stands for something from before."""
    words = name.lower().strip("_").split("_")
    return any(w in OLD or w.startswith("old") for w in words)


def _assigned(code: Code, scope: cst.CSTNode) -> list[Moving]:
    """Two lines that compute the same, or one that is a copy of the other, where the name of one of them says that it is the old one."""
    pairs = [(a, t, v, _names(t)) for a in code.all(cst.Assign, scope) if code.scope(a) is scope for t, v in pairs_of(a)]
    earlier = [pair for pair in pairs if any(map(is_old, pair[3])) and not _is_settled(pair[2])]
    later = [pair for pair in pairs if not any(map(is_old, pair[3]))] if earlier else []
    found = []
    for (one, target, value, old), (two, other, twin, new) in itertools.product(earlier, later):
        if len(old) != len(new):
            continue
        computed = bool(code.all(cst.Call, value)) and same(value, twin) and _is_unchanged(code, scope, one, two, names_in(value))
        copied = isinstance(target, cst.Name) and isinstance(other, cst.Name) and isinstance(c := _copy(value), cst.Name) and c.value == other.value and code.start(two) < code.start(one)
        if computed or copied:
            found.append(Moving(code, value, target, ", ".join(n for n in old if is_old(n)), ", ".join(new)))
    return found


def _given(functions: Mapping[str, cst.FunctionDef], code: Code, scope: cst.CSTNode) -> list[Moving]:
    """The same argument twice, in a call of a function of the notebook's that names one of the two as the old one."""
    found = []
    for call in code.all(cst.Call, scope):
        function = functions.get(last_name(call.func)) if code.scope(call) is scope else None
        given = [(p, a.value) for i, p in enumerate(parameters_of(function)) if (a := argument(call, i, p)) is not None] if function is not None else []
        for (name, value), (other, twin) in itertools.permutations(given, 2):
            if is_old(name) and not is_old(other) and same(value, twin) and not isinstance(value, (cst.BaseNumber, cst.BaseString)) and not _is_settled(value):
                found.append(Moving(code, value, None, name, other))
    return found


def _beside_itself(code: Code, scope: cst.CSTNode) -> list[Moving]:
    """`exp(logp - logp)`: the ratio of a policy to itself."""
    found = []
    for call in code.all(cst.Call, scope):
        inner = call.args[0].value if last_name(call.func) == "exp" and len(call.args) == 1 else None
        if isinstance(inner, cst.BinaryOperation) and isinstance(inner.operator, cst.Subtract) and same(inner.left, inner.right) and code.scope(call) is scope:
            text = code.text(inner.right)
            found.append(Moving(code, inner.right, None, text, text))
    return found


def _names(target: cst.BaseExpression) -> list[str]:
    return [last_name(target)] if isinstance(target, (cst.Name, cst.Attribute)) else sorted(targets_of(target))


def _copy(value: cst.BaseExpression) -> cst.BaseExpression:
    return value.args[0].value if isinstance(value, cst.Call) and last_name(value.func) in COPIES and len(value.args) == 1 else value


def _is_settled(value: cst.BaseExpression) -> bool:
    """Whether a value is held already, or is drawn anew each time."""
    called = {last_name(n.func) for n in walk(value) if isinstance(n, cst.Call)}
    return "stop_gradient" in called or draws(value)


def _is_unchanged(code: Code, scope: cst.CSTNode, one: cst.Assign, two: cst.Assign, names: set[str]) -> bool:
    """Whether the names of an expression keep their values from one line to the other."""
    first, last = sorted((code.start(one), code.start(two)))
    between = [a for a in code.all(cst.Assign, scope) if first <= code.start(a) < last]
    return not any(assigned(a) & names for a in between)
