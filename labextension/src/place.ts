import type { Text } from "@codemirror/state";
import type { Open } from "./board";
import type { Label, Location } from "./report";

/** A label of a finding at its place in a document. */
export interface Placed {
  from: number;
  to: number;
  label: Label;
  open: Open;
}

/** Where the labels of these findings lie in the document now; a line that is nowhere to be found has no mark. */
export function place(open: Open[], cell: string | number, doc: Text): Placed[] {
  const placed: Placed[] = [];
  for (const one of open) {
    for (const label of one.finding.labels) {
      const at = label.location;
      if (at.cell !== cell) continue;
      const number = lineOf(at, doc);
      if (number === null) continue;
      const row = doc.line(number);
      const from = row.from + Math.min(at.column, row.length);
      // Code over several lines is marked on its first one.
      const to = at.end_line === at.line ? Math.min(row.from + at.end_column, row.to) : row.to;
      if (to > from) placed.push({ from, to, label, open: one });
    }
  }
  return placed;
}

/** The number of the line where this code stands now: the reported one, or the nearest that reads the same; null where there is none. */
export function lineOf({ line: reported, code }: Location, doc: Text): number | null {
  let nearest: number | null = null;
  for (let number = 1; number <= doc.lines; number++) {
    if (doc.line(number).text !== code) continue;
    if (nearest === null || Math.abs(number - reported) < Math.abs(nearest - reported)) nearest = number;
  }
  return nearest;
}
