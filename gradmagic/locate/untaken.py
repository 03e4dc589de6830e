"""Branches that did not run, where a source would have been read."""

from __future__ import annotations

from gradmagic.branches import untaken_branch, untaken_in
from gradmagic.locate.escaped import words_for
from gradmagic.locate.paths import Paths, paths_of
from gradmagic.recording import GradientRun, Recording, Span


def unread_branch(paths: Paths, index: int) -> Span | None:
    """The conditional with a branch that mentions a source and in which nothing ran."""
    others = _of_other_objects(paths, index)
    return _in_call(paths, index) or untaken_branch(paths.recording, [s for s in _ran(paths) if s not in others], words_for(paths, index), paths.run.span)


def _in_call(paths: Paths, index: int) -> Span | None:
    """The conditional in the `call` of a layer of the user's that ran under the tape, where the layer may have run no op at all."""
    recording = paths.recording
    variable = recording.variables.get(paths.run.sources[index].id)
    if variable is None or not variable.calls:
        return None
    opened = paths.tape.opened if paths.tape is not None else 0
    ran = recording.once(paths.run, _under_tape)
    for turns, span, name in reversed(variable.calls):
        branch = untaken_in(recording, span, name, ran) if any(opened <= seq < paths.run.seq for seq in turns) else None
        if branch is not None:
            return branch
    return None


def _under_tape(recording: Recording, run: GradientRun) -> list[Span]:
    """Where ops ran under the tape of a run; a place once, however often it ran."""
    paths = paths_of(recording, run)
    opened = paths.tape.opened if paths.tape is not None else 0
    return list(dict.fromkeys(op.span for op in paths.ops if op.span is not None and (op.in_graph or opened <= op.seq < run.seq)))


def uncalled_branch(paths: Paths, index: int) -> tuple[str, Span] | None:
    """The model that a source belongs to and of which nothing was read under the tape, and the branch that calls it and did not run."""
    variable = paths.recording.variables.get(paths.run.sources[index].id)
    return paths.recording.once(paths.run, _uncalled).get(variable.owner) if variable is not None and variable.owner else None


def _uncalled(recording: Recording, run: GradientRun) -> dict[str, tuple[str, Span]]:
    """By owner, for all sources of a run at once: a model has many variables, and the code is searched once for it."""
    tape, variables = paths_of(recording, run).tape, recording.variables
    opened = tape.opened if tape is not None else 0
    under = [op for op in recording.ops if op.phase == "forward" and opened <= op.seq < run.seq]
    read = {variables[key].owner for op in under for key in op.inputs if key in variables}
    places = list(dict.fromkeys(op.span for op in under if op.span is not None))
    found = {}
    for owner in dict.fromkeys(variables[s.id].owner for s in run.sources if s.id in variables):
        if not owner or owner in read:
            continue
        word = owner.partition("[")[0].rpartition(".")[2]
        branch = untaken_branch(recording, places, {word}, run.span, tape.span if tape is not None else None, calls=True)
        if branch is not None:
            found[owner] = (word, branch)
    return found


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
