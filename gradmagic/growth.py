"""Gradients that grow from run to run: since when, and how many times a run."""

from __future__ import annotations

import dataclasses
import itertools
import math

from gradmagic.recording import GradientRun, Recording

# A run counts as larger from here on, and that many in a row as growth; fewer where each is larger by far.
LARGER = 1.2
RISES = 3
BY_FAR = 100.0
ALIKE = 3.0


@dataclasses.dataclass(frozen=True, slots=True)
class Growth:
    """The norm of all gradients of a call grew `factor` times a run, since run `since` (the first one is 1); `steady` says that it did so alike in each of at least three, as where the loss is a quadratic."""

    since: int
    factor: float
    steady: bool


def growth_of(recording: Recording, run: GradientRun | None) -> Growth | None:
    """How the gradients of a call grew until a run, which is not finite, or until its last one; None where they did not grow in each of the runs before it."""
    site = recording.site_of(run)
    if run is None or site is None:
        return None
    totals = [math.hypot(*(n or 0.0 for n in norms)) for norms in (site.norms[: run.turn] if run.turn else site.norms)]
    totals = [t for t in totals if math.isfinite(t) and t > 0]
    rising = 0
    while rising + 1 < len(totals) and totals[-1 - rising] > LARGER * totals[-2 - rising]:
        rising += 1
    if not rising:
        return None
    start = len(totals) - 1 - rising
    factor = (totals[-1] / totals[start]) ** (1 / rising)
    factors = [after / before for before, after in itertools.pairwise(totals[start:])]
    return Growth(start + 1, factor, rising >= RISES and max(factors) <= ALIKE * min(factors)) if rising >= RISES or factor >= BY_FAR else None


def converging_rate(rate: float, growth: Growth) -> float:
    """The learning rate, rounded down to one digit, at which gradient descent does not overshoot.

    On a quadratic of curvature c a step of rate r makes the gradient |1 - r c| times as large (Goodfellow, Bengio, Courville: Deep Learning, 4.3.1): where it grows f times, 1 / c is r / (1 + f), and half of that
    leaves half of the gradient after each step.
    """
    wanted = 0.5 * rate / (1.0 + growth.factor)
    digit = 10.0 ** math.floor(math.log10(wanted))
    return float(f"{math.floor(wanted / digit) * digit:.0e}")
