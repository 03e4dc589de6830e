"""Keras layers: which one an op belongs to, and the line that made it."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from gradmagic.capture.made_at import made_at
from gradmagic.capture.operations import Operations
from gradmagic.capture.spans import Place
from gradmagic.recording import Layer, Span

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

LIBRARIES = frozenset({"keras", "tf_keras", "keras_hub", "keras_cv", "keras_nlp"})
CALLS = 1000


class Layers:
    """Every layer that was met, and where those were made that the check saw."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.met: dict[int, Any] = {}
        self.outermost: dict[int, Any] = {}
        # The ids of Keras' own layers that ran without any code of the user's: for their ops nobody has to go through the frames again.
        self.plain: set[int] = set()
        # Variables that a model was called with: what it computes on, and no part of it.
        self.handed_in: set[int] = set()
        self.calls: list[tuple[int, str, Place | None, tuple[int, ...], bool, bool]] = []
        self._names: dict[tuple[int, Place | None], str] = {}
        # The operations of functional models that ran, by id, each with the model.
        self.within: dict[int, Any] = {}
        # By the id of a layer of the user's: when it was called, as far as `CALLS` allows.
        self.turns: dict[int, list[int]] = {}
        self._made: weakref.WeakKeyDictionary[Any, Place | None] = weakref.WeakKeyDictionary()

    def called(self, model: Any, frame: Any, trains: bool = False, infers: bool = False) -> None:
        """A layer was called from outside of any other: note it as a model if it has weights."""
        try:
            self._called(model, frame, trains, infers)
        except Exception as error:
            self.session.failed("note the call of a model", error)

    def meet(self, layer: Any) -> None:
        """A layer is called for the first time: the variables among its attributes that Keras does not list are told by nothing else."""
        self.met[id(layer)] = layer
        if _is_of_keras(layer):
            return
        self.turns[id(layer)] = []
        try:
            variables = self.session.variables
            for _, value in _held(layer):
                if isinstance(value, tf.Variable):
                    variables.add(value)
        except Exception as error:
            self.session.failed("note the variables of a layer", error)

    def given(self, values: Iterable[Any]) -> None:
        """A layer was called from outside of any other with these arguments."""
        try:
            variables = self.session.variables
            for value in values:
                for item in value if isinstance(value, (list, tuple)) else value.values() if isinstance(value, dict) else (value,):
                    if not isinstance(item, tf.Tensor) and variables.is_variable(item):
                        self.handed_in.add(variables.key(item) or 0)
        except Exception as error:
            self.session.failed("note what a model is called with", error)

    def _called(self, model: Any, frame: Any, trains: bool, infers: bool) -> None:
        session = self.session
        weights = tuple(k for k in map(session.variables.key, getattr(model, "trainable_variables", ())) if k is not None)
        if not weights or len(self.calls) >= CALLS:
            return
        place = session.spans.place(frame)
        key = (id(model), place)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = str(session.variables.local_name(session.spans.frame(frame), model) or getattr(model, "name", "the model"))
        self.calls.append((session.next(), name, place, weights, trains or bool(session.doing.active - {session.own_tape}), infers))

    def untracked(self, ops: Any, sources: set[int]) -> dict[int, Layer]:
        """The trainable variables that ops inside a model read and that the outermost model does not know, by id."""
        found: dict[int, Layer] = {}
        known: dict[int, set[int]] = {}
        for op in ops:
            model = self.outermost.get(id(op.layer)) if op.layer is not None else None
            if model is None or op.phase != "forward":
                continue
            if id(model) not in known:
                known[id(model)] = {k for k in map(self.session.variables.key, model.variables) if k is not None}
            for key in op.inputs:
                tensor = self.session.tensors.get(key)
                variable = tensor.variable if tensor is not None and tensor.variable is not None else key
                entry = self.session.variables.known.get(variable)
                if entry is not None and entry.trainable and variable not in known[id(model)] | sources | self.handed_in and variable not in found:
                    kind = type(model)
                    name = str(getattr(model, "path", "") or model.name)
                    found[variable] = Layer(id(model), name, kind.__name__, kind.__module__.partition(".")[0] in LIBRARIES)
                    held = _held_as(op.layer, entry.ref()) if not entry.names and entry.ref is not None else None
                    if held is not None:
                        entry.names.append(held)
        return found

    def name_weights(self) -> None:
        """What TensorFlow calls a weight of Keras lacks the layer's name: the weights of every model that ran by their path in Keras."""
        for model in {id(m): m for m in self.outermost.values()}.values():
            for weight in model.variables:
                self.session.variables.add(weight)

    def name_holders(self) -> None:
        """The attributes under which the user's layers hold others, for the weights of those, and when those layers were called."""
        from keras import layers

        known = self.session.variables.known
        for layer in self.met.values():
            if _is_of_keras(layer):
                continue
            code = getattr(type(layer).call, "__code__", None)
            place = (code.co_filename, -1, code.co_firstlineno) if code is not None else None
            for name, value in _held(layer):
                weights = value.variables if isinstance(value, layers.Layer) else (value,) if self.session.variables.is_variable(value) else ()
                for entry in filter(None, (known.get(self.session.variables.key(w) or 0) for w in weights)):
                    if isinstance(value, layers.Layer) and "[" not in name:
                        entry.holders.add(name)
                    if place is not None:
                        entry.calls.add((tuple(self.turns.get(id(layer), ())), place, name.partition("[")[0]))

    def key(self, layer: Any) -> int | None:
        """The id that the recording knows a layer by."""
        if layer is None:
            return None
        self.met.setdefault(id(layer), layer)
        return id(layer)

    def made(self, layer: Any, place: Place | None) -> None:
        """A layer was made while the check ran."""
        if layer not in self._made:
            self._made[layer] = place

    def facts(self, wanted: set[int], code: Mapping[str | int, str]) -> dict[int, Layer]:
        """The layers of these ids, each with the line that made it: as it was seen, or the one call in the code that agrees with the layer's settings."""
        found, holders = {}, self._holders()
        written = Operations(self.met.values(), code, self.session.namespace)
        for key in wanted:
            layer = self.met.get(key)
            if layer is None:
                continue
            kind = type(layer)
            span = self._span(layer, code, written) or self._span(holders.get(key), code, written)
            if span is None and key in self.within:
                # Of an operation that was written nobody knows where, the model says more.
                layer = self.within[key]
                kind, span = type(layer), self._span(layer, code, written)
            found[key] = Layer(key, str(getattr(layer, "path", "") or layer.name), kind.__name__, kind.__module__.partition(".")[0] in LIBRARIES, span)
        return found

    def _span(self, layer: Any, code: Mapping[str | int, str], written: Operations) -> Span | None:
        place = self._made.get(layer) if layer is not None else None
        if place is None and id(layer) in self.within:
            return written.place(layer)
        return self.session.spans.span(place) if place is not None else made_at(layer, list(self.met.values()), code) if layer is not None else None

    def _holders(self) -> dict[int, Any]:
        """By the id of a layer of Keras' own the other one of Keras' that made it for itself, like an `LSTM` its cell; a model holds what others made."""
        from keras import Model

        own = [other for other in self.met.values() if _is_of_keras(other) and not isinstance(other, Model)]
        return {id(inner): other for other in reversed(own) for inner in getattr(other, "_layers", ()) if _is_of_keras(inner)}


def _is_of_keras(layer: Any) -> bool:
    return type(layer).__module__.partition(".")[0] in LIBRARIES


def _held(layer: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of a layer, and what lists and dicts among them hold, with their names: ``"scale"``, ``"scales[0]"``."""
    for name, value in list(vars(layer).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, (list, tuple)):
            yield from ((f"{name}[{i}]", v) for i, v in enumerate(value))
        elif isinstance(value, dict):
            yield from ((f"{name}[{k!r}]", v) for k, v in value.items())
        else:
            yield name, value


def _held_as(layer: Any, variable: Any) -> str | None:
    """The attribute under which a layer holds a variable that no name of the notebook leads to: ``"mix.scale"``."""
    return next((f"{layer.name}.{name}" for name, value in _held(layer) if value is variable), None)


def install(session: Session) -> None:
    """Note which layer runs, and where layers are made."""
    from keras import Operation, layers

    base: Any = layers.Layer
    session.layers = Layers(session)
    call, new = base.__call__, base.__new__

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy:
            return call(self, *args, **kwargs)
        if id(self) not in session.layers.met:
            session.layers.meet(self)
        doing = session.doing
        before = doing.layer, doing.layer_at
        turns = session.layers.turns.get(id(self))
        if turns is not None and len(turns) < CALLS:
            turns.append(session.next())
        if before[0] is None:
            session.layers.called(self, sys._getframe(1), infers=kwargs.get("training") is False)
            session.layers.given((*args, *kwargs.values()))
        session.layers.outermost.setdefault(id(self), session.layers.outermost.get(id(before[0]), before[0]) or self)
        doing.layer_at, doing.layer = session.spans.place(sys._getframe(1), doing), self
        within, is_plain, noted = (doing.plain, doing.with_users), id(self) in session.layers.plain, session.ops_recorded
        doing.plain, doing.with_users = is_plain, False
        try:
            result = call(self, *args, **kwargs)
            if not is_plain and not doing.with_users and session.ops_recorded > noted and _is_of_keras(self):
                session.layers.plain.add(id(self))
            return result
        finally:
            doing.layer, doing.layer_at = before
            doing.plain, doing.with_users = within

    session.spans.layer_call = __call__.__code__
    compute, make = Operation.__call__, Operation.__new__

    def operate(self: Any, *args: Any, **kwargs: Any) -> Any:
        doing = session.doing
        model = doing.layer
        if session.busy or model is None or isinstance(self, base) or not getattr(model, "operations", None) or not getattr(self, "_inbound_nodes", None):
            return compute(self, *args, **kwargs)
        session.layers.met.setdefault(id(self), self)
        session.layers.within[id(self)] = model
        session.layers.outermost.setdefault(id(self), session.layers.outermost.get(id(model), model))
        doing.layer = self
        try:
            return compute(self, *args, **kwargs)
        finally:
            doing.layer = model

    def made(cls: Any, *args: Any, **kwargs: Any) -> Any:
        one = make(cls, *args, **kwargs)
        if not session.busy and not isinstance(one, base):
            session.layers.made(one, session.here())
        return one

    session.patches.set(Operation, "__call__", operate)
    session.patches.set(Operation, "__new__", staticmethod(made))

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        made = new(cls, *args, **kwargs)
        if not session.busy:
            session.layers.made(made, session.here())
        return made

    get_weights = base.get_weights

    def copies(self: Any) -> Any:
        for weight in () if session.busy else self.weights:
            session.visits.read(session.variables.key(weight) or 0, None)
        return get_weights(self)

    session.patches.set(base, "get_weights", copies)
    # Keras inspects `__init__` of a class to keep its arguments, so that one is left alone.
    session.patches.set(base, "__call__", __call__)
    session.patches.set(base, "__new__", staticmethod(__new__))


__all__ = ["Layers", "install"]
