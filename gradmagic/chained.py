"""Repairs that take more than one edit: where the first one leaves another cause behind it, what the edited cell then shows is repaired as well."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from gradmagic.holding import why_not
from gradmagic.outside import NotTried
from gradmagic.report import Edit, Finding, Fix
from gradmagic.trial import UNASKED, Bench, Outcome, edited_cells, run_both

# How many edits more.
MOST = 2
# Where a gradient ends, another end may lie behind it. A second bound behind a bound that was put around numbers (`nonfinite/`, `scale/`) would only hide what is wrong.
ENDED = ("none/", "zero/", "error/")


def completed(bench: Bench, found: Finding, first: Fix, outcome: Outcome) -> tuple[Fix, Outcome] | None:
    """A fix that holds, made of one that does not alone and of what the reports of the edited cell offer; with what the cell gives then. None where there is none."""
    fix = first
    for _ in range(MOST if found.rule.startswith(ENDED) else 0):
        texts = {**bench.code, "current": bench.source, **edited_cells(bench, fix)}
        following = _next(bench, found, outcome, texts)
        if following is None:
            return None
        try:
            edits = edits_between({**bench.code, "current": bench.source}, {**texts, **edited_cells(bench, following, texts)})
            sure = fix.applicability == following.applicability == "safe"
            title = fix.title if following.title in fix.title else f"{fix.title}; and {following.title}"
            fix = Fix(title, edits, "safe" if sure else "unsafe")
            before, outcome = run_both(bench, fix)
        except NotTried:
            return None
        if why_not(found, fix, before, outcome) is None:
            return fix, outcome
    return None


def _next(bench: Bench, found: Finding, outcome: Outcome, texts: Mapping[str | int, str]) -> Fix | None:
    """The first fix for what stands in the way of the same variables when the edited cell runs."""
    from gradmagic.cell import versions
    from gradmagic.diagnose import diagnose

    if outcome.recording is None or outcome.recording.cell_seconds > UNASKED:
        return None
    report = diagnose(outcome.recording, versions=versions(), expected=bench.expected)
    for other in report.findings:
        if other.severity == "note" or other.accepted or not other.rule.startswith(ENDED) or not set(other.variables) & set(found.variables):
            continue
        for fix in other.fixes:
            known = all(e.cell in texts and e.end_line <= len(texts[e.cell].split("\n")) for e in fix.edits if e.cell is not None)
            if fix.edits and fix.applicability != "display-only" and known and all(e.cell is not None for e in fix.edits):
                return fix
    return None


def edits_between(before: Mapping[str | int, str], after: Mapping[str | int, str]) -> tuple[Edit, ...]:
    """The edits that make one form of the cells of the other."""
    found = []
    for cell, text in after.items():
        old, new = before.get(cell, text).split("\n"), text.split("\n")
        parts: list[tuple[int, int, list[str]]] = []
        for kind, i, k, j, n in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "insert" and i and parts and parts[-1][1] == i:
                # The line in front, behind which this goes, has been taken along with what goes before it.
                parts[-1] = parts[-1][0], i, [*parts[-1][2], *new[j:n]]
            elif kind == "insert":
                # An edit stands in the place of lines: what is put in goes with the line in front of it, or behind it.
                parts.append((i - 1, i, [old[i - 1], *new[j:n]]) if i else (0, 1, [*new[j:n], old[0]]))
            elif kind != "equal":
                parts.append((i, k, new[j:n]))
        found += [Edit(cell, i + 1, k, "\n".join(lines), None if cell == "current" else "\n".join(old[i:k])) for i, k, lines in parts]
    return tuple(found)
