"""Where code would update variables and does not: calls under a condition that is not fulfilled, and iterators that nothing goes through."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable

from gradmagic.definitions import FUNCTIONS, definitions, line_of, parts_of, statements_ahead
from gradmagic.recording import Recording, Span
from gradmagic.syntax import last_name, span_at, tree_of


def call_ahead(recording: Recording, span: Span, names: Iterable[str]) -> Span | None:
    """The nearest call of a function of one of these names that the value of an expression goes on to under a condition."""
    wanted = set(names)
    for key, statement, _ in statements_ahead(recording, span):
        around = definitions(recording.code[key])
        call = next((n for n in parts_of(statement) if isinstance(n, ast.Call) and last_name(n.func) in wanted), None)
        if (
            call is not None
            and _runs_with(recording, key, statement, span)
            and around is not None
            and any(statement in branch.body or statement in branch.orelse for branch in around.scope if isinstance(branch, ast.If))
        ):
            return span_at(dataclasses.replace(line_of(key, statement), code=recording.code[key].split("\n")[call.lineno - 1]), call)
    return None


def never_run(recording: Recording, span: Span) -> Span | None:
    """A `map` or a generator expression that a value goes on to, that would write to a variable or call an optimizer, and that stands alone: nothing goes through it, so nothing of it runs."""
    for key, statement, _ in statements_ahead(recording, span):
        if not _runs_with(recording, key, statement, span):
            continue
        called = {last_name(c.func) for c in ast.walk(statement) if isinstance(c, ast.Call)}
        for where, text in recording.code.items():
            tree = tree_of(text) or ast.Module([], [])
            scopes = [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS) and n.name in called]
            for alone in (n for scope in ([statement] if where == key else []) + scopes for n in ast.walk(scope) if isinstance(n, ast.Expr)):
                if _is_lazy(alone.value) and _writes(alone.value, tree):
                    return dataclasses.replace(span_at(line_of(where, alone), alone.value), code=text.split("\n")[alone.lineno - 1])
    return None


def _runs_with(recording: Recording, key: str | int, statement: ast.stmt, span: Span) -> bool:
    """Whether a statement belongs to the code that runs when the code at a span does: to the cell itself, to the same function, or to one that calls that."""
    known = definitions(recording.code[key])
    scope = known.scope.get(statement) if known is not None else None
    if not isinstance(scope, FUNCTIONS):
        return not isinstance(key, int)
    called = {last_name(n.func) for n in ast.walk(scope) if isinstance(n, ast.Call)}
    return span.function is not None and span.function in {scope.name, *called}


def _is_lazy(value: ast.expr) -> bool:
    return isinstance(value, ast.GeneratorExp) or (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("map", "filter"))


def _writes(value: ast.expr, tree: ast.Module) -> bool:
    """Whether an expression, or a function of the same code that it names, calls a method that writes to a variable."""
    named = {last_name(n) for n in ast.walk(value) if isinstance(n, (ast.Name, ast.Attribute))}
    bodies = [value, *(n for n in ast.walk(tree) if isinstance(n, FUNCTIONS) and n.name in named)]
    methods = {n.attr for body in bodies for n in ast.walk(body) if isinstance(n, ast.Attribute)}
    return any(m in ("apply_gradients", "apply", "minimize") or m.startswith(("assign", "scatter")) for m in methods)
