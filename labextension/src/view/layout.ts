import { Graph, layout } from "@dagrejs/dagre";
import type { Edge, Node as FlowNode } from "../report";
import { ICONS } from "../vocabulary";
import { isGroup } from "./folding";
import { trans } from "./language";
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
  vertical: boolean;
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

/** Where everything stands: variables to the left and the target to the right, or from top to bottom. */
export function arrange(flow: { nodes: FlowNode[]; edges: Edge[] }, vertical = false): Picture {
  const graph = new Graph();
  graph.setGraph({ rankdir: vertical ? "TB" : "LR", nodesep: 16, ranksep: 36, marginx: MARGIN, marginy: MARGIN });
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
  const along = vertical ? "y" : "x";
  const half = (box: Box) => (vertical ? box.height : box.width) / 2;
  // The root that holds the variables together takes up room of its own.
  const start = Math.min(...[...boxes.values()].map((box) => box[along] - half(box))) - MARGIN;
  const shift = Number.isFinite(start) ? start : 0;
  for (const box of boxes.values()) box[along] -= shift;
  const links = edges.map((edge) => {
    const inner = (graph.edge(edge.source, edge.target).points ?? [])
      .slice(1, -1)
      .map((p: Point) => ({ ...p, [along]: p[along] - shift }));
    const [source, target] = [boxes.get(edge.source) as Box, boxes.get(edge.target) as Box];
    return { edge, vertical, points: joined(source, inner, target, along, half) };
  });
  const { width = 0, height = 0 } = graph.graph();
  const size = { width, height };
  size[vertical ? "height" : "width"] -= shift;
  return { boxes: [...boxes.values()], links, ...size };
}

/** From the far side of the source to the near side of the target; backwards where the target stands before it. */
function joined(source: Box, inner: Point[], target: Box, along: "x" | "y", half: (box: Box) => number): Point[] {
  const side = source[along] < target[along] ? 1 : -1;
  const end = (box: Box, sign: number) => ({ x: box.x, y: box.y, [along]: box[along] + sign * side * half(box) });
  return [end(source, 1), ...inner, end(target, -1)];
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
      ? trans.__("the gradient ends here")
      : node.kind === "target"
        ? trans.__("target")
        : shortened(node.detail, LONGEST + 4);
  const width = Math.max(title.length * LETTER, under.length * SMALL_LETTER, 36) + 24;
  return { node, width, height: under ? 42 : 30, title, under, pile: isGroup(node), x: 0, y: 0 };
}
