"""Where a value comes from, followed back through the code: names, attributes, parameters, what functions return, what objects and dicts hold."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from gradmagic.recording import Recording
from gradmagic.syntax import last_name, tree_of

Key = str | int
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Read = ast.Name | ast.Attribute | ast.Subscript | ast.Call
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Of a value, and not the value itself.
DESCRIBES = ("shape", "dtype", "name", "ndim", "rank", "path")


@dataclass(frozen=True)
class Value:
    """An expression that gives something its value, and the cell or file that it stands in."""

    key: Key
    node: ast.expr | ast.AugAssign


class Text:
    """One cell or file: what stands around each of its nodes, and by last name what gets a value, what is called and what is defined."""

    def __init__(self, tree: ast.Module) -> None:
        self.parent: dict[ast.AST, ast.AST] = {}
        self.given: dict[str, list[tuple[ast.expr, ast.expr | ast.AugAssign]]] = {}
        self.calls: dict[str, list[ast.Call]] = {}
        self.functions: dict[str, list[ast.FunctionDef]] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.keywords: dict[str, list[tuple[ast.Call, ast.expr]]] = {}
        # What is handed on by its name may be called by code that is not known.
        self.handed_on: set[str] = set()
        # By line what is read there as a whole, with its place in the order of the walk.
        self.reads: dict[int, list[tuple[int, ast.Name | ast.Attribute | ast.Subscript]]] = {}
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.parent[child] = node
                if isinstance(child, (ast.Name, ast.Attribute, ast.Subscript)) and self._is_whole(child):
                    self.reads.setdefault(child.lineno, []).append((len(self.parent), child))
                if isinstance(child, (ast.Name, ast.Attribute)) and isinstance(child.ctx, ast.Load) and not (isinstance(node, ast.Call) and node.func is child):
                    self.handed_on.add(last_name(child))
            self._take(node)

    def _take(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._give(target, node.value)
        elif isinstance(node, ast.AugAssign):
            self._give(node.target, node)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            self._give(node.target, node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            self._give(node.target, node.iter)
        elif isinstance(node, ast.FunctionDef):
            self.functions.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ClassDef):
            self.classes[node.name] = node
        elif isinstance(node, ast.Call):
            self.calls.setdefault(last_name(node.func), []).append(node)
            for word in node.keywords:
                self.keywords.setdefault(word.arg or "", []).append((node, word.value))
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend") and len(node.args) == 1:
                self._give(node.func.value, node.args[0])

    def _give(self, target: ast.expr, value: ast.expr | ast.AugAssign) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            own = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts) else [value] * len(target.elts)
            for part, one in zip(target.elts, own, strict=True):
                self._give(part, one)
            return
        held = target.value if isinstance(target, (ast.Subscript, ast.Starred)) else target
        self.given.setdefault(last_name(held), []).append((target, value))

    def _is_whole(self, node: ast.Name | ast.Attribute | ast.Subscript) -> bool:
        """Whether what is read is not only looked into: `self.w` of `self.w[0]` and `self` of `self.w` are."""
        around = self.parent.get(node)
        return isinstance(node.ctx, ast.Load) and not (isinstance(around, (ast.Attribute, ast.Subscript)) and around.value is node)

    def scopes(self, node: ast.AST) -> Iterator[Scope]:
        """The functions around a node, the innermost first."""
        inner, current = node, self.parent.get(node)
        while current is not None:
            # Defaults and decorators are evaluated outside.
            if isinstance(current, SCOPES) and (inner is current.body or (isinstance(current.body, list) and inner in current.body)):
                yield current
            inner, current = current, self.parent.get(current)

    def owner(self, node: ast.AST) -> ast.ClassDef | None:
        """The class around a node."""
        current = self.parent.get(node)
        while current is not None and not isinstance(current, ast.ClassDef):
            current = self.parent.get(current)
        return current


@functools.lru_cache(maxsize=256)
def _text_of(source: str) -> Text | None:
    """The tables of a cell or file; None where it cannot be parsed."""
    tree = tree_of(source)
    return Text(tree) if tree is not None else None


def reads_of(node: ast.AST) -> Iterator[Read]:
    """What an expression computes with: whole names, attributes, items and calls, and what those are given. What only describes a value is left out."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        if isinstance(node, ast.Name) or node.attr not in DESCRIBES:
            yield node
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Subscript):
        yield node
        yield from reads_of(node.slice)
        return
    if isinstance(node, ast.Call):
        yield node
        if isinstance(node.func, ast.Attribute):
            yield from reads_of(node.func.value)
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.Call) and child is node.func):
            yield from reads_of(child)


class Ancestry:
    """The code of a recording as a web of values."""

    def __init__(self, recording: Recording) -> None:
        self.texts = {key: known for key, source in recording.code.items() if (known := _text_of(source)) is not None}
        self._bases = {n: {last_name(b) for b in c.bases} for t in self.texts.values() for n, c in t.classes.items()}
        self._givers: dict[tuple[Key, Read], list[Value]] = {}

    def givers(self, key: Key, read: Read) -> list[Value]:
        """The expressions that may have given what is read its value; none where the code does not tell."""
        if (key, read) not in self._givers:
            # The class of `node` in `node.next.next = …` may hang on what is asked here: what leads back to itself adds nothing.
            self._givers[key, read] = []
            self._givers[key, read] = self._look_up(key, read)
        return self._givers[key, read]

    def _look_up(self, key: Key, read: Read) -> list[Value]:
        if isinstance(read, ast.Name):
            return self._of_name(key, read)
        if isinstance(read, ast.Attribute):
            return self._of_attribute(key, read)
        if isinstance(read, ast.Call):
            return self._returned(key, read)
        return [v for v in self._of_item(key, read) if v.node is not read]

    def _of_name(self, key: Key, read: ast.Name) -> list[Value]:
        text = self.texts[key]
        for scope in text.scopes(read):
            own = [Value(key, v) for t, v in text.given.get(read.id, ()) if self._is_name(t, read.id) and next(text.scopes(t), None) is scope]
            handed = self._handed(key, scope, read.id) if read.id in _parameters_of(scope) else []
            if own or read.id in _parameters_of(scope):
                return own + handed
        return [Value(k, v) for k, t in self.texts.items() for target, v in t.given.get(read.id, ()) if self._is_name(target, read.id) and next(t.scopes(target), None) is None]

    @staticmethod
    def _is_name(target: ast.expr, name: str) -> bool:
        return isinstance(target, ast.Name) or (isinstance(target, (ast.Subscript, ast.Starred)) and isinstance(target.value, ast.Name) and target.value.id == name)

    def _of_attribute(self, key: Key, read: ast.Attribute) -> list[Value]:
        owner = self.class_of(key, read.value)
        kin = self._kin(owner) if owner is not None else set()
        given = [(k, self._owner_of(k, target), v) for k, t in self.texts.items() for target, v in t.given.get(read.attr, ()) if not isinstance(target, ast.Name)]
        given += [(k, t.owner(f), v) for k, t in self.texts.items() for f in t.functions.get(read.attr, ()) if _is_property(f) for v in _returns(f)]
        return [Value(k, v) for k, of, v in given if not kin or of is None or of.name in kin] or self._fields(read.attr, kin)

    def _owner_of(self, key: Key, target: ast.expr) -> ast.ClassDef | None:
        """The class whose attribute an assignment sets, where the code tells."""
        held = target.value if isinstance(target, (ast.Subscript, ast.Starred)) else target
        return self.class_of(key, held.value) if isinstance(held, ast.Attribute) else None

    def _fields(self, name: str, kin: set[str]) -> list[Value]:
        """What an object of a dataclass, a named tuple or the like was made with."""
        found = [Value(k, v) for k, t in self.texts.items() for call, v in t.keywords.get(name, ()) if last_name(call.func)[:1].isupper() and (not kin or last_name(call.func) in kin)]
        for text in self.texts.values():
            for made in (c for n, c in text.classes.items() if (not kin or n in kin) and not any(isinstance(s, ast.FunctionDef) and s.name == "__init__" for s in c.body)):
                fields = [s.target.id for s in made.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
                position = fields.index(name) if name in fields else None
                for key, other in self.texts.items():
                    found += [Value(key, c.args[position]) for c in other.calls.get(made.name, ()) if position is not None and position < len(c.args)]
        return found

    def _of_item(self, key: Key, read: ast.Subscript) -> list[Value]:
        """What a dict or list holds under a key that is written out; else all that it may hold."""
        if not isinstance(read.value, (ast.Name, ast.Attribute)):
            return []
        wanted, found = read.slice.value if isinstance(read.slice, ast.Constant) else None, list[Value]()
        for value in self.givers(key, read.value):
            node, at = value.node, self.texts[value.key].parent.get(value.node)
            item = next((t.slice for t in getattr(at, "targets", ()) if isinstance(t, ast.Subscript)), None)
            if isinstance(item, ast.Constant) and wanted is not None and item.value != wanted:
                continue
            inner: ast.expr | None = None
            if isinstance(node, ast.Dict):
                inner = next((v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant) and k.value == wanted), None)
            elif isinstance(node, ast.Call) and last_name(node.func) == "dict":
                inner = next((w.value for w in node.keywords if w.arg == wanted), None)
            elif isinstance(node, (ast.List, ast.Tuple)) and isinstance(wanted, int) and wanted < len(node.elts):
                inner = node.elts[wanted]
            found.append(Value(value.key, inner if inner is not None else node))
        return found

    def _returned(self, key: Key, call: ast.Call) -> list[Value]:
        """What the functions of known code of that name return; the methods of the object's class where that is known."""
        name, held = last_name(call.func), isinstance(call.func, ast.Attribute)
        kin = self._kin_of_object(key, call)
        functions = [(where, t.owner(f), f) for where, t in self.texts.items() for f in t.functions.get(name, ())]
        return [Value(where, v) for where, owner, f in functions if (owner is not None) is held and (owner is None or not kin or owner.name in kin) for v in _returns(f)]

    def _kin_of_object(self, key: Key, call: ast.Call) -> set[str]:
        """The classes that the object whose method is called may be of; none where the code does not tell."""
        owner = self.class_of(key, call.func.value) if isinstance(call.func, ast.Attribute) else None
        return self._kin(owner) if owner is not None else set()

    def _handed(self, key: Key, scope: Scope, name: str) -> list[Value]:
        """What calls of a function give one of its parameters: those in the cell at hand where there are any."""
        text, method_of = self.texts[key], None
        if isinstance(scope, ast.Lambda):
            named = text.parent.get(scope)
            called = last_name(named.targets[0]) if isinstance(named, ast.Assign) else ""
        else:
            around = text.parent.get(scope)
            method_of = around if isinstance(around, ast.ClassDef) else None
            called = method_of.name if method_of is not None and scope.name == "__init__" else scope.name
            if called == scope.name and any(called in t.handed_on for t in self.texts.values()):
                return []
        parameters = _parameters_of(scope)[1 if method_of is not None else 0 :]
        found = []
        for where, other in self.texts.items():
            for call in other.calls.get(called, ()) if called else ():
                # Another class may have a method of that name.
                if method_of is not None and (kin := self._kin_of_object(where, call)) and method_of.name not in kin:
                    continue
                given = next((w.value for w in call.keywords if w.arg == name), None)
                if given is None and name in parameters and parameters.index(name) < len(call.args):
                    given = call.args[parameters.index(name)]
                found += [Value(where, given)] if given is not None else []
        return [v for v in found if v.key == "current"] or found

    def class_of(self, key: Key, node: ast.expr) -> ast.ClassDef | None:
        """The class of an object, where the code tells: `self`, or a name that is given a call of a class of known code."""
        text = self.texts[key]
        if isinstance(node, ast.Name):
            for scope in text.scopes(node):
                owner = text.parent.get(scope)
                if isinstance(owner, ast.ClassDef) and _parameters_of(scope)[:1] == [node.id]:
                    return owner
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return None
        made = {last_name(v.node.func) for v in self.givers(key, node) if isinstance(v.node, ast.Call)}
        known = [t.classes[name] for name in made for t in self.texts.values() if name in t.classes]
        return known[0] if len(known) == 1 == len(made) else None

    def classes_of(self, word: str) -> set[str]:
        """The classes of known code that a name or attribute is given an object of, anywhere."""
        made = {last_name(v.func) for t in self.texts.values() for _, v in t.given.get(word, ()) if isinstance(v, ast.Call)}
        return {name for name in made if any(name in t.classes for t in self.texts.values())}

    def handed(self, key: Key, read: ast.Name) -> list[Value]:
        """What callers give the parameter that a name is; none for another name."""
        for scope in self.texts[key].scopes(read):
            if read.id in _parameters_of(scope):
                return self._handed(key, scope, read.id)
        return []

    def _kin(self, owner: ast.ClassDef) -> set[str]:
        """A class, the classes of known code that it is made from, and those that are made from it."""
        found = {owner.name, *(n for n, bases in self._bases.items() if owner.name in bases)}
        for _ in range(3):
            found |= {b for n in found for b in self._bases.get(n, ()) if b in self._bases}
        return found


def _parameters_of(scope: Scope) -> list[str]:
    """The names of a function's parameters, in order."""
    return [a.arg for a in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)]


def _returns(function: ast.FunctionDef) -> list[ast.expr]:
    inner = {n for f in ast.walk(function) if isinstance(f, SCOPES) and f is not function for n in ast.walk(f)}
    return [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None and n not in inner]


def _is_property(function: ast.FunctionDef) -> bool:
    return any("property" in last_name(d) for d in function.decorator_list)


__all__ = ["Ancestry", "Key", "Read", "Text", "Value", "reads_of"]
