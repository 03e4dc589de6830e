"""Numerical truth, for `--numeric`: every gradient along random directions, every custom gradient by itself at its real inputs."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import backprop, context
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.recompute import Events, Replay, Void, read
from gradmagic.capture.session import Session
from gradmagic.capture.slopes import Slope, slope
from gradmagic.capture.tapes import flatten
from gradmagic.recording import NumericCheck

SINGLY = 12
RANK = {"differs": 5, "jump": 4, "kink": 3, "not finite": 2, "rounding": 1, "agrees": 0}


def install(session: Session) -> None:
    """Check each custom gradient of the cell and the first run of each gradient call."""
    from gradmagic.capture import custom

    custom.install(session)
    events = Events(session)
    tape_class: Any = backprop.GradientTape
    original = tape_class.gradient

    @functools.wraps(original)
    def gradient(self: Any, target: Any, sources: Any, output_gradients: Any = None, *args: Any, **kwargs: Any) -> Any:
        if session.busy or (session.doing.current_run is not None and session.doing.current_run.kind != "gradcheck"):
            return original(self, target, sources, output_gradients, *args, **kwargs)
        known, running = len(session.runs), session.doing.current_run
        result = original(self, target, sources, output_gradients, *args, **kwargs)
        run = running if running is not None else session.runs[-1] if len(session.runs) > known else None
        if run is not None and run.turn == 0 and not run.in_graph and context.executing_eagerly():
            try:
                with unnoticed(session):
                    _check(session, events, run, target, flatten(sources), flatten(result), output_gradients)
            except Void as reason:
                line = session.spans.span(run.place)
                where = f"line {line.line}" if line is not None else "the cell"
                session.failures.append(f"gradmagic did not compare the gradients of {where} with a numerical derivative: {reason}")
            except Exception as error:
                session.failed("compare a gradient with a numerical derivative", error)
        return result

    gradient.__wrapped__ = getattr(original, "__wrapped__", original)  # type: ignore[attr-defined]
    session.patches.set(tape_class, "gradient", gradient)


@contextlib.contextmanager
def unnoticed(session: Session) -> Iterator[None]:
    """No hook, no tape, no output; the random state afterwards as before."""
    import random

    python, legacy = random.getstate(), np.random.get_state()
    ctx = context.context()
    generator = getattr(ctx, "_rng", None)
    seed, state = ctx._seed, generator.getstate() if generator is not None else None
    try:
        with session.aside(), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
        ctx._seed = seed
        if generator is not None:
            generator.setstate(state)


def note(session: Session, run: Any, source: int | None, text: str, found: Slope | None = None) -> None:
    """Put down one comparison of a gradient call."""
    agrees = None if found is None or found.verdict not in ("agrees", "differs") else found.verdict == "agrees"
    analytic, numeric, error = (found.analytic, found.numeric, found.error) if found is not None else (0.0, 0.0, 0.0)
    ratio = analytic / numeric if found is not None and numeric and np.isfinite(numeric) else None
    session.numeric_checks.append(NumericCheck(run.seq, source, None, None, analytic, numeric, error, agrees, ratio, text, session.spans.span(run.place)))


def _check(session: Session, events: Events, run: Any, target: Any, sources: list[Any], results: list[Any], output_gradients: Any) -> None:
    if output_gradients is not None:
        raise Void("the call was given `output_gradients`")
    targets = [t for t in flatten(target) if isinstance(t, framework_ops.EagerTensor)]
    if not targets or any(not t.dtype.is_floating for t in targets):
        raise Void("the target is complex or not a float")
    gradients: dict[int, Any] = {}
    values: dict[int, Any] = {}
    place: dict[int, int] = {}
    for position, (source, gradient) in enumerate(zip(sources, results, strict=False)):
        key = session.variables.key(source)
        dense = tf.convert_to_tensor(gradient) if gradient is not None else None
        if key is None or dense is None or not dense.dtype.is_floating:
            continue
        array = np.asarray(tf.cast(dense, tf.float64).numpy())
        inner = session.variables.unwrap(source)
        value = read(inner) if hasattr(inner, "handle") else source
        if not np.isfinite(array).all() or tuple(value.shape) != array.shape or key in gradients:
            continue
        gradients[key], values[key], place[key] = array, value, position
    if not gradients:
        return
    replay = Replay(session, events, targets, values)
    keys = list(gradients)
    # A gradient whose terms cancel (the bias before a normalisation) holds the rounding of those terms.
    sizes = {k: max(float(np.abs(np.asarray(tf.cast(values[k], tf.float64).numpy())).max(initial=0.0)), 1e-3) for k in keys}
    replay.floor = max(replay.blur, 1e-5) * max(float(np.linalg.norm(gradients[k])) * sizes[k] for k in keys)
    groups = [[k] for k in keys] if len(keys) <= SINGLY else [keys]
    while groups:
        group = groups.pop(0)
        worst = max((_along(replay, gradients, values, group, turn) for turn in range(max(1, session.numeric))), key=lambda s: (RANK[s.verdict], s.error))
        if worst.verdict == "agrees" or len(group) == 1:
            for key in group:
                note(session, run, place[key], "" if worst.verdict in ("agrees", "differs") else worst.verdict, worst)
        else:
            groups += [group[: len(group) // 2], group[len(group) // 2 :]]


def _along(replay: Replay, gradients: dict[int, Any], values: dict[int, Any], group: list[int], turn: int) -> Slope:
    """The slope along one random direction in the space of some sources, each in proportion to its own size."""
    rng = np.random.default_rng((turn, len(group)))
    base = {k: np.asarray(tf.cast(values[k], tf.float64).numpy()) for k in group}
    moved: dict[int, Any] = {}
    analytic = 0.0
    for key in group:
        size = float(np.abs(base[key]).max(initial=0.0)) or 1.0
        direction = rng.standard_normal(base[key].shape) * min(max(size, 1e-3), 1e3)
        moved[key] = direction
        analytic += float(np.sum(gradients[key] * direction))

    def value(step: float) -> float:
        return replay.value({k: base[k] + step * moved[k] for k in group})

    replay.value({})
    return slope(value, analytic, replay.dtype, replay.magnitude, blur=replay.blur, floor=replay.floor)
