"""The value went through a variable's state: `assign`, or a new `tf.Variable`.

What it finds
    A value computed from the source was written into another variable, and the target was computed from that variable.

Why it happens
    A variable is a store. Writing to it copies numbers, and the tape does not connect what is written with what is read
    later: reading starts a new history at the variable itself.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    cache = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        cache.assign(w * 3.0)
        loss = cache * cache
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    cache = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        value = w * 3.0
        loss = value * value
    cache.assign(value)
    grad = tape.gradient(loss, w)

Fix safety
    Using the tensor in place of the variable keeps the value as long as nothing else writes to the variable in between.

Not a problem when
    The variable is a running mean or a counter that is not meant to be differentiated.
"""

from __future__ import annotations

from gradmagic.fixes.functional import inner_step, through_names, value_of_metric
from gradmagic.fixes.losses import loss_for_metric
from gradmagic.fixes.metrics_as_losses import loss_beside, metric_at
from gradmagic.fixes.running_sum import summed_in_a_name
from gradmagic.fixes.scattered import entries_of_a_tensor
from gradmagic.fixes.set_weights import called_with_weights
from gradmagic.fixes.state import value_itself
from gradmagic.fixes.virtual_steps import virtual_step
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing, subject, target_name
from gradmagic.syntax import text_at

METRIC = "a metric keeps a running mean in its variables: train on the loss of that name (`keras.losses`), and leave the metric to the reports"
COUNTING = "a metric counts, and a count has no derivative: train on a loss that has one (`{}`), and hand the metric to `metrics=` of `compile`, or update it beside the loss"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "assigned" or fault.span is None:
        return None
    variable = recording.variables.get(int(str(fault.detail["variable"])))
    new = variable is not None and variable.created_at is not None and variable.created_at == fault.span
    named = variable.names[0] if variable and variable.names else "" if new or variable is None else variable.path
    counting = metric_at(recording, fault.span)
    store = code(named) if named else "a new variable" if new else "a variable"
    again = store if named else "that variable"
    return finding(
        "none/state-assignment",
        fault,
        f"{subject(fault, 'None')}: {code(text_at(recording, fault.span))} writes the value into a variable",
        fault.span,
        "gradients do not flow through what is written here",
        f"A value computed from {listing(fault.names)} is written into {store}, and {target_name(fault)} is computed from {again}. Writing copies the numbers only: "
        f"for the tape the path begins anew at {again}.",
        help=COUNTING.format(counting.loss)
        if counting is not None
        else METRIC
        if variable is not None and variable.path.endswith(("/total", "/count")) and not variable.trainable
        else f"compute {target_name(fault)} from the tensor itself" + ("" if new else f" and write it to {again} beside that"),
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    used = loss_beside(recording, found.location) or loss_for_metric(recording, found.location) or value_of_metric(recording, found.location)
    part = entries_of_a_tensor(recording, found.location) or called_with_weights(recording, fault.span)
    return (
        used
        or part
        or summed_in_a_name(recording, found.location)
        or value_itself(recording, found.location)
        or inner_step(recording, fault.run)
        or virtual_step(recording, fault.run)
        or through_names(recording, found.location)
    )
