import type { Report } from "../report";
import { el } from "./dom";
import { fixView } from "./fix";
import { frames } from "./frame";
import { trans } from "./language";
import type { ViewOptions } from "./options";
import { blocks, page, prose } from "./prose";
import { concerns, type Selection } from "./selection";
import { kindOf, kindWord, placeText } from "./words";

// The first findings are what to mend first; more than these stand open only when asked for.
const OPEN = 3;

/** One card per finding: message, code, why, notes, help, fixes, and the long page of its rule. */
export function findingCards(report: Report, selection: Selection, options: ViewOptions): HTMLElement {
  const list = el("div", { class: "gm-findings" });
  const cards = report.findings.map((finding, index) => {
    const node = card(report, index, index < OPEN && !finding.accepted, selection, options);
    node.dataset.finding = String(index);
    node.addEventListener("click", (event) => {
      // Marking text to copy it is no choice of a finding, and the long page is only for reading.
      if (String(window.getSelection?.() ?? "") || (event.target as Element).closest(".gm-page")) return;
      selection.select({ finding: index, call: finding.call ?? undefined });
    });
    return node;
  });
  list.append(...cards);
  selection.listen((selected) => {
    cards.forEach((node, index) => {
      const mine = concerns(selected, report.findings[index], index);
      node.classList.toggle("gm-selected", mine);
      if (mine && selected.finding === undefined) node.open = true;
    });
  });
  return list;
}

function card(
  report: Report,
  index: number,
  open: boolean,
  selection: Selection,
  options: ViewOptions,
): HTMLDetailsElement {
  const finding = report.findings[index];
  const kind = kindOf(finding);
  const node = el(
    "details",
    { class: `gm-finding gm-edge-${kind}` },
    el(
      "summary",
      { class: "gm-message" },
      el("span", { class: `gm-badge gm-fill-${kind}` }, kindWord(kind)),
      " ",
      el("span", { class: "gm-title" }, prose(finding.message)),
    ),
  );
  node.open = open;
  node.append(
    el(
      "p",
      { class: "gm-rule" },
      el("code", {}, finding.rule),
      finding.certainty === "likely" && ` · ${trans.__("likely, not certain")}`,
      finding.location && !finding.labels.length && ` · ${placeText(finding.location, report.cell)}`,
    ),
    ...frames(finding.labels, finding.severity, report.cell, selection, options.show),
    ...blocks(finding.body),
  );
  for (const note of finding.notes) node.append(el("p", {}, el("b", {}, `${trans.__("note")}: `), prose(note)));
  if (finding.help) node.append(el("p", {}, el("b", {}, `${trans.__("help")}: `), prose(finding.help)));
  finding.fixes.forEach((_, fix) => {
    node.append(fixView(report, { finding: index, fix }, options));
  });
  const rule = report.rules[finding.rule];
  if (rule) {
    node.append(
      el(
        "details",
        { class: "gm-page" },
        el("summary", {}, prose(trans.__("More about `%1`", finding.rule))),
        ...page(rule.doc),
      ),
    );
  }
  return node;
}
