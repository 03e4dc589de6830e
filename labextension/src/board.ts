import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import type { INotebookModel, INotebookTracker } from "@jupyterlab/notebook";
import type { MarkSource } from "./marks";
import { reportOf, shownFindings } from "./mime";
import type { Finding } from "./report";

/** Which findings belong to which cell of which notebook, read off the cells' outputs. */
export class Board implements MarkSource {
  private listeners = new Set<() => void>();
  private cleared = new WeakSet<object>();

  constructor(private tracker: INotebookTracker) {}

  findingsFor(model: ICellModel): { findings: Finding[]; cell: string | number }[] {
    const found: { findings: Finding[]; cell: string | number }[] = [];
    const own = this.open(model);
    if (own.length) found.push({ findings: own, cell: "current" });
    const count = (model as ICodeCellModel).executionCount;
    const notebook = this.notebookOf(model);
    if (!notebook || typeof count !== "number") return found;
    for (const other of notebook.cells) {
      if (other === model) continue;
      const blaming = this.open(other).filter((f) => f.labels.some((l) => l.location.cell === count));
      if (blaming.length) found.push({ findings: blaming, cell: count });
    }
    return found;
  }

  watch(model: ICellModel, changed: () => void): () => void {
    const outputs = (model as ICodeCellModel).outputs;
    const update = () => {
      this.cleared.delete(model);
      this.notify();
    };
    outputs?.changed.connect(update);
    this.listeners.add(changed);
    return () => {
      outputs?.changed.disconnect(update);
      this.listeners.delete(changed);
    };
  }

  /** Take the marks of a cell away until it runs again. */
  clear(model: ICellModel): void {
    this.cleared.add(model);
    this.notify();
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  open(model: ICellModel): Finding[] {
    return this.cleared.has(model) || model.type !== "code" ? [] : shownFindings(reportOf(model));
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }

  private notebookOf(model: ICellModel): INotebookModel | null {
    let found: INotebookModel | null = null;
    this.tracker.forEach((panel) => {
      const cells = panel.content.model?.cells;
      if (!cells) return;
      for (const cell of cells) if (cell === model) found = panel.content.model;
    });
    return found;
  }
}
