"""How long it takes to find and to group the causes among very many recorded ops."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from typing import Any

from tests.benchmarks.notebook import TimedNotebook

OPS = (50_000, 100_000)
LIMIT = 2.0
MOST_GROWTH = 2.4

_SETUP = """\
import tensorflow as tf
scale, lost = tf.Variable(0.5), tf.Variable(0.5)
"""

_CELL = """\
with tf.GradientTape() as tape:
    y = scale * tf.stop_gradient(lost)
    for _ in range({turns}):
        y = tf.sin(y)
        y = y * 0.99
        y = y + tf.stop_gradient(lost)
grads = tape.gradient(y, [scale, lost])
"""


@dataclass(frozen=True)
class Scale:
    """Seconds (medians) for a recording of so many ops: `located` the causes, `grouped` into the flow graph, `finished` the whole report with the reading of the notes."""

    ops: int
    located: float
    grouped: float
    finished: float

    @property
    def seconds(self) -> float:
        return self.located + self.grouped

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"seconds": self.seconds}


def scales(notebook: TimedNotebook, rounds: int) -> list[Scale]:
    """Measure recordings of growing size, of a cell in which one variable is cut off many times over and another one is healthy."""
    return [_scale(notebook, ops, rounds) for ops in OPS]


def _scale(notebook: TimedNotebook, ops: int, rounds: int) -> Scale:
    from gradmagic import cell, diagnose

    recordings: list[Any] = []
    finished: list[float] = []
    original, finish = diagnose.diagnose, cell.CellCheck.finish

    def keep(recording: Any, **options: Any) -> Any:
        recordings[:] = [recording]
        return original(recording, **options)

    def timed(self: Any, result: Any) -> Any:
        start = time.perf_counter()
        try:
            return finish(self, result)
        finally:
            finished.append(time.perf_counter() - start)

    notebook.shell.reset(new_session=False)
    notebook.run(_SETUP)
    diagnose.diagnose, cell.CellCheck.finish = keep, timed  # type: ignore[method-assign]
    try:
        for _ in range(rounds):
            notebook.check(_CELL.format(turns=_turns(ops)))
    finally:
        diagnose.diagnose, cell.CellCheck.finish = original, finish  # type: ignore[method-assign]
    located, grouped = zip(*(_located_and_grouped(recordings[0]) for _ in range(rounds)), strict=True)
    return Scale(len(recordings[0].ops), statistics.median(located), statistics.median(grouped), statistics.median(finished))


def _turns(ops: int) -> int:
    # A turn is 5 ops forward (the read and the cut count) and 2 backward.
    return ops // 7


def _located_and_grouped(recording: Any) -> tuple[float, float]:
    import dataclasses

    from gradmagic.flow import flow_graph
    from gradmagic.locate import locate, statuses
    from gradmagic.magic import _collector_at_rest

    # A copy has none of the indexes that the diagnosis has already made.
    fresh = dataclasses.replace(recording)
    run = fresh.runs[0]
    # As the magic does.
    with _collector_at_rest():
        start = time.perf_counter()
        faults = locate(fresh)
        middle = time.perf_counter()
        graph = flow_graph(fresh, run, statuses(fresh, run), faults, tuple(s.name for s in run.sources))
        end = time.perf_counter()
    if not faults or not graph.nodes:
        raise RuntimeError("the planted cut was not found")
    return middle - start, end - middle
