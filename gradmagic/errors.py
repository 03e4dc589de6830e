"""The exceptions of gradmagic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradmagic.report import Report


class GradientProblem(Exception):
    """A check found something of the severity that was asked to fail. `report` is the report."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.summary)
        self.report = report
