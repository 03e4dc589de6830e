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

    return {MIME_TYPE: _encodable(report.to_dict()), "text/html": to_html(report), "text/plain": to_text(report)}


def _encodable(value: Any) -> Any:
    # A lone surrogate, as in a file name that is no UTF-8, would make the whole message to the front end fail.
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value
