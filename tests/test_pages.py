"""Every rule's page is true: its example gives exactly this finding, its *Use instead* gives none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradmagic.render.page import HEADINGS, sections
from gradmagic.rules import CATALOGUE, pages

PAGES = pages()
EXPLAINED = [rule for rule in CATALOGUE if not rule.endswith("/unexplained")]
NUMERIC = {rule: "--numeric" for rule in CATALOGUE if rule.startswith("wrong/")}
DEMO = Path(__file__).parent.parent / "demo_notebooks" / "why_is_my_gradient_none.ipynb"


@pytest.mark.parametrize("rule", CATALOGUE)
def test_page_has_every_heading(rule: str) -> None:
    lead, parts = sections(PAGES[rule])
    assert lead and len(lead.splitlines()) == 1
    assert tuple(parts) == HEADINGS
    assert all(text.strip() for text in parts.values())


def _split(code: str) -> tuple[str, str]:
    first, _, rest = code.partition("\n")
    return first, rest


@pytest.mark.parametrize("rule", EXPLAINED)
def test_example_gives_this_finding(rule: str, notebook: Any) -> None:
    setup, cell = _split(sections(PAGES[rule])[1]["Example"])
    notebook.run(setup)
    report = notebook.check(cell, NUMERIC.get(rule, ""))
    assert not report.failures
    found = [f for f in report.findings if f.severity != "note"] or list(report.findings)
    assert rule in [f.rule for f in report.findings]
    consequences = {"error/no-gradients-provided"} if rule != "error/no-gradients-provided" else {"none/non-differentiable-op"}
    assert {f.rule for f in found} - consequences <= {rule, "step/silently-skipped", "none/unused-variable"} | ({rule} if rule.startswith("none") else set())


@pytest.mark.parametrize("rule", EXPLAINED)
def test_use_instead_is_silent(rule: str, notebook: Any) -> None:
    setup, cell = _split(sections(PAGES[rule])[1]["Use instead"])
    notebook.run(setup)
    report = notebook.check(cell, NUMERIC.get(rule, ""))
    assert not report.failures
    assert [f.rule for f in report.findings if f.severity == "error"] == []
    assert notebook.result.success


def test_demo_notebook_shows_the_common_causes() -> None:
    cells = json.loads(DEMO.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells)
    for rule in ("none/stop-gradient", "none/left-tensorflow", "none/non-differentiable-op", "nonfinite/where-trap", "zero/single-unit-softmax"):
        assert rule in text
