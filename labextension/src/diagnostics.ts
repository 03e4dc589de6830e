import type { Action, Diagnostic } from "@codemirror/lint";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Open } from "./board";
import { hoverCard } from "./card";
import type { Placed } from "./place";
import type { Finding, Fix } from "./report";

/** What can be done about a finding from within the code. */
export interface Remedies {
  apply: (open: Open, fix: Fix) => void;
  explain: (open: Open) => void;
}

/** A label of a finding as the editor's lint facilities want it. */
export interface Marked extends Diagnostic {
  primary: boolean;
  finding: Finding;
}

const SEVERITY = { error: "error", warning: "warning", note: "info" } as const;

/** The editor's diagnostic for a label: squiggle, hover card and quick fixes. */
export function diagnostic({ from, to, label, open }: Placed, remedies: Remedies, trans: TranslationBundle): Marked {
  const { finding } = open;
  const fixes = finding.fixes.filter((fix) => fix.edits.length > 0 && fix.applicability !== "display-only");
  const actions: Action[] = fixes.map((fix) => ({
    name: trans.__("Fix: %1", fix.title.replaceAll("`", "")),
    apply: () => remedies.apply(open, fix),
  }));
  actions.push({ name: trans.__("Explain"), apply: () => remedies.explain(open) });
  return {
    from,
    to,
    severity: label.primary ? SEVERITY[finding.severity] : "hint",
    markClass: `gm-squiggle gm-squiggle-${label.primary ? finding.severity : "other"}`,
    message: finding.message,
    renderMessage: () => hoverCard(finding, label, trans),
    actions,
    primary: label.primary,
    finding,
  };
}

/** What is told of code with several marks: every finding once, those that blame this very code first. */
export function told(marks: readonly Diagnostic[]): Diagnostic[] {
  const ordered = [...(marks as readonly Marked[])].sort((a, b) => Number(b.primary) - Number(a.primary));
  return ordered.filter((mark, i) => ordered.findIndex((other) => other.finding === mark.finding) === i);
}
