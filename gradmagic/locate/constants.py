"""Softmaxes over an axis of length 1: what they give is 1 whatever goes in, and what comes back through them is rounding."""

from __future__ import annotations

from gradmagic.locate.lone_means import reaches_without
from gradmagic.locate.paths import Paths, paths_of
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


def lone_softmaxes(paths: Paths) -> list[Op]:
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
        sent = max((f.norm for f in step.sent if f is not None and f.norm), default=0.0) if step is not None else 0.0
        received = max((f.norm for f in step.received if f is not None and f.norm), default=0.0) if step is not None else 0.0
        if sent <= LEFT * received:
            found.append(op)
    return found


def behind_lone_softmax(paths: Paths, index: int, found: list[Op]) -> Op | None:
    """The softmax over an axis of length 1 through which every way from a source to the target leads; of several the one nearest to the target."""
    mine = [op for op in found if paths.mask.get(op.inputs[0], 0) >> index & 1]
    if not mine or any(op.type == "CustomGradient" for op in paths.ops) or reaches_without(paths, index, *mine):
        return None
    return mine[-1]


def constant_sources(recording: Recording, run: GradientRun) -> frozenset[int]:
    """The sources of a run whose gradients are what rounding leaves behind such a softmax."""
    if not any(width(recording, op) == 1 for op in recording.ops if op.type in SOFTMAXES):
        return frozenset()
    paths = paths_of(recording, run)
    found = lone_softmaxes(paths)
    return frozenset(i for i, g in enumerate(run.gradients) if not g.missing and behind_lone_softmax(paths, i, found) is not None)
