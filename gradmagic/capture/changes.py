"""What training did to the variables: their values when a gradient of them was first asked for, beside their values at the end."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradmagic.capture.numbers import BLOCK, TINY, array_of, quick
from gradmagic.recording import Change

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

BUDGET = 64 << 20
CLOSE_STEPS = 3


class Changes:
    """The first values of sources, within a budget of memory, and how far the first updates moved each variable."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._first: dict[int, Any] = {}
        self._bytes = 0
        self._steps: dict[int, int] = {}
        self._farthest: dict[int, float] = {}

    def first(self, key: int, value: Any) -> None:
        """The value (an eager tensor that shares the variable's memory) that a source had when its gradient was first asked for."""
        array = array_of(value)
        if key in self._first or array is None or self._bytes + array.nbytes > BUDGET:
            return
        self._first[key] = value
        self._bytes += array.nbytes

    def before_step(self, keys: Iterable[int]) -> dict[int, Any]:
        """The values before an update, for the first few updates of each variable."""
        found = {}
        for key in keys:
            count = self._steps.get(key, 0)
            if count < CLOSE_STEPS:
                self._steps[key] = count + 1
                value = self._now(key)
                if value is not None:
                    found[key] = value
        return found

    def after_step(self, before: dict[int, Any]) -> None:
        """Compare with the values after the update."""
        for key, value in before.items():
            now = self._now(key)
            if now is not None:
                self._farthest[key] = max(self._farthest.get(key, 0.0), _moved(array_of(value), array_of(now))[0])

    def facts(self) -> dict[int, Change]:
        """How each source changed from first to last."""
        found = {}
        with self.session.aside():
            for key, value in self._first.items():
                now = self._now(key)
                before, after = array_of(value), array_of(now) if now is not None else None
                if before is None or after is None or before.shape != after.shape:
                    continue
                moved, same = _moved(before, after)
                found[key] = Change(same, moved, _length(before), self._farthest.get(key), quick(after)[1])
        return found

    def _now(self, key: int) -> Any:
        known = self.session.variables.known.get(key)
        variable = known.ref() if known is not None and known.ref is not None else None
        if variable is None:
            return None
        try:
            with self.session.aside():
                return variable.read_value_no_copy()
        except Exception:
            return None


def _real(array: Any) -> Any:
    flat = np.asarray(array).reshape(-1)
    if flat.dtype.kind == "c":
        return flat.view(flat.real.dtype)
    return flat if flat.dtype.kind == "f" and flat.dtype.itemsize >= 4 else flat.astype(np.float64)


def _length(array: Any) -> float:
    return math.sqrt(_square((_real(array),)))


def _moved(before: Any, after: Any) -> tuple[float, bool]:
    """(norm of the difference, whether both hold the same bits)."""
    if before is None or after is None or np.shape(before) != np.shape(after):
        return math.nan, False
    if np.may_share_memory(before, after):
        return 0.0, True
    square = _square((_real(after), _real(before)))
    same = not square > 0.0 and np.asarray(before).tobytes() == np.asarray(after).tobytes()
    return 0.0 if same else math.sqrt(square), same


def _square(terms: tuple[Any, ...], exact: bool = False) -> float:
    """The sum of the squares of the first array, less the second one if there is one; a block at a time, so that nothing large is copied."""
    total, size = 0.0, terms[0].size
    with np.errstate(all="ignore"):
        for start in range(0, size, BLOCK):
            blocks = [t[start : start + BLOCK] for t in terms]
            if exact:
                blocks = [b.astype(np.float64) for b in blocks]
            block = blocks[0] - blocks[1] if len(blocks) > 1 else blocks[0]
            total += float(np.vdot(block, block))
    # Squares beyond the range of float32 are looked at again in float64.
    return total if exact or TINY < total < math.inf else _square(terms, exact=True)
