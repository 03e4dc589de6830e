"""Softmaxes over an axis of length 1: what they give is 1 whatever goes in, and what comes back through them is rounding."""

from __future__ import annotations

import math
from collections.abc import Callable

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
    flat = recording.producer.get(key)
    if op.type in LOSSES and op.name and flat is not None and flat.type == "Reshape" and (flat.name or "").startswith(f"{op.name}/"):
        # The loss itself makes rows of its logits, of which a graph no longer tells how long they are.
        key = flat.inputs[0]
    tensor = recording.tensors.get(key)
    return tensor.shape[-1] if tensor is not None and tensor.shape else None


def constant_sources(recording: Recording, run: GradientRun) -> dict[int, Op]:
    """The sources of a run from which every way to the target leads through such a softmax, and of several the one nearest to the target: their gradients are rounding."""
    return recording.once(run, _constant_sources)


def baseless_sources(recording: Recording, run: GradientRun) -> dict[int, Op]:
    """The sources of a run whose gradient is that of a cross-entropy of one class, of which TensorFlow gives the difference of 1 and the label: no loss that changes has it."""
    return recording.once(run, _baseless_sources)


def _baseless_sources(recording: Recording, run: GradientRun) -> dict[int, Op]:
    rounding = constant_sources(recording, run)
    return {i: op for i, op in _behind(recording, run, _lone_losses).items() if i not in rounding and _is_there(run, i)}


def _constant_sources(recording: Recording, run: GradientRun) -> dict[int, Op]:
    return _behind(recording, run, _lone_softmaxes)


def _has_lone_softmax(recording: Recording, run: GradientRun) -> bool:
    return any(op.type in SOFTMAXES and width(recording, op) == 1 for op in recording.ops)


def _behind(recording: Recording, run: GradientRun, chosen: Callable[[Paths], list[Op]]) -> dict[int, Op]:
    """The sources that lead to the target through chosen ops only, and the last of those."""
    if not recording.once(run, _has_lone_softmax):
        return {}
    along = along_taken(recording, run)
    paths = along[0] if along is not None else paths_of(recording, run)
    found = chosen(paths)
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
        if op.type in LOSSES and (step is None or not step.sent or step.sent[0] is None or step.sent[0].norm is None):
            # Labels that do not sum to 1 have a gradient here, which follows from no loss.
            continue
        sent, received = (max((f.norm for f in flows if f is not None and f.norm), default=0.0) for flows in ((step.sent, step.received) if step is not None else ((), ())))
        if sent <= LEFT * received:
            found.append(op)
    return found


def _lone_losses(paths: Paths) -> list[Op]:
    """The cross-entropies of a run over one class."""
    return [op for op in paths.ops if op.type == LOSSES[0] and width(paths.recording, op) == 1 and op.outputs and op.outputs[0] in paths.ancestors]


def _is_there(run: GradientRun, index: int) -> bool:
    """Whether a gradient is more than the rounding of labels that sum to nearly 1."""
    numbers, value = run.gradients[index].numbers, run.sources[index].value
    least = LEFT * value.norm if value is not None and math.isfinite(value.norm) else 0.0
    return not run.gradients[index].missing and numbers is not None and numbers.finite and numbers.norm > least
