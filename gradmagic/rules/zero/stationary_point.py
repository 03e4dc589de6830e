"""The derivative really is zero here: a minimum, symmetric or all-zero weights, terms that cancel.

What it finds
    The gradient is multiplied by a value that is 0 (the weights themselves, or what they gave), or its terms sum to 0.

Why it happens
    At such a point the loss is flat. Training that begins there does not leave it.

Example
    import tensorflow as tf
    x = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        loss = x * x
    grad = tape.gradient(loss, x)

Use instead
    import tensorflow as tf
    x = tf.Variable(0.5)
    with tf.GradientTape() as tape:
        loss = x * x
    grad = tape.gradient(loss, x)

Fix safety
    Another start is another run: unsafe.

Not a problem when
    The minimum is reached, or the variable has no influence by design (a bias before BatchNormalization, the key bias of attention).
"""

from __future__ import annotations

import enum

from gradmagic.fixes.centred import unless_single
from gradmagic.fixes.lone_axis import over_the_examples
from gradmagic.fixes.lone_bias import bias_of_each_class
from gradmagic.fixes.mixed_up import unread_parameter
from gradmagic.fixes.one_class import largest_class
from gradmagic.fixes.one_step import steps_of_columns
from gradmagic.fixes.references import Moving, held_reference, moving_references
from gradmagic.fixes.samples import held_sample
from gradmagic.fixes.single_examples import larger_batches
from gradmagic.fixes.smooth import stopped_difference
from gradmagic.fixes.starts import is_about_to_move, random_start
from gradmagic.fixes.values import another_start
from gradmagic.locate.fault import Fault
from gradmagic.locate.lone_means import is_in_lone_normalisation, is_single
from gradmagic.locate.lone_steps import lone_step
from gradmagic.locate.scale import SUMS
from gradmagic.recording import Layer, Op, Recording, has_gradient_dtype
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, listing, subject
from gradmagic.rules.zero.own_means import MORE_VALUES, of_own_mean
from gradmagic.rules.zero.shares import of_all_classes
from gradmagic.syntax import spot


class Origin(enum.Enum):
    """Where zeros come from that other zeros were computed from."""

    WEIGHTS = 1
    INPUT = 2


EQUAL = "begin somewhere else, with a start that is not the minimum; of a difference, look at both sides: what is compared may have been computed from the same values"

MOVING = "hold {} with `tf.stop_gradient`, or keep the values that were computed before the weights were updated: what a ratio is taken to may not move along"

FIRST = ". The other factor is a weight that begins at 0 and gets a gradient in this run: as soon as it is updated, the gradient here is not zero either."

CONSTANT = "look at what the loss makes of this: a softmax summed over its classes is 1, a single number divided by its own length is 1 or -1"

START = "begin somewhere else: random initial weights instead of zeros, a start that is not the minimum"
INPUT = "look at what comes in: it is 0 for every element"
MADE = "look at what the other factor was computed from: it is 0 for every element, and what it was computed from is not"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause in ("cancelled", "died") and (summed := of_all_classes(fault, recording)) is not None:
        return summed
    if fault.cause == "cancelled":
        return _cancelled(fault, recording)
    if fault.cause == "lone" and op is not None:
        return of_own_mean(fault, op, recording)
    if fault.cause != "died" or op is None or fault.step is None:
        return None
    factor = _zero_factor(fault, recording)
    if factor is None and op.type in SUMS | {"Softmax", "LogSoftmax"} and not fault.step.examples.get("product"):
        others = fault.run is not None and any(g.numbers is not None and not g.numbers.all_zero for g in fault.run.gradients)
        own = _is_read_here(fault, recording)
        single = _single(op, recording)
        return finding(
            "zero/stationary-point",
            fault,
            f"{subject(fault, 'zero')}: the terms of the derivative cancel",
            spot(recording, op),
            "the terms that come back to here sum to 0",
            f"Going backward, a gradient that is not zero comes to {called(recording, op)}, and the sum of its terms is exactly 0: the target does not change when this variable changes a little."
            + single,
            severity="note" if others and own else "warning",
            help=MORE_VALUES if single else None,
        )
    if factor is None:
        return None
    origin, lone = _origin(fault, recording)
    if lone is not None:
        return _of_one(fault, lone, recording)
    layer = lone_step(recording, op)
    if layer is not None:
        return _of_one_step(fault, op, layer, recording)
    came = _came_here(fault, recording)
    first = len(op.inputs) == 2 and is_about_to_move(recording, fault.run, op.inputs[1 - (fault.input or 0)])
    return finding(
        "zero/stationary-point",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} is flat at this point",
        spot(recording, op),
        factor,
        f"Going backward, {called(recording, op)} multiplies the gradient by a value that is 0 in this run ({factor}). The derivative is 0 at this point"
        + (FIRST if first else ", and the optimizer has nothing to follow.")
        + (" In the runs before it the gradient was not zero: training came to this point by itself." if came else ""),
        severity="note" if came or first else "warning",
        help=None if came or first else EQUAL if op.type in ("SquaredDifference", "Square", "Abs", "Pow") else START if Origin.WEIGHTS in origin else INPUT if Origin.INPUT in origin else MADE,
    )


def _origin(fault: Fault, recording: Recording) -> tuple[set[Origin], Op | None]:
    """What a factor of zeros was computed from, as far as all of it is zero: weights, what came in, or what a layer gives that normalises single values."""
    op, found, lone = fault.op, set[Origin](), None
    waiting, seen = list(op.inputs if op is not None else ()), set[int]()
    while waiting:
        key = waiting.pop()
        tensor, made = recording.tensors.get(key), recording.producer.get(key)
        if key in seen or tensor is None or not tensor.all_zero or not has_gradient_dtype(tensor.dtype):
            continue
        seen.add(key)
        if tensor.variable is not None or key in recording.variables:
            found.add(Origin.WEIGHTS)
        elif made is None or not made.inputs:
            found.add(Origin.INPUT)
        elif is_in_lone_normalisation(recording, made):
            lone = lone or made
        else:
            waiting += made.inputs
    return found, lone


def _of_one(fault: Fault, op: Op, recording: Recording) -> Finding:
    return finding(
        "zero/stationary-point",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} normalises single values, and nothing is left",
        spot(recording, op),
        "the same for everything that goes in",
        "This layer normalises over an axis of length 1: each value is its own mean, and before the layer's own offset nothing but 0 comes out, whatever goes in. "
        f"That leaves no gradient for {listing(fault.names)}: for what goes in as little as for what the result is multiplied with.",
        severity="warning",
        help=MORE_VALUES,
    )


def _of_one_step(fault: Fault, op: Op, layer: Layer, recording: Recording) -> Finding:
    name = code(layer.name.rpartition("/")[2])
    return finding(
        "zero/stationary-point",
        fault,
        f"{subject(fault, 'zero')}: the sequences that {name} is given have one step",
        layer.made_at or spot(recording, op),
        "goes over one step, and begins it with a state of zeros",
        f"The layer {name} multiplies {listing(fault.names)} with the state that the step before has left. There is no step before: the state is the one that it begins with, which is 0 for every element. The layer is no memory of anything here.",
        others=[(spot(recording, op), "runs here")] if layer.made_at is not None else [],
        severity="warning",
        help="give it sequences of several steps, of the shape (batch, steps, features): the values of a window are its steps, and not the features of one",
    )


def _single(op: Op | None, recording: Recording) -> str:
    """A sentence for a layer that takes the mean over axes of length 1; empty for others."""
    if op is None or not is_in_lone_normalisation(recording, op):
        return ""
    return " This layer normalises over an axis of length 1: each value is its own mean, and what the layer gives does not depend on what goes in."


def _is_read_here(fault: Fault, recording: Recording) -> bool:
    """Whether it is a source itself that gets the zeros (a bias before a normalisation), and nothing that was computed from one."""
    key = fault.op.inputs[fault.input or 0] if fault.op is not None else 0
    for _ in range(8):
        tensor, made = recording.tensors.get(key), recording.producer.get(key)
        if key in recording.variables or (tensor is not None and tensor.variable is not None) or made is None:
            return True
        if made.type not in ("ReadVariableOp", "Cast", "Reshape", "Identity", "ExpandDims", "Merge") or not made.inputs:
            return False
        key = made.inputs[0]
    return False


def _cancelled(fault: Fault, recording: Recording) -> Finding:
    noise, single = not fault.detail.get("exact"), _single(fault.op, recording)
    if single and not noise and fault.op is not None:
        return _of_one(fault, fault.op, recording)
    others = fault.run is not None and any(g.numbers is not None and not g.numbers.all_zero for g in fault.run.gradients)
    span, op = fault.span, fault.op
    here = op if fault.detail.get("here") else None
    if not noise and op is not None:
        span = spot(recording, op) or span
    terms = f"{fault.detail['terms']} gradients that are not zero come back" if not noise else "gradients that are not zero come back on every path"
    if here is not None:
        terms = f"gradients that are not zero come back to what {called(recording, here)} gives"
    moving = moving_references(recording) if not noise else []
    return finding(
        "zero/stationary-point",
        fault,
        f"{subject(fault, 'zero up to rounding noise' if noise else 'zero')}: the terms of the derivative cancel",
        span,
        "the terms that come back to here sum to 0",
        f"Going backward, {terms}, and their sum is zero"
        + (" up to the rounding noise of the dtype" if noise else "")
        + ": the target does not change when this variable changes a little."
        + single
        + _along(moving),
        # A bias of two twins whose difference is the loss cancels by itself, what all of a model passes through does not.
        severity="note" if others and ((noise and here is None) or fault.detail.get("own")) else "warning",
        help=MORE_VALUES
        if single
        else MOVING.format(code(moving[0].name))
        if moving
        else CONSTANT
        if here is not None
        else "a bias before a normalisation, or one that shifts all logits of a softmax alike, has no effect: `use_bias=False` leaves it out"
        if noise
        else None,
    )


def _along(moving: list[Moving]) -> str:
    """What is said of values that are compared with themselves."""
    return "".join(f" {code(m.name)} is computed as {code(m.other)} is, by the same weights, and moves along with it." for m in moving if m.name != m.other)


def _came_here(fault: Fault, recording: Recording) -> bool:
    """Whether the first run of this call had a gradient for the same sources: a minimum that was reached, and no bad start."""
    run = fault.run
    first = next(iter(recording.runs_of(run.site)), run) if run is not None else None
    if run is None or first is None or first.turn >= run.turn or len(first.gradients) != len(run.gradients):
        return False
    return all((numbers := first.gradients[i].numbers) is not None and not numbers.all_zero for i in fault.sources)


def _zero_factor(fault: Fault, recording: Recording) -> str | None:
    op = fault.op
    assert op is not None
    if op.type in ("Square", "Abs", "Pow") or len(op.inputs) == 1:
        tensor = recording.tensors.get(op.inputs[0])
        return "its input is 0 for every element" if tensor is not None and tensor.all_zero else _met(fault, "what goes in")
    if len(op.inputs) == 2:
        tensor = recording.tensors.get(op.inputs[1 - (fault.input or 0)])
        known = tensor is not None and tensor.all_zero and has_gradient_dtype(tensor.dtype)
        return "the other factor is 0 for every element" if known else _met(fault, "the other factor")
    return None


def _met(fault: Fault, what: str) -> str | None:
    """That a factor is 0 at each element to which a gradient comes, and not at all others."""
    met = fault.step.examples.get("met") if fault.step is not None else None
    if not isinstance(met, tuple):
        return None
    return f"a gradient comes to {met[0]} of {met[1]} elements, and there {what} is 0"


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    # Where it is the mean of a batch that is taken, more examples are more values.
    if found.help == MORE_VALUES and found.severity != "note" and (larger := larger_batches(recording)):
        return larger
    if fault.cause == "lone":
        return over_the_examples(recording, fault.op) or (unless_single(recording, found.location) if fault.op is not None and is_single(recording, fault.op) else ())
    if chosen := largest_class(recording, fault.run, fault.op):
        return chosen
    if fault.op is not None and lone_step(recording, fault.op) is not None:
        return steps_of_columns(recording, fault.op, fault.run)
    if fault.cause == "cancelled" and fault.detail.get("exact") and (stopped := stopped_difference(recording)):
        return stopped
    if fault.cause == "cancelled" and found.severity != "note" and (held := held_sample(recording, fault.run, found.location)):
        return held
    if fault.cause == "cancelled" and not fault.detail.get("exact") and (each := bias_of_each_class(recording, fault)):
        return each
    if found.severity != "note" and (other := unread_parameter(recording, fault.run)):
        return other
    if fault.cause == "cancelled" and found.severity != "note" and (held := held_reference(recording)):
        return held
    return (*random_start(recording, fault.run, fault.names), *another_start(recording, fault.names)) if found.severity != "note" else ()
