import { type Report, SCHEMA } from "../report";
import { el, prose } from "./dom";
import { findingCards } from "./findings";
import { flowGraph } from "./graph";
import { type Selected, Selection } from "./selection";
import { callTable } from "./table";
import { numeral } from "./words";

export type { Selected };

export interface ViewOptions {
  onSelect?: (selected: Selected) => void;
}

const VERDICT = { ok: "✓", warning: "!", error: "✗" };

/** Draws a report into `host`, which is emptied first. Anything that is no report of this version becomes one plain sentence. */
export function renderReport(host: HTMLElement, data: unknown, options: ViewOptions = {}): void {
  host.replaceChildren();
  host.classList.add("gm-report");
  const problem = problemOf(data);
  if (problem) {
    host.append(el("p", {}, problem));
    return;
  }
  try {
    draw(host, data as Report, options);
  } catch (error) {
    host.replaceChildren(el("p", {}, `This gradmagic report is damaged and cannot be drawn (${String(error)}).`));
  }
}

function problemOf(data: unknown): string | null {
  const schema = (data as { schema?: unknown } | null)?.schema;
  if (typeof schema !== "string") return "This is not a gradmagic report.";
  if (schema !== SCHEMA) {
    return `This report has the format ${schema}, and this gradmagic reads ${SCHEMA}: upgrade gradmagic to see it.`;
  }
  return null;
}

function draw(host: HTMLElement, report: Report, options: ViewOptions): void {
  const selection = new Selection();
  if (options.onSelect) selection.listen(options.onSelect);
  host.append(
    el(
      "p",
      { class: "gm-summary" },
      el("span", { class: `gm-verdict gm-${report.verdict}` }, `${VERDICT[report.verdict]} ${report.verdict}`),
      " ",
      prose(report.summary),
    ),
    findingCards(report, selection),
  );
  report.calls.forEach((_, index) => {
    host.append(callTable(report, index, selection));
    const graph = flowGraph(report, index, selection);
    if (graph) host.append(graph);
  });
  for (const failure of report.failures) host.append(el("p", { class: "gm-dim" }, prose(failure)));
  const cost = report.overhead;
  host.append(
    el(
      "p",
      { class: "gm-dim gm-cost" },
      `checked ${cost.ops_recorded} ops: ${numeral(cost.cell_seconds)} s for the cell, ${numeral(cost.check_seconds)} s for the report`,
    ),
  );
}
