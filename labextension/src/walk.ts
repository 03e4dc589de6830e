import type { INotebookTracker } from "@jupyterlab/notebook";
import type { Board, Open } from "./board";
import { cellOf, jumpTo } from "./jump";

/** Shows the finding after (`1`) or before (`-1`) the place where the cursor is, round and round; null where the notebook has none. */
export async function walk(tracker: INotebookTracker, board: Board, step: 1 | -1): Promise<Open | null> {
  const notebook = tracker.currentWidget?.content;
  if (!notebook) return null;
  const places = [...(notebook.model?.cells ?? [])]
    .flatMap((cell) => board.open(cell))
    .flatMap((open) => {
      const model = open.finding.location && cellOf(notebook, open.reporting, open.finding.location.cell);
      const cell = notebook.widgets.findIndex((widget) => widget.model === model);
      const { line = 0, column = 0 } = open.finding.location ?? {};
      return cell < 0 ? [] : [{ open, at: [cell, line, column] }];
    })
    .sort((a, b) => compare(a.at, b.at));
  if (!places.length) return null;
  const cursor = notebook.activeCell?.editor?.getCursorPosition();
  const here = [notebook.activeCellIndex, (cursor?.line ?? -1) + 1, cursor?.column ?? 0];
  const next =
    step > 0
      ? (places.find(({ at }) => compare(at, here) > 0) ?? places[0])
      : (places.filter(({ at }) => compare(at, here) < 0).pop() ?? places[places.length - 1]);
  await jumpTo(notebook, next.open.reporting, next.open.finding.location);
  board.pick(next.open);
  return next.open;
}

function compare(a: number[], b: number[]): number {
  const differs = a.findIndex((n, i) => n !== b[i]);
  return differs < 0 ? 0 : a[differs] - b[differs];
}
