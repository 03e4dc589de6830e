"""Functions that were traced before the check: their graphs hide where they ask for gradients.

Such a function is traced once more, aside and unheard, and where the new graph is the old one op for op it runs in its place while the check lasts. Where it is
another (the function keeps something that has changed since), or cannot be made, the old one runs, and the report says that it could not be seen into.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function import concrete_function, polymorphic_function
from tensorflow.python.framework import dtypes, tensor_util
from tensorflow.python.util import tf_decorator

from gradmagic.capture.aside import unseen
from gradmagic.capture.graph_ops import graphs_of
from gradmagic.capture.numbers import array_of
from gradmagic.capture.session import Session
from gradmagic.capture.snapshot import Snapshot
from gradmagic.capture.stale import compiled_in, kept_weights, traced, training_step
from gradmagic.capture.twins import NOTES, inner_graphs
from gradmagic.recording import StaleRead

ASKING = frozenset({"GradientTape", "gradient", "gradients", "jacobian", "batch_jacobian", "minimize"})
# Attributes that only name something, and are numbered anew in each trace: a Python function, a dataset, a variable for a debugger.
LABELS = frozenset({"token", "metadata", "debug_name"})


class Unlike(Exception):
    """A function would be traced differently now. `read` is the Python value that it keeps, where that is known, `before` the training step of Keras' in whose place it would run."""

    def __init__(self, read: StaleRead | None, before: Any = None) -> None:
        super().__init__()
        self.read, self.before = read, before


def install(session: Session) -> None:
    """Run functions that were traced before in a graph that can be read."""
    original = polymorphic_function.Function.__call__
    known: dict[int, tuple[Any, Any]] = {}

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or not context.executing_eagerly() or getattr(self, "_gradmagic_own", False):
            return original(self, *args, **kwargs)
        if id(self) in known:
            return original(known[id(self)][1], *args, **kwargs)
        known[id(self)] = self, self
        try:
            _compare_step(session, self, args, kwargs)
            stand_in = _readable(session, self, args, kwargs)
        except Exception as error:
            read, before = (error.read, error.before) if isinstance(error, Unlike) else (None, None)
            if session.fresh_functions and read is None:
                # An edit is meant to make it another one.
                before = None
            runs = before if before is not None else self
            known[id(self)] = self, runs
            if before is not None or (session.fresh_functions and read is not None):
                session.as_traced.add(id(runs))
            traces = runs.experimental_get_tracing_count()
            result = original(runs, *args, **kwargs)
            if runs.experimental_get_tracing_count() == traces:
                session.stale += [read] if read is not None else []
                if not session.fresh_functions and not (before is not None and read is not None):
                    session.unseen.append(session.training[-1].name if before is not None and session.training else _name(self))
            return result
        if stand_in is not None and not session.fresh_functions:
            known[id(self)] = self, stand_in
        return original(known[id(self)][1], *args, **kwargs)

    session.patches.set(polymorphic_function.Function, "__call__", __call__)
    _watch_concrete(session)


def _watch_concrete(session: Session) -> None:
    """Say of a graph that was taken out of its function before, and asks for gradients, that it was not seen into."""
    original = concrete_function.ConcreteFunction.__call__
    known: set[Any] = set()

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not session.busy and context.executing_eagerly() and self.graph not in known:
            known.add(self.graph)
            if self.graph not in NOTES and _has_gradients(self.graph):
                session.unseen.append(self.graph.name)
                if session.own is not None:
                    session.own.give_way()
        return original(self, *args, **kwargs)

    session.patches.set(concrete_function.ConcreteFunction, "__call__", __call__)


def _has_gradients(graph: Any, depth: int = 0) -> bool:
    """Whether a graph, or one inside it, holds ops that a tape made."""
    return depth < 20 and any(op.name.startswith("gradient_tape/") or any(inner is not None and _has_gradients(inner, depth + 1) for inner in inner_graphs(graph, op)) for op in graph.get_operations())


def _name(function: Any) -> str:
    return getattr(function._python_function, "__name__", "a function")


def _compare_step(session: Session, function: Any, args: Any, kwargs: Any) -> None:
    """Look whether a training step of Keras' is the one in whose place it is traced.

    Raises:
        Unlike: that one computes something else.
    """
    step = training_step(function._python_function)
    before = compiled_in(session.steps_before.get(id(step.__self__))).get(_name(function)) if step is not None else None
    graphs = graphs_of(before) if before is not None else []
    if not graphs or any(_draws(graph) for graph in graphs):
        return
    runs, templates, updates = len(session.runs), len(session.graphs.traced_runs), len(session.updates)
    new = None
    try:
        with unseen(None), session.without_tapes():
            new = function.get_concrete_function(*args, **kwargs).graph
    except Exception:
        # Whether the step from before raises is seen when it runs.
        new = None
    if new is None or not any(_differing(graph, new) == [] for graph in graphs):
        del session.runs[runs:], session.graphs.traced_runs[templates:], session.updates[updates:]
        raise Unlike(_kept(session, before, graphs, new) if new is not None else kept_weights(session, before), before)


def _readable(session: Session, function: Any, args: Any, kwargs: Any) -> Any:
    """The same function with a graph that was traced under the hooks; None where the function can run as it is.

    Raises:
        Unlike: what is traced now computes something else than the graphs that are there.
    """
    graphs = graphs_of(function)
    if not graphs or any(graph in NOTES for graph in graphs) or not _asks(session, function):
        return None
    if session.own is not None:
        session.own.give_way()
    if any(_draws(graph) for graph in graphs):
        # Its own op counts on from call to call; the op of another graph would begin anew.
        raise Unlike(None)
    stand_in = function._clone(None)
    runs, templates, updates = len(session.runs), len(session.graphs.traced_runs), len(session.updates)
    new = None
    with session.aside():
        state = Snapshot(session.namespace, most_bytes=0)
    try:
        # Under an open tape TensorFlow traces conditionals in another form, and the function was traced without one.
        with unseen(None), session.without_tapes():
            new = stand_in.get_concrete_function(*args, **kwargs)
        if any(same_graph(old, new.graph) for old in graphs):
            return stand_in
    except Exception:
        # What is raised by a trace that nobody asked for is no news to the user.
        new = None
    finally:
        # Its code counts, appends and draws when it is traced.
        with session.aside():
            state.restore()
    del session.runs[runs:], session.graphs.traced_runs[templates:], session.updates[updates:]
    raise Unlike(kept_weights(session, function) or (_kept(session, function, graphs, new.graph) if new is not None else None))


def _kept(session: Session, function: Any, graphs: list[Any], new: Any) -> StaleRead | None:
    """The first constant that differs, if a name that the function reads has its new value."""
    known = traced(session, function)
    old = next((found for graph in graphs if (found := _differing(graph, new)) is not None), None)
    if known is None:
        return None
    for before, after in old or ():
        was, now = (tensor_util.MakeNdarray(op.get_attr("value")) for op in (before, after))
        for read, value in known.values.items():
            if isinstance(value, (bool, int, float, list)) and np.array_equal(np.asarray(value, now.dtype), now):
                # As it was written: a float32 has more digits than the code.
                before_ = float(str(was[()])) if was.dtype.kind == "f" and not was.shape else was.tolist()
                return StaleRead(known.name, read.text, before_, value, known.place(session, read), 1)
    return None


def _differing(one: Any, other: Any, depth: int = 0) -> list[tuple[Any, Any]] | None:
    """The constants in which two graphs with the same ops differ, and those of the graphs inside them; None where the ops are others."""
    ours, theirs = one.get_operations(), other.get_operations()
    if depth > 20 or [op.type for op in ours] != [op.type for op in theirs]:
        return None
    found: list[tuple[Any, Any]] = []
    for a, b in zip(ours, theirs, strict=True):
        if a.type == "Const" and _attributes(a) != _attributes(b):
            found.append((a, b))
        inner = inner_graphs(one, a), inner_graphs(other, b)
        for f, g in zip(*inner, strict=False):
            below = _differing(f, g, depth + 1) if f is not None and g is not None else None
            if below is None:
                return None
            found += below
    return found


def _asks(session: Session, function: Any) -> bool:
    """Whether a function of the user's, or one that it calls by a name of its module, asks for gradients."""
    plain = tf_decorator.unwrap(function._python_function)[1]
    seen: set[Any] = set()
    waiting = [getattr(plain, "__func__", plain)]
    while waiting and len(seen) < 200:
        current = waiting.pop()
        code = getattr(current, "__code__", None)
        if code is None or code in seen or not session.spans.is_user_file(code.co_filename):
            continue
        seen.add(code)
        names = set(code.co_names)
        for part in code.co_consts:
            if isinstance(part, types.CodeType):
                names |= set(part.co_names)
        if names & ASKING:
            return True
        space = getattr(current, "__globals__", {})
        for name in names:
            value = space.get(name)
            waiting.append(getattr(value, "_python_function", value))
    return False


def _draws(graph: Any, depth: int = 0) -> bool:
    """Whether a graph draws random numbers that follow from a seed and from how often it ran."""
    for op in graph.get_operations():
        attributes = op.node_def.attr
        if "seed2" in attributes and not op.type.startswith("Stateless") and (attributes["seed"].i or attributes["seed2"].i):
            return True
        inner = inner_graphs(graph, op) if depth < 20 else []
        if any(i is not None and _draws(i, depth + 1) for i in inner):
            return True
    return False


def same_graph(one: Any, other: Any, depth: int = 0) -> bool:
    """Whether two graphs compute the same: the same ops in the same order, from the same inputs, constants and captured variables."""
    ours, theirs = one.get_operations(), other.get_operations()
    # What an inner graph captures is among the inputs of the op that runs it.
    if depth > 20 or len(ours) != len(theirs) or (not depth and not _same_captures(one, other)):
        return False
    # Not by name: a trace that made variables first numbers its scopes otherwise.
    places = [{op: i for i, op in enumerate(ops)} for ops in (ours, theirs)]
    if any(_inputs(a, places[0]) != _inputs(b, places[1]) for a, b in zip(ours, theirs, strict=True)):
        return False
    return all(_same_op(one, other, a, b, depth) for a, b in zip(ours, theirs, strict=True))


def _inputs(op: Any, places: dict[Any, int]) -> list[tuple[int, int]]:
    return [(places[t.op], t.value_index) for t in op.inputs]


def _same_op(one: Any, other: Any, a: Any, b: Any, depth: int) -> bool:
    if a.type != b.type:
        return False
    if _attributes(a) != _attributes(b):
        return False
    inner = [inner_graphs(graph, op) for graph, op in ((one, a), (other, b))]
    return len(inner[0]) == len(inner[1]) and all(f is not None and g is not None and same_graph(f, g, depth + 1) for f, g in zip(*inner, strict=True))


def _attributes(op: Any) -> dict[str, bytes]:
    """What a graph op is given beside its inputs, but for names. As bytes: a NaN is not equal to itself."""
    given = op.node_def.attr
    wanted = [a.name for a in op.op_def.attr if a.name in given and a.name not in LABELS and a.type not in ("func", "list(func)")]
    return {name: given[name].SerializeToString(deterministic=True) for name in wanted}


def _same_captures(one: Any, other: Any) -> bool:
    ours, theirs = list(getattr(one, "external_captures", ())), list(getattr(other, "external_captures", ()))
    if len(ours) != len(theirs):
        return False
    return all(a is b or _same_value(a, b) for a, b in zip(ours, theirs, strict=True))


def _same_value(a: Any, b: Any) -> bool:
    if a.dtype != b.dtype or a.dtype in (dtypes.resource, dtypes.variant):
        return False
    left, right = array_of(a), array_of(b)
    return left is not None and right is not None and np.shape(left) == np.shape(right) and np.asarray(left).tobytes() == np.asarray(right).tobytes()
