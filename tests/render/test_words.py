"""The small formats: numbers, shares, shapes, characters, trends, diffs, folded rows, pages."""

from __future__ import annotations

import math

import pytest

from gradmagic.render import wording
from gradmagic.render.characters import clip, clip_middle, text_width, visible, wrap
from gradmagic.render.diff import hunks
from gradmagic.render.page import page_html, page_text, sections
from gradmagic.render.plots import gradient_histogram, norm_over_steps, norm_per_layer
from gradmagic.render.table import Folded, Row, fold, rows, trend
from gradmagic.report import CellInfo, Edit, Finding, Fix, Trial
from tests.render import samples


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1e-7, "1e-7"),
        (0.00123456, "0.00123"),
        (123456.0, "1.23e5"),
        (math.nan, "NaN"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 10, "0%"), (1, 1000, "<1%"), (999, 1000, ">99%"), (10, 10, "100%"), (7, None, "7"), (0, None, "0%"), (1, 4, "25%")],
)
def test_shares(part: int, whole: int | None, text: str) -> None:
    assert wording.share(part, whole) == text


def test_shapes() -> None:
    assert [wording.shape(s) for s in (None, (), (3,), (None, 4))] == ["–", "()", "(3,)", "(None, 4)"]


def test_characters() -> None:
    assert visible("a\x1b[2J\u202e\x9b\r\n\ud800é漢") == "a\\x1b[2J\\u202e\\x9b\\r\\n\\ud800é漢"
    assert visible("a\nb", keep="\n") == "a\nb"
    assert text_width("漢e\u0301") == 3
    assert clip("漢字漢字", 5) == "漢字…"
    assert clip_middle("tower/blocks/0/attention/query", 20) == "tower/…ttention/query"[:6] + "…" + "attention/query"[-13:]
    assert wrap("aa bb cc", 5) == ["aa bb", "cc"]
    assert wrap("aaaaaaa b", 3) == ["aaa", "aaa", "a b"]
    assert wrap("", 5) == [""]


def test_trends() -> None:
    assert trend((1.0, 2.0)) == ""
    assert trend((1e-3, 1.0, 1e3)) == "▁▅█"
    assert trend((1.0, math.nan, 0.0, 1.0)) == "▁×▁▁"
    assert len(trend(tuple(range(1, 1001)))) == 16


def test_diff_of_several_edits_counts_on() -> None:
    cell = CellInfo(None, 1, "%%gradcheck\na\nb\nc\nd")
    fix = Fix("t", (Edit("current", 4, 4, "C"), Edit("current", 2, 3, "a\nnew\nB")))
    first, second = hunks(fix, Finding("r", "error", "m", None), cell)
    assert [(line.number, line.sign, line.text) for line in first.lines] == [
        (2, " ", "a"),
        (3, "-", "b"),
        (3, "+", "new"),
        (4, "+", "B"),
    ]
    assert [(line.number, line.sign, line.text) for line in second.lines] == [(4, "-", "c"), (5, "+", "C")]


def test_diff_never_invents_old_lines() -> None:
    (hunk,) = hunks(Fix("t", (Edit(9, 1, 2, "x"),)), Finding("r", "error", "m", None), CellInfo(None, 1, "a\nb"))
    assert [(line.sign, line.text) for line in hunk.lines] == [("+", "x")]


def test_what_is_known_about_a_fix() -> None:
    assert wording.fix_state(Fix("t", (), "display-only")) == "by hand"
    assert wording.fix_state(Fix("t", (), "unsafe")) == "may change the meaning, not run"
    trial = Trial({"a": "ok", "b": "ok", "c": "none"}, 1.0, 2.0)
    assert wording.fix_state(Fix("t", (), "safe", trial)) == "safe, verified: 2 variables ok, `c` None, loss 1 → 2"
    assert wording.fix_state(Fix("t", (), "safe", Trial({}, math.nan, math.nan))) == "safe, verified: loss unchanged"


def test_a_long_table_folds() -> None:
    report = samples.many_variables()
    folded = fold(rows(report.calls[0], report))
    assert sum(isinstance(entry, Row) for entry in folded) == 8
    assert [entry.sentence for entry in folded if isinstance(entry, Folded)] == [
        "32 more variables: None (none/non-float-dtype)",
        "260 more variables: ok",
    ]
    shown = sum(len(entry.rows) if isinstance(entry, Folded) else 1 for entry in folded)
    assert shown == 300


DOC = """What it finds
    is no heading when it is indented, and stays code.

    ## Why it happens

    Because of `x`.

    Example
    -------

        with tf.GradientTape() as tape:
            loss = w

    Fix safety:

    Safe.
    """


def test_pages() -> None:
    doc = "The summary line.\n\n    What it finds\n\n    A <b>cut</b>.\n" + DOC.partition("code.\n")[2]
    lead, parts = sections(doc)
    assert lead == "The summary line."
    assert list(parts) == ["What it finds", "Why it happens", "Example", "Fix safety"]
    text = page_text("none/x", doc)
    assert "      with tf.GradientTape() as tape:\n          loss = w" in text
    html = page_html("none/x", doc)
    assert "&lt;b&gt;" in html and "<b>" not in html and "    loss = w</pre>" in html


def test_pages_whose_sections_are_indented() -> None:
    doc = "Lead.\n\nWhy it happens\n    Because\n    of `x`.\n\nExample\n    if a:\n        b()\n\n    c()\n"
    assert sections(doc) == ("Lead.", {"Why it happens": "Because\nof `x`.", "Example": "if a:\n    b()\n\nc()"})
    assert page_text("none/x", doc).endswith("Why it happens\n\n  Because of `x`.\n\nExample\n\n      if a:\n          b()\n\n      c()")
    assert "<p" in page_html("none/x", doc) and "if a:\n    b()\n\nc()</pre>" in page_html("none/x", doc)


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_plots_draw(name: str) -> None:
    report = samples.SAMPLES[name]()
    for figure in (norm_per_layer(report), norm_over_steps(report), gradient_histogram(report)):
        figure.canvas.draw()


def test_plots_say_what_is_missing() -> None:
    with pytest.raises(IndexError, match="1 gradient call, and call 3"):
        norm_per_layer(samples.all_ok(), 3)
    with pytest.raises(KeyError, match="nobody"):
        gradient_histogram(samples.all_ok(), "nobody")
