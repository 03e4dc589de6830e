"""The plots: what they draw is what the report says, and as pictures in a page they hold nothing that runs."""

from __future__ import annotations

import base64
import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gradmagic.render.html import to_html_page
from gradmagic.render.plot_pictures import plot_pictures
from gradmagic.render.plots import MOST_COLORED, conspicuous
from gradmagic.report import Histogram, Report
from tests.render import samples
from tests.render.anything import reports as any_report
from tests.render.reports import HOSTILE, hostile, many, stop_gradient

HISTORIES = ((1.0, 0.1, 0.01), (2.0, math.nan, 0.0), (0.5, 0.5, 0.5))


def trained() -> Report:
    """Three variables over three runs."""
    report = samples.all_ok()
    call = report.calls[0]
    rows = [replace(v, grad=replace(v.grad, norm=history[-1], norm_history=history)) for v, history in zip(call.variables, HISTORIES, strict=False) if v.grad is not None]
    return replace(report, calls=(replace(call, variables=tuple(rows)),))


def test_each_bar_is_the_norm_of_its_variable() -> None:
    report = samples.stop_gradient()
    variables = report.calls[0].variables
    (axes,) = report.plot_norms().axes
    assert axes.get_xlabel() == "norm of the gradient" and axes.get_xscale() == "log" and "`" not in axes.get_title(loc="left")
    assert [label.get_text() for label in axes.get_yticklabels()] == [v.name for v in variables]
    bars = {round(bar.get_y() + bar.get_height() / 2): bar.get_x() + bar.get_width() for bar in axes.patches}
    assert bars == pytest.approx({row: v.grad.norm for row, v in enumerate(variables) if v.grad is not None})
    # What has no bar is named in its place.
    assert [(text.get_text(), text.xy[1]) for text in axes.texts] == [("None", 2), ("None", 3)]


def test_many_variables_are_lines_and_what_is_missing_is_a_cross() -> None:
    report = many()
    variables = report.calls[0].variables
    (axes,) = report.plot_norms().axes
    ends = {segment[1][1]: segment[1][0] for segment in axes.collections[0].get_segments()}
    assert ends == pytest.approx({row: v.grad.norm for row, v in enumerate(variables) if v.grad is not None})
    (crosses,) = axes.lines
    assert crosses.get_label() == "None (40)" and list(crosses.get_ydata()) == list(range(40))
    assert len(axes.get_yticklabels()) < 40 and axes.get_yticklabels()[0].get_text() == variables[0].name


def test_each_line_is_the_norms_of_its_variable_over_the_runs() -> None:
    report = trained()
    (axes,) = report.plot_history().axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("run that was looked at", "norm of the gradient", "log")
    legend = axes.get_legend()
    assert legend is not None
    drawn = dict(zip([text.get_text() for text in legend.get_texts()], [line.get_color() for line in legend.get_lines()], strict=True))
    lines = {line.get_color(): line for line in axes.lines}
    for variable, history in zip(report.calls[0].variables, HISTORIES, strict=False):
        line = lines[drawn[variable.name]]
        assert list(line.get_xdata()) == [1, 2, 3]
        # A log scale has no place for zero and NaN: they are gaps.
        np.testing.assert_equal(line.get_ydata(), [n if n > 0 else math.nan for n in history])
    styles = {line.get_linestyle() for line in axes.lines}
    assert len(styles) == len(axes.lines), "no line is known by its colour alone"


def test_of_many_variables_the_conspicuous_lines_are_named() -> None:
    report = samples.many_variables()
    call = report.calls[0]
    rows = tuple(replace(v, grad=replace(v.grad, norm_history=(1.0, 1.0 + i / 100))) if v.grad is not None else v for i, v in enumerate(call.variables))
    (axes,) = replace(report, calls=(replace(call, variables=rows),)).plot_history().axes
    legend = axes.get_legend()
    assert legend is not None
    changed = [v.name for v in rows if v.grad is not None][: -MOST_COLORED - 1 : -1]
    assert [text.get_text() for text in legend.get_texts()] == changed
    assert len(axes.lines) == sum(v.grad is not None for v in rows)


def test_the_histogram_is_that_of_the_variable_asked_for() -> None:
    report = samples.all_ok()
    variable = report.calls[0].variables[1]
    assert variable.grad is not None and variable.grad.histogram is not None
    for asked in (1, variable.name):
        (axes,) = report.plot_histogram(asked).axes
        steps = axes.patches[0].get_data()
        assert list(steps.values) == list(variable.grad.histogram.counts) and list(steps.edges) == list(variable.grad.histogram.edges)
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("value of an element", "elements")
        assert axes.get_title(loc="left").startswith(f"Gradient of {variable.name}: 0 zeros")
    with pytest.raises(KeyError, match="no variable `w`"):
        report.plot_histogram("w")
    with pytest.raises(IndexError):
        report.plot_histogram(99)


def test_what_was_not_kept_is_said() -> None:
    report = samples.stop_gradient()
    assert [t.get_text() for t in report.plot_history().axes[0].texts] == ["no norms were kept for this call"]
    assert [t.get_text() for t in report.plot_histogram("gate/bias").axes[0].texts] == ["the gradient is None"]
    assert [t.get_text() for t in stop_gradient().plot_histogram("w").axes[0].texts] == ["no histogram was kept"]
    for plot in (Report.plot_norms, Report.plot_history, Report.plot_histogram):
        with pytest.raises(IndexError, match="0 gradient calls"):
            plot(samples.stop_gradient().from_dict(samples.stop_gradient().to_dict() | {"calls": []}), call=0)
    none = replace(report.calls[0], variables=())
    assert replace(report, calls=(none,)).plot_norms().axes[0].patches[:] == []


def test_the_variable_that_says_most_is_chosen() -> None:
    call = samples.all_ok().calls[0]
    assert conspicuous(call) is call.variables[3]
    worse = tuple(replace(v, status="zero") if i == 1 else v for i, v in enumerate(call.variables))
    assert conspicuous(replace(call, variables=worse)) is worse[1]
    assert conspicuous(stop_gradient().calls[0]) is None


def pictures(markup: str) -> list[str]:
    return [base64.b64decode(found).decode() for found in re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', markup)]


def test_a_page_carries_the_plots_as_pictures_of_bounded_size() -> None:
    page = to_html_page(trained())
    assert "Gradient norm of 3 variables" in page and "Gradient norm over 3 runs" in page
    drawn = pictures(plot_pictures(trained()))
    assert len(drawn) == 3 and all(name in drawn[0] for name in ("dense/kernel", "dense_1/kernel"))
    assert all(picture in pictures(page) for picture in drawn)
    assert len(plot_pictures(trained())) < 80_000
    assert plot_pictures(trained()) == plot_pictures(trained()), "the same report gives the same page"


def test_thousands_of_variables_and_runs_stay_a_small_picture() -> None:
    report = samples.many_variables()
    call = report.calls[0]
    history = tuple(1.0 + (i % 7) for i in range(100))
    rows = tuple(replace(v, name=f"{v.name}_{n}", grad=replace(v.grad, norm_history=history)) for n in range(4) for v in call.variables if v.grad is not None)
    assert len(rows) > 1000
    markup = plot_pictures(replace(report, calls=(replace(call, variables=rows),)))
    assert len(pictures(markup)) == 3 and len(markup) < 600_000


def test_names_stay_text_in_plots() -> None:
    report = hostile()
    call = report.calls[0]
    grad = replace(trained().calls[0].variables[0].grad, norm=1.0, norm_history=(1.0, 2.0), histogram=Histogram((0.0, 1.0), (3,)))  # type: ignore[type-var]
    rows = tuple(replace(call.variables[0], name=name, grad=grad) for name in (HOSTILE, "$\\frac{1}{0}$", "<script>alert(1)</script>", "a\x1b[31m\nb", "漢字"))
    markup = plot_pictures(replace(report, calls=(replace(call, variables=rows),)))
    assert HOSTILE not in markup and "<script" not in markup
    drawn = pictures(markup)
    assert len(drawn) == 3
    words = ""
    for picture in drawn:
        tree = ElementTree.fromstring(picture)
        assert not {node.tag.rpartition("}")[2] for node in tree.iter()} & {"script", "foreignObject", "a", "img"}
        assert not [name for node in tree.iter() for name in node.attrib if name.startswith("on")]
        links = [value for node in tree.iter() for name, value in node.attrib.items() if name.endswith("href")]
        assert all(link.startswith(("#", "data:image/png")) for link in links)
        words += "".join(tree.itertext())
    assert HOSTILE in words and "<script>alert(1)</script>" in words and "$\\frac{1}{0}$" in words and "漢字" in words


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_report())
def test_any_report_can_be_plotted(report: Report) -> None:
    for picture in pictures(plot_pictures(report)):
        ElementTree.fromstring(picture)
