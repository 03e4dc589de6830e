"""A report as a Jupyter display bundle."""

from __future__ import annotations

import math
from typing import Any

from gradmagic.report import Report

MIME_TYPE = "application/vnd.gradmagic.report+json"
# A report may be saved with its notebook many times over: beyond these, details would only make it large.
MOST_DETAILED = 40
MOST_RUNS = 96


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

    return {MIME_TYPE: _encodable(_slim(report.to_dict())), "text/html": to_html(report), "text/plain": to_text(report)}


def _slim(data: dict[str, Any]) -> dict[str, Any]:
    """What a saved notebook needs: numbers as exact as anybody reads them; of very many variables the healthy ones without details."""
    data = _rounded(data)
    for call in data["calls"]:
        ranked = sorted(call["variables"], key=lambda variable: variable["status"] == "ok")
        for variable in ranked[MOST_DETAILED:]:
            variable["read_at"] = []
            if variable["grad"] is not None:
                variable["grad"]["histogram"] = None
        for variable in ranked:
            history = variable["grad"]["norm_history"] if variable["grad"] is not None else []
            if len(history) > MOST_RUNS:
                # Each n-th run, counted from the last one.
                step = math.ceil(len(history) / MOST_RUNS)
                variable["grad"]["norm_history"] = history[::-step][::-1]
    return data


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _encodable(value: Any) -> Any:
    # A lone surrogate, as in a file name that is no UTF-8, would make the whole message to the front end fail.
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value
