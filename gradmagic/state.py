"""The last report of this process, and what it takes to try its fixes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from gradmagic.compare import compare, previous
from gradmagic.report import Report

if TYPE_CHECKING:
    from gradmagic.trial import Bench

MOST = 50
_last: list[tuple[Report, Bench | None]] = []
_earlier: list[Report] = []


def last_report() -> Report | None:
    """The report of the last check in this process, None before the first."""
    return _last[-1][0] if _last else None


def bench_of(report: Report) -> Bench | None:
    """What tries the fixes of the last report; None for every other report, whose state is gone."""
    return _last[-1][1] if _last and _last[-1][0] == report else None


def compared(report: Report) -> Report:
    """The report with what changed since the last report of the same cell."""
    before = previous(report, _earlier)
    return report if before is None else dataclasses.replace(report, since=compare(before, report))


def remember(report: Report, bench: Bench | None = None) -> None:
    """Make `report` the last one."""
    _last[:] = [(report, bench)]
    _earlier.append(report)
    del _earlier[:-MOST]
