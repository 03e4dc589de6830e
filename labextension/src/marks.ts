import { type Extension, RangeSet, StateEffect, StateField, type Text, type Transaction } from "@codemirror/state";
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
import { hoverCard } from "./hover";
import { type Placed, place } from "./place";
import type { Finding } from "./report";

/** Findings that mark a cell, and how their locations name it: `current`, or its execution count. */
export interface OwnFindings {
  findings: Finding[];
  cell: string | number;
}

/** What the marks of a cell are made from, and a signal that it has changed. */
export interface MarkSource {
  findingsFor(model: ICellModel): OwnFindings[];
  onChange(changed: () => void): () => void;
}

interface Marks {
  decorations: DecorationSet;
  gutter: RangeSet<GutterMarker>;
  placed: Placed[];
}

const setMarks = StateEffect.define<Placed[]>();
const NONE: Marks = { decorations: Decoration.none, gutter: RangeSet.empty, placed: [] };

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

const marksField = StateField.define<Marks>({
  create: () => NONE,
  update(value, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setMarks)) return build(effect.value, transaction.state.doc);
    }
    if (!transaction.docChanged || !value.placed.length) return value;
    return build(moved(value.placed, transaction), transaction.state.doc);
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value.decorations),
});

/** Marks move with their code; a mark whose code is edited goes, as it says nothing about the new code. */
function moved(placed: Placed[], { changes }: Transaction): Placed[] {
  return placed
    .filter(({ from, to }) => !changes.touchesRange(Math.min(from + 1, to), Math.max(to - 1, from)))
    .map((p) => ({ ...p, from: changes.mapPos(p.from, 1), to: changes.mapPos(p.to, -1) }))
    .filter(({ from, to }) => to > from);
}

function build(placed: Placed[], doc: Text): Marks {
  if (!placed.length) return NONE;
  const squiggles = placed.map(({ from, to, label, finding }) =>
    Decoration.mark({ class: `gm-squiggle gm-squiggle-${label.primary ? finding.severity : "other"}` }).range(from, to),
  );
  const lines = new Map<number, Finding>();
  for (const { from, label, finding } of placed) {
    const start = doc.lineAt(from).from;
    // Findings are ranked: of two on one line the first one counts.
    if (label.primary && !lines.has(start)) lines.set(start, finding);
  }
  const marks = [...lines].map(([start, finding]) => new Mark(finding).range(start));
  return {
    decorations: Decoration.set(squiggles, true),
    gutter: RangeSet.of<GutterMarker>(marks, true),
    placed,
  };
}

const hover = hoverTooltip((view, position) => {
  const found = view.state.field(marksField).placed.filter((p) => p.from <= position && position <= p.to);
  // The smallest code under the pointer is what the reader points at.
  const [smallest] = found.sort((a, b) => a.to - a.from - (b.to - b.from));
  if (!smallest) return null;
  const create = () => ({ dom: hoverCard(smallest.finding, smallest.label) });
  return { pos: smallest.from, end: smallest.to, above: true, create };
});

/** The editor extension of one cell. */
export function marksExtension(model: ICellModel, source: MarkSource): Extension {
  const follow = ViewPlugin.define((view) => {
    let waiting = 0;
    const refresh = () => {
      cancelAnimationFrame(waiting);
      // A transaction cannot start while another one is being applied.
      waiting = requestAnimationFrame(() => {
        const placed = source.findingsFor(model).flatMap(({ findings, cell }) => place(findings, cell, view.state.doc));
        if (!placed.length && view.state.field(marksField) === NONE) return;
        view.dispatch({ effects: setMarks.of(placed) });
      });
    };
    const stop = source.onChange(refresh);
    refresh();
    return {
      destroy() {
        cancelAnimationFrame(waiting);
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
