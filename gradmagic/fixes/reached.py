"""Which names of the code stand for values that were computed from the sources of a gradient call."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import libcst as cst

from gradmagic.called_objects import CALLED
from gradmagic.fixes.code import Code, cells, children_of, code_at, dotted, last_name
from gradmagic.fixes.flow import assigned, pairs_of, targets_of
from gradmagic.locate.paths import paths_of
from gradmagic.recording import GradientRun, Recording

FAR = 4
# What is known of a tensor without its values.
ABOUT = ("shape", "dtype", "ndim", "name", "device")
COUNTS = ("len", "shape", "size", "rank", "isinstance", "type", "range")
Place = tuple[int, int, int, int]
Function = cst.FunctionDef | cst.Lambda


def reached(recording: Recording, run: GradientRun) -> Reached:
    """The names behind a run, worked out once."""
    return recording.once(run, Reached)


class Reached:
    """In each function, and in the cells themselves, the names that such a value has, parameters that calls in the cells hand one to among them."""

    def __init__(self, recording: Recording, run: GradientRun) -> None:
        self._known = tuple(cells(recording))
        self.functions = functions_in(self._known)
        self._names: dict[cst.CSTNode, set[str]] = {}
        self._results: set[str] = set()
        paths = paths_of(recording, run)
        self._places: dict[str | int, set[Place]] = {}
        for span in {op.span for op in paths.ops if op.span is not None and paths.bits(op)}:
            if span.cell is not None and span.end_column:
                self._places.setdefault(span.cell, set()).add((span.line, span.column, span.end_line, span.end_column))
        self._left: dict[str | int, set[Place]] = {}
        for left in recording.escapes:
            place = left.span
            if place is not None and place.cell is not None and place.end_column and paths.mask.get(left.tensor):
                self._left.setdefault(place.cell, set()).add((place.line, place.column, place.end_line, place.end_column))
        self._sources(recording, run)
        for _ in range(FAR):
            before = sum(map(len, self._names.values())) + len(self._results)
            for code in self._known:
                self._follow(code)
            if sum(map(len, self._names.values())) + len(self._results) == before:
                break

    def names(self, scope: cst.CSTNode) -> set[str]:
        """The names in a function, or in a cell outside of all functions."""
        return self._names.get(scope, set())

    def holds(self, code: Code, node: cst.CSTNode) -> bool:
        """Whether an expression is computed with such a value."""
        names = self.names(_owner(code, node))
        places, left = self._places.get(code.cell, ()), self._left.get(code.cell, ())
        for part in _parts(node):
            if isinstance(part, cst.Name) and part.value in names:
                return True
            if isinstance(part, cst.Call) and last_name(part.func) in self._results:
                return True
            if (places or left) and isinstance(part, (cst.Call, cst.BinaryOperation, cst.UnaryOperation, cst.Subscript)):
                place = (*code.start(part), *code.end(part))
                if place in places or place in left:
                    return True
        return False

    def takes(self, code: Code, call: cst.Call) -> bool:
        """Whether a call took such a value out of TensorFlow."""
        return (*code.start(call), *code.end(call)) in self._left.get(code.cell, ())

    def handed(self, code: Code, function: Function) -> list[str]:
        """The parameters that such a value is handed to, in order."""
        return [p.name.value for p in function.params.params if p.name.value in self.names(function)]

    def _sources(self, recording: Recording, run: GradientRun) -> None:
        code = code_at(recording, run.span)
        if code is None or run.span is None:
            return
        statement = code.statement_at(run.span)
        written = {s.name.partition("[")[0] for s in run.sources if s.name}
        if statement is not None:
            self._names.setdefault(code.scope(statement), set()).update(n for n in written if n.isidentifier())

    def _follow(self, code: Code) -> None:
        for statement in (*code.all(cst.SimpleStatementLine), *code.all(cst.SimpleStatementSuite)):
            for step in statement.body:
                if isinstance(step, cst.Assign):
                    for target, value in pairs_of(step):
                        if self.holds(code, value):
                            self._note(code, step, target, value)
                elif isinstance(step, (cst.AugAssign, cst.AnnAssign)) and step.value is not None and self.holds(code, step.value):
                    self._names.setdefault(code.scope(step), set()).update(targets_of(step.target))
                elif isinstance(step, cst.Return) and step.value is not None and self.holds(code, step.value):
                    self._returns(code, step)
        for loop in code.all(cst.For):
            if self.holds(code, loop.iter):
                self._names.setdefault(code.scope(loop), set()).update(targets_of(loop.target))
        for call in code.all(cst.Call):
            self._handed_in(code, call)

    def _note(self, code: Code, step: cst.Assign, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        self._names.setdefault(code.scope(step), set()).update(targets_of(target))
        if isinstance(value, cst.Lambda) and isinstance(target, cst.Name):
            self._results.add(target.value)

    def _returns(self, code: Code, step: cst.Return) -> None:
        function = code.function(step)
        owner = code.enclosing(function, cst.ClassDef, cst.FunctionDef) if function is not None else None
        if function is None:
            return
        if function.name.value not in CALLED or not isinstance(owner, cst.ClassDef):
            self._results.add(function.name.value)
            return
        for other in self._known:
            for assign in other.all(cst.Assign):
                if isinstance(assign.value, cst.Call) and last_name(assign.value.func) == owner.name.value:
                    self._results |= {last_name(t.target) for t in assign.targets} - {""}

    def _handed_in(self, code: Code, call: cst.Call) -> None:
        for _, function in self.functions.called(call):
            for name, value in handed_to(function, call):
                if self.holds(code, value):
                    self._names.setdefault(function, set()).add(name)


@functools.lru_cache(maxsize=4)
def functions_in(known: tuple[Code, ...]) -> Functions:
    """The functions of some cells, looked through once."""
    return Functions(known)


class Functions:
    """The functions of some cells, the newest first, by the names that calls may run them by."""

    def __init__(self, known: tuple[Code, ...]) -> None:
        # By name and cell: what `def`s, and what is given to names and attributes there.
        self._given: dict[str, dict[Code, list[Function | str]]] = {}
        self._classes: dict[str, tuple[Code, list[cst.ClassDef]]] = {}
        for code in known:
            for function in code.all(cst.FunctionDef):
                self._given.setdefault(function.name.value, {}).setdefault(code, []).append(function)
            for target, value in (pair for assign in code.all(cst.Assign) for pair in pairs_of(assign)):
                if isinstance(value, (cst.Lambda, cst.Call)):
                    self._given.setdefault(last_name(target), {}).setdefault(code, []).append(value if isinstance(value, cst.Lambda) else last_name(value.func))
            for kind in code.all(cst.ClassDef):
                where, kinds = self._classes.setdefault(kind.name.value, (code, []))
                kinds += [kind] if where is code else []

    def called(self, call: cst.Call) -> list[tuple[Code, Function]]:
        """The functions of the newest cell that has one which a call may run by its name: a `def`, a lambda that has the name, the `__call__` of an object."""
        name = last_name(call.func)
        for code, given in self._given.get(name, {}).items() if name else ():
            found = [pair for one in given for pair in (self._called_itself(one) if isinstance(one, str) else [(code, one)])]
            if found:
                return found
        return []

    def _called_itself(self, name: str) -> list[tuple[Code, Function]]:
        """The method that runs where an object of a class is called."""
        code, kinds = self._classes.get(name, (None, []))
        return [(code, f) for k in kinds for f in code.all(cst.FunctionDef, k) if f.name.value in CALLED] if code is not None else []


def handed_to(function: Function, call: cst.Call) -> Iterator[tuple[str, cst.BaseExpression]]:
    """The parameters of a function with what a call hands them."""
    parameters = [p.name.value for p in function.params.params]
    if parameters[:1] == ["self"]:
        parameters = parameters[1:]
    plain = [a for a in call.args if a.keyword is None]
    if not any(a.star for a in plain):
        yield from zip(parameters, (a.value for a in plain), strict=False)
    yield from ((a.keyword.value, a.value) for a in call.args if a.keyword is not None)


def _owner(code: Code, node: cst.CSTNode) -> cst.CSTNode:
    """The innermost function or lambda around a node, else the module."""
    return code.enclosing(node, cst.FunctionDef, cst.Lambda) or code.module


def _parts(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes of an expression whose values count: not those that only tell a shape, a dtype or a length."""
    if isinstance(node, cst.Attribute):
        if node.attr.value not in ABOUT:
            yield node
            yield from _parts(node.value)
        return
    if isinstance(node, cst.Arg):
        yield from _parts(node.value)
        return
    yield node
    if isinstance(node, cst.Call) and last_name(node.func) in COUNTS and not dotted(node.func).startswith("self."):
        return
    for child in children_of(node):
        yield from _parts(child)


def statements_behind(code: Code, scope: cst.CSTNode, needed: set[str], end: tuple[int, int]) -> list[cst.SimpleStatementLine]:
    """The lines of a function (or of a cell) before a place that lead to the values of some names, in order."""
    needed, found = set(needed), list[cst.SimpleStatementLine]()
    lines = [s for s in code.all(cst.SimpleStatementLine, scope) if code.scope(s) is scope and code.end(s) <= end]
    for _ in range(2):
        # What a loop computes at its end may come back at its head.
        for line in reversed(lines):
            if line not in found and _given(line) & needed:
                found.append(line)
                for step in line.body:
                    needed |= {n.value for n in code.all(cst.Name, getattr(step, "value", step))}
        for loop in code.all(cst.For, scope):
            if targets_of(loop.target) & needed:
                needed |= {n.value for n in code.all(cst.Name, loop.iter)}
    return sorted(found, key=code.start)


def _given(line: cst.SimpleStatementLine) -> set[str]:
    """The names that a line gives a value, or puts something into."""
    found = assigned(line)
    for step in line.body:
        call = step.value if isinstance(step, cst.Expr) else None
        if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and last_name(call.func) in ("append", "extend", "insert"):
            found.add(dotted(call.func.value))
    return found
