"""The optimizer skipped variables whose gradient is None.

What it finds
    A step in which some gradients were None: their variables stayed as they were, the others were updated.

Why it happens
    Keras optimizers leave a variable without a gradient alone and warn once.

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = a * a
    grads = tape.gradient(loss, [a, b])
    optimizer.apply_gradients(zip(grads, [a, b]))

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = a * a
    grads = tape.gradient(loss, [a])
    optimizer.apply_gradients(zip(grads, [a]))

Fix safety
    See the rule that explains the None.

Not a problem when
    The variables are not meant to be trained by this loss.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import finding, listing, name_of


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update = fault.update
    if fault.cause != "skipped" or update is None:
        return None
    known = [recording.variables[k] for k in update.skipped if k in recording.variables]
    names = fault.names or tuple(name_of(v) for v in known)
    verb = "was" if len(update.skipped) == 1 else "were"
    return finding(
        "step/silently-skipped",
        fault,
        f"{listing(names)} {verb} left as {'it was' if len(update.skipped) == 1 else 'they were'}: the optimizer skips a gradient that is None",
        update.span,
        f"updates {len(update.pairs) - len(update.skipped)} of {len(update.pairs)} variables",
        f"Of the {len(update.pairs)} gradients that the optimizer was given, {len(update.skipped)} {'is' if len(update.skipped) == 1 else 'are'} None. The optimizer leaves {'its variable' if len(update.skipped) == 1 else 'their variables'} alone.",
        severity="note",
        variables=names,
    )
