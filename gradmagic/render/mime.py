"""A report as a Jupyter display bundle."""

from __future__ import annotations

from typing import Any

from gradmagic.report import Report

MIME_TYPE = "application/vnd.gradmagic.report+json"


def to_mimebundle(report: Report) -> dict[str, Any]:
    """The report in every form that a front end may choose from.

    Args:
        report: what a check yielded.

    Returns:
        The strict JSON under `MIME_TYPE`, static HTML for front ends without the extension, and text for terminals. No
        picture and no widget of its own: where those are present, exporters prefer them and lose the report.
    """
    from gradmagic.render.html import to_html
    from gradmagic.render.text import to_text

    return {MIME_TYPE: report.to_dict(), "text/html": to_html(report), "text/plain": to_text(report)}
