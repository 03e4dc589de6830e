"""Every view of hand-built reports, the hostile one among them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradmagic.render.files import write
from gradmagic.render.html import to_html, to_html_page
from gradmagic.render.layout import layout
from gradmagic.render.live import script_text
from gradmagic.render.markdown import to_markdown
from gradmagic.render.mime import MIME_TYPE, to_mimebundle
from gradmagic.render.svg import flow_svg
from gradmagic.render.text import to_text
from gradmagic.report import SCHEMA, Edge, FlowGraph, Node, Report
from gradmagic.schema import PATH, report_schema
from gradmagic.strict_json import ReportFormatError
from tests.render.reports import ALL, HOSTILE, all_ok, many, raised, stop_gradient

BLESSED = Path(__file__).parent / "blessed"


@pytest.mark.parametrize("name", ALL)
def test_blessed_text(name: str, request: pytest.FixtureRequest) -> None:
    text = to_text(ALL[name]()) + "\n"
    data = ALL[name]().to_json(indent=1) + "\n"
    for ending, content in (("txt", text), ("json", data)):
        path = BLESSED / f"{name}.{ending}"
        if request.config.getoption("--bless"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        assert content == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_json_round_trip_and_schema(name: str) -> None:
    report = ALL[name]()
    data = json.loads(report.to_json())
    jsonschema.validate(data, report_schema())
    again = Report.from_dict(data)
    assert again.to_json() == report.to_json()


def test_the_shipped_schema_is_the_generated_one() -> None:
    assert json.loads(PATH.read_text(encoding="utf-8")) == report_schema()


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", ALL)
def test_html_holds_nothing_that_runs(name: str) -> None:
    page = to_html_page(ALL[name]())
    data = re.search('<script type="application/json" id="gradmagic-report">(.*?)</script>', page, re.DOTALL)
    script = script_text()
    assert (data is None) == (script is None)
    if data is not None and script is not None:
        assert not set(data[1]) & set("<>&") and Report.from_json(data[1]).to_json() == ALL[name]().to_json()
        allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert re.search(r"script-src &#x27;sha256-([^&]*)&#x27;;", page)[1] == allowed  # type: ignore[index]
        page = page.replace(data[0], "").replace(f"<script>{script}</script>", "")
    for still in (to_html(ALL[name]()), page):
        parser = Tags()
        parser.feed(still)
        assert not {tag for tag, _ in parser.found} & {"script", "iframe", "object", "embed", "link", "form"}
        for tag, attributes in parser.found:
            assert not [a for a in attributes if a.startswith("on")]
            if tag == "img":
                assert str(attributes["src"]).startswith("data:image/svg+xml;base64,")
                picture = base64.b64decode(str(attributes["src"]).partition(",")[2]).decode()
                assert "<script" not in picture and "<img" not in picture
        assert HOSTILE not in still and "\x1b" not in still


@pytest.mark.parametrize("name", ALL)
def test_text_has_no_control_characters(name: str) -> None:
    for text in (to_text(ALL[name]()), to_markdown(ALL[name]())):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert "\x1b[" in to_text(stop_gradient(), color=True)


def test_a_cell_without_a_gradient_is_not_called_ok() -> None:
    for view in (to_text, to_html, to_markdown):
        assert "✓" not in view(raised()) and "✓" in view(all_ok())
    assert "not judged" in to_html(raised())


def test_healthy_rows_fold() -> None:
    assert "260 more variables: ok" in to_text(many()) and "32 more variables: None (none/left-tensorflow)" in to_text(many())
    assert "<details>" in to_html(many())
    assert "layer_0/kernel" not in to_text(all_ok(), quiet=True)


def test_bundle_has_no_widget() -> None:
    bundle = to_mimebundle(stop_gradient())
    assert set(bundle) == {MIME_TYPE, "text/html", "text/plain"}
    assert bundle[MIME_TYPE]["schema"] == SCHEMA


def test_lines_are_thicker_where_the_norm_is_larger() -> None:
    nodes = (Node("t", "target", "loss"), *(Node(f"v{i}", "variable", f"v{i}") for i in range(4)))
    drawn = layout(FlowGraph(nodes, tuple(Edge(f"v{i}", "t", "flows", norm) for i, norm in enumerate((1e-9, 1e-2, 1.0, 1e9)))))
    widths = [route.width for route in drawn.routes]
    assert widths == sorted(set(widths)) and max(widths) <= 7 and min(widths) > 1


def test_unknown_ending(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match=r"one of \.json, \.html"):
        write(all_ok(), tmp_path / "report.pdf")
    with pytest.raises(ValueError, match="no flow graph"):
        write(all_ok(), tmp_path / "report.svg")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no field `schema`"),
        ('{"schema": "gradmagic.report/9"}', "upgrade gradmagic"),
        (json.dumps({"schema": SCHEMA}), "`report.versions` is missing"),
        (json.dumps({**stop_gradient().to_dict(), "verdict": 3}), "damaged: `report.verdict`"),
    ],
)
def test_broken_reports_get_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ReportFormatError) as caught:
        Report.from_json(text)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.floats(), st.integers(0, 90), st.integers(0, 90))
def test_no_text_or_number_breaks_a_view(text: str, value: float, start: int, end: int) -> None:
    report = stop_gradient()
    finding = report.findings[0]
    where = dataclasses.replace(finding.labels[0].location, code=text, column=start, end_column=end, file=None)
    label = dataclasses.replace(finding.labels[0], location=where, text=text)
    finding = dataclasses.replace(finding, message=text, body=text, labels=(label,), variables=(text,))
    assert report.calls[0].target is not None
    call = dataclasses.replace(report.calls[0], target=dataclasses.replace(report.calls[0].target, name=text, value=value))
    changed = dataclasses.replace(report, summary=text, findings=(finding,), calls=(call,))
    assert Report.from_json(changed.to_json()).to_json() == changed.to_json()
    assert "\x1b" not in to_text(changed) and "<script" not in to_html(changed)
    assert flow_svg(changed.calls[0].graph).startswith("<svg")
