"""A result that is put into a dictionary under a new key, where the line that goes on reads the entry from before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, dotted, fix, key_of, last_name, names_in
from gradmagic.fixes.flow import assignments_of, pairs_of, targets_of
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Fix


@dataclasses.dataclass(frozen=True)
class _Store:
    """Where a value is put under a key: the key as it is written, the value, and the dictionary where that has a name."""

    code: Code
    key: cst.SimpleString
    value: cst.BaseExpression
    base: str


@dataclasses.dataclass(frozen=True)
class OldEntry:
    """The key under which a result is kept and that nothing reads, and the line behind it that reads what the result was made from; `again` is set where the result is made more than once."""

    store: _Store
    read_in: Code
    read: cst.Subscript
    again: bool

    @property
    def kept_at(self) -> Span:
        """Where the result is given its key."""
        return self.store.code.span(self.store.key)

    @property
    def read_at(self) -> Span:
        """Where the entry from before is read."""
        return self.read_in.span(self.read)

    @property
    def key(self) -> str:
        """The key of the result."""
        return self.store.code.text(self.store.key)

    @property
    def text(self) -> str:
        """The code that reads the entry from before."""
        return self.read_in.text(self.read)


def old_entry(recording: Recording, op: Op | None) -> OldEntry | None:
    """The entry that is read in the place of the one that an op's result was put into; None unless there is one of each."""
    if op is None or op.span is None:
        return None
    stores = [s for s in _stores(recording) if _holds(s, op.span)]
    if len(stores) != 1 or not _is_unread(recording, stores[0]):
        return None
    store = stores[0]
    function = store.code.function(store.key)
    scope = store.code.scope(store.key)
    inside = set(store.code.all(cst.Subscript, store.value))
    before = {key for n in store.code.all(cst.Subscript, scope) if (key := _read_key(store.code, n)) is not None and (n in inside or store.code.start(n) < store.code.start(store.key))}
    found = _behind(store, scope, before) if store.base else []
    again = store.base != "" and _turns(store.code, store.key, store.base)
    if not found and function is not None:
        results = _results(recording, store.code, function)
        for code, assign in results:
            again = again or _turns(code, assign, dotted(assign.targets[0].target)) or sum(c is code for c, _ in results) > 1
            found += [r for r in _after(code, assign, before) if r not in found]
    lines = {(id(code), code.start(node)[0]) for code, node in found}
    return OldEntry(store, *found[0], again) if len(lines) == 1 == len(found) else None


def new_entry(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`graph["state"]` → `graph["new_state"]` where the result is read; where each turn of a loop makes it from the one before, it is kept under the old key."""
    found = old_entry(recording, op)
    key = _key(found.read) if found is not None else None
    if found is None or key is None:
        return ()
    if found.again:
        return fix(f"keep the result under {found.read_in.text(key)}, which is read", "unsafe", (found.store.code, Change().replace(found.store.key, key)))
    return fix(f"read {found.key}, the new value", "unsafe", (found.read_in, Change().replace(key, found.store.key)))


def _key(node: cst.CSTNode) -> cst.SimpleString | None:
    return key if isinstance(key := key_of(node), cst.SimpleString) else None


def _read_key(code: Code, node: cst.Subscript) -> str | None:
    key = _key(node)
    return str(key.evaluated_value) if key is not None and dotted(node.value) and not isinstance(code.parent(node), cst.AssignTarget) else None


def _stores(recording: Recording) -> Iterator[_Store]:
    """Values that are put under a key which is written as a word: `d["k"] = v`, and `{**d, "k": v}`."""
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            for target in assign.targets:
                key = _key(target.target)
                if key is not None and isinstance(target.target, cst.Subscript):
                    yield _Store(code, key, assign.value, dotted(target.target.value))
        for shown in code.all(cst.Dict):
            for element in shown.elements if any(isinstance(e, cst.StarredDictElement) for e in shown.elements) else ():
                if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
                    yield _Store(code, element.key, element.value, "")


def _holds(store: _Store, span: Span) -> bool:
    """Whether what is stored was made by the line of a span: there, or in the one line that gives a local name its value."""
    code = store.code
    if span.cell != code.cell:
        return False
    lines = [code.statement(store.key)]
    if isinstance(store.value, cst.Name):
        made = [a for a in assignments_of(code, store.value.value, code.scope(store.key)) if code.end(a) < code.start(store.key)]
        lines += [code.statement(a) for a in made[-1:]]
    return any(s is not None and code.start(s)[0] <= span.line <= code.end(s)[0] for s in lines)


def _is_unread(recording: Recording, store: _Store) -> bool:
    """Whether no other place of the cells that ran mentions the key, nor goes through entries without naming them."""
    word, keys = store.key.evaluated_value, {s.key for s in _stores(recording)}
    ran = {op.span.cell for op in recording.ops if op.span is not None}
    for code in cells(recording):
        if code.cell in ran and any(n not in keys and n.evaluated_value == word for n in code.all(cst.SimpleString)):
            return False
        if store.base and any(last_name(c.func) in ("values", "items") and isinstance(c.func, cst.Attribute) and dotted(c.func.value) == store.base for c in code.all(cst.Call)):
            return False
    return True


def _behind(store: _Store, scope: cst.CSTNode, before: set[str]) -> list[tuple[Code, cst.Subscript]]:
    """Reads of an old entry of the same dictionary below the line that stores the new one."""
    code, statement = store.code, store.code.statement(store.key)
    reads = [n for n in code.all(cst.Subscript, scope) if _read_key(code, n) in before and dotted(n.value) == store.base]
    return [(code, n) for n in reads if statement is not None and code.start(n) > code.end(statement) and code.scope(n) is scope]


def _results(recording: Recording, code: Code, function: cst.FunctionDef) -> list[tuple[Code, cst.Assign]]:
    """Where the dictionary that a function returns is given a name."""
    owner = code.enclosing(function, cst.ClassDef)
    called = {function.name.value} if owner is None or function.name.value not in ("call", "__call__") else set[str]()
    if not called and owner is not None:
        called = _objects_of(recording, owner.name.value)
    found = []
    for other in cells(recording):
        for assign in other.all(cst.Assign):
            if isinstance(assign.value, cst.Call) and last_name(assign.value.func) in called and isinstance(assign.targets[0].target, cst.Name) and other.function(assign) is not function:
                found.append((other, assign))
    return found


def _objects_of(recording: Recording, kind: str) -> set[str]:
    """What the objects of a class are called: the names and attributes that they are given, and those of loops over lists of them."""
    found: set[str] = set()
    for code in cells(recording):
        for target, value in (pair for assign in code.all(cst.Assign) for pair in pairs_of(assign)):
            if any(isinstance(c.func, cst.Name) and c.func.value == kind for c in code.all(cst.Call, value)):
                found |= {last_name(target)} - {""}
    for code in cells(recording):
        for loop in code.all(cst.For):
            if last_name(loop.iter) in found:
                found |= targets_of(loop.target)
    return found


def _after(code: Code, assign: cst.Assign, before: set[str]) -> list[tuple[Code, cst.Subscript]]:
    """Reads of an old entry of the dictionary that a line gives a name."""
    name, scope = dotted(assign.targets[0].target), code.scope(assign)
    return [(code, n) for n in code.all(cst.Subscript, scope) if code.start(n) > code.end(assign) and dotted(n.value) == name and _read_key(code, n) in before and code.scope(n) is scope]


def _turns(code: Code, node: cst.CSTNode, base: str) -> bool:
    """Whether a loop runs a line again and again for the same dictionary, and not for each of its batches."""
    loop = code.enclosing(node, cst.For, cst.While)
    if loop is None or code.scope(loop) is not code.scope(node) or any(isinstance(n, cst.With) and loop in list(code.around(n)) for n in code.around(node)):
        return False
    return not (isinstance(loop, cst.For) and base in targets_of(loop.target)) and base in names_in(loop.body)
