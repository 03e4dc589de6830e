import { CodeCell, type ICellModel } from "@jupyterlab/cells";
import { Notebook, NotebookPanel } from "@jupyterlab/notebook";
import type { Widget } from "@lumino/widgets";
import { applyFix } from "./apply";
import { askKernel, followKernel, hasKernel } from "./asking";
import type { Board } from "./board";
import { jumpTo } from "./jump";
import type { Surroundings } from "./renderer";
import type { Location, Report } from "./report";
import { trans } from "./view/language";
import type { Selected } from "./view/selection";

/** Where there are no notebooks a report is shown, and no more. */
export const ALONE: Surroundings = () => ({
  options: {},
  follow: () => () => undefined,
  kernel: () => () => undefined,
});

/** A report in a notebook shows the code it speaks of, puts fixes into it, and follows what is chosen in it. */
export function inNotebook(board: () => Board): Surroundings {
  return (view, report) => {
    const light = (locations: Location[]) => {
      const at = whereabouts(view);
      if (at) board().show(at.cell.model, locations);
    };
    return {
      options: {
        apply: (fix) => {
          const at = whereabouts(view);
          if (!at) return trans.__("not applied: this view is not part of a notebook");
          return applyFix(at.notebook, at.cell.model, report, fix).words;
        },
        tryFix: (finding, fix) => {
          const context = whereabouts(view)?.panel?.sessionContext;
          const nowhere = trans.__("this view is not part of a notebook");
          return context ? askKernel(context, report, finding, fix) : Promise.reject(nowhere);
        },
        show: (location) => {
          const at = whereabouts(view);
          if (at) void jumpTo(at.notebook, at.cell.model, location);
        },
        light: (location) => light(location ? [location] : []),
        onSelect: (selected) => light(locationsOf(report, selected)),
      },
      follow: (select) =>
        board().onPick(({ reporting, index, finding }) => {
          const mine: ICellModel | undefined = whereabouts(view)?.cell.model;
          if (mine === reporting) select({ call: finding.call ?? undefined, finding: index });
        }),
      kernel: (present) => {
        const context = whereabouts(view)?.panel?.sessionContext;
        if (!context) return () => undefined;
        const tell = () => present(hasKernel(context));
        tell();
        return followKernel(context, tell);
      },
    };
  };
}

/** The code that what is selected is about. */
function locationsOf(report: Report, { finding, call, variable, line }: Selected): Location[] {
  if (finding !== undefined) return report.findings[finding]?.labels.map((label) => label.location) ?? [];
  if (line !== undefined) {
    const [cell, file, number] = JSON.parse(line) as [Location["cell"], string | null, number];
    const labels = report.findings.flatMap((f) => f.labels.map((label) => label.location));
    return labels.filter((at) => at.cell === cell && at.file === file && at.line === number).slice(0, 1);
  }
  const row = call === undefined ? undefined : report.calls[call]?.variables.find((v) => v.name === variable);
  return row?.read_at.slice(0, 1) ?? [];
}

// Asked at each click: a cell may move after its output was drawn, and a view of an output alone has no cell.
function whereabouts(view: Widget): { cell: CodeCell; notebook: Notebook; panel: NotebookPanel | null } | null {
  let cell: CodeCell | null = null;
  let notebook: Notebook | null = null;
  let panel: NotebookPanel | null = null;
  for (let widget = view.parent; widget; widget = widget.parent) {
    if (widget instanceof CodeCell) cell = widget;
    if (widget instanceof Notebook) notebook = widget;
    if (widget instanceof NotebookPanel) panel = widget;
  }
  return cell && notebook && { cell, notebook, panel };
}
