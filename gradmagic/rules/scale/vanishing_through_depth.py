"""The gradient shrinks step by step on its way back until nothing is left to train with.

What it finds
    A gradient that is far smaller than the others of its call and than its variable, because many steps on the way each shrink it.

Why it happens
    Going backward, every layer (or time step) multiplies the gradient by its derivative. The derivative of sigmoid is at most 0.25, that of tanh at most 1; with small weights on top the product of many such factors is next to nothing.

Example
    import tensorflow as tf
    tf.random.set_seed(0)
    start = tf.Variable(tf.ones((1, 8)))
    recurrent = tf.Variable(0.3 * tf.eye(8))
    with tf.GradientTape() as tape:
        state = start
        for _ in range(30):
            state = tf.tanh(state @ recurrent + 0.1)
        loss = tf.reduce_sum(tf.square(state - 1.0))
    grads = tape.gradient(loss, [start, recurrent])

Use instead
    import tensorflow as tf
    tf.random.set_seed(0)
    start = tf.Variable(tf.ones((1, 8)))
    recurrent = tf.Variable(0.3 * tf.eye(8))
    with tf.GradientTape() as tape:
        state = start
        for _ in range(30):
            state = state + 0.1 * tf.tanh(state @ recurrent + 0.1)
        loss = tf.reduce_sum(tf.square(state - 1.0))
    grads = tape.gradient(loss, [start, recurrent])

Fix safety
    Every remedy changes the model: unsafe.

Not a problem when
    The variable is not meant to be learned from so far away.
"""

from __future__ import annotations

from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.recurrence import longer_memory, residual, unsaturated
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import TRAINING, called, finding, it, subject
from gradmagic.rules.scale.sized import beside, state, through_loop, way
from gradmagic.syntax import spot

HELP = "residual connections, a normalisation between the layers, an LSTM or GRU in the place of a plain recurrence, or `relu` in the place of sigmoid and tanh"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "depth" or op is None or state(fault) != "vanishing":
        return None
    between = through_loop(fault)
    if between is not None:
        return finding(
            "scale/vanishing-through-depth",
            fault,
            f"{subject(fault, 'vanishing')}: it shrinks from {between[0]} to {between[1]} in the turns of a loop around {called(recording, op)}",
            spot(recording, op),
            "in the body of the loop",
            f"{beside(fault)} Going backward, a gradient of norm {between[0]} comes to the loop of a graph, and one of norm {between[1]} comes out. I cannot see its turns one by one.",
            severity="warning",
            certainty="likely",
            help=HELP,
        )
    count, steps = fault.detail["count"], fault.detail["steps"]
    times = "in the turns of its loop" if fault.detail["loop"] and count == 1 else f"{count} of the {steps} steps that shrink it"
    return finding(
        "scale/vanishing-through-depth",
        fault,
        f"{subject(fault, 'vanishing')}: {_shrinking(recording, op)} {it(fault.names)} again and again",
        spot(recording, op),
        f"shrinks the gradient: {times}",
        f"{beside(fault)} Going backward from the target, its norm is {way(fault)}. No single step loses it: {steps} of them shrink it one after the other.",
        severity="warning",
        help=HELP,
    )


def _shrinking(recording: Recording, op: Op) -> str:
    place = spot(recording, op)
    # Where the only line of the user's is the call of `fit`, it is the layers that do it.
    return "the layers of the model shrink" if place is not None and TRAINING.search(place.code) else f"{called(recording, op)} shrinks"


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return (*unsaturated(recording, found.location), *residual(recording, found.location), *longer_memory(recording, layer_of(recording, fault.op)))
