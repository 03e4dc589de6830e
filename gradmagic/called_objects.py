"""Objects that the code calls like functions: layers and models of the user's own, and what their `call` makes of what they are handed."""

from __future__ import annotations

import ast
import functools

from gradmagic.assignments import pairs_of
from gradmagic.definitions import leads_to, place_of
from gradmagic.leaving import calls_outside
from gradmagic.recording import Recording, Span
from gradmagic.syntax import holds, last_name, mentions, tree_of

CALLED = ("call", "__call__", "forward")
Method = tuple[str | int, ast.FunctionDef]


def leaving_in_objects(recording: Recording, names: set[str], places: set[Span]) -> list[tuple[Span, Span]]:
    """Where the `call` of an object takes to NumPy what it is handed: one of these names, or the value of the expression at one of these places. Each with the call of the object."""
    found = []
    for where, call, (key, method) in _calls(tuple(recording.code.items())):
        parameters = [p.arg for p in method.args.args[1:]]
        given = [name for value, name in (*zip(call.args, parameters, strict=False), *((k.value, k.arg) for k in call.keywords)) if name and _is_meant(where, value, names, places)]
        for outside in _leaving(recording, key, method, set(given)) if given else ():
            place = place_of(recording, where, call)
            found += [(outside, place)] if leads_to(recording, outside, [place]) else []
    return found


def _is_meant(where: str | int, value: ast.expr, names: set[str], places: set[Span]) -> bool:
    if not isinstance(value, (ast.Name, ast.Attribute, ast.Call)):
        return False
    return mentions([value], names) or any((p.cell if p.cell is not None else p.file) == where and p.end_column and holds(value, p) for p in places)


def _leaving(recording: Recording, key: str | int, method: ast.FunctionDef, given: set[str]) -> list[Span]:
    """The calls of a method that hand what it was given, or what is computed from that, to NumPy."""
    names = set(given)
    for step in sorted((n for n in ast.walk(method) if isinstance(n, ast.Assign)), key=lambda n: n.lineno):
        names |= {n.id for t in step.targets for n in ast.walk(t) if isinstance(n, ast.Name)} if mentions([step.value], names) else set()
    spans = calls_outside(recording, place_of(recording, key, method), names)
    return sorted((s for s in spans if method.lineno <= s.line <= (method.end_lineno or method.lineno)), key=lambda s: (s.line, s.column))


@functools.lru_cache(maxsize=4)
def _calls(code: tuple[tuple[str | int, str], ...]) -> tuple[tuple[str | int, ast.Call, Method], ...]:
    """The calls of objects whose class the code knows: by the name or attribute that holds them, or where they are made."""
    methods = dict[str, Method]()
    trees = [(key, tree) for key, text in code if (tree := tree_of(text)) is not None]
    for key, tree in trees:
        for owner in (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)):
            own = {f.name: f for f in owner.body if isinstance(f, ast.FunctionDef) and f.name in CALLED}
            if own:
                methods[owner.name] = key, next(own[name] for name in CALLED if name in own)
    held = dict[str, Method]()
    for _, tree in trees if methods else ():
        for target, value in (pair for n in ast.walk(tree) if isinstance(n, ast.Assign) for pair in pairs_of(n)):
            if isinstance(value, ast.Call) and last_name(value.func) in methods and isinstance(target, (ast.Name, ast.Attribute)):
                held[last_name(target)] = methods[last_name(value.func)]
    found = list[tuple[str | int, ast.Call, Method]]()
    for key, tree in trees if methods else ():
        for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
            made = isinstance(call.func, ast.Call) and last_name(call.func.func) in methods
            method = methods[last_name(call.func.func)] if made and isinstance(call.func, ast.Call) else held.get(last_name(call.func))
            if method is not None:
                found.append((key, call, method))
    return tuple(found)
