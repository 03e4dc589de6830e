import type { GradientCall, Report, VariableReport } from "../report";
import { el } from "./dom";
import type { Selection } from "./selection";
import { ICONS, numeral, placeText, shapeText, zerosText } from "./words";

const FOLD_FROM = 12;
const TITLES = ["variable", "shape", "status", "norm", "ratio", "zeros", "cause"];

/** The table of a gradient call: healthy rows fold away when there are many. */
export function callTable(report: Report, index: number, selection: Selection): HTMLElement {
  const call = report.calls[index];
  const healthy = call.variables.filter((v) => v.status === "ok");
  const fold = call.variables.length > FOLD_FROM && healthy.length > 4;
  const body = el("tbody", {});
  const rows = (variables: VariableReport[]) => variables.map((v) => row(report, index, v, selection));
  body.append(...rows(fold ? call.variables.filter((v) => v.status !== "ok") : call.variables));
  const table = el(
    "table",
    { class: "gm-table" },
    el("thead", {}, el("tr", {}, ...TITLES.map((t) => el("th", { attributes: { scope: "col" } }, t)))),
    body,
  );
  const node = el("div", { class: "gm-call" }, heading(call), el("div", { class: "gm-scroll" }, table));
  if (fold) {
    const more = el(
      "button",
      { class: "gm-button", attributes: { type: "button" } },
      `✓ show ${healthy.length} healthy variables`,
    );
    more.addEventListener("click", () => {
      body.append(...rows(healthy));
      more.remove();
    });
    node.append(more);
  }
  body.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    const all = [...body.querySelectorAll<HTMLElement>("tr")];
    const next = all[all.indexOf(document.activeElement as HTMLElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
  selection.listen((selected) => {
    const finding = selected.finding === undefined ? undefined : report.findings[selected.finding];
    for (const tr of body.querySelectorAll<HTMLElement>("tr")) {
      const name = tr.dataset.variable ?? "";
      const mine =
        selected.call === index && (selected.variable === name || (finding?.variables.includes(name) ?? false));
      tr.classList.toggle("gm-selected", mine);
      tr.setAttribute("aria-selected", String(mine));
    }
  });
  return node;
}

function heading(call: GradientCall): HTMLElement {
  const times = call.count > 1 ? `, ${call.count} times` : "";
  const bad = call.count > 1 && call.first_bad !== null ? `, first bad in run ${call.first_bad + 1}` : "";
  const target = call.target ? el("code", {}, call.target.name) : null;
  return el(
    "p",
    { class: "gm-heading" },
    el("b", {}, call.kind),
    target && " of ",
    target,
    `, ${placeText(call.location)}${times}${bad}`,
  );
}

function row(report: Report, call: number, variable: VariableReport, selection: Selection): HTMLElement {
  const status = el(
    "span",
    { class: `gm-status gm-is-${variable.status}` },
    `${ICONS[variable.status]} ${variable.status}`,
  );
  const cause = variable.findings.length ? report.findings[variable.findings[0]]?.rule : "";
  const cells: (Node | string)[] = [
    el("code", {}, variable.name),
    shapeText(variable.shape),
    status,
    numeral(variable.grad?.norm),
    numeral(variable.ratio),
    zerosText(variable),
    cause ?? "",
  ];
  const tr = el(
    "tr",
    { attributes: { tabindex: "0", "data-variable": variable.name } },
    ...cells.map((cell) => el("td", {}, cell)),
  );
  const select = () => selection.select({ call, variable: variable.name });
  tr.addEventListener("click", select);
  tr.addEventListener("keydown", (event) => {
    if (event.key === "Enter") select();
  });
  return tr;
}
