"""How long the view takes to draw and to scroll a long table, in a real Chromium."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# How many variables, and within how many milliseconds they are drawn, and sorted.
SIZES = ((1_000, 200), (10_000, 2_000))
# A frame of 60 a second.
FRAME = 16.7

MEASURE = """async ([source, report]) => {
    const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const model = { get: (name) => ({ report, can_try: false, selection: {} })[name], on() {}, off() {}, set() {}, send() {}, save_changes() {} };
    const times = { draw: [], sort: [], frame: [], scroll: [] };
    const took = async (kind, act) => { const start = performance.now(); act(); document.body.offsetHeight; times[kind].push(performance.now() - start); };
    for (let i = 0; i < 5; i++) {
        const el = document.createElement('div');
        document.body.replaceChildren(el);
        await took('draw', () => widget.render({ model, el }));
        await took('sort', () => [...el.querySelectorAll('th button')].find((b) => b.textContent === 'norm').click());
        const frame = el.querySelector('.gm-rows');
        for (let at = 1; at <= 8; at++) {
            frame.scrollTop = at * 140;
            // The grid draws with the next frame; only its own work is counted.
            const asked = window.requestAnimationFrame;
            let draw = null;
            window.requestAnimationFrame = (callback) => { draw = callback; return 0; };
            frame.dispatchEvent(new Event('scroll'));
            window.requestAnimationFrame = asked;
            await took('frame', () => draw(0));
        }
        times.scroll.push(times.frame.sort((a, b) => a - b)[4]);
        times.frame = [];
    }
    const best = (kind) => Math.min(...times[kind]);
    return { draw: best('draw'), sort: best('sort'), scroll: best('scroll') };
}"""


@dataclass(frozen=True)
class Drawn:
    """Milliseconds: until the table stands, until it is sorted anew, and until a frame is drawn while it scrolls. The best of several rounds; of the frames of a round the middle one."""

    variables: int
    limit: float
    draw: float
    sort: float
    scroll: float

    @property
    def holds(self) -> bool:
        return max(self.draw, self.sort) <= self.limit and self.scroll <= FRAME

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"holds": self.holds}


def view() -> list[Drawn]:
    """Draw reports of several sizes; nothing where there is no Chromium."""
    from playwright.sync_api import sync_playwright

    from gradmagic.widget import STATIC
    from tests.browser.conftest import FLAGS, chromium
    from tests.render.reports import with_variables

    path = chromium()
    if path is None:
        return []
    source, drawn = (STATIC / "widget.js").read_text(encoding="utf-8"), []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for amount, limit in SIZES:
            page = browser.new_page()
            page.goto("about:blank")
            took = page.evaluate(MEASURE, [source, with_variables(amount).to_dict()])
            drawn.append(Drawn(amount, limit, took["draw"], took["sort"], took["scroll"]))
            page.close()
        browser.close()
    return drawn
