import type { ICellModel } from "@jupyterlab/cells";
import type { Notebook } from "@jupyterlab/notebook";
import { cellOf } from "./jump";
import type { Edit, Fix, Report } from "./report";
import { trans } from "./view/language";

interface Replacement {
  model: ICellModel;
  start: number;
  end: number;
  text: string;
}

/** Whether a fix was put into the notebook, and what to say about it. */
export interface Applied {
  done: boolean;
  words: string;
}

/** Puts a fix into its cells, wholly or not at all, as one step that can be undone. */
export function applyFix(notebook: Notebook, reporting: ICellModel, report: Report, fix: Fix): Applied {
  const replacements: Replacement[] = [];
  for (const edit of fix.edits) {
    const model = cellOf(notebook, reporting, edit.cell);
    const old = oldLines(edit, report);
    const place = model && old && find(model.sharedModel.getSource(), old, edit);
    if (!model || !place) {
      const words = trans.__("not applied: the code has changed since it was checked; run the cell again");
      return { done: false, words };
    }
    replacements.push({ model, ...place });
  }
  // From the end to the start, so that no replacement moves the place of another.
  replacements.sort((a, b) => b.start - a.start);
  for (const model of new Set(replacements.map((r) => r.model))) {
    const source = model.sharedModel;
    // Edits in quick succession are undone together; this one is a step of its own.
    const history = (source as unknown as { undoManager?: { stopCapturing(): void } | null }).undoManager;
    history?.stopCapturing();
    source.transact(() => {
      for (const { start, end, text } of replacements.filter((r) => r.model === model))
        source.updateSource(start, end, text);
    });
    history?.stopCapturing();
  }
  return { done: true, words: trans.__("applied; run the cell again to check it") };
}

/** The lines as they were checked; null where the report does not have all of them. */
function oldLines(edit: Edit, report: Report): string[] | null {
  if (edit.cell === "current") return report.cell.source.split("\n").slice(edit.start_line - 1, edit.end_line);
  if (typeof edit.original === "string") return edit.original.split("\n");
  const known = new Map<number, string>();
  for (const finding of report.findings) {
    for (const { location } of finding.labels) if (location.cell === edit.cell) known.set(location.line, location.code);
  }
  const lines: string[] = [];
  for (let line = edit.start_line; line <= edit.end_line; line++) {
    const code = known.get(line);
    if (code === undefined) return null;
    lines.push(code);
  }
  return lines;
}

/** Where these lines stand now: at their place, or at the only other place that reads the same. */
function find(source: string, old: string[], edit: Edit): Omit<Replacement, "model"> | null {
  const lines = source.split("\n");
  const reads = (at: number) => old.every((line, i) => lines[at + i] === line);
  let first = edit.start_line - 1;
  if (!reads(first)) {
    const others = lines.flatMap((_, at) => (reads(at) ? [at] : []));
    if (others.length !== 1 || !old.length) return null;
    first = others[0];
  }
  const start = lines.slice(0, first).reduce((sum, line) => sum + line.length + 1, 0);
  const end = start + old.join("\n").length;
  // An empty replacement deletes the lines, and with them one line break.
  const gone = edit.replacement === "" && end < source.length ? 1 : 0;
  return { start, end: end + gone, text: edit.replacement };
}
