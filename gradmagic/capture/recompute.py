"""The ops between the sources and the target of a gradient call, run once more with other values of the sources.

Values that do not depend on the sources are the recorded ones: random numbers, data, what came back from NumPy. Their randomness so cannot disturb a comparison.
What `stop_gradient` holds back stays held. In float64 where every op of the way can be computed in it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context, execute
from tensorflow.python.framework import op_callbacks, op_def_registry
from tensorflow.python.ops import resource_variable_ops

from gradmagic.capture.corners import at_corner
from gradmagic.capture.execution import OutOfTime
from gradmagic.capture.frames import wide_array
from gradmagic.capture.graph_ops import RANDOM, SHAPES
from gradmagic.capture.numbers import array_of

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

MOST_EVENTS = 20_000
HELD = frozenset({"StopGradient", "PreventGradient"})
SILENT = ("Assign", "Print", "Assert", "WriteSummary", "ResourceApply", "ResourceScatter", "CheckNumerics", "NoOp")
FLOAT, DOUBLE = tf.float32.as_datatype_enum, tf.float64.as_datatype_enum


class Void(Exception):
    """A comparison is not possible; the message is a clause that says why."""


class Event:
    """An eager op as it ran, with its tensors; when it ran and under which tapes."""

    __slots__ = ("attributes", "inputs", "kind", "outputs", "seq", "tapes")

    def __init__(self, kind: str, inputs: tuple[Any, ...], attributes: tuple[Any, ...], outputs: tuple[Any, ...], seq: int, tapes: frozenset[int]) -> None:
        self.kind, self.inputs, self.attributes, self.outputs, self.seq, self.tapes = kind, inputs, attributes, outputs, seq, tapes

    @property
    def is_call(self) -> bool:
        return self.kind.startswith("__") or "PartitionedCall" in self.kind


class Events:
    """Every eager op as it ran, with its tensors, while a cell is checked numerically."""

    def __init__(self, session: Session) -> None:
        self.session, self.all, self.dropped = session, list[Event](), False
        op_callbacks.add_op_callback(self._note)
        session.patches.on_undo(self._stop)

    def _stop(self) -> None:
        op_callbacks.remove_op_callback(self._note)
        self.all.clear()

    def _note(self, op_type: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> None:
        if graph is not None or self.session.busy:
            return
        kind = op_type.decode() if isinstance(op_type, bytes) else str(op_type)
        results = tuple(outputs) if isinstance(outputs, (list, tuple)) else (outputs,)
        self.all.append(Event(kind, tuple(inputs), tuple(attrs or ()), results, self.session.next(), self.session.doing.active))
        if len(self.all) > MOST_EVENTS:
            del self.all[: MOST_EVENTS // 2]
            self.dropped = True


class Replay:
    """The way from some sources to a target. `value` computes the target for changed sources.

    Args:
        run: the gradient call; what its tape did not record stays as it was.
        factors: what each target is weighed with.
        sources: the key of each source (a variable's or a tensor's id) and its value as a tensor.
        limit: when to give up, in the seconds of `time.monotonic`.

    Raises:
        Void: the way cannot be run again.
        OutOfTime: the limit has passed.
    """

    def __init__(self, session: Session, events: Events, run: Any, targets: list[Any], factors: list[Any], sources: Mapping[int, Any], limit: float) -> None:
        self.session, self.sources, self.limit = session, sources, limit
        self.targets, self.factors = [t._id for t in targets], factors
        if events.dropped:
            raise Void("the cell ran too many ops to keep them all")
        note = session.tapes.get(run.tape) if run.tape is not None else None
        self.tape = run.tape if any(run.tape in event.tapes for event in events.all) else None
        self.since = {key: seq for key, (seq, _) in note.watch_places.items() if key in sources} if note is not None else {}
        self.steps, self.aliases = self._way(events)
        self.changed = {out._id for event in self.steps for out in event.outputs} | set(sources) | set(self.aliases)
        if not self.steps and not any(t in self.changed for t in self.targets):
            raise Void("the target was not computed eagerly from the source")
        self.wide = True
        self.magnitude = self.floor = 0.0
        kinds = {t.dtype.name for event in self.steps for t in (*event.inputs, *event.outputs)}
        self._blur = 5e-2 if "bfloat16" in kinds else 2e-2 if "float16" in kinds else 0.0
        self.calls = {event.seq: self._call_of(event) for event in self.steps if event.is_call}
        try:
            self.value({})
        except (Void, OutOfTime):
            raise
        except Exception:
            self.wide = False
            try:
                self.value({})
            except (Void, OutOfTime):
                raise
            except Exception as error:
                raise Void(f"an op of the way cannot be run again ({type(error).__name__})") from None
        self.value({key: wide_array(value) for key, value in sources.items()})

    @property
    def dtype(self) -> str:
        return "float64" if self.wide and not any(call.evaluation.narrow for call in self.calls.values()) else "float32"

    @property
    def blur(self) -> float:
        return max([self._blur, *(call.evaluation.blur for call in self.calls.values())])

    def at_corner(self) -> bool:
        """Whether an op on the way stands exactly where its slope changes."""
        eager = (event for event in self.steps if not event.is_call)
        return any(at_corner(e.kind, [array_of(t) for t in e.inputs]) for e in eager) or any(call.evaluation.corners for call in self.calls.values())

    @property
    def through(self) -> tuple[int, ...]:
        """The ops of the custom gradients inside the functions on the way."""
        from gradmagic.capture.compiled import ops_of

        return tuple(op for call in self.calls.values() for op in ops_of(self.session, call.evaluation.through))

    def _call_of(self, event: Event) -> Any:
        from gradmagic.capture.compiled import OfCall

        kept = self.session.graphs.kept.get(event.outputs[0]._id) if event.outputs else None
        if kept is None:
            raise Void("a part of the way is a `tf.function`, whose inside is not computed again")
        wanted = [i for i, out in enumerate(event.outputs[: len(kept.results)]) if out._id in self.needed]
        return OfCall(self.session, kept, wanted, self.limit)

    def _way(self, events: Events) -> tuple[list[Event], dict[int, int]]:
        tainted, aliases = set(self.sources), dict[int, int]()
        forward = []
        for event in events.all:
            if self.tape is not None and self.tape not in event.tapes:
                continue
            for tensor in event.inputs:
                key = self._variable(tensor)
                if key is not None and key in self.sources:
                    aliases[tensor._id] = key
                    tainted.add(tensor._id)
            touched = any(t._id in tainted and event.seq > self.since.get(t._id, 0) for t in event.inputs)
            if touched and event.kind not in HELD | SHAPES and not event.kind.startswith(SILENT):
                tainted.update(o._id for o in event.outputs)
                forward.append(event)
        self.needed, way = set(self.targets), []
        for event in reversed(forward):
            if self.needed.intersection(o._id for o in event.outputs):
                if event.kind.startswith(RANDOM) and any(o.dtype.is_floating for o in event.outputs):
                    raise Void(f"`{event.kind}` draws random numbers that depend on the source")
                if event.kind.startswith(RANDOM):
                    continue
                self.needed.update(t._id for t in event.inputs)
                way.append(event)
        return way[::-1], aliases

    def _variable(self, tensor: Any) -> int | None:
        """The variable whose value TensorFlow's C++ code read by itself."""
        if tensor.dtype in (tf.resource, tf.variant):
            return None
        raw = self.session.tensors.get(tensor._id)
        if raw is None or raw.origin != "variable" or raw.variable is None:
            return None
        if tensor._id not in self.session.variables.doubtful:
            return raw.variable
        # Variables and numbers of the cell can share the memory of one value: the code that uses it tells them apart.
        for op in self.session.ops:
            span = self.session.spans.span(op.place) if tensor._id in op.inputs else None
            if span is not None:
                code = span.code[span.column : span.end_column] if span.line == span.end_line and span.end_column else span.code
                return self._settled(tensor._id, code)
        raise Void("a number of the cell and a variable share their memory, and I cannot tell which was used")

    def _settled(self, key: int, code: str) -> int | None:
        matches, value = self.session.variables.doubtful[key]
        words = set(re.findall(r"[A-Za-z_]\w*", code))
        named = [m for m in matches if any(re.split(r"[.\[]", n)[0 if "[" in n else -1] in words for n in self.session.variables.known[m].names)]
        numbers = [n for n in re.findall(r"(?<![\w.])\d+\.?\d*(?:e-?\d+)?", code) if float(n) == value]
        if len(named) + len(numbers) != 1:
            raise Void("a number of the cell and a variable share their memory, and I cannot tell which was used")
        return named[0] if named else None

    def value(self, moved: Mapping[int, Any]) -> float:
        """The sum of the weighed target, with some sources at other values (arrays of float64)."""
        if time.monotonic() > self.limit:
            raise OutOfTime
        known: dict[int, Any] = {}

        def source(key: int) -> Any:
            if key in moved:
                return self._cast(tf.constant(moved[key]))
            return self._cast(self.sources[key])

        def look_up(tensor: Any) -> Any:
            key = tensor._id
            if key in known:
                return known[key]
            if key in self.aliases:
                return source(self.aliases[key])
            if key in self.sources and tensor.dtype is not tf.resource:
                return source(key)
            return self._cast(tensor)

        with self.session.aside():
            for event in self.steps:
                if event.is_call:
                    self._call(event, moved, known, look_up)
                    continue
                results = self._run(event, look_up, source)
                known.update((out._id, result) for out, result in zip(event.outputs, results, strict=True))
            total, self.magnitude = 0.0, 0.0
            for key, factor in zip(self.targets, self.factors, strict=True):
                found = known.get(key)
                if found is None and key in self.sources:
                    found = source(key)
                if found is None:
                    continue
                array = np.asarray(found.numpy(), np.float64) * factor
                total += float(array.sum())
                self.magnitude += float(np.abs(array).sum())
        return total

    def _call(self, event: Event, moved: Mapping[int, Any], known: dict[int, Any], look_up: Any) -> None:
        """A function on the way, with what has changed of its inputs and variables."""
        call = self.calls[event.seq]
        variables = {key: self._cast(tf.constant(value)) for key, value in moved.items()}
        changed = {i: look_up(t) for i, t in enumerate(event.inputs) if t.dtype not in (tf.resource, tf.variant) and t._id in self.changed}
        for i, result in zip(call.wanted, call.results(variables, changed, wide=self.wide), strict=True):
            known[event.outputs[i]._id] = self._cast(result)

    def _cast(self, tensor: Any) -> Any:
        if self.wide and tensor.dtype in (tf.float32, tf.float16, tf.bfloat16):
            return tf.cast(tensor, tf.float64)
        if self.wide and tensor.dtype == tf.complex64:
            return tf.cast(tensor, tf.complex128)
        if not self.wide and tensor.dtype == tf.float64:
            return tf.cast(tensor, tf.float32)
        return tensor

    def _run(self, event: Event, look_up: Any, source: Any) -> Any:
        kind, inputs, attributes, outputs = event.kind, event.inputs, event.attributes, event.outputs
        if kind == "ReadVariableOp":
            return [source(inputs[0]._id)] if inputs[0]._id in self.sources else [self._cast(o) for o in outputs]
        if kind == "ResourceGather":
            pairs = dict(zip(attributes[::2], attributes[1::2], strict=False))
            if inputs[0]._id not in self.sources:
                return [self._cast(o) for o in outputs]
            return [tf.gather(source(inputs[0]._id), inputs[1], batch_dims=int(pairs.get("batch_dims", 0)))]
        if any(t.dtype is tf.resource for t in inputs):
            raise Void(f"`{kind}` reads or writes state")
        given = [look_up(t) for t in inputs]
        # In another precision a random op would draw other numbers.
        types = _type_attributes(kind) if not kind.startswith("Stateless") else frozenset()
        pairs_ = dict(zip(attributes[::2], attributes[1::2], strict=False))
        flat: list[Any] = []
        for name, value in pairs_.items():
            text = name.decode() if isinstance(name, bytes) else str(name)
            if value is None:
                continue
            flat += [text, self._type(value) if text in types else value]
        found = execute.execute(kind.encode(), len(outputs), given, tuple(flat), context.context())
        return list(found) if isinstance(found, (list, tuple)) else [found]

    def _type(self, value: Any) -> Any:
        if not self.wide:
            return value
        if isinstance(value, (list, tuple)):
            return [self._type(v) for v in value]
        enum = value.as_datatype_enum if isinstance(value, tf.DType) else value
        if enum == tf.complex64.as_datatype_enum:
            return tf.complex128.as_datatype_enum
        return DOUBLE if enum in (FLOAT, tf.float16.as_datatype_enum, tf.bfloat16.as_datatype_enum) else value


def _type_attributes(kind: str) -> frozenset[str]:
    definition = op_def_registry.get(kind)
    return frozenset(a.name for a in definition.attr if a.type in ("type", "list(type)")) if definition is not None else frozenset()


def read(variable: Any) -> Any:
    """The value of a variable, read without a tape noticing."""
    return resource_variable_ops.gen_resource_variable_ops.read_variable_op(variable.handle, variable.dtype)
