import type { Text } from "@codemirror/state";
import type { Finding, Label } from "./report";

/** A label of a finding at its place in a document. */
export interface Placed {
  from: number;
  to: number;
  label: Label;
  finding: Finding;
}

/** Where the labels of these findings lie in the document now; a line that is nowhere to be found has no mark. */
export function place(findings: Finding[], cell: string | number, doc: Text): Placed[] {
  const placed: Placed[] = [];
  for (const finding of findings) {
    for (const label of finding.labels) {
      const at = label.location;
      if (at.cell !== cell) continue;
      const number = lineOf(at.line, at.code, doc);
      if (number === null) continue;
      const row = doc.line(number);
      const from = row.from + Math.min(at.column, row.length);
      // Code over several lines is marked on its first one.
      const to = at.end_line === at.line ? Math.min(row.from + at.end_column, row.to) : row.to;
      if (to > from) placed.push({ from, to, label, finding });
    }
  }
  return placed;
}

/** The line where this code stands: the reported one, or the nearest that reads the same. */
function lineOf(reported: number, code: string, doc: Text): number | null {
  let nearest: number | null = null;
  for (let number = 1; number <= doc.lines; number++) {
    if (doc.line(number).text !== code) continue;
    if (nearest === null || Math.abs(number - reported) < Math.abs(nearest - reported)) nearest = number;
  }
  return nearest;
}
