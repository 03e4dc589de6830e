import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import type { Notebook } from "@jupyterlab/notebook";
import type { Location } from "./report";

/** The cell that a location or edit names, seen from the cell that holds the report; null where it is gone or not in this notebook. */
export function cellOf(notebook: Notebook, reporting: ICellModel, cell: Location["cell"]): ICellModel | null {
  if (cell === "current") return reporting;
  for (const model of notebook.model?.cells ?? []) {
    if (model !== reporting && typeof cell === "number" && (model as ICodeCellModel).executionCount === cell)
      return model;
  }
  return null;
}

/** Shows the line of a location; false where its cell is not in the notebook. */
export async function jumpTo(notebook: Notebook, reporting: ICellModel, location: Location | null): Promise<boolean> {
  const model = cellOf(notebook, reporting, location?.cell ?? "current");
  const index = notebook.widgets.findIndex((cell) => cell.model === model);
  if (index < 0) return false;
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index);
  const cell = notebook.widgets[index];
  await cell.ready;
  const editor = cell.editor;
  if (editor && location) {
    const line = Math.min(location.line, editor.lineCount) - 1;
    editor.setCursorPosition({ line, column: location.column });
    editor.revealPosition({ line, column: location.column });
    editor.focus();
  }
  return true;
}
