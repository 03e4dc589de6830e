"""Two models that code trains with, one in the other's place: what was to learn only predicts, and what was to predict is trained."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from gradmagic.locate.fault import Fault
from gradmagic.recording import ModelCall, Recording, Span
from gradmagic.syntax import last_name, tree_at


@dataclass(frozen=True)
class Exchange:
    """The call of the model that was trained, that of the one that was to be, beside it, and that of the same one behind the training."""

    trained: ModelCall
    still: ModelCall
    after: ModelCall
    crossed: bool


def locate_exchanged(recording: Recording) -> list[Fault]:
    """A model that only predicts beside the one that is trained, in the same function, and that alone is evaluated behind the training.

    That alone is no mistake. It is one where each of the two is called by the notebook's name of the other one, or where what only predicts is evaluated before the training as well.
    """
    if recording.raised is not None or not recording.updates:
        return []
    updated = {p.variable for u in recording.updates if u.raised is None for p in u.pairs}
    begun = min((c.seq for c in recording.models if c.trains), default=0)
    moved = updated | {a.variable for a in recording.assignments if a.seq > begun}
    for found in _exchanges(recording, updated, moved):
        update = next((u for u in recording.updates if {p.variable for p in u.pairs} & set(found.trained.weights)), None)
        if update is not None:
            return [Fault("step", "exchanged", None, (), span=found.trained.span, update=update, detail={"exchange": found})]
    return []


def _exchanges(recording: Recording, updated: set[int], moved: set[int]) -> Iterator[Exchange]:
    trained = [c for c in recording.models if c.trains and not c.infers and set(c.weights) <= updated]
    if not trained:
        return
    first, last = trained[0].seq, trained[-1].seq
    used = {c.span for c in recording.models if first <= c.seq <= last}
    after = [c for c in recording.models if c.seq > last and not c.trains and c.span not in used]
    for mine in {frozenset(c.weights): c for c in trained}.values():
        # A loop looks at a model on one line again and again.
        looked_at = {(c.span, c.weights): c for c in after if set(mine.weights) <= set(c.weights)}.values()
        beside = [c for c in recording.models if c.span is not None and mine.span is not None and _together(c.span, mine.span) and not set(c.weights) & moved]
        for still in {frozenset(c.weights): c for c in beside}.values():
            evaluated = next((c for c in after if set(c.weights) == set(still.weights)), None)
            if evaluated is None or not _on_the_same(recording, mine, still):
                continue
            before = any(set(c.weights) == set(still.weights) and c.span is not None and c.span.function is None and c.seq < first and c.span not in used for c in recording.models)
            crossed = _is_crossed(recording, mine, still)
            if (crossed and all(_is_taken_for(recording, c, still) for c in looked_at)) or (before and still.infers and not looked_at):
                yield Exchange(mine, still, evaluated, crossed)


def _together(one: Span, other: Span) -> bool:
    return (one.cell, one.file, one.function) == (other.cell, other.file, other.function) and one.function is not None


def _is_taken_for(recording: Recording, call: ModelCall, still: ModelCall) -> bool:
    """Whether a call of the trained model is meant as one of the other: under its name in the code that trains, or as a part of a model that holds both."""
    said = callee_at(recording, call)
    return set(still.weights) <= set(call.weights) or (said is not None and said.rpartition(".")[2] == notebook_name(recording, still))


def callee_at(recording: Recording, call: ModelCall) -> str | None:
    """What the code calls a model where it is called: the one object that is called with what a model could be called with; None where several could be meant."""
    found = {ast.unparse(c.func) for c in _model_calls(recording, call)}
    return found.pop() if len(found) == 1 else None


def _model_calls(recording: Recording, call: ModelCall) -> list[ast.Call]:
    """The calls on a model's line that may be the call of the model: of `training=…` where the line has one, else of an attribute of `self` or of a name that is not a function's."""
    calls = _calls_at(recording, call)
    told = [c for c in calls if any(k.arg == "training" for k in c.keywords)]
    return told or [c for c in calls if isinstance(c.func, ast.Name) or (isinstance(c.func, ast.Attribute) and isinstance(c.func.value, ast.Name) and c.func.value.id == "self")]


def _on_the_same(recording: Recording, one: ModelCall, other: ModelCall) -> bool:
    """Whether two models are called with the same input, so that neither goes on with what the other gave."""
    inputs = [{ast.unparse(c.args[0]) for c in _model_calls(recording, call) if c.args} for call in (one, other)]
    return bool(inputs[0] & inputs[1])


def _is_crossed(recording: Recording, one: ModelCall, other: ModelCall) -> bool:
    """Whether each of two models is called by the name that the notebook has for the other one."""
    names = [notebook_name(recording, call) for call in (one, other)]
    said = [{last_name(c.func) for c in _calls_at(recording, call)} for call in (one, other)]
    return names[0] is not None and names[1] is not None and names[0] != names[1] and names[1] in said[0] and names[0] in said[1]


def notebook_name(recording: Recording, call: ModelCall) -> str | None:
    """The notebook's name for a model, by which its weights are known."""
    found = {recording.variables[k].owner for k in call.weights if k in recording.variables}
    name = found.pop() if len(found) == 1 else None
    return name if name is not None and name.isidentifier() else None


def _calls_at(recording: Recording, call: ModelCall) -> list[ast.Call]:
    """The call at the place where a model was called; those of its line where only that is known."""
    span = call.span
    tree = tree_at(recording, span) if span is not None else None
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and span is not None and n.lineno == span.line] if tree is not None else []
    return [c for c in calls if span is not None and (c.col_offset, c.end_col_offset) == (span.column, span.end_column)] or calls
