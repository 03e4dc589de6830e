"""The last report of this process, and what it takes to try its fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradmagic.report import Report

if TYPE_CHECKING:
    from gradmagic.trial import Bench

_last: list[tuple[Report, Bench | None]] = []


def last_report() -> Report | None:
    """The report of the last check in this process, None before the first."""
    return _last[-1][0] if _last else None


def bench_of(report: Report) -> Bench | None:
    """What tries the fixes of the last report; None for every other report, whose state is gone."""
    return _last[-1][1] if _last and _last[-1][0] == report else None


def remember(report: Report, bench: Bench | None = None) -> None:
    """Make `report` the last one."""
    _last[:] = [(report, bench)]
