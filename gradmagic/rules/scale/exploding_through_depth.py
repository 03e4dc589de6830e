"""The gradient grows step by step on its way back.

What it finds
    A gradient that is far larger than its variable, because many steps on the way each make it larger.

Why it happens
    Going backward, every layer (or time step) multiplies the gradient by its weights. Where that makes it twice as large, thirty steps make it a thousand million times as large.

Example
    import tensorflow as tf
    tf.random.set_seed(0)
    start = tf.Variable(tf.ones((1, 8)))
    recurrent = tf.Variable(2.0 * tf.eye(8))
    with tf.GradientTape() as tape:
        state = start
        for _ in range(20):
            state = tf.nn.relu(state @ recurrent)
        loss = tf.reduce_mean(state)
    grads = tape.gradient(loss, [start, recurrent])

Use instead
    import tensorflow as tf
    tf.random.set_seed(0)
    start = tf.Variable(tf.ones((1, 8)))
    recurrent = tf.Variable(1.0 * tf.eye(8))
    with tf.GradientTape() as tape:
        state = start
        for _ in range(20):
            state = tf.nn.relu(state @ recurrent)
        loss = tf.reduce_mean(state)
    grads = tape.gradient(loss, [start, recurrent])

Fix safety
    Every remedy changes the model or its training: unsafe.

Not a problem when
    The gradients are clipped before they are applied.
"""

from __future__ import annotations

from gradmagic.fixes.adjacency import divided_by_degrees
from gradmagic.fixes.initial_scale import scaled_by_inputs, usual_weights
from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.recurrence import bounded_recurrence
from gradmagic.fixes.truncated import through_fewer_turns
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, number, subject
from gradmagic.rules.scale.sized import beside, clipped_by, state, through_loop, way
from gradmagic.syntax import spot

# A line that makes a gradient larger so often, with the same weights, is one of a loop.
TURNS = 4


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "depth" or op is None or state(fault) != "exploding":
        return None
    grown, back = fault.detail.get("grown"), fault.detail.get("back")
    if isinstance(back, tuple):
        times, first, last = back
        what = "what comes back grows each time that it passes {}"
        each = (last / first) ** (1 / (times - 1))
        label = f"the gradient grows from {number(first)} to {number(last)} in {times} turns"
        why = (
            f"Going backward, its norm is {number(first)} when it comes back to this line first, and {number(last)} when it comes back the {times}th time: about {number(each)} times as much in each turn. "
            "A difference that goes in is as much larger when it comes out."
        )
    elif isinstance(grown, tuple):
        runs, first, last = grown
        what = "what {} computes grows from run to run"
        label = f"its result grows from {number(first)} to {number(last)} in {runs} runs"
        why = f"Going backward it is multiplied with what this line computed: norms between {number(first)} and {number(last)} in {runs} runs of the line, each from the one before."
    elif isinstance(layers := fault.detail.get("layers"), list):
        many, first, last = layers
        what = "{} and the other layers make their values larger, one after the other"
        label = f"what comes out of {many} layers grows from {number(first)} to {number(last)}"
        why = f"Going forward, the values grow from layer to layer: their root mean square is {number(first)} behind the first of {many} layers, and {number(last)} behind the last. Going backward the gradient is multiplied with those values and with the weights that made them."
    elif (between := through_loop(fault)) is not None:
        what = f"it grows from {between[0]} to {between[1]} in the turns of a loop around {{}}"
        label = "in the body of the loop"
        why = f"Going backward, a gradient of norm {between[0]} comes to the loop of a graph, and one of norm {between[1]} comes out. I cannot see its turns one by one."
    else:
        count, steps = fault.detail["count"], fault.detail["steps"]
        what = "{} makes it larger again and again"
        label = f"makes the gradient larger: {'in the turns of its loop' if fault.detail['loop'] and count == 1 else f'{count} of the {steps} steps that make it larger'}"
        why = f"Going backward from the target, its norm is {way(fault)}."
    return finding(
        "scale/exploding-through-depth",
        fault,
        f"{subject(fault, 'exploding')}: {what.format(called(recording, op))}",
        spot(recording, op),
        label,
        f"{beside(fault)} {why} An update of ordinary size would destroy the variable.",
        severity="warning",
        certainty="likely" if through_loop(fault) is not None else "certain",
        help=_help(fault, recording),
    )


def _help(fault: Fault, recording: Recording) -> str:
    """What bounds such a gradient, without what the optimizer does already."""
    turns = "fewer turns, or `tf.stop_gradient` around the state in every few of them, so that the gradient goes back through those only; " if _goes_round(fault, recording) else ""
    known = ["smaller initial weights (an orthogonal recurrent kernel)", "a normalisation between the layers", "a bounded activation"]
    return turns + (", ".join(known) + ", or `clipnorm=1.0` in the optimizer" if clipped_by(fault, recording) is None else f"{known[0]}, {known[1]}, or {known[2]}")


def _goes_round(fault: Fault, recording: Recording) -> bool:
    """Whether the gradient comes back through the turns of a loop, and not through layers with weights of their own."""
    if fault.detail.get("loop") or fault.detail.get("back") or through_loop(fault) is not None:
        return True
    keys = [fault.run.sources[i].id for i in fault.sources] if fault.run is not None else []
    reads = (sum(op.phase == "forward" for op in recording.consumers.get(key, ())) for key in keys)
    return int(str(fault.detail.get("count", 0))) >= TURNS and min(reads, default=0) >= TURNS


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if isinstance(fault.detail.get("layers"), list) and (usual := usual_weights(recording)):
        return usual
    back = fault.detail.get("back")
    return (
        divided_by_degrees(recording, fault.run)
        or scaled_by_inputs(recording, fault.run)
        or bounded_recurrence(recording, found.location, layer_of(recording, fault.op))
        or (through_fewer_turns(recording, found.location, *back) if isinstance(back, tuple) else ())
    )
