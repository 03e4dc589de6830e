"""The call of a function, or of a model, whose whole run lies outside of a tape's block: it is what would have to move, not the line in it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from gradmagic.ancestry import Ancestry, Key, Text
from gradmagic.definitions import place_of
from gradmagic.dropped_results import callers, stands_in
from gradmagic.recording import Recording, Span
from gradmagic.syntax import last_name

MAKING = ("__init__", "build")
DEEPEST = 6


def outermost_call(recording: Recording, place: Span, tape: Span, others: Iterable[Span]) -> Span | None:
    """The call furthest out that runs a place and not the tape; None where the place itself stands beside the tape, or the code does not tell.

    `others` are the places of all tapes: of a function that opens one it is not the call that has to move.
    """
    web = Ancestry(recording)
    key: Key = _key(place)
    text = web.texts.get(key)
    node = _first_at(text, place.line) if text is not None else None
    opening, ran, found = _opening(web, tape) | {n for other in others for n in _functions_at(web, other)}, {op.span.function for op in recording.ops if op.span is not None}, None
    for _ in range(DEEPEST):
        scope = next(web.texts[key].scopes(node), None) if node is not None else None
        if not isinstance(scope, ast.FunctionDef) or scope.name in (*MAKING, *opening) or any(_decorator(d) != "function" for d in scope.decorator_list):
            return found
        calls = list(callers(web, key, scope))
        calls = calls if len(calls) < 2 else [c for c in calls if stands_in(web.texts[c.key], c.node, ran)]
        if len(calls) != 1 or not isinstance(calls[0].node, ast.expr) or _is_under(web.texts[calls[0].key], calls[0].key, calls[0].node, tape):
            return found
        key, node = calls[0].key, calls[0].node
        found = place_of(recording, key, node)
    return found


def _key(span: Span) -> Key:
    return span.cell if span.cell is not None else span.file or ""


def _decorator(node: ast.expr) -> str:
    return last_name(node.func if isinstance(node, ast.Call) else node)


def _first_at(text: Text, line: int) -> ast.AST | None:
    """The first expression of a line."""
    return min((n for n in text.parent if isinstance(n, ast.expr) and n.lineno == line), key=lambda n: n.col_offset, default=None)


def _opening(web: Ancestry, tape: Span) -> set[str]:
    """The names of the functions that open the tape, themselves or in what they call."""
    found = _functions_at(web, tape)
    functions = [f for t in web.texts.values() for named in t.functions.values() for f in named]
    for _ in range(DEEPEST):
        found |= {f.name for f in functions if any(isinstance(n, ast.Call) and last_name(n.func) in found for n in ast.walk(f))}
    return found


def _functions_at(web: Ancestry, place: Span) -> set[str]:
    """The functions that a line stands in: of one that is traced the span does not say."""
    text = web.texts.get(_key(place))
    node = _first_at(text, place.line) if text is not None else None
    around = {s.name for s in text.scopes(node) if not isinstance(s, ast.Lambda)} if text is not None and node is not None else set()
    return around | ({place.function} if place.function else set())


def _is_under(text: Text, key: Key, node: ast.AST, tape: Span) -> bool:
    """Whether a call stands in the block of the tape."""
    around = text.parent.get(node)
    while around is not None:
        if isinstance(around, ast.With) and key == _key(tape) and around.lineno == tape.line:
            return True
        around = text.parent.get(around)
    return False
