"""What an evaluation of a graph keeps: its values, its variables, and the wider dtypes it computes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import dtypes

WIDER = {dtypes.float32: dtypes.float64, dtypes.float16: dtypes.float64, dtypes.bfloat16: dtypes.float64, dtypes.complex64: dtypes.complex128}


class Place:
    """A variable in the table of an evaluation, by the id of its handle."""

    __slots__ = ("key",)

    def __init__(self, key: int) -> None:
        self.key = key


class Frame:
    """A graph that is being evaluated: the values by the ids of its tensors, and which of them are not as they were."""

    def __init__(self, graph: Any, path: tuple[Any, ...], known: dict[int, Any], changed: set[int], outer: Frame | None) -> None:
        self.graph, self.path, self.known, self.changed, self.outer = graph, path, known, changed, outer
        self.table: dict[int, Any] = {}


class Slices:
    """What of a graph is needed for some of its tensors; asked once for the same."""

    def __init__(self) -> None:
        # What is kept by the `id` of a graph needs the graph to stay.
        self._known: dict[tuple[Any, ...], tuple[Any, list[Any]]] = {}

    def of(self, graph: Any, wanted: list[Any], known: Mapping[int, Any], moving: bool) -> list[Any]:
        """The ops that some tensors or ops follow from, in order. What is `known` is followed no further."""
        key = (id(graph), tuple(t.name for t in wanted), tuple(known) if moving else ())
        if key not in self._known:
            waiting, found = [getattr(t, "op", t) for t in wanted], set[str]()
            while waiting:
                op = waiting.pop()
                if op.name in found or (op.outputs and all(out._id in known for out in op.outputs)):
                    continue
                found.add(op.name)
                waiting += [t.op for t in op.inputs] + list(op.control_inputs)
            self._known[key] = graph, [op for op in graph.get_operations() if op.name in found]
        return self._known[key][1]


def widened(value: Any) -> Any:
    """A value in a dtype of more digits, where there is one."""
    return value if isinstance(value, Place) or value.dtype not in WIDER else tf.cast(value, WIDER[value.dtype])


def writers_of(graph: Any) -> list[Any]:
    """The ops of a function that may write to a variable, whether or not a result follows from them."""
    found = [op for op in graph.get_operations() if any(t.dtype == dtypes.resource for t in op.inputs) and op.type not in ("ReadVariableOp", "ResourceGather", "VariableShape", "VarIsInitializedOp")]
    return [op for op in found if op.op_def.is_stateful and not op.type.startswith("Iterator")]


def wide_array(value: Any) -> Any:
    """A tensor as an array of float64, or of complex128."""
    return np.asarray(tf.cast(value, tf.complex128 if value.dtype.is_complex else tf.float64).numpy())
