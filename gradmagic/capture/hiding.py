"""What keeps the bad elements of a value from the target: a product with 0, a selection of something else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradmagic.capture.numbers import array_of

SELECTIONS = frozenset({"SelectV2", "Select"})
HIDING = SELECTIONS | {"Mul", "MulNoNan", "DivNoNan"}


def hidden_by(shape: tuple[int, ...], index: tuple[int, ...], hiding: Iterable[tuple[Any, Any]]) -> dict[int, tuple[int, ...]]:
    """Where a gradient is not finite at one element: the products and selections nearer to the target that let nothing through there.

    Args:
        shape, index: the shape of the gradient, and the element.
        hiding: (step, values that went into its op) of the products and selections.

    Returns:
        By the `seq` of the step, the inputs of which nothing is let through at the element; where the shapes do not fit each other, at some element.
    """
    found = {}
    for step, inputs in hiding:
        arrays = [array_of(t) if t is not None else None for t in inputs]
        if step.type in SELECTIONS:
            picked = _there(arrays[0], shape, index) if arrays and arrays[0] is not None else None
            found[step.seq] = tuple(i for i, side in ((1, True), (2, False)) if picked is not None and np.any(picked != side))
        elif len(arrays) == 2:
            factors = [(i, _there(other, shape, index)) for i, other in ((0, arrays[1]), (1, arrays[0])) if other is not None]
            found[step.seq] = tuple(i for i, factor in factors if np.any(factor == 0))
    return found


def _there(array: Any, shape: tuple[int, ...], index: tuple[int, ...]) -> Any:
    """What an array holds at an element of an array of this shape; all of it where they do not fit each other."""
    try:
        return np.broadcast_to(array, shape)[index]
    except ValueError:
        return np.asarray(array)
