"""Softmaxes whose results are summed over all classes again: each row of them adds up to 1, whatever goes in."""

from __future__ import annotations

import math

from gradmagic.locate.paths import paths_of
from gradmagic.recording import GradientRun, Op, Recording

# What hands on each probability as it is.
KEPT = frozenset({"Identity", "Cast", "Reshape", "Merge"})
TOTALS = ("Sum", "Mean")
# Rounding of a sum of many probabilities.
CLOSE = 1e-4


def total_of(recording: Recording, run: GradientRun, softmax: Op) -> Op | None:
    """The sum or mean over all classes of what a softmax gives, where the target is computed from nothing else of it; None where another op has a part in the target, or none."""
    # A sum that is only looked at, to check the probabilities, is no part of the target.
    leading = paths_of(recording, run).ancestors
    waiting, found = [softmax.outputs[0]], list[Op]()
    for key in waiting:
        for user in recording.consumers.get(key, ()):
            if user.phase != "forward" or user.seq > run.seq or leading.isdisjoint(user.outputs):
                continue
            if user.type in KEPT:
                waiting.append(user.outputs[0])
            elif user.type in TOTALS and _is_constant(recording, softmax, user):
                found.append(user)
            else:
                return None
    return found[0] if len(found) == 1 else None


def is_target(recording: Recording, run: GradientRun, softmax: Op) -> bool:
    """Whether the gradient of the probabilities themselves is asked for, which is that of their sum."""
    waiting = [softmax.outputs[0]]
    for key in waiting:
        if any(target.id == key for target in run.targets):
            return True
        waiting += [user.outputs[0] for user in recording.consumers.get(key, ()) if user.type in KEPT and user.outputs and user.phase == "forward"]
    return False


def _is_constant(recording: Recording, softmax: Op, total: Op) -> bool:
    """Whether a sum has the one value that all classes of a row have together: it then has the smallest norm that sums of this number of probabilities can have."""
    shares, made = recording.tensors.get(softmax.outputs[0]), recording.tensors.get(total.outputs[0])
    if shares is None or made is None or made.root_mean_square is None or not shares.shape or made.shape is None or None in shares.shape:
        return False
    count, sums = math.prod(n or 0 for n in shares.shape), math.prod(n or 0 for n in made.shape)
    if not count or not sums or not shares.shape[-1] or (made.shape[-1:] == shares.shape[-1:] and sums > 1 and count // sums != shares.shape[-1]):
        return False
    value = count / shares.shape[-1] / (sums if total.type == "Sum" else count)
    return abs(made.root_mean_square - value) <= CLOSE * value
