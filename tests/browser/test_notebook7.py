"""In Notebook 7: the report, the marks and the commands are those of JupyterLab."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.notebook import CONTENT, cell_with
from tests.browser.test_lab import CHECK, SETUP
from tests.render.reports import stop_gradient


def test_run_mark_and_commands(page: Page, in_notebook7: Any) -> None:
    notebook = in_notebook7(SETUP, CHECK.removeprefix("%%gradcheck\n"))
    notebook.run_all()
    notebook.activate(1)
    notebook.command("gradmagic:check-cell")
    report = page.locator(".gm-report")
    expect(report.locator(".gm-finding")).to_contain_text("none/stop-gradient")
    expect(notebook.cell(0).locator(".gm-squiggle")).to_have_text("tf.stop_gradient(b)")
    expect(notebook.cell(0).locator(".cm-lint-marker")).to_have_count(1)
    report.get_by_role("button", name="Try it").first.click()
    expect(report.locator(".gm-tried")).to_contain_text("It works", timeout=60_000)
    report.locator("tr[data-variable='b']").click()
    expect(report.locator(".gm-node.gm-selected")).to_contain_text("b")
    notebook.command("gradmagic:next-finding")
    page.wait_for_function(f"() => {CONTENT}.content.activeCellIndex === 0")
    notebook.command("gradmagic:clear-all-marks")
    expect(page.locator(".gm-squiggle")).to_have_count(0)


def test_a_saved_report_needs_no_kernel(page: Page, in_notebook7: Any) -> None:
    notebook = in_notebook7(cell_with(stop_gradient()), kernel=False)
    report = page.locator(".gm-report")
    expect(report.locator(".gm-finding")).to_contain_text("none/stop-gradient")
    expect(page.locator(".gm-squiggle")).to_have_count(1)
    report.get_by_role("button", name="Apply").dispatch_event("click")
    assert "return w * b" in notebook.source(0)
