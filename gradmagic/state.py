"""The last report of this process."""

from __future__ import annotations

from gradmagic.report import Report

_last: list[Report] = []


def last_report() -> Report | None:
    """The report of the last check in this process, None before the first."""
    return _last[-1] if _last else None


def remember(report: Report) -> None:
    """Make `report` the last one."""
    _last[:] = [report]
