"""The live widget, where the kernel answers: with the extension and without it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.test_lab import CHECK, SETUP, TWICE

CAUGHT = TWICE.replace("second = tape.gradient(loss, w)", "try:\n    second = tape.gradient(loss, w)\nexcept RuntimeError:\n    pass")

LIVE = """import gradmagic
from gradmagic.widget import ReportWidget

def try_fix(report, finding, fix):
    if not report.findings[finding].fixes[fix].edits:
        return {"error": "nothing to run"}
    return {"statuses_after": {v.name: "ok" for v in report.calls[0].variables}, "loss_before": 4.0, "loss_after": float("nan")}

view = ReportWidget(gradmagic.last_report(), try_fix)
view"""


def test_python_and_the_view_tell_each_other_what_is_selected(page: Page, in_lab: Any) -> None:
    notebook = in_lab(SETUP, CHECK, LIVE)
    notebook.run_all()
    view = notebook.cell(2).locator(".gm-report")
    view.locator("tr[data-variable='b']").click()
    expect(view.locator("tr.gm-selected")).to_have_attribute("data-variable", "b")
    assert notebook.run_python("print(view.selection)") == "{'call': 0, 'variable': 'b'}"
    notebook.run_python("view.selection = {'call': 0, 'variable': 'w'}")
    expect(view.locator("tr.gm-selected")).to_have_attribute("data-variable", "w")


def test_try_it_asks_the_kernel(page: Page, in_notebook7: Any) -> None:
    notebook = in_notebook7("import tensorflow as tf\n%load_ext gradmagic\nw = tf.Variable(2.0)", CAUGHT, LIVE)
    notebook.run_all()
    view = notebook.cell(2).locator(".gm-report")
    view.get_by_role("button", name="Try it").first.click()
    expect(view.locator(".gm-tried")).to_contain_text("It works")
    expect(view.locator(".gm-tried")).to_contain_text("The loss: 4 → NaN.")


def test_without_the_extension_the_widget_is_live_and_what_is_saved_is_static(page: Page, in_bare_lab: Any) -> None:
    notebook = in_bare_lab(SETUP, CHECK.replace("%%gradcheck", "%%gradcheck --format widget"))
    notebook.run_all()
    outputs = notebook.cell(1).locator(".jp-OutputArea-output")
    view = outputs.last.locator(".gm-report")
    expect(view.locator(".gm-finding")).to_contain_text("none/stop-gradient")
    view.locator("tr[data-variable='b']").click()
    expect(view.locator(".gm-node.gm-selected")).to_contain_text("b")
    assert violations(page, ".gm-report") == []
    notebook.save()
    notebook.forbid_kernels()
    in_bare_lab()
    # The report that needs nothing stands first, sanitized as in any notebook that is not trusted.
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("none/stop-gradient")
    expect(page.locator(".jp-OutputArea-output table").first).to_be_visible()


def test_a_trial_of_a_real_fix_in_the_kernel(page: Page, in_lab: Any) -> None:
    notebook = in_lab("import tensorflow as tf\n%load_ext gradmagic\nw = tf.Variable(2.0)", CAUGHT.replace("%%gradcheck", "%%gradcheck --format widget"))
    notebook.run_all()
    view = notebook.cell(1).locator(".jp-OutputArea-output").last.locator(".gm-report")
    view.get_by_role("button", name="Try it").first.click()
    expect(view.locator(".gm-tried")).to_contain_text("It works", timeout=60_000)
    assert notebook.run_python("print('second' in dir())") == "False"
