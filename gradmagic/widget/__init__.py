"""The live widget: the same view as in JupyterLab's extension, wherever widgets work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from gradmagic.report import Report

STATIC = Path(__file__).parent.parent / "static"


class ReportWidget(anywidget.AnyWidget):
    """A report as a widget. `report` is its JSON; `selection` is what the reader has selected (`call`, `variable`, `finding`)."""

    _esm = STATIC / "widget.js"
    report = traitlets.Dict().tag(sync=True)
    selection = traitlets.Dict().tag(sync=True)

    def __init__(self, report: Report, **kwargs: Any) -> None:
        super().__init__(report=report.to_dict(), **kwargs)
