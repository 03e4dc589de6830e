"""Python values that a `tf.function` read when it was traced, and that are others when it is called again without a new trace."""

from __future__ import annotations

import inspect
import weakref
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function import polymorphic_function
from tensorflow.python.util import tf_decorator

from gradmagic.capture.counters import Counter, counters_of
from gradmagic.capture.reads import MISSING, Read, callables, lookup, parts_of, plain, reads_of
from gradmagic.capture.session import Session
from gradmagic.recording import KeptObject, Span, StaleRead

SMALL = 1000
# Lists of a model's weights are made anew by every read: in the first calls, and then ever more seldom.
OFTEN = 32
CLOSELY = 64
WEIGHTS = frozenset({"trainable_variables", "trainable_weights"})


class Weights(tuple[int, ...]):
    """The trainable weights of a model, by their ids."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{len(self)} weight" + ("" if len(self) == 1 else "s")


def built_for_others(optimizer: Any, weights: Weights) -> tuple[Weights, Weights] | None:
    """The weights that a Keras optimizer was built for beside those that it would be given now, where these are others."""
    built = Weights(id(v) for v in getattr(optimizer, "_trainable_variables", None) or ())
    return (built, weights) if built and weights and set(built) != set(weights) else None


class Traced:
    """A function of the user's, or a training step of Keras': which Python values its code reads, and what they were when its graph was made."""

    def __init__(self, owner: Any, name: str, reads: list[Read], counters: list[Counter]) -> None:
        # The function is held, so that no other one gets its id.
        self.owner, self.name, self.reads, self.counters = owner, name, reads, counters
        self.calls = 0
        self.values = self.now()
        self.made: dict[Read, Any] = {}
        self.found: dict[Read, StaleRead] = {}

    def place(self, session: Session, read: Read) -> Span | None:
        """The line on which the code reads a value."""
        if not read.file:
            # No line of the user's reads it: the call of Keras' that runs now.
            return session.spans.span(session.training[-1].span) if session.training else None
        return session.spans.at(read.file, read.line, function=read.function)

    def is_other(self, read: Read, value: Any) -> bool:
        """Whether a value is none of those that the graph can have been made with."""
        return value is not MISSING and not _same(value, self.values.get(read)) and (read not in self.made or not _same(value, self.made[read]))

    def now(self) -> dict[Read, Any]:
        """What the code would read now."""
        weights = self.calls < OFTEN or self.calls & (self.calls - 1) == 0
        return {read: _value(read, weights) for read in self.reads}


def install(session: Session) -> None:
    """Look at the Python values that a function's code reads, before each of its eager calls."""
    original = polymorphic_function.Function.__call__

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or not context.executing_eagerly() or tf.config.functions_run_eagerly():
            return original(self, *args, **kwargs)
        known = session.traced.get(id(self), MISSING)
        if known is MISSING:
            known = session.traced[id(self)] = traced(session, self)
        if known is None:
            return original(self, *args, **kwargs)
        count = _traces(session, self)
        # Names that are read change seldom, and stay changed.
        values = _now(session, known) if known.calls < CLOSELY or known.calls % 8 == 0 else {}
        counted = [counter.value() for counter in known.counters]
        result = original(self, *args, **kwargs)
        known.calls += 1
        for counter, number in zip(known.counters, counted, strict=True):
            counter.note(number, _traces(session, self) != count)
        if _traces(session, self) != count:
            # What the trace itself made (a model builds its layers when it is first called) is what the graph works with.
            known.made = _now(session, known)
            known.values = values or known.made
        else:
            _note(session, known, values)
        return result

    session.patches.set(polymorphic_function.Function, "__call__", __call__)


def _traces(session: Session, function: Any) -> int:
    """How often a function was traced, or in a trial the one that runs in its place."""
    runs = session.stand_ins.get(id(function)) if session.fresh_functions else function
    return runs.experimental_get_tracing_count() if runs is not None else 0


def stale_reads(session: Session) -> list[StaleRead]:
    """The values that changed while the graph kept the old ones."""
    functions = [known for known in session.traced.values() if known is not None]
    counted = [counter.fact(session, known.name, known.calls) for known in functions for counter in known.counters]
    return [*session.stale, *(read for known in functions for read in known.found.values()), *(read for read in counted if read is not None)]


def _now(session: Session, known: Traced) -> dict[Read, Any]:
    try:
        return known.now()
    except Exception as error:
        session.failed("look at what a `tf.function` reads", error)
        return {}


def _note(session: Session, known: Traced, values: dict[Read, Any]) -> None:
    for read, value in values.items():
        if read in known.values and read not in known.found and known.is_other(read, value):
            known.found[read] = StaleRead(known.name, read.text, known.values.get(read), value, known.place(session, read), known.calls)


def traced(session: Session, function: Any) -> Traced | None:
    """What the code of a function of the user's, or of a model's training step, reads; None where there is no such code."""
    try:
        step = training_step(function._python_function)
        if step is not None:
            return _of_model(session, function, step)
        parts = parts_of(session, [(function._python_function, None)])
        first = tf_decorator.unwrap(function._python_function)[1]
        if not parts or parts[0].plain is not inspect.unwrap(getattr(first, "__func__", first)):
            return None
        return Traced(function, parts[0].plain.__name__, reads_of(parts), counters_of(parts))
    except Exception as error:
        session.failed("look at what a `tf.function` reads", error)
        return None


def kept_weights(session: Session, function: Any) -> StaleRead | None:
    """The list of a model's weights that a function reads, where the optimizer that it uses was built for other ones of that model."""
    known = traced(session, function)
    if known is None:
        return None
    optimizers = {id(o): o for v in known.values.values() if isinstance(v, KeptObject) and isinstance(o := v.kept(), keras.Optimizer)}
    built = [Weights(id(v) for v in getattr(o, "_trainable_variables", None) or ()) for o in optimizers.values()]
    for read, value in known.values.items():
        if not isinstance(value, Weights) or read.inner or any(set(b) == set(value) for b in built):
            continue
        owner = lookup(read.names[:-1], read.spaces)
        kept = [b for b in built if b and set(b) <= {id(w) for w in owner.weights}]
        if len(kept) == 1:
            return StaleRead(known.name, read.text, kept[0], value, known.place(session, read), 1)
    return None


def compiled_in(function: Any) -> dict[str, Any]:
    """The `tf.function`s that a training function of Keras' runs, by the names of what was compiled: the step for an iterator, and that for a batch."""
    values = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    return {getattr(v._python_function, "__name__", ""): v for v in values if isinstance(v, polymorphic_function.Function)}


def training_step(function: Any, depth: int = 0) -> Any:
    """The bound `train_step` that Keras wraps into a compiled function; None for any other function."""
    code = getattr(function, "__code__", None)
    if code is None or depth > 4 or not str(getattr(function, "__module__", "")).startswith("keras."):
        return None
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if name == "step_function":
            return value if getattr(value, "__name__", "") == "train_step" else None
        value = getattr(value, "_python_function", value)
        if inspect.isfunction(value) and (found := training_step(value, depth + 1)) is not None:
            return found
    return None


def _of_model(session: Session, function: Any, step: Any) -> Traced:
    model = step.__self__
    own = session.spans.is_user_file(getattr(inspect.unwrap(step.__func__), "__code__", _of_model.__code__).co_filename)
    roots = [(step.__func__, model)] if own else []
    parts = parts_of(session, [*roots, (type(model).compute_loss, model), *callables(model), *callables(getattr(model, "loss", None))])
    reads = reads_of(parts, len(roots))
    if not own and session.training:
        call = session.training[-1]
        reads.append(Read(f"{call.model}.trainable_variables", ("model", "trainable_variables"), [{"model": model}]))
    return Traced(function, "train_step" if own else session.training[-1].name if session.training else "fit", reads, counters_of(parts))


def _same(value: Any, other: Any) -> bool:
    """Whether a value is the one from before: NaN is, although it equals nothing."""
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_same, value, other))
    return bool(value == other or (value != value and other != other))


def _value(read: Read, weights: bool) -> Any:
    """What a chain of names leads to, where that can be told apart from another value: a plain number, text or small array, an object of Keras, a variable, a model's list of weights.

    None for anything else (of code that is only called: for all but numbers and texts), `MISSING` for weights that are not asked for this time. Properties are not run, but for those lists.
    """
    names = read.names
    if names[-1] in WEIGHTS and not read.inner:
        owner = lookup(names[:-1], read.spaces)
        if isinstance(owner, keras.Layer) and getattr(type(owner), names[-1], None) in (getattr(keras.Layer, names[-1]), getattr(keras.Model, names[-1])):
            return Weights(id(v) for v in getattr(owner, names[-1])) if weights else MISSING
    value = lookup(names, read.spaces)
    number = plain(value)
    if number is not None or read.inner:
        return number
    if isinstance(value, np.ndarray) and value.size <= SMALL and not value.dtype.hasobject:
        return value.tolist()
    if isinstance(value, (keras.Layer, keras.Optimizer, keras.Metric, keras.Loss, tf.Variable)):
        return KeptObject(type(value).__name__, weakref.ref(value), isinstance(value, keras.Layer))
    return None
