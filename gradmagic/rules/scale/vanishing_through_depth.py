"""The gradient shrinks step by step on its way back until nothing is left to train with.

What it finds
    A gradient that is far smaller than the others of its call and than its variable, because many steps on the way each shrink it. Also layers in a row with weights so small that neither the signal nor the gradient comes
    through them.

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

import math

from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.recurrence import longer_memory, residual, unsaturated
from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import TRAINING, called, finding, it, listing, number, subject
from gradmagic.rules.scale.sized import beside, state, through_loop, way
from gradmagic.sizes import biases
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
    kernels = fault.detail.get("kernels")
    if isinstance(kernels, tuple) and fault.run is not None:
        return _starved(fault, fault.run, recording, kernels)
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


def _starved(fault: Fault, run: GradientRun, recording: Recording, kernels: tuple[int, ...]) -> Finding:
    sources = [run.sources[i] for i in kernels]
    sizes = [s.value.norm / math.sqrt(s.value.size) for s in sources if s.value is not None and s.value.size]
    norm, index = max((numbers.norm, i) for i in biases(run.sources) if (numbers := run.gradients[i].numbers) is not None)
    return finding(
        "scale/vanishing-through-depth",
        fault,
        f"{subject(fault, 'vanishing')}: the weights are so small that hardly anything comes through the layers",
        spot(recording, fault.op) if fault.op is not None else run.span,
        "passes on next to nothing",
        f"The root of the mean square of {listing([s.name for s in sources])} is {_range_of(sizes)}. Each layer makes what goes in as much smaller, and going backward the gradient: from the target on, its norm is {way(fault)}. "
        f"Beside the weights themselves it looks well, as it is as small as they are; `{run.sources[index].name}`, which needs no signal, gets a gradient of norm {number(norm)}.",
        severity="warning",
        help="begin with larger weights: `HeNormal` for `relu`, `GlorotUniform` for others, whose size follows from the number of inputs (about `1 / sqrt(inputs)`)",
    )


def _range_of(values: list[float]) -> str:
    least, most = number(min(values)), number(max(values))
    return f"about {least}" if least == most else f"between {least} and {most}"


def _shrinking(recording: Recording, op: Op) -> str:
    place = spot(recording, op)
    # Where the only line of the user's is the call of `fit`, it is the layers that do it.
    return "the layers of the model shrink" if place is not None and TRAINING.search(place.code) else f"{called(recording, op)} shrinks"


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return (*unsaturated(recording, found.location), *residual(recording, found.location), *longer_memory(recording, layer_of(recording, fault.op)))
