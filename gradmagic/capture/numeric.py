"""Numerical derivatives, for `--numeric`: every custom gradient at its real inputs, every gradient along random directions.

Central differences (f(x + h v) - f(x - h v)) / 2h with two step sizes: where the two disagree, rounding or a kink is at work and nothing is said.
"""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import op_callbacks
from tensorflow.python.ops import custom_gradient

from gradmagic.capture.session import Session
from gradmagic.recording import NumericCheck

CALLS_PER_FUNCTION = 3
TOLERANCE = {"float64": 1e-5, "float32": 2e-2}
STEP = {"float64": 1e-6, "float32": 1e-3}


def install(session: Session) -> None:
    """Check each custom gradient of the cell by itself, the first times that it runs."""
    original = custom_gradient._eager_mode_decorator
    checked: dict[Any, int] = {}

    def decorator(f: Any, args: Any, kwargs: Any) -> Any:
        result = original(f, args, kwargs)
        key = getattr(getattr(f, "__wrapped__", f), "__code__", f)
        if not session.busy and checked.get(key, 0) < CALLS_PER_FUNCTION:
            checked[key] = checked.get(key, 0) + 1
            op = session.ops[-1].seq if session.ops and session.ops[-1].type == "CustomGradient" else None
            try:
                with _unnoticed(session):
                    _check_custom(session, f, args, kwargs, op)
            except Exception as error:
                session.failed(f"check the custom gradient of `{getattr(f, '__name__', 'a function')}` numerically", error)
        return result

    session.patches.set(custom_gradient, "_eager_mode_decorator", decorator)


@contextlib.contextmanager
def _unnoticed(session: Session) -> Iterator[None]:
    """No hook, no tape, no output, and the random state afterwards as before."""
    python, numpy_state = random.getstate(), np.random.get_state()
    ctx = context.context()
    seeds = ctx._seed, getattr(ctx, "_rng", None) and ctx._rng.getstate()
    callbacks = list(ctx.op_callbacks)
    op_callbacks.clear_op_callbacks()
    sink = io.StringIO()
    try:
        with session.aside(), contextlib.redirect_stdout(sink):
            yield
    finally:
        for callback in callbacks:
            op_callbacks.add_op_callback(callback)
        random.setstate(python)
        np.random.set_state(numpy_state)
        ctx._seed = seeds[0]
        if seeds[1]:
            ctx._rng.setstate(seeds[1])


def _check_custom(session: Session, f: Any, args: Any, kwargs: Any, op: int | None) -> None:
    flat = tf.nest.flatten(args)
    places = [i for i, a in enumerate(flat) if _is_float(a)]
    if not places:
        return
    inputs = [tf.convert_to_tensor(a) if i in places else a for i, a in enumerate(flat)]

    def forward(values: list[Any]) -> list[Any]:
        result, _ = f(*tf.nest.pack_sequence_as(args, values), **kwargs)
        return [tf.convert_to_tensor(r) for r in tf.nest.flatten(result)]

    result, grad = f(*tf.nest.pack_sequence_as(args, inputs), **kwargs)
    outputs = [tf.convert_to_tensor(r) for r in tf.nest.flatten(result)]
    rng = np.random.default_rng(0)
    weights = [tf.cast(rng.standard_normal(tuple(o.shape)), o.dtype) if _is_float(o) else tf.zeros_like(o) for o in outputs]
    try:
        given = tf.nest.flatten(grad(*weights))
    except TypeError:
        return
    code = getattr(grad, "__code__", None)
    place = (code, -1, code.co_firstlineno) if code is not None and session.spans.is_user_file(code.co_filename) else None
    for position in places:
        given_here = given[position] if position < len(given) else None
        if given_here is None:
            continue
        gradient = tf.convert_to_tensor(given_here)
        name = getattr(f, "__name__", "custom gradient")
        if tuple(gradient.shape) != tuple(inputs[position].shape):
            note = f"shape {tuple(gradient.shape)} for an input of shape {tuple(inputs[position].shape)}"
            session.numeric_checks.append(NumericCheck(-1, position, op, name, 0.0, 0.0, 0.0, False, None, note, session.spans.span(place)))
            continue

        def value(x: Any, position: int = position) -> float:
            results = forward([x if i == position else v for i, v in enumerate(inputs)])
            return float(sum(np.sum(np.float64(r.numpy()) * np.float64(w.numpy())) for r, w in zip(results, weights, strict=True) if _is_float(r)))

        _compare(session, value, inputs[position], gradient, op, name, position, place)


def _compare(session: Session, value: Any, x: Any, gradient: Any, op: int | None, name: str, position: int, place: Any) -> None:
    rng = np.random.default_rng(1)
    dtype = x.dtype.name if x.dtype.name in STEP else "float32"
    found = []
    for _ in range(max(1, session.numeric)):
        direction = rng.standard_normal(tuple(x.shape))
        analytic = float(np.sum(np.float64(gradient.numpy()) * direction))
        step = STEP[dtype] * max(1.0, float(np.abs(np.float64(x.numpy())).max(initial=0.0)))
        slopes = [_slope(value, x, direction, h) for h in (step, step / 4)]
        numeric = slopes[1] if dtype == "float64" else slopes[0]
        scale = max(abs(analytic), abs(numeric), 1e-12)
        unsure = abs(slopes[0] - slopes[1]) > TOLERANCE[dtype] * max(scale, 1e-6)
        error = abs(analytic - numeric) / scale
        agrees = None if unsure else error <= TOLERANCE[dtype]
        found.append((analytic, numeric, error, agrees))
    analytic, numeric, error, agrees = max(found, key=lambda item: (item[3] is False, item[2]))
    ratios = [a / n for a, n, _, _ in found if n]
    steady = ratios and max(ratios) - min(ratios) <= 0.02 * max(abs(r) for r in ratios)
    session.numeric_checks.append(
        NumericCheck(-1, position, op, name, analytic, numeric, error, agrees, ratios[0] if steady else None, "" if agrees is not None else "kink", session.spans.span(place))
    )


def _slope(value: Any, x: Any, direction: Any, h: float) -> float:
    base = np.float64(x.numpy())
    ahead, behind = (tf.cast(base + sign * h * direction, x.dtype) for sign in (1, -1))
    # The step that really was taken, after rounding to the dtype.
    taken = (np.float64(ahead.numpy()) - np.float64(behind.numpy())) / (2 * h)
    length = float(np.sum(taken * direction) / np.sum(direction * direction)) or 1.0
    return (value(ahead) - value(behind)) / (2 * h * length)


def _is_float(value: Any) -> bool:
    return hasattr(value, "dtype") and getattr(value.dtype, "name", "") in ("float16", "bfloat16", "float32", "float64") and hasattr(value, "shape")
