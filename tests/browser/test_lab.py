"""In JupyterLab: run the cell, see the report, follow a selection, find the mark, mend the code, save, reopen without a kernel."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from gradmagic.render.mime import MIME_TYPE
from tests.browser.notebook import CONTENT

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
grads = tape.gradient(loss, [w, b])"""
TWICE = """%%gradcheck
with tf.GradientTape() as tape:
    loss = w * w
first = tape.gradient(loss, w)
second = tape.gradient(loss, w)"""


def test_run_select_mark_save_and_reopen(page: Page, in_lab: Any) -> None:
    notebook = in_lab(SETUP, CHECK)
    notebook.run_all()
    report = page.locator(".gm-report")
    expect(report).to_have_count(1)
    expect(report.locator(".gm-finding")).to_contain_text("none/stop-gradient")
    expect(report.locator("tr[data-variable]")).to_have_count(2)
    expect(report.locator(".gm-heading")).to_contain_text("cell [2], line 4")
    expect(report.locator(".gm-graph svg .gm-node")).not_to_have_count(0)
    report.locator("tr[data-variable='b']").click()
    expect(report.locator("tr.gm-selected")).to_have_count(1)
    expect(report.locator(".gm-finding.gm-selected")).to_have_count(1)
    expect(report.locator(".gm-node.gm-selected")).to_contain_text("b")
    first = notebook.cell(0)
    expect(first.locator(".cm-lint-marker")).to_have_count(1)
    expect(first.locator(".gm-squiggle")).to_have_text("tf.stop_gradient(b)")
    notebook.save()
    saved = json.loads(notebook.path.read_text())
    assert any(MIME_TYPE in o.get("data", {}) for o in saved["cells"][1]["outputs"])
    assert "widgets" not in saved["metadata"]
    notebook.forbid_kernels()
    in_lab()
    expect(page.locator(".gm-report .gm-finding")).to_contain_text("none/stop-gradient")
    # A dialog about the missing kernel lies over the page: the click goes to the row itself.
    page.locator("tr[data-variable='b']").dispatch_event("click")
    expect(page.locator(".gm-node.gm-selected")).to_contain_text("b")
    expect(page.locator(".jp-Cell").nth(0).locator(".cm-lint-marker")).to_have_count(1)


def test_marks_explain_themselves_move_with_the_code_and_go_with_the_next_run(page: Page, in_lab: Any) -> None:
    notebook = in_lab(SETUP, CHECK)
    notebook.run_all()
    squiggle = page.locator(".gm-squiggle")
    squiggle.hover()
    expect(page.locator(".gm-hover")).to_contain_text("none/stop-gradient")
    page.mouse.move(5, 5)
    page.evaluate(f"() => {notebook.shared(0)}.updateSource(0, 0, '# one\\n# two\\n')")
    expect(squiggle).to_have_text("tf.stop_gradient(b)")
    notebook.change(0, "stop_gradient", "identity")
    expect(squiggle).to_have_count(0)
    expect(page.locator(".cm-lint-marker")).to_have_count(0)
    page.evaluate(f"() => {notebook.shared(0)}.undo()")
    page.evaluate(f"() => {{ if (!{notebook.shared(0)}.getSource().includes('stop_gradient')) {notebook.shared(0)}.undo(); }}")
    expect(squiggle).to_have_text("tf.stop_gradient(b)")
    notebook.change(0, "stop_gradient", "identity")
    notebook.run_all()
    expect(page.locator(".gm-report .gm-fill-ok")).to_have_count(1)
    expect(page.locator(".cm-lint-marker")).to_have_count(0)


def test_a_fix_is_applied_undone_and_ends_the_finding(page: Page, in_lab: Any) -> None:
    notebook = in_lab("import tensorflow as tf\n%load_ext gradmagic\nw = tf.Variable(2.0)", TWICE)
    notebook.run_all()
    finding = page.locator(".gm-finding")
    expect(finding).to_contain_text("error/tape-used-twice")
    finding.get_by_role("button", name="Apply").click()
    expect(finding).to_contain_text("applied; run the cell again")
    assert "tf.GradientTape(persistent=True)" in notebook.source(1)
    page.evaluate(f"() => {notebook.shared(1)}.undo()")
    assert notebook.source(1) == TWICE
    page.evaluate(f"() => {notebook.shared(1)}.redo()")
    notebook.run_all()
    expect(page.locator(".gm-finding")).to_have_count(0)


def test_the_toolbar_checks_a_cell_and_the_panel_shows_what_was_found(page: Page, in_lab: Any) -> None:
    notebook = in_lab(SETUP, CHECK.removeprefix("%%gradcheck\n"))
    notebook.run_all()
    notebook.activate(1)
    notebook.cell(1).locator("[data-command='gradmagic:check-cell']").click()
    expect(page.locator(".gm-report .gm-finding")).to_contain_text("none/stop-gradient")
    assert notebook.source(1) == CHECK
    page.evaluate("() => window.jupyterapp.shell.activateById('gradmagic-panel')")
    panel = page.locator("#gradmagic-panel")
    expect(panel.locator(".gm-amounts")).to_have_text("▲ 1 warning" if "warning" in panel.inner_text() else "✗ 1 error")
    panel.locator("button").click()
    page.wait_for_function(f"() => {CONTENT}.content.activeCellIndex === 0")
    expect(page.locator(".gm-report .gm-finding.gm-selected")).to_have_count(1)
    expect(panel.locator("[aria-current]")).to_have_count(1)


def test_every_run_is_checked_until_it_is_switched_off(page: Page, in_lab: Any) -> None:
    plain = CHECK.removeprefix("%%gradcheck\n")
    notebook = in_lab(SETUP.replace("%load_ext gradmagic\n", ""), plain)
    page.wait_for_function(f"() => {CONTENT}.sessionContext?.session?.kernel?.status === 'idle'", timeout=120_000)
    notebook.command("gradmagic:check-every-run")
    page.wait_for_function("() => window.jupyterapp.commands.isToggled('gradmagic:check-every-run')")
    notebook.run_all()
    expect(notebook.cell(1).locator(".gm-report .gm-finding")).to_contain_text("none/stop-gradient")
    assert notebook.source(1) == plain
    page.evaluate(f"() => {CONTENT}.sessionContext.restartKernel()")
    page.wait_for_function(f"() => {CONTENT}.sessionContext.session.kernel.status === 'idle'", timeout=120_000)
    notebook.command("notebook:clear-all-cell-outputs")
    notebook.run_all()
    expect(notebook.cell(1).locator(".gm-report .gm-finding")).to_have_count(1)
    notebook.command("gradmagic:check-every-run")
    page.wait_for_function("() => !window.jupyterapp.commands.isToggled('gradmagic:check-every-run')")
    notebook.run_all()
    expect(page.locator(".gm-report")).to_have_count(0)


def test_a_fix_is_tried_in_the_kernel_of_the_notebook(page: Page, in_lab: Any) -> None:
    caught = TWICE.replace("second = tape.gradient(loss, w)", "try:\n    second = tape.gradient(loss, w)\nexcept RuntimeError:\n    pass")
    notebook = in_lab("import tensorflow as tf\n%load_ext gradmagic\nw = tf.Variable(2.0)", caught)
    notebook.run_all()
    finding = page.locator(".gm-finding")
    press = finding.get_by_role("button", name="Try it").first
    press.click()
    expect(finding.locator(".gm-tried")).to_contain_text("It works", timeout=60_000)
    assert notebook.source(1) == caught
    assert notebook.run_python("print('second' in dir())") == "False"
    # Another check: what it takes to try the fixes of the first one is gone.
    notebook.run_python("from IPython import get_ipython; get_ipython().run_cell('%%gradcheck -q\\nw * w')")
    press.click()
    expect(finding).to_contain_text("not tried: the state before this cell is gone")
    # A kernel that never heard of gradmagic says so as well, and without any there is nothing to press.
    page.evaluate(f"() => {CONTENT}.sessionContext.restartKernel()")
    page.wait_for_function(f"() => {CONTENT}.sessionContext.session.kernel.status === 'idle'", timeout=120_000)
    press.click()
    expect(finding).to_contain_text("not tried: the kernel does not know this report any more")
    page.evaluate(f"() => {CONTENT}.sessionContext.shutdown()")
    expect(finding.get_by_role("button", name="Try it")).to_have_count(0)
    expect(finding.get_by_role("button", name="Apply").first).to_be_visible()
