"""A call of a `tf.function` once more, op by op and aside: the values inside it, which a compiled run does not show.

The replay begins from what the call began from: the same inputs, copies of the variables as they were before the call, and the results that the call
itself had from every op that a second run would not repeat (random numbers, the next batch of a dataset, Python code). Nothing of the user's is touched.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import dtypes
from tensorflow.python.ops import gen_resource_variable_ops, resource_variable_ops

from gradmagic.capture.execution import Unrepeatable, called, chosen_branch, execute, run_loop
from gradmagic.capture.fading import PRODUCTS, faded
from gradmagic.capture.graph_ops import CALLS, CONDITIONALS, LOOPS, SILENT, is_dataset, is_repeatable
from gradmagic.capture.numbers import array_of, quick
from gradmagic.capture.twins import STEPS, inner_graphs

if TYPE_CHECKING:
    from gradmagic.capture.events import RawStep
    from gradmagic.capture.turns import Turns

# Seconds.
LONGEST = 60.0
MAX_BIRTHS = 8
MAX_BYTES = 4 << 30
TRANSPOSES = {"MatMul": ("transpose_a", "transpose_b"), "BatchMatMulV2": ("adj_x", "adj_y")}


class _Seen(Exception):
    """Every turn that is to be shown was run."""


def snapshot(args: Any, held: dict[int, Any] | None = None) -> list[tuple[Any, Any]]:
    """(handle, value) of every variable among the inputs of a call. No copy: TensorFlow copies when the variable is written to.

    Args:
        args: eager tensors; those that are no handle of a variable are left out.
        held: the dtypes, by the ids of their handles, of variables that are known to have a value. Those that turn out to are added.
    """
    held = {} if held is None else held
    found = []
    for tensor in args:
        key: Any = getattr(tensor, "_id", None)
        dtype = held.get(key)
        kind: Any = None
        if dtype is None:
            kind = _kind_held(tensor)
            if kind is None:
                continue
            dtype = dtypes.as_dtype(kind.dtype)
        try:
            value = gen_resource_variable_ops.read_variable_op(tensor, dtype)
        except Exception:
            continue
        # Older versions of TensorFlow give nothing, in no shape, for a variable that the call itself will initialize.
        if kind is None or tf.TensorShape(kind.shape).is_compatible_with(value.shape):
            held[key] = dtype
            found.append((tensor, value))
    return found


def _kind_held(tensor: Any) -> Any:
    """The dtype and the shape of what the handle of a variable leads to; None for any other tensor."""
    data = getattr(tensor, "_handle_data", None) if getattr(tensor, "dtype", None) == dtypes.resource else None
    return data.shape_and_type[0] if data is not None and data.is_set and len(data.shape_and_type) == 1 else None


def has_values(args: Any, known: list[tuple[Any, Any]]) -> bool:
    """Whether every variable among the inputs of a call had a value when `known` was read: one without would be written to by a replay."""
    ids = {handle._id for handle, _ in known}
    return all(getattr(tensor, "_id", None) in ids or _kind_held(tensor) is None for tensor in args)


class Replay:
    """One replay. `values` holds, by the id of the graph's tensor, the value of the turn and the call that went bad first, or of the last one."""

    def __init__(self, variables: list[tuple[Any, Any]], recorded: dict[int, Any], turns: Turns | None = None) -> None:
        # Not `tf.Variable`: a strategy that is in force would make copies of it.
        self._copies = {handle._id: resource_variable_ops.ResourceVariable(value, dtype=value.dtype, shape=tf.TensorShape(None)) for handle, value in variables}
        self._variables, self._recorded = variables, recorded
        self._bodies = turns.bodies if turns is not None else {}
        self._entered: Counter[int] = Counter()
        self._unseen = {key for key, body in self._bodies.items() if body.shown is not None}
        # When the turn that runs came to its end, in the call itself: what belongs to it came before.
        self._before: float = math.inf
        self._quiet = 0
        self._until = time.monotonic() + LONGEST
        self.values: dict[int | None, Any] = {}
        self.bad: set[int] = set()
        self._ended: set[int] = set()
        self.births: list[tuple[str, list[int], list[int]]] = []
        self.faded: dict[int, float] = {}
        self.top: dict[int, Any] = {}
        self._bytes = 0
        context.ensure_initialized()

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
        with contextlib.suppress(_Seen):
            self.top = self._frame(graph, inside)

    def executed(self, op: Any, inputs: list[Any], results: list[Any]) -> None:
        """An op of a graph ran, on these values."""

    def _frame(self, graph: Any, known: dict[int, Any]) -> dict[int, Any]:
        body = self._bodies.get(id(graph))
        if body is None:
            return self._run(graph, known)
        turn = self._entered[id(graph)]
        self._entered[id(graph)] += 1
        if turn >= len(body.kept) or time.monotonic() > self._until:
            raise Unrepeatable(f"it turns too often before turn {body.shown}" if body.shown is not None else "it turns too often")
        self._recorded |= body.kept[turn]
        known |= {t._id: body.kept[turn][t._id] for t in graph.inputs if t._id in body.kept[turn]}
        until, self._before = self._before, body.times[turn]
        self._quiet += body.shown not in (None, turn)
        self._run(graph, known)
        self._quiet -= body.shown not in (None, turn)
        self._before = until
        if turn == body.shown:
            self._unseen.discard(id(graph))
            if not self._unseen:
                raise _Seen
        return known

    def _run(self, graph: Any, known: dict[int, Any]) -> dict[int, Any]:
        try:
            for op in graph.get_operations():
                if not op.outputs or op.outputs[0]._id not in known:
                    self._op(graph, op, known)
        except _Seen:
            self._publish(graph, known)
            raise
        self._publish(graph, known)
        return known

    def _dataset(self, graph: Any, op: Any, known: dict[int, Any]) -> None:
        """What a function does with each element that came out of a dataset: the elements are those of the call itself."""
        if op.inputs and is_dataset(op.inputs[0].op):
            self._dataset(graph, op.inputs[0].op, known)
        for inner in inner_graphs(graph, op):
            body = self._bodies.get(id(inner))
            if body is not None and body.graph is inner:
                captured = len(op.get_attr("Targuments"))
                handed = dict(zip([t._id for t in inner.inputs[len(inner.inputs) - captured :]], [known.get(t._id) for t in op.inputs[len(op.inputs) - captured :]], strict=True))
                while (turn := self._entered[id(inner)]) < body.count and (turn >= len(body.times) or body.times[turn] < self._before):
                    self._frame(inner, dict(handed))

    def _op(self, graph: Any, op: Any, known: dict[int, Any]) -> None:
        if op.type in SILENT:
            for out, before in zip(op.outputs, op.inputs, strict=False):
                known[out._id] = known.get(before._id)
            return
        if is_dataset(op):
            if any(out.dtype != dtypes.variant for out in op.outputs):
                self._dataset(graph, op, known)
            for out in op.outputs:
                known[out._id] = self._recorded.get(out._id)
            return
        if "Iterator" in op.type and all(out.dtype in (dtypes.resource, dtypes.variant) for out in op.outputs):
            # What comes out of it is that of the call itself.
            known.update((out._id, None) for out in op.outputs)
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
        runs_another = op.type in CALLS | CONDITIONALS | LOOPS
        if any(value is None and t.dtype != dtypes.resource and not (runs_another and t.dtype == dtypes.variant) for value, t in zip(inputs, op.inputs, strict=True)):
            raise Unrepeatable(f"an input of `{op.name}` is not known")
        if op.type in CALLS:
            results = self._call(graph, op.get_attr("f").name, inputs)
        elif op.type in CONDITIONALS:
            results = self._call(graph, chosen_branch(op, inputs[0]), inputs[1:])
        elif op.type in LOOPS:
            _, results = run_loop(op, inputs, lambda part, turn, state: self._call(graph, op.get_attr(part).name, state), lambda condition: condition)
        elif not is_repeatable(op):
            raise Unrepeatable(f"`{op.type}` gives something else every time")
        else:
            results = execute(op, inputs)
            self.executed(op, inputs, results)
        for out, value in zip(op.outputs, results, strict=False):
            known[out._id] = value
        if op.type in PRODUCTS and op.outputs[0]._id not in self.faded and _is_zero(results[0]) and not any(_is_zero(v) for v in inputs):
            attrs = [part for name in TRANSPOSES.get(op.type, ()) for part in (name, op.get_attr(name))]
            most = faded(op.type, [array_of(v) for v in inputs], attrs)
            if most is not None:
                self.faded[op.outputs[0]._id] = most
        if not self._quiet and len(self.births) < MAX_BIRTHS and any(_is_bad(v) for v in results) and not any(_is_bad(v) for v in inputs):
            self.births.append((op.type, [t._id for t in op.inputs], [t._id for t in op.outputs]))

    def _call(self, graph: Any, name: str, inputs: list[Any]) -> list[Any]:
        inner, outputs = called(graph, name)
        known = self._frame(inner, {t._id: v for t, v in zip(inner.inputs, inputs, strict=False)})
        return [known.get(t._id) for t in outputs]

    def _publish(self, graph: Any, known: dict[int, Any]) -> None:
        """Of several turns or calls of one graph the first that went bad is shown, or the first in which a gradient came to its end, else the last."""
        if self._quiet or id(graph) in self._ended:
            return
        if any(_ends(step, known) for step in STEPS.get(graph, ())):
            self._ended.add(id(graph))
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


def _ends(step: RawStep, known: dict[int, Any]) -> bool:
    """Whether a step of a backward pass made zeros of gradients that were none; of a product, for both of its factors."""
    received, sent = ([known[key] for key in keys if key is not None and known.get(key) is not None] for keys in (step.received, step.sent))
    zeros = list(map(_is_zero, sent))
    return (all(zeros) if step.type in (*PRODUCTS, "Mul") else any(zeros)) and bool(zeros) and any(v.dtype.is_floating and not _is_zero(v) for v in received)


def _is_zero(value: Any) -> bool:
    if value is None or not value.dtype.is_floating:
        return False
    array = array_of(value)
    return array is not None and quick(array)[2]


def _is_bad(value: Any) -> bool:
    if value is None or not (value.dtype.is_floating or value.dtype.is_complex):
        return False
    array = array_of(value)
    return array is not None and not quick(array)[1]
