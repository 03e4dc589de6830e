import { type Report, SCHEMA } from "../report";
import { VERDICT_ICONS } from "../vocabulary";
import { el } from "./dom";
import { findingCards } from "./findings";
import { flowGraph } from "./graph";
import { trans } from "./language";
import type { ViewOptions } from "./options";
import { prose } from "./prose";
import { Selection } from "./selection";
import { sinceLine } from "./since";
import { callTable } from "./table";
import { Why } from "./why";
import { costText, kindWord, raisedText, updateText, verdictOf } from "./words";

export type { ViewOptions };

/** Draws a report into `host`, which is emptied first. Anything that is no report of this version becomes one plain sentence. Returns the selection, to set it from outside. */
export function renderReport(host: HTMLElement, data: unknown, options: ViewOptions = {}): Selection {
  const selection = new Selection();
  host.replaceChildren();
  host.classList.add("gm-report");
  const problem = problemOf(data);
  if (problem) {
    host.append(el("p", {}, problem));
    return selection;
  }
  try {
    host.append(draw(withCode(data as Report), selection, options));
  } catch (error) {
    host.replaceChildren(
      el("p", {}, trans.__("This gradmagic report is damaged and cannot be drawn (%1).", String(error))),
    );
  }
  return selection;
}

/** A large report is saved without the code of its graph's places, which its cell holds. */
function withCode(report: Report): Report {
  const lines = report.cell.source.split("\n");
  const calls = report.calls.map((call) => {
    const nodes = call.graph.nodes.map((node) => {
      const at = node.location;
      if (at?.cell !== "current" || at.code) return node;
      return { ...node, location: { ...at, code: lines[at.line - 1] ?? "" } };
    });
    return { ...call, graph: { ...call.graph, nodes } };
  });
  return { ...report, calls };
}

function problemOf(data: unknown): string | null {
  const schema = (data as { schema?: unknown } | null)?.schema;
  if (typeof schema !== "string") return trans.__("This is not a gradmagic report.");
  if (schema === SCHEMA) return null;
  const shown = schema.slice(0, 80);
  return trans.__(
    "This report has the format %1, and this gradmagic reads %2: open it with the gradmagic version that wrote it, or upgrade gradmagic.",
    shown,
    SCHEMA,
  );
}

function draw(report: Report, selection: Selection, options: ViewOptions): HTMLElement {
  const verdict = verdictOf(report);
  const summary = el(
    "h2",
    { class: "gm-summary" },
    el(
      "span",
      { class: `gm-badge gm-fill-${verdict.replace(" ", "-")}` },
      `${VERDICT_ICONS[verdict]} ${kindWord(verdict)}`,
    ),
    " ",
    prose(report.summary),
  );
  const root = el("div", { class: "gm-body" }, summary, sinceLine(report));
  if (report.raised) root.append(el("p", {}, raisedText(report.raised, report.cell)));
  // What could not be done comes before what is built on the rest.
  for (const failure of report.failures) root.append(el("p", { class: "gm-notice" }, prose(failure)));
  root.append(findingCards(report, selection, options));
  report.calls.forEach((_, index) => {
    const why = new Why(report, index, selection, options);
    root.append(
      callTable(report, index, selection, (variable) => why.ask(variable)),
      why.node,
    );
    const graph = flowGraph(report, index, selection);
    if (graph) root.append(graph);
  });
  for (const update of report.updates) {
    root.append(el("p", { class: "gm-dim" }, prose(trans.__("Update: %1", updateText(update, report.cell)))));
  }
  root.append(el("p", { class: "gm-cost gm-dim" }, costText(report.overhead, report.versions)));
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") selection.clear();
  });
  if (options.onSelect) selection.listen(options.onSelect);
  return root;
}
