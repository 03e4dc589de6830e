"""Where a layer of Keras was made that no check saw made: told from the code and the settings of the layer."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Mapping
from typing import Any

from gradmagic.recording import Span
from gradmagic.syntax import tree_of

PLAIN = (str, int, float, bool, type(None))


def made_at(layer: Any, others: list[Any], code: Mapping[str | int, str]) -> Span | None:
    """The one call in the code that agrees with the settings of a layer; of several that say the same, the one whose turn it is."""
    kind = type(layer)
    fitting = []
    for where, source in code.items():
        fitting += [(where, node) for node in _calls_of(source, kind.__name__) if _agrees(node, layer)]
    named = [(where, node) for where, node in fitting if any(k.arg == "name" for k in node.keywords)]
    fitting = named or fitting
    if len(fitting) > 1:
        # Several calls say the same: layers of one model are made in the order of the code.
        same = [other for other in _siblings(layer, others) if type(other) is kind and any(_agrees(node, other) for _, node in fitting)]
        if len(same) != len(fitting) or layer not in same:
            return None
        fitting = [fitting[same.index(layer)]]
    if not fitting:
        return None
    where, node = fitting[0]
    return span_of(where, node, code[where])


def span_of(where: str | int, node: ast.expr, source: str) -> Span:
    """The place of an expression of a cell or file."""
    lines = source.split("\n")
    cell = where if where == "current" or isinstance(where, int) else None
    line = lines[node.lineno - 1]
    return Span(
        cell,  # type: ignore[arg-type]
        None if cell is not None else str(where),
        node.lineno,
        len(line.encode()[: node.col_offset].decode()),
        node.end_lineno or node.lineno,
        len(lines[(node.end_lineno or node.lineno) - 1].encode()[: node.end_col_offset or 0].decode()),
        line,
    )


def _siblings(layer: Any, others: list[Any]) -> list[Any]:
    """The layers of the model that holds a layer, in its order."""
    for other in others:
        inside = list(getattr(other, "layers", ()) or ())
        if any(item is layer for item in inside):
            return inside
    return [layer]


@functools.lru_cache(maxsize=256)
def _calls_of(source: str, name: str) -> tuple[ast.Call, ...]:
    tree = tree_of(source)
    aliases = {name}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.ImportFrom):
            aliases |= {a.asname for a in node.names if a.name == name and a.asname}
    found = [
        node
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Call) and ((isinstance(node.func, ast.Attribute) and node.func.attr == name) or (isinstance(node.func, ast.Name) and node.func.id in aliases))
    ]
    return tuple(sorted(found, key=lambda node: (node.lineno, node.col_offset)))


def _agrees(node: ast.Call, layer: Any) -> bool:
    """Whether the constants of a call are the layer's settings."""
    kind: Any = type(layer)
    defaults = _defaults(kind)
    given = {**dict(zip(defaults, node.args, strict=False)), **{k.arg: k.value for k in node.keywords if k.arg}}
    for name, value in given.items():
        if not isinstance(value, ast.Constant) or not isinstance(value.value, PLAIN):
            continue
        known = _activation(layer) if name == "activation" else getattr(layer, name, value.value)
        said = "linear" if name == "activation" and value.value is None else value.value
        if isinstance(known, PLAIN) and known != said:
            return False
    # What the call leaves open has its default: an activation that is set was given somewhere.
    if "activation" not in defaults or "activation" in given:
        return True
    activation = _activation(layer)
    return not isinstance(activation, str) or activation == (defaults["activation"] or "linear")


@functools.cache
def _defaults(kind: Any) -> dict[str, Any]:
    """The arguments that a class of layers is made with, and their defaults."""
    try:
        return {name: p.default for name, p in inspect.signature(kind.__init__).parameters.items() if name != "self"}
    except (TypeError, ValueError):
        return {}


def _activation(layer: Any) -> Any:
    """The name of a layer's activation. The whole of its configuration would have each initializer written down as well."""
    from keras import activations

    try:
        return activations.serialize(layer.activation)
    except Exception:
        return None
