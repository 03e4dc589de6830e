import type { CellInfo, Label, Location } from "../report";
import { button, el } from "./dom";
import { trans } from "./language";
import { prose } from "./prose";
import { lineKey, type Selection } from "./selection";
import { placeText, shortened } from "./words";

// A line of generated code may be endless.
const LONGEST_PIECE = 240;

/** The code that a finding is about, one frame per cell or file, what each label says right under its code. */
export function frames(
  labels: Label[],
  severity: string,
  cell: CellInfo,
  selection: Selection,
  show?: (at: Location) => void,
): HTMLElement[] {
  const groups = new Map<string, Label[]>();
  for (const label of [...labels].sort((a, b) => Number(b.primary) - Number(a.primary))) {
    const key = JSON.stringify([label.location.cell, label.location.file]);
    groups.set(key, [...(groups.get(key) ?? []), label]);
  }
  return [...groups.values()].map((group) => frame(group, severity, cell, selection, show));
}

function frame(
  labels: Label[],
  severity: string,
  cell: CellInfo,
  selection: Selection,
  show?: (at: Location) => void,
): HTMLElement {
  const code = el("div", { class: "gm-frame-code" });
  const numbers = [...new Set(labels.map((label) => label.location.line))].sort((a, b) => a - b);
  numbers.forEach((number, index) => {
    if (index && number > numbers[index - 1] + 1) code.append(el("div", { class: "gm-gap" }, "⋯"));
    code.append(
      ...line(
        number,
        labels.filter((l) => l.location.line === number),
        severity,
        selection,
      ),
    );
  });
  const at = labels[0].location;
  const place = placeText(at, cell);
  // Only cells can be shown, not files.
  const shown = show && at.cell !== null ? button(place, trans.__("Show this line"), () => show(at)) : place;
  return el("div", { class: "gm-frame" }, el("div", { class: "gm-place" }, shown), code);
}

function line(number: number, labels: Label[], severity: string, selection: Selection): HTMLElement[] {
  const text = labels[0].location.code;
  const row = el("code", { class: "gm-code" });
  for (const [piece, label] of pieces(text, labels)) {
    row.append(
      label
        ? el("span", { class: `gm-mark ${tone(label, severity)}` }, shortened(piece, LONGEST_PIECE))
        : el("span", {}, shortened(piece, LONGEST_PIECE)),
    );
  }
  const key = lineKey(labels[0].location);
  const choose = el(
    "button",
    { class: "gm-number", title: trans.__("Select what has to do with this line"), attributes: { type: "button" } },
    String(number),
  );
  const whole = el(
    "div",
    { class: "gm-line" },
    key === null ? el("span", { class: "gm-number" }, String(number)) : choose,
    row,
  );
  const rows = [whole];
  if (key !== null) {
    whole.addEventListener("click", (event) => {
      event.stopPropagation();
      // Marking text to copy it is no choice of a line.
      if (!String(window.getSelection?.() ?? "")) selection.select({ line: key });
    });
    selection.listen((selected) => whole.classList.toggle("gm-selected", selected.line === key));
    selection.listenToSteps((step) => whole.classList.toggle("gm-lit", step?.line === key));
  }
  // What starts furthest to the right comes first, as each explanation then hangs free under its code.
  for (const label of [...labels].sort((a, b) => b.location.column - a.location.column)) {
    if (!label.text) continue;
    const said = el("div", { class: `gm-said ${tone(label, severity)}` }, prose(label.text));
    // Under its code, as long as the line fits: a line that wraps has it at the left.
    said.style.setProperty("--gm-column", String(Math.min(label.location.column, text.length)));
    said.style.setProperty("--gm-length", String(Math.min(text.length, 9999)));
    rows.push(said);
  }
  return rows;
}

function tone(label: Label, severity: string): string {
  return label.primary ? `gm-tone-${severity}` : "gm-tone-other";
}

/** The code in pieces, each with the innermost label over it, the primary one before all others. */
export function pieces(code: string, labels: Label[]): [string, Label | null][] {
  const spans = labels.map((label) => {
    const { column, end_column, line, end_line } = label.location;
    return {
      label,
      start: Math.min(column, code.length),
      end: end_line === line ? Math.min(end_column, code.length) : code.length,
    };
  });
  const edges = [...new Set([0, code.length, ...spans.flatMap((s) => [s.start, s.end])])].sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => {
    const over = spans.filter((s) => s.start <= edges[i] && end <= s.end);
    over.sort((a, b) => Number(b.label.primary) - Number(a.label.primary) || a.end - a.start - (b.end - b.start));
    return [code.slice(edges[i], end), over[0]?.label ?? null];
  });
}
