"""Softmaxes over an axis of length 1: what they give is 1 whatever goes in, and what comes back through them is rounding."""

from __future__ import annotations

from gradmagic.locate.lone_means import reaches_without
from gradmagic.locate.paths import Paths, paths_of
from gradmagic.locate.taken import along_taken
from gradmagic.recording import GradientRun, Op, Recording

# The losses of logits take the softmax of their first input.
LOSSES = ("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
SOFTMAXES = ("Softmax", "LogSoftmax", *LOSSES)
# A softmax that is written out, or a gradient of one's own, may send back what it likes.
LEFT = 1e-4


def width(recording: Recording, op: Op) -> int | None:
    """The length of the axis that an op takes the softmax over; None for other ops, and where it is not known."""
    if op.type not in SOFTMAXES:
        return None
    key = op.inputs[0] if op.type in LOSSES else op.outputs[0]
    tensor = recording.tensors.get(key)
    return tensor.shape[-1] if tensor is not None and tensor.shape else None


def constant_sources(recording: Recording, run: GradientRun) -> dict[int, Op]:
    """The sources of a run from which every way to the target leads through such a softmax, and of several the one nearest to the target: their gradients are rounding."""
    return recording.once(run, _constant_sources)


def _constant_sources(recording: Recording, run: GradientRun) -> dict[int, Op]:
    if not any(op.type in SOFTMAXES and width(recording, op) == 1 for op in recording.ops):
        return {}
    along = along_taken(recording, run)
    paths = along[0] if along is not None else paths_of(recording, run)
    found = _lone_softmaxes(paths)
    if not found or any(op.type == "CustomGradient" for op in paths.ops):
        return {}
    constant = {}
    for index, gradient in enumerate(run.gradients):
        mine = [op for op in found if paths.mask.get(op.inputs[0], 0) >> index & 1]
        if mine and not gradient.missing and not reaches_without(paths, index, *mine):
            constant[index] = mine[-1]
    return constant


def _lone_softmaxes(paths: Paths) -> list[Op]:
    """The softmaxes of a run over axes of length 1, that send back no more than rounding as far as it was seen."""
    steps = {s.op: s for s in paths.run.steps if s.op is not None}
    found = []
    for op in paths.ops:
        if width(paths.recording, op) != 1 or not any(out in paths.ancestors for out in op.outputs):
            continue
        step = steps.get(op.seq)
        if step is None and op.type in LOSSES:
            # Labels that do not sum to 1 have a gradient here, which follows from no loss.
            continue
        sent, received = (max((f.norm for f in flows if f is not None and f.norm), default=0.0) for flows in ((step.sent, step.received) if step is not None else ((), ())))
        if sent <= LEFT * received:
            found.append(op)
    return found
