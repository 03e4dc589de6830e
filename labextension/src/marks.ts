import { type Extension, RangeSet, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  GutterMarker,
  gutter,
  hoverTooltip,
  ViewPlugin,
} from "@codemirror/view";
import type { ICellModel } from "@jupyterlab/cells";
import type { Finding, Label } from "./report";
import { prose } from "./view/prose";

/** A label of a finding at its place in a document. */
interface Placed {
  from: number;
  to: number;
  label: Label;
  finding: Finding;
}

const setMarks = StateEffect.define<Placed[]>();

class Mark extends GutterMarker {
  constructor(private finding: Finding) {
    super();
  }

  override eq(other: Mark): boolean {
    return other.finding === this.finding;
  }

  override toDOM(): HTMLElement {
    const node = document.createElement("span");
    node.className = `gm-gutter-mark gm-gutter-${this.finding.severity}`;
    node.title = `${this.finding.rule}: ${this.finding.message}`;
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", node.title);
    return node;
  }
}

const marksField = StateField.define<{ decorations: DecorationSet; gutter: RangeSet<GutterMarker>; placed: Placed[] }>({
  create: () => ({ decorations: Decoration.none, gutter: RangeSet.empty, placed: [] }),
  update(value, transaction) {
    for (const effect of transaction.effects)
      if (effect.is(setMarks)) return build(effect.value, transaction.state.doc);
    if (!transaction.docChanged || !value.placed.length) return value;
    const moved = value.placed.map((p) => ({
      ...p,
      from: transaction.changes.mapPos(p.from, 1),
      to: transaction.changes.mapPos(p.to, -1),
    }));
    return build(
      moved.filter((p) => p.to > p.from),
      transaction.state.doc,
    );
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value.decorations),
});

type Doc = EditorView["state"]["doc"];

function build(placed: Placed[], doc: Doc) {
  const sorted = [...placed].sort((a, b) => a.from - b.from);
  const decorations = Decoration.set(
    sorted.map((p) =>
      Decoration.mark({ class: `gm-squiggle gm-squiggle-${p.label.primary ? p.finding.severity : "note"}` }).range(
        p.from,
        p.to,
      ),
    ),
  );
  const lines = new Map<number, Finding>();
  for (const p of sorted) if (p.label.primary) lines.set(doc.lineAt(p.from).from, p.finding);
  const marks = RangeSet.of([...lines].sort((a, b) => a[0] - b[0]).map(([at, finding]) => new Mark(finding).range(at)));
  return { decorations, gutter: marks as RangeSet<GutterMarker>, placed: sorted };
}

/** Where the labels of these findings lie in the document; a line that no longer reads as it did has no mark. */
function place(findings: Finding[], cell: string | number, doc: Doc): Placed[] {
  const placed: Placed[] = [];
  for (const finding of findings) {
    for (const label of finding.labels) {
      const { line, column, end_column, code } = label.location;
      if (label.location.cell !== cell || line < 1 || line > doc.lines) continue;
      const row = doc.line(line);
      if (row.text !== code) continue;
      const from = row.from + Math.min(column, row.length);
      const to = label.location.end_line === line ? Math.min(row.from + end_column, row.to) : row.to;
      if (to > from) placed.push({ from, to, label, finding });
    }
  }
  return placed;
}

const hover = hoverTooltip((view, position) => {
  const found = view.state.field(marksField).placed.find((p) => p.from <= position && position <= p.to);
  if (!found) return null;
  return {
    pos: found.from,
    end: found.to,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "gm-hover";
      const head = document.createElement("p");
      const rule = document.createElement("b");
      rule.textContent = found.finding.rule;
      head.append(rule);
      dom.append(head);
      for (const text of [found.finding.message, found.label.text, found.finding.help ?? ""]) {
        if (!text) continue;
        const line = document.createElement("p");
        line.append(prose(text));
        dom.append(line);
      }
      return { dom };
    },
  };
});

/** What the marks of one cell are made from, and a signal that it has changed. */
export interface MarkSource {
  findingsFor(model: ICellModel): { findings: Finding[]; cell: string | number }[];
  watch(model: ICellModel, changed: () => void): () => void;
}

/** The editor extension of one cell: it follows the outputs of the cell's model, and of the cells that blame it. */
export function marksExtension(model: ICellModel, source: MarkSource): Extension {
  const follow = ViewPlugin.define((view) => {
    let alive = true;
    const refresh = () => {
      // A transaction cannot start while another one is being applied.
      requestAnimationFrame(() => {
        if (!alive) return;
        const placed = source.findingsFor(model).flatMap(({ findings, cell }) => place(findings, cell, view.state.doc));
        view.dispatch({ effects: setMarks.of(placed) });
      });
    };
    const stop = source.watch(model, refresh);
    refresh();
    return {
      destroy() {
        alive = false;
        stop();
      },
    };
  });
  return [
    marksField,
    gutter({ class: "gm-gutter", markers: (view) => view.state.field(marksField).gutter }),
    hover,
    follow,
  ];
}
