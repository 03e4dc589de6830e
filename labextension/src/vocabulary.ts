// Generated from gradmagic/render/wording.py and palette.py by generate_report_ts.py: change it there.

import type { Edge, Fix, Report, VariableReport } from "./report";

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

export const WORDS: Record<VariableReport["status"], string> = {
  ok: "ok",
  none: "None",
  zero: "zero",
  nan: "NaN",
  inf: "Inf",
  vanishing: "vanishing",
  exploding: "exploding",
  wrong: "wrong",
  error: "error",
};

export const VERDICT_ICONS: Record<Report["verdict"], string> = {
  ok: "✓",
  warning: "▲",
  error: "✗",
};

export const APPLICABILITY: Record<Fix["applicability"], string> = {
  safe: "safe",
  unsafe: "may change the meaning",
  "display-only": "by hand",
};

export const EDGE_MEANING: Record<Edge["status"], string> = {
  flows: "gradient, thicker where its norm is larger",
  cut: "cut: no gradient",
  zero: "gradient of zero",
  bad: "NaN or Inf",
  unused: "no gradient asked for",
};

export const NOTHING = "–";
