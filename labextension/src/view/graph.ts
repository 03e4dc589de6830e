import { Graph, layout } from "@dagrejs/dagre";
import type { Edge, FlowGraph, Node as FlowNode, Report } from "../report";
import { el, svg } from "./dom";
import type { Selection } from "./selection";
import { ICONS } from "./words";

const WIDTH = 178;
const HEIGHT = 42;

/** The flow graph of a gradient call: variables left, target right, edges as thick as the gradient on a log scale. */
export function flowGraph(report: Report, index: number, selection: Selection): HTMLElement | null {
  const flow = report.calls[index].graph;
  if (!flow.nodes.length) return null;
  const graph = arranged(flow);
  const { width = 0, height = 0 } = graph.graph();
  const picture = svg("svg", {
    viewBox: `-8 -8 ${width + 16} ${height + 16}`,
    width: width + 16,
    height: height + 16,
    role: "img",
    "aria-label": "Flow of the gradient from the target back to the variables",
  });
  for (const edge of flow.edges) {
    if (graph.hasEdge(edge.source, edge.target))
      picture.append(edgeView(edge, graph.edge(edge.source, edge.target).points));
  }
  for (const node of flow.nodes) picture.append(nodeView(node, graph.node(node.id), index, report, selection));
  selection.listen((selected) => {
    const finding = selected.finding === undefined ? undefined : report.findings[selected.finding];
    for (const group of picture.querySelectorAll<SVGElement>("[data-node]")) {
      const node = flow.nodes.find((n) => n.id === group.dataset.node);
      const here = selected.call === index;
      const byName =
        node?.kind === "variable" && (selected.variable === node.label || finding?.variables.includes(node.label));
      const byLine = node?.kind !== "variable" && finding?.location && node?.location?.line === finding.location.line;
      group.classList.toggle("gm-selected", here && Boolean(byName || byLine));
    }
  });
  return el("div", { class: "gm-graph gm-scroll" }, picture);
}

function arranged(flow: FlowGraph): Graph {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 46 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of flow.nodes) graph.setNode(node.id, { width: WIDTH, height: HEIGHT });
  const known = new Set(flow.nodes.map((n) => n.id));
  for (const edge of flow.edges)
    if (known.has(edge.source) && known.has(edge.target)) graph.setEdge(edge.source, edge.target);
  layout(graph);
  return graph;
}

export function thickness(norm: Edge["norm"]): number {
  if (typeof norm !== "number" || norm <= 0) return 1.5;
  return Math.min(7, Math.max(1, 4 + Math.log10(norm)));
}

function shortened(text: string, most: number): string {
  const head = Math.floor(most / 2) - 1;
  return text.length <= most ? text : `${text.slice(0, head)}…${text.slice(-(most - head - 1))}`;
}

function edgeView(edge: Edge, points: { x: number; y: number }[]): SVGElement {
  const path = points.map((p, i) => `${i ? "L" : "M"}${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join("");
  const line = svg("path", { d: path, class: `gm-link gm-link-${edge.status}`, "stroke-width": thickness(edge.norm) });
  if (edge.status !== "cut") return line;
  const { x, y } = points[Math.floor(points.length / 2)];
  const cross = svg("path", { d: `M${x - 6} ${y - 6}l12 12M${x + 6} ${y - 6}l-12 12`, class: "gm-cross" });
  return svg("g", {}, line, cross);
}

function nodeView(
  node: FlowNode,
  place: { x: number; y: number },
  call: number,
  report: Report,
  selection: Selection,
): SVGElement {
  const x = place.x - WIDTH / 2;
  const y = place.y - HEIGHT / 2;
  const text = shortened(node.label, 23);
  const under =
    node.kind === "cut"
      ? "✂ the gradient ends here"
      : node.status
        ? `${ICONS[node.status]} ${node.status}`
        : node.kind === "target"
          ? "target"
          : shortened(node.detail, 25);
  const group = svg(
    "g",
    { class: `gm-node gm-kind-${node.kind} gm-is-${node.status ?? "plain"}`, "data-node": node.id, tabindex: 0 },
    svg("title", {}, `${node.label}${node.detail ? `: ${node.detail}` : ""}`),
    svg("rect", {
      x,
      y,
      width: WIDTH,
      height: HEIGHT,
      rx: node.kind === "variable" || node.kind === "target" ? 20 : 6,
    }),
    svg("text", { x: x + 13, y: y + 18, class: "gm-node-label" }, text),
    svg("text", { x: x + 13, y: y + 33, class: "gm-node-under" }, under),
  );
  group.addEventListener("click", () => {
    if (node.kind === "variable") selection.select({ call, variable: node.label });
    else {
      const line = node.location?.line;
      const finding = report.findings.findIndex((f) => f.call === call && f.location?.line === line);
      selection.select(finding >= 0 ? { call, finding } : { call });
    }
  });
  return group;
}
