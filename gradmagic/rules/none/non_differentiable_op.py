"""Every path is cut at an op that has no derivative: `argmax`, comparisons, `floor`, `round`, `argsort`, sampling.

What it finds
    On each way back from the target stands an op whose gradient TensorFlow defines as None, or one whose result is an index, a truth value or a count.

Why it happens
    The result of such an op jumps or stays the same when its input changes a little. There is no slope to follow, so TensorFlow registers the op as not differentiable.

Example
    import tensorflow as tf
    w = tf.Variable([0.2, 0.9])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.cast(w > 0.5, tf.float32))
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([0.2, 0.9])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.sigmoid(10.0 * (w - 0.5)))
    grad = tape.gradient(loss, w)

Fix safety
    A differentiable stand-in has another value: unsafe. Which one fits is for the author to decide.

Not a problem when
    The op only counts, selects or reports and is not meant to be trained through.
"""

from __future__ import annotations

from gradmagic.fixes.attention_masks import masks_only, weighed
from gradmagic.fixes.between_entries import between_entries
from gradmagic.fixes.between_places import between_places
from gradmagic.fixes.confusion import soft_class_counts, soft_confusion_matrix
from gradmagic.fixes.counterparts import counterpart
from gradmagic.fixes.nearest_rows import of_the_codebook
from gradmagic.fixes.resizing import repeated_pixels
from gradmagic.fixes.same_sign import agreeing_softly
from gradmagic.fixes.score_function import score_function
from gradmagic.fixes.score_gates import weighed_by_scores
from gradmagic.fixes.selection import lower_rate, soft
from gradmagic.fixes.smooth import smooth
from gradmagic.fixes.soft_choice import gated
from gradmagic.fixes.soft_decisions import expected_entries, softly_decided
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, listing, subject, target_name
from gradmagic.syntax import COMPARISONS, spot

COUNT = "a count stays the same when a value changes a little: the sum of the absolute values (an L1 penalty) shrinks along with them, and brings some of them to 0"
GATE = "a threshold has no derivative with respect to its place: a gate that opens smoothly, a sigmoid of the distance from it, has one"
RESULT = {"ArgMax": "an index", "ArgMin": "an index", "TopKV2": "indices", "Floor": "whole numbers", "Ceil": "whole numbers", "Round": "whole numbers", "ZerosLike": "zeros"}
HELP = {
    "ZerosLike": "the rate of a dropout is the share that is dropped: 0.0 keeps everything",
    "ArgMax": "use the scores themselves: `tf.nn.softmax` and a cross-entropy loss instead of the index of the largest",
    "Round": "leave the rounding out of the loss, or write a straight-through estimator: `x + tf.stop_gradient(tf.round(x) - x)`",
}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "cut" or op is None or op.type == "StopGradient":
        return None
    result = RESULT.get(op.type, "true or false" if op.type in COMPARISONS else "a value")
    help_ = HELP.get(op.type)
    if op.type in COMPARISONS:
        chooses = any(c.type in ("Select", "SelectV2") for out in op.outputs for c in recording.consumers.get(out, ()))
        help_ = GATE if chooses else "what is true or false has no derivative: a smooth loss (cross-entropy, squared error) or a sigmoid of the difference has one, and the count can stay as a metric"
        if not chooses and "count_nonzero(" in called(recording, op) and op.type == "NotEqual":
            help_ = COUNT
    mask = masks_only(recording, spot(recording, op), op) if op.type in COMPARISONS else None
    if mask is not None:
        help_ = f"multiply the softmax by {code(mask)}: then its size counts, and not only which scores it leaves out"
    return finding(
        "none/non-differentiable-op",
        fault,
        f"{subject(fault, 'None')}: {called(recording, op)} is not differentiable",
        spot(recording, op),
        f"gives {result} without a derivative; the gradient ends here",
        f"Every path from {target_name(fault)} back to {listing(fault.names)} goes through {called(recording, op)} (op `{op.type}`). The result is {result}: it "
        "stays the same or jumps when the input changes a little, so TensorFlow defines no gradient for it. What comes after it cannot bring the gradient back.",
        help=help_,
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.op is not None and fault.op.type.startswith("Resize") and fault.op.type.endswith("Grad"):
        return repeated_pixels(recording)
    if fault.op is not None and fault.op.type == "ZerosLike":
        return lower_rate(recording, fault.op, found.location)
    if agreeing := agreeing_softly(recording, found.location, fault.op, fault.run):
        return agreeing
    first = (
        between_places(recording, found.location)
        or of_the_codebook(recording, found.location, fault.op)
        or weighed_by_scores(recording, found.location, fault.op)
        or softly_decided(recording, found.location, fault.op)
        or expected_entries(recording, found.location, fault.op)
        or weighed(recording, found.location, fault.op)
        or soft_confusion_matrix(recording, found.location, fault.op)
        or soft_class_counts(recording, found.location, fault.op)
        or between_entries(recording, found.location)
        or smooth(recording, found.location, fault.op)
        or score_function(recording, found.location, fault.op, fault.run)
    )
    return first or gated(recording, found.location) or soft(recording, found.location, fault.op) or counterpart(recording, found.location, fault.op)
