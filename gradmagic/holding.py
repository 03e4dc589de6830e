"""Whether a fix holds, by the reports of the cell without it and with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gradmagic.options import LEVELS
from gradmagic.report import Finding, Fix, Report

if TYPE_CHECKING:
    from gradmagic.trial import Outcome

WORST = ("ok", "vanishing", "exploding", "zero", "none", "inf", "nan", "wrong", "error")
TOLERANCE = 1e-5


def why_not(found: Finding, fix: Fix, before: Outcome, after: Outcome) -> str | None:
    """Why a fix does not hold, in one sentence; None where it does.

    It holds when what was found is gone, nothing is worse, nothing new is reported as an error, and a fix that is called safe leaves the loss as it was.
    """
    if not is_reported(found, before.report):
        return "run again, the cell does not show this finding: it depends on something that cannot be put back"
    if after.raised is not None and after.raised != before.raised:
        return f"with this change the cell raises {after.raised}"
    if after.raised is not None and len(after.report.calls) < len(before.report.calls):
        # The same error, and before the gradient is asked for.
        return f"with this change the cell raises {after.raised} earlier"
    if after.raised is not None and found.rule.startswith("error/"):
        return f"with this change the cell still raises {after.raised}"
    if is_reported(found, after.report, _names_before(before.report, after.report)):
        return "with this change the finding is still there"
    known = {f.rule for f in before.report.findings}
    new = [f for f in after.report.findings if f.severity == "error" and not f.accepted and f.rule not in known]
    if new:
        return f"with this change something else is wrong: {new[0].message}"
    for index in range(len(after.report.calls)):
        old = statuses(before.report, index) if index < len(before.report.calls) else {}
        for name, status in statuses(after.report, index, before.report).items():
            if name in old and WORST.index(status) > WORST.index(old[name]):
                return f"with this change the gradient of `{name}` is {status}"
            if name in found.variables and status in ("none", "nan", "inf", "error", "wrong") and index == (found.call or 0):
                return f"with this change the gradient of `{name}` is still {status}"
    if fix.applicability == "safe" and not _same_loss(before, after):
        return "the change is meant to leave the loss as it is, and the loss is another"
    return None


def statuses(report: Report, call: int, before: Report | None = None) -> dict[str, str]:
    """The statuses of a call's gradients by variable, under the names that the variables had in the report `before`."""
    calls = report.calls[call : call + 1] or report.calls[:1]
    names = _names_before(before, report) if before is not None else {}
    return {names.get(v.name, v.name): v.status for c in calls for v in c.variables}


def _names_before(before: Report, after: Report) -> dict[str, str]:
    """The names that variables had before: a model that is made again by an edited cell has another name, and its variables have it in theirs."""
    found: dict[str, str] = {}
    for old, new in zip(before.calls, after.calls, strict=False):
        if len(old.variables) == len(new.variables) and not {v.name for v in old.variables} >= {v.name for v in new.variables}:
            pairs = [(n.name, o.name) for n, o in zip(new.variables, old.variables, strict=True)]
            if all(n.rpartition("/")[2] == o.rpartition("/")[2] for n, o in pairs):
                found.update(pairs)
    return found


def is_reported(found: Finding, report: Report, names: dict[str, str] | None = None) -> bool:
    """Whether a report says of the same variables what a finding says; `names` are those that variables had before."""
    # What is left as a note (the bias that a loss does not depend on, behind a repaired one) is no fault any more.
    return any(
        f.rule == found.rule
        and LEVELS.index(f.severity) >= LEVELS.index(found.severity)
        and (not found.variables or not f.variables or {(names or {}).get(v, v) for v in f.variables} & set(found.variables))
        for f in report.findings
    )


def _same_loss(before: Outcome, after: Outcome) -> bool:
    for old, new in zip(before.losses, after.losses, strict=False):
        if old is None or new is None or (math.isnan(old) and math.isnan(new)) or old == new:
            continue
        if math.isnan(old) or not abs(old - new) <= TOLERANCE * max(abs(old), abs(new)):
            return math.isnan(old)
    return True
