"""Zeros stand in the place of a None.

What it finds
    The zeros of this source were put in by TensorFlow because there is no path: the call has `unconnected_gradients=ZERO`, or the path ends inside a loop or a conditional of a graph, or inside a `tf.py_function`.

Why it happens
    The option turns "not connected" into zeros, so that code which cannot handle None goes on. A loop in a `tf.function` is differentiated as a whole and gives zeros by itself, where the same program without `tf.function` gives None. The cause of the None stays.

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = a * tf.stop_gradient(b)
    grads = tape.gradient(loss, [a, b], unconnected_gradients=tf.UnconnectedGradients.ZERO)

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = a * b
    grads = tape.gradient(loss, [a, b], unconnected_gradients=tf.UnconnectedGradients.ZERO)

Fix safety
    See the rule that the finding names.

Not a problem when
    Parts of a model are left out on purpose and the zeros are wanted.
"""

from __future__ import annotations

import dataclasses

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import listing, subject

WHY = {
    "": "The call asks for zeros where a source is not connected.",
    "graph": "In a graph TensorFlow differentiates a loop or a conditional as a whole, and gives zeros for what no gradient comes back to inside.",
    "py_function": "For an input that no gradient comes back to inside, `tf.py_function` sends a single 0 on in the place of None.",
    "jacobian": "`batch_jacobian` gives zeros where `gradient` gives None.",
}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if not fault.hidden:
        return None
    from gradmagic.rules import explain as ask

    inner = ask(dataclasses.replace(fault, hidden=False), recording)
    if inner is None:
        return None
    reason = inner.message.partition(": ")[2] or inner.message
    return dataclasses.replace(
        inner,
        rule="zero/hidden-none",
        message=f"{subject(fault, 'zero in place of None')} ({inner.rule}): {reason}",
        body=f"{WHY[str(fault.detail.get('whole', ''))]} {listing(fault.names)} {'is' if len(fault.names) == 1 else 'are'} not connected: the zeros stand for None.\n\n{inner.body}",
        notes=(*inner.notes, f"the cause is `{inner.rule}`"),
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits of the rule under it."""
    from gradmagic.rules import explain as ask
    from gradmagic.rules import fixes_of

    inner = ask(dataclasses.replace(fault, hidden=False), recording)
    return fixes_of(fault, recording, inner) if inner is not None else ()
