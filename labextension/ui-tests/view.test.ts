// @vitest-environment jsdom
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Report, SCHEMA } from "../src/report";
import { renderReport, type Selected } from "../src/view";
import { thickness } from "../src/view/graph";

const FOLDER = join(__dirname, "../../tests/render/blessed");
const load = (name: string): Report => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

let host: HTMLElement;
beforeEach(() => {
  document.body.replaceChildren();
  host = document.createElement("div");
  document.body.append(host);
});

test("there are blessed reports", () => expect(NAMES.length).toBeGreaterThanOrEqual(5));

describe.each(NAMES)("%s", (name) => {
  test("draws every finding, variable and node as text", () => {
    const report = load(name);
    renderReport(host, report);
    expect(host.querySelectorAll(".gm-finding").length).toBe(report.findings.filter((f) => !f.accepted).length);
    expect(host.querySelectorAll("script, img, iframe").length).toBe(0);
    expect(host.textContent).toContain(report.summary.split("`")[0].slice(0, 30));
    const nodes = report.calls.reduce((sum, call) => sum + call.graph.nodes.length, 0);
    expect(host.querySelectorAll(".gm-node").length).toBe(nodes);
  });
});

describe("selection", () => {
  test("a row selects its finding and its node, and tells the outside", () => {
    const seen: Selected[] = [];
    renderReport(host, load("stop_gradient.json"), { onSelect: (s) => seen.push(s) });
    host.querySelector<HTMLElement>("tr[data-variable='b']")?.click();
    expect(seen).toEqual([{ call: 0, variable: "b" }]);
    expect(host.querySelector(".gm-finding")?.classList.contains("gm-selected")).toBe(true);
    expect(host.querySelector(".gm-node.gm-selected")?.textContent).toContain("b");
    host.querySelector<HTMLElement>("tr[data-variable='w']")?.click();
    expect(host.querySelector(".gm-finding")?.classList.contains("gm-selected")).toBe(false);
  });

  test("a finding selects its rows; arrows and Enter work in the table", () => {
    renderReport(host, load("stop_gradient.json"));
    host.querySelector<HTMLElement>(".gm-finding")?.click();
    const rows = [...host.querySelectorAll<HTMLElement>("tr[data-variable]")];
    expect(rows.map((row) => row.getAttribute("aria-selected"))).toEqual(["false", "true"]);
    rows[0].focus();
    rows[0].dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    expect(document.activeElement).toBe(rows[1]);
    rows[1].dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    expect(rows[1].classList.contains("gm-selected")).toBe(true);
  });
});

test("healthy rows fold and unfold", () => {
  renderReport(host, load("many.json"));
  expect(host.querySelectorAll("tr[data-variable]").length).toBe(40);
  [...host.querySelectorAll("button")].find((b) => b.textContent?.includes("healthy"))?.click();
  expect(host.querySelectorAll("tr[data-variable]").length).toBe(300);
});

test("a cut is drawn as a cut", () => {
  renderReport(host, load("stop_gradient.json"));
  expect(host.querySelectorAll(".gm-link-cut + .gm-cross").length).toBe(2);
  expect(host.querySelector(".gm-kind-cut")?.textContent).toContain("the gradient ends here");
});

test.each([
  [null, "not a gradmagic report"],
  [{ schema: "gradmagic.report/9" }, "upgrade gradmagic"],
  [{ schema: SCHEMA }, "damaged"],
])("%j becomes one sentence", (data, words) => {
  renderReport(host, data);
  expect(host.querySelectorAll("p").length).toBe(1);
  expect(host.textContent).toContain(words);
});

test("edges grow with the logarithm of the norm", () => {
  const widths = [1e-9, 1e-2, 1, 1e2, 1e9].map((n) => thickness(n));
  expect(widths).toEqual([...widths].sort((a, b) => a - b));
  expect(thickness("nan")).toBe(thickness(null));
});
