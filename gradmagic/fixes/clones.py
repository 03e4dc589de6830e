"""Copies of a model that have its layers and not its weights."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, last_name, same
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix

CONFIGS = ("get_config", "to_json")


def weights_copied(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`best = clone_model(model)` → the same, and `best.set_weights(model.get_weights())` behind it; in a function that returns the copy by a name of its own."""
    code = code_at(recording, place)
    call = code.call_at(place, ("clone_model", "from_config", "model_from_json")) if code is not None and place is not None else None
    statement = code.statement(call) if code is not None and call is not None else None
    of = _original(call) if call is not None else ""
    if code is None or call is None or not of or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return ()
    step, change = statement.body[0], Change()
    if isinstance(step, cst.Assign) and step.value is call and len(step.targets) == 1 and dotted(step.targets[0].target) not in ("", of):
        change.insert_after(statement, _line(code, dotted(step.targets[0].target), of))
    elif isinstance(step, cst.Return) and step.value is call:
        name = new_name(code, "copy")
        change.insert_before(statement, code.line(f"{name} = {code.text(call)}"), _line(code, name, of)).replace(call, cst.Name(name))
    else:
        return ()
    return fix(f"copy the weights of `{of}` as well", "unsafe", (code, change))


def _line(code: Code, copy: str, of: str) -> cst.CSTNode:
    return code.line(f"{copy}.set_weights({of}.get_weights())")


def _original(call: cst.Call) -> str:
    """`model` of `clone_model(model)` and `from_config(model.get_config())`."""
    value = call.args[0].value if call.args else None
    if isinstance(value, cst.Call) and last_name(value.func) in CONFIGS and isinstance(value.func, cst.Attribute):
        value = value.func.value
    return dotted(value) if value is not None else ""


def trained_itself(recording: Recording, place: Place, name: str) -> tuple[Fix, ...]:
    """The trained model in the place of another call of what made it."""
    code = code_at(recording, place)
    makers = [a.value for c in cells(recording) for a in assignments_of(c, name) if isinstance(a.value, cst.Call)]
    if code is None or place is None or len(makers) != 1:
        return ()
    line = code.statement_at(place)
    again = [c for c in code.all(cst.Call, line) if same(c, makers[0])] if line is not None else []
    return fix(f"use `{name}`, which was trained", "unsafe", (code, Change().replace(again[0], cst.Name(name)))) if len(again) == 1 else ()
