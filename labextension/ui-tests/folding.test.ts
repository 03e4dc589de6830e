// @vitest-environment jsdom
import { expect, test } from "vitest";
import type { Edge, FlowGraph, Node, Report } from "../src/report";
import { chainName, folded, isGroup, MOST, nameOf } from "../src/view/folding";
import { flowGraph } from "../src/view/graph";
import { Selection } from "../src/view/selection";

const node = (id: string, kind: Node["kind"], status: Node["status"] = null): Node => ({
  id,
  kind,
  label: id,
  detail: "",
  location: null,
  status,
});
const edge = (source: string, target: string, status: Edge["status"] = "flows", norm = 1): Edge => ({
  source,
  target,
  status,
  norm,
});

/** Layers in a row with two variables each; the gradient is cut after layer `cut`. */
function deep(layers: number, cut: number): FlowGraph {
  const nodes: Node[] = [node("loss", "target")];
  const edges: Edge[] = [];
  for (let i = 0; i < layers; i++) {
    const dead = i <= cut;
    nodes.push(node(`net/d${i}`, i === cut ? "cut" : "op"));
    for (const part of ["kernel", "bias"]) {
      nodes.push(node(`net/d${i}/${part}`, "variable", dead ? "none" : "ok"));
      edges.push(edge(`net/d${i}/${part}`, `net/d${i}`, dead ? "cut" : "flows"));
    }
    edges.push(edge(`net/d${i}`, i + 1 < layers ? `net/d${i + 1}` : "loss", dead ? "cut" : "flows", i));
  }
  return { nodes, edges };
}

test("a small graph stays as it is", () => {
  const flow = deep(5, 2);
  expect(folded(flow)).toMatchObject({ nodes: flow.nodes, edges: flow.edges });
});

test.each([
  [40, 30],
  [40, 0],
  [100, 99],
  [300, 150],
])("%i layers become few nodes, the cut stays", (layers, cut) => {
  const flow = deep(layers, cut);
  const small = folded(flow);
  expect(small.nodes.length).toBeLessThanOrEqual(MOST);
  const kinds = new Map(small.nodes.map((n) => [n.id, n.kind]));
  expect([kinds.get(`net/d${cut}`), kinds.get("loss")]).toEqual(["cut", "target"]);
  for (const { id } of flow.nodes) expect(kinds.has(small.shownBy.get(id) ?? "")).toBe(true);
  const members = small.nodes.flatMap((n) => (isGroup(n) ? n.members : [n.id]));
  expect(members.sort()).toEqual(flow.nodes.map((n) => n.id).sort());
  expect(small.edges.some((e) => e.status === "cut" && e.target === `net/d${cut}`)).toBe(true);
  expect(acyclic(small.edges)).toBe(true);
});

test("a group opens into smaller ones down to the nodes, and the rest stays small", () => {
  const flow = deep(100, 50);
  const open = new Set<string>();
  let small = folded(flow);
  for (let round = 0; round < 100; round++) {
    const group = small.nodes.find(isGroup);
    if (!group) break;
    open.add(group.id);
    const next = folded(flow, open);
    expect(next.nodes.length).toBeGreaterThan(small.nodes.length);
    expect(next.nodes.length - small.nodes.length).toBeLessThanOrEqual(12);
    small = next;
  }
  expect(small.nodes.length).toBe(flow.nodes.length);
});

test("lines between groups show the worst and the widest of what they stand for", () => {
  const flow: FlowGraph = {
    nodes: [node("t", "target"), ...Array.from({ length: 40 }, (_, i) => node(`v${i}`, "variable", "zero"))],
    edges: Array.from({ length: 40 }, (_, i) => edge(`v${i}`, "t", i === 7 ? "bad" : "flows", i)),
  };
  const small = folded(flow);
  expect(small.nodes.length).toBe(2);
  expect(small.edges).toMatchObject([{ status: "bad", norm: 39 }]);
});

test("names tell what is inside", () => {
  expect(nameOf(["enc/a/kernel", "enc/a/bias", "enc/b/bias"])).toBe("enc/…");
  expect(nameOf(["d1/kernel", "d2/bias"])).toBe("d1/kernel … d2/bias");
  expect(chainName(["net/a … b", "net/c", "net/d/e … net/d/f"])).toBe("a … d/f");
  expect(chainName(["a", "b"])).toBe("a … b");
});

test("in the picture a group opens and closes, by mouse and keyboard", () => {
  const report = { findings: [], calls: [{ graph: deep(60, 30), variables: [] }] } as unknown as Report;
  const figure = flowGraph(report, 0, new Selection()) as HTMLElement;
  document.body.append(figure);
  const nodes = () => figure.querySelectorAll(".gm-node").length;
  const before = nodes();
  expect(before).toBeLessThanOrEqual(MOST);
  figure.querySelector(".gm-expander")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  expect(nodes()).toBeGreaterThan(before);
  figure.querySelector<HTMLElement>(".gm-opened button")?.click();
  expect(nodes()).toBe(before);
  const group = figure.querySelector(".gm-expander")?.parentElement;
  group?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  expect(nodes()).toBeGreaterThan(before);
});

function acyclic(edges: Edge[]): boolean {
  const left = new Set(edges);
  for (;;) {
    const targets = new Set([...left].map((e) => e.target));
    const free = [...left].filter((e) => !targets.has(e.source));
    if (!free.length) return left.size === 0;
    for (const e of free) left.delete(e);
  }
}
