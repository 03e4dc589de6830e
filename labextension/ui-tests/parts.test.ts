// @vitest-environment jsdom
import { expect, test } from "vitest";
import type { Edge, FlowGraph } from "../src/report";
import { visible } from "../src/view/dom";
import { arrange, sharedPath } from "../src/view/layout";
import { lineDiff } from "../src/view/linediff";
import { thickness } from "../src/view/nodes";
import { blocks, page } from "../src/view/prose";
import { byNumber } from "../src/view/rows";
import { logarithms } from "../src/view/spark";
import { numeral, shapeText, share, shortened } from "../src/view/words";

test("edges grow with the logarithm of the norm", () => {
  const edges = (norms: unknown[]) =>
    norms.map((norm, i) => ({ source: `${i}`, target: "t", status: "flows", norm })) as Edge[];
  const far = edges([1e-9, 1e-2, 1, 1e2, 1e9]);
  const widths = far.map(thickness(far));
  expect(new Set(widths).size).toBe(5);
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  const near = edges([1, 1.2]);
  const [one, other] = near.map(thickness(near));
  expect(other - one).toBeLessThan(0.5);
  const odd = edges(["nan", null, 0]);
  expect(new Set(odd.map(thickness(odd))).size).toBe(1);
  expect(thickness(far)({ ...far[4], status: "cut" })).toBe(odd.map(thickness(odd))[0]);
});

test("numbers have three digits and no bare null", () => {
  expect([0, 1.10001, 0.00012345, 0.0000123, 123456, "nan", "-inf", null].map((n) => numeral(n as never))).toEqual([
    "0",
    "1.1",
    "0.000123",
    "1.23e-5",
    "1.23e5",
    "NaN",
    "-inf",
    "–",
  ]);
  expect([share(0, 10), share(1, 1000), share(999, 1000), share(5, 10)]).toEqual(["0%", "<1%", ">99%", "50%"]);
  expect([shapeText([]), shapeText([3]), shapeText([null, 2])]).toEqual(["()", "(3,)", "(None, 2)"]);
});

test("NaN and nothing sort behind every number", () => {
  expect([null, "nan", 2, "inf", -1].sort(byNumber as never)).toEqual([-1, 2, "inf", "nan", null]);
});

test("heights hold for zeros, infinities and one value", () => {
  expect(logarithms(["nan", 0, 1, 100])).toEqual([null, 0, 0.12, 1]);
  expect(logarithms([0, 0, 0])).toEqual([0, 0, 0]);
});

test("prose keeps paragraphs and formulas apart", () => {
  const made = blocks("One `w`\nline.\n\n    a\n\n    b\n\nTwo.");
  expect(made.map((node) => [node.tagName, node.textContent])).toEqual([
    ["P", "One w line."],
    ["PRE", "a\n\nb"],
    ["P", "Two."],
  ]);
});

test("a page has its headings and keeps its code whole", () => {
  const made = page("It is cut.\n\nWhy it happens\n    Because.\n\nExample\n    with tape:\n        y = x\n\n    z");
  expect(made.map((node) => node.textContent)).toEqual([
    "It is cut.",
    "Why it happens",
    "Because.",
    "Example",
    "with tape:\n    y = x\n\nz",
  ]);
});

test("what cannot be seen is shown as a sign", () => expect(visible("a\u202eb\u0000c\td")).toBe("a\ufffdb\ufffdc\td"));

test("long names keep both ends", () =>
  expect(shortened("encoder/block_11/attention/kernel", 12)).toBe("encode…ernel"));

test("variables stand left of what they flow into, cycles and unknown ids do no harm", () => {
  const node = (id: string, kind: "variable" | "op" | "target") => ({
    id,
    kind,
    label: id,
    detail: "",
    location: null,
    status: null,
  });
  const edge = (source: string, target: string) => ({ source, target, status: "flows" as const, norm: 1 });
  const flow: FlowGraph = {
    nodes: [node("v", "variable"), node("u", "variable"), node("a", "op"), node("b", "op"), node("t", "target")],
    edges: [
      edge("v", "a"),
      edge("a", "b"),
      edge("b", "a"),
      edge("b", "t"),
      edge("u", "b"),
      edge("x", "t"),
      edge("a", "a"),
    ],
  };
  const { boxes, links } = arrange(flow);
  const x = Object.fromEntries(boxes.map((box) => [box.node.id, box.x]));
  expect(x.v).toBeLessThan(x.a);
  expect(x.u).toBeCloseTo(x.v);
  expect(Math.max(...boxes.map((box) => box.x))).toBe(x.t);
  expect(links.length).toBe(5);
});

test("the path that all variables share is left away in the picture, the layer never", () => {
  expect(sharedPath(["net/a/kernel", "net/b/bias"])).toBe("net/");
  expect(sharedPath(["net/a/kernel", "net/a/bias"])).toBe("net/");
  expect(sharedPath(["net/a/kernel", "net/bias"])).toBe("");
  expect(sharedPath(["a/kernel"])).toBe("");
});

test("a diff shows what goes, what comes and what stays", () => {
  const said = (old: string, fresh: string) =>
    lineDiff(old.split("\n"), fresh.split("\n")).map(({ sign, number, text }) => `${sign}${number}${text}`);
  expect(said("a\nb\nc", "a\nx\ny\nc")).toEqual([" 0a", "−1b", "+1x", "+2y", " 3c"]);
  expect(lineDiff(["a"], [])).toEqual([{ sign: "−", number: 0, text: "a" }]);
  expect(lineDiff([], ["a"])).toEqual([{ sign: "+", number: 0, text: "a" }]);
  const many = Array.from({ length: 600 }, (_, i) => `${i}`);
  expect(lineDiff(many, many).filter(({ sign }) => sign === "+").length).toBe(600);
});
