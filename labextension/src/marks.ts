import { type Diagnostic, diagnosticCount, linter, lintGutter, setDiagnostics } from "@codemirror/lint";
import { type Extension, RangeSet, StateEffect, StateField, type Transaction } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin } from "@codemirror/view";
import type { ICellModel } from "@jupyterlab/cells";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Open, OwnFindings } from "./board";
import { diagnostic, type Marked, type Remedies, told } from "./diagnostics";
import { lineOf, type Placed, place } from "./place";
import type { Location } from "./report";

/** What the marks of a cell are made from, and a signal that it has changed. */
export interface MarkSource {
  findingsFor(model: ICellModel): OwnFindings[];
  litIn(model: ICellModel): Location[];
  pick(open: Open): void;
  onChange(changed: () => void): () => void;
}

const setPlaced = StateEffect.define<Placed[]>();
const setLit = StateEffect.define<DecorationSet>();

/** Where the labels lie. They move with their code; one whose code is edited goes, as it says nothing about the new code. */
const placedField = StateField.define<Placed[]>({
  create: () => [],
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setPlaced)) return effect.value;
    return transaction.docChanged && value.length ? moved(value, transaction) : value;
  },
});

const litField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setLit)) return effect.value;
    return value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function moved(placed: Placed[], { changes }: Transaction): Placed[] {
  return placed
    .filter(({ from, to }) => !changes.touchesRange(Math.min(from + 1, to), Math.max(to - 1, from)))
    .map((p) => ({ ...p, from: changes.mapPos(p.from, 1), to: changes.mapPos(p.to, -1) }))
    .filter(({ from, to }) => to > from);
}

/** The finding whose marked code is at a position; the smallest piece of code counts. */
export function findingAt(view: EditorView, position: number): Open | null {
  const found = (view.state.field(placedField, false) ?? []).filter((p) => p.from <= position && position <= p.to);
  return found.sort((a, b) => a.to - a.from - (b.to - b.from))[0]?.open ?? null;
}

/** The editor extension of one cell. */
export function marksExtension(
  model: ICellModel,
  source: MarkSource,
  remedies: Remedies,
  trans: TranslationBundle,
): Extension {
  const follow = ViewPlugin.define((view) => {
    let waiting = 0;
    const refresh = (keep: boolean) => {
      cancelAnimationFrame(waiting);
      // A transaction cannot start while another one is being applied.
      waiting = requestAnimationFrame(() => {
        const { state } = view;
        const kept = keep ? state.field(placedField) : [];
        const fresh = source.findingsFor(model).flatMap(({ open, cell }) => place(open, cell, state.doc));
        // After an edit what has moved stays where it moved to; what an undo has brought back is found by its text.
        const missing = fresh.filter((p) => !kept.some((k) => k.label === p.label));
        const placed = [...kept, ...missing];
        const lit = litLines(source.litIn(model), state.doc);
        if (!placed.length && !diagnosticCount(state) && !lit.size && !state.field(litField).size) return;
        const marked = placed.map((p) => diagnostic(p, remedies, trans));
        view.dispatch(setDiagnostics(state, marked), { effects: [setPlaced.of(placed), setLit.of(lit)] });
      });
    };
    const stop = source.onChange(() => refresh(false));
    refresh(false);
    return {
      update(update) {
        if (update.docChanged) refresh(true);
        else if (update.selectionSet && update.transactions.some((t) => t.isUserEvent("select"))) {
          const open = findingAt(update.view, update.state.selection.main.head);
          if (open) source.pick(open);
        }
      },
      destroy() {
        cancelAnimationFrame(waiting);
        stop();
      },
    };
  });
  const primary = (marks: readonly Diagnostic[]) => marks.filter((mark) => (mark as Marked).primary);
  return [
    placedField,
    litField,
    linter(null, { tooltipFilter: told }),
    lintGutter({ markerFilter: primary, tooltipFilter: told }),
    follow,
  ];
}

function litLines(locations: Location[], doc: EditorView["state"]["doc"]): DecorationSet {
  const starts = new Set<number>();
  for (const location of locations) {
    const number = lineOf(location, doc);
    if (number !== null) starts.add(doc.line(number).from);
  }
  const line = Decoration.line({ class: "gm-lit-line" });
  return RangeSet.of(
    [...starts].sort((a, b) => a - b).map((start) => line.range(start)),
    true,
  );
}
