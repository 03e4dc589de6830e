// @vitest-environment jsdom
import { bench, describe } from "vitest";
import { renderReport } from "../src/view";
import { load } from "./blessed";

/** The blessed report with this many variables. */
function grown(size: number) {
  const report = load("many.json");
  const [call] = report.calls;
  const rows = Array.from({ length: size }, (_, i) => ({
    ...call.variables[i % call.variables.length],
    name: `layer_${i}/kernel`,
  }));
  return { ...report, calls: [{ ...call, variables: rows }] };
}

// Wanted in a browser: 1,000 variables within 200 ms.
describe.each([300, 1_000, 10_000])("%i variables", (size) => {
  const report = grown(size);
  bench("first drawing", () => {
    renderReport(document.createElement("div"), report);
  });
  const host = document.createElement("div");
  renderReport(host, report);
  const sort = [...host.querySelectorAll("button")].find((b) => b.textContent === "norm");
  bench("sorting", () => sort?.click());
});
