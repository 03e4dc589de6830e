"""One op of a graph run eagerly once more, the branch that a conditional takes, and the turns of a loop."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.execute import quick_execute
from tensorflow.python.framework import dtypes, tensor_util

from gradmagic.capture.numbers import array_of
from gradmagic.capture.twins import function_of

MAX_TURNS = 10_000
V = TypeVar("V")


class Unrepeatable(Exception):
    """The call holds something that cannot be run a second time."""


class OutOfTime(Exception):
    """The time for running a graph once more is over."""


def seeded(op: Any, seed: int) -> tuple[Any, ...]:
    """The attributes of a random op, with another seed."""
    given = list(attributes(op, {}))
    for i in range(0, len(given), 2):
        if given[i] in ("seed", "seed2"):
            given[i + 1] = seed
    return tuple(given)


def called(graph: Any, name: str) -> tuple[Any, list[Any]]:
    """(graph, outputs) of a function that a graph calls by name.

    Raises:
        Unrepeatable: it is not known.
    """
    inner, outputs = function_of(graph, name)
    if inner is None:
        raise Unrepeatable(f"the function `{name}` is not known")
    return inner, outputs


def chosen_branch(op: Any, condition: Any) -> str:
    """The name of the function that an `If` or a `Case` runs for the value of its condition."""
    value = array_of(condition)
    if op.type in ("Case", "StatelessCase"):
        bodies, index = op.get_attr("branches"), int(value)
        return bodies[index if 0 <= index < len(bodies) else len(bodies) - 1].name  # type: ignore[no-any-return]
    return op.get_attr("then_branch" if bool(value) else "else_branch").name  # type: ignore[no-any-return]


def run_loop(op: Any, state: list[V], run: Callable[[str, int, list[V]], list[V]], value: Callable[[V], Any]) -> tuple[V, list[V]]:
    """The turns of a `While`.

    Args:
        state: what the loop begins with.
        run: runs its part ``"cond"`` or ``"body"`` at a turn, with a state.
        value: the tensor in what `run` gave.

    Returns:
        What the condition gave last, and the state then.

    Raises:
        Unrepeatable: it turns too often.
    """
    for turn in range(MAX_TURNS):
        condition = run("cond", turn, state)[0]
        if not bool(array_of(value(condition))):
            return condition, state
        state = run("body", turn, state)
    raise Unrepeatable(f"`{op.name}` turns more than {MAX_TURNS} times")


def gives_the_same(now: Any, before: Any) -> bool:
    """Whether a value that was computed once more is that of the first time, up to rounding in another order; None and what is no array never is."""
    one, other = array_of(now), array_of(before)
    if one is None or other is None:
        return False
    one, other = (np.asarray(a, dtype=np.complex128 if a.dtype.kind == "c" else np.float64) for a in (one, other))
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-2, atol=1e-6, equal_nan=True))


def execute(op: Any, inputs: list[Any], given: tuple[Any, ...] | None = None) -> list[Any]:
    """The results of an op that calls no function, for these inputs, with its own attributes or others.

    Raises:
        Unrepeatable: the op takes a function.
    """
    if op.type == "Const":
        return [tf.constant(tensor_util.MakeNdarray(op.get_attr("value")), dtype=op.outputs[0].dtype)]
    results = quick_execute(op.type, len(op.outputs), inputs, attributes(op) if given is None else given, context.context())
    return list(results) if isinstance(results, (list, tuple)) else [results] if results is not None else []


def attributes(op: Any, wider: Mapping[Any, Any] = types.MappingProxyType({})) -> tuple[Any, ...]:
    """The attributes of a graph op as eager execution takes them, with some dtypes in the place of others.

    Raises:
        Unrepeatable: the op takes a function.
    """
    found: list[Any] = []
    for attribute in op.op_def.attr:
        if attribute.name not in op.node_def.attr:
            continue
        found += [attribute.name, _plain(op.get_attr(attribute.name), attribute.type, wider)]
    return tuple(found)


def _plain(value: Any, kind: str, wider: Mapping[Any, Any]) -> Any:
    if kind == "type":
        return wider.get(dtypes.as_dtype(value), dtypes.as_dtype(value)).as_datatype_enum
    if kind == "list(type)":
        return [wider.get(dtypes.as_dtype(v), dtypes.as_dtype(v)).as_datatype_enum for v in value]
    if kind == "shape":
        return _shape(value)
    if kind == "list(shape)":
        return [_shape(v) for v in value]
    if kind in ("func", "list(func)", "tensor"):
        raise Unrepeatable("an op takes a function")
    return value


def _shape(value: Any) -> Any:
    shape = tf.TensorShape(value)
    return None if shape.rank is None else [-1 if d is None else d for d in shape.as_list()]
