// @vitest-environment jsdom
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Report, SCHEMA } from "../src/report";
import { renderReport, type ViewOptions } from "../src/view";
import { visible } from "../src/view/dom";
import type { Selected } from "../src/view/selection";

const FOLDER = join(__dirname, "../../tests/render/blessed");
const load = (name: string): Report => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

let host: HTMLElement;
const draw = (report: unknown, options?: ViewOptions) => renderReport(host, report, options);
const all = (selector: string) => [...host.querySelectorAll<HTMLElement>(selector)];
const press = (label: string) =>
  all("button")
    .find((b) => b.textContent?.includes(label))
    ?.click();
const names = () => all("tr[data-variable]").map((row) => row.dataset.variable);

beforeEach(() => {
  document.body.replaceChildren();
  host = document.createElement("div");
  document.body.append(host);
});

test("there are blessed reports", () => expect(NAMES.length).toBeGreaterThanOrEqual(5));

describe.each(NAMES)("%s", (name) => {
  test("draws every finding, variable and node as text", () => {
    const report = load(name);
    draw(report);
    expect(all(".gm-finding").length).toBe(report.findings.length);
    expect(all("script, img, iframe, [onerror], [onclick]").length).toBe(0);
    expect(host.textContent?.includes(visible(report.summary.split("`")[0].slice(0, 30)))).toBe(true);
    const nodes = report.calls.reduce((sum, call) => sum + call.graph.nodes.length, 0);
    expect(all(".gm-node").length).toBe(nodes);
  });
});

describe("selection", () => {
  test("a row selects its finding and its node, and tells the outside", () => {
    const seen: Selected[] = [];
    draw(load("stop_gradient.json"), { onSelect: (s) => seen.push(s) });
    host.querySelector<HTMLElement>("tr[data-variable='b']")?.click();
    expect(seen).toEqual([{ call: 0, variable: "b" }]);
    expect(all(".gm-finding")[0].classList.contains("gm-selected")).toBe(true);
    expect(host.querySelector(".gm-node.gm-selected")?.textContent).toContain("b");
    host.querySelector<HTMLElement>("tr[data-variable='w']")?.click();
    expect(all(".gm-finding")[0].classList.contains("gm-selected")).toBe(false);
  });

  test("the way from a variable to the cut stands out", () => {
    draw(load("stop_gradient.json"));
    host.querySelector<HTMLElement>("tr[data-variable='b']")?.click();
    const off = all(".gm-node.gm-off-route").map((node) => node.dataset.node);
    expect(off).toEqual(["v0", "t"]);
    host.querySelector<HTMLElement>("tr[data-variable='b']")?.click();
    expect(all(".gm-off-route").length).toBe(0);
  });

  test("a finding selects its rows, Escape lets go; arrows and Enter work in the table", () => {
    draw(load("stop_gradient.json"));
    all(".gm-finding")[0].click();
    const rows = all("tr[data-variable]");
    expect(rows.map((row) => row.getAttribute("aria-selected"))).toEqual(["false", "true"]);
    const key = (target: HTMLElement, name: string) =>
      target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
    key(rows[0], "Escape");
    expect(all(".gm-selected").length).toBe(0);
    rows[0].focus();
    key(rows[0], "ArrowDown");
    expect(document.activeElement).toBe(rows[1]);
    key(rows[1], "Enter");
    expect(rows[1].classList.contains("gm-selected")).toBe(true);
  });

  test("is set from outside without an echo", () => {
    const seen: Selected[] = [];
    const selection = draw(load("stop_gradient.json"), { onSelect: (s) => seen.push(s) });
    selection.set({ call: 0, variable: "b" });
    selection.set({ call: 0, variable: "b" });
    expect(seen.length).toBe(1);
    expect(host.querySelector("tr.gm-selected")?.getAttribute("data-variable")).toBe("b");
  });

  test("a node selects as a row does", () => {
    draw(load("stop_gradient.json"));
    const node = all(".gm-node").find((n) => n.dataset.node === "v1");
    node?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    expect(host.querySelector("tr.gm-selected")?.getAttribute("data-variable")).toBe("b");
  });
});

describe("the table", () => {
  test("rows that are alike fold and unfold", () => {
    draw(load("many.json"));
    expect(names().length).toBe(8);
    press("32 more variables: None");
    expect(names().length).toBe(40);
    press("260 more variables: ok");
    expect(names().length).toBe(300);
  });

  test("sorts by number and by name, and back", () => {
    const report = load("all_ok.json");
    draw(report);
    const given = names();
    press("norm");
    press("norm");
    expect(names()).toEqual([...given].reverse());
    expect(host.querySelector("[aria-sort]")?.getAttribute("aria-sort")).toBe("descending");
    press("norm");
    expect(names()).toEqual(given);
  });

  test("filters by name, status and cause", () => {
    draw(load("many.json"));
    const input = host.querySelector<HTMLInputElement>("input");
    const type = (text: string) => {
      if (input) input.value = text;
      input?.dispatchEvent(new Event("input"));
    };
    type("block_29");
    expect(names()).toEqual([29, 290, 291, 292, 293, 294, 295, 296, 297, 298, 299].map((i) => `block_${i}/kernel`));
    type("left-tensorflow");
    expect(names().length).toBe(40);
    type("no such variable");
    expect(host.textContent).toContain("no variable matches");
  });
});

test("a cut is drawn as a cut, once, on the side of the variables", () => {
  draw(load("stop_gradient.json"));
  expect(all(".gm-edge .gm-break").length).toBe(1);
  expect(host.querySelector(".gm-kind-cut")?.textContent).toContain("the gradient ends here");
});

test("labels mark the smallest code, and a fix is a diff that can be copied and applied", async () => {
  const written: string[] = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
  const apply = vi.fn(() => "applied to this cell");
  const report = load("stop_gradient.json");
  draw(report, { apply });
  expect(all(".gm-mark").map((mark) => mark.textContent)).toEqual(["tf.stop_gradient(b)"]);
  expect(all(".gm-removed code").map((line) => line.textContent)).toEqual(["    return w * tf.stop_gradient(b)"]);
  expect(all(".gm-added code").map((line) => line.textContent)).toEqual(["    return w * b"]);
  press("Copy");
  press("Apply");
  expect(written).toEqual(["    return w * b"]);
  expect(apply).toHaveBeenCalledWith(report.findings[0].fixes[0]);
  expect(host.querySelector("[role='status']")?.textContent).toBe("applied to this cell");
  await Promise.resolve();
  vi.unstubAllGlobals();
});

test.each([
  [null, "not a gradmagic report"],
  ["text", "not a gradmagic report"],
  [{ schema: "gradmagic.report/9" }, "upgrade gradmagic"],
  [{ schema: SCHEMA }, "damaged"],
  [{ schema: SCHEMA, summary: "s", findings: [{}], calls: [{}], updates: [] }, "damaged"],
])("%j becomes one sentence", (data, words) => {
  draw(data);
  expect(host.children.length).toBe(1);
  expect(host.textContent).toContain(words);
});
