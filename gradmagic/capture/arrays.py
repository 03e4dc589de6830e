"""The notebook's own arrays in numbers: what the data of a bad run were made of."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from gradmagic.capture.numbers import array_of, numbers
from gradmagic.recording import Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradmagic.capture.events import RawOp
    from gradmagic.capture.session import Session

BROUGHT = ("Iterator", "Optional", "Const", "Placeholder")
# What is too large for it is mostly the data's doing.
EXPONENTIALS = ("Exp", "Expm1")
# Elements, of one array and of all of them.
LARGEST, MOST = 1 << 23, 1 << 24


def arrays_of(session: Session, by_output: Mapping[int, RawOp]) -> dict[str, Numbers]:
    """By name: the arrays, tables and tensors of numbers that the notebook holds at the end of the cell; none where no value came in that is not finite, and no exponential was too large."""
    found: dict[str, Numbers] = {}
    left = MOST
    if not any(t.finite is False and t.variable is None and ((op := by_output.get(key)) is None or op.type.startswith(BROUGHT) or op.type in EXPONENTIALS) for key, t in session.tensors.items()):
        return found
    for name, value in list(session.namespace.items()):
        array = None if name.startswith("_") else _array(value)
        if array is None or array.dtype.kind not in "fiu" or not 0 < array.size <= min(LARGEST, left):
            continue
        left -= array.size
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found[name] = numbers(array)
    return found


def _array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, tf.Tensor):
        array = array_of(value)
        return None if array is None else np.asarray(array)
    # pandas is not imported for this: who has a table of it has imported it.
    kind = type(value)
    return np.asarray(value) if kind.__module__.startswith("pandas.") and kind.__name__ in ("Series", "DataFrame") else None
