"""Where the values of an expression came from, as the code tells: the statements that gave its names their values, nearest first; and what a statement does with them."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections import deque
from collections.abc import Iterable, Iterator

from gradmagic.recording import Recording, Span
from gradmagic.syntax import call_at, last_name, source_of, span_at, statement_at, tree_at, tree_of

MOST = 200
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
GROWING = frozenset({"append", "extend", "insert", "add", "update", "assign", "write", "setdefault"})


class Definitions:
    """One cell or file: its statements, the names each reads, gives a value and calls, and the function each stands in."""

    def __init__(self, tree: ast.Module) -> None:
        self.by_line: dict[int, ast.stmt] = {}
        self.scope: dict[ast.stmt, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.given: dict[tuple[ast.AST, str], list[ast.stmt]] = {}
        self.callers: dict[str, list[ast.stmt]] = {}
        self.returns: dict[str, list[ast.stmt]] = {}
        self._visit(tree, tree)

    def _visit(self, node: ast.AST, scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.scope[child] = scope
                for line in range(child.lineno, (child.end_lineno or child.lineno) + 1):
                    self.by_line[line] = child
                for name in _given(child):
                    self.given.setdefault((scope, name), []).append(child)
                for name in _called(child):
                    self.callers.setdefault(name, []).append(child)
                if isinstance(child, ast.Return) and not isinstance(scope, ast.Module):
                    self.returns.setdefault(scope.name, []).append(child)
            self._visit(child, child if isinstance(child, FUNCTIONS) else scope)

    def of(self, statement: ast.stmt, name: str) -> list[ast.stmt]:
        """The statements that give a name its value: the last one before first, then those behind it, which an earlier turn of a loop may have run."""
        scope = self.scope[statement]
        found = self.given.get((scope, name), [])
        if not found and not isinstance(scope, ast.Module):
            found = next((s for (owner, known), s in self.given.items() if known == name and isinstance(owner, ast.Module)), [])
        return [*reversed([s for s in found if s.lineno < statement.lineno]), *(s for s in found if s.lineno > statement.lineno)]


@functools.lru_cache(maxsize=256)
def definitions(source: str) -> Definitions | None:
    """The definitions of a cell or file; None where it cannot be parsed."""
    tree = tree_of(source)
    return Definitions(tree) if tree is not None else None


def statements_behind(recording: Recording, span: Span) -> Iterator[tuple[str | int, ast.stmt]]:
    """The statement on a span's line, those that assigned what it reads, what those read, and so on, through parameters and called functions of known code.

    Each comes with the cell or file it stands in. What runs (loops, branches) is not followed: a name has every statement that could have given it its value.
    """
    key = span.cell if span.cell is not None else span.file
    source = source_of(recording, span)
    known = definitions(source) if source is not None else None
    first = known.by_line.get(span.line) if known is not None else None
    waiting: deque[tuple[str | int, Definitions, ast.stmt]] = deque([(key, known, first)] if key is not None and known is not None and first is not None else [])
    seen: set[ast.stmt] = set()
    while waiting and len(seen) < MOST:
        key, known, statement = waiting.popleft()
        if statement in seen:
            continue
        seen.add(statement)
        yield key, statement
        scope = known.scope[statement]
        for name in _read(statement):
            if not isinstance(scope, ast.Module) and name in _parameters(scope) and (scope, name) not in known.given:
                waiting.extend((k, d, s) for k, d in _all(recording) for s in d.callers.get(scope.name, ()))
            else:
                waiting.extend((key, known, s) for s in known.of(statement, name))
        for name in _called(statement):
            waiting.extend((k, d, s) for k, d in _all(recording) for s in d.returns.get(name, ()))


def within(span: Span | None, key: str | int, statement: ast.stmt) -> bool:
    """Whether a place lies in a statement."""
    return span is not None and (span.cell if span.cell is not None else span.file) == key and statement.lineno <= span.line <= (statement.end_lineno or statement.lineno)


def line_of(key: str | int, statement: ast.stmt) -> Span:
    """The first line of a statement."""
    in_cell = key == "current" or isinstance(key, int)
    return Span(key if in_cell else None, None if in_cell else str(key), statement.lineno, 0, statement.lineno, 0, "")


def _all(recording: Recording) -> Iterator[tuple[str | int, Definitions]]:
    for key, source in recording.code.items():
        known = definitions(source)
        if known is not None:
            yield key, known


def _given(statement: ast.stmt) -> set[str]:
    """The names and dotted names that a statement assigns or fills."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = list(statement.targets)
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        targets = [statement.target]
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        targets = [i.optional_vars for i in statement.items if i.optional_vars is not None]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and isinstance(statement.value.func, ast.Attribute) and statement.value.func.attr in GROWING:
        targets = [statement.value.func.value]
    found: set[str] = set()
    for target in targets:
        for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
            while isinstance(part, (ast.Subscript, ast.Starred)):
                part = part.value
            found.add(_dotted(part))
    return found - {""}


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def _parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """All that a statement evaluates itself: of a loop or a branch its head, not its body."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return
    for name, value in ast.iter_fields(statement):
        if name not in ("body", "orelse", "finalbody", "handlers", "cases"):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield from ast.walk(part)


def _read(statement: ast.stmt) -> Iterable[str]:
    names = (_dotted(n) for n in _parts(statement) if isinstance(n, (ast.Name, ast.Attribute)) and (isinstance(n.ctx, ast.Load) or isinstance(statement, ast.AugAssign)))
    return dict.fromkeys(name for name in names if name)


def _called(statement: ast.stmt) -> Iterable[str]:
    calls = (n.func for n in _parts(statement) if isinstance(n, ast.Call))
    return dict.fromkeys(f.id if isinstance(f, ast.Name) else f.attr for f in calls if isinstance(f, (ast.Name, ast.Attribute)))


def _parameters(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {p.arg for p in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)}


def is_thrown_away(recording: Recording, span: Span) -> bool:
    """Whether the value of a span's statement goes nowhere: an expression without an effect, like `v - rate * g`, unless the cell shows it, or a new value for the name of a loop that no code reads."""
    tree, statement = tree_at(recording, span), statement_at(recording, span)
    if tree is None or statement is None:
        return False
    if isinstance(statement, ast.Expr):
        return statement is not tree.body[-1] and isinstance(statement.value, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Tuple, ast.Name, ast.Subscript))
    return _rebinds_loop_name(tree, statement)


def _rebinds_loop_name(tree: ast.Module, statement: ast.stmt) -> bool:
    """Whether a statement only gives the name that a `for` binds in each turn another value, which is not read before the next turn."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target] if isinstance(statement, ast.AugAssign) else []
    if len(targets) != 1 or not isinstance(targets[0], ast.Name):
        return False
    name = targets[0].id
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For) and statement in n.body and any(isinstance(t, ast.Name) and t.id == name for t in ast.walk(n.target))]
    # An array in a list that has a name is changed in its place.
    if not loops or (isinstance(statement, ast.AugAssign) and any(isinstance(n, (ast.Name, ast.Attribute)) for n in _iterated(loops[0], name))):
        return False
    later = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load))
    return not any(n.lineno > (statement.end_lineno or statement.lineno) for n in later)


def _iterated(loop: ast.For, name: str) -> list[ast.expr]:
    """What a loop takes the values of one of its names from; all that it iterates over where that cannot be told."""
    call = loop.iter
    if isinstance(call, ast.Call) and last_name(call.func) == "zip" and isinstance(loop.target, ast.Tuple) and len(call.args) == len(loop.target.elts):
        return [arg for arg, target in zip(call.args, loop.target.elts, strict=True) if isinstance(target, ast.Name) and target.id == name]
    return [call]


def skipped_call(recording: Recording, span: Span, names: Iterable[str]) -> Span | None:
    """A call of one of these names, in the function around a span, that stands under an `if` about a number which the function itself counts up."""
    tree = tree_at(recording, span)
    functions = [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS) and n.lineno <= span.line <= (n.end_lineno or n.lineno)] if tree is not None else []
    if not functions:
        return None
    function, wanted = functions[-1], set(names)
    counted = {ast.unparse(n.target) for n in ast.walk(function) if isinstance(n, ast.AugAssign)}
    for branch in (n for n in ast.walk(function) if isinstance(n, ast.If) and counted & {ast.unparse(e) for e in ast.walk(n.test) if isinstance(e, (ast.Name, ast.Attribute))}):
        for call in (c for part in branch.body for c in ast.walk(part) if isinstance(c, ast.Call) and last_name(c.func) in wanted):
            return span_at(span, call)
    return None


def assigned_to_itself(recording: Recording, span: Span) -> str | None:
    """The code of `v.assign(v)`, of `v.assign(v.value())` and the like on a span's line; None where something else is assigned."""
    call = call_at(recording, span, ("assign",))
    if call is None or not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
        return None
    value = call.args[0]
    while isinstance(value, ast.Call):
        if isinstance(value.func, ast.Attribute) and value.func.attr in ("value", "read_value", "numpy") and not value.args:
            value = value.func.value
        elif last_name(value.func) in ("identity", "convert_to_tensor") and len(value.args) == 1:
            value = value.args[0]
        else:
            return None
    same = isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)) and ast.unparse(value) == ast.unparse(call.func.value)
    return ast.unparse(call) if same else None


def made_by(recording: Recording, span: Span, name: str) -> Span | None:
    """The last call of a class on or before a span's line, in the same cell or file."""
    tree, source = tree_at(recording, span), source_of(recording, span)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and last_name(n.func) == name and n.lineno <= span.line] if tree is not None else []
    last = max(calls, key=lambda n: (n.lineno, n.col_offset), default=None)
    return None if last is None or source is None else dataclasses.replace(span_at(span, last), code=source.split("\n")[last.lineno - 1])


def is_assigned(recording: Recording, names: Iterable[str]) -> bool:
    """Whether the code assigns to a variable that goes by one of these names, whatever it is an attribute of."""
    wanted = {_last(name) for name in names}
    calls = (n for source in recording.code.values() for n in ast.walk(tree_of(source) or ast.Module([], [])) if isinstance(n, ast.Call))
    return any(isinstance(call.func, ast.Attribute) and call.func.attr.startswith(("assign", "scatter")) and _last(ast.unparse(call.func.value)) in wanted for call in calls)


def _last(name: str) -> str:
    return name.partition("[")[0].rpartition(".")[2]


def said_trainable(recording: Recording, names: Iterable[str]) -> Span | None:
    """Where the code makes a variable of one of these names and says that it is trainable."""
    wanted = set(names)
    for key, source in recording.code.items():
        for node in ast.walk(tree_of(source) or ast.Module([], [])):
            call = node.value if isinstance(node, ast.Assign) else None
            if not isinstance(node, ast.Assign) or not isinstance(call, ast.Call) or last_name(call.func) != "Variable" or not wanted & {ast.unparse(t) for t in node.targets}:
                continue
            if any(k.arg == "trainable" and isinstance(k.value, ast.Constant) and k.value.value is True for k in call.keywords):
                return line_of(key, node)
    return None
