"""Arrays in numbers: a quick look at every value that passes, and a close one where it matters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradmagic.recording import FLOATS, Numbers

QUICK_LIMIT = 1 << 26
BINS = 24


def array_of(tensor: Any) -> Any:
    """The NumPy view of an eager tensor, without a copy on a CPU; None for a value that has none (resources, variants, strings, symbols)."""
    try:
        value = tensor._numpy_internal()
        return None if isinstance(value, bytes) else value
    except (AttributeError, RuntimeError, TypeError, ValueError, NotImplementedError):
        return None
    except Exception:
        return None


def _flat_real(array: Any) -> Any:
    flat = np.asarray(array).reshape(-1)
    dtype = flat.dtype
    if dtype.kind == "c":
        return flat.view(flat.real.dtype)
    if dtype.kind != "f" or dtype.itemsize < 4:
        return flat.astype(np.float32)
    return flat


def quick(array: Any) -> tuple[float, bool, bool]:
    """(Euclidean norm, finite, all zero) in one pass over the memory; the norm is NaN or infinite where the array is not finite."""
    if getattr(array, "shape", None) == () and array.dtype.kind == "f":
        value = abs(float(array))
        return value, math.isfinite(value), value == 0.0
    flat = _flat_real(array)
    if flat.size == 0:
        return 0.0, True, False
    square = float(np.dot(flat, flat))
    if square > 0.0 and math.isfinite(square):
        return math.sqrt(square), True, False
    if square == 0.0:
        biggest = float(np.abs(flat).max())
        return biggest, True, biggest == 0.0
    if np.isfinite(flat).all():
        return float(np.linalg.norm(flat.astype(np.float64))), True, False
    return square, False, False


def numbers(array: Any, *, histogram: bool = False) -> Numbers:
    """The array in numbers. Complex elements count by their modulus, except that zero, NaN and infinite mean the element itself."""
    values = np.asarray(array).reshape(-1)
    if values.dtype.kind == "c":
        values = np.abs(values)
    values = values.astype(np.float64)
    nans, infs = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    zeros = int((values == 0).sum())
    finite = values[np.isfinite(values)] if nans or infs else values
    if finite.size == 0:
        return Numbers(values.size, 0.0 if values.size == 0 else math.nan, math.nan, math.nan, math.nan, math.nan, zeros, nans, infs)
    shown = None
    if histogram and finite.size > 1 and finite.min() < finite.max():
        counts, edges = np.histogram(finite, bins=min(BINS, finite.size))
        shown = (tuple(float(e) for e in edges), tuple(int(c) for c in counts))
    with np.errstate(over="ignore", invalid="ignore"):
        norm, mean, std = float(np.linalg.norm(finite)), float(finite.mean()), float(finite.std())
    return Numbers(values.size, norm, mean, std, float(finite.min()), float(finite.max()), zeros, nans, infs, shown)


def numbers_of(tensor: Any, *, histogram: bool = False) -> Numbers | None:
    """The numbers of an eager tensor, None where its values cannot be read or are no numbers."""
    array = array_of(tensor)
    if array is None or (np.asarray(array).dtype.kind in "OSUV" and dtype_name(tensor) not in FLOATS):
        return None
    try:
        return numbers(array, histogram=histogram)
    except (TypeError, ValueError):
        return None


def dtype_name(tensor: Any) -> str:
    """The name of the dtype of a tensor or variable, ``"unknown"`` for anything else."""
    dtype = getattr(tensor, "dtype", None)
    return str(getattr(dtype, "name", dtype)) if dtype is not None else "unknown"


def shape_of(tensor: Any) -> tuple[int | None, ...] | None:
    """The static shape as a tuple, None where even the rank is not known."""
    shape = getattr(tensor, "shape", None)
    if shape is None:
        return None
    try:
        return tuple(None if d is None else int(d) for d in shape)
    except (TypeError, ValueError):
        return None
