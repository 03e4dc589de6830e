"""Python values that a `tf.function` read when it was traced, and that are others when it is called again without a new trace."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import weakref
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function import polymorphic_function
from tensorflow.python.util import tf_decorator

from gradmagic.capture.session import Session
from gradmagic.recording import KeptObject, Span, StaleRead

MISSING = object()
SMALL = 1000
# Lists of a model's weights are made anew by every read: in the first calls, and then ever more seldom.
OFTEN = 32
WEIGHTS = frozenset({"trainable_variables", "trainable_weights"})


class Weights(tuple[int, ...]):
    """The trainable weights of a model, by their ids."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{len(self)} weight" + ("" if len(self) == 1 else "s")


class Traced:
    """A function of the user's: which Python values its code reads, and what they were when its graph was made."""

    def __init__(self, function: Any, reads: dict[str, tuple[int, tuple[str, ...]]], spaces: list[dict[str, Any]]) -> None:
        self.function = weakref.ref(function)
        self.name = getattr(function, "__name__", "the function")
        self.reads, self.spaces = reads, spaces
        self.calls = 0
        self.values = self.now()
        self.made: dict[str, Any] = {}
        self.found: dict[str, StaleRead] = {}

    def place(self, session: Session, text: str) -> Span | None:
        """The line on which the code reads a value."""
        code = getattr(self.function(), "__code__", None)
        return session.spans.at(code.co_filename, self.reads[text][0], function=self.name) if code is not None else None

    def is_other(self, text: str, value: Any) -> bool:
        """Whether a value is none of those that the graph can have been made with."""
        return value is not MISSING and value != self.values.get(text) and (text not in self.made or value != self.made[text])

    def now(self) -> dict[str, Any]:
        """What the code would read now."""
        weights = self.calls < OFTEN or self.calls & (self.calls - 1) == 0
        return {text: _value(names, self.spaces, weights) for text, (_, names) in self.reads.items()}


def install(session: Session) -> None:
    """Look at the Python values that a function's code reads, before each of its eager calls."""
    original = polymorphic_function.Function.__call__

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or not context.executing_eagerly():
            return original(self, *args, **kwargs)
        known = session.traced.get(id(self), MISSING)
        if known is MISSING:
            known = session.traced[id(self)] = traced(session, self)
        if known is None:
            return original(self, *args, **kwargs)
        values, count = known.now(), self.experimental_get_tracing_count()
        result = original(self, *args, **kwargs)
        known.calls += 1
        if self.experimental_get_tracing_count() != count:
            known.values = values
            # What the trace itself made (a model builds its layers when it is first called) is what the graph works with.
            known.made = {text: value for text, value in known.now().items() if isinstance(value, (Weights, KeptObject))}
        elif any(known.is_other(text, value) for text, value in values.items()):
            _note(session, known, values, sys._getframe(1))
        return result

    __call__.__wrapped__ = original  # type: ignore[attr-defined]
    session.patches.set(polymorphic_function.Function, "__call__", __call__)


def stale_reads(session: Session) -> list[StaleRead]:
    """The values that changed while the graph kept the old ones."""
    return [*session.stale, *(read for known in session.traced.values() if known is not None for read in known.found.values())]


def _note(session: Session, known: Traced, values: dict[str, Any], frame: Any) -> None:
    for text, value in values.items():
        before = known.values.get(text)
        if known.is_other(text, value) and text not in known.found:
            known.found[text] = StaleRead(known.name, text, before, value, known.place(session, text), known.calls)


def traced(session: Session, function: Any) -> Traced | None:
    """What the code of a function of the user's reads; None where there is no such code."""
    try:
        inner: Any = tf_decorator.unwrap(function._python_function)[1]
        bound = getattr(inner, "__self__", None)
        # TensorFlow binds a method to a stand-in that holds its object weakly.
        bound = getattr(bound, "target", bound)
        plain: Any = inspect.unwrap(getattr(inner, "__func__", inner))
        code = getattr(plain, "__code__", None)
        if code is None or not session.spans.is_user_file(code.co_filename):
            return None
        lines, first = inspect.getsourcelines(plain)
        tree = ast.parse(textwrap.dedent("".join(lines)))
        closed = {}
        for name, cell in zip(code.co_freevars, plain.__closure__ or (), strict=False):
            try:
                closed[name] = cell.cell_contents
            except ValueError:
                continue
        if bound is not None and code.co_argcount:
            closed[code.co_varnames[0]] = bound
        return Traced(plain, _reads(tree, first), [closed, plain.__globals__])
    except (OSError, TypeError, SyntaxError, AttributeError, IndentationError):
        return None


def _reads(tree: ast.Module, first: int) -> dict[str, tuple[int, tuple[str, ...]]]:
    """The names and attributes that the code reads and never writes, with their lines."""
    written: set[str] = set()
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
            written.add(ast.unparse(node))
        if isinstance(node, ast.arg):
            written.add(node.arg)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            names = _chain(node)
            if names is not None:
                found.setdefault(ast.unparse(node), (node.lineno + first - 1, names))
    return {text: read for text, read in found.items() if text not in written}


def _chain(node: ast.expr) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        before = _chain(node.value)
        return None if before is None else (*before, node.attr)
    return None


def _value(names: tuple[str, ...], spaces: list[dict[str, Any]], weights: bool) -> Any:
    """What a chain of names leads to, where that can be told apart from another value: a plain number, text or small array, an object of Keras, a variable, a model's list of weights.

    None for anything else, `MISSING` for weights that are not asked for this time. Properties are not run, but for those lists.
    """
    value: Any = MISSING
    for space in spaces:
        if names[0] in space:
            value = space[names[0]]
            break
    for name in names[1:]:
        if value is MISSING:
            return None
        if name in WEIGHTS and isinstance(value, keras.Layer) and getattr(type(value), name, None) in (getattr(keras.Layer, name), getattr(keras.Model, name)):
            return Weights(id(v) for v in getattr(value, name)) if weights else MISSING
        value = getattr(value, "__dict__", {}).get(name, MISSING) if not inspect.ismodule(value) else MISSING
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray) and value.size <= SMALL:
        return value.tolist()
    if isinstance(value, (keras.Layer, keras.Optimizer, keras.Metric, keras.Loss, tf.Variable)):
        return KeptObject(type(value).__name__, weakref.ref(value))
    return None
