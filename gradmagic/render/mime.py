"""A report as a Jupyter display bundle."""

from __future__ import annotations

import json
import math
from typing import Any

from gradmagic.report import Report

MIME_TYPE = "application/vnd.gradmagic.report+json"
# A report may be saved with its notebook many times over: beyond these, details would only make it large.
MOST_DETAILED = 40
MOST_RUNS, FEWER_RUNS = 96, 8


def to_mimebundle(report: Report) -> dict[str, Any]:
    """The report in every form that a front end may choose from.

    Args:
        report: what a check yielded.

    Returns:
        The strict JSON under `MIME_TYPE`, static HTML for front ends without the extension, and text for terminals. No picture and no widget of its own: where those are present,
        exporters prefer them and lose the report. Notebooks are written with each number on a line of its own, which would double a large report: one of more than 40 variables is
        therefore the same JSON as a string. `Report.from_dict` reads both.
    """
    from gradmagic.render.html import to_html
    from gradmagic.render.text import to_text

    data: Any = _slim(report.to_dict())
    if sum(len(call.variables) for call in report.calls) > MOST_DETAILED:
        data = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return {MIME_TYPE: data, "text/html": to_html(report), "text/plain": to_text(report)}


def _slim(data: dict[str, Any]) -> dict[str, Any]:
    """What a saved notebook needs: numbers as exact as anybody reads them; of very many variables the healthy ones without details."""
    data = _encodable(data, 6)
    for call in data["calls"]:
        ranked = sorted(call["variables"], key=lambda variable: variable["status"] == "ok")
        for place, variable in enumerate(ranked):
            grad = variable["grad"]
            if grad is not None:
                grad["norm_history"] = _thinned(grad["norm_history"], MOST_RUNS if place < MOST_DETAILED else FEWER_RUNS)
            if place >= MOST_DETAILED:
                variable |= {"read_at": [], "value": None, "ratio": _encodable(variable["ratio"], 3), "grad": None if grad is None else _encodable(grad | {"histogram": None}, 3)}
        _shorten(call["graph"])
    return data


def _thinned(history: list[Any], most: int) -> list[Any]:
    # Each n-th run, counted from the last one.
    return history[:: -math.ceil(len(history) / most)][::-1] if len(history) > most else history


def _shorten(graph: dict[str, Any]) -> None:
    """Nodes are named by number: their names mean nothing outside of the graph, and each edge repeats two of them."""
    known = {node["id"]: str(number) for number, node in enumerate(graph["nodes"])}
    if len(known) < len(graph["nodes"]) or any(edge[end] not in known for edge in graph["edges"] for end in ("source", "target")):
        return
    for node in graph["nodes"]:
        node["id"] = known[node["id"]]
    for edge in graph["edges"]:
        edge["source"], edge["target"] = known[edge["source"]], known[edge["target"]]
        # Only the width of a line and a tooltip say it.
        edge["norm"] = _encodable(edge["norm"], 3)


def _encodable(value: Any, digits: int) -> Any:
    """The value with its floats rounded and its text fit to be sent."""
    kind = type(value)
    if kind is float:
        return float(f"{value:.{digits}g}")
    if kind is str:
        # A lone surrogate, as in a file name that is no UTF-8, would make the whole message to the front end fail.
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if kind is dict:
        return {_encodable(key, digits): _encodable(item, digits) for key, item in value.items()}
    return [_encodable(item, digits) for item in value] if kind is list else value
