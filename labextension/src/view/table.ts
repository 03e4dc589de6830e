import type { Num, Report, VariableReport } from "../report";
import { ICONS, WORDS } from "../vocabulary";
import { button, el } from "./dom";
import { prose } from "./prose";
import { byNumber, causeOf, type Folded, fold, isFolded, UNFOLDED } from "./rows";
import { includes, type Selection } from "./selection";
import { spark } from "./spark";
import { callPlace, count, numeral, shapeText, share, shortPlace, sizeOf } from "./words";

// More rows than these at once make a page slow; the rest comes on demand.
const PAGE = 400;

interface Column {
  title: string;
  kind: "text" | "number" | "minor" | "minor number";
  cell: (variable: VariableReport, report: Report) => Node | string;
  key: (variable: VariableReport, report: Report) => Num | string | null | undefined;
  always?: boolean;
}

const COLUMNS: Column[] = [
  {
    title: "variable",
    kind: "text",
    cell: (v) => el("code", { title: v.name }, v.name),
    key: (v) => v.name,
    always: true,
  },
  { title: "gradient", kind: "text", cell: statusCell, key: (v) => WORDS[v.status], always: true },
  { title: "cause", kind: "text", cell: causeCell, key: causeOf },
  { title: "line", kind: "text", cell: lineOf, key: (v, report) => report.findings[v.findings[0]]?.location?.line },
  { title: "norm", kind: "number", cell: (v) => numeral(v.grad?.norm), key: (v) => v.grad?.norm },
  { title: "ratio", kind: "minor number", cell: (v) => numeral(v.ratio), key: (v) => v.ratio },
  { title: "zeros", kind: "minor number", cell: zeros, key: zeroShare },
  { title: "spread", kind: "minor", cell: (v) => spark(v) ?? "", key: (v) => (spark(v) ? v.grad?.std : null) },
  { title: "shape", kind: "minor", cell: (v) => `${shapeText(v.shape)} ${v.dtype ?? ""}`, key: (v) => sizeOf(v.shape) },
];

const HINTS: Record<string, string> = {
  norm: "Euclidean norm of the gradient",
  ratio: "norm of the gradient over norm of the variable",
  zeros: "share of the gradient's elements that are zero",
  spread: "how the gradient's elements are spread; over several runs: the norm from run to run",
};

/** The table of a gradient call, one row per variable: sorted, filtered and walked by keyboard. */
export function callTable(report: Report, index: number, selection: Selection): HTMLElement {
  const call = report.calls[index];
  // A column that says nothing about any variable is left out.
  const columns = COLUMNS.filter((c) => c.always || call.variables.some((v) => !isEmpty(c.key(v, report))));
  const body = el("tbody", {});
  let sorting: { column: Column; down: boolean } | null = null;
  let wanted = "";

  const draw = (most = PAGE) => {
    const matching = call.variables.filter((v) =>
      `${v.name} ${WORDS[v.status]} ${causeOf(v, report)}`.toLowerCase().includes(wanted),
    );
    const plain = !wanted && !sorting;
    const rows: (VariableReport | Folded)[] = plain ? fold(call, report) : sorted(matching, sorting, report);
    body.replaceChildren(...rows.slice(0, most).map((row) => (isFolded(row) ? folded(row) : variableRow(row))));
    if (rows.length > most) body.append(wide(button(`show ${rows.length - most} more`, "", () => draw(rows.length))));
    if (!rows.length) body.append(wide(call.variables.length ? "no variable matches" : "no variables"));
    mark();
  };
  const wide = (content: Node | string) =>
    el("tr", {}, el("td", { attributes: { colspan: String(columns.length) } }, content));
  const folded = (row: Folded) => {
    const tr = wide(
      button(`▸ ${row.sentence}`, "Show these rows", () => {
        const first = row.variables.slice(0, PAGE).map(variableRow);
        const rest = row.variables.slice(PAGE);
        const more = rest.length ? [folded({ sentence: count(rest.length, "more variable"), variables: rest })] : [];
        tr.replaceWith(...first, ...more);
        mark();
        first[0]?.focus();
      }),
    );
    tr.className = "gm-folded";
    return tr;
  };
  const variableRow = (variable: VariableReport) => {
    const cells = columns.map((c) =>
      el("td", { class: `gm-col-${c.kind.split(" ").join(" gm-col-")}` }, c.cell(variable, report)),
    );
    return el("tr", { attributes: { tabindex: "-1", "data-variable": variable.name } }, ...cells);
  };
  const variableRows = () => [...body.querySelectorAll<HTMLElement>("tr[data-variable]")];
  const mark = () => {
    const rows = variableRows();
    for (const tr of rows) {
      const mine = includes(selection.current, report.findings, index, { name: tr.dataset.variable ?? "" });
      tr.classList.toggle("gm-selected", mine);
      tr.setAttribute("aria-selected", String(mine));
      tr.tabIndex = -1;
    }
    // One row takes part in the Tab order; the arrow keys reach the others.
    const entry = rows.find((tr) => tr.classList.contains("gm-selected")) ?? rows[0];
    if (entry) entry.tabIndex = 0;
  };

  body.addEventListener("click", (event) => {
    const name = (event.target as Element).closest<HTMLElement>("tr[data-variable]")?.dataset.variable;
    if (name !== undefined) selection.select({ call: index, variable: name });
  });
  body.addEventListener("keydown", (event) => walk(event, variableRows()));
  selection.listen(mark);

  const heads = columns.map((column) => {
    const press = button(column.title, HINTS[column.title] ?? `Sort by ${column.title}`, () => {
      const again = sorting?.column === column;
      sorting = again && sorting?.down ? null : { column, down: again };
      for (const other of heads) other.removeAttribute("aria-sort");
      if (sorting) head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      draw();
    });
    const head = el(
      "th",
      { class: `gm-col-${column.kind.split(" ").join(" gm-col-")}`, attributes: { scope: "col" } },
      press,
    );
    return head;
  });
  draw();
  const table = el(
    "table",
    { class: "gm-table", attributes: { role: "grid", "aria-label": "Variables and their gradients" } },
    el("thead", {}, el("tr", {}, ...heads)),
    body,
  );
  const title = el("h3", { class: "gm-heading" }, "Gradients", ...targetOf(report, index));
  const node = el("div", { class: "gm-call" }, title);
  if (call.variables.length > UNFOLDED) {
    const input = el("input", {
      class: "gm-filter",
      attributes: { type: "search", placeholder: "filter variables", "aria-label": "Filter variables" },
    });
    input.addEventListener("input", () => {
      wanted = input.value.trim().toLowerCase();
      draw();
    });
    // JupyterLab's shortcuts must not act on what is typed here.
    input.addEventListener("keydown", (event) => event.stopPropagation());
    node.append(input);
  }
  node.append(el("div", { class: "gm-scroll", attributes: { "data-lm-suppress-shortcuts": "true" } }, table));
  return node;
}

function targetOf(report: Report, index: number): (Node | string)[] {
  const call = report.calls[index];
  const target = call.target;
  const value = target?.value === null || target?.value === undefined ? "" : ` = ${numeral(target.value)}`;
  const of = target ? [" of ", prose(`\`${target.name}\``), value] : [];
  return [...of, el("span", { class: "gm-dim" }, ` ${callPlace(call, report.cell)}`)];
}

function sorted(
  variables: VariableReport[],
  by: { column: Column; down: boolean } | null,
  report: Report,
): VariableReport[] {
  if (!by) return variables;
  const numbers =
    by.column.kind.includes("number") ||
    by.column.title === "line" ||
    by.column.title === "shape" ||
    by.column.title === "spread";
  const compare = (a: VariableReport, b: VariableReport) => {
    const [left, right] = [by.column.key(a, report), by.column.key(b, report)];
    if (numbers) return byNumber(left as Num, right as Num);
    return String(left ?? "").localeCompare(String(right ?? ""), "en", { numeric: true });
  };
  const up = [...variables].sort(compare);
  return by.down ? up.reverse() : up;
}

/** Arrows, Home and End move from row to row, Enter and Space select. */
function walk(event: KeyboardEvent, rows: HTMLElement[]): void {
  const at = rows.indexOf(event.target as HTMLElement);
  if (at < 0) return;
  const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
  if (event.key === "Enter" || event.key === " ") rows[at].click();
  else if (event.key in steps) {
    const next = rows[Math.min(Math.max(steps[event.key], 0), rows.length - 1)];
    rows[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  } else return;
  event.preventDefault();
  // In a notebook these keys would move to the next cell or open the editor.
  event.stopPropagation();
}

function isEmpty(key: unknown): boolean {
  return key === null || key === undefined || key === "";
}

function statusCell(variable: VariableReport, report: Report): HTMLElement {
  const accepted = report.findings[variable.findings[0] ?? -1]?.accepted;
  const extra = accepted ? ", accepted" : variable.applied === false && variable.status === "ok" ? ", not applied" : "";
  return el(
    "span",
    { class: `gm-status gm-is-${variable.status}` },
    `${ICONS[variable.status]} ${WORDS[variable.status]}${extra}`,
  );
}

function causeCell(variable: VariableReport, report: Report): HTMLElement {
  const more = variable.findings.length > 1 ? ` +${variable.findings.length - 1}` : "";
  return el("code", {}, causeOf(variable, report) + more);
}

function lineOf(variable: VariableReport, report: Report): string {
  return shortPlace(report.findings[variable.findings[0] ?? -1]?.location);
}

function zeros(variable: VariableReport): string {
  const grad = variable.grad;
  return grad ? share(grad.zeros, grad.sparse ? null : sizeOf(variable.shape)) : numeral(null);
}

function zeroShare(variable: VariableReport): number | null {
  const size = sizeOf(variable.shape);
  return variable.grad ? variable.grad.zeros / (size || 1) : null;
}
