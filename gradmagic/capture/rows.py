"""One row of a Jacobian.

TensorFlow traces the way back from one element of the target, and then computes all rows at once, by other ops. Of a Jacobian that went bad the traced way is run once
more for the row that shows it, so that its steps have values like those of a gradient.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import tensorflow as tf

from gradmagic.capture.closely import close_look, look_at, tensor_of
from gradmagic.capture.events import RawRun, RawStep
from gradmagic.capture.execution import Unrepeatable
from gradmagic.capture.hiding import HIDING
from gradmagic.capture.numbers import array_of
from gradmagic.capture.replay import Replay
from gradmagic.capture.session import Session

LONGEST = 2.0
# A step of the way, and what its gradient function was handed and gave: inputs, results, gradients that came, gradients that went.
Traced = tuple[RawStep, Any, Any, Any, Any]


def is_traced(run: RawRun, gradients: Any) -> bool:
    """Whether a gradient function of an eager Jacobian was handed symbols."""
    return run.kind.endswith("jacobian") and not run.in_graph and any(_graph_of(g) is not None for g in gradients)


def _graph_of(tensor: Any) -> Any:
    """The graph of a symbol; None for a value."""
    return getattr(tensor_of(tensor), "graph", None)


def look_at_row(session: Session, run: RawRun, results: list[Any], shape: Any) -> None:
    """Give the steps of a Jacobian the values of the row that went bad; where the way cannot be run again they stay without.

    Args:
        results: the Jacobians by source, None among them.
        shape: the shape of the target.
    """
    graphs = {id(g): g for *_, received, _ in run.traced for t in received if (g := _graph_of(t)) is not None}
    if len(graphs) != 1 or shape.rank is None:
        return
    graph = next(iter(graphs.values()))
    loop = next((op.outputs[0] for op in graph.get_operations() if op.type == "PlaceholderWithDefault"), None)
    if loop is None:
        return
    rows = [_bad_row(result, run.kind, shape.rank) for result in results if result is not None]
    row = min((r for r in rows if r is not None), default=0)
    way = _Way(graph, {inner._id: outer for outer, inner in graph.captures} | {loop._id: tf.constant(row, loop.dtype)})
    with session.aside():
        for traced in run.traced:
            _fill_in(session, run, way, traced)
    run.hiding.clear()


def _fill_in(session: Session, run: RawRun, way: _Way, traced: Traced) -> None:
    step, *sides = traced
    try:
        inputs, outputs, received, sent = ([way.value(t) for t in side or ()] for side in sides)
    except (Unrepeatable, tf.errors.OpError):
        return
    for keys, values in ((step.received, received), (step.sent, sent)):
        for key, value in zip(keys, values, strict=False):
            if key is not None and value is not None and key not in run.flows:
                look_at(run.flows, key, value)
    if step.type in HIDING:
        run.hiding.append((step, inputs))
    close_look(session, run, step, inputs, outputs, received, sent)


class _Way(Replay):
    """The ops of the traced way, each run when its result is asked for."""

    def __init__(self, graph: Any, known: dict[int, Any]) -> None:
        super().__init__([], {})
        self._graph, self._known = graph, known
        self._until = time.monotonic() + LONGEST

    def value(self, tensor: Any) -> Any:
        """The value of a symbol; what is none is its own.

        Raises:
            Unrepeatable: it cannot be computed again.
            OpError: an op on the way failed.
        """
        tensor = tensor_of(tensor)
        if _graph_of(tensor) is not self._graph:
            return tensor
        if time.monotonic() > self._until:
            raise Unrepeatable("it takes too long")
        if tensor._id not in self._known:
            self._op(self._graph, tensor.op, self._known)
        return self._known.get(tensor._id)


def _bad_row(result: Any, kind: str, rank: int) -> int | None:
    """The first row that is not finite: of a Jacobian an element of the target, of one by examples an element of each example's target."""
    array = array_of(tensor_of(result))
    if array is None or not array.size or array.dtype.kind not in "fc":
        return None
    finite = np.isfinite(np.asarray(array, np.complex128))
    if kind == "tape.batch_jacobian":
        finite = np.moveaxis(finite.reshape(finite.shape[0], math.prod(finite.shape[1:rank]), -1), 1, 0)
    else:
        finite = finite.reshape(math.prod(finite.shape[:rank]), -1)
    bad = np.flatnonzero(~finite.reshape(finite.shape[0], -1).all(axis=1))
    return int(bad[0]) if bad.size else None
