import type { Edit, Finding, Fix, Report } from "../report";
import { copyText } from "./clipboard";
import { button, el } from "./dom";
import { trans } from "./language";
import { lineDiff } from "./linediff";
import type { ViewOptions } from "./options";
import { prose } from "./prose";
import { triedView } from "./trial";
import { fixState, placeText } from "./words";

/** A fix: what it does, what is known about it, its edits as a diff, and what can be done with it here. */
export function fixView(report: Report, at: { finding: number; fix: number }, options: ViewOptions): HTMLElement {
  const finding = report.findings[at.finding];
  const fix = finding.fixes[at.fix];
  const node = el(
    "div",
    { class: "gm-fix" },
    el("p", {}, el("b", {}, trans.__("fix")), " (", prose(fixState(fix)), "): ", prose(fix.title)),
  );
  for (const edit of fix.edits) node.append(diff(edit, finding, report));
  if (fix.edits.length) node.append(...actions(fix, at, options));
  return node;
}

function actions(fix: Fix, at: { finding: number; fix: number }, options: ViewOptions): HTMLElement[] {
  const row = el("p", { class: "gm-actions" });
  const said = el("span", { class: "gm-dim", attributes: { role: "status" } });
  const outcome = el("div", { attributes: { "aria-live": "polite" } });
  const { tryFix, apply } = options;
  if (tryFix && fix.applicability !== "display-only") {
    const press = button(
      trans.__("Try it"),
      trans.__("Run the code with this fix aside; nothing of yours changes"),
      () => {
        press.disabled = true;
        said.textContent = trans.__("running …");
        tryFix(at.finding, at.fix)
          .then(
            (tried) => outcome.replaceChildren(triedView(tried)),
            (error: unknown) => outcome.replaceChildren(el("p", {}, trans.__("not tried: %1", String(error)))),
          )
          .finally(() => {
            press.disabled = false;
            said.textContent = "";
          });
      },
    );
    press.classList.add("gm-try");
    row.append(press);
  }
  if (apply && fix.applicability !== "display-only") {
    const press = button(trans.__("Apply"), trans.__("Edit the cell; undo brings the old code back"), () => {
      said.textContent = apply(fix);
    });
    press.classList.add("gm-primary");
    row.append(press);
  }
  const copy = button(trans.__("Copy"), trans.__("Copy the new lines"), () => {
    void copyText(fix.edits.map((edit) => edit.replacement).join("\n")).then((words) => {
      said.textContent = words;
    });
  });
  row.append(copy, said);
  return [row, outcome];
}

function diff(edit: Edit, finding: Finding, report: Report): HTMLElement {
  const at = { cell: edit.cell, file: null, line: edit.start_line, column: 0, end_line: edit.end_line, end_column: 0 };
  const code = el("div", { class: "gm-frame-code" });
  const fresh = edit.replacement ? edit.replacement.split("\n") : [];
  for (const { sign, number, text } of lineDiff(oldLines(edit, finding, report), fresh)) {
    const kind = sign === "−" ? " gm-removed" : sign === "+" ? " gm-added" : "";
    code.append(
      el(
        "div",
        { class: `gm-line${kind}` },
        el("span", { class: "gm-number" }, String(edit.start_line + number)),
        el("span", { class: "gm-sign" }, sign),
        el("code", { class: "gm-code" }, text || " "),
      ),
    );
  }
  return el(
    "div",
    { class: "gm-frame" },
    el("div", { class: "gm-place" }, placeText({ ...at, code: "", function: null }, report.cell)),
    code,
  );
}

/** The lines that an edit replaces, as far as the report has them. */
function oldLines(edit: Edit, finding: Finding, report: Report): string[] {
  if (edit.cell === "current") return report.cell.source.split("\n").slice(edit.start_line - 1, edit.end_line);
  if (typeof edit.original === "string") return edit.original.split("\n");
  const lines = new Map<number, string>();
  for (const { location } of finding.labels) {
    if (location.cell === edit.cell && location.line >= edit.start_line && location.line <= edit.end_line) {
      lines.set(location.line, location.code);
    }
  }
  return [...lines].sort((a, b) => a[0] - b[0]).map(([, code]) => code);
}
