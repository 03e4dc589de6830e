"""In JupyterLab: run the cell, see the report, follow a selection, find the mark, save, reopen without a kernel."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page, expect

from gradmagic.render.mime import MIME_TYPE

SETUP = """import tensorflow as tf
%load_ext gradmagic
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")

def loss_fn(x):
    h = w * x
    return tf.stop_gradient(b) * h * h"""
CHECK = """%%gradcheck
with tf.GradientTape() as tape:
    loss = loss_fn(3.0)
    other = tf.stop_gradient(w) * b
grads = tape.gradient(loss + other, [w, b])"""
HOSTILE = "<img src=x onerror=alert(1)>"


def opened(page: Page, lab: Any, name: str, workspace: str) -> None:
    page.goto(f"{lab.url}/lab/workspaces/{workspace}/tree/{name}")
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.content?.model?.cells?.length > 0")


def run_all(page: Page, cells: int) -> None:
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(f"() => window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.executionCount).length === {cells}", timeout=120_000)


@pytest.fixture
def notebook(lab: Any) -> str:
    code = nbformat.v4.new_code_cell
    check = CHECK.replace("    other = tf.stop_gradient(w) * b\n", "").replace("loss + other", "loss")
    lab.write("check.ipynb", [code(SETUP), code(check)])
    return "check.ipynb"


def test_run_select_mark_save_and_reopen(page: Page, lab: Any, notebook: str) -> None:
    opened(page, lab, notebook, "live")
    run_all(page, 2)
    report = page.locator(".gm-report")
    expect(report).to_have_count(1)
    expect(report.locator(".gm-finding")).to_contain_text("none/stop-gradient")
    expect(report.locator("tr[data-variable]")).to_have_count(2)
    expect(report.locator(".gm-graph svg .gm-node")).not_to_have_count(0)
    report.locator("tr[data-variable='b']").click()
    expect(report.locator("tr[data-variable='b']")).to_have_class("gm-selected")
    expect(report.locator(".gm-finding")).to_have_class("gm-finding gm-edge-error gm-selected")
    expect(report.locator(".gm-node.gm-selected")).to_contain_text("b")
    first = page.locator(".jp-Cell").nth(0)
    expect(first.locator(".gm-gutter-mark")).to_have_count(1)
    expect(first.locator(".gm-squiggle")).to_have_text("tf.stop_gradient(b)")
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    saved = json.loads((lab.root / notebook).read_text())
    assert any(MIME_TYPE in o.get("data", {}) for o in saved["cells"][1]["outputs"])
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.route("**/api/sessions**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.route("**/api/kernels**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    opened(page, lab, notebook, "reopened")
    expect(page.locator(".gm-report .gm-finding")).to_contain_text("none/stop-gradient")
    expect(page.locator(".jp-Cell").nth(0).locator(".gm-gutter-mark")).to_have_count(1)


def test_panel_and_commands(page: Page, lab: Any) -> None:
    code = nbformat.v4.new_code_cell
    lab.write("panel.ipynb", [code(SETUP), code("with tf.GradientTape() as tape:\n    loss = loss_fn(3.0)\ngrads = tape.gradient(loss, [w, b])")])
    opened(page, lab, "panel.ipynb", "panel")
    run_all(page, 2)
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    page.evaluate("() => window.jupyterapp.commands.execute('gradmagic:check-cell')")
    expect(page.locator(".gm-report .gm-finding")).to_contain_text("none/stop-gradient")
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getSource()").startswith("%%gradcheck\n")
    page.evaluate("() => window.jupyterapp.shell.activateById('gradmagic-panel')")
    item = page.locator("#gradmagic-panel button")
    expect(item).to_contain_text("none/stop-gradient")
    item.click()
    page.wait_for_function("() => window.jupyterapp.shell.widgets('main').next().value.content.activeCellIndex === 0")
    page.evaluate("() => { window.jupyterapp.shell.widgets('main').next().value.content.activeCellIndex = 1; }")
    page.evaluate("() => window.jupyterapp.commands.execute('gradmagic:clear-marks')")
    expect(page.locator(".gm-gutter-mark")).to_have_count(0)


def test_untrusted_notebook_and_hostile_names_stay_text(page: Page, lab: Any) -> None:
    from tests.render.reports import hostile

    report = hostile()
    data = {MIME_TYPE: report.to_dict(), "text/plain": "a report"}
    cell = nbformat.v4.new_code_cell("x = 1", outputs=[nbformat.v4.new_output("display_data", data=data)], execution_count=1)
    broken = nbformat.v4.new_code_cell("y = 1", outputs=[nbformat.v4.new_output("display_data", data={MIME_TYPE: {"schema": "gradmagic.report/9"}})], execution_count=2)
    lab.write("hostile.ipynb", [cell, broken])
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened(page, lab, "hostile.ipynb", "hostile")
    expect(page.locator(".gm-report").nth(0)).to_contain_text(HOSTILE)
    expect(page.locator(".gm-report").nth(1)).to_contain_text("upgrade gradmagic")
    assert page.locator(".gm-report img").count() == 0 and dialogs == []


def test_live_widget_tells_python_what_is_selected(page: Page, lab: Any) -> None:
    code = nbformat.v4.new_code_cell
    cell = "import gradmagic\nfrom gradmagic.widget import ReportWidget\nwith tf.GradientTape() as tape:\n    loss = w * tf.stop_gradient(b)\ngrads = tape.gradient(loss, [w, b])"
    lab.write("widget.ipynb", [code(SETUP), code("%%gradcheck --format html\n" + cell), code("shown = ReportWidget(gradmagic.last_report())\nshown"), code("print('selected', dict(shown.selection))")])
    opened(page, lab, "widget.ipynb", "widget")
    run_all(page, 4)
    report = page.locator(".gm-report")
    expect(report).to_have_count(1)
    expect(report.locator(".gm-node")).not_to_have_count(0)
    report.locator("tr[data-variable='b']").click()
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 3; }")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
    expect(page.locator(".jp-Cell").nth(3).locator(".jp-OutputArea")).to_contain_text("'variable': 'b'")
