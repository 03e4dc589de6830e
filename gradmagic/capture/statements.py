"""What a cell's statements ask for and assign."""

from __future__ import annotations

import ast
from collections.abc import Iterable

ASKS = frozenset({"GradientTape", "gradient", "gradients", "jacobian", "batch_jacobian", "hessians", "fit", "train_on_batch", "minimize", "make_train_function"})


def asks_itself(nodes: Iterable[ast.AST]) -> bool:
    """Whether the statements seem to ask for gradients themselves."""
    for node in nodes:
        for child in ast.walk(node):
            if (isinstance(child, ast.Name) and child.id in ASKS) or (isinstance(child, ast.Attribute) and child.attr in ASKS):
                return True
    return False


def assigned_names(nodes: Iterable[ast.AST]) -> list[str]:
    """The names that statements assign, last first."""
    found = [child.id for node in nodes for child in ast.walk(node) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)]
    return list(dict.fromkeys(reversed(found)))
