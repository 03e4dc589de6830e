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
const BOLD_LETTER = 7.9;
const SMALL_LETTER = 5.9;
const LONGEST = 24;
const LONGEST_UNDER = 28;
const MARGIN = 12;
const ROOT = "\u0000root";
// In a short graph all variables stand in one column; in a long one each stands beside its layer, or edges would cross the whole picture.
// From top to bottom there is no room for a row of them.
const ONE_COLUMN = 6;
const ONE_ROW = 3;

/** Where everything stands: variables to the left and the target to the right, or from top to bottom. Names that begin with `shared` do without it. */
export function arrange(flow: { nodes: FlowNode[]; edges: Edge[] }, vertical = false, shared = ""): Picture {
  const graph = new Graph();
  graph.setGraph({
    rankdir: vertical ? "TB" : "LR",
    nodesep: vertical ? 10 : 16,
    ranksep: 36,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  const boxes = new Map(flow.nodes.map((node) => [node.id, boxOf(node, shared)]));
  for (const [id, { width, height }] of boxes) graph.setNode(id, { width, height });
  const variables = flow.nodes.filter((node) => node.kind === "variable");
  const edges = flow.edges.filter(
    (edge) => boxes.has(edge.source) && boxes.has(edge.target) && edge.source !== edge.target,
  );
  for (const edge of edges) graph.setEdge(edge.source, edge.target);
  if (variables.length <= (vertical ? ONE_ROW : ONE_COLUMN)) {
    graph.setNode(ROOT, { width: 0, height: 0 });
    for (const node of variables) graph.setEdge(ROOT, node.id, { weight: 20 });
  }
  layout(graph);
  for (const [id, box] of boxes) Object.assign(box, { x: graph.node(id).x, y: graph.node(id).y });
  const along = vertical ? "y" : "x";
  const half = (box: Box) => (vertical ? box.height : box.width) / 2;
  const links = edges.map((edge) => {
    const inner = (graph.edge(edge.source, edge.target).points ?? []).slice(1, -1);
    const [source, target] = [boxes.get(edge.source) as Box, boxes.get(edge.target) as Box];
    return { edge, vertical, points: joined(source, inner, target, along, half) };
  });
  return framed([...boxes.values()], links);
}

/** Everything moved so that it fills the picture: the root that holds the variables together takes up room of its own, and lines run outside of it. */
function framed(boxes: Box[], links: Link[]): Picture {
  const corners = [
    ...boxes.flatMap(({ x, y, width, height }) => [
      { x: x - width / 2, y: y - height / 2 },
      { x: x + width / 2, y: y + height / 2 },
    ]),
    ...links.flatMap((link) => link.points),
  ];
  const [xs, ys] = [corners.map((p) => p.x), corners.map((p) => p.y)];
  const [left, top] = [Math.min(...xs, Infinity) - MARGIN, Math.min(...ys, Infinity) - MARGIN];
  if (!corners.length) return { boxes, links, width: 0, height: 0 };
  const moved = (p: Point) => ({ ...p, x: p.x - left, y: p.y - top });
  for (const box of boxes) Object.assign(box, moved(box));
  const [width, height] = [Math.max(...xs) - left + MARGIN, Math.max(...ys) - top + MARGIN];
  return { boxes, links: links.map((link) => ({ ...link, points: link.points.map(moved) })), width, height };
}

/** From the far side of the source to the near side of the target; backwards where the target stands before it. */
function joined(source: Box, inner: Point[], target: Box, along: "x" | "y", half: (box: Box) => number): Point[] {
  const side = source[along] < target[along] ? 1 : -1;
  const end = (box: Box, sign: number) => ({ x: box.x, y: box.y, [along]: box[along] + sign * side * half(box) });
  return [end(source, 1), ...inner, end(target, -1)];
}

/** The path that all names begin with: the picture does without it, the table has the whole names. */
export function sharedPath(labels: string[]): string {
  const paths = labels.filter((label) => label.includes("/")).map((label) => label.split("/").slice(0, -1));
  if (paths.length < 2) return "";
  const [first] = paths;
  let same = 0;
  while (same < first.length && paths.every((path) => path[same] === first[same])) same++;
  // The last part of a path is the layer: without it `kernel` and `bias` alone would be left.
  const depth = Math.min(same, ...paths.map((path) => path.length - 1));
  return depth > 0 ? `${first.slice(0, depth).join("/")}/` : "";
}

function boxOf(node: FlowNode, shared: string): Box {
  const icon =
    node.kind === "cut"
      ? "✂ "
      : node.status && node.status !== "ok"
        ? `${ICONS[node.status]} `
        : node.kind === "variable"
          ? "✓ "
          : "";
  const own = (name: string) => (name.startsWith(shared) ? name.slice(shared.length) : name);
  const title = icon + shortened(own(node.label), LONGEST);
  const under =
    node.kind === "cut"
      ? trans.__("the gradient ends here")
      : node.kind === "target"
        ? trans.__("target")
        : shortened(own(node.detail), LONGEST_UNDER);
  const letter = (node.status && node.status !== "ok") || !["op", "group"].includes(node.kind) ? BOLD_LETTER : LETTER;
  const width = Math.max(title.length * letter, under.length * SMALL_LETTER, 36) + 20;
  return { node, width, height: under ? 42 : 30, title, under, pile: isGroup(node), x: 0, y: 0 };
}
