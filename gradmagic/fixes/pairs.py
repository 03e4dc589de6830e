"""Functions that return two things, and code that goes on with both as if they were one."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

# Functions of TensorFlow that return their result and something beside it.
PAIRS = ("clip_by_global_norm",)


def taken_whole(recording: Recording, place: Place) -> tuple[Code, cst.AssignTarget, cst.Call] | None:
    """Where the gradients that an update zips with its variables are the pair that a function returned."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None:
        return None
    given = [c.args[0].value for c in code.all(cst.Call, statement) if last_name(c.func) == "zip" and c.args]
    for name in (n.value for n in given if isinstance(n, cst.Name)):
        before = [a for a in assignments_of(code, name, code.scope(statement)) if code.start(a) < code.start(statement)]
        value = before[-1].value if before else None
        if isinstance(value, cst.Call) and last_name(value.func) in PAIRS:
            return code, before[-1].targets[0], value
    return None


def unpacked(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`clipped = tf.clip_by_global_norm(…)` → `clipped, _ = …`."""
    found = taken_whole(recording, place)
    if found is None:
        return ()
    code, target, call = found
    pair = cst.Tuple([cst.Element(target.target), cst.Element(cst.Name("_"))], lpar=[], rpar=[])  # type: ignore[arg-type]
    return fix(f"unpack what `{last_name(call.func)}` returns", "unsafe", (code, Change().replace(target.target, pair)))
