// Generated from gradmagic/render/wording.py and palette.py by generate_report_ts.py: change it there.

import type { Edge, Fix, Report, VariableReport } from "./report";
import { trans } from "./view/language";

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

export const VERDICT_ICONS: Record<Report["verdict"] | "not judged", string> = {
  ok: "✓",
  warning: "▲",
  error: "✗",
  "not judged": "–",
};

export const WORDS: Readonly<Record<VariableReport["status"], string>> = {
  get ok() {
    return trans.__("ok");
  },
  get none() {
    return trans.__("None");
  },
  get zero() {
    return trans.__("zero");
  },
  get nan() {
    return trans.__("NaN");
  },
  get inf() {
    return trans.__("Inf");
  },
  get vanishing() {
    return trans.__("vanishing");
  },
  get exploding() {
    return trans.__("exploding");
  },
  get wrong() {
    return trans.__("wrong");
  },
  get error() {
    return trans.__("error");
  },
};

export const APPLICABILITY: Readonly<Record<Fix["applicability"], string>> = {
  get safe() {
    return trans.__("safe");
  },
  get unsafe() {
    return trans.__("may change the meaning");
  },
  get "display-only"() {
    return trans.__("by hand");
  },
};

export const EDGE_MEANING: Readonly<Record<Edge["status"], string>> = {
  get flows() {
    return trans.__("gradient, thicker where its norm is larger");
  },
  get cut() {
    return trans.__("cut: no gradient");
  },
  get zero() {
    return trans.__("gradient of zero");
  },
  get bad() {
    return trans.__("NaN or Inf");
  },
  get unused() {
    return trans.__("carries no gradient");
  },
};

export const NOTHING = "–";
