import type { Edit, Finding, Fix, Report } from "../report";
import { button, el } from "./dom";
import { prose } from "./prose";
import { fixState, placeText } from "./words";

/** A fix: what it does, what is known about it, and its edits as a diff. */
export function fixView(fix: Fix, finding: Finding, report: Report, apply?: (fix: Fix) => string): HTMLElement {
  const node = el(
    "div",
    { class: "gm-fix" },
    el("p", {}, el("b", {}, "fix "), "(", prose(fixState(fix)), "): ", prose(fix.title)),
  );
  for (const edit of fix.edits) node.append(diff(edit, finding, report));
  if (!fix.edits.length) return node;
  const actions = el("p", { class: "gm-actions" });
  if (apply && fix.applicability !== "display-only") {
    const press: HTMLButtonElement = button("Apply", "Edit the cell; undo brings the old code back", () => {
      said.textContent = apply(fix);
    });
    actions.append(press);
  }
  const said = el("span", { class: "gm-dim", attributes: { role: "status" } });
  actions.append(
    button("Copy", "Copy the new lines", () => {
      const written = navigator.clipboard?.writeText(fix.edits.map((edit) => edit.replacement).join("\n"));
      if (!written) said.textContent = "this page may not write to the clipboard";
      written?.then(
        () => {
          said.textContent = "copied";
        },
        () => {
          said.textContent = "this page may not write to the clipboard";
        },
      );
    }),
    said,
  );
  node.append(actions);
  return node;
}

function diff(edit: Edit, finding: Finding, report: Report): HTMLElement {
  const at = { cell: edit.cell, file: null, line: edit.start_line, column: 0, end_line: edit.end_line, end_column: 0 };
  const code = el("div", { class: "gm-frame-code" });
  const rows = (sign: string, kind: string, lines: string[]) =>
    lines.forEach((line, i) => {
      code.append(
        el(
          "div",
          { class: `gm-line ${kind}` },
          el("span", { class: "gm-number" }, `${edit.start_line + i} ${sign}`),
          el("code", { class: "gm-code" }, line || " "),
        ),
      );
    });
  rows("−", "gm-removed", oldLines(edit, finding, report));
  rows("+", "gm-added", edit.replacement ? edit.replacement.split("\n") : []);
  return el(
    "div",
    { class: "gm-frame" },
    el("div", { class: "gm-place" }, placeText({ ...at, code: "", function: null }, report.cell)),
    el("div", { class: "gm-scroll" }, code),
  );
}

/** The lines that an edit replaces, as far as the report has them. */
function oldLines(edit: Edit, finding: Finding, report: Report): string[] {
  if (edit.cell === "current") return report.cell.source.split("\n").slice(edit.start_line - 1, edit.end_line);
  const lines = new Map<number, string>();
  for (const { location } of finding.labels) {
    if (location.cell === edit.cell && location.line >= edit.start_line && location.line <= edit.end_line) {
      lines.set(location.line, location.code);
    }
  }
  return [...lines].sort((a, b) => a[0] - b[0]).map(([, code]) => code);
}
