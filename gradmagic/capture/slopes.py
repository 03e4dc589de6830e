"""Derivatives from values alone: central differences with several step sizes, so that rounding, curvature, kinks and jumps are told apart from error.

For a smooth function the central differences D(h) agree with one another as h shrinks, until rounding (of size eps · |f| / h) takes over. At a kink the slopes to
the two sides stay apart; at a jump D grows as 1 / h. Only a D that has settled, with equal sides, is called the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

STEPS = {"float64": (1e-3, 1e-4, 1e-5, 1e-6, 1e-7), "float32": (1e-1, 3e-2, 1e-2, 3e-3, 1e-3), "float16": (0.5, 0.25, 0.125), "bfloat16": (0.5, 0.25)}
TOLERANCE = {"float64": 1e-4, "float32": 2e-2, "float16": 1e-1, "bfloat16": 2e-1}
EPSILON = {"float64": 2.3e-16, "float32": 1.2e-7, "float16": 1e-3, "bfloat16": 8e-3}
Verdict = Literal["agrees", "differs", "kink", "jump", "corner", "rounding", "not finite"]


@dataclass(frozen=True)
class Slope:
    """What central differences say about an analytic derivative; `flat` where the function is the very same at all the points nearest by."""

    verdict: Verdict
    analytic: float
    numeric: float
    error: float
    flat: bool = False


def slope(value: Callable[[float], float], analytic: float, dtype: str, magnitude: float | None = None, *, blur: float = 0.0, floor: float = 0.0) -> Slope:
    """Compare an analytic derivative with that of `value` at 0.

    Args:
        value: the function along a line; called with a few small numbers of either sign.
        analytic: what the derivative at 0 is said to be.
        dtype: the precision in which `value` computes.
        magnitude: the size of the terms that make up the value (their rounding is that of the result); default: the value itself.
        blur: how exact the analytic derivative is, relative to itself; floor: how exact, in its own unit.
    """
    tolerance, eps = max(TOLERANCE.get(dtype, 2e-2), blur), EPSILON.get(dtype, 1.2e-7)
    middle = value(0.0)
    noise_at = 8 * eps * max(abs(middle), magnitude or 0.0, 1e-300)
    found: list[tuple[float, float, float, float]] = []
    same: list[bool] = []
    for h in STEPS.get(dtype, STEPS["float32"]):
        ahead, behind = value(h), value(-h)
        if not np.isfinite([ahead, behind]).all():
            continue
        same.append(ahead == middle == behind)
        central, apart = (ahead - behind) / (2 * h), (ahead - 2 * middle + behind) / h
        noise = noise_at / h
        found.append((h, central, apart, noise))
        scale = max(abs(analytic), abs(central))
        if abs(central - analytic) <= tolerance * scale + min(noise, 0.1 * scale) + floor or (abs(central) <= noise and analytic == 0.0):
            return Slope("agrees", analytic, central, abs(central - analytic) / scale if scale else 0.0)
    if not found:
        return Slope("not finite", analytic, float("nan"), float("nan"))
    return replace(_judge(found, analytic, tolerance), flat=all(same[-3:]))


def _judge(found: Sequence[tuple[float, float, float, float]], analytic: float, tolerance: float) -> Slope:
    # The step at which neighbouring differences agree best is the one to trust.
    best = len(found) - 1
    closest = float("inf")
    for i in range(1, len(found)):
        change = abs(found[i][1] - found[i - 1][1]) + found[i][3]
        if change < closest:
            best, closest = i, change
    _, numeric, apart, noise = found[best]
    scale = max(abs(analytic), abs(numeric), 1e-300)
    gap = abs(numeric - analytic)
    first, last = found[0], found[-1]
    growth = abs(last[1]) / max(abs(first[1]), 1e-300)
    verdict: Verdict
    if growth > 0.3 * first[0] / last[0] and abs(last[1]) > 10 * last[3]:
        verdict = "jump"
    elif noise > 0.1 * gap:
        verdict = "rounding"
    elif abs(apart) > 0.2 * gap and abs(apart) > 0.5 * abs(found[best - 1][2]):
        # The two sides differ, and no less so than for the larger step.
        verdict = "kink"
    elif closest > 0.2 * gap:
        verdict = "kink" if abs(apart) > 0.1 * gap else "rounding"
    else:
        verdict = "differs" if gap > tolerance * scale else "agrees"
    return Slope(verdict, analytic, numeric, gap / scale)
