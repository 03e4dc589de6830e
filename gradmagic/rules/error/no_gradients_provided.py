"""The optimizer was given only None.

What it finds
    `apply_gradients` raised because every gradient of its list is None.

Why it happens
    An optimizer skips a variable without a gradient. With none left it raises instead of doing nothing.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = tf.round(w)
    optimizer.apply_gradients([(tape.gradient(loss, w), w)])

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = w * w
    optimizer.apply_gradients([(tape.gradient(loss, w), w)])

Fix safety
    See the rule that explains the None.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import finding, listing, name_of


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update = fault.update
    if update is None or update.raised is None or "No gradients provided" not in update.raised.message:
        return None
    known = [recording.variables[p.variable] for p in update.pairs if p.variable in recording.variables]
    names = tuple(name_of(v) for v in known)
    return finding(
        "error/no-gradients-provided",
        fault,
        f"the optimizer got None for all {len(update.pairs)} variables" if len(update.pairs) != 1 else f"the optimizer got None for {listing(names)}",
        update.span,
        "every gradient in this list is None" if len(update.pairs) != 1 else "the gradient in this list is None",
        f"{f'Each of the {len(update.pairs)} gradients' if len(update.pairs) != 1 else 'The only gradient'} that the optimizer was given is None, and it raises ValueError. The cause lies before this line: see why the gradients are None.",
        variables=names,
    )
