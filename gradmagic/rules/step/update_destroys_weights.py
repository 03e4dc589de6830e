"""The applied update is out of proportion to the variable, or made it NaN or infinite.

What it finds
    One of the first updates moved a variable by more than ten times its own size, or a variable is not finite at the end.

Why it happens
    The learning rate times the gradient is far larger than the weights; or the gradient was not finite, and the optimizer wrote it into them.

Example
    import tensorflow as tf
    w = tf.Variable([0.5, -0.5])
    optimizer = tf.keras.optimizers.SGD(100.0)
    for step in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(w - 1.0))
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Use instead
    import tensorflow as tf
    w = tf.Variable([0.5, -0.5])
    optimizer = tf.keras.optimizers.SGD(0.1)
    for step in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(w - 1.0))
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Fix safety
    The learning rate is the user's to choose: display only.

Not a problem when
    The variable began next to 0, as a bias or a last layer does.
"""

from __future__ import annotations

from gradmagic.fixes.rates import learning_rate
from gradmagic.growth import growth_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding, listing, number


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update, run = fault.update, fault.run
    if fault.cause != "destroyed" or update is None or run is None:
        return None
    rate = f" The learning rate is {number(update.learning_rate)}." if update.learning_rate is not None else ""
    if fault.detail.get("lost"):
        return finding(
            "step/update-destroys-weights",
            fault,
            f"{listing(fault.names)} {'is' if len(fault.names) == 1 else 'are'} not finite after the update",
            update.span,
            "writes values that are not finite",
            f"At the end of the cell {listing(fault.names)} {'holds' if len(fault.names) == 1 else 'hold'} NaN or infinity: every later step begins from there.{rate}",
            severity="note",
            help="set the weights back before the next run (rebuild the model), and repair what made the gradient bad",
        )
    index = max(fault.sources, key=lambda i: (recording.changes[run.sources[i].id].farthest or 0.0) / recording.changes[run.sources[i].id].norm)
    change, name = recording.changes[run.sources[index].id], run.sources[index].name
    numbers = run.gradients[index].numbers
    gradient = f" Its gradient has the norm {number(numbers.norm)}." if numbers is not None else ""
    growth = growth_of(recording, run)
    if growth is not None:
        rate += f" Since run {growth.since} the norm of the gradients grew {number(growth.factor)} times a run: each step goes too far, and the next one, from there, goes farther."
    return finding(
        "step/update-destroys-weights",
        fault,
        f"one update moves `{name}` {number((change.farthest or 0.0) / change.norm)} times as far as it is long",
        update.span,
        "the update is out of proportion",
        f"Before the update `{name}` had the norm {number(change.norm)}, and one step moved it by {number(change.farthest)}.{gradient}{rate}",
        severity="warning",
        help="a smaller learning rate, or scaled inputs and targets" if update.clips else "a smaller learning rate, `clipnorm=1.0` in the optimizer, or scaled inputs and targets",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.detail.get("lost") and not _always_finite(fault, recording):
        return ()
    return learning_rate(recording, fault.update.optimizer if fault.update is not None else None, smaller=True, growth=growth_of(recording, fault.run))


def _always_finite(fault: Fault, recording: Recording) -> bool:
    """Whether every gradient and every variable of the call was finite: only then is it the step that is too large."""
    runs = recording.runs_of(fault.run.site) if fault.run is not None else []
    return all(n is None or n.finite for r in runs for n in (*(g.numbers for g in r.gradients), *(s.value for s in r.sources)))
