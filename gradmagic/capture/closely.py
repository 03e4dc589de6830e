"""A close look at a step of a backward pass that turned a good gradient bad: the values around it, at the first bad element and in products."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from tensorflow.python.framework import indexed_slices

from gradmagic.capture.events import RawRun, RawStep
from gradmagic.capture.hiding import hidden_by
from gradmagic.capture.numbers import array_of, numbers, quick
from gradmagic.capture.session import Session

ONE_PRODUCT = frozenset({"Mul", "RealDiv", "Div", "Square", "Mean", "Cast"})
MATRIX_PRODUCTS = frozenset({"MatMul", "BatchMatMulV2"})
# The smallest number that float32 and bfloat16 keep: TensorFlow stores smaller ones as 0.
TINIEST = float(np.finfo(np.float32).tiny)
NEAR = 64
# Elements: its eigenvalues are looked for.
LARGEST_MATRIX = 1 << 18


def tensor_of(gradient: Any) -> Any:
    return gradient.values if isinstance(gradient, indexed_slices.IndexedSlices) else gradient


def identity_of(gradient: Any) -> int | None:
    """The id of a gradient; that of its values for selected rows."""
    try:
        return gradient._id  # type: ignore[no-any-return]
    except AttributeError:
        return getattr(tensor_of(gradient), "_id", None)


def close_look(session: Session, run: RawRun, step: RawStep, inputs: Any, outputs: Any, out_grads: Any, sent: Any) -> None:
    """Where a gradient goes out worse than the one that came in (zero, or not finite): the values around, and those at the first bad element."""
    flows = run.flows
    received = [flow for key in step.received if key is not None and (flow := flows.get(key)) is not None]
    given = [flow for key in step.sent if key is not None and (flow := flows.get(key)) is not None]
    # A gradient of zero is worse for being NaN: where everything is masked out, nothing else comes in.
    lost, faded = any(not f[1] for f in given), any(f[2] for f in given) and not any(f[2] for f in received)
    if all(f[1] for f in received) and (lost or faded):
        with session.aside():
            step.close = (tuple(numbers_if_any(t) for t in inputs or ()), tuple(numbers_if_any(t) for t in outputs or ()))
            step.examples = _examples(inputs, outputs, out_grads, sent, {})
            if step.examples:
                bad = array_of(tensor_of(sent[step.examples["input"]]))
                step.examples["hidden_by"] = hidden_by(np.shape(bad), step.examples["index"], [(s, v) for s, v in run.hiding if s is not step])
            dead = [i for i, key in enumerate(step.sent) if key is not None and (flow := flows.get(key)) is not None and flow[2]]
            product = _product(step, dead, inputs, out_grads)
            if product:
                step.examples["product"] = product
            elif faded and (met := _met(step, dead, inputs, out_grads)) is not None:
                step.examples["met"] = met


def flow_of(flows: dict[int, tuple[float, bool, bool]], gradient: Any) -> tuple[float, bool, bool] | None:
    """(norm, finite, all zero) of a gradient, looked at once; None where it cannot be read."""
    key = identity_of(gradient)
    if key is None:
        return None
    return flows.get(key) or look_at(flows, key, gradient)


def look_at(flows: dict[int, tuple[float, bool, bool]], key: int, gradient: Any) -> tuple[float, bool, bool] | None:
    """As `flow_of`, for a gradient with this id that was not looked at yet."""
    array = array_of(gradient)
    if array is None:
        array = array_of(tensor_of(gradient))
    if array is None or array.dtype.kind not in "fcV":
        return None
    known = flows[key] = flow_in(array)
    return known


def flow_in(array: Any) -> tuple[float, bool, bool]:
    """As `quick`, for a gradient: one without an element carries nothing."""
    return quick(array) if array.size else (0.0, True, True)


def numbers_if_any(tensor: Any, *, op_type: str = "") -> Any:
    """A value in numbers, for an op that it goes into or comes out of; None where it cannot be read or is text."""
    array = array_of(tensor)
    if array is None or not hasattr(tensor, "dtype") or tensor.dtype.name == "string":
        return None
    try:
        found = numbers(array)
    except (TypeError, ValueError):
        return None
    return dataclasses.replace(found, eigenvalues=_eigenvalues(array)) if op_type == "Cholesky" and found.finite else found


def _eigenvalues(matrices: Any) -> tuple[float, float] | None:
    """The smallest and the largest eigenvalue among matrices of the shape (..., n, n), of whose elements only those below the diagonal and on it count."""
    if not 0 < matrices.size <= LARGEST_MATRIX:
        return None
    try:
        values = np.linalg.eigvalsh(matrices.astype(np.float64) if matrices.dtype.kind == "f" else matrices)
    except np.linalg.LinAlgError:
        return None
    return float(values.min()), float(values.max())


def _examples(inputs: Any, outputs: Any, out_grads: Any, sent: Any, flows: dict[int, tuple[float, bool, bool]]) -> dict[str, Any]:
    """For the first element that is not finite: its index, and what the values of the same shape are there."""
    # The largest gradient first: where an input was broadcast, its gradient is a sum and says nothing about single elements.
    order = sorted(enumerate(sent), key=lambda item: -int(np.size(array_of(tensor_of(item[1])))) if item[1] is not None else 0)
    for position, gradient in order:
        flow = flow_of(flows, gradient)
        if flow is None or flow[1]:
            continue
        array = np.asarray(array_of(tensor_of(gradient)))
        bad = np.argwhere(~np.isfinite(np.asarray(array, dtype=np.complex128 if array.dtype.kind == "c" else np.float64)))
        if not len(bad):
            continue
        index = tuple(int(i) for i in bad[0])
        found: dict[str, Any] = {"input": position, "index": index, "count": len(bad), "sent": _at(array, index)}
        for name, group in (("inputs", inputs), ("outputs", outputs), ("received", out_grads)):
            values = []
            for tensor in group or ():
                other = array_of(tensor_of(tensor)) if tensor is not None else None
                other = None if other is None else np.asarray(other)
                values.append(_at(other, index) if other is not None and other.shape == array.shape else _single(other))
            found[name] = tuple(values)
        return found
    return {}


def _product(step: RawStep, dead: list[int], inputs: Any, out_grads: Any) -> float:
    """The largest true product of a gradient that came in and the derivative it met on the way to an input whose gradient is zero; 0 for ops where that is not one multiplication, and where terms may have cancelled."""
    arrays = [array_of(tensor_of(t)) if t is not None else None for t in (*out_grads[:1], *(inputs or ()))]
    if not arrays or any(a is not None and not np.size(a) for a in arrays) or arrays[0] is None or step.type not in ONE_PRODUCT | MATRIX_PRODUCTS:
        return 0.0
    sizes: list[Any] = [np.abs(np.asarray(a).astype(np.float64)) if a is not None else None for a in arrays]
    gradient, values = sizes[0], sizes[1:]
    try:
        with np.errstate(all="ignore"):
            if step.type == "Cast" or gradient is None:
                found = gradient
            elif step.type == "Mean":
                found = gradient * (float(np.size(gradient)) / float(np.size(values[0])))
            elif step.type == "Square":
                found = 2.0 * gradient * values[0]
            elif step.type in MATRIX_PRODUCTS:
                # So near to what the dtype can keep, terms are lost and do not cancel.
                most = max(float(gradient.max()) * float(values[1 - i].max()) for i in dead)
                found = most if most < NEAR * TINIEST else 0.0
            elif step.type == "Mul":
                found = np.concatenate([(gradient * values[1 - i]).reshape(-1) for i in dead])
            else:
                found = gradient / values[1] if 0 in dead else gradient * values[0] / values[1] / values[1]
    except (ValueError, IndexError, TypeError):
        return 0.0
    found = np.asarray(found)
    found = found[np.isfinite(found)]
    return float(found.max()) if found.size else 0.0


def _met(step: RawStep, dead: list[int], inputs: Any, out_grads: Any) -> tuple[int, int] | None:
    """At how many elements of how many a gradient came in, where the factor that it meets is 0 at each of them; None where it is not."""
    factor = 0 if step.type in ("Square", "Pow") else 1 - dead[0] if step.type == "Mul" and len(dead) == 1 else None
    gradient = array_of(tensor_of(out_grads[0])) if out_grads and out_grads[0] is not None else None
    value = array_of(inputs[factor]) if factor is not None and inputs and len(inputs) > factor else None
    if gradient is None or value is None or 0 not in (dead if step.type != "Mul" else [0]):
        return None
    try:
        came = np.asarray(gradient) != 0
        there = np.broadcast_to(np.asarray(value), came.shape)[came]
    except ValueError:
        return None
    return (int(came.sum()), int(came.size)) if there.size and not there.any() else None


def _at(array: Any, index: tuple[int, ...]) -> Any:
    value = array[index] if index else np.asarray(array)[()]
    return complex(value) if array.dtype.kind == "c" else bool(value) if array.dtype.kind == "b" else float(value)


def _single(array: Any) -> Any:
    return _at(array.reshape(-1), (0,)) if array is not None and array.size == 1 and array.dtype.kind in "fiubc" else None
