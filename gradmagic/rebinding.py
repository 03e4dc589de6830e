"""Names and attributes that the code makes as variables and gives to tensors later, perhaps in a cell that no check watched."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from gradmagic.assignments import makes_variable
from gradmagic.definitions import place_of
from gradmagic.recording import Recording, Span, Variable
from gradmagic.syntax import last_name, statement_at, tree_at, tree_of


def rebound_at(recording: Recording, words: Iterable[str]) -> tuple[str, Span] | None:
    """The word that is made as a variable, and the line (that of the cell at hand, of several) which gives it a value computed from itself; None where something else may have made it a tensor."""
    for word, places in _given(recording, words).items():
        makes = [p for p in places if makes_variable(p[2])]
        changes = [p for p in places if not makes_variable(p[2])]
        if makes and changes and all(_is_from_itself(statement, value, word) for _, statement, value in changes):
            key, statement, _ = next((c for c in changes if c[0] == "current"), changes[-1])
            return word, place_of(recording, key, statement)
    return None


def given_name(recording: Recording, variable: Variable) -> set[str]:
    """The name that a variable was given by the statement that made it, whatever that name stands for by now."""
    statement = statement_at(recording, variable.created_at) if variable.created_at is not None else None
    targets = statement.targets if isinstance(statement, ast.Assign) and makes_variable(statement.value) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def attributes_read(recording: Recording, spans: Iterable[Span | None]) -> set[str]:
    """The last names of the attributes that some expressions read."""
    return {last_name(node) for node in _read(recording, spans) if isinstance(node, ast.Attribute)}


def _read(recording: Recording, spans: Iterable[Span | None]) -> Iterator[ast.Name | ast.Attribute]:
    for span in {s for s in spans if s is not None}:
        tree = tree_at(recording, span)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and span.line <= node.lineno <= span.end_line:
                yield node


def _given(recording: Recording, words: Iterable[str]) -> dict[str, list[tuple[str | int, ast.stmt, ast.expr]]]:
    """By word: the cell, the statement and the value, wherever the code gives it one."""
    wanted, found = set(words), dict[str, list[tuple[str | int, ast.stmt, ast.expr]]]()
    for key, source in recording.code.items():
        for statement, target, value in _assignments(tree_of(source)):
            if (word := last_name(target)) in wanted:
                found.setdefault(word, []).append((key, statement, value))
    return found


def _assignments(tree: ast.Module | None) -> Iterator[tuple[ast.stmt, ast.expr, ast.expr]]:
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, (ast.AugAssign, ast.AnnAssign)) and node.value is not None:
            yield node, node.target, node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, (ast.Tuple, ast.List)):
                    parts = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) and len(node.value.elts) == len(target.elts) else [node.value] * len(target.elts)
                    for one, value in zip(target.elts, parts, strict=True):
                        yield node, one, value
                else:
                    yield node, target, node.value


def _is_from_itself(statement: ast.stmt, value: ast.expr, word: str) -> bool:
    return isinstance(statement, ast.AugAssign) or any(isinstance(n, (ast.Name, ast.Attribute)) and last_name(n) == word for n in ast.walk(value))
