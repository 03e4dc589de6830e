"""Branches that did not run, where a source would have been read."""

from __future__ import annotations

from gradmagic.branches import untaken_branch
from gradmagic.locate.escaped import words_for
from gradmagic.locate.paths import Paths
from gradmagic.recording import Span


def unread_branch(paths: Paths, index: int) -> Span | None:
    """The conditional with a branch that mentions a source and in which nothing ran."""
    others = _of_other_objects(paths, index)
    return untaken_branch(paths.recording, [s for s in _ran(paths) if s not in others], words_for(paths, index), paths.run.span)


def uncalled_branch(paths: Paths, index: int) -> tuple[str, Span] | None:
    """The model that a source belongs to and of which nothing was read under the tape, and the branch that calls it and did not run."""
    recording, run, tape = paths.recording, paths.run, paths.tape
    variable = recording.variables.get(run.sources[index].id)
    if variable is None or not variable.owner:
        return None
    opened = tape.opened if tape is not None else 0
    under = [op for op in recording.ops if op.phase == "forward" and opened <= op.seq < run.seq]
    mine = {v.id for v in recording.variables.values() if v.owner == variable.owner}
    if any(mine & set(op.inputs) for op in under):
        return None
    word = variable.owner.partition("[")[0].rpartition(".")[2]
    places = [op.span for op in under if op.span is not None]
    branch = untaken_branch(recording, places, {word}, run.span, tape.span if tape is not None else None, calls=True)
    return (word, branch) if branch is not None else None


def _ran(paths: Paths) -> list[Span]:
    """Where something ran: ops, gradient calls, updates, and values that were read."""
    recording = paths.recording
    spans = [op.span for op in paths.ops] + [r.span for r in recording.runs] + [u.span for u in recording.updates] + [e.span for e in recording.escapes]
    return [span for span in spans if span is not None]


def _of_other_objects(paths: Paths, index: int) -> set[Span]:
    """Where the same part of another object was read: the code of a class that ran, but not for the one that the source belongs to."""
    recording, key = paths.recording, paths.run.sources[index].id
    mine = recording.variables.get(key)
    part = mine.path.split("/")[-2:] if mine is not None else []
    if mine is None or len(part) < 2 or not mine.holders:
        return set()
    alike = [v.id for v in recording.variables.values() if v.id != key and v.path.split("/")[-2:] == part and set(v.holders) & set(mine.holders)]
    return {op.span for other in alike for op in recording.consumers.get(other, ()) if op.span is not None and op.phase == "forward"}
