"""Multiplied by a mask, weight or factor that is all zero.

What it finds
    The gradient turns to zeros at a product whose other factor is 0 everywhere and does not depend on the source.

Why it happens
    The derivative of `m * x` is `m`.

Example
    import tensorflow as tf
    w = tf.Variable([1.0, 2.0])
    mask = tf.zeros((2,))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(mask * w) + 1.0
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([1.0, 2.0])
    mask = tf.ones((2,))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(mask * w) + 1.0
    grad = tape.gradient(loss, w)

Fix safety
    Another mask is another loss: unsafe.

Not a problem when
    This part is switched off on purpose.
"""

from __future__ import annotations

import re

from gradmagic.fixes.centred import one_number, unless_single, without_its_mean
from gradmagic.fixes.data import float_weights, inverted_mask
from gradmagic.fixes.selection import lower_rate
from gradmagic.fixes.start_factors import start_of_the_variable
from gradmagic.fixes.values import weight_of_one
from gradmagic.fixes.whole_numbers import true_division
from gradmagic.fixes.zero_data import with_fractions
from gradmagic.locate.fault import Fault
from gradmagic.locate.gates import gate_behind, gated_parts, is_learned, is_zero_by_weights
from gradmagic.locate.lone_means import equal_values
from gradmagic.locate.lone_steps import lone_step
from gradmagic.locate.paths import values_behind
from gradmagic.locate.rectified import rectified
from gradmagic.locate.zero_data import data_of_zeros
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, it, listing, subject
from gradmagic.rules.zero.data import zero_data
from gradmagic.syntax import spot

SELECTIONS = ("SelectV2", "Select")
BALANCE = "a part that nothing chooses in one step may be chosen in another; if it never is, add a loss that balances the choices, or noise to the scores"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, run = fault.op, fault.run
    if fault.cause == "died" and op is not None and rectified(recording, op) is not None:
        return None
    if fault.cause == "died" and op is not None and op.type in SELECTIONS and fault.input in (1, 2):
        everywhere = _picks_nothing(fault)
        return finding(
            "zero/masked-out",
            fault,
            f"{subject(fault, 'zero')}: {called(recording, op)} picks the other value {'for every element' if everywhere else 'wherever a gradient comes back'}",
            spot(recording, op),
            "the condition leaves nothing of this value" if everywhere else "the condition leaves nothing of the gradient for this value",
            f"Going backward, {called(recording, op)} passes the gradient on only where its condition picks this value. In this run that is nowhere"
            + ("." if everywhere else ", or only where the gradient that comes back is 0."),
            severity="warning",
            help="look at the condition: in this run it is the same for every element" if everywhere else "look at the condition, and at what the elements that it picks do to the loss",
        )
    if fault.cause == "died" and op is not None and op.type == "Prod" and fault.step is not None and fault.step.inputs and (factors := fault.step.inputs[0]) is not None and factors.zeros:
        return _product(fault, op, factors.zeros, recording)
    parts = gated_parts(recording, op, fault.step) if fault.cause == "died" and op is not None else None
    if parts is not None and op is not None:
        return _not_chosen(fault, op, *parts, recording)
    data = data_of_zeros(recording, op) if fault.cause == "died" and fault.input == 1 else None
    if data is not None:
        return zero_data(fault, recording, data, "The gradient of weights is what comes back, times what they are multiplied by.", "zero/masked-out")
    if fault.cause != "died" or op is None or run is None or op.type not in ("Mul", "MatMul", "BatchMatMulV2") or len(op.inputs) != 2:
        return None
    other = recording.tensors.get(op.inputs[1 - (fault.input or 0)])
    if other is None or not other.all_zero or other.variable is not None or lone_step(recording, op) is not None:
        return None
    producer = recording.producer.get(other.id)
    if producer is not None and _from_variable(other.id, recording):
        gate = gate_behind(recording, other.id) if not is_zero_by_weights(recording, other.id) else None
        return _gated(fault, op, gate, recording) if gate is not None else None
    judged = _judged(other.id, recording)
    centred = one_number(recording, spot(recording, op))
    equal = equal_values(recording, other.id)
    same = spot(recording, equal) if equal is not None else None
    if centred is None and same is not None:
        centred = same, "all values are equal here, and each is their mean"
    others = [(judged, "false for every element, so the factor is 0")] if judged is not None and judged != op.span else [centred] if centred is not None else []
    return finding(
        "zero/masked-out",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} multiplies {it(fault.names)} by zeros",
        spot(recording, op),
        "the other factor is 0 for every element",
        f"Going backward, {called(recording, op)} multiplies the gradient by its other factor. That factor is 0 for every element in this run, and {'it comes of a comparison, through which no gradient tells the weights to change it' if _follows_from_weights(other.id, recording) else 'training does not change it'}.",
        others=others,
        severity="warning",
        help=f"look at {_weights(op)}: in this run it leaves nothing",
    )


def _picks_nothing(fault: Fault) -> bool:
    """Whether the condition of a selection is the same for every element."""
    condition = fault.step.inputs[0] if fault.step is not None and fault.step.inputs else None
    return condition is not None and condition.zeros == (condition.size if fault.input == 1 else 0)


def _product(fault: Fault, op: Op, zeros: int, recording: Recording) -> Finding:
    return finding(
        "zero/masked-out",
        fault,
        f"{subject(fault, 'zero')}: {zeros} of the factors of {called(recording, op)} are 0" if zeros > 1 else f"{subject(fault, 'zero')}: one of the factors of {called(recording, op)} is 0",
        spot(recording, op),
        "a product with a factor that is 0",
        f"The derivative of a product to one of its factors is the product of all others. In {called(recording, op)} {'some of those are' if zeros > 1 else 'one of those is'} 0 in this run.",
        severity="warning",
        help="look at the factors that are 0, or leave them out of the product",
    )


def _gated(fault: Fault, op: Op, gate: Op, recording: Recording) -> Finding:
    learned = is_learned(recording, fault.run, gate.outputs[0])
    return finding(
        "zero/masked-out",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} multiplies {it(fault.names)} by a gate that is 0 for every element",
        spot(recording, op),
        "the gate is 0 for every element",
        f"Going backward, {called(recording, op)} multiplies the gradient by its other factor, which is 0 for every element in this run. That factor was made with {called(recording, gate)}, which gives 0 for what is not chosen.",
        others=[(spot(recording, gate), "0 for what is not chosen")],
        # What weights choose is another choice in another step.
        severity="note" if learned else "warning",
        help=BALANCE if learned else f"look at {called(recording, gate)}: in this run it leaves nothing",
    )


def _not_chosen(fault: Fault, op: Op, product: Op, gate: Op, recording: Recording) -> Finding:
    learned = is_learned(recording, fault.run, gate.outputs[0])
    return finding(
        "zero/masked-out",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, product)} sends nothing back to {it(fault.names)}",
        spot(recording, product),
        "multiplies what was put together by gates",
        f"{called(recording, op)} puts parts together, and {called(recording, product)} multiplies them by gates that were made with {called(recording, gate)}, which gives 0 for what is not chosen. "
        f"Going backward, other parts get a gradient, and what comes back for {listing(fault.names)} is 0 in every element.",
        others=[(spot(recording, gate), "0 for what is not chosen"), (spot(recording, op), "put together here")],
        severity="note" if learned else "warning",
        certainty="likely",
        help=BALANCE if learned else f"look at {called(recording, gate)}: a part that nothing chooses gets no gradient",
    )


def _weights(op: Op) -> str:
    """What the factor may be called: where Keras multiplies by it, by the arguments of the user's call."""
    given = re.findall(r"\b(sample_weight|class_weight|loss_weights)\s*=", op.span.code) if op.span is not None and "compile_loss" in op.scope else []
    if given:
        return listing(given)
    return "the targets and weights that the loss is given" if "compile_loss" in op.scope else "the mask or weight"


def _judged(key: int, recording: Recording) -> Span | None:
    """Where a factor of zeros was made from truth values."""
    for current in values_behind(recording, key):
        made = recording.producer.get(current)
        given = recording.tensors.get(made.inputs[0]) if made is not None and made.type == "Cast" and made.inputs else None
        if made is not None and given is not None and given.dtype == "bool":
            return spot(recording, made)
    return None


def _follows_from_weights(key: int, recording: Recording) -> bool:
    """Whether a factor follows from weights in any way, a comparison as well."""
    return any(
        k in recording.variables or ((t := recording.tensors.get(k)) is not None and t.variable is not None and recording.variables[t.variable].trainable) for k in values_behind(recording, key)
    )


def _from_variable(key: int, recording: Recording) -> bool:
    """Whether a factor is a weight, or follows from weights in a way that training could change: a comparison with a counter does not."""
    for current in values_behind(recording, key, gradients=True):
        tensor = recording.tensors.get(current)
        if current in recording.variables or (tensor is not None and tensor.variable is not None):
            return True
    return False


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    run = fault.run
    place = run.span if run is not None and run.kind.startswith("keras") else None
    data = data_of_zeros(recording, fault.op) if fault.input == 1 else None
    if data is not None and fault.op is not None:
        return with_fractions(recording, place, fault.op.span, data)
    if "dropout" in found.message and (lower := lower_rate(recording, fault.op, found.location)):
        return lower
    single = fault.op is not None and fault.input is not None and (t := recording.tensors.get(fault.op.inputs[1 - fault.input])) is not None and t.shape is not None and all(n == 1 for n in t.shape)
    if whole := without_its_mean(recording, found.location) or (unless_single(recording, found.location) if single else ()):
        return whole
    if begun := start_of_the_variable(recording, found.location):
        return begun
    if fault.op is not None and fault.op.type in SELECTIONS and not _picks_nothing(fault):
        return ()
    return true_division(recording, found.location) or weight_of_one(recording, found.location) or float_weights(recording, place) or inverted_mask(recording, found.location)
