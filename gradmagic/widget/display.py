"""Which output carries the widget.

A saved widget view blanks a page that has no widget manager: JupyterLab without a kernel says "Loading widget" in its place, and nbconvert prefers it to the HTML beside it. So the
report's own bundle (JSON, HTML, text) never holds one, and the widget is an output of its own, only where it is asked for (`--format widget`). The report that the notebook keeps stands
above it; in Jupyter's front ends only one of the two is seen (labextension/src/twin.ts).
"""

from __future__ import annotations

from typing import Any

from gradmagic.report import Report


def widget_bundle(report: Report) -> dict[str, Any]:
    """The mime bundle of the widget alone, with the metadata that Colab needs, and the report's text for places without widgets."""
    from gradmagic.render.text import to_text
    from gradmagic.tried import try_fix
    from gradmagic.widget import ReportWidget

    made = ReportWidget(report, try_fix)._repr_mimebundle_()
    bundle = dict(made[0] if isinstance(made, tuple) else made or {})
    bundle["text/plain"] = to_text(report)
    return bundle
