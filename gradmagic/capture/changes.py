"""What training did to the variables: their values when a gradient of them was first asked for, beside their values at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from tensorflow.python.eager import context
from tensorflow.python.ops.gen_resource_variable_ops import read_variable_op

from gradmagic.capture.numbers import BLOCK, SAMPLE, TINY, array_of, extent_of, quick, square
from gradmagic.recording import Change, Extent

if TYPE_CHECKING:
    from gradmagic.capture.events import RawTensor
    from gradmagic.capture.session import Session

BUDGET = 64 << 20
CLOSE_STEPS = 3
FAR_APART = 3
# The cosine of the angle between a variable and what may be a copy of it.
ALIGNED = 0.5


class Changes:
    """The first values of sources, within a budget of memory, and how far the first updates moved each variable."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._first: dict[int, Any] = {}
        self._norms: dict[int, float] = {}
        self._bytes = 0
        self._steps: dict[int, int] = {}
        self._farthest: dict[int, float] = {}
        # What each variable held when a compiled step began last, and the number of such steps that moved it.
        self._began: dict[int, tuple[Any, int]] = {}
        # What was read since anything may have been written. Held for longer, a value would keep its variable from being written in place.
        self._read: dict[int, Any] = {}
        # Whether what was read is finite, where that was looked at.
        self._finite: dict[int, bool] = {}
        self._extents: dict[int, Extent] = {}
        self._noted: dict[int, RawTensor] = {}
        self._looked_at: set[int] = set()

    def first(self, key: int, value: Any, extent: Extent | None = None) -> None:
        """The value (an eager tensor that shares the variable's memory) that a source had when its gradient was first asked for, with its extent where that is known."""
        array = array_of(value)
        if key in self._first or array is None or self._bytes + array.nbytes > BUDGET:
            return
        self._first[key] = value
        self._bytes += array.nbytes
        if extent is not None:
            self._norms[key] = extent.norm if extent.finite else math.nan

    def before_step(self, keys: Iterable[int]) -> dict[int, Any]:
        """The values before an update, for the first few updates of each variable."""
        due = []
        for key in keys:
            count = self._steps.get(key, 0)
            if count < CLOSE_STEPS:
                self._steps[key] = count + 1
                due.append(key)
            else:
                # It is about to be forgotten anyway, and while nothing holds it the variable is written in place.
                self._read.pop(key, None)
        return self.now(due)

    def after_step(self, before: dict[int, Any]) -> None:
        """Compare with the values after the update."""
        now = self.now(before)
        for key, value in before.items():
            if key in now:
                distance = _distance(array_of(value), array_of(now[key]))
                self._farthest[key] = max(self._farthest.get(key, 0.0), distance)
                if math.isfinite(distance) and self._first.get(key) is value and math.isfinite(self._norms.get(key, math.nan)):
                    # At a finite distance from a finite value there is no other.
                    self._finite[key] = True

    def between(self, values: dict[int, Any]) -> None:
        """Compare the values that the first turns of compiled steps began with: nothing of a graph runs before and after its updates."""
        for key, value in values.items():
            before, steps = self._began.get(key, (None, 0))
            distance = _distance(array_of(before), array_of(value)) if before is not None else 0.0
            if distance:
                steps += 1
                self._steps[key] = max(self._steps.get(key, 0), steps)
                self._farthest[key] = max(self._farthest.get(key, 0.0), distance)
            self._began[key] = (value if steps < CLOSE_STEPS else None, steps)

    def has_moved(self, key: int) -> bool:
        """Whether an update is known to have moved a variable."""
        return self._farthest.get(key, 0.0) > 0.0 and key in self._first

    def is_finite(self, key: int, array: Any) -> bool:
        """Whether the value of a variable, as `now` gave it, is finite."""
        if key not in self._finite:
            self._finite[key] = quick(array)[1]
        return self._finite[key]

    def are_apart(self, key: int, other: int) -> bool:
        """Whether a variable is farther from another one than all of its updates can have moved it, and does not point where that one does, as a rounded or a disturbed copy would.

        Where the updates were not measured, half of the other one's length is far.
        """
        now = self.now([key, other])
        values = [array_of(now[k]) if k in now else None for k in (key, other)]
        if values[0] is None or values[1] is None:
            return False
        distance, ours, theirs = _distance(*values), quick(values[0])[0], quick(values[1])[0]
        # What begins at 0 is as far from its copy as any.
        if not theirs or ours**2 + theirs**2 - distance**2 > 2.0 * ALIGNED * ours * theirs:
            return False
        moved = FAR_APART * self._farthest[key] * max(self._steps.get(key, 1), 1) if key in self._farthest else 0.5 * theirs
        return distance > moved

    def facts(self) -> dict[int, Change]:
        """How each source changed from first to last."""
        found = {}
        now = self.now(self._first)
        for key, value in self._first.items():
            before, after = array_of(value), array_of(now[key]) if key in now else None
            if before is not None and after is not None and before.shape == after.shape:
                norm = self._norms.get(key)
                if norm is None:
                    length, finite, _ = quick(before)
                    norm = length if finite else math.nan
                found[key] = Change(_is_same(before, after), norm, self._farthest.get(key), self.is_finite(key, after))
        return found

    def forget(self, key: Any = None) -> None:
        """A variable may have been written to: the one with this handle, or where that is not known any."""
        if key in self.session.variables.known:
            if key in self._began:
                # A line of the user's, or a callback, moves it as well.
                self._began[key] = (None, self._began[key][1])
            self._read.pop(key, None)
            self._finite.pop(key, None)
            self._extents.pop(key, None)
            self._noted.pop(key, None)
        else:
            self._read.clear()
            self._finite.clear()
            self._extents.clear()
            self._noted.clear()

    def extent(self, key: int, value: Any) -> Extent | None:
        """The norm and the range of what a variable holds now."""
        found = self._extents.get(key)
        if found is None:
            found = extent_of(value)
            if found is not None:
                self._extents[key] = found
        return found

    def read(self, key: int, value: Any, noted: RawTensor) -> None:
        """An op read a variable: until something is written, this is what it holds."""
        self._read[key] = value
        self._noted[key] = noted

    def noted(self, key: int) -> RawTensor | None:
        """What is known of a variable's value since an op read it."""
        return self._noted.get(key)

    def first_look(self, key: int, value: Any, size: int) -> Extent | None:
        """The extent of a large variable that an op reads for the first time: it will be wanted when gradients are asked for, and now its value is at hand anyway."""
        if size <= SAMPLE:
            # The norm of a small one is told more exactly when it is asked for, and is compared with those of other tensors here.
            return None
        if key in self._looked_at:
            return self._extents.get(key)
        self._looked_at.add(key)
        return self.extent(key, value)

    def now(self, keys: Iterable[int]) -> dict[int, Any]:
        """The values of variables that still live, in the memory of the variables themselves."""
        if not context.executing_eagerly():
            return {}
        wanted = list(keys)
        missing = [key for key in wanted if key not in self._read]
        if missing:
            self._look_up(missing)
        return {key: self._read[key] for key in wanted if key in self._read}

    def _look_up(self, keys: list[int]) -> None:
        variables = self.session.variables.known
        with self.session.aside():
            for key in keys:
                known = variables.get(key)
                variable = known.ref() if known is not None and known.ref is not None else None
                if variable is not None:
                    try:
                        self._read[key] = read_variable_op(variable.handle, variable.dtype)
                    except Exception:
                        # It has no value yet.
                        continue


def _real(array: Any) -> Any:
    flat = np.asarray(array).reshape(-1)
    if flat.dtype.kind == "c":
        return flat.view(flat.real.dtype)
    return flat if flat.dtype.kind == "f" and flat.dtype.itemsize >= 4 else flat.astype(np.float64)


def _is_same(before: Any, after: Any) -> bool:
    """Whether both hold the same bits."""
    if np.may_share_memory(before, after):
        return True
    old, new = np.asarray(before).reshape(-1), np.asarray(after).reshape(-1)
    return all(old[i : i + BLOCK].tobytes() == new[i : i + BLOCK].tobytes() for i in range(0, new.size, BLOCK))


def _distance(before: Any, after: Any) -> float:
    """The norm of the difference of two values, NaN where they have not the same shape."""
    if before is None or after is None or np.shape(before) != np.shape(after):
        return math.nan
    return 0.0 if np.may_share_memory(before, after) else math.sqrt(_square(_real(before), _real(after)))


def _square(old: Any, new: Any, exact: bool = False) -> float:
    """The sum of the squares of the difference; a block at a time, so that nothing large is copied."""
    total = 0.0
    difference = np.empty(min(BLOCK, new.size), np.float64 if exact else np.result_type(old, new))
    with np.errstate(all="ignore"):
        for start in range(0, new.size, BLOCK):
            one, other = old[start : start + BLOCK], new[start : start + BLOCK]
            total += square(np.subtract(other, one, out=difference[: one.size], dtype=difference.dtype))
    # Squares beyond the range of float32 are looked at again in float64.
    return total if exact or TINY < total < math.inf else _square(old, new, exact=True)
