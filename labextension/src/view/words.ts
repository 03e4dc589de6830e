/** Numbers and places in the words that all views share; the tables of words are generated from Python's. */

import type {
  CellInfo,
  Finding,
  Fix,
  GradientCall,
  Location,
  Node,
  Num,
  Overhead,
  Raised,
  Report,
  Update,
  Versions,
} from "../report";
import { APPLICABILITY, NOTHING, WORDS } from "../vocabulary";
import { trans } from "./language";

/** Both ends of a text that is too long. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const letters = [...text];
  const head = Math.ceil((most - 1) / 2);
  return letters.length <= most
    ? text
    : `${letters.slice(0, head).join("")}…${letters.slice(head - most + 1).join("")}`;
}

type Verdict = Report["verdict"] | "not judged";
type Kind = Finding["severity"] | Verdict | "accepted";

/** Three significant digits, `NaN` and `inf` by name, a dash for null. */
export function numeral(value: Num | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "string") return value === "nan" ? "NaN" : value;
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e5)) {
    return value
      .toExponential(2)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  }
  return String(Number(value.toPrecision(3)));
}

/** `part` of `whole` in percent, never rounded to 0% or 100% when it is neither. */
export function share(part: number, whole: number | null): string {
  if (!whole) return part ? part.toLocaleString("en") : "0%";
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 1) return "<1%";
  if (percent > 99 && percent < 100) return ">99%";
  return `${percent.toFixed(0)}%`;
}

/** A number as it stands in a sentence. */
function grouped(amount: number): string {
  return amount.toLocaleString("en");
}

export function variableCount(amount: number): string {
  return trans._n("%2 variable", "%2 variables", amount, grouped(amount));
}

export function moreVariables(amount: number): string {
  return trans._n("%2 more variable", "%2 more variables", amount, grouped(amount));
}

function runs(amount: number): string {
  return trans._n("%2 run", "%2 runs", amount, grouped(amount));
}

/** The word for a severity, a verdict or an accepted finding. */
export function kindWord(kind: Kind): string {
  const words: Record<Kind, string> = {
    error: trans.__("error"),
    warning: trans.__("warning"),
    note: trans.__("note"),
    accepted: trans.__("accepted"),
    ok: trans.__("ok"),
    "not judged": trans.__("not judged"),
  };
  return words[kind] ?? kind;
}

/** The verdict, or that there was no gradient to judge: that is no good news. */
export function verdictOf(report: Report): Verdict {
  return report.calls.length || report.findings.length || report.verdict !== "ok" ? report.verdict : "not judged";
}

export function nodeKind(kind: Node["kind"]): string {
  const words: Record<Node["kind"], string> = {
    variable: trans.__("variable"),
    op: trans.__("op"),
    group: trans.__("group"),
    input: trans.__("input"),
    target: trans.__("target"),
    cut: trans.__("cut"),
  };
  return words[kind] ?? kind;
}

export function shapeText(shape: (number | null)[] | null): string {
  return shape ? `(${shape.map((d) => d ?? "None").join(", ")}${shape.length === 1 ? "," : ""})` : NOTHING;
}

export function sizeOf(shape: (number | null)[] | null): number | null {
  return shape?.every((d) => d !== null) ? shape.reduce<number>((a, d) => a * (d as number), 1) : null;
}

/** Where a location lies, in full: `cell [7], line 4` or `model.py:12, in call`. */
export function placeText(at: Location, cell: CellInfo | null): string {
  const inside = at.function ? `, ${trans.__("in %1", at.function)}` : "";
  if (at.file !== null) return `${at.file}:${at.line}${inside}`;
  const shown = at.cell === "current" ? cell?.execution_count : at.cell;
  if (typeof shown === "number") return trans.__("cell [%1], line %2", shown, at.line) + inside;
  return (at.cell === "current" ? trans.__("this cell, line %1", at.line) : trans.__("line %1", at.line)) + inside;
}

/** Where a location lies, for a narrow column: `4`, `[5]:4` for another cell, `model.py:12` for a file. */
export function shortPlace(at: Location | null | undefined): string {
  if (!at) return "";
  if (at.file !== null) return `${at.file.split(/[\\/]/).pop()}:${at.line}`;
  return at.cell === "current" || at.cell === null ? String(at.line) : `[${at.cell}]:${at.line}`;
}

export function kindOf(finding: Finding): Finding["severity"] | "accepted" {
  return finding.accepted ? "accepted" : finding.severity;
}

/** What is known about a fix: how safe it is and what running it showed. */
export function fixState(fix: Fix): string {
  const words = APPLICABILITY[fix.applicability];
  const trial = fix.verified;
  if (!trial) return fix.applicability === "display-only" ? words : trans.__("%1, not run", words);
  const found = Object.entries(trial.statuses_after).map(
    ([name, status]) => `\`${name}\` ${(WORDS as Record<string, string>)[status] ?? status}`,
  );
  const shown = found.length > 3 ? [...found.slice(0, 3), moreVariables(found.length - 3)] : found;
  const { loss_before: before, loss_after: after } = trial;
  if (before !== null && after !== null) {
    const close = Math.abs(Number(before) - Number(after)) <= 1e-6 * Math.abs(Number(before));
    const same = before === after || close;
    shown.push(same ? trans.__("loss unchanged") : trans.__("loss %1 → %2", numeral(before), numeral(after)));
  }
  return shown.length ? trans.__("%1, verified: %2", words, shown.join(", ")) : trans.__("%1, verified", words);
}

/** By what the gradients were asked for, where, how often and since when they go wrong. */
export function callPlace(call: GradientCall, cell: CellInfo): string {
  const parts = [call.kind];
  if (call.location) parts.push(placeText(call.location, cell));
  if (call.count !== 1) {
    parts.push(runs(call.count));
    if (call.first_bad !== null) parts.push(trans.__("the first bad one is run %1", grouped(call.first_bad + 1)));
  }
  return parts.join(", ");
}

export function updateText(update: Update, cell: CellInfo): string {
  const parts = [update.kind + (update.optimizer ? ` (${update.optimizer})` : "")];
  if (update.location) parts.push(placeText(update.location, cell));
  if (update.count !== 1) parts.push(runs(update.count));
  parts.push(extentText(update));
  const left = update.skipped.slice(0, 4).map((name) => `\`${name}\``);
  if (update.skipped.length > 4) left.push(moreVariables(update.skipped.length - 4));
  return parts.join(", ") + (left.length ? `; ${trans.__("left out: %1", left.join(", "))}` : "");
}

function extentText(update: Update): string {
  const given = update.variables.length - update.skipped.length;
  if (update.raised) return trans.__("raised %1", update.raised);
  // Reports of earlier versions do not say what changed.
  const changed = update.changed ?? null;
  if (changed === null) return trans._n("%2 variable given", "%2 variables given", given, grouped(given));
  if (changed === given) return trans._n("%2 variable changed", "%2 variables changed", given, grouped(given));
  if (changed === 0)
    return trans._n("none of %2 variable changed", "none of %2 variables changed", given, grouped(given));
  return trans._n("%3 of %2 variable changed", "%3 of %2 variables changed", given, grouped(given), grouped(changed));
}

export function raisedText({ type, message, location }: Raised, cell: CellInfo): string {
  return location
    ? trans.__("The cell raised %1 at %2: %3", type, placeText(location, cell), message)
    : trans.__("The cell raised %1: %2", type, message);
}

export function costText(cost: Overhead, versions: Versions): string {
  const { ops_recorded: seen, ops_dropped: dropped } = cost;
  const parts = [
    trans.__("cell %1", seconds(cost.cell_seconds)),
    trans.__("checked in %1", seconds(cost.check_seconds)),
    trans._n("%2 op recorded", "%2 ops recorded", seen, grouped(seen)),
  ];
  if (dropped) parts.push(trans.__("%1 dropped", grouped(dropped)));
  const made = [
    `gradmagic ${versions.gradmagic}`,
    versions.tensorflow && `TensorFlow ${versions.tensorflow}`,
    versions.keras && `Keras ${versions.keras}`,
  ].filter(Boolean);
  return `${parts.join(", ")} · ${made.join(", ")}`;
}

function seconds(value: Num): string {
  if (typeof value === "string") return value;
  return value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(1)} s`;
}
