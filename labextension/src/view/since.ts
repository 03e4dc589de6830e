/** What got better and what got worse since the cell last ran. */

import type { Change, Report } from "../report";
import { WORDS } from "../vocabulary";
import { el } from "./dom";
import { trans } from "./language";
import { prose } from "./prose";

const MOST = 4;
const ARROWS: Record<Change["kind"], string> = { better: "↑", worse: "↓", other: "•" };

/** One line about all that changed; null where there is nothing to say. */
export function sinceLine(report: Report): HTMLElement | null {
  const since = report.since;
  if (!since) return null;
  const order: Change["kind"][] = ["worse", "better", "other"];
  const changes = [...since.changes].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const parts = changes
    .slice(0, MOST)
    .map((change) => item(change.kind, `\`${change.name}\` ${word(change.before)} → ${word(change.after)}`));
  const left = changes.length - parts.length;
  if (left > 0) parts.push(item("other", trans._n("%1 more", "%1 more", left)));
  if (!changes.length) {
    parts.push(...since.new.map((rule) => item("worse", trans.__("`%1` is new", rule))));
    parts.push(...since.resolved.map((rule) => item("better", trans.__("`%1` is gone", rule))));
  }
  if (!parts.length) return null;
  return el("p", { class: "gm-since" }, el("span", { class: "gm-dim" }, trans.__("Since the last run:")), ...parts);
}

/** The mark on the row of a variable that changed. */
export function wasView(change: Change): HTMLElement {
  return el(
    "span",
    { class: `gm-was gm-change-${change.kind}` },
    sign(change.kind),
    trans.__("was %1", word(change.before)),
  );
}

function item(kind: Change["kind"], text: string): HTMLElement {
  return el("span", { class: `gm-change gm-change-${kind}` }, sign(kind), prose(text));
}

function sign(kind: Change["kind"]): HTMLElement {
  const meaning = { better: trans.__("better"), worse: trans.__("worse"), other: trans.__("changed") }[kind];
  return el(
    "span",
    { title: meaning },
    el("span", { attributes: { "aria-hidden": "true" } }, `${ARROWS[kind]} `),
    el("span", { class: "gm-unseen" }, `${meaning}: `),
  );
}

function word(status: Change["before"]): string {
  return status === null ? trans.__("not asked for") : WORDS[status];
}
