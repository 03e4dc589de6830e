"""The message pair of *Try it*: what the view asks, and what the kernel answers. The other end is labextension/src/trials.ts.

The view sends ``{"type": "try", "finding": int, "fix": int}``, both counted as in the report. The answer is ``{"type": "tried", "finding": int, "fix": int,
"statuses_before": {name: status}, "statuses_after": {name: status}, "loss_before": number, "loss_after": number, "error": str | None}``; where `error` holds a
sentence, the trial could not be made and the other results are empty. Numbers are strict JSON: ``"nan"``, ``"inf"``, ``"-inf"``, or null where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gradmagic.report import Finding, Fix, Report

TryFix = Callable[[Report, Finding, Fix], Mapping[str, Any]]
"""Runs the code of a report with a fix aside. Gives `statuses_after` and, where known, `statuses_before`, `loss_before`, `loss_after`, or `error`, one sentence."""


def answer(message: Any, report: Report, try_fix: TryFix) -> dict[str, Any] | None:
    """The answer to a message of the view.

    Args:
        message: anything that came over the wire.
        report: the report that the view shows.
        try_fix: what makes the trial. What it raises becomes the `error` of the answer; only `KeyboardInterrupt` and the like pass through.

    Returns:
        The message to send back, None where `message` asks for no trial.
    """
    if not isinstance(message, Mapping) or message.get("type") != "try":
        return None
    asked = {"type": "tried", "finding": message.get("finding"), "fix": message.get("fix")}
    empty: dict[str, Any] = {"statuses_before": {}, "statuses_after": {}, "loss_before": None, "loss_after": None}
    found = _find(report, message.get("finding"), message.get("fix"))
    if found is None:
        return {**asked, **empty, "error": "this report has no such fix"}
    try:
        result = dict(try_fix(report, *found))
    except Exception as error:
        return {**asked, **empty, "error": f"the trial failed: {type(error).__name__}: {error}"}
    if result.get("error") is not None:
        return {**asked, **empty, "error": str(result["error"])}
    after = {str(name): str(status) for name, status in result.get("statuses_after", {}).items()}
    before = result.get("statuses_before")
    if before is None:
        call = report.calls[found[0].call] if found[0].call is not None else None
        before = {variable.name: variable.status for variable in call.variables} if call else {}
    return {
        **asked,
        "statuses_before": {str(name): str(status) for name, status in before.items()},
        "statuses_after": after,
        "loss_before": _number(result.get("loss_before")),
        "loss_after": _number(result.get("loss_after")),
        "error": None,
    }


def _find(report: Report, finding: Any, fix: Any) -> tuple[Finding, Fix] | None:
    if not isinstance(finding, int) or not isinstance(fix, int) or not 0 <= finding < len(report.findings):
        return None
    found = report.findings[finding]
    return (found, found.fixes[fix]) if 0 <= fix < len(found.fixes) else None


def _number(value: Any) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    if math.isnan(number):
        return "nan"
    return number if math.isfinite(number) else "inf" if number > 0 else "-inf"
