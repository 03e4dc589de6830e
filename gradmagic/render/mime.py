"""A report as a Jupyter display bundle."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

from gradmagic.report import GradientCall, Report
from gradmagic.strict_json import encoded

MIME_TYPE = "application/vnd.gradmagic.report+json"
# A report may be saved with its notebook many times over: beyond these, details would only make it large.
MOST_DETAILED, FEWER_DETAILED = 40, 16
MANY_VARIABLES = 100
MOST_RUNS, FEWER_RUNS = 48, 8


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

    data: Any = _slim(report)
    if sum(len(call.variables) for call in report.calls) > MOST_DETAILED:
        data = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return {MIME_TYPE: data, "text/html": to_html(report), "text/plain": to_text(report)}


def _slim(report: Report) -> dict[str, Any]:
    """What a saved notebook needs: numbers as exact as anybody reads them; of very many variables the healthy ones without details."""
    data = dataclasses.replace(report, calls=tuple(map(_without_details, report.calls))).to_dict(digits=6)
    for call in data["calls"]:
        detailed = _detailed(call["variables"])
        for place, variable in enumerate(_ranked(call["variables"], [v["status"] for v in call["variables"]])):
            grad = variable["grad"]
            if grad is not None:
                # They are drawn a few pixels high.
                grad["norm_history"] = encoded(_thinned(grad["norm_history"], MOST_RUNS if place < detailed else FEWER_RUNS), 3)
                if grad["histogram"] is not None:
                    grad["histogram"] = encoded(grad["histogram"], 4)
            if place >= detailed:
                variable |= {"ratio": encoded(variable["ratio"], 3), "grad": encoded(grad, 3)}
        _shorten(call["graph"])
        for node in call["graph"]["nodes"] if len(call["variables"]) > MANY_VARIABLES else ():
            if node["location"] is not None and node["location"]["cell"] == "current":
                # The report has the whole cell: the view takes it from there.
                node["location"]["code"] = ""
    return data


def _detailed(variables: Sequence[Any]) -> int:
    return MOST_DETAILED if len(variables) <= MANY_VARIABLES else FEWER_DETAILED


def _ranked(rows: Sequence[Any], statuses: list[str]) -> list[Any]:
    """Rows for variables, the healthy ones last."""
    return [rows[i] for i in sorted(range(len(rows)), key=lambda i: statuses[i] == "ok")]


def _without_details(call: GradientCall) -> GradientCall:
    """What is left out is not looked through first."""
    healthy = {id(v) for v in _ranked(call.variables, [v.status for v in call.variables])[_detailed(call.variables) :]}
    rows = [v if id(v) not in healthy else dataclasses.replace(v, read_at=(), value=None, grad=None if v.grad is None else dataclasses.replace(v.grad, histogram=None)) for v in call.variables]
    return dataclasses.replace(call, variables=tuple(rows))


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
        edge["norm"] = encoded(edge["norm"], 3)
