/** The parts of the flow graph as SVG. */

import type { Edge } from "../report";
import { EDGE_MEANING, WORDS } from "../vocabulary";
import { el, svg } from "./dom";
import { trans } from "./language";
import type { Box, Link, Point } from "./layout";
import { nodeKind, numeral } from "./words";

export function thickness(norm: Edge["norm"]): number {
  if (typeof norm !== "number" || norm <= 0) return 1.6;
  return Math.min(7, Math.max(1.2, 3.6 + Math.log10(norm)));
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

export function linkView({ edge, points, vertical }: Link, isBroken: boolean): SVGElement {
  const norm = edge.norm === null ? "" : trans.__("norm %1", numeral(edge.norm));
  const meaning = [EDGE_MEANING[edge.status], norm].filter(Boolean).join(", ");
  const line = svg(
    "path",
    { d: curve(points, vertical), class: `gm-link gm-link-${edge.status}`, "stroke-width": thickness(edge.norm) },
    svg("title", {}, edge.status === "flows" && norm ? norm : meaning),
  );
  const group = svg("g", { class: "gm-edge" }, line);
  if (isBroken) {
    // All lines into a node meet here, so one break serves them all.
    const end = points[points.length - 1];
    const along: keyof Point = vertical ? "y" : "x";
    const side = points[points.length - 2][along] < end[along] ? -1 : 1;
    const { x, y }: Point = { ...end, [along]: end[along] + side * 13 };
    group.append(slashes(x, y, vertical ? 90 : 0));
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

export function legend(kinds: Edge["status"][]): HTMLElement {
  const samples = kinds.map((kind) => {
    const line = svg("path", {
      d: "M0 7H30",
      class: `gm-link gm-link-${kind}`,
      "stroke-width": kind === "flows" ? 3 : 1.6,
    });
    const sample = svg("svg", { width: 30, height: 14, "aria-hidden": "true" }, line, kind === "cut" && slashes(15, 7));
    return el("span", { class: "gm-key" }, sample, EDGE_MEANING[kind]);
  });
  return el(
    "figcaption",
    { class: "gm-legend" },
    ...samples,
    el("span", { class: "gm-key" }, trans.__("Gradients travel from the target back to the variables.")),
  );
}
