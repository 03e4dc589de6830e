"""The mean of a row without an element: 0 in the place of 0 divided by 0."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, line_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, code_at, fix
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def means_of_rows(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`reduce_mean(ragged, axis=1)` → `divide_no_nan(reduce_sum(ragged, axis=1), ragged.row_lengths())`."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = code.call_at(place, ("reduce_mean",)) if code is not None and place is not None else None
    given, axis = (argument(call, 0, "input_tensor"), argument(call, 1, "axis")) if call is not None else (None, None)
    made = recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
    # The mean of a dense tensor is an op of its own; only that of rows of different lengths divides.
    if code is None or call is None or tf is None or given is None or axis is None or code.text(axis.value) != "1" or len(call.args) != 2:
        return ()
    if op is None or op.type not in ("RealDiv", "Div") or made is None or made.shape is None:
        return ()
    change, rows = Change(), code.text(given.value)
    if not isinstance(given.value, (cst.Name, cst.Attribute)):
        line = line_of(code, call)
        if line is None:
            return ()
        rows = new_name(code, "rows")
        change.insert_before(line, code.line(f"{rows} = {code.text(given.value)}"))
    lengths = f"{tf}.cast({rows}.row_lengths(), {tf}.{made.dtype})" + "[:, " * (len(made.shape) > 1) + ", ".join([f"{tf}.newaxis"] * (len(made.shape) - 1)) + "]" * (len(made.shape) > 1)
    new = f"{tf}.math.divide_no_nan({tf}.reduce_sum({rows}, axis=1), {lengths})"
    return fix("let the mean of an empty row be 0", "unsafe", (code, change.replace(call, code.expression(new))))
