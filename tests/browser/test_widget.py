"""The live widget, where the kernel answers: with the extension and without it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.test_lab import CHECK, SETUP, TWICE

CAUGHT = TWICE.replace("second = tape.gradient(loss, w)", "try:\n    second = tape.gradient(loss, w)\nexcept RuntimeError:\n    pass")

LIVE = """import gradmagic
from gradmagic.widget import ReportWidget

def try_fix(report, finding, fix):
    if not fix.edits:
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
