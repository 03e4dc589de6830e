"""Report and report -> what got better and what got worse since the cell last ran, per variable."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from gradmagic.report import Change, ChangeKind, GradientCall, Report, Since, VariableReport

# How bad a status is: to be out of scale is less than to be zero, and that less than to be missing or not finite.
RANK = {"ok": 0, "vanishing": 1, "exploding": 1, "zero": 2, "none": 3, "inf": 4, "nan": 4, "wrong": 4, "error": 5}
ALIKE = 0.6
FEW_LINES = 20
# What Keras puts behind the name of a second layer of its kind.
NUMBER = re.compile(r"_\d+(?=/|$)")


def compare(before: Report, after: Report) -> Since:
    """What changed between two runs of a cell.

    Calls are matched by their kind, target and order, variables by their names, where a model made anew may count on: `dense_1` is what `dense` was. A variable that only one of the reports has is listed with None for the other.
    """
    changes = []
    partner = _partners(before.calls, after.calls)
    for index, call in enumerate(after.calls):
        other = partner.get(index)
        old = {v.name: v.status for v in before.calls[other].variables} if other is not None else {}
        new = {v.name: v.status for v in call.variables}
        if other is not None:
            for name, earlier in _counted_on(before.calls[other].variables, call.variables):
                old[name] = old.pop(earlier)
        for name in [*new, *(n for n in old if n not in new)]:
            if old.get(name) != new.get(name) and other is not None:
                changes.append(Change(name, index, old.get(name), new.get(name), _kind(old.get(name), new.get(name))))
    was, now = _rules(before), _rules(after)
    return Since(before.cell.execution_count, tuple(changes), tuple(r for r in was if r not in now), tuple(r for r in now if r not in was))


def _counted_on(before: tuple[VariableReport, ...], after: tuple[VariableReport, ...]) -> list[tuple[str, str]]:
    """Variables that only the later call has, each with the earlier name of the one in its place: names differ in numbers only, shapes not at all."""
    known = [{v.name for v in variables} for variables in (before, after)]
    free: dict[tuple[str, object], list[str]] = {}
    for v in before:
        if v.name not in known[1]:
            free.setdefault((NUMBER.sub("", v.name), v.shape), []).append(v.name)
    fresh = [(v.name, free.get((NUMBER.sub("", v.name), v.shape))) for v in after if v.name not in known[0]]
    return [(name, names.pop(0)) for name, names in fresh if names]


def _kind(before: str | None, after: str | None) -> ChangeKind:
    if before is None or after is None:
        return "other"
    difference = RANK[after] - RANK[before]
    return "better" if difference < 0 else "worse" if difference > 0 else "other"


def _rules(report: Report) -> list[str]:
    return list(dict.fromkeys(f.rule for f in report.findings if f.severity != "note"))


def _partners(before: tuple[GradientCall, ...], after: tuple[GradientCall, ...]) -> dict[int, int]:
    """For each call the earlier one of the same kind and target, in order; calls of one kind in equal number are matched by order alone."""
    free = list(range(len(before)))
    found: dict[int, int] = {}
    for same_target in (True, False):
        for index, call in enumerate(after):
            if index in found:
                continue
            for other in free:
                names = [c.target.name if c.target is not None else None for c in (before[other], call)]
                if before[other].kind == call.kind and (not same_target or names[0] == names[1]):
                    found[index] = other
                    free.remove(other)
                    break
    return found


def previous(report: Report, earlier: Iterable[Report]) -> Report | None:
    """The last earlier report of the same cell: by the cell's id, and where front ends give none, by source text that is much alike."""
    for other in reversed(list(earlier)):
        if report.cell.id is not None or other.cell.id is not None:
            if report.cell.id == other.cell.id:
                return other
        elif _shares_a_variable(report, other) and _alike(report.cell.source, other.cell.source):
            return other
    return None


def _shares_a_variable(one: Report, other: Report) -> bool:
    """Whether both asked for a gradient of the same name, or one of them for none at all: cells of a course are often alike and have nothing to do with each other."""
    mine, yours = ({NUMBER.sub("", v.name) for c in r.calls for v in c.variables} for r in (one, other))
    return bool(mine & yours) or not mine or not yours


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    # Letters tell more of a few lines, and take too long for many.
    by_line = min(one.count("\n"), other.count("\n")) > FEW_LINES
    left: Sequence[str] = one.split("\n") if by_line else one
    right: Sequence[str] = other.split("\n") if by_line else other
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    return matcher.real_quick_ratio() > ALIKE and matcher.quick_ratio() > ALIKE and matcher.ratio() > ALIKE
