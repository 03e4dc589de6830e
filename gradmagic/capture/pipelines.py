"""Variables that the function of a dataset reads: its graph was traced where the dataset was made, which may be in an earlier cell."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from gradmagic.capture.events import RawOp
from gradmagic.recording import Span
from gradmagic.syntax import tree_of

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

DEEPEST = 50


def read_in_pipelines(session: Session, ops: Iterable[RawOp], sources: Mapping[str | int, str]) -> dict[int, Span]:
    """By variable: the line of the function that a dataset, which the cell went through, maps its elements with."""
    used = {key for op in ops if op.type == "MakeIterator" or "Dataset" in op.type for key in op.inputs}
    used |= {session.dataset_copies[key] for key in used & session.dataset_copies.keys()}
    found: dict[int, Span] = {}
    for dataset in list(session.namespace.values()):
        if not isinstance(dataset, tf.data.Dataset) or getattr(dataset._variant_tensor, "_id", None) not in used:
            continue
        for step in _steps(dataset):
            wrapper = getattr(step, "_map_func", None)
            captured = getattr(getattr(wrapper, "function", None), "captured_inputs", ())
            keys = [k for k in (getattr(t, "_id", None) for t in captured) if k in session.variables.known and k not in found]
            span = _line_of(session, wrapper._func, keys, sources) if keys and wrapper is not None else None
            found |= dict.fromkeys(keys, span) if span is not None else {}
    return found


def _steps(dataset: Any) -> Iterator[Any]:
    """A dataset and those that it is made of."""
    waiting, seen = [dataset], 0
    while waiting and seen < DEEPEST:
        step = waiting.pop()
        seen += 1
        yield step
        waiting += [d for d in step._inputs() if isinstance(d, tf.data.Dataset)]


def _line_of(session: Session, function: Any, keys: list[int], sources: Mapping[str | int, str]) -> Span | None:
    """The call in a function that mentions what holds the variables, else the function's first line."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    place = session.spans.at(code.co_filename, code.co_firstlineno) if code is not None else None
    source = sources.get(place.cell if place.cell is not None else place.file or "") if place is not None else None
    tree = tree_of(source) if source is not None else None
    if code is None or place is None or source is None or tree is None:
        return None
    known = [session.variables.known[k] for k in keys]
    words = {part for k in known for name in (*k.names, k.owner or "", *k.holders) for part in re.split(r"[.\[]", name)[:1] if part}
    functions = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Lambda)) and n.lineno <= place.line <= (n.end_lineno or n.lineno)]
    inside = max(functions, key=lambda n: n.lineno, default=None)
    calls = [n for n in ast.walk(inside) if isinstance(n, ast.Call) and {m.id for m in ast.walk(n.func) if isinstance(m, ast.Name)} & words] if inside is not None else []
    if not calls:
        return place
    call, lines = calls[0], source.split("\n")
    return Span(place.cell, place.file, call.lineno, call.col_offset, call.end_lineno or call.lineno, call.end_col_offset or 0, lines[call.lineno - 1], code.co_name)
