"""A notebook in this process whose cells are timed."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.work import Work

MAGIC = "%%gradcheck\n"


@dataclass(frozen=True)
class Cost:
    """Seconds, and the most memory (bytes resident) while a cell ran; None where the system does not tell."""

    seconds: float
    peak: int | None


class TimedNotebook:
    """An IPython shell that renders reports as a Jupyter kernel does and shows them to nobody."""

    def __init__(self) -> None:
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell

        self.shell: Any = InteractiveShell.instance()
        self.shell.display_pub = CapturingDisplayPublisher(parent=self.shell)
        # This attribute is how a shell says that its front end takes more than text.
        self.shell.kernel = None
        self.shell.run_cell("%load_ext gradmagic")

    def prepare(self, work: Work) -> None:
        """A fresh namespace with what the cell needs."""
        self.shell.reset(new_session=False)
        self.run(work.setup)

    def run(self, cell: str) -> None:
        result = self.shell.run_cell(cell)
        result.raise_error()

    def check(self, cell: str) -> dict[str, Any]:
        """Run a cell under the magic; the bundle that a front end would get.

        Raises:
            RuntimeError: no report came, or the report says that something failed.
        """
        import gradmagic

        self.shell.display_pub.outputs.clear()
        self.run(MAGIC + cell)
        bundles = [o["data"] for o in self.shell.display_pub.outputs if "text/html" in o["data"]]
        report = gradmagic.last_report()
        if len(bundles) != 1 or report is None or report.failures:
            raise RuntimeError(f"{len(bundles)} reports; {report.failures if report else 'none made'}")
        return dict(bundles[0])

    def measure(self, work: Work, checked: bool) -> Cost:
        """Run the cell of `work` once."""
        timed = self.shell.user_ns[work.timed] if work.timed else []
        timed.clear()
        gc.collect()
        _forget_peak()
        start = time.perf_counter()
        if checked:
            self.check(work.cell)
        else:
            self.run(work.cell)
        seconds = time.perf_counter() - start
        return Cost(statistics.median(timed) if work.timed else seconds, _peak())


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak() -> int | None:
    try:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None
    return int(line.split()[1]) * 1024
