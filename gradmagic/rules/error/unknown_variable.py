"""The optimizer was built for other variables than it is given.

What it finds
    `apply_gradients` raised because it does not know a variable of its list.

Why it happens
    A Keras 3 optimizer makes its slots (momenta and the like) for the variables of its first call. A variable that comes later has no slots.

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    optimizer = tf.keras.optimizers.Adam(0.1)
    optimizer.apply_gradients([(tf.constant(1.0), a)])
    optimizer.apply_gradients([(tf.constant(1.0), b)])

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    optimizer = tf.keras.optimizers.Adam(0.1)
    optimizer.build([a, b])
    optimizer.apply_gradients([(tf.constant(1.0), a)])
    optimizer.apply_gradients([(tf.constant(1.0), b)])

Fix safety
    An optimizer for each group of variables keeps their slots apart.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

from gradmagic.fixes.default_optimizer import made_as_default, one_for_each_call
from gradmagic.fixes.optimizers import one_each
from gradmagic.fixes.shared_optimizer import one_for_each_model, shared_by_models
from gradmagic.fixes.stages import one_for_each_stage
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update = fault.update
    if update is None or update.raised is None:
        return None
    text = update.raised.message
    if "Unknown variable" not in text and "cannot be called" not in text and "not recognize" not in text:
        return None
    default = made_as_default(recording, update)
    shared = shared_by_models(recording, update) if default is None else None
    return finding(
        "error/unknown-variable",
        fault,
        "the optimizer was built for other variables than it is given here",
        update.span,
        "the optimizer does not know these variables",
        "A Keras optimizer makes its state for the variables of its first call. This call has a variable that was not among them, and the optimizer raises.",
        others=[(shared[1], "made once, and compiled into more than one model")]
        if shared is not None
        else [(default, "made once, when this line ran, and shared from then on")]
        if default is not None
        else [],
        help="make the optimizer in the call that makes the model, or that trains it: a default value, or an attribute of a class, is made once for all calls and objects"
        if default is not None
        else f"make the optimizer where the model is made: each model that is compiled with {code(shared[0])} needs one of its own"
        if shared is not None
        else "use one optimizer for each group of variables, or call `optimizer.build(all_variables)` first",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return one_for_each_call(recording, fault.update) or one_for_each_model(recording, fault.update) or one_for_each_stage(recording, fault.update) or one_each(recording, found.location)
