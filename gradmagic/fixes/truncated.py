"""Backpropagation through fewer turns of a loop: the state is held in every few of them (Williams and Peng, 1990, truncated backpropagation through time)."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import code_at, fix, names_in
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.fixes.recurrence import FEWEST, weights_at
from gradmagic.recording import Recording
from gradmagic.report import Fix

# How much a gradient may grow before the state is held.
GROWTH = 10.0


def through_fewer_turns(recording: Recording, place: Place, times: int, first: float, last: float) -> tuple[Fix, ...]:
    """`for i in range(1000): s = f(s)` → `s = tf.stop_gradient(s) if i % 100 == 0 else s` at the top of the loop."""
    code, stop = code_at(recording, place), names_of(recording).function("stop_gradient")
    statement = code.statement_at(place) if code is not None and place is not None else None
    loop = code.enclosing(statement, cst.For) if code is not None and statement is not None else None
    turns = int(math.log(GROWTH) * (times - 1) / math.log(last / first))
    if code is None or stop is None or not isinstance(statement, cst.SimpleStatementLine) or not isinstance(loop, cst.For) or code.function(loop) is not code.function(statement):
        return ()
    # Layers with weights of their own are no turns of one step.
    if (
        turns < 2
        or len(weights_at(recording, place)) >= FEWEST
        or not isinstance(loop.target, cst.Name)
        or not isinstance(loop.iter, cst.Call)
        or code.text(loop.iter.func) != "range"
        or not isinstance(loop.body, cst.IndentedBlock)
    ):
        return ()
    assign = statement.body[0]
    carried = targets_of(assign.targets[0].target) if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else set()
    if not carried or not isinstance(assign, cst.Assign) or not carried <= names_in(assign.value):
        return ()
    every = int(float(f"{turns:.0e}"))
    turn = loop.target.value if loop.target.value != "_" else new_name(code, "turn")
    change = Change()
    if turn != loop.target.value:
        change.replace(loop.target, cst.Name(turn))
    for name in sorted(carried):
        change.insert_before(loop.body.body[0], code.line(f"{name} = {stop}({name}) if {turn} % {every} == 0 else {name}"))
    return fix(f"let the gradient go back through {every} turns at most", "unsafe", (code, change))
