import type { Location, Num, VariableReport } from "../report";

export const ICONS: Record<VariableReport["status"], string> = {
  ok: "✓",
  none: "✗",
  zero: "○",
  nan: "◆",
  inf: "∞",
  vanishing: "▽",
  exploding: "▲",
  wrong: "≠",
  error: "✖",
};

export function numeral(value: Num | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
}

export function shapeText(shape: (number | null)[] | null): string {
  return shape ? `(${shape.map((d) => d ?? "?").join(", ")}${shape.length === 1 ? "," : ""})` : "";
}

export function placeText(location: Location | null): string {
  if (!location) return "";
  const where =
    location.cell === "current"
      ? "this cell"
      : location.cell !== null
        ? `cell [${location.cell}]`
        : (location.file ?? "code");
  return `${where}, line ${location.line}${location.function ? `, in ${location.function}` : ""}`;
}

export function zerosText(variable: VariableReport): string {
  const size = (variable.shape ?? []).reduce<number>((a, d) => a * (d ?? 1), 1);
  return variable.grad && size ? `${Math.round((100 * variable.grad.zeros) / size)}%` : "";
}
