"""Which branch of a conditional in a graph ran, and what depends on what along the branches that did."""

from __future__ import annotations

import dataclasses

from gradmagic.locate.paths import Paths, paths_of
from gradmagic.recording import GradientRun, Op, Recording


def taken_label(recording: Recording, conditional: Op) -> str | None:
    """The branch that ran: ``"then"``, ``"else"``, or the number of one of several. None for a loop, and where the condition could not be read."""
    if conditional.type.endswith("While"):
        return None
    condition = recording.tensors.get(conditional.inputs[0]) if conditional.inputs else None
    if condition is None or condition.all_zero is None:
        return None
    return ("else" if condition.all_zero else "then") if conditional.type.endswith("If") else str(round(condition.norm or 0))


def along_taken(recording: Recording, run: GradientRun) -> tuple[Paths, dict[int, str]] | None:
    """The paths of a run without the branches that did not run, and by the number of each conditional the one that did; None where there is no conditional that is known."""
    return recording.once(run, _along_taken)


def _along_taken(recording: Recording, run: GradientRun) -> tuple[Paths, dict[int, str]] | None:
    paths = paths_of(recording, run)
    taken = {op.seq: label for op in paths.ops if op.type.endswith(("If", "Case")) and (label := taken_label(recording, op)) is not None}
    if not taken:
        return None
    ops = []
    for op in recording.ops:
        if any(taken.get(seq, label) != label for seq, label in op.branches):
            continue
        label = taken.get(int(str(op.attributes["owner"]))) if op.type == "Merge" and "owner" in op.attributes else None
        if label is not None:
            position = {"then": 0, "else": 1}.get(label)
            position = int(label) if position is None else position
            op = dataclasses.replace(op, inputs=op.inputs[position : position + 1])
        ops.append(op)
    return Paths(dataclasses.replace(recording, ops=tuple(ops)), run), taken


def left_out(paths: Paths, index: int, taken: dict[int, str]) -> tuple[Op, Op, str] | None:
    """(conditional, op, label): the first op that uses a source in a branch that did not run."""
    for op in paths.ops:
        for seq, label in op.branches:
            if taken.get(seq, label) != label and paths.bits(op) >> index & 1 and op.span is not None:
                return paths.recording.by_seq[seq], op, label
    return None
