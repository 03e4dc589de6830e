"""A frozen part of a model with weights as they were drawn, where the one of its kind that was trained before is used no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradmagic.locate.cloned import NEW, assigned_name, is_given_weights, words_of
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import STATE
from gradmagic.recording import ModelCall, Recording, Span, Variable

# Names of networks whose outputs are given, whatever their weights.
GIVEN = frozenset({"target", "teacher", "prior", "oracle", "environment", "simulator", "hash", "reservoir", "projection"})


def locate_frozen_anew(recording: Recording) -> list[Fault]:
    """A model that was trained and is called no more, and one of the same layers, made after its training, that is frozen inside the model that is trained next."""
    if recording.raised is not None:
        return []
    updated = {p.variable: u for u in recording.updates if u.raised is None for p in u.pairs}
    own: dict[tuple[int, ...], list[ModelCall]] = {}
    for call in recording.models:
        own.setdefault(call.weights, []).append(call)
    for weights, calls in own.items():
        mine = [v for k in weights if (v := recording.variables.get(k)) is not None]
        begun = next((c for c in calls if c.trains), None)
        if begun is None or len(mine) < len(weights) or not any(k in updated for k in weights):
            continue
        last = max(c.seq for c in recording.models if set(c.weights) & set(weights))
        rows = _made_after(recording, mine, last)
        # Where one of several new ones is trained on what another one gives, random weights are what it is to learn.
        for made, fresh in rows if not any(v.id in updated for _, row in rows for v in row) else ():
            keys = {v.id for v in fresh}
            if words_of(assigned_name(recording, made)) & {*NEW, *GIVEN}:
                continue
            # What is frozen is none of the weights that a model is trained by.
            user = next((c for c in recording.models if c.trains and c.seq > last and not keys & set(c.weights) and set(c.weights) & updated.keys()), None)
            if user is None or not any(_reads(recording, keys)) or any(seq > (fresh[0].created or 0) for seq in _reads(recording, weights)):
                continue
            if not any(keys & set(c.weights) for c in recording.models) and not keys & updated.keys() and not is_given_weights(recording, tuple(keys)):
                return [Fault("step", "anew", None, (), span=made, update=updated[next(k for k in weights if k in updated)], detail={"trained": calls[-1], "user": user.span, "key": made})]
    return []


def _reads(recording: Recording, keys: Iterable[int]) -> Iterator[int]:
    """When forward passes read variables, those of compiled functions and of frozen parts as well."""
    return (op.seq for k in keys for op in recording.consumers.get(k, ()) if op.phase == "forward" and op.type not in STATE)


def _made_after(recording: Recording, mine: list[Variable], seq: int) -> list[tuple[Span, list[Variable]]]:
    """Rows of variables that one line of the cell made after a moment, of the same layers and shapes as some others."""
    wanted = [_kind(v) for v in mine]
    rows: dict[Span, list[Variable]] = {}
    for variable in sorted(recording.variables.values(), key=lambda v: v.created or 0):
        if variable.created is not None and variable.created > seq and variable.trainable:
            for span in {s for s in variable.created_by if s.cell == "current"}:
                rows.setdefault(span, []).append(variable)
    found = []
    for span, row in rows.items():
        kinds = [_kind(v) for v in row]
        # What a line makes beside it (a head) comes behind, or before.
        start = next((i for i in range(len(row) - len(wanted) + 1) if kinds[i : i + len(wanted)] == wanted), None)
        if start is not None:
            found.append((span, row[start : start + len(wanted)]))
    return found


def _kind(variable: Variable) -> tuple[str, object]:
    return variable.path.rpartition("/")[2], variable.shape
