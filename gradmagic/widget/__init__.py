"""The live widget: the same view as in JupyterLab's extension, wherever widgets work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from gradmagic.report import Report
from gradmagic.widget.trials import TryFix, answer

STATIC = Path(__file__).parent.parent / "static"


class ReportWidget(anywidget.AnyWidget):
    """A report as a widget.

    Args:
        report: what a check yielded.
        try_fix: runs the code with a fix aside, see `gradmagic.widget.trials`; without it the view has no *Try it*.

    `report` is the report's JSON; `selection` is what the reader has selected (`call`, `variable`, `finding`, `node`, `line`) and may be set from Python as well.
    """

    _esm = STATIC / "widget.js"
    report = traitlets.Dict().tag(sync=True)
    selection = traitlets.Dict().tag(sync=True)
    can_try = traitlets.Bool(False).tag(sync=True)

    def __init__(self, report: Report, try_fix: TryFix | None = None, **kwargs: Any) -> None:
        super().__init__(report=report.to_dict(), can_try=try_fix is not None, **kwargs)
        self._of = report
        self._try_fix = try_fix
        self.on_msg(self._received)

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        reply = None if self._try_fix is None else answer(content, self._of, self._try_fix)
        if reply is not None:
            self.send(reply)
