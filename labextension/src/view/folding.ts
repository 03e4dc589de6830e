/** The flow graph made small: what is healthy is folded into groups that the reader may open, what is wrong stays in sight. */

import type { Edge, FlowGraph, Node } from "../report";
import { trans } from "./language";
import { variableCount } from "./words";

/** A group that stands for several nodes of the report. */
export interface Group extends Node {
  members: string[];
}

export interface Small {
  nodes: (Node | Group)[];
  edges: Edge[];
  /** For each node of the report the node that shows it. */
  shownBy: Map<string, string>;
}

export const MOST = 25;
// More than these between variables and target would not fit on a screen.
const MOST_STEPS = 6;
const MOST_INSIDE = 12;
const ALIKE = 4;
const BAD = new Set<string | null>(["none", "zero", "nan", "inf", "vanishing", "exploding", "wrong", "error"]);
const STRENGTH: Edge["status"][] = ["unused", "flows", "zero", "bad", "cut"];

interface Part {
  id: string;
  members: Node[];
  /** The opened group that it is inside of, `""` for none. */
  region: string;
}

/** At most some 25 nodes, and some 12 more for every group in `open`; where it is `narrow`, variables that are alike never stand side by side. */
export function folded(flow: FlowGraph, open: ReadonlySet<string> = new Set(), narrow = false): Small {
  const fold = new Folding(flow);
  fold.shrink("", MOST, MOST_STEPS);
  fold.condense(narrow ? 1 : ALIKE);
  fold.open(open);
  return fold.result();
}

export function isGroup(node: Node | Group): node is Group {
  return "members" in node;
}

class Folding {
  private parts: Map<string, Part>;
  private partOf = new Map<string, Part>();
  private edges: Edge[];
  private onPath: Set<string>;
  private adjacent: Record<"source" | "target", Map<Part, Set<Part>>> | null = null;

  constructor(private flow: FlowGraph) {
    this.parts = new Map(flow.nodes.map((node) => [node.id, { id: node.id, members: [node], region: "" }]));
    for (const part of this.parts.values()) this.partOf.set(part.id, part);
    this.edges = flow.edges.filter((edge) => this.partOf.has(edge.source) && this.partOf.has(edge.target));
    this.onPath = this.path();
  }

  /** Joins what lies in a region until only so many parts of it are left. */
  shrink(region: string, most: number, steps = most): void {
    const inside = () => [...this.parts.values()].filter((part) => part.region === region);
    while (inside().filter((part) => part.members[0].kind !== "variable").length > steps) {
      if (!this.contract(region)) break;
    }
    for (let excess = inside().length - most; excess > 0; excess = inside().length - most) {
      if (!this.bundle(region, excess) && !this.contract(region) && !this.gather(region, excess)) break;
    }
  }

  /** Takes opened groups apart, also those inside of others; what is around them stays as it is. */
  open(groups: ReadonlySet<string>): void {
    const left = new Set(groups);
    for (;;) {
      const part = [...this.parts.values()].find((p) => p.members.length > 1 && left.has(p.id));
      if (!part) return;
      left.delete(part.id);
      this.parts.delete(part.id);
      for (const node of part.members) {
        const single = { id: node.id, members: [node], region: part.id };
        this.parts.set(node.id, single);
        this.partOf.set(node.id, single);
      }
      this.adjacent = null;
      this.shrink(part.id, MOST_INSIDE);
    }
  }

  result(): Small {
    const shownBy = new Map([...this.partOf].map(([id, part]) => [id, part.id]));
    const joined = new Map<string, Edge>();
    for (const edge of this.edges) {
      const [source, target] = [shownBy.get(edge.source) ?? "", shownBy.get(edge.target) ?? ""];
      if (source === target && edge.source !== edge.target) continue;
      const key = JSON.stringify([source, target]);
      const before = joined.get(key);
      joined.set(key, before ? stronger(before, edge) : { ...edge, source, target });
    }
    const nodes = [...this.parts.values()].map((part) => (part.members.length > 1 ? groupOf(part) : part.members[0]));
    return { nodes, edges: [...joined.values()], shownBy };
  }

  /** Variables that are alike become one, where they are more than a few. */
  condense(most: number): void {
    for (const parts of this.alike("")) if (parts.length > most) this.join(parts);
  }

  /** Variables that flow into the same place with the same result become one; false if there are none. */
  private bundle(region: string, excess: number): boolean {
    const [most] = this.alike(region).sort((a, b) => b.length - a.length);
    if (!most || most.length < 3) return false;
    this.joinRest(most, region, excess);
    return true;
  }

  private alike(region: string): Part[][] {
    const groups = new Map<string, Part[]>();
    for (const part of this.parts.values()) {
      const [first] = part.members;
      if (part.region !== region || first.kind !== "variable" || this.neighbours(part, "source").size) continue;
      const key = JSON.stringify([first.status, [...this.neighbours(part, "target")].map((p) => p.id).sort()]);
      groups.set(key, [...(groups.get(key) ?? []), part]);
    }
    return [...groups.values()];
  }

  /** Of an opened group the first ones stay in sight, or it could never be opened. */
  private joinRest(parts: Part[], region: string, excess: number): void {
    this.join(parts.slice(region ? Math.max(0, parts.length - 1 - excess) : 0));
  }

  /** Two neighbours on a chain become one, healthy and small ones first; false if there is nothing to join. */
  private contract(region: string): boolean {
    let best: [Part, Part] | null = null;
    let least = Infinity;
    for (const edge of this.edges) {
      const [a, b] = [this.partOf.get(edge.source), this.partOf.get(edge.target)];
      if (!a || !b || a === b || a.region !== region || b.region !== region) continue;
      if (!this.plain(a) || !this.plain(b)) continue;
      // Only this joins without a circle: one way out of the first, or one way into the second.
      const outward = this.neighbours(a, "target").size;
      const inward = [...this.neighbours(b, "source")].filter((p) => p.members[0].kind !== "variable").length;
      if (outward > 1 && inward > 1) continue;
      const matters = a.members.concat(b.members).some((node) => this.onPath.has(node.id));
      const cost = a.members.length + b.members.length + (matters ? 1e6 : 0);
      if (cost < least) [best, least] = [[a, b], cost];
    }
    if (!best) return false;
    this.join(best);
    return true;
  }

  /** The last resort: variables of one place whatever became of them. */
  private gather(region: string, excess: number): boolean {
    const byPlace = new Map<string, Part[]>();
    for (const part of this.parts.values()) {
      if (part.region !== region || part.members[0].kind !== "variable") continue;
      const key = JSON.stringify([...this.neighbours(part, "target")].map((p) => p.id).sort());
      byPlace.set(key, [...(byPlace.get(key) ?? []), part]);
    }
    const group = [...byPlace.values()].find((parts) => parts.length > 1);
    if (group) this.joinRest(group, region, excess);
    return group !== undefined;
  }

  private plain(part: Part): boolean {
    return part.members.every((node) => (node.kind === "op" || node.kind === "group") && !BAD.has(node.status));
  }

  private neighbours(part: Part, side: "source" | "target"): Set<Part> {
    this.adjacent ??= this.adjacency();
    return this.adjacent[side].get(part) ?? new Set();
  }

  private adjacency(): Record<"source" | "target", Map<Part, Set<Part>>> {
    const found = { source: new Map<Part, Set<Part>>(), target: new Map<Part, Set<Part>>() };
    const add = (map: Map<Part, Set<Part>>, from: Part, to: Part) =>
      map.set(from, (map.get(from) ?? new Set()).add(to));
    for (const edge of this.edges) {
      const [a, b] = [this.partOf.get(edge.source), this.partOf.get(edge.target)];
      if (!a || !b || a === b) continue;
      add(found.target, a, b);
      add(found.source, b, a);
    }
    return found;
  }

  private join(parts: Part[]): void {
    const members = parts.flatMap((part) => part.members);
    const joined = { id: `group:${members[0].id}:${members.length}`, members, region: parts[0].region };
    for (const part of parts) this.parts.delete(part.id);
    for (const node of members) this.partOf.set(node.id, joined);
    this.parts.set(joined.id, joined);
    this.adjacent = null;
  }

  /** What lies between a variable that is in trouble and the place where its gradient ends. */
  private path(): Set<string> {
    const ends = new Set(this.flow.nodes.filter((n) => n.kind === "cut" || BAD.has(n.status)).map((n) => n.id));
    const before = new Map<string, string[]>();
    for (const { source, target } of this.edges) before.set(target, [...(before.get(target) ?? []), source]);
    const found = new Set(ends);
    const waiting = [...ends];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      for (const source of before.get(id) ?? []) {
        if (found.has(source)) continue;
        found.add(source);
        waiting.push(source);
      }
    }
    return found;
  }
}

function stronger(a: Edge, b: Edge): Edge {
  const status = STRENGTH.indexOf(a.status) >= STRENGTH.indexOf(b.status) ? a.status : b.status;
  const norm = typeof a.norm === "number" && typeof b.norm === "number" ? Math.max(a.norm, b.norm) : (a.norm ?? b.norm);
  return { ...a, status, norm };
}

function groupOf(part: Part): Group {
  const variables = part.members.every((node) => node.kind === "variable");
  const wrong = part.members.find((node) => BAD.has(node.status))?.status;
  const status = wrong ?? (variables ? part.members[0].status : null);
  const labels = part.members.map((node) => node.label);
  const name = variables ? nameOf(labels) : chainName(labels);
  const parts = part.members.length;
  const amount = variables ? variableCount(parts) : trans._n("%1 part", "%1 parts", parts);
  return {
    id: part.id,
    kind: variables ? "variable" : "group",
    label: variables ? amount : name,
    detail: variables ? name : amount,
    location: part.members.find((node) => node.location)?.location ?? null,
    status,
    members: part.members.map((node) => node.id),
  };
}

/** The beginning that all names share, whole words of a path only; else the first and the last. */
export function nameOf(labels: string[]): string {
  const paths = labels.map((label) => label.split("/"));
  const shared = paths[0].filter((word, i) => paths.every((path) => path[i] === word && path.length > i + 1));
  const depth = paths[0].findIndex((word, i) => shared[i] !== word);
  if (depth > 0) return `${paths[0].slice(0, depth).join("/")}/…`;
  return `${labels[0]} … ${labels[labels.length - 1]}`;
}

/** The first and the last name on a chain, without the path that they share. */
export function chainName(labels: string[]): string {
  const first = labels[0].split(" … ")[0].split("/");
  const last = (labels[labels.length - 1].split(" … ").pop() ?? "").split("/");
  let same = 0;
  while (same < Math.min(first.length, last.length) - 1 && first[same] === last[same]) same++;
  return `${first.slice(same).join("/")} … ${last.slice(same).join("/")}`;
}
