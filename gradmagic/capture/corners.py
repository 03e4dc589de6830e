"""Whether an op stands exactly where its slope changes: `relu` at 0, the maximum of equal values, a comparison of equal numbers.

Two corners of opposite sign can hide each other along a line, and the function then looks smooth there with another slope than the gradient. So a difference is
no proof of an error where an op on the way stands at a corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

AT = {"Relu": (0.0,), "LeakyRelu": (0.0,), "Selu": (0.0,), "Elu": (0.0,), "Abs": (0.0,), "Sign": (0.0,), "Relu6": (0.0, 6.0)}
PAIRS = frozenset({"Maximum", "Minimum", "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "ClipByValue"})
ALONG = frozenset({"Max", "Min", "ArgMax", "ArgMin", "TopKV2", "SegmentMax", "SegmentMin", "UnsortedSegmentMax", "UnsortedSegmentMin", "MaxPool", "MaxPool3D"})
STEPS = {"Floor": 0.0, "Ceil": 0.0, "Round": 0.5, "Rint": 0.5}


def at_corner(kind: str, inputs: Sequence[Any]) -> bool:
    """Whether an op of this type changes its slope, or jumps, exactly at these inputs (arrays; None for what is no array)."""
    if not inputs or inputs[0] is None or inputs[0].dtype.kind not in "fc" or not inputs[0].size:
        return False
    x = inputs[0]
    if kind in AT:
        return bool(np.isin(x, AT[kind]).any())
    if kind in PAIRS:
        try:
            return any(other is not None and bool(np.any(x == other)) for other in inputs[1:])
        except ValueError:
            return False
    if kind in ALONG:
        # Which elements compete is the op's business: equal values anywhere are enough to doubt.
        return len(np.unique(x)) < x.size
    if kind in STEPS:
        return bool((np.mod(x, 1.0) == STEPS[kind]).any())
    return False
