"""Products that are not zero and too small for their dtype, which stores them as zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradmagic.capture.numbers import array_of

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

PRODUCTS = frozenset({"Mul", "MatMul", "BatchMatMulV2", "Square", "Prod", "Exp"})
# How many are looked at in one cell, and the most elements of a factor.
MOST, LARGEST = 64, 1 << 20
TINIEST = float(np.nextafter(0.0, 1.0))


def faded(op_type: str, inputs: list[Any], attrs: Any = ()) -> float | None:
    """The largest magnitude that an element of an all-zero result has before it is stored; None where the result is zero, or where that cannot be told.

    Args:
        op_type: one of `PRODUCTS`.
        inputs: NumPy arrays of floats, as the op got them.
        attrs: names and values in turn, as an op callback gets them.
    """
    factors = inputs[:1] if op_type == "Prod" else inputs
    if any(a is None or a.dtype.kind not in "fV" or not 0 < a.size <= LARGEST for a in factors):
        return None
    first, *others = [np.asarray(a, dtype=np.float64) for a in factors]
    with np.errstate(all="ignore"):
        if op_type == "Exp":
            return max(float(np.exp(first).max()), TINIEST) if np.isfinite(first).all() else None
        if op_type == "Prod":
            logs = np.log(np.abs(first)).sum(axis=tuple(np.ravel(inputs[1]).tolist()))
            return max(float(np.exp(logs.max())), TINIEST) if np.isfinite(logs).any() else None
        if op_type == "Square":
            return float(np.square(first).max()) or None
        if op_type == "Mul":
            return float(np.abs(first * others[0]).max()) or None
        named = dict(zip(attrs[::2], attrs[1::2], strict=False))
        one = np.swapaxes(first, -1, -2) if named.get("transpose_a") or named.get("adj_x") else first
        other = np.swapaxes(others[0], -1, -2) if named.get("transpose_b") or named.get("adj_y") else others[0]
        # Of a sum that is zero only the terms can say more than zero.
        return float((np.abs(one) @ np.abs(other)).max()) or None


def note_fading(session: Session, op_type: str, inputs: Any, outputs: Any, attrs: Any) -> None:
    """Keep what an all-zero result would have been, where none of its factors is all zero."""
    if len(session.faded) >= MOST:
        return
    known = [session.tensors.get(t._id) for t in inputs]
    if any(t is not None and t.zero for t in known):
        return
    with session.aside():
        most = faded(op_type, [array_of(t) for t in inputs], attrs)
    if most is not None:
        session.faded.setdefault(outputs[0]._id, most)
