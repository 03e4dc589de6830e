"""The live widget, where the kernel answers: with the extension and without it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.test_lab import CHECK, SETUP, TWICE

CAUGHT = TWICE.replace("second = tape.gradient(loss, w)", "try:\n    second = tape.gradient(loss, w)\nexcept RuntimeError:\n    pass")

WIDGET = CHECK.replace("%%gradcheck", "%%gradcheck --format widget")

# A report that needs no TensorFlow, whose import takes seconds in each kernel.
LIVE = """from gradmagic.widget import ReportWidget
from tests.render.reports import stop_gradient

def try_fix(report, finding, fix):
    if not report.findings[finding].fixes[fix].edits:
        return {"error": "nothing to run"}
    return {"statuses_after": {v.name: "ok" for v in report.calls[0].variables}, "loss_before": 4.0, "loss_after": float("nan")}

view = ReportWidget(stop_gradient(), try_fix)
view"""


def test_python_and_the_view_tell_each_other_what_is_selected(page: Page, in_lab: Any) -> None:
    notebook = in_lab(LIVE)
    notebook.run_all()
    view = notebook.cell(0).locator(".gm-report")
    view.locator("tr[data-variable='b']").click()
    expect(view.locator("tr.gm-selected")).to_have_attribute("data-variable", "b")
    assert notebook.run_python("print(view.selection)") == "{'call': 0, 'variable': 'b'}"
    notebook.run_python("view.selection = {'call': 0, 'variable': 'w'}")
    expect(view.locator("tr.gm-selected")).to_have_attribute("data-variable", "w")


def test_try_it_asks_the_kernel(page: Page, in_notebook7: Any) -> None:
    notebook = in_notebook7(LIVE)
    notebook.run_all()
    view = notebook.cell(0).locator(".gm-report")
    view.get_by_role("button", name="Try it").first.click()
    expect(view.locator(".gm-tried")).to_contain_text("It works")
    expect(view.locator(".gm-tried")).to_contain_text("The loss: 4 → NaN.")


def test_without_the_extension_the_widget_is_live_and_what_is_saved_is_static(page: Page, in_bare_lab: Any) -> None:
    notebook = in_bare_lab(SETUP, WIDGET, CHECK)
    notebook.run_all()
    outputs = notebook.cell(1).locator(".jp-OutputArea-child")
    view = outputs.last.locator(".gm-report")
    expect(view.locator(".gm-finding")).to_contain_text("none/stop-gradient")
    # The report that the notebook keeps stands back while the widget lives.
    expect(outputs).to_have_count(2)
    expect(outputs.first).to_be_hidden()
    view.locator("tr[data-variable='b']").click()
    expect(view.locator(".gm-node.gm-selected")).to_contain_text("b")
    assert violations(page, ".gm-report") == []
    static = notebook.cell(2).locator(".jp-OutputArea-output")
    expect(static).to_have_count(1)
    expect(static.locator(".gradmagic-static img")).to_be_visible()
    notebook.save()
    notebook.forbid_kernels()
    reopened = in_bare_lab()
    for cell in (1, 2):
        shown = reopened.cell(cell).locator(".jp-OutputArea-child").first
        expect(shown).to_contain_text("none/stop-gradient")
        expect(shown.locator("table").first).to_be_visible()


def test_with_the_extension_the_widget_leaves_the_place_to_it(page: Page, in_lab: Any) -> None:
    notebook = in_lab(SETUP, WIDGET)
    notebook.run_all()
    outputs = notebook.cell(1).locator(".jp-OutputArea-child")
    expect(outputs.first.locator(".gm-rendered .gm-finding")).to_contain_text("none/stop-gradient")
    expect(outputs).to_have_count(2)
    expect(outputs.last).to_be_hidden()
    notebook.save()
    notebook.forbid_kernels()
    in_lab()
    expect(page.locator(".gm-rendered .gm-finding")).to_contain_text("none/stop-gradient")


def test_a_page_made_of_an_executed_notebook_shows_the_report_offline(page: Page, tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SETUP), nbformat.v4.new_code_cell(WIDGET)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert "widgets" in notebook.metadata, "the state of the widget is saved with the notebook"
    text, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    path = tmp_path / "executed.html"
    path.write_text(text, encoding="utf-8")
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    expect(page.locator(".gradmagic-static")).to_contain_text("none/stop-gradient")
    expect(page.locator(".gradmagic-static img")).to_be_visible()


def test_a_trial_of_a_real_fix_in_the_kernel(page: Page, in_bare_lab: Any) -> None:
    notebook = in_bare_lab("import tensorflow as tf\n%load_ext gradmagic\nw = tf.Variable(2.0)", CAUGHT.replace("%%gradcheck", "%%gradcheck --format widget"))
    notebook.run_all()
    view = notebook.cell(1).locator(".gm-report")
    view.get_by_role("button", name="Try it").first.click()
    expect(view.locator(".gm-tried")).to_contain_text("It works", timeout=60_000)
    assert notebook.run_python("print('second' in dir())") == "False"


def test_names_that_are_code_stay_text_in_the_widget_and_in_static_html(page: Page, in_bare_lab: Any) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    hostile = "from tests.render.reports import hostile\n"
    widget = "from gradmagic.widget import ReportWidget\nReportWidget(hostile())"
    notebook = in_bare_lab(hostile + "hostile()", hostile + widget)
    notebook.run_all()
    for cell, view in ((0, ".gradmagic-static"), (1, ".gm-report")):
        shown = notebook.cell(cell).locator(view)
        expect(shown).to_contain_text("<img src=x onerror=alert(1)>")
        pictures = shown.locator("img")
        assert all(src.startswith("data:image/svg+xml") for src in pictures.evaluate_all("(nodes) => nodes.map((node) => node.src)"))
        assert shown.locator("script, iframe, [onerror]").count() == 0
    notebook.cell(1).locator("tr[data-variable]").first.click()
    notebook.cell(1).locator(".gm-ask").first.click()
    assert notebook.cell(1).locator(".gm-report img").count() == 0 and dialogs == []
