"""Arrays in numbers: a quick look at every value that passes, and a close one where it matters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from tensorflow.python.framework import dtypes
from tensorflow.python.framework import ops as framework_ops

from gradmagic.recording import FLOATS, Extent, Numbers

DTYPES = {d.as_datatype_enum: d.name for d in vars(dtypes).values() if isinstance(d, dtypes.DType)}
# What a first look at a value can say: of all elements of floats, of a single number or bool, of others nothing.
LOOKED_AT = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128"})
_COUNTED = frozenset({"bool", "int32", "int64"})
# By the number of a dtype: its name, and these two. One access of a tensor tells it, where its dtype would be an object of TensorFlow's.
KINDS = {number: (name, name in LOOKED_AT, name in _COUNTED) for number, name in DTYPES.items()}

BINS = 24
SAMPLE = 1 << 16
# OpenBLAS gives longer products to threads of its own, which then wait for a core beside TensorFlow's.
UNTHREADED = 9984
# In blocks of this many elements several passes over an array find it in the processor's cache.
BLOCK = 13 * UNTHREADED
_REAL = (np.float32, np.float64)
# Squares of elements below this may have been lost.
TINY = 1e-30


def array_of(tensor: Any) -> Any:
    """The NumPy view of an eager tensor, without a copy on a CPU; None for a value that has none (resources, variants, strings, symbols)."""
    try:
        value = tensor._numpy_internal()
        return None if isinstance(value, bytes) else value
    except (AttributeError, RuntimeError, TypeError, ValueError, NotImplementedError):
        return None
    except Exception:
        return None


def number_of(tensor: Any) -> float | None:
    """What an eager tensor of one real float, with no dimension, holds; None for any other value."""
    value = array_of(tensor)
    return float(value) if type(value) in _REAL else None


def _flat_real(array: Any) -> Any:
    flat = np.asarray(array).reshape(-1)
    dtype = flat.dtype
    if dtype.kind == "c":
        return flat.view(flat.real.dtype)
    if dtype.kind != "f" or dtype.itemsize < 4:
        return flat.astype(np.float32)
    return flat


def square(flat: Any) -> float:
    """The sum of the squares of real elements, in their own precision; without a warning where it overflows."""
    if flat.size <= UNTHREADED:
        # Unlike `dot` it does not warn, which would be seen below the user's cell.
        return float(np.vdot(flat, flat))
    whole = flat.size - flat.size % UNTHREADED
    rows, rest = flat[:whole].reshape(-1, 1, UNTHREADED), flat[whole:]
    # Row by row, in one call, a product that is never long enough for threads.
    with np.errstate(all="ignore"):
        return float(np.matmul(rows, rows.transpose(0, 2, 1)).sum(dtype=np.float64)) + float(np.vdot(rest, rest))


def quick(array: Any) -> tuple[float, bool, bool]:
    """(Euclidean norm, finite, all zero) in one pass over the memory; the norm is NaN or infinite where the array is not finite."""
    kind = array.dtype.char
    if kind in "fd":
        if array.ndim == 0:
            value = abs(float(array))
            return value, value < math.inf, value == 0.0
        if array.size <= UNTHREADED:
            # Nearly every array is a small and healthy one, for which each further step would cost as much as the look itself.
            squares = float(np.vdot(array, array))
            if 0.0 < squares < math.inf:
                return math.sqrt(squares), True, False
    flat = _flat_real(array)
    if flat.size == 0:
        return 0.0, True, False
    squares = square(flat)
    if squares > 0.0 and math.isfinite(squares):
        return math.sqrt(squares), True, False
    if squares == 0.0:
        biggest = float(np.abs(flat).max())
        return biggest, True, biggest == 0.0
    if np.isfinite(flat).all():
        return math.sqrt(square(flat.astype(np.float64))), True, False
    return squares, False, False


def _moduli(array: Any) -> Any:
    """The elements in a row, complex ones by their modulus; in float64, except where a large array of float32 is only read."""
    values = np.asarray(array).reshape(-1)
    if values.dtype.kind == "c":
        values = np.abs(values)
    return values.astype(np.float64) if values.dtype != np.float32 or values.size <= SAMPLE else values


def numbers(array: Any, *, histogram: bool = False, norm: float | None = None) -> Numbers:
    """The array in numbers. Complex elements count by their modulus, except that zero, NaN and infinite mean the element itself.

    The histogram is that of at most `SAMPLE` elements, evenly spaced. `norm` is what `quick` says of the array, where that is known.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        values = _moduli(array)
        found = _of_finite(values, histogram, norm if values.dtype == np.float32 else None) if values.size else None
        return _of_any(values.astype(np.float64), histogram) if found is None else found


def _of_finite(values: Any, histogram: bool, norm: float | None) -> Numbers | None:
    """The numbers in one pass over the memory; None where an element is not finite, or where rounding would tell in the standard deviation."""
    size = values.size
    squares = 0.0 if norm is None else norm * norm
    total, least, most, other = 0.0, math.inf, -math.inf, 0
    for start in range(0, size, BLOCK):
        block = values[start : start + BLOCK]
        if norm is None:
            squares += square(block)
        total += float(np.add.reduce(block))
        low, high = float(np.minimum.reduce(block)), float(np.maximum.reduce(block))
        least, most = min(least, low), max(most, high)
        other += block.size if low > 0.0 or high < 0.0 else int(np.count_nonzero(block != 0))
    mean, zeros = total / size, size - other
    if not math.isfinite(squares) or not math.isfinite(mean):
        return None
    if squares < TINY and zeros < size:
        return None
    variance = squares / size - mean * mean
    # In float32 the squares are known to some six digits, in float64 to fifteen.
    if variance < (1e-3 if values.dtype == np.float32 else 1e-10) * squares / size and least < most:
        return None
    shown = _histogram(values, least, most) if histogram and least < most else None
    return Numbers(size, math.sqrt(squares), mean, math.sqrt(variance) if least < most else 0.0, least, most, zeros, 0, 0, shown)


def extent(array: Any) -> Extent:
    """The norm and the range of an array, in one pass over the memory. Complex elements count by their modulus, except that NaN and infinite mean the element itself."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = _moduli(array)
        squares, least, most = 0.0, math.inf, -math.inf
        for start in range(0, values.size, BLOCK):
            block = values[start : start + BLOCK]
            squares += square(block)
            least, most = min(least, float(np.minimum.reduce(block))), max(most, float(np.maximum.reduce(block)))
        if values.size and (TINY <= squares < math.inf or least == most == 0.0):
            return Extent(values.size, math.sqrt(squares), least, most, 0, 0)
        found = _of_any(values.astype(np.float64), False)
    return Extent(found.size, found.norm, found.min, found.max, found.nans, found.infs)


def _of_any(values: Any, histogram: bool) -> Numbers:
    nans, infs = int(np.count_nonzero(np.isnan(values))), int(np.count_nonzero(np.isinf(values)))
    zeros = int(np.count_nonzero(values == 0))
    finite = values[np.isfinite(values)] if nans or infs else values
    if finite.size == 0:
        return Numbers(values.size, 0.0 if values.size == 0 else math.nan, math.nan, math.nan, math.nan, math.nan, zeros, nans, infs)
    norm, mean, std = math.sqrt(square(finite)), float(finite.mean()), float(finite.std())
    least, most = float(finite.min()), float(finite.max())
    shown = _histogram(finite, least, most) if histogram and least < most else None
    return Numbers(values.size, norm, mean, std, least, most, zeros, nans, infs, shown)


def _histogram(values: Any, least: float, most: float) -> tuple[tuple[float, ...], tuple[int, ...]] | None:
    bins = min(BINS, values.size)
    # An odd step, so that it does not always meet the same column of a matrix.
    sample = values[:: values.size // SAMPLE | 1] if values.size > SAMPLE else values
    width = (most - least) / bins
    if not (math.isfinite(width) and width > 0.0):
        return None
    places = ((sample - least) / width).astype(np.intp)
    counts = np.bincount(np.minimum(places, bins - 1, out=places), minlength=bins)
    return tuple([least + width * i for i in range(bins)] + [most]), tuple(counts.tolist())


def numbers_of(tensor: Any, *, histogram: bool = False, norm: float | None = None) -> Numbers | None:
    """The numbers of an eager tensor, None where its values cannot be read or are no numbers. `norm` is what `quick` says of it, where that is known."""
    array = array_of(tensor)
    if array is None or (np.asarray(array).dtype.kind in "OSUV" and dtype_name(tensor) not in FLOATS):
        return None
    try:
        return numbers(array, histogram=histogram, norm=norm)
    except (TypeError, ValueError):
        return None


def extent_of(tensor: Any) -> Extent | None:
    """The extent of an eager tensor, None where its values cannot be read or are no numbers."""
    array = array_of(tensor)
    if array is None or (np.asarray(array).dtype.kind in "OSUV" and dtype_name(tensor) not in FLOATS):
        return None
    try:
        return extent(array)
    except (TypeError, ValueError):
        return None


def dtype_name(tensor: Any) -> str:
    """The name of the dtype of a tensor or variable, ``"unknown"`` for anything else."""
    dtype = getattr(tensor, "dtype", None)
    return str(getattr(dtype, "name", dtype)) if dtype is not None else "unknown"


def kind_of(tensor: Any) -> tuple[str, tuple[int | None, ...] | None]:
    """The name of the dtype and the static shape, for an eager tensor without a detour through objects of TensorFlow's."""
    try:
        return DTYPES.get(tensor._datatype_enum(), "unknown"), tensor._shape_tuple()
    except AttributeError:
        return dtype_name(tensor), shape_of(tensor)


def shape_of(tensor: Any) -> tuple[int | None, ...] | None:
    """The static shape as a tuple, None where even the rank is not known."""
    if type(tensor) is framework_ops.EagerTensor:
        return tensor._shape_tuple()  # type: ignore[no-any-return]
    shape = getattr(tensor, "shape", None)
    if shape is None:
        return None
    try:
        return tuple(None if d is None else int(d) for d in shape)
    except (TypeError, ValueError):
        return None
