import type { GradientCall, Num, Report, VariableReport } from "../report";
import { WORDS } from "../vocabulary";
import { moreVariables } from "./words";

// A table of this many rows fits on a screen; only a longer one is folded.
export const UNFOLDED = 12;
const SAMPLE = 8;

/** Rows that are alike, of which only a sentence is shown at first. */
export interface Folded {
  sentence: string;
  variables: VariableReport[];
}

/** The rows in order; of a long table only what is wrong, a sample of each cause, and the rest folded. */
export function fold(call: GradientCall, report: Report): (VariableReport | Folded)[] {
  if (call.variables.length <= UNFOLDED) return call.variables;
  const groups = new Map<string, VariableReport[]>();
  const healthy: VariableReport[] = [];
  for (const variable of call.variables) {
    if (isHealthy(variable, report)) healthy.push(variable);
    else {
      const key = `${variable.status} ${causeOf(variable, report)}`;
      groups.set(key, [...(groups.get(key) ?? []), variable]);
    }
  }
  const shown: (VariableReport | Folded)[] = [];
  for (const group of groups.values()) {
    const cause = causeOf(group[0], report);
    // Folding one or two rows would save nothing.
    const cut = group.length > SAMPLE + 2 ? SAMPLE : group.length;
    shown.push(...group.slice(0, cut));
    if (group.length > cut) {
      const because = cause ? ` (${cause})` : "";
      const sentence = `${moreVariables(group.length - cut)}: ${WORDS[group[0].status]}${because}`;
      shown.push({ sentence, variables: group.slice(cut) });
    }
  }
  const cut = groups.size
    ? healthy.length <= 2
      ? healthy.length
      : 0
    : healthy.length <= UNFOLDED
      ? healthy.length
      : SAMPLE;
  shown.push(...healthy.slice(0, cut));
  if (healthy.length > cut) {
    shown.push({ sentence: `${moreVariables(healthy.length - cut)}: ${WORDS.ok}`, variables: healthy.slice(cut) });
  }
  return shown;
}

export function isFolded(row: VariableReport | Folded): row is Folded {
  return "sentence" in row;
}

export function isHealthy(variable: VariableReport, report: Report): boolean {
  const finding = report.findings[variable.findings[0] ?? -1];
  return variable.status === "ok" && (!finding || finding.accepted || finding.severity === "note");
}

export function causeOf(variable: VariableReport, report: Report): string {
  return report.findings[variable.findings[0] ?? -1]?.rule ?? "";
}

/** Smallest first; what has no number comes last, and NaN before it. */
export function byNumber(a: Num | null | undefined, b: Num | null | undefined): number {
  const rank = (n: Num | null | undefined) =>
    n === null || n === undefined
      ? [3, 0]
      : n === "nan"
        ? [2, 0]
        : [1, n === "inf" ? Infinity : n === "-inf" ? -Infinity : n];
  const [left, right] = [rank(a), rank(b)];
  return left[0] - right[0] || (left[1] === right[1] ? 0 : left[1] < right[1] ? -1 : 1);
}
