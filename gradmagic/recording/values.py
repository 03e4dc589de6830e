"""Places in the code, and values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Origin = Literal["op", "variable", "constant", "input", "unknown"]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the user's code: cell ``"current"``, another cell (execution count) or a file. Columns are 0, 0 where only the line is known."""

    cell: str | int | None
    file: str | None
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    id: str | None
    execution_count: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """An array in numbers. `norm` is Euclidean over the finite elements; `zeros`, `nans` and `infs` count elements; `size` is their number.

    `eigenvalues` are the smallest and the largest one, of a matrix that a Cholesky decomposition failed for.
    """

    size: int
    norm: float
    mean: float
    std: float
    min: float
    max: float
    zeros: int
    nans: int
    infs: int
    histogram: tuple[tuple[float, ...], tuple[int, ...]] | None = None
    eigenvalues: tuple[float, float] | None = None

    @property
    def finite(self) -> bool:
        return not (self.nans or self.infs)

    @property
    def all_zero(self) -> bool:
        return self.size > 0 and self.zeros == self.size


@dataclass(frozen=True, slots=True)
class Extent:
    """The size, the Euclidean norm and the range of an array, over its finite elements; `nans` and `infs` count the others."""

    size: int
    norm: float
    min: float
    max: float
    nans: int
    infs: int

    @property
    def finite(self) -> bool:
        return not (self.nans or self.infs)

    @property
    def all_zero(self) -> bool:
        return self.size > 0 and self.finite and self.min == self.max == 0.0


@dataclass(slots=True, unsafe_hash=True)
class Tensor:
    """One value. `numbers` is there where the capture looked closely; `finite`, `all_zero` and the Euclidean `norm` are None where it could not look.

    The norm of a value with an infinity and no NaN is infinite, of one with a NaN it is NaN; of a single integer or bool it is its absolute value.
    `faded` is there for a product that is stored as zeros and is not zero: the largest magnitude of its elements (of their terms, for a matrix product).
    """

    id: int
    dtype: str
    shape: tuple[int | None, ...] | None
    origin: Origin = "op"
    name: str | None = None
    variable: int | None = None
    finite: bool | None = None
    all_zero: bool | None = None
    numbers: Numbers | None = None
    norm: float | None = None
    faded: float | None = None

    @property
    def root_mean_square(self) -> float | None:
        """That of the elements; None where the norm or the shape is not known, or is not finite."""
        size = math.prod(self.shape) if self.shape is not None and None not in self.shape else 0  # type: ignore[arg-type]
        return self.norm / math.sqrt(size) if size and self.norm is not None and math.isfinite(self.norm) else None


FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128", "float8_e5m2", "float8_e4m3fn"})


def has_gradient_dtype(dtype: str) -> bool:
    """Whether TensorFlow differentiates values of this dtype (resources and variants pass gradients on as well)."""
    return dtype in FLOATS or dtype in ("resource", "variant")
