import type { ICodeCellModel } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { Location } from "./report";

/** Shows the line of a location: in the cell that holds the report, or in the one with that execution count. */
export async function jumpTo(panel: NotebookPanel, reporting: number, location: Location | null): Promise<void> {
  const notebook = panel.content;
  let index = reporting;
  if (location && typeof location.cell === "number") {
    notebook.widgets.forEach((cell, i) => {
      if ((cell.model as ICodeCellModel).executionCount === location.cell) index = i;
    });
  }
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index);
  const editor = notebook.widgets[index]?.editor;
  if (editor && location) {
    editor.setCursorPosition({ line: location.line - 1, column: location.column });
    editor.focus();
  }
}
