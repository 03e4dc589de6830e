"""The view on a page of its own: no network, no script but ours, usable by keyboard and by everybody, and as good to look at as when it was blessed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gradmagic.render.html import to_html_page
from gradmagic.report import Report
from gradmagic.widget import STATIC
from tests.browser import pictures
from tests.browser.accessibility import violations
from tests.render.reports import changed, hostile, many, with_variables
from tests.render.samples import SAMPLES

Show = Callable[..., Page]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Open a report as a file; whatever it asks the network for and whatever goes wrong in it fails the test."""
    problems: list[str] = []
    contexts = []

    def show_(report: Report, width: int = 1100, scheme: str = "light", **options: Any) -> Page:
        path = tmp_path / "report.html"
        path.write_text(to_html_page(report), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", bypass_csp=False, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else problems.append(request.url))
        page.goto(path.as_uri())
        if options.get("java_script_enabled", True):
            page.wait_for_selector(".gm-report .gm-summary")
        return page

    yield show_
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_drawn(name: str, show: Show) -> None:
    report = SAMPLES[name]()
    page = show(report)
    expect(page.locator(".gm-finding")).to_have_count(len(report.findings))
    expect(page.locator("#gradmagic-static")).to_be_hidden()
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_without_scripts_the_static_report_is_there(show: Show) -> None:
    page = show(SAMPLES["where_trap"](), java_script_enabled=False)
    expect(page.locator("#gradmagic-static")).to_contain_text("nonfinite/where-trap")


def test_names_that_are_code_stay_text(show: Show) -> None:
    page = show(hostile())
    page.locator("tr[data-variable]").first.click()
    page.locator(".gm-ask").first.click()
    assert page.locator(".gm-report :is(img, script, iframe)").count() == 0
    assert "<img src=x onerror=alert(1)>" in page.locator(".gm-report").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["where_trap", "many_variables", "accepted", "all_ok"])
def test_everybody_can_use_it(name: str, scheme: str, show: Show) -> None:
    page = show(SAMPLES[name](), scheme=scheme)
    assert violations(page, ".gm-report") == []
    row = page.locator("tr[data-variable]").first
    row.click()
    row.locator(".gm-ask").click()
    page.evaluate("() => { for (const node of document.querySelectorAll('.gm-report details')) node.open = true; }")
    assert violations(page, ".gm-report") == []


def test_the_keyboard_is_enough(show: Show) -> None:
    page = show(many())
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(grid).to_have_attribute("aria-rowcount", "270")
    for _ in range(30):
        page.keyboard.press("PageDown")
    active = page.locator(".gm-active")
    expect(active).to_have_attribute("data-variable", "block_299/kernel")
    expect(active).to_be_in_viewport()
    assert page.locator("tr[data-variable]").count() < 60
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".gm-why")).to_be_visible()
    page.keyboard.press("Escape")
    grid.focus()
    page.keyboard.type("block_17/")
    expect(page.locator("tr[data-variable]")).to_have_count(1)


def test_ten_thousand_variables_stay_in_hand(show: Show) -> None:
    report = many()
    call = report.calls[0]
    variables = tuple(replace(call.variables[-1], name=f"layer_{i}/kernel") for i in range(10_000))
    page = show(replace(report, calls=(replace(call, variables=variables),)))
    page.get_by_role("button", name="norm").click()
    frame = page.locator(".gm-rows")
    frame.evaluate("(node) => { node.scrollTop = 5000 * 28; }")
    expect(page.locator("tr[data-variable='layer_5000/kernel']")).to_be_visible()
    assert page.locator("tr[data-variable]").count() < 60


COUNT = """async ([source, report]) => {
    const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const model = { get: (name) => ({ report, can_try: false, selection: {} })[name], on() {}, off() {}, set() {}, send() {}, save_changes() {} };
    const el = document.createElement('div');
    document.body.replaceChildren(el);
    widget.render({ model, el });
    [...el.querySelectorAll('th button')].find((b) => b.textContent === 'norm').click();
    const counted = { nodes: el.querySelectorAll('*').length, added: [] };
    const frame = el.querySelector('.gm-rows');
    let added = 0;
    new MutationObserver((records) => { for (const record of records) added += record.addedNodes.length; }).observe(el, { childList: true, subtree: true });
    for (let at = 1; at <= 8; at++) {
        added = 0;
        frame.scrollTop = at * 140;
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        counted.added.push(added);
    }
    return { ...counted, rows: document.querySelectorAll('tr[data-variable]').length };
}"""


def test_what_is_drawn_does_not_grow_with_the_number_of_variables(browser: Browser) -> None:
    """How long it takes is measured by `python -m tests.benchmarks --only view`."""
    page = browser.new_page()
    try:
        page.goto("about:blank")
        few, many_ = (page.evaluate(COUNT, [(STATIC / "widget.js").read_text(encoding="utf-8"), with_variables(amount).to_dict()]) for amount in (300, 3_000))
    finally:
        page.close()
    assert few == many_
    # Of some forty rows in sight and around, five come in and five go with each of these steps.
    assert many_["rows"] < 60 and 0 < max(many_["added"]) < 12


def test_cells_are_copied_by_mouse_and_by_keyboard(show: Show) -> None:
    page = show(SAMPLES["all_ok"](), permissions=["clipboard-read", "clipboard-write"])
    clipboard = "() => navigator.clipboard.readText()"
    row = page.locator("tr[data-variable='dense/bias']")
    row.locator("td.gm-col-norm").click(click_count=3)
    page.keyboard.press("Control+c")
    assert page.evaluate(clipboard).strip().startswith("0.12")
    page.evaluate("() => getSelection().removeAllRanges()")
    page.get_by_role("grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Control+c")
    assert page.evaluate(clipboard).split("\t")[:2] == ["dense/kernel", "✓ ok"]
    page.keyboard.press("ArrowDown")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+c")
    assert page.evaluate(clipboard) == "0.12"
    active = page.get_by_role("grid").get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_have_class(re.compile("gm-col-norm.*gm-cell"))


def test_on_paper_every_row_is_there_and_no_button(show: Show) -> None:
    page = show(many(), scheme="dark")
    page.get_by_role("button", name="norm").click()
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("tr[data-variable]")).to_have_count(300)
    assert page.locator(".gm-controls:visible, .gm-ask:visible").count() == 0
    assert page.evaluate("() => document.body.dataset.jpThemeLight") == "true"


VIEWS = {
    "trap-light": ("where_trap", 1100, "light"),
    "trap-dark": ("where_trap", 1100, "dark"),
    "trap-narrow": ("where_trap", 400, "light"),
    "trap-wide": ("where_trap", 1600, "light"),
    "many-light": ("many_variables", 1100, "light"),
    "many-narrow": ("many_variables", 400, "dark"),
    "many-wide": ("many_variables", 1600, "dark"),
    "ok-light": ("all_ok", 1100, "light"),
    "ok-narrow": ("all_ok", 400, "light"),
}


@pytest.mark.parametrize("view", VIEWS)
def test_it_looks_as_blessed(view: str, show: Show, tmp_path: Path) -> None:
    name, width, scheme = VIEWS[view]
    page = show(SAMPLES[name](), width, scheme)
    pictures.check(view, page.screenshot(full_page=True), tmp_path)


def test_what_changed_looks_as_blessed(show: Show, tmp_path: Path) -> None:
    pictures.check("changed-light", show(changed(), 800).screenshot(full_page=True), tmp_path)


def test_high_contrast_looks_as_blessed(show: Show, tmp_path: Path) -> None:
    page = show(changed(), 800, "dark", forced_colors="active")
    pictures.check("changed-contrast", page.screenshot(full_page=True), tmp_path)


def test_why_looks_as_blessed(show: Show, tmp_path: Path) -> None:
    page = show(SAMPLES["where_trap"]())
    page.locator("tr[data-variable] .gm-ask").first.click()
    page.get_by_role("button", name="Next ›").click()
    pictures.check("trap-why", page.screenshot(full_page=True), tmp_path)


def test_print_looks_as_blessed(show: Show, tmp_path: Path) -> None:
    page = show(SAMPLES["where_trap"](), 800)
    page.emulate_media(media="print")
    pictures.check("trap-print", page.screenshot(full_page=True), tmp_path)


def test_the_page_carries_its_report(show: Show) -> None:
    page = show(SAMPLES["where_trap"]())
    carried = json.loads(page.locator("#gradmagic-report").text_content() or "")
    assert Report.from_dict(carried).summary == SAMPLES["where_trap"]().summary
    assert not re.search(r"https?://(?!www\.w3\.org/)", page.content().replace(page.locator("#gradmagic-report").text_content() or "", ""))
