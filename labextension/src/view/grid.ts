import { visible } from "./dom";

/** What a grid draws, how many rows there are, and what becomes of keys. */
export interface Rows {
  count: number;
  draw: (index: number) => HTMLTableRowElement;
  /** Enter or Space on a row; `extra` with Shift. */
  press: (index: number, extra: boolean) => void;
  /** A letter or digit typed while a row is active. */
  type: (letter: string) => void;
  /** What the clipboard gets for a row. */
  text: (index: number) => string;
}

// The height that report.css gives every row.
const ROW = 28;
const VISIBLE = 16;
const AROUND = 8;

/** A table body that draws only the rows in sight, however many there are, with one active row, or one cell of it, that the keyboard moves. */
export class Grid {
  active = 0;
  /** The active cell of the active row; none where it is the row as a whole. */
  private column = -1;
  private rows: Rows | null = null;
  private waiting = 0;
  private all = false;
  /** The rows that are drawn, to be kept while they stay in sight. */
  private drawn = new Map<number, HTMLTableRowElement>();
  private above = space();
  private below = space();

  constructor(
    private table: HTMLTableElement,
    private body: HTMLTableSectionElement,
    private frame: HTMLElement,
    private prefix: string,
  ) {
    body.append(this.above, this.below);
    frame.addEventListener("scroll", () => {
      cancelAnimationFrame(this.waiting);
      this.waiting = requestAnimationFrame(() => this.fill());
    });
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("copy", (event) => this.copy(event));
    // On paper every row is in sight.
    window.matchMedia?.("print").addEventListener?.("change", (change) => {
      this.all = change.matches;
      this.draw();
    });
  }

  /** New rows; the active one stays where it is if there are enough of them. */
  show(rows: Rows): void {
    this.rows = rows;
    this.active = Math.max(0, Math.min(this.active, rows.count - 1));
    this.frame.classList.toggle("gm-tall", rows.count > VISIBLE + 4);
    this.table.setAttribute("aria-rowcount", String(rows.count + 1));
    this.draw();
  }

  /** Makes a row the active one, as a whole; it is in sight already. */
  point(index: number): void {
    this.active = index;
    this.column = -1;
  }

  /** Makes a row the active one and brings it into sight. */
  reach(index: number): void {
    if (!this.rows?.count) return;
    this.active = Math.max(0, Math.min(index, this.rows.count - 1));
    const top = this.active * ROW;
    const room = Math.max(this.frame.clientHeight - 2 * ROW, ROW);
    if (this.frame.classList.contains("gm-tall")) {
      if (top < this.frame.scrollTop) this.frame.scrollTop = top;
      else if (top > this.frame.scrollTop + room) this.frame.scrollTop = top - room;
    }
    this.draw();
  }

  /** Draws the rows in sight anew. */
  draw(): void {
    this.fill(true);
  }

  /** Draws what has come into sight, and if `anew` what was there already as well. */
  private fill(anew = false): void {
    const rows = this.rows;
    if (!rows) return;
    const tall = this.frame.classList.contains("gm-tall") && !this.all;
    const height = this.frame.clientHeight || VISIBLE * ROW;
    const at = Math.floor(this.frame.scrollTop / ROW);
    const first = tall ? Math.max(0, Math.min(at, rows.count - 1) - AROUND) : 0;
    const last = tall ? Math.min(rows.count, at + Math.ceil(height / ROW) + AROUND) : rows.count;
    const held = this.body.contains(document.activeElement);
    for (const [i, row] of this.drawn) {
      if (!anew && i >= first && i < last) continue;
      row.remove();
      this.drawn.delete(i);
    }
    // Rows that stay are left where they are: to move them would cost a layout of each.
    let next: Node = this.below;
    for (let i = last - 1; i >= first; i--) {
      const row = this.drawn.get(i) ?? this.row(rows, i);
      if (!this.drawn.has(i)) this.body.insertBefore(row, next);
      this.drawn.set(i, row);
      next = row;
    }
    this.above.style.height = `${first * ROW}px`;
    this.below.style.height = `${(rows.count - last) * ROW}px`;
    this.above.hidden = !first;
    this.below.hidden = last >= rows.count;
    if (tall) this.settle();
    // A button that had the focus is gone with its row.
    if (held && !this.body.contains(document.activeElement)) this.table.focus({ preventScroll: true });
    const cell = this.cell();
    if (cell) cell.id = `${this.prefix}-${this.active}-${this.column}`;
    if (this.active >= first && this.active < last && rows.count)
      this.table.setAttribute("aria-activedescendant", cell?.id ?? `${this.prefix}-${this.active}`);
    else this.table.removeAttribute("aria-activedescendant");
  }

  private row(rows: Rows, index: number): HTMLTableRowElement {
    const row = rows.draw(index);
    const active = index === this.active;
    row.id = `${this.prefix}-${index}`;
    row.setAttribute("aria-rowindex", String(index + 2));
    row.classList.toggle("gm-active", active);
    if (active && row.cells.length > 1) row.cells[this.column]?.classList.add("gm-cell");
    for (const inner of row.querySelectorAll<HTMLElement>("button")) inner.tabIndex = active ? 0 : -1;
    return row;
  }

  /** Columns grow with what comes into sight and never shrink, or they would jump while the reader scrolls. */
  private settle(): void {
    const heads = [...(this.table.tHead?.rows[0]?.cells ?? [])];
    const widths = heads.map((head) => head.offsetWidth);
    heads.forEach((head, i) => {
      if (widths[i] > (Number.parseInt(head.style.minWidth, 10) || 0)) head.style.minWidth = `${widths[i]}px`;
    });
  }

  private key(event: KeyboardEvent): void {
    const rows = this.rows;
    if (!rows || event.target !== this.table || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + VISIBLE,
      PageUp: this.active - VISIBLE,
      Home: 0,
      End: rows.count - 1,
    };
    const aside: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    if (event.key in steps) this.reach(steps[event.key]);
    else if (event.key in aside) this.turn(aside[event.key]);
    else if (event.key === "Enter" || event.key === " ") rows.press(this.active, event.shiftKey);
    else if (/^[\p{L}\p{N}_/]$/u.test(event.key)) rows.type(event.key);
    else return;
    event.preventDefault();
    // In a notebook these keys would move to the next cell or open the editor.
    event.stopPropagation();
  }

  /** To the next or previous cell of the active row that is shown; before its first cell is the row as a whole. */
  private turn(step: number): void {
    const row = this.body.querySelector<HTMLTableRowElement>("tr.gm-active[data-variable]");
    const cells = [...(row?.cells ?? [])].filter((cell) => !cell.classList.contains("gm-col-why"));
    const shown = cells.filter((cell) => getComputedStyle(cell).display !== "none");
    const at = shown.findIndex((cell) => cell.cellIndex === this.column);
    const next = Math.max(-1, Math.min(at + step, shown.length - 1));
    this.column = next < 0 ? -1 : shown[next].cellIndex;
    this.draw();
    this.cell()?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }

  private cell(): HTMLElement | null {
    return this.body.querySelector<HTMLElement>(".gm-cell");
  }

  private copy(event: ClipboardEvent): void {
    if (!this.rows?.count || String(window.getSelection?.() ?? "")) return;
    const text = this.cell()?.textContent?.trim() ?? this.rows.text(this.active);
    event.clipboardData?.setData("text/plain", visible(text));
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The room that rows out of sight take up. */
function space(): HTMLTableRowElement {
  const row = document.createElement("tr");
  row.className = "gm-space";
  row.setAttribute("aria-hidden", "true");
  return row;
}
