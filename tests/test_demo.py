"""The demo notebook, run as a person runs it, and its report as nbconvert shows it without a kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from gradmagic.render.mime import MIME_TYPE
from gradmagic.report import Report

FOLDER = Path(__file__).parent.parent / "demo_notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
RULES = [
    "none/stop-gradient",
    "none/non-differentiable-op",
    "none/left-tensorflow",
    "none/discarded-result",
    "nonfinite/where-trap",
    "zero/single-unit-softmax",
    "step/gradients-not-applied",
    None,
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_demo_notebook(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    assert all(not cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    reports = [Report.from_dict(o.data[MIME_TYPE]) for c in notebook.cells for o in c.get("outputs", []) if MIME_TYPE in o.get("data", {})]
    assert [next((f.rule for f in r.findings), None) for r in reports] == RULES
    assert reports[-1].verdict == "ok" and not any(r.failures for r in reports)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    for rule in RULES[:-1]:
        assert f"{rule}</code>" in page
    assert "application/vnd.jupyter.widget-view+json" not in page
