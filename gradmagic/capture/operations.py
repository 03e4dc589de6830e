"""Where an operation of a functional Keras model was written, `keras.ops.arccos(x)` or `a - b` on what layers give: told from the code, like the place of a layer."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from gradmagic.capture.made_at import span_of
from gradmagic.recording import Span
from gradmagic.syntax import last_name, tree_of

OPERATORS: dict[str, type[ast.operator] | type[ast.unaryop]] = {
    "Add": ast.Add,
    "Subtract": ast.Sub,
    "Multiply": ast.Mult,
    "TrueDivide": ast.Div,
    "Divide": ast.Div,
    "FloorDivide": ast.FloorDiv,
    "Power": ast.Pow,
    "Mod": ast.Mod,
    "Matmul": ast.MatMult,
    "Negative": ast.USub,
}
ALSO = {"TrueDivide": ("divide",), "Absolute": ("abs",), "Concatenate": ("concat",), "Arccos": ("acos",), "Arcsin": ("asin",)}
INPUTS = ("Input", "InputLayer")
ROUNDS = 4


class Operations:
    """The expressions in the code that make operations. The code is read once, and searched once for each kind: a model may have many operations, and a notebook many cells."""

    def __init__(self, models: Iterable[Any], code: Mapping[str | int, str], namespace: Mapping[str, Any]) -> None:
        self.models, self.code, self.namespace = list(models), code, namespace
        self._of_kind: dict[str, list[tuple[str | int, ast.expr]]] = {}

    @functools.cached_property
    def _symbolic(self) -> set[str]:
        return _symbolic_names(self.code, self.namespace)

    def place(self, operation: Any) -> Span | None:
        """The one expression that makes an operation; of as many as the model has operations of the kind, the one whose turn it is."""
        kind = type(operation).__name__
        same = next((found for model in self.models if operation in (found := [o for o in getattr(model, "operations", ()) if type(o) is type(operation)])), [operation])
        # Keras numbers the operations of a kind as they are made.
        same = sorted(same, key=lambda one: int((re.findall(r"_(\d+)$", one.name) or ["0"])[0]))
        if kind not in self._of_kind:
            self._of_kind[kind] = [(where, node) for where, source in self.code.items() for node in _written(source, kind, self._symbolic)]
        found = self._of_kind[kind]
        if len(found) not in (1, len(same)) or not found:
            return None
        where, node = found[0] if len(found) == 1 else found[same.index(operation)]
        return span_of(where, node, self.code[where])


def _written(source: str, kind: str, symbolic: set[str]) -> list[ast.expr]:
    """The expressions of a kind whose operands are symbolic, in the order in which they run."""
    tree = tree_of(source)
    names = {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower(), *ALSO.get(kind, ())}
    found = [node for node in (ast.walk(tree) if tree is not None else ()) if isinstance(node, ast.expr) and _is(node, kind, names) and _is_symbolic(node, symbolic)]
    return sorted(found, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0))


def _is(node: ast.expr, kind: str, names: set[str]) -> bool:
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        return kind in OPERATORS and isinstance(node.op, OPERATORS[kind])
    if isinstance(node, ast.Subscript):
        return kind == "GetItem" and isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.Call) and last_name(node.func) in names


def _symbolic_names(code: Mapping[str | int, str], namespace: Mapping[str, Any]) -> set[str]:
    """The names that stand for tensors of a functional model: those of the notebook, and in functions what is computed from an `Input`, or handed over."""
    found = {name for name, value in list(namespace.items()) if isinstance(value, keras.KerasTensor)}
    trees = [tree for source in code.values() if (tree := tree_of(source)) is not None]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    functions = {node.name: [a.arg for a in node.args.args if a.arg != "self"] for node in nodes if isinstance(node, ast.FunctionDef)}
    for _ in range(ROUNDS):
        for node in nodes:
            if isinstance(node, ast.Assign) and _is_symbolic(node.value, found):
                found |= {n.id for t in node.targets if isinstance(t, (ast.Name, ast.Tuple)) for n in ast.walk(t) if isinstance(n, ast.Name)}
            elif isinstance(node, ast.Call) and last_name(node.func) in functions:
                found |= {name for name, given in zip(functions[last_name(node.func)], node.args, strict=False) if _is_symbolic(given, found)}
    return found


def _is_symbolic(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression gives a tensor of a functional model: it has one as an operand, or is what goes into the model."""
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        parts = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.operand]
    elif isinstance(node, ast.Call):
        if last_name(node.func) in INPUTS:
            return True
        if last_name(node.func) == "Model":
            return False
        parts = [*node.args, *(k.value for k in node.keywords)]
    elif isinstance(node, ast.Subscript):
        parts = [node.value]
    elif isinstance(node, (ast.List, ast.Tuple)):
        parts = node.elts
    else:
        return False
    return any(_is_symbolic(part, names) for part in parts)
