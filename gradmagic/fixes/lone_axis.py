"""A mean over the axis of the one output takes the axis of the examples, wherever that axis is written."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.written import written
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

MEANS = ("reduce_mean", "mean")
# Which other functions of the same axis belong to the same formula.
REDUCTIONS = (*MEANS, "reduce_sum", "sum", "reduce_std", "std", "reduce_variance", "var", "norm")
LAST = ("-1", "1")


def over_the_examples(recording: Recording, difference: Op | None) -> tuple[Fix, ...]:
    """`tf.reduce_mean(p, axis=-1, keepdims=True)` of values of the shape (batch, 1) → `axis=0`, in all sums of the function."""
    if difference is None or not difference.outputs:
        return ()
    made = recording.tensors.get(difference.outputs[0])
    # Of more axes, or of a single example, only the user knows which one was meant.
    if made is None or made.shape is None or len(made.shape) != 2 or made.shape[1] != 1 or made.shape[0] == 1:
        return ()
    mean = recording.producer.get(difference.inputs[1])
    while mean is not None and mean.type != "Mean" and mean.inputs:
        mean = recording.producer.get(mean.inputs[0])
    code = code_at(recording, mean.span) if mean is not None else None
    call = code.call_at(mean.span, MEANS) if code is not None and mean is not None and mean.span is not None else None
    axis = _axis(call) if call is not None else None
    if code is None or call is None or axis is None:
        return ()
    places = list(written(recording, code, axis))
    if len(places) != 1 or places[0][0].text(places[0][1]) not in LAST:
        return ()
    title = "take the mean over the examples, along the first axis"
    where, number = places[0]
    if number is not axis:
        return fix(title, "unsafe", (where, Change().replace(number, cst.Integer("0"))))
    change = Change()
    for other in _alike(code, call, axis):
        change.replace(other, cst.Integer("0"))
    return fix(title, "unsafe", (code, change))


def _axis(call: cst.Call) -> cst.BaseExpression | None:
    given = argument(call, 1, "axis")
    return given.value if given is not None else None


def _alike(code: Code, call: cst.Call, axis: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The same number as the axis of what else the function reduces; outside of a function, of the same statement."""
    within = code.function(call) or code.statement(call)
    return [a for c in code.all(cst.Call, within) if last_name(c.func) in REDUCTIONS and (a := _axis(c)) is not None and code.text(a) == code.text(axis)]
