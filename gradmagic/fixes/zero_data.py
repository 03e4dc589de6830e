"""The line that made data of zeros: a division by `//`, a cast to integers, an array that nothing is written into."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, names_in
from gradmagic.fixes.data import TRAINING, WHOLE
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.whole_numbers import KEEPS, with_fraction
from gradmagic.recording import Recording, Span, Tensor
from gradmagic.report import Fix

MOST_NAMES = 40


def made_of_zeros(recording: Recording, training: Place, reader: Place, tensor: Tensor) -> tuple[Span, str] | None:
    """The place of the one step that can have made data 0, and what it does."""
    found = _step(recording, training, reader, tensor)
    if found is None:
        return None
    code, node = found
    what = (
        "the rest of a division is lost here"
        if isinstance(node, cst.BinaryOperation)
        else "made of zeros here"
        if last_name(node.func) in ("zeros", "zeros_like")
        else "a cast to integers, which cuts off the fraction"
    )
    return code.span(node), what


def with_fractions(recording: Recording, training: Place, reader: Place, tensor: Tensor) -> tuple[Fix, ...]:
    """The division, or the cast, that keeps the fraction."""
    found = _step(recording, training, reader, tensor)
    if found is None:
        return ()
    code, node = found
    if isinstance(node, cst.BinaryOperation):
        return fix(KEEPS, "unsafe", (code, Change().replace(node, with_fraction(node))))
    kind = _kind(node)
    if kind is None:
        return ()
    text = code.text(kind)
    whole = text.strip("'\"").rpartition(".")[2]
    new = '"float32"' if text == whole else text.replace(whole, "float32")
    return fix("keep the fractions", "unsafe", (code, Change().replace(kind, code.expression(new))))


def first_given(recording: Recording, training: Place) -> str | None:
    """The name of the data that a training call is given."""
    code = code_at(recording, training)
    call = code.call_at(training, TRAINING) if code is not None and training is not None else None
    data = argument(call, 0, "x") if call is not None else None
    return data.value.value if data is not None and isinstance(data.value, cst.Name) else None


def _step(recording: Recording, training: Place, reader: Place, tensor: Tensor) -> tuple[Code, cst.BinaryOperation | cst.Call] | None:
    """A step whose result may be 0 where its operands are not; None where there are several."""
    first = first_given(recording, training)
    # Labels may well be whole numbers.
    names = {name for name in (first, tensor.name) if name}
    code = code_at(recording, reader)
    statement = code.statement_at(reader) if code is not None and reader is not None else None
    if code is not None and statement is not None:
        names |= {n for call in code.all(cst.Call, statement) if last_name(call.func) not in TRAINING for a in call.args for n in names_in(a.value)}
    lines = _made_by(recording, names)
    found: list[tuple[Code, cst.BinaryOperation | cst.Call]] = []
    for where, assign in lines:
        found += [(where, n) for n in where.all(cst.BinaryOperation, assign.value) if isinstance(n.operator, cst.FloorDivide)]
        found += [(where, c) for c in where.all(cst.Call, assign.value) if _kind(c) is not None]
    called = {last_name(c.func) for where, assign in lines for c in where.all(cst.Call, assign.value)}
    empty: list[tuple[Code, cst.BinaryOperation | cst.Call]] = [(where, c) for where, assign in lines for c in _zeros(where, assign.value)]
    for other in cells(recording) if not empty else ():
        empty += [(other, c) for f in other.all(cst.FunctionDef) if f.name.value in called for c in _zeros(other, f.body)]
    # Labels are whole numbers and begin as zeros, too: of several such lines none is proven to be the one.
    found = found or empty
    return found[0] if len(found) == 1 else None


def _made_by(recording: Recording, names: set[str]) -> list[tuple[Code, cst.Assign]]:
    """The lines outside of functions that gave names, and what they were computed from, their last values."""
    found: list[tuple[Code, cst.Assign]] = []
    waiting, seen = sorted(names), set[str]()
    while waiting and len(seen) < MOST_NAMES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        # The newest cell stands first.
        for code in cells(recording):
            made = [a for a in code.all(cst.Assign) if code.function(a) is None and any(name in targets_of(t.target) for t in a.targets)]
            if made:
                found += [(code, made[-1])] if not any(a is made[-1] for _, a in found) else []
                waiting += sorted(names_in(made[-1].value))
                break
    return found


def _zeros(code: Code, within: cst.CSTNode) -> list[cst.Call]:
    return [c for c in code.all(cst.Call, within) if last_name(c.func) in ("zeros", "zeros_like")]


def _kind(call: cst.Call) -> cst.BaseExpression | None:
    """What a cast to integers names as the dtype."""
    place = {"astype": 0, "cast": 1}.get(last_name(call.func))
    kind = argument(call, place, "dtype") if place is not None else None
    text = kind.value if kind is not None else None
    name = last_name(text) if isinstance(text, (cst.Name, cst.Attribute)) else str(text.evaluated_value) if isinstance(text, cst.SimpleString) else ""
    return text if name in WHOLE else None
