"""Whose values the notes are about, as the user sees it: what a function was called with, the one variable behind a strategy's copies, the variable behind a value."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gradmagic.capture.events import RawOp

if TYPE_CHECKING:
    from gradmagic.capture.session import Session


def as_called(session: Session) -> None:
    """What a gradient call inside a function was asked for, by the ids that the function was called with."""
    outside = session.stands_for
    for run in session.runs:
        run.targets = tuple(outside.get(t, t) for t in run.targets)
        run.sources = tuple(dataclasses.replace(s, id=outside[s.id]) if s.id in outside else s for s in run.sources)
    for tape in session.tapes.values():
        tape.watched = {outside.get(k, k) for k in tape.watched}
        tape.watch_places = {outside.get(k, k): v for k, v in tape.watch_places.items()}


def as_one(session: Session, ops: list[RawOp]) -> None:
    """What happened to the copies that a strategy keeps of a variable, told of the one variable that they are for the user."""
    copies = session.variables.copies()
    if not copies:
        return

    def one(key: int | None) -> Any:
        return copies.get(key, key) if key is not None else None

    for op in ops:
        op.inputs, op.outputs = tuple(map(one, op.inputs)), tuple(map(one, op.outputs))
    for run in session.runs:
        run.sources = tuple(dataclasses.replace(s, id=one(s.id)) for s in run.sources)
        for step in run.steps:
            step.inputs = None if step.inputs is None else tuple(map(one, step.inputs))
    for tensor in session.tensors.values():
        tensor.variable = one(tensor.variable)
    session.assignments = [(seq, one(variable), how, value, place) for seq, variable, how, value, place in session.assignments]
    for key in copies:
        session.variables.known.pop(key, None)


def settle(session: Session, ops: list[RawOp]) -> None:
    """Decide which values are a variable's by the code that reads them, where their ids leave it open."""
    waiting = set(session.variables.doubtful)
    for op in ops:
        for key in waiting.intersection(op.inputs) if waiting else ():
            waiting.discard(key)
            tensor = session.tensors.get(key)
            span = op.span if op.span is not None else session.spans.span(op.place)
            if tensor is None or span is None:
                continue
            code = span.code[span.column : span.end_column] if span.line == span.end_line and span.end_column else span.code
            tensor.variable = session.variables.settle(key, code)
            tensor.origin = "variable" if tensor.variable is not None else "constant"
