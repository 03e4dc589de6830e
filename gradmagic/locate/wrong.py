"""Where the numbers contradict a gradient."""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, NumericCheck, Recording

MEANT = "meant: "


def locate_wrong(recording: Recording) -> list[Fault]:
    """Custom gradients that contradict their forward functions, then gradients that contradict the numbers for no reason that was found, then kinks and jumps."""
    found = []
    custom = [c for c in recording.numeric if c.custom is not None and c.agrees is False]
    whole = [c for c in recording.numeric if c.custom is None]
    deviating = {c.op for c in custom}
    explained: set[int] = set()
    for check in custom:
        runs = _runs_of(recording, check.op, whole)
        run = runs[0] if runs else None
        mine = tuple(c.source for c in whole if run is not None and c.run == run.seq and c.agrees is False and c.source is not None)
        explained |= {r.seq for r in runs}
        found.append(Fault("wrong", "numeric", run, mine, numeric=check, op=recording.by_seq.get(check.op or -1), span=check.span))
    for check in whole:
        run = next((r for r in recording.runs if r.seq == check.run), None)
        if run is None or check.source is None or (check.agrees is not True and (check.run in explained or deviating.intersection(check.through))):
            continue
        if check.agrees is False:
            found.append(Fault("wrong", "numeric", run, (check.source,), numeric=check, span=run.span))
        elif check.note in ("kink", "jump", "corner"):
            found.append(Fault("wrong", "nonsmooth", run, (check.source,), numeric=check, span=run.span, detail={"key": check.note}))
    return found


def _runs_of(recording: Recording, op: int | None, whole: list[NumericCheck]) -> list[GradientRun]:
    """The gradient calls whose way leads through the op of a custom gradient."""
    compared = {c.run for c in whole if op in c.through}
    return [run for run in recording.runs if run.seq in compared or any(step.op == op for step in run.steps)]


def merge_key(check: NumericCheck, cause: str) -> tuple[object, ...]:
    """What faults have in common that are one."""
    return (check.custom, check.note, cause, check.run if check.custom is None else None)
