"""What holds for every report: views do not crash, nothing gets in unescaped, the JSON is strict and comes back the same."""

from __future__ import annotations

import json
import unicodedata
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import pytest
from hypothesis import HealthCheck, example, given, settings

from gradmagic.render import live
from gradmagic.render.files import ENDINGS, write
from gradmagic.render.html import to_html, to_html_page
from gradmagic.render.markdown import to_markdown
from gradmagic.render.mime import MIME_TYPE, to_mimebundle
from gradmagic.render.page import page_html, page_text
from gradmagic.render.svg import flow_svg
from gradmagic.render.text import to_text
from gradmagic.report import Edge, FlowGraph, Node, Report
from gradmagic.schema import report_schema
from gradmagic.strict_json import encoded
from tests.render import samples
from tests.render.anything import TEXT, anything
from tests.render.anything import reports as any_report

VALIDATOR = jsonschema.Draft202012Validator(report_schema())
relaxed = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
ALLOWED_TAGS = {"main", "html", "head", "meta", "title", "style", "body", "div", "p", "h3", "h4", "span", "b", "u", "code", "pre"}
ALLOWED_TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "details", "summary", "img"}
ALLOWED_ATTRIBUTES = {"http-equiv", "id", "class", "open", "style", "src", "alt", "charset", "name", "content", "lang", "scope"}
VOID = {"img", "meta"}


class Inspector(HTMLParser):
    """Fails on an element or attribute that the views never make themselves, and on elements that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED_TAGS, tag
        for name, value in attrs:
            assert name in ALLOWED_ATTRIBUTES, name
            assert name != "src" or (value or "").startswith("data:image/svg+xml;base64,")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def inspect(html: str) -> str:
    """The words of `html` after a check that it is made of our own elements only."""
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    assert not inspector.open
    html.encode("utf-8")
    return "".join(inspector.words)


def harmless(text: str) -> bool:
    """Whether a terminal shows `text` and does nothing else."""
    return all(c in "\n\u200c\u200d" or (unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029") for c in text)


@relaxed
@given(any_report())
def test_json_is_strict_and_comes_back(report: Report) -> None:
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    VALIDATOR.validate(data)
    assert Report.from_dict(data).to_dict() == report.to_dict()
    assert repr(Report.from_dict(data)) == repr(report)


@relaxed
@given(any_report())
def test_no_view_crashes(report: Report) -> None:
    for width in (40, 100):
        assert harmless(to_text(report, width=width))
    to_text(report, color=True, quiet=True)
    inspect(to_html(report))
    to_markdown(report).encode("utf-8")
    json.dumps(to_mimebundle(report), allow_nan=False, ensure_ascii=False).encode("utf-8")
    for call in report.calls:
        ElementTree.fromstring(flow_svg(call.graph))


@relaxed
@given(TEXT, TEXT)
def test_pages_do_not_crash(name: str, doc: str) -> None:
    page_text(name, doc).encode("utf-8")
    inspect(page_html(name, doc))


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_html_holds_only_our_elements(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = samples.SAMPLES[name]()
    words = inspect(to_html(report))
    assert report.summary.replace("`", "")[:20] in words.replace("`", "")
    monkeypatch.setattr(live, "SCRIPT", live.SCRIPT.with_name("no such script"))
    page = to_html_page(report)
    inspect(page)
    assert "<script" not in page.lower() and "http://" not in page and "https://" not in page


def test_hostile_strings_are_shown_as_they_are() -> None:
    words = inspect(to_html(samples.hostile()))
    assert "<img src=x onerror=alert(1)>" in words
    assert "\\x1b[31mred" in words and "\x1b" not in words


@relaxed
@given(any_report())
@example(samples.hostile())
def test_markdown_starts_no_html_of_its_own(report: Report) -> None:
    markdown_it = pytest.importorskip("markdown_it")
    parser = markdown_it.MarkdownIt("commonmark").enable("table")
    raw = [token.content for block in parser.parse(to_markdown(report)) for token in [block, *(block.children or ())] if "html" in token.type]
    assert set(raw) <= {"<sub>", "</sub>"}


def test_display_bundle() -> None:
    bundle = to_mimebundle(samples.where_trap())
    assert set(bundle) == {MIME_TYPE, "text/html", "text/plain"}
    assert Report.from_dict(bundle[MIME_TYPE]).summary == samples.where_trap().summary
    assert samples.where_trap()._repr_mimebundle_() == bundle


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["stop_gradient", "all_ok", "hostile"])
def test_files(name: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"report{ending.upper()}"
    report = samples.SAMPLES[name]()
    assert write(report, path) == path
    data = path.read_bytes()
    if ending == ".png":
        assert data.startswith(b"\x89PNG")
    elif ending == ".json":
        assert Report.from_json(data.decode("ascii")).to_dict() == report.to_dict()
    else:
        assert data.decode("utf-8").endswith(("\n", "</svg>"))


@pytest.mark.parametrize("path", ["report.pdf", "report", ".json", "a.json/b"])
def test_another_ending_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"written as one of \.json, \.html, \.svg, \.md, \.txt, \.png"):
        write(samples.all_ok(), path)


def test_any_graph_can_be_drawn() -> None:
    ring = FlowGraph(
        tuple(Node(str(i), "op", f"op{i}", status="nan") for i in range(400)),
        tuple(Edge(str(i), str((i + 1) % 400), "flows", 1.0) for i in range(400)),
    )
    assert "250 more nodes left out" in flow_svg(ring)
    assert "No flow was recorded" in flow_svg(FlowGraph())


@relaxed
@given(anything(FlowGraph))
def test_random_graphs_can_be_drawn(graph: FlowGraph) -> None:
    ElementTree.fromstring(flow_svg(graph))


@pytest.mark.parametrize("largest", [1.797505e308, -1.7976931348623157e308])
def test_the_largest_numbers_are_not_rounded_to_infinity(largest: float) -> None:
    assert encoded(largest, 4) == largest
    assert encoded(1.23456, 3) == 1.23
