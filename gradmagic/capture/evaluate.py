"""A graph once more, op by op: first as it ran, then with some of its inputs or variables at other values.

The first pass keeps what each op gave. In a pass with other values only the ops that such a value reaches run again, in float64 where they can; all else (random
numbers, data, what Python code gave) stays as it was. Variables live in a table of their own, so nothing of the user's is written to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import dtypes

from gradmagic.capture.corners import at_corner
from gradmagic.capture.execution import OutOfTime, Unrepeatable, attributes, called, chosen_branch, execute, run_loop, seeded
from gradmagic.capture.frames import WIDER, Frame, Place, Slices, widened, writers_of
from gradmagic.capture.graph_ops import CALLS, CONDITIONALS, LOOPS, RANDOM, SHAPES, SILENT, functions_of, is_dataset, is_repeatable
from gradmagic.capture.numbers import array_of

MOST_BYTES = 2 << 30
HELD = frozenset({"StopGradient", "PreventGradient"})
LOOKUPS = frozenset({"LookupTableFindV2", "LookupTableSizeV2", "LookupTableExportV2"})
# What Python code gave does not follow its inputs: TensorFlow has no gradient of it either.
PYTHON = frozenset({"PyFunc", "PyFuncStateless"})
HALVES = {dtypes.float16: 2e-2, dtypes.bfloat16: 5e-2}
OWN_SEED = 760_311_401


class Evaluation:
    """One call of a function.

    Args:
        table: the value of each variable before the call, by the id of its handle.
        recorded: what ops gave that a second run would not repeat, by the id of the graph's tensor.
        deadline: when to give up, in the seconds of `time.monotonic`.
        look: called with each frame of the first pass when it is done.
        elements: by the `id` of each graph that runs for every element of a dataset, what came into it at the first one, by the ids of its tensors.
    """

    def __init__(
        self, table: Mapping[int, Any], recorded: Mapping[int, Any], deadline: float, look: Callable[[Frame], None] | None = None, elements: Mapping[int, Mapping[int, Any]] | None = None
    ) -> None:
        self.table, self._recorded, self.deadline, self._look, self._elements = dict(table), recorded, deadline, look, elements or {}
        self._changed_state: set[int] = set()
        self._held: Callable[[Frame, Any], bool] = lambda frame, op: False
        self._moving = self._wide = False
        self.drawn = self.narrow = False
        # Ops that a changed value reached and that stood at a corner in the first pass.
        self.corners: set[tuple[Any, str]] = set()
        self._looked: set[tuple[Any, str]] = set()
        self.blur = 0.0
        self.through: set[int] = set()
        self._base: dict[tuple[Any, int], Any] = {}
        self._bytes = self._draws = 0
        self._attributes: dict[tuple[int, str, bool], tuple[Any, ...]] = {}
        self._own_precision: set[tuple[int, str]] = set()
        self._slices = Slices()
        self._dtypes = {key: value.dtype for key, value in table.items()}
        context.ensure_initialized()

    def run(self, graph: Any, args: Iterable[Any], wanted: list[Any]) -> Frame:
        """The first pass.

        Args:
            wanted: the tensors of the graph that are needed, or ops.

        Raises:
            Unrepeatable: an op cannot be run again.
        """
        known = {inside._id: Place(value._id) if getattr(value, "_id", None) in self.table else value for inside, value in zip(graph.inputs, args, strict=False)}
        return self._frame(graph, known, set(), wanted, (), None)

    def again(
        self,
        frame: Frame,
        variables: Mapping[int, Any],
        tensors: Mapping[int, Any],
        wanted: list[Any],
        held: Callable[[Frame, Any], bool] = lambda frame, op: op.type in HELD,
        *,
        wide: bool = True,
    ) -> list[tuple[Any, bool]]:
        """What some tensors of a frame are for other values: (value, whether it could have changed) of each.

        Args:
            frame: a frame of the first pass.
            variables: other values of variables, by the ids of their handles.
            tensors: other values of the frame's tensors, by their ids.
            held: whether the results of an op stay as they were, whatever its inputs are.
        """
        table = self.table
        self._moving, self._wide, self._held, self._changed_state = True, wide, held, set(variables)
        try:
            self.table = {**frame.table, **variables}
            inputs = {t._id: frame.known[t._id] for t in getattr(frame.graph, "inputs", ()) if t._id in frame.known}
            moved = self._frame(frame.graph, {**inputs, **tensors}, set(tensors), wanted, frame.path, frame.outer)
            return [(moved.known[t._id], t._id in moved.changed) for t in wanted]
        finally:
            self.table, self._moving, self._wide, self._changed_state = table, False, False, set()

    def find(self, frame: Frame, tensor: Any) -> Any:
        """The value of a tensor in a frame of the first pass, computed now if it was not needed so far."""
        above: Frame | None = frame
        while above is not None and above.graph is not tensor.graph:
            above = above.outer
        if above is None:
            raise Unrepeatable(f"the value of `{tensor.name}` is not known here")
        if tensor._id not in above.known:
            self._op(above, tensor.op)
        return above.known[tensor._id]

    def _frame(self, graph: Any, known: dict[int, Any], changed: set[int], wanted: list[Any], path: tuple[Any, ...], outer: Frame | None) -> Frame:
        frame = Frame(graph, path, known, changed, outer)
        if not self._moving:
            frame.table = dict(self.table)
        for op in self._slices.of(graph, wanted, known, self._moving):
            if not (op.outputs and all(out._id in known for out in op.outputs)):
                self._op(frame, op)
        if not self._moving and self._look is not None:
            self._look(frame)
        return frame

    def _op(self, frame: Frame, op: Any) -> None:
        known, changed = frame.known, frame.changed
        if time.monotonic() > self.deadline:
            raise OutOfTime
        if op.type in SILENT:
            for out, before in zip(op.outputs, op.inputs, strict=False):
                if before._id not in known:
                    self._op(frame, before.op)
                known[out._id] = known[before._id]
                changed.update({out._id} if before._id in changed else ())
            return
        if not self._moving and op.outputs and all(out._id in self._recorded for out in op.outputs):
            self._keep(frame, op, [self._recorded[out._id] for out in op.outputs])
            return
        if not self._moving and is_dataset(op) and self._first_element(frame, op):
            return
        if op.type == "Placeholder":
            raise Unrepeatable(f"the value of `{op.name}` is not known")
        for tensor in op.inputs:
            # The gradient of a loop gives the loop further inputs, which stand behind it in the graph.
            if tensor._id not in known and tensor.op is not op:
                self._op(frame, tensor.op)
        inputs = [known.get(t._id) for t in op.inputs]
        if any(value is None for value in inputs):
            raise Unrepeatable(f"an input of `{op.name}` is not known")
        if self._moving:
            self._once_more(frame, op, inputs)
        else:
            self._keep(frame, op, [value for value, _ in self._results(frame, op, inputs, [False] * len(inputs))])

    def _first_element(self, frame: Frame, op: Any) -> bool:
        """Run what a dataset does with each element for the first one, where it is known what came in; whether it did."""
        found = [(name, inner) for name, inner in ((f.name, called(frame.graph, f.name)) for f in functions_of(op)) if id(inner[0]) in self._elements]
        for name, (inner, outputs) in found:
            elements = self._elements[id(inner)]
            captured = list(zip(reversed(inner.inputs), reversed(op.inputs[len(op.inputs) - len(op.get_attr("Targuments")) :]), strict=False))
            for _, tensor in captured:
                if tensor._id not in frame.known:
                    self._op(frame, tensor.op)
            known = {t._id: elements[t._id] for t in inner.inputs if t._id in elements} | {inside._id: frame.known[tensor._id] for inside, tensor in captured}
            self._frame(inner, known, set(), outputs, (*frame.path, (op.name, name)), frame)
        return bool(found)

    def _keep(self, frame: Frame, op: Any, values: list[Any]) -> None:
        for out, value in zip(op.outputs, values, strict=False):
            frame.known[out._id] = value
            array = None if isinstance(value, Place) else array_of(value)
            self._bytes += array.nbytes if array is not None else 0
            if self._bytes <= MOST_BYTES:
                self._base[frame.path, out._id] = value

    def _once_more(self, frame: Frame, op: Any, inputs: list[Any]) -> None:
        known, changed = frame.known, frame.changed
        touched = any(t._id in changed for t in op.inputs)
        state = any(isinstance(v, Place) for v in inputs)
        reads = state and any(isinstance(v, Place) and v.key in self._changed_state for v in inputs)
        variant = any(t.dtype == dtypes.variant for t in (*op.inputs, *op.outputs))
        writes = state and op.type not in ("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape")
        before = [self._base.get((frame.path, out._id)) for out in op.outputs]
        as_it_was = all(v is not None for v in before)
        if op.outputs and as_it_was and not writes and not variant and (not (touched or reads) or self._stays(frame, op)):
            known.update((out._id, value) for out, value in zip(op.outputs, before, strict=True))
            return
        held = not as_it_was and (touched or reads) and self._held(frame, op)
        if held and self._bytes > MOST_BYTES:
            raise Unrepeatable("its values take more than 2 GiB")
        if op.type == "IdentityN" and touched:
            self.through.add(op.outputs[0]._id)
        for t in (*op.inputs, *op.outputs) if touched else ():
            self.blur = max(self.blur, HALVES.get(t.dtype, 0.0))
        if touched and (frame.path, op.name) not in self._looked:
            self._looked.add((frame.path, op.name))
            if at_corner(op.type, [array_of(v) if v is not None and not isinstance(v, Place) else None for v in (self._base.get((frame.path, t._id)) for t in op.inputs)]):
                self.corners.add((frame.path, op.name))
        flags = [t._id in changed for t in op.inputs]
        for out, (value, other) in zip(op.outputs, self._results(frame, op, inputs, flags), strict=False):
            known[out._id] = value
            if other and not held:
                changed.add(out._id)

    def _stays(self, frame: Frame, op: Any) -> bool:
        """Whether an op that a changed value reaches keeps its results."""
        if self._held(frame, op) or op.type in PYTHON or op.type in SHAPES:
            return True
        if op.type in CALLS | CONDITIONALS | LOOPS or is_repeatable(op):
            return False
        if not any(out.dtype.is_floating or out.dtype.is_complex for out in op.outputs):
            return True
        what = "draws random numbers that depend on the source" if op.type.startswith(RANDOM) else "gives something else every time, and depends on the source"
        raise Unrepeatable(f"`{op.type}` {what}")

    def _results(self, frame: Frame, op: Any, inputs: list[Any], flags: list[bool]) -> list[tuple[Any, bool]]:
        """The results of an op, each with whether it could have changed."""
        kind, graph = op.type, frame.graph
        if kind in CALLS:
            return self._call(frame, op.get_attr("f").name, inputs, flags, op.name)
        if kind in CONDITIONALS:
            name = chosen_branch(op, inputs[0])
            found = self._call(frame, name, inputs[1:], flags[1:], (op.name, name))
            return [(value, other or flags[0]) for value, other in found]
        if kind in LOOPS:

            def run(part: str, turn: int, state: list[tuple[Any, bool]]) -> list[tuple[Any, bool]]:
                return self._call(frame, op.get_attr(part).name, [v for v, _ in state], [moved for _, moved in state], (op.name, turn, part))

            (_, other), state = run_loop(op, list(zip(inputs, flags, strict=True)), run, lambda condition: condition[0])
            return [(v, not isinstance(v, Place)) for v, _ in state] if other else state
        return [(value, True) if any(flags) else (value, other) for value, other in self._execute(graph, op, inputs, any(flags))]

    def _call(self, frame: Frame, name: str, inputs: list[Any], flags: list[bool], step: Any) -> list[tuple[Any, bool]]:
        inner, outputs = called(frame.graph, name)
        known = {t._id: v for t, v in zip(inner.inputs, inputs, strict=False)}
        changed = {t._id for t, moved in zip(inner.inputs, flags, strict=False) if moved}
        inside = self._frame(inner, known, changed, [*outputs, *writers_of(inner)], (*frame.path, step), frame)
        return [(inside.known[t._id], t._id in inside.changed) for t in outputs]

    def _execute(self, graph: Any, op: Any, inputs: list[Any], touched: bool) -> list[tuple[Any, bool]]:
        kind = op.type
        if kind == "Const":
            return [(v, False) for v in execute(op, [])]
        places = [v.key for v in inputs if isinstance(v, Place)]
        if kind == "ReadVariableOp":
            return [(self.table[places[0]], places[0] in self._changed_state)]
        if kind in ("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"):
            now, value = self.table[places[0]], inputs[1]
            if self._wide and kind != "AssignVariableOp":
                now, value = widened(now), widened(value)
            self.table[places[0]] = value if kind == "AssignVariableOp" else now + value if kind == "AssignAddVariableOp" else now - value
            self._changed_state -= {places[0]} if kind == "AssignVariableOp" and not touched else set()
            self._changed_state |= {places[0]} if touched else set()
            return []
        if kind == "VarIsInitializedOp" and places:
            return [(tf.constant(True), False)]
        if kind == "VariableShape":
            return [(tf.constant(tuple(self.table[places[0]].shape), op.outputs[0].dtype), False)]
        if kind == "ResourceGather":
            return [(tf.gather(self.table[places[0]], inputs[1], batch_dims=op.get_attr("batch_dims")), places[0] in self._changed_state)]
        if kind.startswith(RANDOM) and not is_repeatable(op) and not places:
            return [(v, False) for v in self._draw(op, inputs)]
        if not is_repeatable(op) and not places and kind not in LOOKUPS:
            raise Unrepeatable(f"`{kind}` gives something else every time")
        variant = any(t.dtype == dtypes.variant for t in (*op.inputs, *op.outputs))
        moved = touched or any(k in self._changed_state for k in places)
        if self._wide and (moved or variant) and kind != "Bitcast" and not kind.startswith("Stateless") and (id(graph), op.name) not in self._own_precision:
            # In another precision a random op would draw other numbers.
            try:
                found = self._raw(graph, op, [widened(v) for v in inputs], wide=True)
                self.narrow |= moved and any(v.dtype in WIDER for v in found)
                return [(v, moved) for v in found]
            except (tf.errors.OpError, TypeError, ValueError):
                if variant:
                    raise Unrepeatable(f"`{kind}` cannot be computed in float64") from None
                self._own_precision.add((id(graph), op.name))
        self.narrow |= self._wide and moved
        as_made = [v if isinstance(v, Place) or v.dtype == t.dtype or t.dtype in (dtypes.resource, dtypes.variant) else tf.cast(v, t.dtype) for v, t in zip(inputs, op.inputs, strict=True)]
        return [(v, moved) for v in self._raw(graph, op, as_made, wide=False)]

    def _raw(self, graph: Any, op: Any, inputs: list[Any], *, wide: bool) -> list[Any]:
        key = (id(graph), op.name, wide)
        if key not in self._attributes:
            self._attributes[key] = attributes(op, WIDER if wide else {})
        copies: dict[int, Any] = {}
        given = []
        for value in inputs:
            if isinstance(value, Place):
                now = widened(self.table[value.key]) if wide else tf.cast(self.table[value.key], self._dtypes[value.key])
                copies[value.key] = tf.Variable(now, dtype=now.dtype, shape=tf.TensorShape(None), trainable=False)
                value = copies[value.key].handle
            given.append(value)
        results = execute(op, given, self._attributes[key])
        for place, copy in copies.items():
            self.table[place] = copy.read_value()
        return results

    def _draw(self, op: Any, inputs: list[Any]) -> list[Any]:
        """Random numbers of our own, where those of the call are not known: from a generator that is no one else's."""
        self.drawn = True
        self._draws += 1
        return execute(op, inputs, seeded(op, OWN_SEED + self._draws))
