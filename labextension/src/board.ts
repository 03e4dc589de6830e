import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import type { CellList, INotebookModel, INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { IOutputModel } from "@jupyterlab/rendermime";
import type { MarkSource, OwnFindings } from "./marks";
import { reportOf, reportOutput, shownFindings } from "./mime";
import type { Finding } from "./report";

/** Which findings belong to which cell of which notebook, read off the outputs of the cells' models. */
export class Board implements MarkSource {
  private listeners = new Set<() => void>();
  private followed = new WeakSet<object>();
  private last = new WeakMap<ICellModel, IOutputModel | null>();
  private cleared = new WeakSet<IOutputModel>();

  constructor(private tracker: INotebookTracker) {
    tracker.widgetAdded.connect((_, panel) => this.followPanel(panel));
    tracker.forEach((panel) => {
      this.followPanel(panel);
    });
  }

  /** The findings of the cell's own report, and those of other cells' reports that blame this one. */
  findingsFor(model: ICellModel): OwnFindings[] {
    const found: OwnFindings[] = [];
    const own = this.open(model);
    if (own.length) found.push({ findings: own, cell: "current" });
    const count = (model as ICodeCellModel).executionCount;
    if (typeof count !== "number") return found;
    for (const other of this.notebookOf(model)?.cells ?? []) {
      if (other === model) continue;
      const blaming = this.open(other).filter((finding) => finding.labels.some((l) => l.location.cell === count));
      if (blaming.length) found.push({ findings: blaming, cell: count });
    }
    return found;
  }

  /** The findings of a cell's last report, unless its marks were taken away. */
  open(model: ICellModel): Finding[] {
    const output = reportOutput(model);
    return output && !this.cleared.has(output) ? shownFindings(reportOf(output)) : [];
  }

  /** Take the marks of a cell away until it runs again. */
  clear(model: ICellModel): void {
    const output = reportOutput(model);
    if (output) this.cleared.add(output);
    this.notify();
  }

  /** Call `listener` whenever findings come or go; the function returned ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }

  private followPanel(panel: NotebookPanel): void {
    panel.content.modelChanged.connect(() => this.followNotebook(panel.content.model));
    this.followNotebook(panel.content.model);
  }

  private followNotebook(notebook: INotebookModel | null): void {
    if (!notebook || this.followed.has(notebook)) return;
    this.followed.add(notebook);
    const follow = (cells: CellList) => {
      for (const cell of cells) this.followCell(cell);
      this.notify();
    };
    notebook.cells.changed.connect(follow);
    follow(notebook.cells);
  }

  private followCell(cell: ICellModel): void {
    if (cell.type !== "code" || this.followed.has(cell)) return;
    this.followed.add(cell);
    this.last.set(cell, reportOutput(cell));
    // Every printed line changes the outputs; only a report that comes or goes is of interest.
    (cell as ICodeCellModel).outputs.changed.connect(() => {
      const output = reportOutput(cell);
      if (output === this.last.get(cell)) return;
      this.last.set(cell, output);
      this.notify();
    });
    cell.stateChanged.connect((_, change) => {
      // Reports name other cells by their execution count.
      if (change.name === "executionCount") this.notify();
    });
  }

  private notebookOf(model: ICellModel): INotebookModel | null {
    const panel = this.tracker.find((candidate) => [...(candidate.content.model?.cells ?? [])].includes(model));
    return panel?.content.model ?? null;
  }
}
