"""One bundle for every place: the report's own type for the extension, HTML for saved notebooks, text for the rest."""

from __future__ import annotations

from typing import Any

from gradmagic.report import Report

MIME_TYPE = "application/vnd.gradmagic.report+json"


def to_mimebundle(report: Report) -> dict[str, Any]:
    """The mime bundle of a report. It holds no widget view: a saved one would blank pages that have no widget manager."""
    from gradmagic.render.html import to_html
    from gradmagic.render.text import to_text

    return {MIME_TYPE: report.to_dict(), "text/html": to_html(report), "text/plain": to_text(report)}
