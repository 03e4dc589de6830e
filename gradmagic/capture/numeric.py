"""Numerical truth, for `--numeric`: every gradient along random directions, every custom gradient by itself at its real inputs."""

from __future__ import annotations

import contextlib
import functools
import io
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import backprop, context
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.asking import flatten
from gradmagic.capture.custom_verdict import array64, weights_for
from gradmagic.capture.execution import OutOfTime
from gradmagic.capture.frames import wide_array
from gradmagic.capture.recompute import Events, Replay, Void, read
from gradmagic.capture.session import Session
from gradmagic.capture.slopes import Slope, slope
from gradmagic.recording import NumericCheck

SINGLY = 12
# How long one gradient call may take to be compared.
SECONDS = 30.0
RANK = {"differs": 5, "corner": 4, "jump": 4, "kink": 3, "not finite": 2, "rounding": 1, "agrees": 0}


def install(session: Session) -> None:
    """Check each custom gradient of the cell and the first run of each gradient call."""
    from gradmagic.capture import custom

    custom.install(session)
    events = Events(session)
    for name in ("gradient", "jacobian", "batch_jacobian"):
        _compare_calls(session, events, name)


def _compare_calls(session: Session, events: Events, name: str) -> None:
    """Compare what the first run of each call of this method of a tape yields."""
    tape_class: Any = backprop.GradientTape
    original = getattr(tape_class, name)
    asks_for = "source" if name == "batch_jacobian" else "sources"

    @functools.wraps(original)
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or (session.doing.current_run is not None and session.doing.current_run.kind != "gradcheck"):
            return original(self, *args, **kwargs)
        known, running, templates = len(session.runs), session.doing.current_run, len(session.graphs.traced_runs)
        result = original(self, *args, **kwargs)
        # What TensorFlow takes has both.
        target, sources = (*args, *(kwargs[k] for k in ("target", asks_for) if k in kwargs))[:2]
        given = (args[2] if len(args) > 2 else kwargs.get("output_gradients")) if name == "gradient" else None
        for template in session.graphs.traced_runs[templates:]:
            template.weights = flatten(given) if given is not None else []
        run = running if running is not None else session.runs[-1] if len(session.runs) > known else None
        if run is not None and run.turn == 0 and run.place is not None and not run.in_graph and context.executing_eagerly():
            try:
                with unnoticed(session):
                    gradients, weights = (flatten(result), given) if name == "gradient" else _weighted(target, flatten(result), alike=name == "batch_jacobian")
                    _check(session, events, run, target, flatten(sources), gradients, weights)
            except (Void, OutOfTime) as reason:
                said(session, run.place, reason)
            except Exception as error:
                session.failed("compare a gradient with a numerical derivative", error)
        return result

    asked.without_comparing = original  # type: ignore[attr-defined]
    session.patches.set(tape_class, name, asked)


def _weighted(target: Any, jacobians: list[Any], *, alike: bool) -> tuple[list[Any], Any]:
    """Jacobians as gradients of a sum of the target's elements, each with a random weight, and those weights: an element that is wrong makes that gradient wrong.

    What `batch_jacobian` yields for a row of the source is the derivative of the sum of all rows of the target: there the weights are those of one row, for each row `alike`.
    """
    (weights,) = weights_for([target])
    if alike:
        row = array64(weights)[0]
        gradients = [None if j is None else tf.constant(np.tensordot(wide_array(tf.convert_to_tensor(j)), row, axes=(tuple(range(1, 1 + row.ndim)), tuple(range(row.ndim))))) for j in jacobians]
        return gradients, tf.broadcast_to(weights[:1], tf.shape(weights))
    gradients = [None if j is None else tf.constant(np.tensordot(array64(weights), wide_array(tf.convert_to_tensor(j)), axes=weights.shape.rank)) for j in jacobians]
    return gradients, weights


def deadline() -> float:
    """When the comparison that begins now is given up."""
    return time.monotonic() + SECONDS


def said(session: Session, place: Any, reason: Exception, *, custom: bool = False) -> None:
    """Put down, once, that a comparison was not possible."""
    line = session.spans.span(place)
    where = f"line {line.line}" if line is not None else "the cell"
    clause = f"it takes longer than {SECONDS:.0f} s" if isinstance(reason, OutOfTime) else str(reason)
    what = "check a custom gradient inside a `tf.function`" if custom else f"compare the gradients of {where} with a numerical derivative"
    sentence = f"gradmagic did not {what}: {clause}"
    if sentence not in session.failures:
        session.failures.append(sentence)


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


def unseen(session: Session) -> None:
    """Say which gradient calls in graphs were not met by any call that could be followed."""
    for template in session.graphs.traced_runs:
        if template.run.site not in session.graphs.compared and any(r.site == template.run.site for r in session.runs):
            session.graphs.compared.add(template.run.site)
            said(session, template.place, Void("they are computed in a graph whose run I cannot follow"))


class Way(Protocol):
    """From some sources to a target: `value` gives the target for other values of the sources.

    `dtype` is the precision it computes in, `magnitude` the size of the target's terms, `blur` how exact its gradients are, `floor` the rounding to expect in a
    derivative, `through` the ops of the custom gradients in graphs that lie on it.
    """

    magnitude: float
    floor: float

    @property
    def dtype(self) -> str: ...

    @property
    def blur(self) -> float: ...

    @property
    def through(self) -> tuple[int, ...]: ...

    def value(self, moved: Mapping[int, Any]) -> float: ...

    def at_corner(self) -> bool: ...


def compare(session: Session, run: Any, way: Way, gradients: dict[int, Any], values: dict[int, Any], place: dict[int, int]) -> None:
    """Compare gradients with central differences along random directions.

    Args:
        gradients: the gradient of each source by its key, as an array of float64; values: the source's value, likewise; place: its number among the sources.
    """
    keys = list(gradients)
    # A gradient whose terms cancel (the bias before a normalisation) holds the rounding of those terms.
    sizes = {k: max(float(np.abs(values[k]).max(initial=0.0)), 1e-3) for k in keys}
    way.floor = max(way.blur, 1e-5) * max(float(np.linalg.norm(gradients[k])) * sizes[k] for k in keys)
    groups, compared = [[k] for k in keys] if len(keys) <= SINGLY else [keys], 0
    try:
        while groups:
            group = groups.pop(0)
            worst = max((_along(way, gradients, values, group, turn) for turn in range(max(1, session.numeric))), key=lambda s: (RANK[s.verdict], s.error))
            if worst.verdict == "differs" and len(group) == 1 and way.at_corner():
                worst = replace(worst, verdict="corner")
            if worst.verdict == "agrees" or len(group) == 1:
                for key in group:
                    _note(session, run, place[key], worst, way.through)
                compared += len(group)
            else:
                groups += [group[: len(group) // 2], group[len(group) // 2 :]]
    except OutOfTime:
        if not compared:
            raise
        line = session.spans.span(run.place)
        where = f"line {line.line}" if line is not None else "the cell"
        session.failures.append(f"gradmagic compared {compared} of {len(keys)} gradients of {where} with numerical derivatives: the rest would take longer than {SECONDS:.0f} s")


def _note(session: Session, run: Any, source: int, found: Slope, through: tuple[int, ...]) -> None:
    agrees = None if found.verdict not in ("agrees", "differs") else found.verdict == "agrees"
    text = "" if agrees is not None else found.verdict
    ratio = found.analytic / found.numeric if found.numeric and np.isfinite(found.numeric) else None
    session.numeric_checks.append(NumericCheck(run.seq, source, None, None, found.analytic, found.numeric, found.error, agrees, ratio, text, session.spans.span(run.place), through=through))


def _check(session: Session, events: Events, run: Any, target: Any, sources: list[Any], results: list[Any], output_gradients: Any) -> None:
    targets = [t for t in flatten(target) if isinstance(t, framework_ops.EagerTensor)]
    if not targets or any(not t.dtype.is_floating for t in targets):
        raise Void("the target is complex or not a float")
    gradients: dict[int, Any] = {}
    values: dict[int, Any] = {}
    place: dict[int, int] = {}
    for position, (source, gradient) in enumerate(zip(sources, results, strict=False)):
        key = session.variables.key(source)
        dense = tf.convert_to_tensor(gradient) if gradient is not None else None
        if key is None or dense is None or not (dense.dtype.is_floating or dense.dtype.is_complex):
            continue
        array = wide_array(dense)
        inner = session.variables.unwrap(source)
        value = read(inner) if hasattr(inner, "handle") else source
        if not np.isfinite(array).all() or tuple(value.shape) != array.shape or key in gradients:
            continue
        gradients[key], values[key], place[key] = array, value, position
    if not gradients:
        return
    weights = flatten(output_gradients) if output_gradients is not None else [None] * len(targets)
    if len(weights) != len(targets):
        raise Void("not every target is a tensor")
    factors = [1.0 if w is None else np.asarray(tf.cast(tf.convert_to_tensor(w), tf.float64).numpy()) for w in weights]
    way = Replay(session, events, run, targets, factors, values, deadline())
    compare(session, run, way, gradients, {k: wide_array(v) for k, v in values.items()}, place)


def _along(way: Way, gradients: dict[int, Any], values: dict[int, Any], group: list[int], turn: int) -> Slope:
    """The slope along one random direction in the space of some sources, each in proportion to its own size."""
    rng = np.random.default_rng((turn, len(group)))
    moved: dict[int, Any] = {}
    analytic = 0.0
    for key in group:
        size = float(np.abs(values[key]).max(initial=0.0)) or 1.0
        direction = rng.standard_normal(values[key].shape) * min(max(size, 1e-3), 1e3)
        if values[key].dtype.kind == "c":
            direction = direction + 1j * rng.standard_normal(values[key].shape) * min(max(size, 1e-3), 1e3)
        moved[key] = direction
        # TensorFlow's gradient of a real target for a complex source: the conjugate of it times the change is the target's change.
        analytic += float(np.sum(np.real(np.conj(gradients[key]) * direction)))

    def value(step: float) -> float:
        return way.value({k: values[k] + step * moved[k] for k in group})

    value(0.0)
    return slope(value, analytic, way.dtype, way.magnitude, blur=way.blur, floor=way.floor)
