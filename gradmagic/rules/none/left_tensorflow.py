"""The value left TensorFlow and came back as a constant.

What it finds
    A value computed from the source was handed to Python or NumPy (`.numpy()`, `float()`, `int()`, a NumPy function,
    `tf.numpy_function`), and the target was computed from what came back.

Why it happens
    A tape records TensorFlow ops. What Python or NumPy does with a number is not recorded, and a number that comes back in is a
    new constant, without a history.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = w * w
        loss = tf.constant(y.numpy()) * 3.0
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = w * w
        loss = y * 3.0
    grad = tape.gradient(loss, w)

Fix safety
    Replacing `.numpy()` or `float()` by the tensor itself keeps the value. Replacing a NumPy function by TensorFlow's counterpart may round differently.

Not a problem when
    The number is for a print, a log or a decision that is not to be differentiated.
"""

from __future__ import annotations

from gradmagic.definitions import leads_to
from gradmagic.fixes.between_places import between_places
from gradmagic.fixes.collected import becomes_an_array, kept_as_tensors
from gradmagic.fixes.escapes import stay_in_tensorflow
from gradmagic.fixes.for_draws import numbers_for_draws
from gradmagic.fixes.judged import computed_loss, judged
from gradmagic.fixes.numpy_ranks import soft_ranks
from gradmagic.fixes.one_hots import of_array
from gradmagic.fixes.places_and_sizes import says_where
from gradmagic.fixes.remade import as_variables, predicted_in_block, themselves
from gradmagic.fixes.score_function import score_of_what_left
from gradmagic.fixes.stacked import stacked
from gradmagic.fixes.written_over import listed
from gradmagic.leaving import calls_outside, copies_values
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import values_behind
from gradmagic.locate.py_functions import IN_PYTHON
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, listing, subject, target_name
from gradmagic.syntax import made_at, text_at, use_of

STAY = "stay in TensorFlow: use the tensor itself, and the `tf` or `keras.ops` counterpart of the function"
WHERE = "an index, a size and a number of turns have no derivative: weigh all the places there are by how near they lie (a mask of sigmoids, an interpolation), in the place of choosing one"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    names, target = listing(fault.names), target_name(fault)
    if fault.cause == "cut" and fault.op is not None and fault.detail.get("whole") == "py_function":
        return _inside(fault, fault.op, recording)
    if fault.cause in ("cut", "outside", "dtype") and fault.op is not None and fault.op.type in IN_PYTHON:
        place = use_of(recording, fault.op)
        if fault.detail.get("inside"):
            return finding(
                "none/left-tensorflow",
                fault,
                f"{subject(fault, 'None')}: {called(recording, fault.op)} computes with {names} outside of the tape",
                place,
                "what happens in here is not recorded",
                f"The function that is called here runs outside TensorFlow, and uses {names} there. What it gives comes back as a new value without a history: there is no path from {target} to {names}.",
                certainty="likely",
                help=f"call the model itself under the tape, and leave to the function what has no gradient anyway (an environment, a file): {STAY}",
            )
        return finding(
            "none/left-tensorflow",
            fault,
            f"{subject(fault, 'None')}: {called(recording, fault.op)} computes in NumPy",
            place,
            "what happens in here is not recorded",
            f"Every path from {target} back to {names} goes through a function that runs outside TensorFlow. Its result comes back as a new value without a "
            "history, so going backward the gradient ends there.",
            notes=("I cannot see inside the function",),
        )
    if fault.cause == "escaped" and fault.span is not None:
        how = str(fault.detail["how"])
        others = [(place, "leaves TensorFlow here as well") for place in fault.detail.get("beside", ())]  # type: ignore[attr-defined]
        others += [(use_of(recording, fault.op), "comes back in as a constant")] if fault.op is not None else []
        return finding(
            "none/left-tensorflow",
            fault,
            f"{subject(fault, 'None')}: {code(text_at(recording, fault.span))} takes the value out of TensorFlow",
            fault.span,
            f"leaves TensorFlow here ({how})",
            f"{code(text_at(recording, fault.span))} hands a value computed from {names} to Python as a plain number. "
            + (f"What {called(recording, fault.op)} then takes in is a new constant" if fault.op is not None else "What comes back is a new constant")
            + f", without a history: the tape finds no path from {target} to {names}.",
            others=others,
            certainty="certain" if fault.op is not None else "likely",
            help=WHERE if says_where(recording, fault.span) else STAY,
        )
    if fault.cause == "before" and fault.span is not None and copies_values(recording, fault.span):
        text = code(text_at(recording, fault.span))
        return finding(
            "none/left-tensorflow",
            fault,
            f"{subject(fault, 'None')}: {text} takes the value out of TensorFlow",
            fault.span,
            "leaves TensorFlow here",
            f"{text} gives a copy of what {names} {'holds' if len(fault.names) == 1 else 'hold'}, as plain numbers. What {target} is computed with is this copy, a constant for the tape: there is no path from {target} to {names}.",
            others=[(fault.run.span, "asked for here")] if fault.run is not None and fault.run.span is not None else [],
            help="compute with the variable itself, not with a copy of its value",
        )
    judge = judged(recording, fault.run) if fault.cause in ("discarded", "constant") else None
    if judge is not None:
        place = judge[0].span(judge[1])
        return finding(
            "none/left-tensorflow",
            fault,
            f"{subject(fault, 'None')}: {code(text_at(recording, place))} gives a number, not a tensor",
            place,
            "computes a loss outside of the tape, and gives its value",
            f"{code(text_at(recording, place))} computes with {names} in a step of its own and returns Python numbers. What is made of them is a new constant for the tape: there is no path from {target} to {names}.",
            help="compute the loss of the model's output under the tape, as `compute_loss` does",
        )
    if (fault.cause in ("discarded", "constant") and fault.op is not None) or fault.cause == "constant":
        place = _numpy_between(fault, recording)
        if place is not None:
            return finding(
                "none/left-tensorflow",
                fault,
                f"{subject(fault, 'None')}: {code(text_at(recording, place))} computes in NumPy",
                place,
                "NumPy computes here, and the tape records nothing",
                f"Results computed from {names} end without reaching {target}, and {target} was computed from a constant that came in later. In between "
                f"stands {code(text_at(recording, place))}: a NumPy function returns a plain array, and what is made of it is a new constant for the tape.",
                certainty="likely",
                help="use the `tf` or `keras.ops` counterpart of the function",
            )
    return None


def _inside(fault: Fault, op: Op, recording: Recording) -> Finding:
    """What ends the gradient inside a `tf.py_function`."""
    names, place = listing(fault.names), use_of(recording, op)
    left = fault.detail.get("left")
    if not isinstance(left, tuple):
        return finding(
            "none/left-tensorflow",
            fault,
            f"{subject(fault, 'None')}: no gradient comes back through {called(recording, op)}",
            place,
            "the gradient ends in this function",
            f"TensorFlow records what a function that is called by `tf.py_function` computes with TensorFlow. From the result of this one no gradient comes back to the input that was computed from {names}: "
            "inside, its value leaves TensorFlow, or goes through an op without a derivative, or is not used.",
            certainty="likely",
            help=f"call the function itself, without `tf.py_function`, and ask for the gradient again: {STAY}",
        )
    span, how = left
    return finding(
        "none/left-tensorflow",
        fault,
        f"{subject(fault, 'None')}: {code(text_at(recording, span))} takes the value out of TensorFlow",
        span,
        f"leaves TensorFlow here ({how})",
        f"TensorFlow records what a function that is called by `tf.py_function` computes with TensorFlow. Inside this one {code(text_at(recording, span))} hands a value computed from {names} on to Python or NumPy: "
        "what is made of it is a new constant, without a history.",
        others=[(place, "called here")],
        help=STAY,
    )


def _numpy_between(fault: Fault, recording: Recording) -> Span | None:
    read = fault.ops[-1].span if fault.ops else None
    end = fault.op.span if fault.op is not None else read
    run = fault.run
    if run is None or run.span is None or (end is None and not fault.ops):
        return None
    start = end or read
    assert start is not None
    used = [run.span, *(op.span for t in run.targets for key in values_behind(recording, t.id) if (op := recording.producer.get(key)) is not None)]
    for call in calls_outside(recording, start, made_at(recording, start)):
        if call.line >= start.line and leads_to(recording, call, used) and (run.span.cell != call.cell or call.line <= run.span.line):
            return call
    return None


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.cause == "before":
        return as_variables(recording, found.location) or themselves(recording, found.location)
    if fault.cause in ("discarded", "constant") and (computed := computed_loss(recording, fault.run)):
        return computed
    kept = (
        score_of_what_left(recording, found.location, fault.run)
        or between_places(recording, found.location)
        or soft_ranks(recording, found.location)
        or of_array(recording, found.location)
        or numbers_for_draws(recording, found.location, fault.run)
        or stacked(recording, found.location)
        or listed(recording, found.location)
        or kept_as_tensors(recording, found.location, fault.op, fault.run)
    )
    if kept or becomes_an_array(recording, found.location):
        return kept
    return predicted_in_block(recording, fault.run, found.location) or stay_in_tensorflow(recording, found.location, fault.run)
