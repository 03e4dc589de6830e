"""Whether fixes hold: each is run aside, and what its trial gave goes into the report."""

from __future__ import annotations

import dataclasses
from typing import Any

from gradmagic.chained import completed
from gradmagic.holding import is_reported, statuses, why_not
from gradmagic.outside import NotTried
from gradmagic.report import Finding, Fix, Report, Trial
from gradmagic.trial import Bench, Outcome, run_both

# Fixes that do not hold alone and are tried with another one behind them, for each finding.
MOST_COMPLETED = 2


def try_fix(report: Report, finding: int, fix: int) -> dict[str, Any]:
    """Run one fix of the last report aside.

    Args:
        report: the last report of this process.
        finding: an index into its findings.
        fix: an index into that finding's fixes.

    Returns:
        `statuses_before` and `statuses_after` (name to status), `loss_before`, `loss_after` (numbers or None), `holds` (whether the fix repairs the finding and breaks
        nothing else), and `error`: one sentence where the trial was not possible or the edited cell fails, else None.
    """
    from gradmagic.state import bench_of

    answer: dict[str, Any] = {"statuses_before": {}, "statuses_after": {}, "loss_before": None, "loss_after": None, "holds": False, "error": None}
    bench = bench_of(report)
    if bench is None:
        return answer | {"error": "the state before this cell is gone: run the cell again to try its fixes"}
    if not (0 <= finding < len(report.findings)) or not (0 <= fix < len(report.findings[finding].fixes)):
        return answer | {"error": "the report has no such fix"}
    found = report.findings[finding]
    try:
        before, after = run_both(bench, found.fixes[fix])
    except NotTried as reason:
        return answer | {"error": str(reason)}
    except KeyboardInterrupt:
        return answer | {"error": "the trial was interrupted; everything is as it was before"}
    call = found.call or 0
    reason_ = why_not(found, found.fixes[fix], before, after)
    return {
        "statuses_before": statuses(before.report, call),
        "statuses_after": statuses(after.report, call, before.report),
        "loss_before": _loss(before, call),
        "loss_after": _loss(after, call),
        "holds": reason_ is None,
        "error": reason_,
    }


def with_tried_fixes(report: Report, bench: Bench) -> Report:
    """The report with the fixes that hold, each with what its trial gave; fixes with a hole to fill stay, fixes that fail go."""
    findings = []
    for found in report.findings:
        kept: list[Fix] = []
        failed: list[tuple[Fix, Outcome]] = []
        for fix in found.fixes:
            if fix.applicability == "display-only" or not fix.edits:
                kept.append(fix)
                continue
            try:
                before, after = run_both(bench, fix)
            except NotTried:
                continue
            if why_not(found, fix, before, after) is None:
                kept.append(_verified(fix, found, before, after))
            elif is_reported(found, before.report):
                failed.append((fix, after))
        for fix, after in failed[:MOST_COMPLETED] if not kept else ():
            whole = completed(bench, found, fix, after)
            if whole is not None and bench.unchanged is not None:
                kept.append(_verified(whole[0], found, bench.unchanged, whole[1]))
                break
        # What repairs everything comes before what leaves something out of scale.
        kept.sort(key=lambda f: f.verified is not None and not set(f.verified.statuses_after.values()) <= {"ok"})
        findings.append(dataclasses.replace(found, fixes=tuple(kept)))
    return dataclasses.replace(report, findings=tuple(findings))


def _verified(fix: Fix, found: Finding, before: Outcome, after: Outcome) -> Fix:
    call = found.call or 0
    return dataclasses.replace(fix, verified=Trial(statuses(after.report, call, before.report), _loss(before, call), _loss(after, call)))


def _loss(outcome: Outcome, call: int) -> float | None:
    value = outcome.losses[call] if call < len(outcome.losses) else None
    return value
