"""Every unit of a ReLU-like activation on the way is off.

What it finds
    The gradient turns to zeros at a ReLU whose output is 0 for every element.

Why it happens
    For an input below 0 a ReLU gives 0, and so does its derivative. When all inputs are below 0, nothing gets through.

Example
    import tensorflow as tf
    w = tf.Variable([-1.0, -2.0])
    x = tf.constant([[1.0, 2.0], [3.0, 1.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((tf.nn.relu(x * w) - 1.0) ** 2)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([-1.0, -2.0])
    x = tf.constant([[1.0, 2.0], [3.0, 1.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((tf.nn.leaky_relu(x * w) - 1.0) ** 2)
    grad = tape.gradient(loss, w)

Fix safety
    Another activation or another start gives other values: unsafe.

Not a problem when
    It is one batch out of many and the units wake up on others.
"""

from __future__ import annotations

from gradmagic.fixes.died_off import brought_back, leaking
from gradmagic.fixes.layers import living_activation
from gradmagic.fixes.overlaps import generalised
from gradmagic.fixes.single_examples import larger_batches
from gradmagic.fixes.standard import standardised_where_made
from gradmagic.fixes.zero_data import with_fractions
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import paths_of
from gradmagic.locate.rectified import rectified
from gradmagic.locate.zero_data import data_of_zeros
from gradmagic.recording import Recording, Tensor
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, is_at_its_least, learned_before, number, subject, target_name
from gradmagic.rules.zero.data import zero_data
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, step = fault.op, fault.step
    position = rectified(recording, op) if fault.cause == "died" and op is not None else None
    if op is None or step is None or position is None:
        return None
    out = recording.tensors.get(op.outputs[0])
    if out is None or not out.all_zero:
        return None
    data = data_of_zeros(recording, op)
    if data is not None:
        return zero_data(fault, recording, data, f"What enters the ReLU in {called(recording, op)} is 0 as well, and there a ReLU passes no gradient on.", "zero/dead-activation")
    entering = recording.tensors.get(op.inputs[position])
    numbers = step.inputs[position] if position < len(step.inputs) else None
    size = numbers.size if numbers is not None else step.outputs[0].size if step.outputs and step.outputs[0] else None
    count = f"all {size} elements" if size else "every element"
    below = f" The largest input is {number(numbers.max)}." if numbers is not None else ""
    learned = is_at_its_least(fault, recording) and learned_before(fault, recording)
    alone = _one_at_a_time(fault, recording)
    if alone:
        below = " A batch normalisation in front of it subtracts the mean of the batch, and of one example nothing is left." + below
    moves = _moves_on(fault, recording)
    if moves is not None:
        below = f" They follow from {code(moves)}, which gets a gradient in this run, so the first update changes them."
    came = f" In runs before it the gradient was not zero, and now {target_name(fault)} is exactly 0: training came to this point by itself." if learned else ""
    return finding(
        "zero/dead-activation",
        fault,
        f"{subject(fault, 'zero')}: every unit of the ReLU in {called(recording, op)} is off",
        spot(recording, op),
        "0 for every element, and so is its derivative",
        f"Going forward, {count} that enter this ReLU{f' (shape {entering.shape})' if entering and entering.shape else ''} are {'exactly' if moves is not None else 'at or below'} 0, and it gives 0.{below} Going backward, "
        f"a ReLU passes the gradient on only where its input is above 0: here nowhere.{came}",
        severity="note" if learned or moves is not None else "error",
        help=None
        if learned or moves is not None
        else "train on several examples at a time, or normalise over something else (`LayerNormalization`)"
        if alone
        else "use smaller steps, another initial value, or an activation that leaks (`leaky_relu`, `elu`); no activation on an output that may be negative",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if found.severity == "error" and _one_at_a_time(fault, recording) and (larger := larger_batches(recording)):
        return larger
    if found.severity != "error":
        return ()
    if apart := generalised(recording, found.location):
        return apart
    data = data_of_zeros(recording, fault.op)
    if data is not None and fault.op is not None:
        return with_fractions(recording, fault.run.span if fault.run is not None else None, fault.op.span, data)
    return standardised_where_made(recording, fault.op) or brought_back(recording, fault.run, fault.op) or leaking(recording, found.location) or living_activation(recording, found.location, fault.op)


def _entering(fault: Fault, recording: Recording) -> Tensor | None:
    position = rectified(recording, fault.op) if fault.op is not None else None
    return recording.tensors.get(fault.op.inputs[position]) if fault.op is not None and position is not None else None


def _moves_on(fault: Fault, recording: Recording) -> str | None:
    """A source that what enters is computed from, exactly 0 itself, and that gets a gradient: the start of a loop that feeds its own output back."""
    run, entering = fault.run, _entering(fault, recording)
    if run is None or entering is None or not entering.all_zero:
        return None
    mask = paths_of(recording, run).mask.get(entering.id, 0)
    others = [s.name for i, s in enumerate(run.sources) if mask >> i & 1 and (n := run.gradients[i].numbers) is not None and n.finite and not n.all_zero]
    return others[0] if others else None


def _one_at_a_time(fault: Fault, recording: Recording) -> bool:
    """Whether what enters is all zero, behind a normalisation over a batch of one example."""
    entering = _entering(fault, recording)
    layers = {layer.type for op in recording.ops if op.layer is not None and (layer := recording.layers.get(op.layer)) is not None}
    return entering is not None and bool(entering.all_zero) and entering.shape is not None and entering.shape[:1] in ((1,), (None,)) and "BatchNormalization" in layers
