import type { Edge, FlowGraph } from "../report";

export interface Route {
  nodes: Set<string>;
  edges: Set<Edge>;
}

/** Why a node is as it is: every way from it towards the target, up to the first cut, where the gradient ends. */
export function route(flow: FlowGraph, from: Set<string>): Route {
  const outgoing = new Map<string, Edge[]>();
  for (const edge of flow.edges) outgoing.set(edge.source, [...(outgoing.get(edge.source) ?? []), edge]);
  const kinds = new Map(flow.nodes.map((node) => [node.id, node.kind]));
  const found: Route = { nodes: new Set(from), edges: new Set() };
  const open = [...from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (kinds.get(id) === "cut") continue;
    for (const edge of outgoing.get(id) ?? []) {
      found.edges.add(edge);
      if (found.nodes.has(edge.target)) continue;
      found.nodes.add(edge.target);
      open.push(edge.target);
    }
  }
  return found;
}
