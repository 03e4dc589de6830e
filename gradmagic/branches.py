"""Branches of the code that did not run."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator

from gradmagic.recording import Recording, Span
from gradmagic.syntax import CONDITIONALS, is_exact, last_name, mentions, source_of, tree_at


def untaken_branch(recording: Recording, ran: Iterable[Span], names: set[str], before: Span | None = None) -> Span | None:
    """A conditional of the code that ran before the gradient call, with a branch that mentions one of the names and in which no op ran."""
    by_source: dict[str | int | None, list[Span]] = {}
    for span in dict.fromkeys(ran):
        by_source.setdefault(span.cell if span.cell is not None else span.file, []).append(span)
    for spans in by_source.values():
        tree = tree_at(recording, spans[0])
        if tree is None:
            continue
        for body, owner in _branches(tree):
            first, last = body[0], body[-1]
            start = (first.lineno, first.col_offset)
            end = (last.end_lineno or last.lineno, last.end_col_offset or 0)
            if not mentions(body, names) or any(start <= (s.line, s.column) and (s.end_line, s.end_column) <= end for s in spans if is_exact(s)):
                continue
            if not any(_near(owner, s) for s in spans):
                continue
            if before is not None and (before.cell, before.file) == (spans[0].cell, spans[0].file) and _is_behind(tree, owner, before):
                continue
            lines = (source_of(recording, spans[0]) or "").split("\n")
            code = lines[owner.lineno - 1] if owner.lineno <= len(lines) else ""
            return dataclasses.replace(spans[0], line=owner.lineno, column=owner.col_offset, end_line=owner.lineno, end_column=len(code.rstrip()), code=code, function=None)
    return None


def _branches(tree: ast.Module) -> Iterator[tuple[list[ast.stmt | ast.expr], ast.stmt | ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for index, statement in enumerate(node.body[:-1]):
                if isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], (ast.Return, ast.Continue, ast.Break)):
                    yield list(node.body[index + 1 :]), statement
        if isinstance(node, ast.If):
            yield list(node.body), node
            if node.orelse:
                yield list(node.orelse), node
        elif isinstance(node, (ast.For, ast.While)):
            yield list(node.body), node
        elif isinstance(node, ast.IfExp):
            yield [node.body], node
            yield [node.orelse], node
        elif isinstance(node, ast.Call) and last_name(node.func) in CONDITIONALS:
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                for part in ast.walk(argument):
                    if isinstance(part, ast.Lambda):
                        yield [part.body], node


def _is_behind(tree: ast.Module, owner: ast.stmt | ast.expr, call: Span) -> bool:
    """Whether a conditional stands behind the gradient call in the same function."""
    inside = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.lineno <= owner.lineno <= (n.end_lineno or n.lineno)]
    innermost = max(inside, key=lambda n: n.lineno, default=None)
    same = innermost is None or innermost.lineno <= call.line <= (innermost.end_lineno or innermost.lineno)
    return same and owner.lineno > call.line


def _near(owner: ast.stmt | ast.expr, span: Span) -> bool:
    return owner.lineno - 40 <= span.line <= (owner.end_lineno or owner.lineno) + 40
