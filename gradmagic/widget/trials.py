"""The message pair of *Try it*: what the view asks, and what the kernel answers. The other end is labextension/src/trials.ts.

The view sends ``{"type": "try", "finding": int, "fix": int}``, both counted as in the report. The answer is ``{"type": "tried", "finding": int, "fix": int,
"statuses_before": {name: status}, "statuses_after": {name: status}, "loss_before": number, "loss_after": number, "error": str | None}``; where `error` holds a
sentence, the trial could not be made and the other results are empty. Numbers are strict JSON: ``"nan"``, ``"inf"``, ``"-inf"``, or null where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gradmagic.report import Report

TryFix = Callable[[Report, int, int], Mapping[str, Any]]
"""Runs the code of a report with a fix aside, given the places of finding and fix in the report. Gives `statuses_after` and, where known, `statuses_before`, `loss_before`, `loss_after`, or `error`, one sentence."""


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
    if not _has(report, message.get("finding"), message.get("fix")):
        return refusal(message, "this report has no such fix")
    try:
        result = dict(try_fix(report, message["finding"], message["fix"]))
    except Exception as error:
        return refusal(message, f"the trial failed: {type(error).__name__}: {error}")
    if result.get("error") is not None:
        return refusal(message, str(result["error"]))
    after = {str(name): str(status) for name, status in result.get("statuses_after", {}).items()}
    before = result.get("statuses_before")
    if before is None:
        index = report.findings[message["finding"]].call
        call = report.calls[index] if index is not None else None
        before = {variable.name: variable.status for variable in call.variables} if call else {}
    return {
        **_asked(message),
        "statuses_before": {str(name): str(status) for name, status in before.items()},
        "statuses_after": after,
        "loss_before": _number(result.get("loss_before")),
        "loss_after": _number(result.get("loss_after")),
        "error": None,
    }


def refusal(message: Any, reason: str) -> dict[str, Any] | None:
    """The answer to a message of the view where the trial cannot be made, `reason` being one sentence; None where `message` asks for no trial."""
    if not isinstance(message, Mapping) or message.get("type") != "try":
        return None
    return {**_asked(message), "statuses_before": {}, "statuses_after": {}, "loss_before": None, "loss_after": None, "error": reason}


def _asked(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "tried", "finding": message.get("finding"), "fix": message.get("fix")}


def _has(report: Report, finding: Any, fix: Any) -> bool:
    if type(finding) is not int or type(fix) is not int or not 0 <= finding < len(report.findings):
        return False
    return 0 <= fix < len(report.findings[finding].fixes)


def _number(value: Any) -> float | str | None:
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    if math.isnan(number):
        return "nan"
    return number if math.isfinite(number) else "inf" if number > 0 else "-inf"
