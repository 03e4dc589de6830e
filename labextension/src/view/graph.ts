import type { Edge, Report } from "../report";
import { EDGE_MEANING } from "../vocabulary";
import { el, svg } from "./dom";
import { arrange, type Box, type Link, type Point } from "./layout";
import { route } from "./route";
import type { Selected, Selection } from "./selection";
import { numeral } from "./words";

const MARGIN = 6;

/** The flow graph of a gradient call: edges as thick as the gradient on a log scale, a cut drawn as a cut. */
export function flowGraph(report: Report, index: number, selection: Selection): HTMLElement | null {
  const flow = report.calls[index].graph;
  if (!flow.nodes.length) return null;
  const { boxes, links, width, height } = arrange(flow);
  const [wide, tall] = [width + 2 * MARGIN, height + 2 * MARGIN];
  const picture = svg("svg", {
    viewBox: `${-MARGIN} ${-MARGIN} ${wide} ${tall}`,
    role: "group",
    "aria-label": "Flow of the gradient from the target back to the variables",
  });
  // It shrinks with the page as long as it can be read, and scrolls from there on.
  picture.style.cssText = `width:${Math.round(wide)}px;max-width:100%;min-width:${Math.round(wide * 0.7)}px`;
  const cuts = new Set(flow.nodes.filter((node) => node.kind === "cut").map((node) => node.id));
  const drawn = links.map((link) => ({ link, group: linkView(link, broken(link.edge, cuts)) }));
  const nodes = boxes.map((box) => ({ box, group: nodeView(box, () => selection.select(chosen(report, index, box))) }));
  picture.append(...drawn.map(({ group }) => group), ...nodes.map(({ group }) => group));

  selection.listen((selected) => {
    const picked = pickedNodes(report, index, selected);
    const on = route(flow, picked);
    for (const { box, group } of nodes) {
      group.classList.toggle("gm-selected", picked.has(box.node.id));
      group.classList.toggle("gm-off-route", on.nodes.size > 0 && !on.nodes.has(box.node.id));
    }
    for (const { link, group } of drawn)
      group.classList.toggle("gm-off-route", on.nodes.size > 0 && !on.edges.has(link.edge));
  });
  const kinds = [...new Set(flow.edges.map((edge) => edge.status))];
  return el("figure", { class: "gm-graph" }, el("div", { class: "gm-scroll" }, picture), legend(kinds));
}

/** Gradients stop on the variables' side of a cut: there the line is broken. Where no node is the cut, every cut line is. */
function broken(edge: Edge, cuts: Set<string>): boolean {
  return edge.status === "cut" && (cuts.has(edge.target) || !cuts.size);
}

/** What a click on a node selects: the variable, or the finding about this place, or the node alone. */
function chosen(report: Report, call: number, { node }: Box): Selected {
  if (node.kind === "variable") return { call, variable: node.label };
  const finding = report.findings.findIndex(
    (f) =>
      (f.call === call || f.call === null) &&
      node.location !== null &&
      f.location?.line === node.location.line &&
      f.location.cell === node.location.cell &&
      f.location.file === node.location.file &&
      (node.kind === "cut" || (node.status !== null && node.status !== "ok")),
  );
  return finding >= 0 ? { call, finding } : { call, node: node.id };
}

function pickedNodes(report: Report, index: number, selected: Selected): Set<string> {
  const finding = selected.finding === undefined ? undefined : report.findings[selected.finding];
  if (selected.call !== index && finding?.call !== index) return new Set();
  const picked = report.calls[index].graph.nodes.filter((node) => {
    if (selected.node !== undefined) return node.id === selected.node;
    if (node.kind === "variable")
      return selected.variable === node.label || (finding?.variables.includes(node.label) ?? false);
    const at = finding?.location;
    const here =
      at && node.location?.line === at.line && node.location.cell === at.cell && node.location.file === at.file;
    return Boolean(here) && (node.kind === "cut" || (node.status !== null && node.status !== "ok"));
  });
  return new Set(picked.map((node) => node.id));
}

export function thickness(norm: Edge["norm"]): number {
  if (typeof norm !== "number" || norm <= 0) return 1.6;
  return Math.min(7, Math.max(1.2, 3.6 + Math.log10(norm)));
}

/** A line through the points that leaves and arrives level. */
function curve(points: Point[]): string {
  return points
    .map((p, i) => {
      if (!i) return `M${p.x.toFixed(1)} ${p.y.toFixed(1)}`;
      const middle = ((points[i - 1].x + p.x) / 2).toFixed(1);
      return `C${middle} ${points[i - 1].y.toFixed(1)} ${middle} ${p.y.toFixed(1)} ${p.x.toFixed(1)} ${p.y.toFixed(1)}`;
    })
    .join("");
}

function linkView({ edge, points }: Link, isBroken: boolean): SVGElement {
  const meaning = EDGE_MEANING[edge.status] + (edge.norm === null ? "" : `, norm ${numeral(edge.norm)}`);
  const line = svg(
    "path",
    { d: curve(points), class: `gm-link gm-link-${edge.status}`, "stroke-width": thickness(edge.norm) },
    svg("title", {}, edge.status === "flows" && edge.norm !== null ? `norm ${numeral(edge.norm)}` : meaning),
  );
  const group = svg("g", { class: "gm-edge" }, line);
  if (isBroken) {
    // All lines into a node meet here, so one break serves them all.
    const end = points[points.length - 1];
    const side = points[points.length - 2].x < end.x ? -1 : 1;
    group.append(slashes(end.x + side * 13, end.y));
  }
  return group;
}

/** Two slashes over a gap: the line is broken here. */
function slashes(x: number, y: number): SVGElement {
  return svg(
    "g",
    { class: "gm-break", transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
    svg("rect", { x: -5, y: -8, width: 10, height: 16 }),
    svg("path", { d: "M-6 7l4 -14M2 7l4 -14" }),
  );
}

function nodeView(box: Box, select: () => void): SVGElement {
  const { node, width, height } = box;
  const round = node.kind === "variable" || node.kind === "target";
  const label = `${node.kind} ${node.label}${node.status ? `, ${node.status}` : ""}${node.kind === "cut" ? ", the gradient ends here" : ""}`;
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
    svg("rect", { x: -width / 2, y: -height / 2, width, height, rx: round ? Math.min(height / 2, 18) : 5 }),
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

function legend(kinds: Edge["status"][]): HTMLElement {
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
    el("span", { class: "gm-key" }, "Gradients travel from right to left."),
  );
}
