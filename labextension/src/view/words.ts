/** Numbers and places in the words that all views share; the tables of words are generated from Python's. */

import type { CellInfo, Finding, Fix, GradientCall, Location, Num, Overhead, Update, Versions } from "../report";
import { APPLICABILITY, NOTHING, WORDS } from "../vocabulary";

/** Both ends of a text that is too long. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const letters = [...text];
  const head = Math.ceil((most - 1) / 2);
  return letters.length <= most
    ? text
    : `${letters.slice(0, head).join("")}…${letters.slice(head - most + 1).join("")}`;
}

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

export function count(amount: number, noun: string): string {
  return `${amount.toLocaleString("en")} ${noun}${amount === 1 ? "" : "s"}`;
}

export function shapeText(shape: (number | null)[] | null): string {
  return shape ? `(${shape.map((d) => d ?? "None").join(", ")}${shape.length === 1 ? "," : ""})` : NOTHING;
}

export function sizeOf(shape: (number | null)[] | null): number | null {
  return shape?.every((d) => d !== null) ? shape.reduce<number>((a, d) => a * (d as number), 1) : null;
}

/** Where a location lies, in full: `cell [7], line 4` or `model.py:12, in call`. */
export function placeText(at: Location, cell: CellInfo | null): string {
  const inside = at.function ? `, in ${at.function}` : "";
  if (at.file !== null) return `${at.file}:${at.line}${inside}`;
  const shown = at.cell === "current" ? cell?.execution_count : at.cell;
  if (typeof shown === "number") return `cell [${shown}], line ${at.line}${inside}`;
  return `${at.cell === "current" ? "this cell, " : ""}line ${at.line}${inside}`;
}

/** Where a location lies, for a narrow column: `4`, `[5]:4` for another cell, `model.py:12` for a file. */
export function shortPlace(at: Location | null | undefined): string {
  if (!at) return "";
  if (at.file !== null) return `${at.file.split(/[\\/]/).pop()}:${at.line}`;
  return at.cell === "current" || at.cell === null ? String(at.line) : `[${at.cell}]:${at.line}`;
}

export function kindOf(finding: Finding): string {
  return finding.accepted ? "accepted" : finding.severity;
}

/** What is known about a fix: how safe it is and what running it showed. */
export function fixState(fix: Fix): string {
  const words = APPLICABILITY[fix.applicability];
  const trial = fix.verified;
  if (!trial) return fix.applicability === "display-only" ? words : `${words}, not run`;
  const found = Object.entries(trial.statuses_after).map(
    ([name, status]) => `\`${name}\` ${(WORDS as Record<string, string>)[status] ?? status}`,
  );
  const shown = found.length > 3 ? [...found.slice(0, 3), `${found.length - 3} more`] : found;
  const { loss_before: before, loss_after: after } = trial;
  if (before !== null && after !== null) {
    const close = Math.abs(Number(before) - Number(after)) <= 1e-6 * Math.abs(Number(before));
    shown.push(before === after || close ? "loss unchanged" : `loss ${numeral(before)} → ${numeral(after)}`);
  }
  return `${words}, verified${shown.length ? `: ${shown.join(", ")}` : ""}`;
}

/** By what the gradients were asked for, where, how often and since when they go wrong. */
export function callPlace(call: GradientCall, cell: CellInfo): string {
  const parts = [call.kind];
  if (call.location) parts.push(placeText(call.location, cell));
  if (call.count !== 1) {
    parts.push(count(call.count, "run"));
    if (call.first_bad !== null) parts.push(`the first bad one is run ${(call.first_bad + 1).toLocaleString("en")}`);
  }
  return parts.join(", ");
}

export function updateText(update: Update, cell: CellInfo): string {
  const parts = [update.kind + (update.optimizer ? ` (${update.optimizer})` : "")];
  if (update.location) parts.push(placeText(update.location, cell));
  if (update.count !== 1) parts.push(count(update.count, "run"));
  parts.push(`${count(update.variables.length, "variable")} changed`);
  const left = update.skipped.slice(0, 4).map((name) => `\`${name}\``);
  if (update.skipped.length > 4) left.push(`${update.skipped.length - 4} more`);
  return parts.join(", ") + (left.length ? `; left out: ${left.join(", ")}` : "");
}

export function costText(cost: Overhead, versions: Versions): string {
  const seen = `${count(cost.ops_recorded, "op")} recorded${cost.ops_dropped ? `, ${cost.ops_dropped.toLocaleString("en")} dropped` : ""}`;
  const made = [
    `gradmagic ${versions.gradmagic}`,
    versions.tensorflow && `TensorFlow ${versions.tensorflow}`,
    versions.keras && `Keras ${versions.keras}`,
  ].filter(Boolean);
  return `cell ${seconds(cost.cell_seconds)}, checked in ${seconds(cost.check_seconds)}, ${seen} · ${made.join(", ")}`;
}

function seconds(value: Num): string {
  if (typeof value === "string") return value;
  return value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(1)} s`;
}
