/** The parts of the flow graph as SVG. */

import type { Edge } from "../report";
import { EDGE_MEANING, WORDS } from "../vocabulary";
import { el, svg } from "./dom";
import { trans } from "./language";
import type { Box, Link, Point } from "./layout";
import { nodeKind, numeral } from "./words";

const [THINNEST, THICKEST] = [1.5, 6];
const PLAIN = 1.8;

/** How thick each line is: the norms of a picture on a log scale. Those within a factor of ten look alike on purpose, the picture is for orders of magnitude. */
export function thickness(edges: Edge[]): (edge: Edge) => number {
  const log = (edge: Edge) =>
    edge.status === "flows" && typeof edge.norm === "number" && edge.norm > 0 ? Math.log10(edge.norm) : null;
  const logs = edges.map(log).filter((norm) => norm !== null);
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  return (edge) => {
    const mine = log(edge);
    if (mine === null) return PLAIN;
    return THICKEST - ((THICKEST - THINNEST) * (high - mine)) / Math.max(high - low, 1);
  };
}

/** A line through the points that leaves and arrives along the direction of the flow. */
function curve(points: Point[], vertical: boolean): string {
  const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return points
    .map((p, i) => {
      if (!i) return `M${at(p.x, p.y)}`;
      const q = points[i - 1];
      const [x, y] = [(q.x + p.x) / 2, (q.y + p.y) / 2];
      return vertical ? `C${at(q.x, y)} ${at(p.x, y)} ${at(p.x, p.y)}` : `C${at(x, q.y)} ${at(x, p.y)} ${at(p.x, p.y)}`;
    })
    .join("");
}

/** The point of the curve between two points that is so far from the first one, along the flow. */
function onLine(p: Point, q: Point, distance: number, vertical: boolean): Point {
  const [along, across]: (keyof Point)[] = vertical ? ["y", "x"] : ["x", "y"];
  const middle = (p[along] + q[along]) / 2;
  let found = p;
  for (let t = 0; t <= 1 && Math.abs(found[along] - p[along]) < distance; t += 0.025) {
    const back = 1 - t;
    const ahead = t ** 3 + 3 * back * t ** 2;
    found = {
      ...p,
      [along]: back ** 3 * p[along] + 3 * back * t * middle + t ** 3 * q[along],
      [across]: (1 - ahead) * p[across] + ahead * q[across],
    };
  }
  return found;
}

/** Where a line is broken, if it is. */
export type Broken = false | "at its end" | "at its start";

export function linkView({ edge, points, vertical }: Link, width: number, isBroken: Broken): SVGElement {
  const norm = edge.norm === null ? "" : trans.__("norm %1", numeral(edge.norm));
  const meaning = [EDGE_MEANING[edge.status], norm].filter(Boolean).join(", ");
  const line = svg(
    "path",
    { d: curve(points, vertical), class: `gm-link gm-link-${edge.status}`, "stroke-width": width },
    svg("title", {}, edge.status === "flows" && norm ? norm : meaning),
  );
  const group = svg("g", { class: "gm-edge" }, line);
  const word = edge.status === "zero" ? "0" : edge.status === "bad" && edge.norm !== null ? numeral(edge.norm) : "";
  if (isBroken || word) {
    const last = points.length - 1;
    // All lines into a cut meet there, so one break serves them all; else a sign belongs to where the line comes from.
    const { x, y } =
      isBroken === "at its end"
        ? onLine(points[last], points[last - 1], 13, vertical)
        : onLine(points[0], points[1], isBroken ? 14 : 17, vertical);
    group.append(isBroken ? slashes(x, y, vertical ? 90 : 0) : pill(x, y, word, edge.status));
  }
  return group;
}

/** Two slashes over a gap: the line is broken here. */
function slashes(x: number, y: number, turn = 0): SVGElement {
  return svg(
    "g",
    { class: "gm-break", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${turn})` },
    svg("rect", { x: -5, y: -8, width: 10, height: 16 }),
    svg("path", { d: "M-6 7l4 -14M2 7l4 -14" }),
  );
}

/** A word on a line. */
function pill(x: number, y: number, word: string, status: Edge["status"]): SVGElement {
  const half = word.length * 3.2 + 4;
  return svg(
    "g",
    { class: `gm-pill gm-pill-${status}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
    svg("rect", { x: -half, y: -8, width: 2 * half, height: 16, rx: 8 }),
    svg("text", { y: 3.5 }, word),
  );
}

export function nodeView(box: Box, select: () => void): SVGElement {
  const { node, width, height } = box;
  const round = node.kind === "variable" || node.kind === "target";
  const ends = node.kind === "cut" && trans.__("the gradient ends here");
  const label = [`${nodeKind(node.kind)} ${node.label}`, node.status && WORDS[node.status], ends]
    .filter(Boolean)
    .join(", ");
  const shape = { x: -width / 2, y: -height / 2, width, height, rx: round ? Math.min(height / 2, 18) : 5 };
  const group = svg(
    "g",
    {
      class: `gm-node gm-kind-${node.kind} gm-is-${node.status ?? "plain"}`,
      "data-node": node.id,
      tabindex: 0,
      role: "button",
      "aria-label": label,
      transform: `translate(${box.x.toFixed(1)} ${box.y.toFixed(1)})`,
    },
    svg("title", {}, `${node.label}${node.detail ? `\n${node.detail}` : ""}`),
    box.pile && svg("rect", { ...shape, x: shape.x + 4, y: shape.y + 4, class: "gm-pile" }),
    svg("rect", shape),
    svg("text", { y: box.under ? -3 : 4, class: "gm-node-label" }, box.title),
  );
  if (box.under) group.append(svg("text", { y: 12, class: "gm-node-under" }, box.under));
  group.addEventListener("click", select);
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    select();
  });
  return group;
}

/** What the kinds of lines mean that are drawn. */
export function legend(kinds: Edge["status"][]): HTMLElement[] {
  const samples = kinds.map((kind) => {
    const line = svg("path", {
      d: "M0 7H30",
      class: `gm-link gm-link-${kind}`,
      "stroke-width": kind === "flows" ? 3 : 1.6,
    });
    const sample = svg("svg", { width: 30, height: 14, "aria-hidden": "true" }, line, kind === "cut" && slashes(15, 7));
    return el("span", { class: "gm-key" }, sample, EDGE_MEANING[kind]);
  });
  return [
    ...samples,
    el("span", { class: "gm-key" }, trans.__("Gradients travel from the target back to the variables.")),
  ];
}
