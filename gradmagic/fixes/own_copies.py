"""A copy of a model that shares its layers: it gets weights of its own."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording, Span
from gradmagic.report import Fix

# `clone_model` can make a model anew that knows how it is put together.
PUT_TOGETHER = ("Model", "Functional", "Sequential")


def copy_with_own_weights(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`target = Model(inputs, outputs)` and `target = model`, of the layers of `model` → `clone_model(model)`, followed by a copy of the weights."""
    found, keras = _made(recording, place), names_of(recording).keras
    if found is None or keras is None:
        return ()
    code, made, target, original = found
    statement = code.statement(made)
    if statement is None:
        return ()
    change = Change().replace(made.value, code.expression(f"{keras}.models.clone_model({original})"))
    change.insert_after(statement, code.line(f"{target}.set_weights({original}.get_weights())"))
    return fix(f"give `{target}` weights of its own", "unsafe", (code, change))


def shared_at(recording: Recording, place: Place) -> Span | None:
    """The line that makes the copy."""
    found = _made(recording, place)
    return None if found is None else found[0].span(found[1])


def _made(recording: Recording, place: Place) -> tuple[Code, cst.Assign, str, str] | None:
    """The assignment that makes what `target.set_weights(model.get_weights())` copies to, and both names; None where `clone_model` could not make it."""
    code = code_at(recording, place)
    call = code.call_at(place, ("set_weights",)) if code is not None and place is not None else None
    taken = call.args[0].value if call is not None and len(call.args) == 1 else None
    if not isinstance(taken, cst.Call) or last_name(taken.func) != "get_weights" or call is None or code is None:
        return None
    names = [dotted(c.func.value) for c in (call, taken) if isinstance(c.func, cst.Attribute)]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        return None
    target, original = names
    given = [(other, a) for other in cells(recording) for a in _assignments(other, target)]
    origin = [(other, a) for other in cells(recording) for a in _assignments(other, original)]
    if len(given) != 1 or len(origin) != 1 or not _can_be_cloned(origin[0][1].value):
        return None
    (where, made), (other, first) = given[0], origin[0]
    is_alias = dotted(made.value) == original
    shares = isinstance(made.value, cst.Call) and _can_be_cloned(made.value) and bool(names_in(made.value) & names_in(first.value))
    in_order = where.cell != other.cell or where.start(first) < where.start(made)
    return (where, made, target, original) if in_order and (is_alias or shares) else None


def _assignments(code: Code, name: str) -> list[cst.Assign]:
    """The assignments to a name or to an attribute like `self.target`."""
    if "." not in name:
        return assignments_of(code, name)
    return [a for a in code.all(cst.Assign) if len(a.targets) == 1 and dotted(a.targets[0].target) == name]


def _can_be_cloned(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.Call) and last_name(value.func) in PUT_TOGETHER
