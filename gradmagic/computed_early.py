"""What was computed from a variable before the check began and is a constant by now: found in the code behind the places where constants come in."""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import itertools
import re
from collections.abc import Iterable

from gradmagic.ancestry import Ancestry, Key, Read, Value, reads_of
from gradmagic.assignments import MAKERS, makers_of, makes_variable
from gradmagic.definitions import place_of
from gradmagic.recording import Recording, Span
from gradmagic.syntax import last_name, snake

# Calls that hand on what they are given.
HOLDERS = frozenset({"dict", "list", "tuple", "set", "zip", "enumerate", "reversed", "sorted", "partial", "items", "values", "keys", "get", "function", "numpy_function", "range", "len"})
# Under these a model has its weights.
LISTS = frozenset({"trainable_variables", "trainable_weights", "weights", "variables"})
KEEPING = frozenset({"cache", "lru_cache", "memoize", "cached"})
RUNNING = frozenset({"predict", "predict_on_batch", "call", "__call__", "get_weights"})
MOST = 400
# Each value on the way back takes several of Python's frames.
DEEPEST = 80


@dataclasses.dataclass(frozen=True)
class Source:
    """A variable as the code knows it: the names that it goes by, the weights of which attribute it is one of, its place in TensorFlow's or Keras' order, and the model that it belongs to."""

    id: int
    words: frozenset[str]
    held: frozenset[tuple[str, str]]
    path: str
    owner: str = ""


class Check:
    """The code of one check: what it reads where constants come in, and what of it ran."""

    def __init__(self, recording: Recording, entries: Iterable[Span | None], ran: Iterable[Span | None]) -> None:
        self.web = Ancestry(recording)
        self.ran = {(_key(span), span.line) for span in ran if span is not None}
        self.scopes = {
            scope for key, text in self.web.texts.items() for node in text.parent if isinstance(node, ast.stmt) and (key, node.lineno) in self.ran for scope in itertools.islice(text.scopes(node), 1)
        }
        self.reads = self._reads(entries)

    def at(self, entries: Iterable[Span | None]) -> Check:
        """The same check, asked about what it reads at other places."""
        other = copy.copy(self)
        other.reads = self._reads(entries)
        return other

    def _reads(self, entries: Iterable[Span | None]) -> list[tuple[Key, Read]]:
        found: list[tuple[Key, Read]] = []
        for key, line, last in dict.fromkeys((_key(s), s.line, s.end_line) for s in entries if s is not None):
            text = self.web.texts.get(key)
            reads = [r for n in range(line, last + 1) for r in text.reads.get(n, ())] if text is not None else []
            found += [(key, node) for _, node in sorted(reads, key=lambda r: r[0])]
            found += [(key, c) for name in self.kept if text is not None for c in text.calls.get(name, ()) if line <= c.lineno <= last]
        return found

    @functools.cached_property
    def kept(self) -> set[str]:
        """The functions that keep what they return, and need not run when they are called."""
        functions = [f for text in self.web.texts.values() for known in text.functions.values() for f in known]
        return {f.name for f in functions if any(last_name(d.func if isinstance(d, ast.Call) else d) in KEEPING for d in f.decorator_list)}


def computed_at(recording: Recording, check: Check, source: Source) -> Span | None:
    """The expression that computed from a variable, before the check began, what enters a computation as a constant.

    None where what is read there may have come from elsewhere as well.
    """
    search = _Search(recording, check, source)
    for key, node in check.reads:
        found = search.cut(key, node)
        if found is not None:
            return place_of(recording, found.key, found.node.value if isinstance(found.node, ast.AugAssign) else found.node)
    return None


def _key(span: Span) -> Key:
    return span.cell if span.cell is not None else span.file or ""


class _Search:
    """The way back from what is read to what was computed from one variable."""

    def __init__(self, recording: Recording, check: Check, source: Source) -> None:
        self.source, self.check, self.web = source, check, check.web
        self.recording = recording
        self._cuts: dict[ast.AST, Value | None] = {}
        self._depth = 0

    @functools.cached_property
    def made(self) -> set[ast.AST]:
        """The calls that make the variable, as far as the code tells."""
        of_class, tail = _class_name(self.source.path), self.source.path.rpartition("/")[2]
        owners = {(key, call): self.web.texts[key].owner(call) for key, call in makers_of(self.recording, self.source.id) if key in self.web.texts}
        named = {call for (_, call), owner in owners.items() if owner is None or not self._is_other(of_class, owner)}
        if named or not re.fullmatch(r"variable(_\d+)?", tail, re.IGNORECASE):
            return set(named)
        calls = [c for t in self.web.texts.values() for maker in MAKERS for c in t.calls.get(maker, ()) if not any(w.arg == "name" for w in c.keywords)]
        return set(calls) if len(calls) == 1 else set()

    def _is_other(self, of_class: str, owner: ast.ClassDef) -> bool:
        """Whether a variable's path, or the attribute that holds its layer, names another class of known code than the one that a line stands in."""
        known = {name for text in self.web.texts.values() for name in text.classes}
        held = {name for word, _ in self.source.held for name in self.web.classes_of(word)}
        return (of_class in map(snake, known) and of_class != snake(owner.name)) or bool(held and owner.name not in held)

    def cut(self, key: Key, read: Read) -> Value | None:
        """The last value on every way back from what is read that was computed from the variable before the check; None where there may be another."""
        if read not in self._cuts and len(self._cuts) < MOST and self._depth < DEEPEST:
            # What leads back to itself adds nothing.
            self._cuts[read] = None
            self._depth += 1
            self._cuts[read] = self._cut(key, read)
            self._depth -= 1
        return self._cuts.get(read)

    def _cut(self, key: Key, read: Read) -> Value | None:
        found, givers = None, self.web.givers(key, read)
        for value in givers:
            # The variable itself is not what was read here: that would have been recorded.
            if self._is_variable(value) or _is_nothing(value.node):
                continue
            blamed = self._inside(value) if self._is_of_this_run(key, read, value) else self._blame(value)
            if blamed is None:
                return None
            found = blamed
        if not givers and isinstance(read, (ast.Attribute, ast.Subscript)) and isinstance(read.value, (ast.Name, ast.Attribute, ast.Subscript)):
            return self.cut(key, read.value)
        if not givers and isinstance(read, ast.Call):
            return self._inside(Value(key, read))
        return found

    def _is_of_this_run(self, key: Key, read: Read, value: Value) -> bool:
        """Whether a name gets a value in the very function that reads it and that ran in the check: what did not run of it then is a branch that was not taken."""
        scope = next(self.web.texts[key].scopes(read), None) if isinstance(read, ast.Name) else None
        return scope is not None and scope in self.check.scopes and value.key == key and scope in self.web.texts[key].scopes(value.node)

    def _blame(self, value: Value) -> Value | None:
        if self._ran(value) or not _computes(value.node):
            return self._inside(value)
        return value if value.key != "current" and self.reaches(value) else None

    def _ran(self, value: Value) -> bool:
        """Whether an expression ran in the check: what it reads was noted then."""
        return any((value.key, line) in self.check.ran for line in range(value.node.lineno, (value.node.end_lineno or value.node.lineno) + 1))

    def _inside(self, value: Value) -> Value | None:
        """What of an expression's parts was computed from the variable: of an object or a dict, one of those that it was made with."""
        parts: list[ast.expr] = []
        node = value.node
        if isinstance(node, ast.Call):
            parts = [*node.args, *(w.value for w in node.keywords)]
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            parts = node.elts
        elif isinstance(node, ast.Dict):
            parts = node.values
        for part in (Value(value.key, p) for p in parts if _computes(p)):
            if value.key != "current" and not self._ran(part) and self.reaches(part):
                return part
        return next((found for read in reads_of(node) if (found := self.cut(value.key, read)) is not None), None)

    def _is_variable(self, value: Value, far: int = 4) -> bool:
        """Whether a value is the variable itself, as made or by another name of it."""
        node = value.node
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.value, (ast.Name, ast.Attribute)):
            # Of a list of variables an item is one, of a variable it is computed.
            return not any(makes_variable(g.node) for g in self.web.givers(value.key, node.value)) and (far > 0 and any(self._is_variable(g, far - 1) for g in self.web.givers(value.key, node)))
        return makes_variable(node.elt if isinstance(node, ast.ListComp) else node) or (isinstance(node, (ast.Name, ast.Attribute)) and self._is_named(node))

    def _is_named(self, node: ast.AST) -> bool:
        word = last_name(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
        if isinstance(node, ast.Attribute) and word in LISTS and self.source.owner and ast.unparse(node.value) == self.source.owner:
            return True
        return word in self.source.words or (isinstance(node, ast.Attribute) and (last_name(node.value), word) in self.source.held)

    def reaches(self, value: Value) -> bool:
        """Whether the code computes a value, on whatever way, from the variable."""
        waiting, seen = [value], set[ast.AST]()
        while waiting and len(seen) <= MOST:
            value = waiting.pop()
            key, node = value.key, value.node
            if node in seen:
                continue
            seen.add(node)
            if node in self.made:
                return True
            reads: list[Read] = [node.target, *reads_of(node.value)] if isinstance(node, ast.AugAssign) else list(reads_of(node))
            for read in reads:
                if self._is_named(read) and not self._is_parameter(key, read):
                    return True
                if isinstance(read, ast.Call) and self._runs(key, read):
                    return True
                givers = self.web.givers(key, read)
                waiting += givers
                if not givers and isinstance(read, (ast.Attribute, ast.Subscript)):
                    waiting.append(Value(key, read.value))
        return False

    def _runs(self, key: Key, call: ast.Call) -> bool:
        """Whether a call is that of the model or the layer which the variable belongs to: `model(x)`, `self.dense(x)`, `model.predict(x)`."""
        called = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr in RUNNING else call.func
        if isinstance(called, ast.Name) and (handed := self.web.handed(key, called)):
            return any(isinstance(v.node, ast.expr) and self._is_model(v.node) for v in handed)
        return self._is_model(called)

    def _is_model(self, node: ast.expr) -> bool:
        """Whether the code means the model or the layer which the variable belongs to; of a class, by the name of the attribute."""
        owner, holders = self.source.owner, {holder for holder, _ in self.source.held}
        mine = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        return ast.unparse(node) == owner or (isinstance(node, ast.Name) and node.id in holders) or (mine and last_name(node) in {owner.rpartition(".")[2] if "." in owner else "", *holders} - {""})

    def _is_parameter(self, key: Key, read: ast.AST) -> bool:
        """Whether a name is one that a function gets from known callers: what they give decides."""
        return isinstance(read, ast.Name) and bool(self.web.handed(key, read))


def _is_nothing(node: ast.AST) -> bool:
    """Whether a value only holds the place: None, or an empty list or dict."""
    return (isinstance(node, ast.Constant) and node.value is None) or (
        isinstance(node, (ast.List, ast.Dict, ast.Tuple)) and not any(ast.iter_child_nodes(node) if isinstance(node, ast.Dict) else node.elts)
    )


def _computes(node: ast.AST) -> bool:
    """Whether an expression makes a new value, other than a name alone, an object or what holds values."""
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        return _computes(node.elt)
    if isinstance(node, ast.DictComp):
        return _computes(node.value)
    if isinstance(node, ast.Subscript):
        return not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str))
    if isinstance(node, ast.Call):
        return last_name(node.func)[:1].islower() and last_name(node.func) not in (*HOLDERS, *MAKERS)
    return isinstance(node, (ast.AugAssign, ast.BinOp, ast.UnaryOp))


def _class_name(path: str) -> str:
    """What Keras would call the class of the layer that a weight belongs to."""
    return re.sub(r"_\d+$", "", path.rpartition("/")[0].rpartition("/")[2])
