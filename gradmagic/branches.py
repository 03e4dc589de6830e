"""Branches of the code that did not run."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator

from gradmagic.recording import Recording, Span
from gradmagic.syntax import CONDITIONALS, is_exact, last_name, mentions, source_of, tree_at, tree_of


def untaken_branch(recording: Recording, ran: Iterable[Span], names: set[str], before: Span | None = None, after: Span | None = None, calls: bool = False) -> Span | None:
    """A conditional of the code that ran before the gradient call, with a branch that mentions one of the names and in which no op ran.

    With `calls` the branch has to call what goes by the name, or a function of the user's that does and in which no op ran either; `after` is where the tape was opened.
    """
    ran = list(ran)
    if calls:
        names = names | _callers(recording, names, {span.function for span in ran})
    by_source: dict[str | int | None, list[Span]] = {}
    for span in dict.fromkeys(ran):
        by_source.setdefault(span.cell if span.cell is not None else span.file, []).append(span)
    found: list[Span] = []
    for spans in by_source.values():
        tree = tree_at(recording, spans[0])
        if tree is None:
            continue
        for body, owner in _branches(tree):
            if not (_calls(body, names) if calls else mentions(body, names)) or any(_lies_in(s, body) for s in spans if is_exact(s)):
                continue
            if not (_ran_around(tree, owner, spans) if calls else any(_near(owner, s) for s in spans)):
                continue
            if after is not None and (after.cell, after.file) == (spans[0].cell, spans[0].file) and owner.lineno < after.line and _scope(tree, owner.lineno) is _scope(tree, after.line):
                continue
            if before is not None and (before.cell, before.file) == (spans[0].cell, spans[0].file) and _is_behind(tree, owner, before):
                continue
            place = _line_of(recording, owner, spans[0])
            # Of a function that was traced before, no op may be known: what stands in one that ran comes first.
            if calls or _ran_around(tree, owner, spans):
                return place
            found.append(place)
    return found[0] if found else None


def untaken_in(recording: Recording, start: Span, name: str, ran: Iterable[Span]) -> Span | None:
    """The conditional with a branch that mentions a name and in which no op ran, in the function that starts at a line and was called."""
    tree = tree_at(recording, start)
    functions = (n for n in ast.walk(tree or ast.Module([], [])) if isinstance(n, ast.FunctionDef) and start.line in (n.lineno, *(d.lineno for d in n.decorator_list[:1])))
    function = next(functions, None)
    if function is None:
        return None
    spans = [s for s in ran if (s.cell, s.file) == (start.cell, start.file)]
    for body, owner in _branches(function):
        if mentions(body, {name}) and not any(_lies_in(s, body) for s in spans):
            return _line_of(recording, owner, start)
    return None


def _lies_in(span: Span, body: list[ast.stmt | ast.expr]) -> bool:
    first, last = body[0], body[-1]
    if not is_exact(span):
        # Of a line in a graph that is being traced no columns are known.
        return first.lineno <= span.line <= (last.end_lineno or last.lineno)
    return (first.lineno, first.col_offset) <= (span.line, span.column) and (span.end_line, span.end_column) <= (last.end_lineno or last.lineno, last.end_col_offset or 0)


def _line_of(recording: Recording, owner: ast.stmt | ast.expr, near: Span) -> Span:
    lines = (source_of(recording, near) or "").split("\n")
    code = lines[owner.lineno - 1] if owner.lineno <= len(lines) else ""
    return dataclasses.replace(near, line=owner.lineno, column=owner.col_offset, end_line=owner.lineno, end_column=len(code.rstrip()), code=code, function=None)


def _branches(tree: ast.AST) -> Iterator[tuple[list[ast.stmt | ast.expr], ast.stmt | ast.expr]]:
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
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            yield [node.elt], node
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
    innermost = _scope(tree, owner.lineno)
    same = innermost is None or innermost.lineno <= call.line <= (innermost.end_lineno or innermost.lineno)
    return same and owner.lineno > call.line


def _scope(tree: ast.Module, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The innermost function around a line."""
    inside = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.lineno <= line <= (n.end_lineno or n.lineno)]
    return max(inside, key=lambda n: n.lineno, default=None)


def _ran_around(tree: ast.Module, owner: ast.stmt | ast.expr, spans: list[Span]) -> bool:
    """Whether something ran in the function that a conditional stands in; outside of functions, in the cell that is checked."""
    scope = _scope(tree, owner.lineno)
    if scope is None:
        return any(span.cell == "current" for span in spans)
    return any(scope.lineno <= span.line <= (scope.end_lineno or scope.lineno) for span in spans)


def _calls(nodes: Iterable[ast.AST], names: set[str]) -> bool:
    """Whether one of the names is called: `head(x)`, `self.head(x)`, `heads["box"](x)`."""
    for call in (n for root in nodes for n in ast.walk(root) if isinstance(n, ast.Call)):
        called = call.func
        while isinstance(called, ast.Subscript):
            called = called.value
        if last_name(called) in names:
            return True
    return False


def _callers(recording: Recording, names: set[str], ran: set[str | None]) -> set[str]:
    """The functions of known code that call one of the names, at most through another one, and in which no op ran."""
    functions = [n for text in recording.code.values() for n in ast.walk(tree_of(text) or ast.Module([], [])) if isinstance(n, ast.FunctionDef) and n.name not in ran]
    found: set[str] = set()
    for _ in range(2):
        found |= {f.name for f in functions if _calls(f.body, names | found)}
    return found


def _near(owner: ast.stmt | ast.expr, span: Span) -> bool:
    return owner.lineno - 40 <= span.line <= (owner.end_lineno or owner.lineno) + 40
