import { CodeCell } from "@jupyterlab/cells";
import { Notebook } from "@jupyterlab/notebook";
import type { Widget } from "@lumino/widgets";
import { applyFix } from "./apply";
import { jumpTo } from "./jump";
import type { Surroundings } from "./renderer";

const NOWHERE = "not applied: this view is not part of a notebook";

/** A report in a notebook shows the code it speaks of and puts fixes into it. */
export const inNotebook: Surroundings = (view, report) => ({
  apply: (fix) => {
    const at = whereabouts(view);
    return at ? applyFix(at.notebook, at.cell.model, report, fix) : NOWHERE;
  },
  show: (location) => {
    const at = whereabouts(view);
    if (at) void jumpTo(at.notebook, at.cell.model, location);
  },
});

// Asked at each click: a cell may move after its output was drawn, and a view of an output alone has no cell.
function whereabouts(view: Widget): { cell: CodeCell; notebook: Notebook } | null {
  let cell: CodeCell | null = null;
  for (let widget = view.parent; widget; widget = widget.parent) {
    if (widget instanceof CodeCell) cell = widget;
    if (widget instanceof Notebook) return cell && { cell, notebook: widget };
  }
  return null;
}
