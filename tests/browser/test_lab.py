"""In JupyterLab: run the cell, see the report, follow a selection, find the mark, mend the code, save, reopen without a kernel."""

from __future__ import annotations

import json
from collections.abc import Callable
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
grads = tape.gradient(loss, [w, b])"""
TWICE = """%%gradcheck
with tf.GradientTape() as tape:
    loss = w * w
first = tape.gradient(loss, w)
second = tape.gradient(loss, w)"""
HOSTILE = "<img src=x onerror=alert(1)>"
NOTEBOOK = "window.jupyterapp.shell.widgets('main').next().value"


@pytest.fixture
def opened(page: Page, lab: Any, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Write a notebook of these cells and open it in a workspace of its own; gives its file name."""

    def open_(*cells: Any) -> str:
        name = f"{request.node.name}.ipynb"
        if cells:
            lab.write(name, [nbformat.v4.new_code_cell(c) if isinstance(c, str) else c for c in cells])
        page.goto(f"{lab.url}/lab/workspaces/{request.node.name}-{len(cells)}/tree/{name}")
        page.wait_for_function(f"() => window.jupyterapp?.shell && {NOTEBOOK}?.content?.model?.cells?.length > 0")
        return name

    return open_


def command(page: Page, name: str) -> None:
    page.evaluate(f"() => window.jupyterapp.commands.execute('{name}')")


def run_all(page: Page, cells: int) -> None:
    page.wait_for_function(f"() => {NOTEBOOK}.sessionContext?.session?.kernel?.status === 'idle'")
    command(page, "notebook:run-all-cells")
    page.wait_for_function(f"() => {NOTEBOOK}.content.widgets.filter(c => c.model.executionCount).length === {cells}", timeout=120_000)


def source(page: Page, cell: int) -> str:
    text = page.evaluate(f"() => {NOTEBOOK}.content.widgets[{cell}].model.sharedModel.getSource()")
    assert isinstance(text, str)
    return text


def activate(page: Page, cell: int) -> None:
    page.evaluate(f"() => {{ {NOTEBOOK}.content.activeCellIndex = {cell}; }}")


def test_run_select_mark_save_and_reopen(page: Page, lab: Any, opened: Callable[..., str]) -> None:
    name = opened(SETUP, CHECK)
    run_all(page, 2)
    report = page.locator(".gm-report")
    expect(report).to_have_count(1)
    expect(report.locator(".gm-finding")).to_contain_text("none/stop-gradient")
    expect(report.locator("tr[data-variable]")).to_have_count(2)
    expect(report.locator(".gm-graph svg .gm-node")).not_to_have_count(0)
    report.locator("tr[data-variable='b']").click()
    expect(report.locator("tr.gm-selected")).to_have_count(1)
    expect(report.locator(".gm-finding.gm-selected")).to_have_count(1)
    expect(report.locator(".gm-node.gm-selected")).to_contain_text("b")
    first = page.locator(".jp-Cell").nth(0)
    expect(first.locator(".cm-lint-marker")).to_have_count(1)
    expect(first.locator(".gm-squiggle")).to_have_text("tf.stop_gradient(b)")
    command(page, "docmanager:save")
    page.wait_for_function(f"() => !{NOTEBOOK}.context.model.dirty")
    saved = json.loads((lab.root / name).read_text())
    assert any(MIME_TYPE in o.get("data", {}) for o in saved["cells"][1]["outputs"])
    assert "widgets" not in saved["metadata"]
    page.evaluate(f"() => {NOTEBOOK}.sessionContext.shutdown()")
    for path in ("sessions", "kernels"):
        page.route(f"**/api/{path}**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    opened()
    expect(page.locator(".gm-report .gm-finding")).to_contain_text("none/stop-gradient")
    # A dialog about the missing kernel lies over the page: the click goes to the row itself.
    page.locator("tr[data-variable='b']").dispatch_event("click")
    expect(page.locator(".gm-node.gm-selected")).to_contain_text("b")
    expect(page.locator(".jp-Cell").nth(0).locator(".cm-lint-marker")).to_have_count(1)


def test_marks_explain_themselves_move_with_the_code_and_go_with_the_next_run(page: Page, opened: Callable[..., str]) -> None:
    opened(SETUP, CHECK)
    run_all(page, 2)
    squiggle = page.locator(".gm-squiggle")
    squiggle.hover()
    expect(page.locator(".gm-hover")).to_contain_text("none/stop-gradient")
    page.mouse.move(5, 5)
    shared = f"{NOTEBOOK}.content.widgets[0].model.sharedModel"
    page.evaluate(f"() => {shared}.updateSource(0, 0, '# one\\n# two\\n')")
    expect(squiggle).to_have_text("tf.stop_gradient(b)")
    page.evaluate(f"() => {{ const s = {shared}; const at = s.getSource().indexOf('stop_gradient'); s.updateSource(at, at + 13, 'identity'); }}")
    expect(squiggle).to_have_count(0)
    expect(page.locator(".cm-lint-marker")).to_have_count(0)
    run_all(page, 2)
    expect(page.locator(".gm-report .gm-fill-ok")).to_have_count(1)
    expect(page.locator(".cm-lint-marker")).to_have_count(0)


def test_a_fix_is_applied_undone_and_ends_the_finding(page: Page, opened: Callable[..., str]) -> None:
    opened("import tensorflow as tf\n%load_ext gradmagic\nw = tf.Variable(2.0)", TWICE)
    run_all(page, 2)
    finding = page.locator(".gm-finding")
    expect(finding).to_contain_text("error/tape-used-twice")
    finding.get_by_role("button", name="Apply").click()
    expect(finding).to_contain_text("applied; run the cell again")
    assert "tf.GradientTape(persistent=True)" in source(page, 1)
    activate(page, 1)
    page.evaluate(f"() => {NOTEBOOK}.content.widgets[1].model.sharedModel.undo()")
    assert source(page, 1) == TWICE
    page.evaluate(f"() => {NOTEBOOK}.content.widgets[1].model.sharedModel.redo()")
    run_all(page, 2)
    expect(page.locator(".gm-finding")).to_have_count(0)


def test_panel_and_commands(page: Page, opened: Callable[..., str]) -> None:
    opened(SETUP, CHECK.removeprefix("%%gradcheck\n"))
    run_all(page, 2)
    activate(page, 1)
    toolbar = page.locator(".jp-Cell").nth(1).locator("[data-command='gradmagic:check-cell']")
    toolbar.click()
    expect(page.locator(".gm-report .gm-finding")).to_contain_text("none/stop-gradient")
    assert source(page, 1) == CHECK
    page.evaluate("() => window.jupyterapp.shell.activateById('gradmagic-panel')")
    item = page.locator("#gradmagic-panel button")
    expect(item).to_contain_text("none/stop-gradient")
    item.click()
    page.wait_for_function(f"() => {NOTEBOOK}.content.activeCellIndex === 0")
    activate(page, 1)
    command(page, "gradmagic:clear-marks")
    expect(page.locator(".cm-lint-marker")).to_have_count(0)
    expect(item).to_have_count(0)


def test_the_widget_tells_python_what_is_selected_and_listens(page: Page, opened: Callable[..., str]) -> None:
    live = "import gradmagic\nfrom gradmagic.widget import ReportWidget\nview = ReportWidget(gradmagic.last_report())\nview"
    opened(SETUP, CHECK, live)
    run_all(page, 3)
    view = page.locator(".jp-Cell").nth(2).locator(".gm-report")
    view.locator("tr[data-variable='b']").click()
    expect(view.locator("tr.gm-selected")).to_have_attribute("data-variable", "b")
    run = f"""async (code) => {{
        const future = {NOTEBOOK}.sessionContext.session.kernel.requestExecute({{ code }});
        let text = ''; future.onIOPub = (m) => {{ text += m.content.text ?? ''; }};
        await future.done; return text; }}"""
    assert page.evaluate(run, "print(view.selection)").strip() == "{'call': 0, 'variable': 'b'}"
    page.evaluate(run, "view.selection = {'call': 0, 'variable': 'w'}")
    expect(view.locator("tr.gm-selected")).to_have_attribute("data-variable", "w")


def test_untrusted_notebook_and_hostile_names_stay_text(page: Page, opened: Callable[..., str]) -> None:
    from tests.render.reports import hostile

    data = {MIME_TYPE: hostile().to_dict(), "text/plain": "a report"}
    output = nbformat.v4.new_output
    cell = nbformat.v4.new_code_cell("x = 1", outputs=[output("display_data", data=data)], execution_count=1)
    newer = nbformat.v4.new_code_cell("y = 1", outputs=[output("display_data", data={MIME_TYPE: {"schema": "gradmagic.report/9"}})], execution_count=2)
    damaged = nbformat.v4.new_code_cell("z = 1", outputs=[output("display_data", data={MIME_TYPE: {"schema": "gradmagic.report/1", "findings": [{}]}})], execution_count=3)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened(cell, newer, damaged)
    reports = page.locator(".gm-report")
    expect(reports.nth(0)).to_contain_text(HOSTILE)
    expect(reports.nth(1)).to_contain_text("upgrade gradmagic")
    expect(reports.nth(2)).to_contain_text("damaged")
    assert not page.evaluate(f"() => {NOTEBOOK}.content.widgets[0].model.trusted")
    assert page.locator(".gm-report img").count() == 0 and dialogs == []
