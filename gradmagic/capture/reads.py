"""Which Python values the code of a function reads by name, there and in the functions and layers of the user's that it calls."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from tensorflow.python.eager.polymorphic_function import polymorphic_function
from tensorflow.python.util import tf_decorator

from gradmagic.capture.session import Session

MISSING = object()
MOST_PARTS = 60
MOST_ITEMS = 50
Space = dict[str, Any]


class Read:
    """A name, or a chain of attributes, that code reads: where, and among which names it is looked up. `inner` is set for code that the function only calls; `file` is empty where Keras reads it."""

    __slots__ = ("file", "function", "inner", "line", "names", "spaces", "text")

    def __init__(self, text: str, names: tuple[str, ...], spaces: list[Space], line: int = 0, file: str = "", function: str = "", inner: bool = False) -> None:
        self.text, self.names, self.spaces = text, names, spaces
        self.line, self.file, self.function, self.inner = line, file, function, inner


class Part:
    """One function of the user's with the object that it is bound to: its code and the names that it sees."""

    def __init__(self, session: Session, function: Any, bound: Any = None) -> None:
        """Raises OSError, TypeError, SyntaxError or AttributeError where there is no such code."""
        inner: Any = tf_decorator.unwrap(function)[1]
        found = getattr(inner, "__self__", bound)
        # TensorFlow binds a method to a stand-in that holds its object weakly.
        self.bound = getattr(found, "target", found)
        self.plain: Any = inspect.unwrap(getattr(inner, "__func__", inner))
        code = self.plain.__code__
        if not session.spans.is_user_file(code.co_filename):
            raise TypeError("no code of the user's")
        lines, self.first = inspect.getsourcelines(self.plain)
        self.tree = ast.parse(textwrap.dedent("".join(lines)))
        closed: Space = {}
        for name, cell in zip(code.co_freevars, self.plain.__closure__ or (), strict=False):
            try:
                closed[name] = cell.cell_contents
            except ValueError:
                continue
        if self.bound is not None and code.co_argcount:
            closed[code.co_varnames[0]] = self.bound
        self.spaces = [closed, self.plain.__globals__]
        given = set(code.co_varnames[:1]) if self.bound is not None else set()
        self.local = {node.arg for node in ast.walk(self.tree) if isinstance(node, ast.arg)} - given
        self.written = {ast.unparse(node) for node in ast.walk(self.tree) if isinstance(node, (ast.Name, ast.Attribute)) and not isinstance(node.ctx, ast.Load)}

    def chains(self) -> Iterator[tuple[tuple[str, ...], ast.expr]]:
        """The chains of names that are read and never written here, each with its first place."""
        seen: set[str] = set()
        read = [node for node in ast.walk(self.tree) if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load)]
        # A walk goes through the levels of a tree, not through its lines.
        for node in sorted(read, key=lambda n: (n.lineno, n.col_offset)):
            text, names = ast.unparse(node), chain(node)
            if names is not None and text not in seen and text not in self.written and names[0] not in self.local and names[0] not in self.written:
                seen.add(text)
                yield names, node

    def writes(self) -> set[tuple[int, str]]:
        """The attributes that the code writes, by the id of their object."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                names = chain(node)
                owner = lookup(names[:-1], self.spaces) if names is not None else MISSING
                if owner is not MISSING:
                    found.add((id(owner), node.attr))
        return found


def parts_of(session: Session, roots: list[tuple[Any, Any]]) -> list[Part]:
    """The code of some functions (each with the object that it is bound to) and, as far as names lead, of those that it calls."""
    parts: list[Part] = []
    waiting, seen = list(roots), set[tuple[int, int]]()
    while waiting and len(parts) < MOST_PARTS:
        function, bound = waiting.pop(0)
        try:
            part = Part(session, function, bound)
        except (OSError, TypeError, SyntaxError, AttributeError, ValueError):
            continue
        key = id(part.plain.__code__), id(part.bound)
        if key in seen:
            continue
        seen.add(key)
        parts.append(part)
        for names, _ in part.chains():
            waiting += callables(lookup(names, part.spaces))
    return parts


def reads_of(parts: list[Part], roots: int = 1) -> list[Read]:
    """What the code reads, without what any of it writes; the first `roots` parts are those that are traced themselves."""
    written = {w for part in parts for w in part.writes()}
    found = []
    for i, part in enumerate(parts):
        code = part.plain.__code__
        for names, node in part.chains():
            owner = lookup(names[:-1], part.spaces) if len(names) > 1 else MISSING
            if owner is MISSING or (id(owner), names[-1]) not in written:
                found.append(Read(ast.unparse(node), names, part.spaces, node.lineno + part.first - 1, code.co_filename, part.plain.__name__, i >= roots))
    return found


def callables(value: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """The functions that a call of a value runs, each with the object that it is bound to."""
    value = value._python_function if isinstance(value, polymorphic_function.Function) else value
    if inspect.ismethod(value):
        return [(value.__func__, value.__self__)]
    if inspect.isfunction(value):
        return [(value, None)]
    if isinstance(value, keras.Layer):
        found = [(type(value).call, value)]
        inner = value._flatten_layers(include_self=False, recursive=True) if isinstance(value, (keras.Sequential, keras.Model)) and depth < 2 else ()
        return found + [(type(layer).call, layer) for layer in list(inner)[:MOST_ITEMS] if not type(layer).__module__.startswith("keras.")]
    if isinstance(value, (list, tuple)) and depth < 2:
        return [f for item in list(value)[:MOST_ITEMS] for f in callables(item, depth + 1)]
    if isinstance(value, dict) and depth < 2:
        return callables(list(value.values()), depth)
    call = getattr(type(value), "call" if isinstance(value, keras.Loss) else "__call__", None)
    return [(call, value)] if inspect.isfunction(call) and not inspect.isclass(value) else []


def lookup(names: tuple[str, ...], spaces: list[Space]) -> Any:
    """What a chain of names leads to, `MISSING` where it cannot be told. No property is run."""
    value: Any = MISSING
    for space in spaces:
        if names and names[0] in space:
            value = space[names[0]]
            break
    for name in names[1:]:
        if value is MISSING or inspect.ismodule(value):
            return MISSING
        held = getattr(value, "__dict__", {})
        if isinstance(held, dict) and name in held:
            value = held[name]
            continue
        static = inspect.getattr_static(type(value), name, MISSING)
        static = static._python_function if isinstance(static, polymorphic_function.Function) else static
        value = static.__get__(value) if inspect.isfunction(static) else MISSING
    return value


def plain(value: Any) -> Any:
    """A number, truth value or text that can be told apart from another one; None for anything else."""
    if isinstance(value, (np.bool_, np.number)):
        value = value.item()
    return value if isinstance(value, (bool, int, float, str)) else None


def chain(node: ast.expr) -> tuple[str, ...] | None:
    """The names of ``a.b.c``; None for any other expression."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        before = chain(node.value)
        return None if before is None else (*before, node.attr)
    return None
