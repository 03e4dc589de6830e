"""A schedule that an earlier cell has used up: a new optimizer, whose count of steps begins at 0."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.standing import SCHEDULES
from gradmagic.recording import Recording
from gradmagic.report import Fix


def begun_anew(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`compile(optimizer=Adam(schedule), …)` of an earlier cell once more before `fit`; `optimizer = Adam(schedule)` before a loop that applies gradients with it."""
    code = code_at(recording, place)
    call = code.call_at(place, ("fit", "train_on_batch", "apply_gradients", "apply", "minimize")) if code is not None and place is not None else None
    if code is None or call is None or code.cell != "current" or not isinstance(call.func, cst.Attribute) or code.function(call) is not None:
        return ()
    owner, compiles = dotted(call.func.value), last_name(call.func) in ("fit", "train_on_batch")
    found = _compiled(recording, owner) if compiles else _made(recording, owner)
    outermost = code.statement(call)
    for node in code.around(call):
        outermost = node if isinstance(node, (cst.For, cst.While, cst.SimpleStatementLine)) and node in code.module.body else outermost
    if found is None or outermost is None:
        return ()
    return fix("begin the schedule anew, with a new optimizer", "unsafe", (code, Change().insert_before(outermost, code.line(found))))


def _compiled(recording: Recording, model: str) -> str | None:
    """The call of `compile` of an earlier cell that a schedule goes into, with an optimizer that is new."""
    lines = [(c, n) for c in cells(recording) for n in c.all(cst.Call) if c.cell != "current" and dotted(n.func) == f"{model}.compile" and c.function(n) is None]
    given = argument(lines[0][1], 0, "optimizer") if len(lines) == 1 else None
    if given is None:
        return None
    code, call = lines[0]
    if isinstance(given.value, cst.Call):
        return code.text(call) if _has_schedule(recording, code, given.value) else None
    made = _made(recording, dotted(given.value))
    return code.text(call.with_deep_changes(given, value=code.expression(made.partition(" = ")[2]))) if made is not None else None


def _made(recording: Recording, name: str) -> str | None:
    """The line of an earlier cell that makes an optimizer with a schedule."""
    found = [(c, a) for c in cells(recording) if c.cell != "current" for a in assignments_of(c, name, c.module) if c.function(a) is None]
    if len(found) != 1 or not isinstance(found[0][1].value, cst.Call) or not _has_schedule(recording, found[0][0], found[0][1].value):
        return None
    return found[0][0].text(found[0][1])


def _has_schedule(recording: Recording, code: Code, optimizer: cst.Call) -> bool:
    """Whether an optimizer is made with a schedule, by its name or where it is made."""
    rate = argument(optimizer, 0, "learning_rate")
    if rate is None:
        return False
    values: list[cst.BaseExpression] = [rate.value] + [a.value for n in names_in(rate.value) for c in cells(recording) for a in assignments_of(c, n, c.module)]
    return any(isinstance(v, cst.Call) and last_name(v.func) in SCHEDULES for v in values)
