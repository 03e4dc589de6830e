import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import type { CellList, INotebookModel, INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { IOutputModel } from "@jupyterlab/rendermime";
import { reportOf, reportOutput, shownFindings } from "./mime";
import type { Finding, Location, Report } from "./report";
import { DEFAULTS, isMarked, type Settings } from "./settings";

/** A finding, its place in its report, and the cell that holds the report. */
export interface Open {
  finding: Finding;
  index: number;
  report: Report;
  reporting: ICellModel;
}

/** Findings that mark a cell, and how their locations name it: `current`, or its execution count. */
export interface OwnFindings {
  open: Open[];
  cell: string | number;
}

/** Places of code that a reader is shown. */
interface Light {
  reporting: ICellModel;
  locations: Location[];
}

/** Which findings belong to which cell of which notebook, read off the outputs of the cells' models. */
export class Board {
  private listeners = new Set<() => void>();
  private pickers = new Set<(open: Open) => void>();
  private followed = new WeakSet<object>();
  private last = new WeakMap<ICellModel, IOutputModel | null>();
  private cleared = new WeakSet<IOutputModel>();
  private light: Light | null = null;
  private settings: Settings = DEFAULTS;

  constructor(private tracker: INotebookTracker) {
    tracker.widgetAdded.connect((_, panel) => this.followPanel(panel));
    tracker.forEach((panel) => {
      this.followPanel(panel);
    });
  }

  /** What is marked in the code from now on. */
  configure(settings: Settings): void {
    this.settings = settings;
    this.notify();
  }

  /** What is to be marked in a cell: the findings of its own report, and those of other cells' reports that blame it. */
  findingsFor(model: ICellModel): OwnFindings[] {
    const found: OwnFindings[] = [];
    const own = this.marked(model);
    if (own.length) found.push({ open: own, cell: "current" });
    const count = (model as ICodeCellModel).executionCount;
    if (typeof count !== "number") return found;
    for (const other of this.notebookOf(model)?.cells ?? []) {
      if (other === model) continue;
      const blaming = this.marked(other).filter(({ finding }) => finding.labels.some((l) => l.location.cell === count));
      if (blaming.length) found.push({ open: blaming, cell: count });
    }
    return found;
  }

  /** The findings of a cell's last report, unless its marks were taken away. */
  open(model: ICellModel): Open[] {
    const output = reportOutput(model);
    const report = output && !this.cleared.has(output) ? reportOf(output) : null;
    return report
      ? shownFindings(report).map(([index, finding]) => ({ finding, index, report, reporting: model }))
      : [];
  }

  private marked(model: ICellModel): Open[] {
    return this.open(model).filter(({ finding }) => isMarked(this.settings, finding.severity));
  }

  /** Take the marks of a cell away until it runs again. */
  clear(model: ICellModel): void {
    const output = reportOutput(model);
    if (output) this.cleared.add(output);
    this.notify();
  }

  /** Light up places of code, as seen from the cell with the report; none ends it. */
  show(reporting: ICellModel, locations: Location[]): void {
    this.light = locations.length ? { reporting, locations } : null;
    this.notify();
  }

  /** The places that are lit up in this cell. */
  litIn(model: ICellModel): Location[] {
    if (!this.light) return [];
    const { reporting, locations } = this.light;
    const count = (model as ICodeCellModel).executionCount;
    return locations.filter(({ cell }) =>
      cell === "current"
        ? model === reporting
        : cell !== null && cell === count && this.notebookOf(model) === this.notebookOf(reporting),
    );
  }

  /** The reader has chosen the mark of a finding in the code. */
  pick(open: Open): void {
    for (const picker of this.pickers) picker(open);
  }

  /** Call `listener` whenever a finding is chosen in the code; the function returned ends that. */
  onPick(listener: (open: Open) => void): () => void {
    this.pickers.add(listener);
    return () => this.pickers.delete(listener);
  }

  /** Call `listener` whenever findings come or go; the function returned ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The notebook that a cell is in. */
  panelOf(model: ICellModel): NotebookPanel | null {
    return this.tracker.find((panel) => [...(panel.content.model?.cells ?? [])].includes(model)) ?? null;
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
      if (this.light?.reporting === cell) this.light = null;
      this.notify();
    });
    cell.stateChanged.connect((_, change) => {
      // Reports name other cells by their execution count.
      if (change.name === "executionCount") this.notify();
    });
  }

  private notebookOf(model: ICellModel): INotebookModel | null {
    return this.panelOf(model)?.content.model ?? null;
  }
}
