"""The same cell with and without the magic, in turn."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.notebook import Cost, TimedNotebook
from tests.benchmarks.work import Work


@dataclass(frozen=True)
class Ratio:
    """What a cell took under a tool, beside what it took without: medians over the rounds."""

    work: str
    tool: str
    plain: Cost
    with_tool: Cost
    time_limit: float | None = None
    memory_limit: float | None = None

    @property
    def time(self) -> float:
        return self.with_tool.seconds / self.plain.seconds

    @property
    def memory(self) -> float | None:
        return self.with_tool.peak / self.plain.peak if self.with_tool.peak and self.plain.peak else None

    @property
    def holds(self) -> bool:
        return not ((self.time_limit and self.time > self.time_limit) or (self.memory_limit and self.memory and self.memory > self.memory_limit))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"time": self.time, "memory": self.memory, "holds": self.holds}


def median(costs: list[Cost]) -> Cost:
    """The median of the times and that of the peaks."""
    peaks = [c.peak for c in costs if c.peak is not None]
    return Cost(statistics.median(c.seconds for c in costs), int(statistics.median(peaks)) if peaks else None)


def ratio(notebook: TimedNotebook, work: Work, rounds: int) -> Ratio:
    """Measure `work` with and without the magic, in turn, after one round of each that does not count."""
    notebook.prepare(work)
    plain, checked = [], []
    for turn in range(rounds + 1):
        for costs, with_magic in ((plain, False), (checked, True)):
            cost = notebook.measure(work, with_magic)
            if turn:
                costs.append(cost)
    return Ratio(work.name, "gradmagic", median(plain), median(checked), work.time_limit, work.memory_limit)
