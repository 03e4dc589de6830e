// @vitest-environment jsdom
import { beforeEach, describe, expect, test, vi } from "vitest";
import { SCHEMA } from "../src/report";
import { type TryMessage, trials } from "../src/trials";
import { renderReport, type ViewOptions } from "../src/view";
import { visible } from "../src/view/dom";
import type { Selected } from "../src/view/selection";
import { whySteps } from "../src/view/steps";
import { load, NAMES } from "./blessed";

let host: HTMLElement;
const draw = (report: unknown, options?: ViewOptions) => renderReport(host, report, options);
const all = (selector: string) => [...host.querySelectorAll<HTMLElement>(selector)];
const press = (label: string) =>
  all("button")
    .find((b) => b.textContent?.includes(label))
    ?.click();
const key = (target: HTMLElement, name: string, shiftKey = false) =>
  target.dispatchEvent(new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true, cancelable: true }));
const columns = () => all("th");
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

test("places of the graph that were saved without their code have it from the cell", () => {
  const report = load("stop_gradient.json");
  const line = report.cell.source.split("\n")[2];
  const node = report.calls[0].graph.nodes.find((n) => n.kind === "cut");
  const place = { ...report.findings[0].labels[0].location, code: "" };
  Object.assign(node ?? {}, { location: place });
  report.findings = [];
  for (const row of report.calls[0].variables) row.findings = [];
  draw(report);
  all("tr[data-variable='b'] .gm-ask")[0].click();
  expect(all(".gm-step-code").map((code) => code.textContent)).toContain(line.trim());
  expect(place.code).toBe("");
});

test("a cell without a gradient is not called ok", () => {
  const report = load("raised.json");
  draw(report);
  expect(host.querySelector(".gm-badge")?.textContent).toBe("– not judged");
  draw({ ...load("stop_gradient.json"), findings: [], verdict: "ok" });
  expect(host.querySelector(".gm-badge")?.textContent).toBe("✓ ok");
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
    key(rows[0], "Escape");
    expect(all(".gm-selected").length).toBe(0);
    const table = all("table")[0];
    table.focus();
    key(table, "ArrowUp");
    expect(table.getAttribute("aria-activedescendant")).toBe(all("tr[data-variable='w']")[0].id);
    key(table, "ArrowDown");
    key(table, "Enter");
    expect(all("tr[data-variable='b']")[0].classList.contains("gm-selected")).toBe(true);
    expect(document.activeElement).toBe(table);
  });

  test("a line of code selects its finding, its row and its node", () => {
    const report = load("stop_gradient.json");
    for (const node of report.calls[0].graph.nodes)
      if (node.kind === "cut") node.location = report.findings[0].location;
    draw(report);
    all(".gm-line")[0].click();
    expect(all(".gm-finding.gm-selected, .gm-line.gm-selected").length).toBe(2);
    expect(all("tr.gm-selected").map((row) => row.dataset.variable)).toContain("b");
    expect(all(".gm-node.gm-selected").map((node) => node.dataset.node)).toContain("g");
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
  const amount = () => Number(host.querySelector("[role='grid']")?.getAttribute("aria-rowcount")) - 1;

  test("rows that are alike fold and unfold", () => {
    draw(load("many.json"));
    expect([names().length, amount()]).toEqual([8, 10]);
    press("32 more variables: None");
    expect(amount()).toBe(41);
    const table = all("table")[0];
    table.focus();
    key(table, "End");
    key(table, "Enter");
    expect(amount()).toBe(300);
  });

  test("draws only the rows in sight, wherever the keyboard goes", () => {
    draw(load("many.json"));
    press("norm");
    const table = all("table")[0];
    expect(amount()).toBe(300);
    expect(names().length).toBeLessThan(60);
    table.focus();
    key(table, "End");
    const frame = all(".gm-rows")[0];
    expect(frame.scrollTop).toBeGreaterThan(1000);
    const active = document.getElementById(table.getAttribute("aria-activedescendant") ?? "");
    expect(active?.getAttribute("aria-rowindex")).toBe("301");
    expect(names().length).toBeLessThan(60);
  });

  test("a typed letter goes to the filter; a status shows only its rows", () => {
    draw(load("many.json"));
    const table = all("table")[0];
    table.focus();
    key(table, "7");
    const input = host.querySelector("input");
    expect([document.activeElement, input?.value]).toEqual([input, "7"]);
    expect(names().every((name) => name?.includes("7"))).toBe(true);
    if (input) key(input, "Escape");
    press("None 40");
    expect(amount()).toBe(40);
    press("None 40");
    expect(amount()).toBe(10);
  });

  test("is copied as text, a row or all of them", async () => {
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
    draw(load("stop_gradient.json"));
    press("Copy table");
    expect(written[0].split("\n").map((line) => line.split("\t")[0])).toEqual(["variable", "w", "b"]);
    const table = all("table")[0];
    const data = new Map<string, string>();
    const copy = Object.assign(new Event("copy", { bubbles: true, cancelable: true }), {
      clipboardData: { setData: (kind: string, text: string) => data.set(kind, text) },
    });
    table.dispatchEvent(copy);
    expect(data.get("text/plain")).toContain("w\t✓ ok");
    vi.unstubAllGlobals();
  });

  test("is walked cell by cell, and a cell is copied alone", () => {
    draw(load("stop_gradient.json"));
    const table = all("table")[0];
    const copied = () => {
      let text = "";
      const copy = Object.assign(new Event("copy", { bubbles: true, cancelable: true }), {
        clipboardData: { setData: (_: string, value: string) => (text = value) },
      });
      table.dispatchEvent(copy);
      return text;
    };
    table.focus();
    key(table, "ArrowRight");
    expect(copied()).toBe("w");
    key(table, "ArrowRight");
    expect([copied(), all(".gm-cell").length]).toEqual(["✓ ok", 1]);
    expect(table.getAttribute("aria-activedescendant")).toBe(all(".gm-cell")[0].id);
    key(table, "ArrowDown");
    expect(copied()).toBe("✗ None");
    for (const _ of columns()) key(table, "ArrowRight");
    expect(copied()).toBe("(2, 3) float32");
    for (const _ of columns()) key(table, "ArrowLeft");
    expect(copied().split("\t")[0]).toBe("b");
    expect(table.getAttribute("aria-activedescendant")).toBe(all("tr.gm-active")[0].id);
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
    expect(amount()).toBe(40);
    type("no such variable");
    expect(host.textContent).toContain("no variable matches");
  });
});

describe("since the last run", () => {
  test("one line says what changed, the worst first, and each row is marked", () => {
    draw(load("changed.json"));
    const line = host.querySelector(".gm-since");
    expect(line?.textContent).toContain("↓ worse: b ok → None");
    expect([...(line?.querySelectorAll(".gm-change") ?? [])].map((part) => part.className.split("-").pop())).toEqual([
      "worse",
      "better",
      "other",
    ]);
    const marks = Object.fromEntries(
      all("tr[data-variable]").map((r) => [r.dataset.variable, r.querySelector(".gm-was")]),
    );
    expect([marks.w?.textContent, marks.w?.className]).toEqual(["↑ better: was None", "gm-was gm-change-better"]);
    expect(marks.b?.textContent).toBe("↓ worse: was ok");
  });

  test("rules are named where no variable changed, and nothing is said where nothing did", () => {
    const report = load("changed.json");
    draw({ ...report, since: { ...report.since, changes: [] } });
    expect(host.querySelector(".gm-since")?.textContent).toContain("none/stop-gradient is new");
    expect(all(".gm-was").length).toBe(0);
    draw({ ...report, since: { execution_count: 2, changes: [], resolved: [], new: [] } });
    expect(all(".gm-since").length).toBe(0);
    draw(load("stop_gradient.json"));
    expect(all(".gm-since").length).toBe(0);
  });
});

describe("why", () => {
  test("walks from the variable to the place where the gradient ends", () => {
    const lit: (string | undefined)[] = [];
    draw(load("stop_gradient.json"), { light: (at) => lit.push(at?.code.trim()) });
    const ask = all("tr[data-variable='b'] .gm-ask")[0];
    ask.click();
    const steps = all(".gm-step-item").map((step) => step.textContent);
    expect(steps[0]).toContain("the variable b");
    expect(steps[steps.length - 1]).toContain("the gradient ends at");
    expect(host.querySelector(".gm-why-end")?.textContent).toBe("So no gradient arrives: it is None.");
    expect(host.querySelector(".gm-node.gm-step")?.getAttribute("data-node")).toBe("v1");
    press("Next ›");
    expect(host.querySelector(".gm-node.gm-step")?.getAttribute("data-node")).toBe("g");
    expect(all(".gm-line.gm-lit").length).toBe(1);
    expect(lit).toEqual([undefined, "return w * tf.stop_gradient(b)"]);
    expect(
      all("button")
        .find((b) => b.textContent === "Next ›")
        ?.getAttribute("aria-disabled"),
    ).toBe("true");
    key(all(".gm-why")[0], "Escape");
    expect([all(".gm-why")[0].hidden, all(".gm-step, .gm-lit").length]).toEqual([true, 0]);
  });

  test("of a healthy variable leads to the target", () => {
    draw(load("stop_gradient.json"));
    const table = all("table")[0];
    table.focus();
    key(table, "Enter", true);
    expect(host.querySelector(".gm-step-item:last-child")?.textContent).toContain("is reached");
    // Another choice ends it.
    all("tr[data-variable='b']")[0].click();
    expect(all(".gm-why")[0].hidden).toBe(true);
  });

  test.each(NAMES)("has an answer for every row of %s", (name) => {
    const report = load(name);
    report.calls.forEach((call, index) => {
      for (const variable of call.variables) {
        const steps = whySteps(report, index, variable);
        expect(steps.length).toBeGreaterThan(0);
        expect(steps.every((step) => step.text.length > 0)).toBe(true);
      }
    });
  });
});

test("a fix is tried where there is a kernel, and says what came of it", async () => {
  const report = load("stop_gradient.json");
  const sent: TryMessage[] = [];
  const desk = trials((message) => sent.push(message));
  draw(report, { tryFix: desk.ask });
  press("Try it");
  expect(sent).toEqual([{ type: "try", finding: 0, fix: 0 }]);
  const answer = { type: "tried", finding: 0, fix: 0, loss_before: 2, loss_after: 2 };
  desk.answer({ ...answer, statuses_before: { w: "ok", b: "none" }, statuses_after: { w: "ok", b: "ok" } });
  await vi.waitFor(() => expect(host.querySelector(".gm-tried")?.textContent).toContain("It works"));
  expect(host.querySelector(".gm-tried")?.textContent).toContain("The loss stays 2.");
  expect(all(".gm-trial tbody tr").map((row) => row.textContent)).toEqual(["b✗ None✓ ok", "w✓ ok✓ ok"]);
  press("Try it");
  desk.answer({ ...answer, error: "the cell needs `data`, which is gone" });
  await vi.waitFor(() => expect(host.querySelector(".gm-tried")?.textContent).toContain("not tried: the cell needs"));
  draw(report);
  expect(all("button").some((b) => b.textContent === "Try it")).toBe(false);
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
