"""A call of a `tf.function` once more, op by op and aside: the values inside it, which a compiled run does not show.

The replay begins from what the call began from: the same inputs, copies of the variables as they were before the call, and the results that the call
itself had from every op that a second run would not repeat (random numbers, the next batch of a dataset, Python code). Nothing of the user's is touched.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.execute import quick_execute
from tensorflow.python.framework import dtypes, tensor_util
from tensorflow.python.ops import gen_resource_variable_ops, resource_variable_ops

from gradmagic.capture.graph_ops import CALLS, CONDITIONALS, LOOPS, SILENT, is_repeatable
from gradmagic.capture.numbers import array_of, quick
from gradmagic.capture.twins import function_of

MAX_TURNS = 10_000
MAX_BIRTHS = 8
MAX_BYTES = 4 << 30


class Unrepeatable(Exception):
    """The call holds something that cannot be run a second time."""


def snapshot(args: Any) -> list[tuple[Any, Any]]:
    """(handle, value) of every variable among the inputs of a call. No copy: TensorFlow copies when the variable is written to."""
    found = []
    for tensor in args:
        if getattr(tensor, "dtype", None) != dtypes.resource:
            continue
        data = getattr(tensor, "_handle_data", None)
        if data is None or not data.is_set or len(data.shape_and_type) != 1:
            continue
        try:
            value = gen_resource_variable_ops.read_variable_op(tensor, dtypes.as_dtype(data.shape_and_type[0].dtype))
        except Exception:
            continue
        # Older versions of TensorFlow give nothing, in no shape, for a variable that the call itself will initialize.
        if tf.TensorShape(data.shape_and_type[0].shape).is_compatible_with(value.shape):
            found.append((tensor, value))
    return found


def has_values(args: Any, known: list[tuple[Any, Any]]) -> bool:
    """Whether every variable among the inputs of a call had a value when `known` was read: one without would be written to by a replay."""
    ids = {handle._id for handle, _ in known}
    for tensor in args:
        data = getattr(tensor, "_handle_data", None) if getattr(tensor, "dtype", None) == dtypes.resource else None
        if data is not None and data.is_set and len(data.shape_and_type) == 1 and tensor._id not in ids:
            return False
    return True


class Replay:
    """One replay. `values` holds, by the id of the graph's tensor, the value of the turn and the call that went bad first, or of the last one."""

    def __init__(self, variables: list[tuple[Any, Any]], recorded: dict[int, Any]) -> None:
        # Not `tf.Variable`: a strategy that is in force would make copies of it.
        self._copies = {handle._id: resource_variable_ops.ResourceVariable(value, dtype=value.dtype, shape=tf.TensorShape(None)) for handle, value in variables}
        self._variables, self._recorded = variables, recorded
        self.values: dict[int | None, Any] = {}
        self.bad: set[int] = set()
        self.births: list[tuple[list[int], list[int]]] = []
        self._bytes = 0
        self._context = context.context()
        self._context.ensure_initialized()

    def run(self, graph: Any, args: Any) -> None:
        """Replay a call of `graph` with these inputs.

        Raises:
            Unrepeatable: an op in it cannot be run again.
        """
        if not has_values(args, self._variables):
            raise Unrepeatable("a variable has no value before it")
        inside = {}
        for tensor, value in zip(graph.inputs, args, strict=False):
            copy = self._copies.get(getattr(value, "_id", -1))
            inside[tensor._id] = copy.handle if copy is not None else value
        self._frame(graph, inside)

    def _frame(self, graph: Any, known: dict[int, Any]) -> dict[int, Any]:
        for op in graph.get_operations():
            if op.outputs and op.outputs[0]._id in known:
                continue
            self._op(graph, op, known)
        self._publish(known)
        return known

    def _op(self, graph: Any, op: Any, known: dict[int, Any]) -> None:
        if op.type in SILENT:
            for out, before in zip(op.outputs, op.inputs, strict=False):
                known[out._id] = known.get(before._id)
            return
        if op.outputs and all(out._id in self._recorded for out in op.outputs):
            for out in op.outputs:
                known[out._id] = self._recorded[out._id]
            return
        if op.type == "Placeholder":
            raise Unrepeatable(f"the value of `{op.name}` is not known")
        for tensor in op.inputs:
            # The gradient of a loop gives the loop further inputs, which stand behind it in the graph.
            if tensor._id not in known and tensor.op is not op:
                self._op(graph, tensor.op, known)
        inputs = [known.get(t._id) for t in op.inputs]
        if any(value is None and t.dtype != dtypes.resource for value, t in zip(inputs, op.inputs, strict=True)):
            raise Unrepeatable(f"an input of `{op.name}` is not known")
        if op.type in CALLS:
            results = self._call(graph, op.get_attr("f").name, inputs)
        elif op.type in CONDITIONALS:
            results = self._branch(graph, op, inputs)
        elif op.type in LOOPS:
            results = self._loop(graph, op, inputs)
        elif not is_repeatable(op):
            raise Unrepeatable(f"`{op.type}` gives something else every time")
        else:
            results = self._execute(op, inputs)
        for out, value in zip(op.outputs, results, strict=False):
            known[out._id] = value
        if len(self.births) < MAX_BIRTHS and any(_is_bad(v) for v in results) and not any(_is_bad(v) for v in inputs):
            self.births.append(([t._id for t in op.inputs], [t._id for t in op.outputs]))

    def _execute(self, op: Any, inputs: list[Any]) -> list[Any]:
        if op.type == "Const":
            return [tf.constant(tensor_util.MakeNdarray(op.get_attr("value")), dtype=op.outputs[0].dtype)]
        results = quick_execute(op.type, len(op.outputs), inputs, attributes(op), self._context)
        return list(results) if isinstance(results, (list, tuple)) else [results] if results is not None else []

    def _call(self, graph: Any, name: str, inputs: list[Any]) -> list[Any]:
        inner, outputs = function_of(graph, name)
        if inner is None:
            raise Unrepeatable(f"the function `{name}` is not known")
        known = self._frame(inner, {t._id: v for t, v in zip(inner.inputs, inputs, strict=False)})
        return [known.get(t._id) for t in outputs]

    def _branch(self, graph: Any, op: Any, inputs: list[Any]) -> list[Any]:
        condition = array_of(inputs[0])
        if op.type in ("Case", "StatelessCase"):
            bodies = op.get_attr("branches")
            index = int(condition)
            name = bodies[index if 0 <= index < len(bodies) else len(bodies) - 1].name
        else:
            name = op.get_attr("then_branch" if bool(condition) else "else_branch").name
        return self._call(graph, name, inputs[1:])

    def _loop(self, graph: Any, op: Any, inputs: list[Any]) -> list[Any]:
        state = list(inputs)
        for _ in range(MAX_TURNS):
            if not bool(array_of(self._call(graph, op.get_attr("cond").name, state)[0])):
                return state
            state = self._call(graph, op.get_attr("body").name, state)
        raise Unrepeatable(f"`{op.name}` turns more than {MAX_TURNS} times")

    def _publish(self, known: dict[int, Any]) -> None:
        """Of several turns or calls of one graph the first that went bad is shown, else the last."""
        keys = [key for key, value in known.items() if value is not None]
        if any(key in self.bad for key in keys if key in self.values):
            return
        for key in keys:
            value = known[key]
            if _is_bad(value):
                self.bad.add(key)
            array = array_of(value)
            if key not in self.values and array is not None:
                self._bytes += array.nbytes
            self.values[key] = value
        if self._bytes > MAX_BYTES:
            raise Unrepeatable("its values take more than 4 GiB")


def _is_bad(value: Any) -> bool:
    if value is None or not (value.dtype.is_floating or value.dtype.is_complex):
        return False
    array = array_of(value)
    return array is not None and not quick(array)[1]


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
