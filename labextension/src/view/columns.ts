import type { Change, Num, Report, VariableReport } from "../report";
import { ICONS, WORDS } from "../vocabulary";
import { el } from "./dom";
import { trans } from "./language";
import { byNumber, causeOf } from "./rows";
import { wasView } from "./since";
import { hasHistory, spark } from "./spark";
import { numeral, shapeText, share, shortPlace, sizeOf } from "./words";

type Key = Num | string | null | undefined;

export interface Column {
  name: string;
  title: string;
  hint: string;
  kind: "text" | "number" | "minor" | "minor number";
  /** What the cell shows; its text is also what is copied. */
  cell: (variable: VariableReport, report: Report) => Node | string;
  /** By what the rows are sorted; nothing where the cell is empty. */
  key: (variable: VariableReport, report: Report) => Key;
  numeric: boolean;
  always?: boolean;
}

/** All columns of a table; `changes` holds what the variables were at the cell's last run. */
function allColumns(changes: ReadonlyMap<string, Change>, overRuns: boolean): Column[] {
  return [
    {
      name: "variable",
      title: trans.__("variable"),
      hint: trans.__("Sort by name"),
      kind: "text",
      cell: nameCell,
      key: (v) => v.name,
      numeric: false,
      always: true,
    },
    {
      name: "gradient",
      title: trans.__("gradient"),
      hint: trans.__("Sort by what became of the gradient"),
      kind: "text",
      cell: (v, report) => statusCell(v, report, changes.get(v.name)),
      key: (v) => WORDS[v.status],
      numeric: false,
      always: true,
    },
    {
      name: "cause",
      title: trans.__("cause"),
      hint: trans.__("Sort by the rule that explains it"),
      kind: "text",
      cell: causeCell,
      key: causeOf,
      numeric: false,
    },
    {
      name: "line",
      title: trans.__("line"),
      hint: trans.__("Sort by the line to blame"),
      kind: "text",
      cell: (v, report) => shortPlace(report.findings[v.findings[0] ?? -1]?.location),
      key: (v, report) => report.findings[v.findings[0] ?? -1]?.location?.line,
      numeric: true,
    },
    {
      name: "norm",
      title: trans.__("norm"),
      hint: trans.__("Euclidean norm of the gradient"),
      kind: "number",
      cell: (v) => numeral(v.grad?.norm),
      key: (v) => v.grad?.norm,
      numeric: true,
    },
    {
      name: "ratio",
      title: trans.__("ratio"),
      hint: trans.__("Norm of the gradient over norm of the variable"),
      kind: "minor number",
      cell: (v) => numeral(v.ratio),
      key: (v) => v.ratio,
      numeric: true,
    },
    {
      name: "zeros",
      title: trans.__("zeros"),
      hint: trans.__("Share of the gradient's elements that are zero"),
      kind: "minor number",
      cell: zeros,
      key: zeroShare,
      numeric: true,
    },
    {
      name: "spread",
      title: overRuns ? trans.__("trend") : trans.__("spread"),
      hint: overRuns ? trans.__("The norm from run to run") : trans.__("How the gradient's elements are spread"),
      kind: "minor",
      cell: (v) => spark(v) ?? "",
      key: (v) => (spark(v) ? v.grad?.std : null),
      numeric: true,
    },
    {
      name: "shape",
      title: trans.__("shape"),
      hint: trans.__("Sort by the number of elements"),
      kind: "minor",
      cell: (v) => `${shapeText(v.shape)} ${v.dtype ?? ""}`,
      key: (v) => sizeOf(v.shape),
      numeric: true,
    },
  ];
}

/** The columns that say something about at least one variable of a call. */
export function columnsFor(report: Report, call: number): Column[] {
  const { variables } = report.calls[call];
  const changes = new Map((report.since?.changes ?? []).filter((c) => c.call === call).map((c) => [c.name, c]));
  return allColumns(changes, variables.some(hasHistory)).filter(
    (c) => c.always || variables.some((v) => !isEmpty(c.key(v, report))),
  );
}

export interface Sorting {
  column: Column;
  down: boolean;
}

/** The variables in the order that a column gives them; in their own order without one. What has no value comes last both ways. */
export function sorted(variables: VariableReport[], by: Sorting | null, report: Report): VariableReport[] {
  if (!by) return variables;
  const { key, numeric } = by.column;
  const filled = variables.filter((v) => !isEmpty(key(v, report)));
  const empty = variables.filter((v) => isEmpty(key(v, report)));
  const texts = new Intl.Collator("en", { numeric: true });
  filled.sort((a, b) =>
    numeric
      ? byNumber(key(a, report) as Num, key(b, report) as Num)
      : texts.compare(String(key(a, report)), String(key(b, report))),
  );
  return [...(by.down ? filled.reverse() : filled), ...empty];
}

function isEmpty(key: Key): boolean {
  return key === null || key === undefined || key === "";
}

/** A name that is too long is cut at its beginning: its end tells it from its neighbours. */
function nameCell({ name }: VariableReport): HTMLElement {
  const cut = name.lastIndexOf("/");
  return el(
    "code",
    { class: "gm-name", title: name },
    el(
      "span",
      { class: cut > 0 ? "gm-name-head" : "gm-name-only" },
      el("bdi", { attributes: { dir: "ltr" } }, cut > 0 ? name.slice(0, cut) : name),
    ),
    cut > 0 && el("span", { class: "gm-name-tail" }, name.slice(cut)),
  );
}

function statusCell(variable: VariableReport, report: Report, change: Change | undefined): HTMLElement {
  const accepted = report.findings[variable.findings[0] ?? -1]?.accepted;
  const idle = variable.applied === false && variable.status === "ok";
  const extra = accepted ? trans.__("accepted") : idle ? trans.__("not applied") : null;
  const status = el(
    "span",
    { class: `gm-status gm-is-${variable.status}` },
    el("span", { attributes: { "aria-hidden": "true" } }, `${ICONS[variable.status]} `),
    [WORDS[variable.status], extra].filter(Boolean).join(", "),
  );
  return change ? el("span", {}, status, " ", wasView(change)) : status;
}

function causeCell(variable: VariableReport, report: Report): HTMLElement {
  const more = variable.findings.length > 1 ? ` +${variable.findings.length - 1}` : "";
  return el("code", {}, causeOf(variable, report) + more);
}

function zeros(variable: VariableReport): string {
  const grad = variable.grad;
  return grad ? share(grad.zeros, grad.sparse ? null : sizeOf(variable.shape)) : numeral(null);
}

function zeroShare(variable: VariableReport): number | null {
  const size = sizeOf(variable.shape);
  return variable.grad ? variable.grad.zeros / (size || 1) : null;
}
