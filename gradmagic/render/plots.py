"""Plots of gradient norms and histograms with matplotlib, which is imported only when a plot is asked for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from gradmagic.render import palette
from gradmagic.render.characters import clip_middle
from gradmagic.render.picture import literal
from gradmagic.render.wording import WORDS, count, name, number
from gradmagic.report import STATUSES, GradientCall, Histogram, Report, VariableReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_LABELS = 40
# Of more variables only every n-th is named, so that the picture stays on a screen.
FEWER_LABELS = 28
WIDTH = 6.8
MOST_COLORED = 8
LEGEND_COLUMNS = 2
LONGEST_LABEL = 40
# Each line has a colour and a dash of its own, so that no line is known by its colour alone.
_COLORS = (palette.BLUE, palette.BAD, palette.GOOD, palette.ODD, "#7a4a8c", "#3a3f44", "#b0568a", "#5b7f00")
_DASHES = ("solid", "dashed", "dashdot", "dotted") * 2


def norm_per_layer(report: Report, call: int = 0) -> Figure:
    """The gradient norm of each variable, in the order of the sources, on a log scale.

    Args:
        report: what a check yielded.
        call: which gradient call of the report.

    Returns:
        A figure that belongs to no window. Gradients that are None, zero or not finite are named where their bar would be.

    Raises:
        IndexError: the report has no such call.
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    asked = _call(report, call)
    variables = asked.variables
    norms = [v.grad.norm if v.grad is not None else math.nan for v in variables]
    drawable = [norm for norm in norms if 0 < norm < math.inf]
    low = min(drawable, default=1.0) / 3
    labels = max(len(variables), 1) if len(variables) <= MOST_LABELS else FEWER_LABELS
    figure = Figure(figsize=(WIDTH, 1.2 + 0.24 * labels), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    _log(axes.xaxis, [low, max(drawable, default=1.0) * 3])
    axes.set_xlim(low, max(drawable, default=1.0) * 3)
    if len(variables) > MOST_LABELS:
        # As lines of one collection: thousands of bars would take long to draw and to load.
        drawn = [(row, norm) for row, norm in enumerate(norms) if 0 < norm < math.inf]
        colors = [palette.STATUS_COLOR[variables[row].status] for row, _ in drawn]
        axes.hlines([row for row, _ in drawn], low, [norm for _, norm in drawn], colors=colors, linewidth=1.2, rasterized=True)
        _missing(axes, variables, norms, low)
    else:
        for row, (variable, norm) in enumerate(zip(variables, norms, strict=True)):
            color = palette.STATUS_COLOR[variable.status]
            if 0 < norm < math.inf:
                axes.barh(row, norm - low, left=low, height=0.7, color=color)
            if variable.status != "ok":
                at = norm if 0 < norm < math.inf else low
                axes.annotate(WORDS[variable.status], (at, row), (4, 0), textcoords="offset points", color=color, va="center")
    step = -(-len(variables) // labels) or 1
    ticks = range(0, len(variables), step)
    axes.set_yticks(list(ticks), [_label(variables[i]) for i in ticks], fontsize=8)
    axes.set_ylim(max(len(variables), 1) - 0.4, -0.6)
    axes.set_xlabel("norm of the gradient", fontsize=9)
    _dress(axes, _title("Gradient norm per variable", asked), "x")
    return figure


def norm_over_steps(report: Report, call: int = 0) -> Figure:
    """The gradient norm of each variable over the runs of a gradient call, on a log scale.

    Args:
        report: what a check yielded.
        call: which gradient call of the report.

    Returns:
        A figure that belongs to no window. The most conspicuous variables are named, the others drawn in grey; runs in which a
        norm is not finite are shaded.

    Raises:
        IndexError: the report has no such call.
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    asked = _call(report, call)
    histories = [(v, v.grad.norm_history) for v in asked.variables if v.grad is not None and v.grad.norm_history]
    histories.sort(key=lambda pair: (pair[0].status == "ok", -_spread(pair[1])))
    named = -(-min(len(histories), MOST_COLORED) // LEGEND_COLUMNS)
    figure = Figure(figsize=(WIDTH, 3.3 + 0.2 * named), layout="constrained")
    axes = figure.add_subplot()
    lines, labels = [], []
    for index, (variable, history) in reversed(list(enumerate(histories))):
        steps = range(1, len(history) + 1)
        norms = [norm if 0 < norm < math.inf else math.nan for norm in history]
        if index >= MOST_COLORED:
            axes.plot(steps, norms, color=palette.LINE, linewidth=0.8, alpha=0.6, rasterized=True)
            continue
        lines += axes.plot(steps, norms, color=_COLORS[index], linestyle=_DASHES[index], linewidth=1.6)
        labels.append(_label(variable))
    runs = max((len(history) for _, history in histories), default=1)
    axes.set_xlim(0.5, runs + 0.5)
    axes.set_yscale("log")
    finite = [norm for _, history in histories for norm in history if 0 < norm < math.inf]
    if not finite:
        axes.set_ylim(0.1, 10)
    _log(axes.yaxis, finite)
    _shade(axes, [any(run < len(history) and not math.isfinite(history[run]) for _, history in histories) for run in range(runs)])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("run that was looked at", fontsize=9)
    axes.set_ylabel("norm of the gradient", fontsize=9)
    if lines:
        axes.legend(lines[::-1], labels[::-1], fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=LEGEND_COLUMNS, frameon=False, borderaxespad=0.0)
    else:
        axes.text(0.5, 0.5, "no norms were kept for this call", transform=axes.transAxes, ha="center")
    _dress(axes, _title("Gradient norm over the runs", asked), "y")
    return figure


def _shade(axes: Axes, bad: list[bool]) -> None:
    """The runs without a finite norm, each stretch of them with a word."""
    for is_bad, stretch in itertools.groupby(range(len(bad)), key=bad.__getitem__):
        if is_bad:
            first, *_, last = [*(found := list(stretch)), found[-1]]
            axes.axvspan(first + 0.5, last + 1.5, facecolor=palette.BAD, alpha=0.1, hatch="///", edgecolor=palette.BAD, linewidth=0)
            axes.annotate("NaN or Inf", (first + 0.5, 1), (4, -4), xycoords=("data", "axes fraction"), textcoords="offset points", color=palette.BAD, fontsize=8, va="top")


def gradient_histogram(report: Report, variable: str | int = 0, call: int = 0) -> Figure:
    """The elements of one variable's gradient, counted.

    Args:
        report: what a check yielded.
        variable: a variable's name in that call, or its index.
        call: which gradient call of the report.

    Returns:
        A figure that belongs to no window; zeros, NaNs and Infs are given as counts in its title.

    Raises:
        KeyError: the call has no variable of that name.
        IndexError: the report has no such call, or the call no such variable.
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    asked = _call(report, call)
    if isinstance(variable, str):
        found = next((v for v in asked.variables if v.name == variable), None)
        if found is None:
            raise KeyError(f"no variable `{variable}` in this gradient call")
    else:
        found = asked.variables[variable]
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.add_subplot()
    grad = found.grad
    if grad is None or not _whole(grad.histogram):
        said = "the gradient is None" if grad is None else "no histogram was kept"
        axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center")
    elif grad.histogram is not None:
        axes.stairs(grad.histogram.counts, grad.histogram.edges, fill=True, color=palette.BLUE)
    counts = "" if grad is None else f": {grad.zeros:,} zeros, {grad.nans:,} NaNs, {grad.infs:,} Infs"
    axes.set_xlabel("value of an element", fontsize=9)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("elements", fontsize=9)
    _dress(axes, f"Gradient of {_label(found)}{counts}", "y")
    return figure


def _missing(axes: Axes, variables: Sequence[VariableReport], norms: Sequence[float], low: float) -> None:
    """A cross at the left edge for each gradient that has no bar, and what became of it in the legend."""
    for status in STATUSES:
        rows = [row for row, v in enumerate(variables) if v.status == status and not 0 < norms[row] < math.inf]
        if rows:
            said = f"{WORDS[status]} ({len(rows):,})"
            axes.plot([low] * len(rows), rows, linestyle="none", marker="x", markersize=3.5, color=palette.STATUS_COLOR[status], label=said, clip_on=False, rasterized=True)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, loc="lower right", frameon=False)


def _log(axis: Axis, shown: Sequence[float]) -> None:
    """The numbers of a logarithmic axis, written as in the table; over a short way the marks between the powers of ten are named as well."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    written = FuncFormatter(lambda value, _: number(value))
    short = bool(shown) and max(shown) < 30 * min(shown)
    axis.set_major_formatter(written)
    axis.set_minor_formatter(FuncFormatter(lambda value, _: number(value) if f"{value:e}"[0] in "25" else "") if short else NullFormatter())


def _dress(axes: Axes, title: str, grid: Literal["x", "y"]) -> None:
    axes.set_title(title, fontsize=10, loc="left", color=palette.INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(palette.LINE)
    axes.grid(axis=grid, color=palette.LINE, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, which="both", color=palette.LINE)


def conspicuous(call: GradientCall) -> VariableReport | None:
    """The variable whose histogram says most: one whose gradient is not ok, else the one with the largest gradient; None where no histogram was kept."""
    known = [v for v in call.variables if v.grad is not None and _whole(v.grad.histogram)]
    wrong = [v for v in known if v.status != "ok"]
    return wrong[0] if wrong else max(known, key=_norm, default=None)


def _whole(histogram: Histogram | None) -> bool:
    """Whether it can be drawn: saved reports may hold anything."""
    if histogram is None or not histogram.counts or len(histogram.edges) != len(histogram.counts) + 1:
        return False
    return all(map(math.isfinite, histogram.edges)) and all(a < b for a, b in itertools.pairwise(histogram.edges)) and all(0 <= n < 1e18 for n in histogram.counts)


def _norm(variable: VariableReport) -> float:
    return variable.grad.norm if variable.grad is not None and math.isfinite(variable.grad.norm) else -1.0


def _call(report: Report, call: int) -> GradientCall:
    if not -len(report.calls) <= call < len(report.calls):
        raise IndexError(f"this report has {count(len(report.calls), 'gradient call')}, and call {call} was asked for")
    return report.calls[call]


def _label(variable: VariableReport) -> str:
    return literal(clip_middle(name(variable.name), LONGEST_LABEL))


def _title(what: str, call: GradientCall) -> str:
    return what if call.target is None else f"{what}: {literal(clip_middle(name(call.target.name), LONGEST_LABEL))}"


def _spread(history: tuple[float, ...]) -> float:
    finite = [norm for norm in history if 0 < norm < math.inf]
    if len(finite) < len(history):
        return math.inf
    return max(finite) / min(finite)
