import { Graph, layout } from "@dagrejs/dagre";
import type { Edge, Node as FlowNode } from "../report";
import { ICONS } from "../vocabulary";
import { isGroup } from "./folding";
import { shortened } from "./words";

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  node: FlowNode;
  width: number;
  height: number;
  title: string;
  under: string;
  /** Drawn as a pile: it stands for several nodes. */
  pile: boolean;
}

export interface Link {
  edge: Edge;
  points: Point[];
}

export interface Picture {
  boxes: Box[];
  links: Link[];
  width: number;
  height: number;
}

const LETTER = 7.1;
const SMALL_LETTER = 5.9;
const LONGEST = 28;
const MARGIN = 12;
const ROOT = "\u0000root";
// In a short graph all variables stand in one column; in a long one each stands beside its layer, or edges would cross the whole picture.
const ONE_COLUMN = 6;

/** Where everything stands: variables to the left, the target to the right. */
export function arrange(flow: { nodes: FlowNode[]; edges: Edge[] }): Picture {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 16, ranksep: 36, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const boxes = new Map(flow.nodes.map((node) => [node.id, boxOf(node)]));
  for (const [id, { width, height }] of boxes) graph.setNode(id, { width, height });
  const variables = flow.nodes.filter((node) => node.kind === "variable");
  const edges = flow.edges.filter(
    (edge) => boxes.has(edge.source) && boxes.has(edge.target) && edge.source !== edge.target,
  );
  for (const edge of edges) graph.setEdge(edge.source, edge.target);
  if (variables.length <= ONE_COLUMN) {
    graph.setNode(ROOT, { width: 0, height: 0 });
    for (const node of variables) graph.setEdge(ROOT, node.id, { weight: 20 });
  }
  layout(graph);
  for (const [id, box] of boxes) Object.assign(box, { x: graph.node(id).x, y: graph.node(id).y });
  const left = Math.min(0, ...[...boxes.values()].map((box) => box.x - box.width / 2)) || 0;
  const start = Math.min(...[...boxes.values()].map((box) => box.x - box.width / 2)) - MARGIN;
  const shift = Number.isFinite(start) ? Math.max(left, start) : 0;
  for (const box of boxes.values()) box.x -= shift;
  const links = edges.map((edge) => {
    const inner = (graph.edge(edge.source, edge.target).points ?? [])
      .slice(1, -1)
      .map((p: Point) => ({ x: p.x - shift, y: p.y }));
    return { edge, points: joined(boxes.get(edge.source) as Box, inner, boxes.get(edge.target) as Box) };
  });
  const { width = 0, height = 0 } = graph.graph();
  return { boxes: [...boxes.values()], links, width: width - shift, height };
}

/** From the right side of the source to the left side of the target; backwards where the target stands further left. */
function joined(source: Box, inner: Point[], target: Box): Point[] {
  const forward = source.x < target.x;
  const side = forward ? 1 : -1;
  return [
    { x: source.x + (side * source.width) / 2, y: source.y },
    ...inner,
    { x: target.x - (side * target.width) / 2, y: target.y },
  ];
}

function boxOf(node: FlowNode): Box {
  const icon =
    node.kind === "cut"
      ? "✂ "
      : node.status && node.status !== "ok"
        ? `${ICONS[node.status]} `
        : node.kind === "variable"
          ? "✓ "
          : "";
  const title = icon + shortened(node.label, LONGEST);
  const under =
    node.kind === "cut"
      ? "the gradient ends here"
      : node.kind === "target"
        ? "target"
        : shortened(node.detail, LONGEST + 4);
  const width = Math.max(title.length * LETTER, under.length * SMALL_LETTER, 36) + 24;
  return { node, width, height: under ? 42 : 30, title, under, pile: isGroup(node), x: 0, y: 0 };
}
