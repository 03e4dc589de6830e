"""Where the values of an expression came from, as the code tells: the statements that gave its names their values, nearest first, and those that it goes on to."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections import deque
from collections.abc import Iterable, Iterator

from gradmagic.recording import Recording, Span
from gradmagic.syntax import holds, last_name, made_at, source_of, span_at, tree_at, tree_of

MOST = 200
PASSED = 3
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
        self.readers: dict[str, list[ast.stmt]] = {}
        self.functions: list[ast.FunctionDef] = []
        self._visit(tree, tree)

    def _visit(self, node: ast.AST, scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.scope[child] = scope
                if isinstance(child, ast.FunctionDef):
                    self.functions.append(child)
                for line in range(child.lineno, (child.end_lineno or child.lineno) + 1):
                    self.by_line[line] = child
                for name in _given(child):
                    self.given.setdefault((scope, name), []).append(child)
                for name in _read(child):
                    self.readers.setdefault(name, []).append(child)
                for name in _called(child):
                    self.callers.setdefault(name, []).append(child)
                if isinstance(child, ast.Return) and not isinstance(scope, ast.Module):
                    self.returns.setdefault(scope.name, []).append(child)
            self._visit(child, child if isinstance(child, FUNCTIONS) else scope)

    @functools.cached_property
    def calls(self) -> list[ast.Call]:
        return [part for statement in self.scope for part in parts_of(statement) if isinstance(part, ast.Call)]

    def of(self, statement: ast.stmt, name: str) -> list[ast.stmt]:
        """The statements that give a name its value: the last one before first, then those behind it, which an earlier turn of a loop may have run."""
        scope = self.scope[statement]
        found = self.given.get((scope, name), [])
        if not found and not isinstance(scope, ast.Module):
            found = next((s for (owner, known), s in self.given.items() if known == name and isinstance(owner, ast.Module)), [])
        here = (statement.lineno, statement.col_offset)
        return [*reversed([s for s in found if (s.lineno, s.col_offset) < here]), *(s for s in found if (s.lineno, s.col_offset) > here)]


Step = tuple[str | int, Definitions, ast.stmt]


@functools.lru_cache(maxsize=256)
def definitions(source: str) -> Definitions | None:
    """The definitions of a cell or file; None where it cannot be parsed."""
    tree = tree_of(source)
    return Definitions(tree) if tree is not None else None


def statements_behind(recording: Recording, span: Span, *, choices: bool = False) -> Iterator[tuple[str | int, ast.stmt]]:
    """The statement on a span's line, those that assigned what it reads, what those read, and so on, through parameters and called functions of known code.

    Each comes with the cell or file it stands in. What runs (loops, branches) is not followed: a name has every statement that could have given it its value.
    With `choices`, what picks one of two values (`a if x else b`) is read as well.
    """
    waiting = _begin(recording, span)
    for key, known, statement in _each_once(waiting):
        yield key, statement
        scope = known.scope[statement]
        for name in _read(statement, choices):
            if not isinstance(scope, ast.Module) and name in _parameters(scope) and (scope, name) not in known.given:
                waiting.extend((k, d, s) for k, d in _all(recording) for s in d.callers.get(scope.name, ()))
            else:
                waiting.extend((key, known, s) for s in known.of(statement, name))
        for name in _called(statement):
            waiting.extend((k, d, s) for k, d in _all(recording) for s in d.returns.get(name, ()))


def statements_ahead(recording: Recording, span: Span) -> Iterator[tuple[str | int, ast.stmt, bool]]:
    """The statement on a span's line, those that read what it assigned, and so on, through functions that return it to known callers.

    Each comes with the cell or file it stands in, and with whether it hands the value to callers that are not in known code, as the `call` of a layer does. What a value
    is only printed, compared or passed on for, as in `print(x)` or `if x > 1:`, leads no further.
    """
    waiting = _begin(recording, span)
    for key, known, statement in _each_once(waiting):
        scope = known.scope[statement]
        callers: list[Step] = []
        if isinstance(statement, ast.Return) and not isinstance(scope, ast.Module):
            callers = [(k, d, s) for k, d in _all(recording) for s in d.callers.get(scope.name, ())]
            waiting.extend(callers)
        yield key, statement, isinstance(statement, ast.Return) and not callers
        given = _given(statement)
        for k, d in _all(recording) if given else ():
            # A plain name is known in its own function, one of a module in all functions, an attribute wherever the code can reach the object.
            waiting.extend((k, d, s) for name in given for s in d.readers.get(name, ()) if "." in name or d.scope[s] is scope or isinstance(scope, ast.Module))


def _begin(recording: Recording, span: Span) -> deque[Step]:
    """The statement on a span's line, where the code is known."""
    key = span.cell if span.cell is not None else span.file
    source = source_of(recording, span)
    known = definitions(source) if source is not None else None
    first = known.by_line.get(span.line) if known is not None else None
    return deque([(key, known, first)] if key is not None and known is not None and first is not None else [])


def _each_once(waiting: deque[Step]) -> Iterator[Step]:
    """The steps of a queue that grows while they are taken from it, each statement once."""
    seen: set[ast.stmt] = set()
    while waiting and len(seen) < MOST:
        step = waiting.popleft()
        if step[2] not in seen:
            seen.add(step[2])
            yield step


def leads_to(recording: Recording, span: Span, places: Iterable[Span | None]) -> bool:
    """Whether the value of an expression goes on to one of the places, or to where the code cannot be followed."""
    wanted = set(places)
    return any(unknown or any(within(place, key, statement) for place in wanted) for key, statement, unknown in statements_ahead(recording, span))


def is_compared(recording: Recording, span: Span) -> bool:
    """Whether an expression stands in a comparison, whose result says only yes or no."""
    tree = tree_at(recording, span)
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    compared = (n for n in ast.walk(tree) if isinstance(n, ast.Compare)) if tree is not None and span.end_column else ()
    return any((n.lineno, n.col_offset) <= start and end <= (n.end_lineno or 0, n.end_col_offset or 0) for n in compared)


def passed_as(recording: Recording, names: set[str], spans: Iterable[Span | None] = ()) -> set[str]:
    """The names, and those of the parameters that functions of known code get them as, or get the values of the expressions at `spans` as."""
    found = set(names)
    places = {span for span in spans if span is not None and span.end_column}
    functions = {n.name: n for _, d in _all(recording) for n in d.functions}
    calls = [(key, c) for key, d in _all(recording) for c in d.calls if last_name(c.func) in functions]

    def is_meant(key: str | int, value: ast.expr) -> bool:
        mentioned = any(isinstance(n, (ast.Name, ast.Attribute)) and last_name(n) in found for n in ast.walk(value))
        return mentioned or any((p.cell if p.cell is not None else p.file) == key and holds(value, p) for p in places)

    for _ in range(PASSED):
        before = len(found)
        for key, call in calls:
            parameters = functions[last_name(call.func)].args
            positional = [p.arg for p in (*parameters.posonlyargs, *parameters.args)]
            if isinstance(call.func, ast.Attribute) and positional[:1] == ["self"]:
                del positional[0]
            given = [*zip(call.args, positional, strict=False), *((k.value, k.arg) for k in call.keywords)]
            found.update(name for value, name in given if name and name not in found and is_meant(key, value))
        if len(found) == before:
            break
    return found


def parameter_never_read(recording: Recording, spans: Iterable[Span | None], ran: Iterable[str], unseen_calls: bool) -> Span | None:
    """The parameter of a function that ran which gets the value of one of the expressions and which the function never reads.

    Args:
        spans: the expressions.
        ran: the names of the functions in which ops ran.
        unseen_calls: whether functions are also called by code that is not known, with what was expected and what came out (a loss that Keras calls).
    """
    places, names = set(spans), set(ran)
    known = [(key, f) for key, d in _all(recording) for f in d.functions if f.name in names]
    given: set[str] = set()
    for place in places:
        given |= made_at(recording, place) if place is not None else set()
    if unseen_calls:
        given |= predictions(recording, names)
    given = passed_as(recording, given, places)
    for key, function in known:
        read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        for parameter in function.args.args[: len(function.args.args) - len(function.args.defaults)]:
            if parameter.arg in given and parameter.arg not in read and not parameter.arg.startswith("_"):
                text = recording.code[key].split("\n")[parameter.lineno - 1]
                return dataclasses.replace(
                    line_of(key, function), line=parameter.lineno, column=parameter.col_offset, end_line=parameter.lineno, end_column=parameter.end_col_offset or 0, code=text, function=function.name
                )
    return None


def predictions(recording: Recording, ran: Iterable[str]) -> set[str]:
    """What losses that Keras calls name what a model gave: the second parameter of a function that no known code calls, the third of the `call` of a `Loss`."""
    names = set(ran)
    called = {name for _, d in _all(recording) for name in d.callers}
    found = set()
    for function in (f for _, d in _all(recording) for f in d.functions if f.name in names):
        given = [a.arg for a in function.args.args[: len(function.args.args) - len(function.args.defaults)]]
        if len(given) == 2 and function.name not in called and given[0] != "self":
            found.add(given[1])
        elif len(given) == 3 and function.name == "call" and given[0] == "self" and "pred" in given[2]:
            found.add(given[2])
    return found


def within(span: Span | None, key: str | int, statement: ast.stmt) -> bool:
    """Whether a place lies in a statement; of a loop, a branch or a block in its head."""
    if span is None or (span.cell if span.cell is not None else span.file) != key:
        return False
    body = getattr(statement, "body", None)
    last = max(statement.lineno, body[0].lineno - 1) if isinstance(body, list) and body else statement.end_lineno or statement.lineno
    return statement.lineno <= span.line <= last


def line_of(key: str | int, statement: ast.stmt | ast.expr) -> Span:
    """The first line of a statement or an expression."""
    in_cell = key == "current" or isinstance(key, int)
    return Span(key if in_cell else None, None if in_cell else str(key), statement.lineno, 0, statement.lineno, 0, "")


def place_of(recording: Recording, key: str | int, node: ast.expr | ast.stmt) -> Span:
    """The place of an expression or a statement of a cell or file, with the code of its line."""
    return dataclasses.replace(span_at(line_of(key, node), node), code=recording.code[key].split("\n")[node.lineno - 1])  # type: ignore[arg-type]


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


def parts_of(statement: ast.stmt) -> Iterator[ast.AST]:
    """All that a statement evaluates itself: of a loop or a branch its head, not its body."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return
    for name, value in ast.iter_fields(statement):
        if name not in ("body", "orelse", "finalbody", "handlers", "cases"):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield from ast.walk(part)


def _tests(statement: ast.stmt) -> set[ast.AST]:
    """What only decides which value an expression has."""
    return {part for n in parts_of(statement) if isinstance(n, ast.IfExp) for part in ast.walk(n.test)}


def _read(statement: ast.stmt, choices: bool = False) -> Iterable[str]:
    tests = () if choices else _tests(statement)
    names = (_dotted(n) for n in parts_of(statement) if n not in tests and isinstance(n, (ast.Name, ast.Attribute)) and (isinstance(n.ctx, ast.Load) or isinstance(statement, ast.AugAssign)))
    return dict.fromkeys(name for name in names if name)


def _called(statement: ast.stmt) -> Iterable[str]:
    calls = (n.func for n in parts_of(statement) if isinstance(n, ast.Call))
    return dict.fromkeys(f.id if isinstance(f, ast.Name) else f.attr for f in calls if isinstance(f, (ast.Name, ast.Attribute)))


def _parameters(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {p.arg for p in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)}
