"""Tensors that a cache keeps from an earlier tape: computed each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from gradmagic.called_objects import CALLED
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, last_name, names_in, same
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

KEEPING = ("functools.lru_cache", "functools.cache")
FAR = 4


def computed_each_time(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """Without the cache that keeps what is computed at a place: `if key not in cache:`, `if self._h is None:`, `if key in cache: return …`, `@functools.cache`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    return _uncached(recording, [(code, statement)]) if code is not None and statement is not None else ()


def read_each_time(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """The same where nothing under the tape reads a source any more, because a cache keeps what was computed from it."""
    variables = [v for i in sources if (v := recording.variables.get(run.sources[i].id)) is not None]
    named = {n.rpartition(".")[2] for v in variables for n in v.names} | {run.sources[i].name.rpartition(".")[2] for i in sources}
    ran = {(op.span.cell, op.span.line) for op in recording.ops if op.phase == "forward" and op.span is not None}
    readers = [
        (code, statement)
        for code in cells(recording)
        for node in (*code.all(cst.Attribute), *code.all(cst.Name))
        if last_name(node) in named
        and code.function(node) is not None
        and _took_part(code, node, ran)
        and (statement := code.statement(node)) is not None
        and not isinstance(code.parent(node), cst.AssignTarget)
    ]
    return _uncached(recording, readers)


def _took_part(code: Code, node: cst.CSTNode, ran: set[tuple[str | int | None, int]]) -> bool:
    """Whether a method of the class that a node stands in ran, or it stands in none."""
    owner = code.enclosing(node, cst.ClassDef)
    return owner is None or any(cell == code.cell and code.start(owner)[0] <= line <= code.end(owner)[0] for cell, line in ran)


def _uncached(recording: Recording, guilty: Sequence[tuple[Code, cst.CSTNode]]) -> tuple[Fix, ...]:
    known = cells(recording)
    for _ in range(FAR):
        found = [f for code, statement in guilty for f in (*_by_condition(known, code, statement), *_by_decorator(code, statement, names_of(recording)))]
        if found:
            return found[0] if len(set(found)) == 1 else ()
        guilty = [c for code, statement in guilty for c in _callers(known, code, statement)]
    return ()


def _callers(known: list[Code], code: Code, statement: cst.CSTNode) -> Iterator[tuple[Code, cst.CSTNode]]:
    """The statements that call the function that a statement stands in; for the `call` of a class, its objects."""
    function = code.function(statement)
    if function is None:
        return
    called, owner = {function.name.value}, code.enclosing(function, cst.ClassDef)
    if owner is not None and function.name.value in CALLED:
        made = [(o, a) for o in known for a in o.all(cst.Assign) if any(last_name(c.func) == owner.name.value for c in o.all(cst.Call, a.value))]
        called = {last_name(t.target) for _, a in made for t in a.targets} - {""}
    for other in known:
        for call in other.all(cst.Call):
            caller = other.statement(call)
            if last_name(call.func) in called and caller is not None and other.function(call) is not function:
                yield other, caller


def _by_decorator(code: Code, statement: cst.CSTNode, names: Names) -> Iterator[tuple[Fix, ...]]:
    function = code.function(statement)
    for decorator in function.decorators if function is not None else ():
        assert function is not None
        kind = names.module(decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator)
        title = f"compute `{function.name.value}` each time"
        if kind == "functools.cached_property":
            yield fix(title, "unsafe", (code, Change().replace(decorator.decorator, cst.Name("property"))))
        elif kind in KEEPING:
            yield fix(title, "unsafe", (code, Change().remove(decorator)))


def _by_condition(known: list[Code], code: Code, statement: cst.CSTNode) -> Iterator[tuple[Fix, ...]]:
    """`if key not in cache: cache[key] = f()` around a statement, or `if key in cache: return cache[key]` before it."""
    function, branch = code.function(statement), code.parent(code.parent(statement) or statement)
    if function is None:
        return
    if isinstance(branch, cst.If) and branch.body is code.parent(statement) and branch.orelse is None:
        target = _kept(branch.test, absent=True)
        last = branch.body.body[-1]
        assign = last.body[0] if isinstance(last, cst.SimpleStatementLine) and len(last.body) == 1 else None
        if target is not None and isinstance(assign, cst.Assign) and len(assign.targets) == 1 and same(assign.targets[0].target, target) and _is_filled_once(known, code, target, assign):
            yield _always(code, function, branch, assign, target)
    for early in code.all(cst.If, function):
        target = _kept(early.test, absent=False) if early.orelse is None and len(early.body.body) == 1 and code.function(early) is function else None
        line = early.body.body[0]
        given = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if target is not None and isinstance(given, cst.Return) and given.value is not None and same(given.value, target) and code.start(early) < code.start(statement):
            yield _never_early(known, code, function, early, target)


def _kept(test: cst.BaseExpression, *, absent: bool) -> cst.BaseExpression | None:
    """What a condition asks for: whether it is not there yet, or whether it is there already."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        inner = test.expression
        if absent and isinstance(inner, cst.Call) and last_name(inner.func) == "hasattr" and len(inner.args) == 2 and isinstance(inner.args[1].value, cst.SimpleString):
            return cst.Attribute(inner.args[0].value, cst.Name(str(inner.args[1].value.evaluated_value)))
        return _kept(inner, absent=not absent)
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return None
    left, operator, right = test.left, test.comparisons[0].operator, test.comparisons[0].comparator
    if isinstance(operator, cst.NotIn if absent else cst.In) and dotted(right):
        return cst.Subscript(right, [cst.SubscriptElement(cst.Index(left))])
    if isinstance(operator, cst.Is if absent else cst.IsNot) and isinstance(right, cst.Name) and right.value == "None":
        if isinstance(left, cst.Call) and isinstance(left.func, cst.Attribute) and left.func.attr.value == "get" and len(left.args) == 1:
            return cst.Subscript(left.func.value, [cst.SubscriptElement(cst.Index(left.args[0].value))])
        return left if dotted(left) else None
    return None


def _is_filled_once(known: list[Code], code: Code, target: cst.BaseExpression, assign: cst.Assign) -> bool:
    """Whether nothing else gives the kept value another one than None: a state that is carried on is no cache."""
    owner = code.enclosing(assign, cst.ClassDef)
    bases = {last_name(b.value) for b in owner.bases} if owner is not None else set()
    places: list[tuple[Code, cst.CSTNode]] = [(c, c.module) for c in known]
    if owner is not None and "self" in names_in(target):
        places = [(c, n) for c in known for n in c.all(cst.ClassDef) if n is owner or n.name.value in bases]
    others = [a for c, n in places for a in c.all(cst.Assign, n) if a is not assign and any(same(t.target, target) for t in a.targets)]
    grown = [a for c, n in places for a in c.all(cst.AugAssign, n) if same(a.target, target)]
    return not grown and all(isinstance(a.value, cst.Name) and a.value.value == "None" for a in others)


def _always(code: Code, function: cst.FunctionDef, branch: cst.If, assign: cst.Assign, target: cst.BaseExpression) -> tuple[Fix, ...]:
    """The branch's lines without its condition, and a name of the function's own in the place of what was kept."""
    reads = [n for n in code.all(cst.BaseExpression, function) if same(n, target) and n is not assign.targets[0].target]
    inside = [n for n in reads if branch in list(code.around(n))]
    siblings = list(getattr(code.parent(branch), "body", ()))
    if [n for n in reads if code.start(n) < code.start(branch)] or not siblings or any(n in code.all(cst.BaseExpression, branch.body) for n in inside):
        return ()
    change, lines = Change(), list(branch.body.body)
    behind = siblings[siblings.index(branch) + 1 :]
    given = behind[0].body[0] if behind and isinstance(behind[0], cst.SimpleStatementLine) else None
    later = [n for n in reads if n not in inside]
    if isinstance(given, cst.Return) and given.value is not None and same(given.value, target) and len(later) == 1:
        change.remove(behind[0])
        new: cst.BaseSmallStatement = cst.Return(assign.value)
    else:
        name = _local_name(function, target)
        for node in later:
            change.replace(node, cst.Name(name))
        new = assign.with_changes(targets=[cst.AssignTarget(cst.Name(name))])
    lines[-1] = lines[-1].with_changes(body=[new])
    lines[0] = lines[0].with_changes(leading_lines=[*branch.leading_lines, *lines[0].leading_lines])  # type: ignore[attr-defined]
    change.remove(branch).insert_after(branch, *lines)
    return fix(f"compute it each time, and keep nothing in `{code.text(target)}`", "unsafe", (code, change))


def _never_early(known: list[Code], code: Code, function: cst.FunctionDef, early: cst.If, target: cst.BaseExpression) -> tuple[Fix, ...]:
    """Without the early return, and without the line that keeps the value for it."""
    stores = [a for a in code.all(cst.Assign, function) if any(same(t.target, target) for t in a.targets)]
    store = stores[0] if len(stores) == 1 else None
    line = code.statement(store) if store is not None else None
    if store is None or not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1 or not _is_filled_once(known, code, target, store):
        return ()
    change = Change().remove(early)
    reads = [n for n in code.all(cst.BaseExpression, function) if same(n, target) and early not in list(code.around(n)) and n not in [t.target for t in store.targets]]
    others = [t for t in store.targets if not same(t.target, target)]
    name = store.value if isinstance(store.value, cst.Name) else others[0].target if others and isinstance(others[0].target, cst.Name) else None
    if name is None and len(reads) == 1 and isinstance(given := code.parent(reads[0]), cst.Return) and (end := code.statement(given)) is not None:
        change.remove(end).replace(store, cst.Return(store.value))
    elif name is None:
        return ()
    else:
        for node in reads:
            change.replace(node, name)
        change.replace(store, store.with_changes(targets=others)) if others else change.remove(line)
    return fix(f"compute it each time, and keep nothing in `{code.text(target)}`", "unsafe", (code, change))


def _local_name(function: cst.FunctionDef, target: cst.BaseExpression) -> str:
    """A name for what was kept: its own, or its key where that is one."""
    key = target.slice[0].slice if isinstance(target, cst.Subscript) else None
    text = key.value.evaluated_value if isinstance(key, cst.Index) and isinstance(key.value, cst.SimpleString) else last_name(target)
    name = text.strip("_") if isinstance(text, str) and text.strip("_").isidentifier() else "value"
    taken = names_in(function)
    return name if name not in taken else next(f"{name}_{i}" for i in range(2, 1000) if f"{name}_{i}" not in taken)
