import type { Num, VariableReport } from "../report";
import { el, svg } from "./dom";
import { trans } from "./language";
import { numeral } from "./words";

const WIDTH = 72;
const HEIGHT = 16;
const MOST = 24;

/** The norm over the runs, or for a single run the spread of the elements; null where there is neither. */
export function spark(variable: VariableReport): Element | null {
  const history = variable.grad?.norm_history ?? [];
  if (hasHistory(variable)) {
    const step = Math.ceil(history.length / MOST);
    const taken = history.filter((_, i) => (history.length - 1 - i) % step === 0);
    const title = trans.__(
      "norm over %1 runs, on a log scale: %2 … %3",
      history.length,
      numeral(history[0]),
      numeral(history[history.length - 1]),
    );
    return bars(logarithms(taken), title, "history");
  }
  const spread = variable.grad?.histogram;
  if (!spread?.counts.length) return null;
  const most = Math.max(...spread.counts, 1);
  const title = trans.__(
    "elements from %1 to %2",
    numeral(spread.edges[0]),
    numeral(spread.edges[spread.edges.length - 1]),
  );
  return bars(
    spread.counts.map((n) => n / most),
    title,
    "spread",
  );
}

/** Whether enough runs were looked at to show how the norm went. */
export function hasHistory(variable: VariableReport): boolean {
  return (variable.grad?.norm_history.length ?? 0) >= 3;
}

/** Heights from 0 to 1 on a log scale; null for what is not finite. Less than a factor of two never fills the height: it is noise. */
export function logarithms(norms: Num[]): (number | null)[] {
  const logs = norms.map((n) => (typeof n === "number" ? Math.log10(n) : null));
  const finite = logs.filter((n): n is number => n !== null && Number.isFinite(n));
  const low = Math.min(...finite);
  const span = Math.max(Math.max(...finite) - low, Math.log10(2));
  return logs.map((n) => (n === null ? null : Number.isFinite(n) ? 0.12 + (0.88 * (n - low)) / span : 0));
}

function bars(heights: (number | null)[], title: string, kind: string): Element {
  const step = WIDTH / heights.length;
  const picture = svg("svg", {
    class: `gm-spark gm-spark-${kind}`,
    width: WIDTH,
    height: HEIGHT,
    role: "img",
    "aria-label": title,
  });
  picture.append(svg("title", {}, title));
  heights.forEach((height, i) => {
    const tall = height === null ? HEIGHT : Math.max(1, height * HEIGHT);
    picture.append(
      svg("rect", {
        x: (i * step).toFixed(2),
        y: (HEIGHT - tall).toFixed(2),
        width: Math.max(1, step - 1).toFixed(2),
        height: tall.toFixed(2),
        ...(height === null ? { class: "gm-spark-bad" } : {}),
      }),
    );
  });
  return el("span", { title }, picture);
}
