"""Results that come out of a function of the user's and that its caller drops."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gradmagic.ancestry import Ancestry, Key, Scope, Text, Value
from gradmagic.definitions import place_of
from gradmagic.recording import GradientRun, Op, Recording, Span
from gradmagic.syntax import last_name

CALLED_AS_OBJECTS = ("call", "__call__")
DEEPEST = 6


def dropped_by_caller(recording: Recording, place: Span, block: Span | None = None, *, by_turns: bool = False) -> Span | None:
    """The one call that returns what is computed at a place further in, and whose result no line reads; None where the code does not tell, or the result goes elsewhere.

    Of the `with` line of a tape it may be a result that is read behind the block only, to be shown or returned; `by_turns` also one that each turn of a loop puts into the place of the last.
    """
    web = Ancestry(recording)
    key: Key = place.cell if place.cell is not None else place.file or ""
    text = web.texts.get(key)
    node = _expression_at(text, place) if text is not None else None
    ran = {op.span.function for op in recording.ops if op.span is not None}
    for _ in range(DEEPEST):
        back = _handed_back(web.texts[key], node) if node is not None else None
        calls = list(callers(web, key, back[0])) if back is not None else []
        calls = calls if len(calls) < 2 else [c for c in calls if stands_in(web.texts[c.key], c.node, ran)]
        if back is None or len(calls) != 1 or not isinstance(calls[0].node, ast.Call):
            return None
        if back[1] is not None and getattr(back[0], "name", "") in CALLED_AS_OBJECTS:
            # One head of several that a caller leaves alone is the model's to explain.
            return None
        key, node = calls[0].key, calls[0].node
        around = _block_around(web.texts[key], key, node, block) if block is not None else None
        if _goes_nowhere(web, key, node, back[1], around) or (by_turns and back[1] is None and _is_replaced_in_each_turn(web.texts[key], node)):
            return place_of(recording, key, node)
        if back[1] is not None:
            return None
    return None


def left_by_call(recording: Recording, run: GradientRun, op: Op, missing: set[int], place: Span) -> Span | None:
    """The call of a layer of the user's whose result is lost, where that is what is computed at a place in it: all that the layer knows is lost with it, or the same call reached the target in another turn."""
    web = Ancestry(recording)
    key: Key = place.cell if place.cell is not None else place.file or ""
    text = web.texts.get(key)
    node = _expression_at(text, place) if text is not None else None
    back = _handed_back(web.texts[key], node) if node is not None else None
    if back is None or getattr(back[0], "name", "") not in CALLED_AS_OBJECTS:
        return None
    call = next((m for m in reversed(recording.models) if m.seq < op.seq and m.span is not None and missing & set(m.weights)), None)
    given = {source.id for source, gradient in zip(run.sources, run.gradients, strict=True) if not gradient.missing}
    if call is None or call.span is None or (call.span.cell, call.span.line) == (place.cell, place.line):
        return None
    lost = [i for i, weight in enumerate(call.weights) if weight in missing]
    others = [m.weights for m in recording.models if m.span == call.span and len(m.weights) == len(call.weights) and m.weights != call.weights]
    if given & set(call.weights) and back[1] is None:
        return None
    in_another_turn = any({weights[i] for i in lost} <= given for weights in others)
    return call.span if in_another_turn or (back[1] is None and not others) else None


def stands_in(text: Text, node: ast.AST, functions: set[str | None]) -> bool:
    """Whether a call stands outside of all functions, or in one of those in which ops ran."""
    scope = next(text.scopes(node), None)
    return scope is None or isinstance(scope, ast.Lambda) or scope.name in functions


def _block_around(text: Text, key: Key, node: ast.AST, block: Span) -> ast.With | None:
    """The `with` statement that a tape was opened by, where a call stands in it and in no function within."""
    scope, current = next(text.scopes(node), None), text.parent.get(node)
    while current is not None and current is not scope:
        if isinstance(current, ast.With) and key == (block.cell if block.cell is not None else block.file) and current.lineno == block.line:
            return current
        current = text.parent.get(current)
    return None


def _expression_at(text: Text, place: Span) -> ast.expr | None:
    """The expression of a place; of a line that is all that is known, the value of its statement."""
    found = None
    for node in text.parent:
        if isinstance(node, ast.expr) and (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset) == (place.line, place.column, place.end_line, place.end_column):
            return node
        if isinstance(node, (ast.Return, ast.Assign)) and (node.lineno, node.end_lineno) == (place.line, place.line):
            found = node.value
    return found


def _handed_back(text: Text, node: ast.expr) -> tuple[Scope, int | None] | None:
    """The function that returns an expression, itself or under the name that it is given, and the place that it has among several that are returned."""
    scope, around = next(text.scopes(node), None), text.parent.get(node)
    if scope is None or isinstance(scope, ast.Lambda):
        return (scope, None) if scope is not None and scope.body is node else None
    name = last_name(around.targets[0]) if isinstance(around, ast.Assign) and len(around.targets) == 1 and isinstance(around.targets[0], ast.Name) else None
    for returned in (r for r in ast.walk(scope) if isinstance(r, ast.Return) and r.value is not None and next(text.scopes(r), None) is scope):
        parts = returned.value.elts if isinstance(returned.value, ast.Tuple) else []
        for position, part in [(None, returned.value), *enumerate(parts)]:
            if part is node or (name is not None and isinstance(part, ast.Name) and part.id == name and returned.lineno > node.lineno):
                return scope, position
    return None


def callers(web: Ancestry, key: Key, function: Scope) -> Iterator[Value]:
    """The calls of a function, without those of other cells that stand outside of functions: they did not run in the check."""
    text = web.texts[key]
    around = text.parent.get(function)
    owner = around if isinstance(around, ast.ClassDef) else None
    called = last_name(around.targets[0]) if isinstance(around, ast.Assign) else getattr(function, "name", "")
    for where, other in web.texts.items():
        for calls in other.calls.values() if owner is not None and called in CALLED_AS_OBJECTS else [other.calls.get(called, [])]:
            for call in calls:
                if _calls(web, where, call, called, owner) and (where == "current" or next(other.scopes(call), None) is not None):
                    yield Value(where, call)


def _calls(web: Ancestry, key: Key, call: ast.Call, called: str, owner: ast.ClassDef | None) -> bool:
    if owner is None:
        return isinstance(call.func, ast.Name) and call.func.id == called
    if called in CALLED_AS_OBJECTS and last_name(call.func) != called:
        return web.class_of(key, call.func) is owner or _class_of_elements(web, key, call.func) is owner
    held = web.class_of(key, call.func.value) if isinstance(call.func, ast.Attribute) else None
    return isinstance(call.func, ast.Attribute) and held in (owner, None)


def _class_of_elements(web: Ancestry, key: Key, node: ast.expr) -> ast.ClassDef | None:
    """The class of the objects that a loop takes out of a list, where the list is written down or made by a comprehension."""
    if not isinstance(node, ast.Name):
        return None
    given = web.givers(key, node)
    lists = [v for g in given for v in (web.givers(g.key, g.node) if isinstance(g.node, (ast.Name, ast.Attribute)) else [g])]
    elements = [e for v in lists for e in ([v.node.elt] if isinstance(v.node, ast.ListComp) else v.node.elts if isinstance(v.node, ast.List) else [v.node])]
    made = {last_name(e.func) if isinstance(e, ast.Call) else "" for e in elements}
    known = [t.classes[name] for name in made for t in web.texts.values() if name in t.classes]
    return known[0] if len(known) == len(made) == 1 else None


def _is_replaced_in_each_turn(text: Text, call: ast.Call) -> bool:
    """Whether a loop over what is called gives the result a name that no line of the loop reads: all results but the last are lost."""
    statement = text.parent.get(call)
    loop = text.parent.get(statement) if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
    if not isinstance(statement, ast.Assign) or not isinstance(loop, ast.For) or not isinstance(statement.targets[0], ast.Name) or not isinstance(call.func, ast.Name):
        return False
    name, each = statement.targets[0].id, {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
    return call.func.id in each and not any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for part in loop.body for n in ast.walk(part))


def _goes_nowhere(web: Ancestry, key: Key, call: ast.Call, position: int | None, block: ast.With | None) -> bool:
    """Whether nothing reads the result of a call, or the one of several that is meant; of a tape's block, nothing in it."""
    text = web.texts[key]
    statement = text.parent.get(call)
    if isinstance(statement, ast.Expr):
        return True
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    if isinstance(target, ast.Tuple) and position is not None and position < len(target.elts) and not any(isinstance(e, ast.Starred) for e in target.elts):
        target = target.elts[position]
    if not isinstance(target, ast.Name):
        return False
    if block is not None:
        return not any(isinstance(n, ast.Name) and n.id == target.id and isinstance(n.ctx, ast.Load) for part in block.body for n in ast.walk(part))
    return _is_unread(web, text, statement, target.id)


def _is_unread(web: Ancestry, text: Text, statement: ast.Assign, name: str) -> bool:
    """Whether no line reads what a statement gives a name, before another one gives it a new value."""
    scope = next(text.scopes(statement), None)
    within = [scope] if scope is not None else [node for other in web.texts.values() for node in other.parent if isinstance(node, ast.stmt)]
    reads = [n for root in within for n in ast.walk(root) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    if not reads:
        return True
    if scope is None:
        return False
    renewed = [n for n in _behind(text, statement) if isinstance(n, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in n.targets)]
    end = renewed[0].end_lineno or renewed[0].lineno if renewed else 0
    return bool(renewed) and all(n.lineno > end for n in reads)


def _behind(text: Text, statement: ast.stmt) -> list[ast.stmt]:
    """The statements behind one in the same block."""
    block = next((b for b in (getattr(text.parent.get(statement), part, []) for part in ("body", "orelse", "finalbody")) if isinstance(b, list) and statement in b), [])
    return block[block.index(statement) + 1 :] if statement in block else []
