"""The plots of a report as pictures inside a page: SVG by matplotlib, each in an image of its own, where nothing can run or load."""

from __future__ import annotations

import base64
import io
import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gradmagic.render.markup import Markup, join, tag
from gradmagic.render.plots import conspicuous, gradient_histogram, norm_over_steps, norm_per_layer
from gradmagic.render.wording import WORDS, call_title, count, name, number
from gradmagic.report import GradientCall, Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CALLS = 6
MOST_OPEN = 24
LEAST_RUNS = 2


def plot_pictures(report: Report) -> Markup:
    """The plots of each gradient call, folded away where they are long; empty where there is nothing to plot.

    Args:
        report: what a check yielded.

    Returns:
        Markup in which every string of the report is escaped. Without matplotlib there are no plots.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ModuleNotFoundError:
        return Markup("")
    return join(*(_plots(index, call, report) for index, call in enumerate(report.calls[:MOST_CALLS])))


def _plots(index: int, call: GradientCall, report: Report) -> Markup:
    pictures = [_image(figure, said) for figure, said in _figures(index, call, report)]
    if not pictures:
        return Markup("")
    head = tag("summary", f"Plots: {call_title(call, report.cell).replace('`', '')}", style="padding:4px 0;font-weight:600")
    row = tag("div", *pictures, style="columns:2 400px;column-gap:12px;margin:6px 0")
    return tag("details", head, row, open="" if len(call.variables) <= MOST_OPEN else None)


def _figures(index: int, call: GradientCall, report: Report) -> Iterator[tuple[Figure, str]]:
    import matplotlib.style

    with matplotlib.style.context(["default", {"svg.fonttype": "none", "svg.hashsalt": "gradmagic"}]):
        if len(call.variables) > 1 and any(v.grad is not None and 0 < v.grad.norm < math.inf for v in call.variables):
            yield norm_per_layer(report, index), _norms(call)
        runs = max((len(v.grad.norm_history) for v in call.variables if v.grad is not None), default=0)
        if runs >= LEAST_RUNS:
            yield norm_over_steps(report, index), f"Gradient norm over {count(runs, 'run')}, one line per variable, on a log scale."
        shown = conspicuous(call)
        if shown is not None:
            yield gradient_histogram(report, call.variables.index(shown), index), f"How the elements of the gradient of {name(shown.name)} are spread."


def _norms(call: GradientCall) -> str:
    known = [v for v in call.variables if v.grad is not None]
    words = f"Gradient norm of {count(len(call.variables), 'variable')}, one bar each, on a log scale: from "
    lowest, highest = (choose(known, key=lambda v: v.grad.norm if v.grad is not None else 0.0) for choose in (min, max))
    ends = [f"{number(v.grad.norm if v.grad is not None else None)} ({name(v.name)})" for v in (lowest, highest)]
    odd = [f"{name(v.name)} {WORDS[v.status]}" for v in call.variables if v.status != "ok"]
    more = f" and {len(odd) - 3:,} more" if len(odd) > 3 else ""
    return words + " to ".join(ends) + (f"; not ok: {', '.join(odd[:3])}{more}" if odd else "") + "."


def _image(figure: Figure, said: str) -> Markup:
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        # A name may hold letters that matplotlib's font lacks; the reader's browser has others.
        warnings.simplefilter("ignore")
        figure.savefig(drawn, format="svg", dpi=120, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    encoded = base64.b64encode(drawn.getvalue()).decode("ascii")
    style = "display:block;box-sizing:border-box;width:520px;max-width:100%;margin:0 0 12px;padding:6px;break-inside:avoid;border:1px solid #d0d7de;border-radius:8px;background:#fff"
    return tag("img", src=f"data:image/svg+xml;base64,{encoded}", alt=said, style=style)
