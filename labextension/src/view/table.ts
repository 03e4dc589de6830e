import type { Report, VariableReport } from "../report";
import { ICONS, WORDS } from "../vocabulary";
import { copyText } from "./clipboard";
import { type Column, columnsFor, type Sorting, sorted } from "./columns";
import { button, el, visible } from "./dom";
import { Grid } from "./grid";
import { trans } from "./language";
import { prose } from "./prose";
import { causeOf, type Folded, fold, isFolded, UNFOLDED } from "./rows";
import { includes, type Selection } from "./selection";
import { callPlace, numeral } from "./words";

type Entry = VariableReport | Folded;
let tables = 0;

/** The table of a gradient call, one row per variable: sorted, filtered, folded and walked by keyboard. `why` explains a row. */
export function callTable(
  report: Report,
  index: number,
  selection: Selection,
  why: (variable: VariableReport) => void,
): HTMLElement {
  const call = report.calls[index];
  const columns = columnsFor(report, index);
  const opened = new Set<string>();
  let sorting: Sorting | null = null;
  let wanted = "";
  let status: VariableReport["status"] | null = null;
  let entries: Entry[] = [];

  const arrange = (): Entry[] => {
    if (wanted || sorting || status) {
      const matching = call.variables.filter(
        (v) =>
          (!status || v.status === status) &&
          `${v.name} ${WORDS[v.status]} ${causeOf(v, report)}`.toLowerCase().includes(wanted),
      );
      return sorted(matching, sorting, report);
    }
    return fold(call, report).flatMap((entry) =>
      isFolded(entry) && opened.has(entry.sentence) ? entry.variables : [entry],
    );
  };
  const draw = () => {
    entries = arrange();
    empty.textContent = entries.length
      ? ""
      : call.variables.length
        ? trans.__("no variable matches")
        : trans.__("no variables");
    grid.show({
      count: entries.length,
      draw: (i) => drawn(entries[i], i),
      press: (i, extra) => press(i, extra),
      type: (letter) => {
        if (!filter) return;
        filter.value = letter;
        filter.focus();
        filter.dispatchEvent(new Event("input"));
      },
      text: (i) => textOf(entries[i], columns, report),
    });
  };
  const press = (at: number, extra: boolean) => {
    const entry = entries[at];
    if (!entry) return;
    if (isFolded(entry)) {
      opened.add(entry.sentence);
      draw();
    } else if (extra) why(entry);
    else selection.select({ call: index, variable: entry.name });
  };
  const drawn = (entry: Entry, at: number): HTMLTableRowElement => {
    const row = el("tr", { attributes: { "data-at": String(at) } });
    if (isFolded(entry)) {
      row.className = "gm-folded";
      const unfold = button(`▸ ${entry.sentence}`, trans.__("Show these rows"), () => press(at, false));
      row.append(el("td", { attributes: { colspan: String(columns.length + 1), role: "gridcell" } }, unfold));
      return row;
    }
    row.dataset.variable = entry.name;
    const cells = columns.map((column) =>
      el("td", { class: kindClass(column), attributes: { role: "gridcell" } }, column.cell(entry, report)),
    );
    const ask = button(trans.__("Why?"), trans.__("Why is the gradient of %1 as it is?", entry.name), () => {
      grid.reach(at);
      why(entry);
    });
    ask.classList.add("gm-ask");
    // Next to the status that it explains, where it is in sight however narrow the page is.
    cells.splice(2, 0, el("td", { class: "gm-col-why", attributes: { role: "gridcell" } }, ask));
    row.append(...cells);
    const mine = includes(selection.current, report, index, entry);
    row.classList.toggle("gm-selected", mine);
    row.setAttribute("aria-selected", String(mine));
    return row;
  };

  const body = el("tbody", {});
  const heads = columns.map((column) => {
    const sort = button(column.title, column.hint, () => {
      const again = sorting?.column === column;
      sorting = again && sorting?.down ? null : { column, down: again };
      for (const other of heads) other.removeAttribute("aria-sort");
      if (sorting) head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      draw();
    });
    const head = el("th", { class: kindClass(column), attributes: { scope: "col", role: "columnheader" } }, sort);
    return head;
  });
  const explanation = el(
    "th",
    { class: "gm-col-why", attributes: { scope: "col", role: "columnheader" } },
    el("span", { class: "gm-unseen" }, trans.__("explanation")),
  );
  const table = el(
    "table",
    {
      class: "gm-table",
      attributes: { role: "grid", tabindex: "0", "aria-label": trans.__("Variables and their gradients") },
    },
    el("thead", {}, el("tr", {}, ...heads.slice(0, 2), explanation, ...heads.slice(2))),
    body,
  );
  const frame = el("div", { class: "gm-scroll gm-rows" }, table);
  const grid = new Grid(table, body, frame, `gm-row-${++tables}`);
  const empty = el("p", { class: "gm-dim gm-none", attributes: { role: "status" } });
  body.addEventListener("click", (event) => {
    const row = (event.target as Element).closest<HTMLElement>("tr[data-variable]");
    // Marking text to copy it is no choice of a row.
    if (!row || String(window.getSelection?.() ?? "")) return;
    table.focus({ preventScroll: true });
    grid.point(Number(row.dataset.at));
    press(grid.active, false);
  });
  selection.listen((selected) => {
    const at = entries.findIndex((entry) => !isFolded(entry) && includes(selected, report, index, entry));
    if (at >= 0 && !(entries[grid.active] && isSelected(entries[grid.active]))) grid.reach(at);
    else grid.draw();
  });
  const isSelected = (entry: Entry) => !isFolded(entry) && includes(selection.current, report, index, entry);

  let filter: HTMLInputElement | null = null;
  const controls = el("div", { class: "gm-controls" });
  if (call.variables.length > UNFOLDED) {
    filter = el("input", {
      class: "gm-filter",
      attributes: {
        type: "search",
        placeholder: trans.__("filter variables"),
        "aria-label": trans.__("Filter variables"),
      },
    });
    const input = filter;
    input.addEventListener("input", () => {
      wanted = input.value.trim().toLowerCase();
      draw();
    });
    input.addEventListener("keydown", (event) => {
      // JupyterLab's shortcuts must not act on what is typed here.
      event.stopPropagation();
      if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        table.focus();
      } else if (event.key === "Escape") {
        input.value = "";
        input.dispatchEvent(new Event("input"));
      }
    });
    controls.append(
      input,
      statusFilter(call.variables, (chosen) => {
        status = chosen;
        draw();
      }),
    );
  }
  if (call.variables.length > 1) {
    const all = () =>
      [columns.map((c) => c.title).join("\t"), ...entries.map((e) => textOf(e, columns, report))].join("\n");
    const copy = button(trans.__("Copy table"), trans.__("Copy these rows, to paste them into a spreadsheet"), () => {
      void copyText(visible(all())).then((words) => {
        said.textContent = words;
      });
    });
    const said = el("span", { class: "gm-dim", attributes: { role: "status" } });
    controls.append(copy, said);
  }
  draw();
  const title = el("h3", { class: "gm-heading" }, ...targetOf(report, index));
  const node = el("div", { class: "gm-call", attributes: { "data-lm-suppress-shortcuts": "true" } });
  // A few rows need no line of controls of their own.
  if (filter) node.append(title, controls);
  else node.append(el("div", { class: "gm-head" }, title, controls));
  node.append(frame, empty);
  return node;
}

/** One button per status that occurs, with its number; pressed again it shows all. */
function statusFilter(
  variables: VariableReport[],
  choose: (status: VariableReport["status"] | null) => void,
): HTMLElement {
  const amounts = new Map<VariableReport["status"], number>();
  for (const { status } of variables) amounts.set(status, (amounts.get(status) ?? 0) + 1);
  const group = el("span", {
    class: "gm-chips",
    attributes: { role: "group", "aria-label": trans.__("Filter by status") },
  });
  if (amounts.size < 2) return group;
  const chips = [...amounts].map(([status, amount]) => {
    const chip = button(
      `${ICONS[status]} ${WORDS[status]} ${amount.toLocaleString("en")}`,
      trans._n("Show only this %1 variable", "Show only these %1 variables", amount),
      () => {
        const on = chip.getAttribute("aria-pressed") !== "true";
        for (const other of chips) other.setAttribute("aria-pressed", "false");
        chip.setAttribute("aria-pressed", String(on));
        choose(on ? status : null);
      },
    );
    chip.setAttribute("aria-pressed", "false");
    chip.classList.add("gm-chip");
    return chip;
  });
  group.append(...chips);
  return group;
}

function kindClass(column: Column): string {
  return `gm-col-${column.name} gm-col-${column.kind.split(" ").join(" gm-col-")}`;
}

function textOf(entry: Entry, columns: Column[], report: Report): string {
  if (isFolded(entry)) return entry.variables.map((v) => textOf(v, columns, report)).join("\n");
  return columns
    .map((column) => {
      const shown = column.cell(entry, report);
      return typeof shown === "string" ? shown.trim() : (shown.textContent ?? "").trim();
    })
    .join("\t");
}

function targetOf(report: Report, index: number): (Node | string)[] {
  const call = report.calls[index];
  const target = call.target;
  const value = target?.value === null || target?.value === undefined ? "" : ` = ${numeral(target.value)}`;
  const of = target ? prose(trans.__("Gradients of `%1`", target.name) + value) : trans.__("Gradients");
  return [of, el("span", { class: "gm-dim" }, ` ${callPlace(call, report.cell)}`)];
}
