"""A softmax that is written out, and the logarithm that is taken of it: one that does not overflow, and a logarithm that does not come to the one of 0."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, number_of
from gradmagic.fixes.flow import reads_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.written_softmax import as_softmax
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def with_its_logarithm(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`def softmax(z): …`, `p = softmax(z)` and `log(p)` → the softmax of TensorFlow, and `log_softmax(z)`."""
    code, tf, known = code_at(recording, place), names_of(recording).tf, as_softmax(recording, place, op)
    exponential = code.call_at(place, ("exp",)) if code is not None and place is not None else None
    function = code.function(exponential) if code is not None and exponential is not None else None
    if code is None or exponential is None or function is None or not known or tf is None:
        return ()
    axes = {code.text(a.value) for c in code.all(cst.Call, function) if last_name(c.func) in ("reduce_sum", "sum") and (a := argument(c, 1, "axis")) is not None}
    # The logarithm is of the last axis.
    if len(axes) > 1 or (axes and not axes <= {"-1", "1"}):
        return ()
    for other in cells(recording):
        change = Change()
        for call in other.all(cst.Call):
            assign = other.parent(call)
            if last_name(call.func) != function.name.value or len(call.args) != 1 or not isinstance(assign, cst.Assign) or not isinstance(assign.targets[0].target, cst.Name):
                continue
            for read in reads_of(other, assign.targets[0].target.value, other.scope(assign)):
                log = _logarithm(other, read) if other.start(read) > other.end(assign) else None
                if log is not None:
                    change.replace(log, other.expression(f"{tf}.nn.log_softmax({other.bare(call.args[0].value)})"))
        logs = fix("", "unsafe", (other, change)) if change.replaced else ()
        if logs:
            return (dataclasses.replace(known[0], title="use a softmax that does not overflow, and its logarithm in one step", edits=(*known[0].edits, *logs[0].edits), applicability="unsafe"),)
    return ()


def _logarithm(code: Code, read: cst.Name) -> cst.Call | None:
    """The logarithm that is taken of a name, with a small number that may be added to it."""
    around = code.parent(read)
    if isinstance(around, cst.BinaryOperation) and isinstance(around.operator, cst.Add) and around.left is read and (number_of(code.text(around.right)) or 1.0) < 1e-3:
        around = code.parent(around)
    call = code.parent(around) if isinstance(around, cst.Arg) else None
    return call if isinstance(call, cst.Call) and last_name(call.func) == "log" and len(call.args) == 1 else None
