"""One checked cell: from its first statement to its report."""

from __future__ import annotations

import functools
import linecache
import platform
import time
from importlib import metadata
from typing import Any

from gradmagic.errors import GradientProblem
from gradmagic.options import LEVELS, Options
from gradmagic.report import Report, Versions
from gradmagic.trial import Bench
from gradmagic.tried import with_tried_fixes

NO_TENSORFLOW = "TensorFlow is not installed, so nothing can be checked: `pip install tensorflow` (or `tensorflow-cpu`) and run the cell again"


class CellCheck:
    """The check of one cell: `start`, `stop`, then `finish` makes the report."""

    def __init__(self, session: Any, options: Options, shell: Any, expected: tuple[str, ...]) -> None:
        self.session, self.options, self.shell, self.expected = session, options, shell, expected
        self.report: Report | None = None
        self.own: Any = None
        self._stopped = False
        self._names: tuple[str, ...] = ()
        self.bench: Bench | None = None

    @classmethod
    def of(cls, shell: Any, raw: str, cell_name: str, result: Any, options: Options, accepted: tuple[str, ...]) -> CellCheck | None:
        """A check of the cell that IPython is about to run; None, with one sentence, where it is not possible."""
        try:
            import tensorflow  # noqa: F401
        except ImportError:
            print(f"gradmagic: {NO_TENSORFLOW}")
            return None
        from gradmagic.capture.session import Session
        from gradmagic.capture.spans import Spans
        from gradmagic.recording import Cell

        files = dict(getattr(shell.compile, "_filename_map", {}))
        # AutoGraph keeps the translation of a function, and with it the name of the cell, when the same cell runs again: the last run of a text counts.
        ordered = sorted(files, key=files.__getitem__)
        texts = {name: "".join(linecache.getlines(name)) or name for name in (*ordered, cell_name)}
        last: dict[str, str | int] = {**{texts[name]: files[name] for name in ordered}, texts[cell_name]: "current"}
        cells = {name: last[text] for name, text in texts.items()}
        blank = len(raw) - len(raw.lstrip("\n"))
        info = getattr(result, "info", None)
        # Newer versions of IPython have counted on when the cell runs.
        count = getattr(result, "execution_count", None) or shell.execution_count
        cell = Cell(getattr(info, "cell_id", None), count, raw)
        spans = Spans(cells, {cell_name: blank} if blank else None)
        session = Session(cell, spans, max_ops=options.max_ops, every=options.every, numeric=options.numeric, namespace=shell.user_ns)
        return cls(session, options, shell, accepted + options.expect)

    def start(self, nodelist: Any) -> None:
        """Put the hooks in, and open a tape of the magic's own where the cell seems to have none."""
        try:
            self.bench = Bench.before(self.shell, self.options, self.session.cell.source)
        except Exception as error:
            self.session.failed("remember the state before the cell, so its fixes cannot be tried", error)
        try:
            self._start(nodelist)
        except Exception as error:
            self.session.failed("begin the check", error)

    def _start(self, nodelist: Any) -> None:
        self.session.install()
        from gradmagic.capture.statements import asks_itself, assigned_names

        self._names = tuple(assigned_names(nodelist))
        if self.options.target or not asks_itself(nodelist):
            from gradmagic.capture.own import OwnTape

            try:
                self.own = OwnTape(self.session, insist=bool(self.options.target))
            except Exception as error:
                self.session.failed("open a tape of its own", error)

    def note_exception(self, error: BaseException | None) -> None:
        """The exception that is about to be shown."""
        if error is not None and self.session.raised is None:
            self.session.note_exception(error)

    def stop(self, result: Any) -> None:
        """Ask the magic's own tape, if it is open, and take every hook out."""
        if self._stopped:
            return
        self._stopped = True
        self.note_exception(getattr(result, "error_in_exec", None))
        self.session.cell_seconds = time.perf_counter() - self.session.started
        try:
            if self.own is not None:
                self.own.ask(self.options, self.shell, self._names, getattr(result, "result", None), self.session.raised is None)
        except Exception as failure:
            self.session.failed("ask its own tape", failure)
        finally:
            self.session.uninstall()

    def finish(self, result: Any) -> Report:
        """The report of the cell. What fails on the way is said in the report."""
        start = time.perf_counter()
        from gradmagic.diagnose import diagnose
        from gradmagic.earlier_tapes import with_earlier_tapes

        recording = with_earlier_tapes(self.session.recording(), self.bench)
        report = diagnose(recording, versions=versions(), expected=self.expected)
        if self.bench is not None:
            self.bench.code, self.bench.expected = dict(recording.code), self.expected
            if self.options.fix:
                report = with_tried_fixes(report, self.bench)
        import dataclasses

        spent = dataclasses.replace(report.overhead, check_seconds=time.perf_counter() - start)
        from gradmagic.state import compared

        self.report = compared(dataclasses.replace(report, overhead=spent))
        return self.report

    def problem(self) -> GradientProblem | None:
        """The exception that `--fail-on` asks for."""
        level, report = self.options.fail_on, self.report
        if level is None or report is None:
            return None
        bad = [f for f in report.findings if not f.accepted and LEVELS.index(f.severity) >= LEVELS.index(level)]
        return GradientProblem(report) if bad else None


@functools.cache
def versions() -> Versions:
    """The versions that a report names."""
    from gradmagic import __version__

    def of(*names: str) -> str | None:
        for name in names:
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return None

    return Versions(__version__, of("tensorflow", "tensorflow-cpu", "tensorflow-macos"), of("keras"), platform.python_version())
