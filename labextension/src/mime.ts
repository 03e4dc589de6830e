import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import type { IOutputModel } from "@jupyterlab/rendermime";
import { type Finding, type Report, SCHEMA } from "./report";

export const MIME_TYPE = "application/vnd.gradmagic.report+json";

/** The last output of a cell that carries a report, null where there is none. */
export function reportOutput(model: ICellModel): IOutputModel | null {
  const outputs = model.type === "code" ? (model as ICodeCellModel).outputs : null;
  // A cell that is being disposed of has no outputs any more.
  if (!outputs) return null;
  for (let i = outputs.length - 1; i >= 0; i--) {
    const output = outputs.get(i);
    if (MIME_TYPE in output.data) return output;
  }
  return null;
}

/** What a bundle holds; a large report is saved as text, as indentation would double it. */
export function dataOf(data: unknown): unknown {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

// Reading a large one takes a while, and every change of a notebook asks for all of them.
const read = new WeakMap<IOutputModel, { data: unknown; report: Report | null }>();

/** The report in an output, null where it is of another version or damaged. */
export function reportOf(output: IOutputModel | null): Report | null {
  if (!output) return null;
  const data: unknown = output.data[MIME_TYPE];
  const known = read.get(output);
  if (known && known.data === data) return known.report;
  const found = dataOf(data) as Report | null | undefined;
  const report = found?.schema === SCHEMA && Array.isArray(found.findings) ? found : null;
  read.set(output, { data, report });
  return report;
}

/** The findings of a report that raise an alarm or a note, each with its place in the report. */
export function shownFindings(report: Report): [number, Finding][] {
  return [...report.findings.entries()].filter(([, finding]) => isWhole(finding) && !finding.accepted);
}

/** A notebook may hold anything: what is not whole is left to the view, which says so. */
function isWhole(finding: Finding | null): boolean {
  const texts = [finding?.message, finding?.rule, finding?.severity, finding?.help ?? ""];
  if (!finding || !texts.every((text) => typeof text === "string") || !Array.isArray(finding.labels)) return false;
  return finding.labels.every((label) => typeof label?.text === "string" && typeof label.location?.code === "string");
}
