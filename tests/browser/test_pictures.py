"""The same report in every place, against the reference pictures that the README shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbconvert.filters import ansi2html
from playwright.sync_api import Page, expect

from gradmagic.render.html import to_html
from gradmagic.render.text import to_text
from tests.browser import pictures
from tests.browser.notebook import CONTENT, cell_with, dismiss
from tests.render.samples import where_trap

GITHUB = "body { margin: 0; padding: 16px 32px; font: 14px/1.5 system-ui, 'DejaVu Sans', sans-serif; color: #1f2328 } table { border-collapse: collapse } td, th { border: 1px solid #d0d7de; padding: 4px 12px }"


@pytest.fixture
def cells() -> list[Any]:
    return [nbformat.v4.new_markdown_cell("## Why is the gradient NaN?"), cell_with(where_trap())]


THEMES = {"lab-light": "JupyterLab Light", "lab-dark": "JupyterLab Dark", "lab-contrast": "JupyterLab Dark High Contrast"}


@pytest.mark.parametrize("name", THEMES)
def test_jupyterlab(name: str, page: Page, in_lab: Any, cells: list[Any], tmp_path: Path) -> None:
    notebook = in_lab(*cells, kernel=False)
    page.set_viewport_size({"width": 1500, "height": 1120})
    expect(page.locator(".gm-squiggle").first).to_be_visible()
    dismiss(page)
    notebook.theme(THEMES[name])
    page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.activateById('gradmagic-panel'); }")
    expect(page.locator("#gradmagic-panel .gm-entry")).to_be_visible()
    notebook.activate(0)
    page.locator("tr[data-variable='rate']").click()
    page.locator(".gm-squiggle-error").hover()
    expect(page.locator(".gm-hover")).to_be_visible()
    page.wait_for_timeout(500)
    pictures.check(name, page.screenshot(), tmp_path)


SETUP = """import tensorflow as tf, keras
%load_ext gradmagic
keras.utils.set_random_seed(1)
x, y = tf.random.normal((32, 8)), tf.random.normal((32, 1))

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.layers.Dense(16, activation="relu", name="encoder")
        self.gate = keras.layers.Dense(16, activation="sigmoid", name="gate")
        self.head = keras.layers.Dense(1, name="head")

    def call(self, inputs):
        h = self.encoder(inputs)
        g = tf.round(self.gate(inputs))
        return self.head(h * g)

net = Net()"""
CHECK = """%%gradcheck
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)"""


def test_a_live_run_with_a_fix_that_was_tried(page: Page, in_lab: Any, tmp_path: Path) -> None:
    notebook = in_lab(SETUP, CHECK)
    page.set_viewport_size({"width": 1400, "height": 2000})
    notebook.theme("JupyterLab Light")
    notebook.run_all()
    # What TensorFlow says about itself differs from machine to machine.
    page.evaluate(f"() => {CONTENT}.content.widgets[0].model.outputs.clear()")
    expect(notebook.cell(0).locator(".gm-squiggle-error")).to_have_text("tf.round(self.gate(inputs))")
    finding = page.locator(".gm-finding")
    finding.get_by_role("button", name="Try it").first.click()
    expect(finding.locator(".gm-tried")).to_contain_text("It works", timeout=60_000)
    page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.activateById('gradmagic-panel'); }")
    expect(page.locator("#gradmagic-panel .gm-entry")).to_be_visible()
    page.locator("tr[data-variable='net/gate/kernel']").click()
    expect(page.locator(".gm-node.gm-kind-cut")).to_contain_text("tf.round(self.gate(inputs))")
    notebook.activate(1)
    page.locator(".jp-NotebookPanel-notebook .jp-WindowedPanel-outer, .jp-NotebookPanel-notebook").first.evaluate("(node) => { node.scrollTop = 0; }")
    page.mouse.move(5, 5)
    page.wait_for_timeout(800)
    pictures.check("readme", page.screenshot(), tmp_path)


def test_notebook7(page: Page, in_notebook7: Any, cells: list[Any], tmp_path: Path) -> None:
    notebook = in_notebook7(*cells, kernel=False)
    page.set_viewport_size({"width": 1200, "height": 1120})
    expect(page.locator(".gm-squiggle").first).to_be_visible()
    dismiss(page)
    notebook.theme("JupyterLab Light")
    page.locator("tr[data-variable='rate'] .gm-ask").click()
    page.locator(".jp-NotebookPanel-notebook").evaluate("(node) => { node.scrollTop = 0; }")
    page.wait_for_timeout(500)
    pictures.check("notebook7", page.screenshot(), tmp_path)


def test_nbconvert(page: Page, cells: list[Any], tmp_path: Path) -> None:
    text, _ = HTMLExporter(template_name="lab").from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    path = tmp_path / "converted.html"
    path.write_text(text, encoding="utf-8")
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.set_viewport_size({"width": 1100, "height": 900})
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    report = page.locator(".jp-OutputArea-output")
    expect(report).to_contain_text("nonfinite/where-trap")
    expect(report.locator("img")).to_be_visible()
    pictures.check("nbconvert", page.screenshot(full_page=True), tmp_path)


def test_where_styles_and_scripts_are_taken_away(page: Page, tmp_path: Path) -> None:
    bare = re.sub(r' style="[^"]*"', "", to_html(where_trap()))
    assert "style=" not in bare and "<script" not in bare
    page.set_viewport_size({"width": 1000, "height": 800})
    page.set_content(f"<style>{GITHUB}</style><main>{bare}</main>")
    expect(page.locator("table")).to_be_visible()
    pictures.check("github", page.screenshot(full_page=True), tmp_path)


def test_terminal(page: Page, tmp_path: Path) -> None:
    shown = ansi2html(to_text(where_trap(), color=True, width=100))
    colours = ".ansi-bold { font-weight: bold } .ansi-red-fg, .ansi-red-intense-fg { color: #ff8272 } .ansi-blue-fg, .ansi-blue-intense-fg { color: #6fb6f2 } "
    colours += ".ansi-yellow-fg, .ansi-yellow-intense-fg { color: #e8b14a } .ansi-green-fg, .ansi-green-intense-fg { color: #5fcfa6 } .ansi-cyan-fg { color: #7fd7e8 }"
    page.set_viewport_size({"width": 900, "height": 600})
    page.set_content(f"<style>body {{ margin: 0; background: #16181b; color: #e6e8ea }} pre {{ padding: 16px; font: 13px/1.4 'DejaVu Sans Mono', monospace }} {colours}</style><pre>{shown}</pre>")
    expect(page.locator("pre")).to_contain_text("nonfinite/where-trap")
    pictures.check("terminal", page.screenshot(full_page=True), tmp_path)
