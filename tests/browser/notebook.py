"""A notebook that is open in JupyterLab or Notebook 7, driven through the front end's own objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

from gradmagic.render.mime import MIME_TYPE, to_mimebundle
from gradmagic.report import Report

CONTENT = "window.jupyterapp.shell.widgets('main').next().value"


@dataclass
class OpenNotebook:
    """The notebook in front of a page; cells count from 0."""

    page: Page
    path: Path

    def ready(self) -> OpenNotebook:
        self.page.wait_for_function(f"() => window.jupyterapp?.shell && {CONTENT}?.content?.model?.cells?.length > 0")
        return self

    def command(self, name: str) -> None:
        self.page.evaluate(f"() => window.jupyterapp.commands.execute('{name}')")

    def run_all(self) -> None:
        self.page.wait_for_function(f"() => {CONTENT}.sessionContext?.session?.kernel?.status === 'idle'", timeout=120_000)
        self.command("notebook:run-all-cells")
        running = f"{CONTENT}.content.widgets.filter(c => c.model.type === 'code' && !(c.model.executionCount && c.model.executionState !== 'running'))"
        self.page.wait_for_function(f"() => {running}.length === 0", timeout=120_000)

    def run_python(self, code: str) -> str:
        """What a line of code prints in the notebook's kernel, outside of any cell."""
        run = f"""async (code) => {{
            const future = {CONTENT}.sessionContext.session.kernel.requestExecute({{ code }});
            let text = ''; future.onIOPub = (m) => {{ text += m.content.text ?? m.content.evalue ?? ''; }};
            await future.done; return text; }}"""
        return str(self.page.evaluate(run, code)).strip()

    def source(self, cell: int) -> str:
        return str(self.page.evaluate(f"() => {self.shared(cell)}.getSource()"))

    def shared(self, cell: int) -> str:
        return f"{CONTENT}.content.widgets[{cell}].model.sharedModel"

    def change(self, cell: int, old: str, new: str) -> None:
        self.page.evaluate(f"([a, b]) => {{ const s = {self.shared(cell)}; const at = s.getSource().indexOf(a); s.updateSource(at, at + a.length, b); }}", [old, new])

    def activate(self, cell: int) -> None:
        self.page.evaluate(f"() => {{ {CONTENT}.content.activeCellIndex = {cell}; }}")

    def cursor(self) -> list[int]:
        """Active cell, line and column, the latter two from 0."""
        place = f"() => {{ const n = {CONTENT}.content; const p = n.activeCell.editor.getCursorPosition(); return [n.activeCellIndex, p.line, p.column]; }}"
        return list(self.page.evaluate(place))

    def theme(self, name: str) -> None:
        self.page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
        self.page.wait_for_function("(theme) => document.body.dataset.jpThemeName === theme", arg=name)

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-Cell").nth(index)

    def save(self) -> None:
        self.command("docmanager:save")
        self.page.wait_for_function(f"() => !{CONTENT}.context.model.dirty")

    def forbid_kernels(self) -> None:
        """From now on no kernel can be started."""
        self.page.evaluate(f"() => {CONTENT}.sessionContext.shutdown()")
        block_kernels(self.page)


def block_kernels(page: Page) -> None:
    for path in ("sessions", "kernels"):
        page.route(f"**/api/{path}**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())


def cell_with(report: Report, source: str | None = None, **bundle: Any) -> Any:
    """A code cell that has run, with a report as its saved output."""
    data = bundle or to_mimebundle(report)
    output = nbformat.v4.new_output("display_data", data=data)
    return nbformat.v4.new_code_cell(report.cell.source if source is None else source, outputs=[output], execution_count=report.cell.execution_count)


def dismiss(page: Page) -> None:
    """Close the dialog about the missing kernel."""
    page.locator(".jp-Dialog").wait_for(timeout=20_000)
    while page.locator(".jp-Dialog").count():
        page.locator(".jp-Dialog .jp-Dialog-footer button").last.click()
        page.wait_for_timeout(300)


__all__ = ["CONTENT", "MIME_TYPE", "OpenNotebook", "block_kernels", "cell_with", "dismiss"]
