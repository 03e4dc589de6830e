"""Biases that shift everything alike before what does not see a shift (a softmax over all candidates, a difference): what is left of their gradients is rounding."""

from __future__ import annotations

import math

from gradmagic.locate.backward import backward_of
from gradmagic.locate.scale import is_cancelled
from gradmagic.recording import GradientRun, Recording
from gradmagic.sizes import NOISE

# How many roundings of the largest gradient may be left of terms that cancel.
LEFT = 4.0
# The gradient of the kernel before such a bias is of the size of the others.
ALIVE = 1e-3


def idle_biases(recording: Recording, run: GradientRun) -> frozenset[int]:
    """The biases of a run of whose gradient only rounding is left, in this run and in all others of its call, while their kernels get one.

    Where the way back was not seen, as in a compiled step, there has to be another bias to compare with, and more than one run: a gradient that only faded is small for kernels too, one beside
    large inputs is small beside kernels alone.
    """
    return recording.once(run, _idle_biases)


def _idle_biases(recording: Recording, run: GradientRun) -> frozenset[int]:
    site = recording.site_of(run)
    now = [g.numbers.norm if g.numbers is not None and g.numbers.finite else 0.0 for g in run.gradients]
    behind = [i for i, s in enumerate(run.sources) if i and _is_bias(run, i) and now[i] and s.kind == "variable"]
    rows = [row for row in (site.norms if site is not None else ()) if len(row) == len(now)]
    if not behind or any(n is not None and not math.isfinite(n) for row in rows for n in row):
        return frozenset()
    over_runs = [max([now[i], *((row[i] or 0.0) for row in rows)]) for i in range(len(now))]
    largest, ever, bias = max(now), max(over_runs), max(over_runs[i] for i in behind)
    found = set[int]()
    for index in behind:
        bound = LEFT * NOISE.get(run.sources[index].dtype, 0.0)
        if now[index] > bound * largest or over_runs[index] > bound * ever or now[index - 1] < ALIVE * largest:
            continue
        seen = bool(backward_of(recording, run).chain(index))
        beside = len(rows) > 1 and over_runs[index] < bound * bias
        if (seen and is_cancelled(backward_of(recording, run), index)) or (not seen and beside):
            found.add(index)
    return frozenset(found)


def _is_bias(run: GradientRun, index: int) -> bool:
    """Whether a vector stands behind a kernel that gives as many values."""
    vector, kernel = run.sources[index].shape or (), run.sources[index - 1].shape or ()
    return len(vector) == 1 and len(kernel) > 1 and kernel[-1] == vector[0]
