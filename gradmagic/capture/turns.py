"""What happens in the bodies of a function's loops and conditionals, and in what it does with each element of a dataset, turn by turn.

Nothing but the state of a loop leaves its body. So in the twin of the function each body holds one op more, a `PyFunc`, which hands the gradients that are computed
there, and what a second run would not repeat, to Python as it runs. The user's own graphs and functions are never changed, and what the twin computes is the same.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2, function_pb2
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function import atomic_function
from tensorflow.python.framework import dtypes, ops
from tensorflow.python.ops import script_ops

from gradmagic.capture.events import RawRun
from gradmagic.capture.graph_ops import CALLS, LOOPS, is_dataset, is_repeatable
from gradmagic.capture.twins import PROBES, RECORDED, TARGET, OnGraph, Probe, Template, function_named

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

CPU = "/job:localhost/replica:0/task:0/device:CPU:0"
MAX_DEPTH = 24
MAX_BYTES = 1 << 28
# What a body holds makes the op that runs it one with effects.
STATEFUL = {"StatelessIf": "If", "StatelessCase": "Case", "StatelessWhile": "While", "PartitionedCall": "StatefulPartitionedCall"}
LEADS = OnGraph("leads")
_KNOWN: weakref.WeakKeyDictionary[Any, Turns | None] = weakref.WeakKeyDictionary()


class Body:
    """One graph that the function runs any number of times."""

    def __init__(self, turns: Turns, graph: Any, probes: list[Probe]) -> None:
        self.graph, self.probes = graph, probes
        self.token = f"gradmagic_{ops.uid()}"
        self.begin()

        def arrived(*arrays: Any) -> list[Any]:
            turns.arrived(self, arrays[: len(self.probes)])
            return list(arrays[len(self.probes) :])

        self.arrived = arrived
        # Not `insert`, which counts: the names of the user's own functions would change.
        script_ops._py_funcs._funcs[self.token] = arrived

    def begin(self) -> None:
        """Forget what an earlier call left."""
        self.count, self.kept, self.times, self.shown = 0, [], [], None

    count: int
    kept: list[dict[int, Any]]
    # When each turn that is kept came to its end, among those of all bodies.
    times: list[int]
    # The turn that is to be looked into; None where none was bad.
    shown: int | None


class Turns:
    """The function to call in the place of a twin, and what came out of its bodies at the latest call."""

    def __init__(self) -> None:
        self.bodies: dict[int, Body] = {}
        self.function: Any = None
        self.worse: list[tuple[RawRun, Body, int]] = []
        self._session: Session | None = None
        self._before: Mapping[int, Any] = {}
        self._bytes = self._time = 0

    def begin(self, session: Session, before: Mapping[int, Any]) -> None:
        """A call begins; `before` holds the values of its variables by the ids of their handles."""
        self.end()
        self._session, self._before, self._bytes = session, before, 0

    def end(self) -> None:
        """The call is over, and nothing of the session is kept."""
        self._session, self._before, self.worse = None, {}, []
        for body in self.bodies.values():
            body.begin()

    def covers(self, template: Template) -> bool:
        """Whether a gradient call is told turn by turn."""
        return any(p.template is template for body in self.bodies.values() for p in body.probes)

    def arrived(self, body: Body, arrays: tuple[Any, ...]) -> None:
        """A body ran once; called by TensorFlow, in a thread of its own."""
        session = self._session
        if session is None:
            return
        try:
            self._arrived(session, body, arrays)
        except Exception as error:
            session.failed("look at the gradients of a loop inside a `tf.function`", error)

    def _arrived(self, session: Session, body: Body, arrays: tuple[Any, ...]) -> None:
        from gradmagic.capture.graph_runs import note_graph_run

        turn, kept = body.count, {}
        body.count += 1
        found: dict[Template, dict[int, Any]] = {p.template: {} for p in body.probes if p.template is not None}
        for probe, array in zip(body.probes, arrays, strict=True):
            if probe.template is None:
                self._bytes += getattr(array, "nbytes", 0)
                kept[probe.origin] = _tensor(array, probe.tensor.dtype)
            else:
                found[probe.template][probe.index] = _tensor(array, probe.tensor.dtype)
        self._time += 1
        if self._bytes <= MAX_BYTES and len(body.kept) == turn:
            body.kept.append(kept)
            body.times.append(self._time)
        for template, values in found.items():
            run = note_graph_run(session, template, values, values.pop(TARGET, None), self._before if turn == 0 else None)
            if run is not None:
                self.worse.append((run, body, turn))


def _tensor(array: Any, dtype: Any) -> Any:
    return ops.EagerTensor(array, CPU, dtype.base_dtype.as_datatype_enum)


def leads(graph: Any, depth: int = 0) -> bool:
    """Whether gradients are computed in a body that a graph runs."""
    known: bool | None = LEADS.get(graph)
    if known is None:
        known = depth < MAX_DEPTH and any(_asks(inner, op, depth) for op, _, _, inner in _inner(graph))
        LEADS.setdefault(graph, known)
    return known


def _asks(graph: Any, op: Any, depth: int) -> bool:
    # The gradients of a function that is only called were passed on to the graph that calls it.
    return (op.type not in CALLS and any(p.template is not None for p in PROBES.get(graph, ()))) or leads(graph, depth + 1)


def _inner(graph: Any) -> Iterator[tuple[Any, str, Any, Any]]:
    """(op, attribute, function, graph) of the known functions that the ops of a graph run."""
    if not getattr(graph, "_functions", None):
        return
    for op in graph.get_operations():
        for attribute in op.op_def.attr:
            if attribute.type in ("func", "list(func)"):
                given = op.get_attr(attribute.name)
                for name in [given] if attribute.type == "func" else given:
                    function, inner = function_named(graph, name.name)
                    if inner is not None:
                        yield op, attribute.name, function, inner


def turns_of(session: Session, atomic: Any, twin: Any, graph: Any) -> Turns | None:
    """What to call in the place of a twin to hear of the bodies inside; None where there is nothing to hear, or no way to."""
    if atomic in _KNOWN:
        return _KNOWN[atomic]
    turns: Turns | None = Turns()
    try:
        definition = function_pb2.FunctionDef()
        definition.CopyFrom(twin.definition)
        made = _Maker(turns).remake(graph, definition, None, 0)  # type: ignore[arg-type]
        if made is None or tf.config.list_logical_devices("TPU"):
            turns = None
        else:
            turns.function = _registered(twin, made[0], made[1], graph)  # type: ignore[union-attr]
    except Exception as error:
        session.failed("read the gradients of a loop inside a `tf.function`", error)
        turns = None
    _KNOWN[atomic] = turns
    return turns


def _registered(function: Any, definition: Any, children: list[Any], graph: Any = None) -> Any:
    name = f"{definition.signature.name.rstrip('0123456789')}{ops.uid()}"
    definition.signature.name = name
    context.context().add_function_def(definition)
    return _Remade(function, name, children, graph)


class _Remade(atomic_function.AtomicFunction):  # type: ignore[misc]
    """A function in the place of another: an error in it is told by the lines of that one."""

    def __init__(self, function: Any, name: str, children: list[Any], graph: Any) -> None:
        super().__init__(name, context.context(), function.function_type, [*function.children, *children], function.call_options, graph)
        self._remade = function

    @property
    def graph_debug_info(self) -> Any:
        return self._remade.graph_debug_info


class _Maker:
    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def remake(self, graph: Any, definition: Any, op: Any, depth: int, is_condition: bool = False) -> tuple[Any, list[Any]] | None:
        """The definition of a function changed to tell of its bodies, and the functions that it needs; None where nothing changes."""
        if depth > MAX_DEPTH or definition.attr["_XlaMustCompile"].b or (op is not None and is_dataset(op) and not _asks(graph, op, depth)):
            return None
        nodes, children = _nodes(graph, definition), []
        for inside, attribute, function, inner in _inner(graph):
            if (node := nodes.get(inside.name)) is None:
                continue
            copy = function_pb2.FunctionDef()
            copy.CopyFrom(function.definition)
            if (made := self.remake(inner, copy, inside, depth + 1, attribute == "cond")) is None:
                continue
            children.append(_registered(function, *made))
            _rename(node.attr[attribute], function.name.decode(), made[0].signature.name)
            node.op = STATEFUL.get(node.op, node.op)
            _keep_running(definition, node.name)
            if inside.type in LOOPS:
                # Turns that overlap would arrive out of order.
                node.attr["parallel_iterations"].i = 1
        told = self._tell(graph, definition, op, nodes, is_condition) if op is not None else False
        return (definition, children) if children or told else None

    def _tell(self, graph: Any, definition: Any, op: Any, nodes: Mapping[str, Any], is_condition: bool) -> bool:
        """Add the op that hands on what is wanted of a body."""
        wanted = _wanted(graph, op)
        names = {tensor._id: arg.name for tensor, arg in zip(graph.inputs, definition.signature.input_arg, strict=True)}
        given = [(p, name) for p in wanted if (name := names.get(p.tensor._id) or _name(p.tensor, nodes)) is not None]
        if not given:
            return False
        # A function that is called from several places is one body.
        body = self.turns.bodies.get(id(graph)) or Body(self.turns, graph, [p for p, _ in given])
        self.turns.bodies[id(graph)] = body
        node = definition.node_def.add(name=body.token, op="PyFunc", input=[name for _, name in given])
        node.attr["token"].s = body.token.encode()
        node.attr["Tin"].list.type.extend(p.tensor.dtype.base_dtype.as_datatype_enum for p, _ in given)
        node.attr["Tout"].list.SetInParent()
        if is_condition:
            # Of a condition, only what its result needs is run: the result goes through.
            (result,) = definition.ret
            node.input.append(definition.ret[result])
            for attribute in ("Tin", "Tout"):
                node.attr[attribute].list.type.append(dtypes.bool.as_datatype_enum)
            definition.ret[result] = f"{body.token}:output:0"
        _keep_running(definition, body.token)
        return True


def _nodes(graph: Any, definition: Any) -> dict[str, Any]:
    """The nodes of a function's definition by the names of the ops of its graph, which may be other ones: those of results come first."""
    given = {id(tensor.op) for tensor in graph.inputs}
    pairs = list(zip([op for op in graph.get_operations() if id(op) not in given], definition.node_def, strict=False))
    if all(op.type == node.op for op, node in pairs):
        return {op.name: node for op, node in pairs}
    return {node.name: node for node in definition.node_def}


def _keep_running(definition: Any, name: str) -> None:
    """Have an op of a function run although nothing asks for what it gives."""
    if name not in definition.control_ret.values():
        definition.control_ret[name] = name
        definition.signature.control_output.append(name)
    definition.signature.is_stateful = True


def _rename(value: attr_value_pb2.AttrValue, old: str, new: str) -> None:
    for func in [value.func] if value.HasField("func") else value.list.func:
        if func.name == old:
            func.name = new


def _wanted(graph: Any, op: Any) -> list[Probe]:
    """The gradients of a body, what came into it that cannot be made again, and the results of ops that a second run would not repeat."""
    probes = [p for p in PROBES.get(graph, ()) if p.tensor.graph is graph]
    if op.type in CALLS:
        if probes:
            # The graph that calls it was handed them all.
            return []
    elif is_dataset(op):
        given = len(graph.inputs) - len(op.get_attr("Targuments"))
        probes = probes + [Probe(None, RECORDED, t, t._id) for t in graph.inputs[:given]]
    known = {p.tensor._id for p in probes}
    for inside in graph.get_operations():
        if inside.type != "Placeholder" and not is_repeatable(inside):
            probes += [Probe(None, RECORDED, out, out._id) for out in inside.outputs if out._id not in known]
    return [p for p in probes if p.tensor.dtype not in (dtypes.resource, dtypes.variant)]


def _name(tensor: Any, nodes: Mapping[str, Any]) -> str | None:
    """What a result of an op is called in the definition of a function."""
    if tensor.op.name not in nodes:
        return None
    first = 0
    for arg in tensor.op.op_def.output_arg:
        count = tensor.op.get_attr(arg.number_attr) if arg.number_attr else len(tensor.op.get_attr(arg.type_list_attr)) if arg.type_list_attr else 1
        if tensor.value_index < first + count:
            return f"{nodes[tensor.op.name].name}:{arg.name}:{tensor.value_index - first}"
        first += count
    return None
