"""Arrays, numbers and lists that a tape is told to watch: it watches tensors."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix


def watched_name(recording: Recording, place: Place) -> str | None:
    """The name of what a call of `tape.watch` is given; None where it is given anything but one name."""
    found = _watching(recording, place)
    return found[2].value if found is not None else None


def tensor_of_array(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`tape.watch(x)` of an array → `x = tf.convert_to_tensor(x)` before it is watched; in float32 too, which whole numbers need, and what meets weights of float32."""
    found, tf = _watching(recording, place), names_of(recording).tf
    if found is None or tf is None:
        return ()
    code, call, name = found
    statement = code.statement(call)
    if statement is None:
        return ()
    ways = (("make a tensor of `{}` first", ""), ("make a tensor of float32 of `{}` first", f", dtype={tf}.float32"))
    lines = [(title.format(name.value), code.line(f"{name.value} = {tf}.convert_to_tensor({name.value}{dtype})")) for title, dtype in ways]
    return tuple(f for title, line in lines for f in fix(title, "unsafe", (code, Change().insert_before(statement, line))))


def _watching(recording: Recording, place: Place) -> tuple[Code, cst.Call, cst.Name] | None:
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    calls = [c for c in code.all(cst.Call, statement) if last_name(c.func) == "watch" and isinstance(c.func, cst.Attribute)] if code is not None and statement is not None else []
    given = argument(calls[0], 0, "tensor") if len(calls) == 1 else None
    return (code, calls[0], given.value) if code is not None and given is not None and isinstance(given.value, cst.Name) else None
