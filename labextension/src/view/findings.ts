import type { Edit, Finding, Fix, Label, Report } from "../report";
import { el, prose } from "./dom";
import type { Selection } from "./selection";
import { placeText } from "./words";

/** One card per finding: message, code frame, body, notes, help, fixes. */
export function findingCards(report: Report, selection: Selection): HTMLElement {
  const list = el("div", { class: "gm-findings" });
  report.findings.forEach((finding, index) => {
    list.append(finding.accepted ? accepted(finding) : card(report, finding, index, selection));
  });
  selection.listen((selected) => {
    const cards = list.querySelectorAll<HTMLElement>("[data-finding]");
    for (const node of cards) {
      const finding = report.findings[Number(node.dataset.finding)];
      const mine =
        selected.finding === Number(node.dataset.finding) ||
        (selected.variable !== undefined &&
          finding.call === (selected.call ?? null) &&
          finding.variables.includes(selected.variable));
      node.classList.toggle("gm-selected", mine);
    }
  });
  return list;
}

function accepted(finding: Finding): HTMLElement {
  return el(
    "p",
    { class: "gm-accepted" },
    "accepted ",
    el("code", {}, finding.rule),
    ": ",
    prose(finding.message),
    ` (${placeText(finding.location)})`,
  );
}

function card(report: Report, finding: Finding, index: number, selection: Selection): HTMLElement {
  const head = el(
    "p",
    { class: "gm-message" },
    el("span", { class: `gm-severity gm-${finding.severity}` }, finding.severity),
    " ",
    el("code", { class: "gm-rule" }, finding.rule),
    finding.certainty === "likely" && el("span", { class: "gm-dim" }, " likely"),
    el("br"),
    prose(finding.message),
  );
  const node = el("section", {
    class: `gm-finding gm-edge-${finding.severity}`,
    attributes: { "data-finding": String(index), "aria-label": `${finding.severity} ${finding.rule}` },
  });
  node.append(head, ...frames(finding));
  for (const block of finding.body.split("\n\n").filter(Boolean)) {
    node.append(
      block.startsWith("    ") ? el("pre", { class: "gm-formula" }, block.trim()) : el("p", {}, prose(block)),
    );
  }
  for (const note of finding.notes) node.append(el("p", {}, el("b", {}, "note "), prose(note)));
  if (finding.help) node.append(el("p", {}, el("b", {}, "help "), prose(finding.help)));
  for (const fix of finding.fixes) node.append(fixView(fix, finding, report));
  node.addEventListener("click", () => selection.select({ finding: index, call: finding.call ?? undefined }));
  return node;
}

function frames(finding: Finding): HTMLElement[] {
  const groups = new Map<string, Label[]>();
  for (const label of [...finding.labels].sort((a, b) => Number(b.primary) - Number(a.primary))) {
    const key = `${label.location.cell}|${label.location.file}`;
    groups.set(key, [...(groups.get(key) ?? []), label]);
  }
  return [...groups.values()].map((labels) => frame(labels, finding.severity));
}

function frame(labels: Label[], severity: string): HTMLElement {
  const node = el("div", { class: "gm-frame" }, el("div", { class: "gm-place" }, placeText(labels[0].location)));
  const lines = [...new Set(labels.map((label) => label.location.line))].sort((a, b) => a - b);
  for (const line of lines) {
    const here = labels.filter((l) => l.location.line === line).sort((a, b) => a.location.column - b.location.column);
    const code = here[0].location.code;
    const row = el("code", { class: "gm-code" });
    for (const [piece, label] of pieces(code, here)) {
      const kind = label?.primary ? `gm-mark gm-mark-${severity}` : "gm-mark gm-mark-other";
      row.append(label ? el("span", { class: kind }, piece) : piece);
    }
    node.append(el("div", { class: "gm-line" }, el("span", { class: "gm-number" }, String(line)), row));
    for (const { text, primary } of here) {
      if (text) node.append(el("div", { class: primary ? `gm-label gm-${severity}` : "gm-label" }, `↑ ${text}`));
    }
  }
  return node;
}

/** The code in pieces, each with the innermost label over it, the primary one before all others. */
function pieces(code: string, labels: Label[]): [string, Label | null][] {
  const spans = labels.map((label) => ({
    label,
    start: Math.min(label.location.column, code.length),
    end:
      label.location.end_line === label.location.line ? Math.min(label.location.end_column, code.length) : code.length,
  }));
  const edges = [...new Set([0, code.length, ...spans.flatMap((s) => [s.start, s.end])])].sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => {
    const over = spans.filter((s) => s.start <= edges[i] && end <= s.end);
    over.sort((a, b) => Number(b.label.primary) - Number(a.label.primary) || a.end - a.start - (b.end - b.start));
    return [code.slice(edges[i], end), over[0]?.label ?? null];
  });
}

/** The lines that an edit replaces, as far as the report has them. */
function oldLines(edit: Edit, finding: Finding, report: Report): string[] {
  if (edit.cell === "current") return report.cell.source.split("\n").slice(edit.start_line - 1, edit.end_line);
  const labels = finding.labels.filter((l) => l.location.cell === edit.cell);
  return labels
    .filter((l) => l.location.line >= edit.start_line && l.location.line <= edit.end_line)
    .map((l) => l.location.code);
}

function fixView(fix: Fix, finding: Finding, report: Report): HTMLElement {
  const node = el("div", { class: "gm-fix" });
  const copy = el("button", { class: "gm-button", attributes: { type: "button" } }, "Copy");
  copy.addEventListener("click", (event) => {
    event.stopPropagation();
    void navigator.clipboard?.writeText(fix.edits.map((edit) => edit.replacement).join("\n"));
    copy.textContent = "Copied";
  });
  node.append(
    el("p", {}, el("b", {}, "fix "), `(${fix.applicability}) `, prose(fix.title), " ", fix.edits.length > 0 && copy),
  );
  for (const edit of fix.edits) {
    const where = edit.cell === "current" ? "this cell" : `cell [${edit.cell}]`;
    const frame = el(
      "div",
      { class: "gm-frame" },
      el("div", { class: "gm-place" }, `${where}, line ${edit.start_line}`),
    );
    const lines: [string, string, string][] = [
      ...oldLines(edit, finding, report).map((line): [string, string, string] => ["-", "gm-removed", line]),
      ...edit.replacement.split("\n").map((line): [string, string, string] => ["+", "gm-added", line]),
    ];
    for (const [sign, kind, line] of lines) {
      frame.append(
        el("div", { class: `gm-line ${kind}` }, el("span", { class: "gm-number" }, sign), el("code", {}, line)),
      );
    }
    node.append(frame);
  }
  return node;
}
