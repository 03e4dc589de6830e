import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import { type Finding, type Report, SCHEMA } from "./report";

export const MIME_TYPE = "application/vnd.gradmagic.report+json";

/** The last report among a cell's outputs, null where there is none of this version. */
export function reportOf(model: ICellModel | null): Report | null {
  const outputs = (model as ICodeCellModel | null)?.outputs;
  if (!outputs) return null;
  for (let i = outputs.length - 1; i >= 0; i--) {
    const data = outputs.get(i).data[MIME_TYPE] as unknown as Report | undefined;
    if (data && data.schema === SCHEMA && Array.isArray(data.findings)) return data;
  }
  return null;
}

/** The findings of a report that raise an alarm or a note. */
export function shownFindings(report: Report | null): Finding[] {
  return report ? report.findings.filter((f) => !f.accepted) : [];
}
