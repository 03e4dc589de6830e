"""Saved notebooks in JupyterLab: the report, the marks and all commands work on what was saved, and nothing in it can run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page, expect

from gradmagic.report import Edit, Fix, Label
from tests.browser.accessibility import violations
from tests.browser.notebook import CONTENT, MIME_TYPE, cell_with, dismiss
from tests.render.reports import hostile, many, stop_gradient

HOSTILE = "<img src=x onerror=alert(1)>"
FIXED = "return w * b"


@pytest.fixture
def saved(page: Page, in_lab: Any) -> Any:
    """A notebook with a heading, a checked cell and an unchecked one."""
    notebook = in_lab(nbformat.v4.new_markdown_cell("# Heading"), cell_with(stop_gradient()), "y = 1", kernel=False)
    expect(page.locator(".gm-report")).to_have_count(1)
    expect(page.locator(".gm-squiggle")).to_have_count(1)
    dismiss(page)
    return notebook


def test_next_previous_explain_and_clear(page: Page, saved: Any) -> None:
    saved.activate(0)
    saved.command("gradmagic:next-finding")
    page.wait_for_function(f"() => {CONTENT}.content.activeCellIndex === 1")
    assert saved.cursor() == [1, 2, 15]
    expect(page.locator(".gm-finding.gm-selected")).to_have_count(1)
    saved.command("gradmagic:previous-finding")
    assert saved.cursor() == [1, 2, 15]
    page.keyboard.press("Alt+F1")
    expect(page.locator(".jp-Dialog")).to_contain_text("none/stop-gradient")
    page.keyboard.press("Escape")
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    saved.command("gradmagic:clear-marks")
    expect(page.locator(".gm-squiggle, .cm-lint-marker")).to_have_count(0)
    saved.command("gradmagic:next-finding")
    expect(page.locator(".Toastify__toast, .jp-toast")).to_contain_text("no findings")


def test_a_quick_fix_from_the_card_and_from_the_keyboard(page: Page, saved: Any) -> None:
    page.locator(".gm-squiggle").hover()
    page.get_by_role("button", name="Fix: take stop_gradient away").click()
    assert FIXED in saved.source(1)
    expect(page.locator(".gm-squiggle")).to_have_count(0)
    page.evaluate(f"() => {saved.shared(1)}.undo()")
    assert FIXED not in saved.source(1)
    expect(page.locator(".gm-squiggle")).to_have_count(1)
    saved.activate(1)
    saved.command("gradmagic:next-finding")
    page.keyboard.press("Alt+Shift+F")
    page.wait_for_function(f"() => {saved.shared(1)}.getSource().includes('{FIXED}')")
    saved.command("gradmagic:quick-fix")
    expect(page.locator(".Toastify__toast, .jp-toast")).to_contain_text("the code has changed")


def test_guilty_code_inside_of_other_marked_code_is_seen_and_told_once(page: Page, in_lab: Any) -> None:
    report = stop_gradient()
    finding = report.findings[0]
    line = finding.labels[0].location
    around = Label(replace(line, column=11), "the product is computed here", False)
    in_lab(cell_with(replace(report, findings=(replace(finding, labels=(*finding.labels, around)),))), kernel=False)
    dismiss(page)
    guilty = page.locator(".gm-squiggle-error")
    expect(guilty).to_have_text("tf.stop_gradient(b)")
    expect(page.locator(".gm-squiggle")).to_have_count(2)
    assert guilty.evaluate("(node) => getComputedStyle(node).textDecorationStyle") == "wavy"
    assert page.locator(".gm-squiggle").first.evaluate("(node) => getComputedStyle(node).textDecorationStyle") == "dotted"
    guilty.hover()
    expect(page.locator(".gm-hover")).to_have_count(1)
    expect(page.locator(".gm-hover")).to_contain_text("the gradient ends here")


def test_apply_and_copy_in_the_report(page: Page, saved: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    finding = page.locator(".gm-finding")
    assert finding.get_by_role("button", name="Try it").count() == 0
    finding.get_by_role("button", name="Copy").click()
    expect(finding).to_contain_text("copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == "    return w * b"
    finding.get_by_role("button", name="Apply").click()
    expect(finding).to_contain_text("applied; run the cell again")
    assert FIXED in saved.source(1)
    saved.activate(1)
    page.evaluate(f"() => {saved.shared(1)}.undo()")
    assert FIXED not in saved.source(1)


def test_a_fix_of_an_earlier_cell_is_shown_whole_applied_there_and_undone(page: Page, in_lab: Any) -> None:
    report = stop_gradient()
    finding = report.findings[0]
    fix = Fix("a smaller rate", (Edit(2, 2, 2, "rate = 0.01", "rate = 30.0"),), "unsafe")
    earlier = "# the rate\nrate = 30.0"
    notebook = in_lab(nbformat.v4.new_code_cell(earlier, execution_count=2), cell_with(replace(report, findings=(replace(finding, fixes=(fix,)),))), kernel=False)
    dismiss(page)
    shown = page.locator(".gm-finding .gm-fix")
    expect(shown.locator(".gm-removed")).to_contain_text("rate = 30.0")
    expect(shown.locator(".gm-added")).to_contain_text("rate = 0.01")
    shown.get_by_role("button", name="Apply").click()
    expect(shown).to_contain_text("applied; run the cell again")
    assert notebook.source(0) == "# the rate\nrate = 0.01" and notebook.source(1) == report.cell.source
    page.evaluate(f"() => {notebook.shared(0)}.undo()")
    assert notebook.source(0) == earlier


def test_code_and_report_light_each_other_up(page: Page, saved: Any) -> None:
    report = page.locator(".gm-report")
    report.locator("tr[data-variable='b'] .gm-ask").click()
    expect(report.locator(".gm-why")).to_contain_text("Why is the gradient of b None?")
    report.get_by_role("button", name="Next ›").click()
    expect(page.locator(".gm-lit-line")).to_contain_text("return w * tf.stop_gradient(b)")
    expect(report.locator(".gm-node.gm-step")).to_contain_text("tf.stop_gradient(b)")
    page.keyboard.press("Escape")
    expect(page.locator(".gm-lit-line")).to_have_count(0)
    page.locator(".gm-squiggle").click()
    expect(report.locator(".gm-finding.gm-selected")).to_have_count(1)
    expect(report.locator("tr.gm-selected")).to_have_attribute("data-variable", "b")
    report.locator(".gm-place button").first.click()
    page.wait_for_function(f"() => {CONTENT}.content.activeCellIndex === 1")


def test_the_graph_is_zoomed_and_fitted(page: Page, saved: Any) -> None:
    graph = page.locator(".gm-graph")
    layer = graph.locator("svg.gm-picture > g")
    before = layer.get_attribute("transform")
    graph.get_by_role("button", name="+").click()
    larger = layer.get_attribute("transform")
    graph.get_by_role("button", name="Fit").click()
    assert before != larger != layer.get_attribute("transform")
    graph.locator("svg.gm-picture").focus()
    fitted = layer.get_attribute("transform")
    page.keyboard.press("ArrowRight")
    assert layer.get_attribute("transform") != fitted


def test_settings_take_the_marks_away(page: Page, saved: Any) -> None:
    plugin = "@gradmagic/labextension:plugin"
    palette = "() => window.jupyterapp.commands.listCommands().filter((c) => c.startsWith('gradmagic:')).length"
    assert page.evaluate(palette) == 8
    saved.command("settingeditor:open")
    editor = page.locator(".jp-PluginList, .jp-SettingsPanel")
    expect(editor.first).to_be_visible()
    page.locator(f".jp-PluginList [data-id='{plugin}']").click()
    box = page.get_by_label("Marks in the code")
    box.uncheck()
    expect(page.locator(".gm-squiggle")).to_have_count(0)
    box.check()
    expect(page.locator(".gm-squiggle")).to_have_count(1)


def test_untrusted_notebook_and_hostile_names_stay_text(page: Page, in_lab: Any) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    cells = [
        cell_with(hostile(), "x = 1"),
        cell_with(hostile(), "y = 1", **{MIME_TYPE: {"schema": "gradmagic.report/9"}}),
        cell_with(hostile(), "z = 1", **{MIME_TYPE: {"schema": "gradmagic.report/1", "findings": [{}]}}),
    ]
    in_lab(*cells, kernel=False)
    reports = page.locator(".gm-report")
    expect(reports.nth(0)).to_contain_text(HOSTILE)
    expect(reports.nth(1)).to_contain_text("upgrade gradmagic")
    expect(reports.nth(2)).to_contain_text("damaged")
    assert not page.evaluate(f"() => {CONTENT}.content.widgets[0].model.trusted")
    page.evaluate("() => window.jupyterapp.shell.activateById('gradmagic-panel')")
    expect(page.locator("#gradmagic-panel .gm-entry").first).to_be_visible()
    assert page.locator(".gm-report img, #gradmagic-panel img").count() == 0 and dialogs == []


def test_everybody_can_use_report_card_and_panel(page: Page, saved: Any) -> None:
    page.evaluate("() => window.jupyterapp.shell.activateById('gradmagic-panel')")
    expect(page.locator("#gradmagic-panel .gm-entry").first).to_be_visible()
    for theme in ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"):
        saved.theme(theme)
        page.mouse.move(5, 5)
        expect(page.locator(".gm-hover")).to_have_count(0)
        assert violations(page, ".gm-report") + violations(page, "#gradmagic-panel") == []
        page.locator(".gm-squiggle").hover()
        expect(page.locator(".gm-hover")).to_be_visible()
        assert violations(page, ".cm-tooltip:has(.gm-hover)") == []


def test_a_large_report_is_saved_as_text_and_read_again(page: Page, in_lab: Any) -> None:
    cell = cell_with(many())
    assert isinstance(cell.outputs[0].data[MIME_TYPE], str)
    notebook = in_lab(cell, kernel=False)
    expect(page.locator(".gm-report [role='grid']")).to_have_attribute("aria-rowcount", "11")
    dismiss(page)
    page.evaluate("() => window.jupyterapp.shell.activateById('gradmagic-panel')")
    expect(page.locator("#gradmagic-panel .gm-entry")).to_contain_text("it left")
    before = notebook.path.read_text()
    notebook.change(0, "np.exp", "np.tanh")
    notebook.save()
    assert cell.outputs[0].data[MIME_TYPE] in (o["data"][MIME_TYPE] for o in nbformat.read(notebook.path, as_version=4).cells[0].outputs)
    assert len(notebook.path.read_text()) < len(before) + 500
