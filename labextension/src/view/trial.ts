import type { Num } from "../report";
import { ICONS, WORDS } from "../vocabulary";
import { el } from "./dom";
import { trans } from "./language";
import type { Tried } from "./options";
import { prose } from "./prose";
import { moreVariables, numeral } from "./words";

const MOST = 8;

/** What a trial showed: the loss, and what became of the gradients, before and after. */
export function triedView(tried: Tried): HTMLElement {
  if (tried.error !== null)
    return el("p", { class: "gm-tried gm-tried-failed" }, prose(trans.__("not tried: %1", tried.error)));
  const names = Object.keys(tried.statuses_after);
  const changed = names.filter((name) => tried.statuses_before[name] !== tried.statuses_after[name]);
  const shown = [...changed, ...names.filter((name) => !changed.includes(name))].slice(0, MOST);
  const node = el(
    "div",
    { class: "gm-tried" },
    el("p", {}, el("b", {}, headline(tried, changed)), " ", lossText(tried.loss_before, tried.loss_after)),
  );
  if (!shown.length) return node;
  const rows = shown.map((name) =>
    el(
      "tr",
      {},
      el("th", { attributes: { scope: "row" } }, el("code", {}, name)),
      el("td", {}, statusView(tried.statuses_before[name])),
      el("td", {}, statusView(tried.statuses_after[name])),
    ),
  );
  const heads = [trans.__("variable"), trans.__("before"), trans.__("after")].map((head) =>
    el("th", { attributes: { scope: "col" } }, head),
  );
  node.append(
    el("table", { class: "gm-table gm-trial" }, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)),
  );
  if (names.length > shown.length)
    node.append(el("p", { class: "gm-dim" }, trans.__("and %1", moreVariables(names.length - shown.length))));
  return node;
}

function headline({ statuses_after: after }: Tried, changed: string[]): string {
  const wrong = Object.values(after).filter((status) => status !== "ok").length;
  if (!wrong) return trans.__("It works: every gradient is there, finite and not zero.");
  if (!changed.length) return trans.__("It changes nothing: the gradients are as before.");
  return trans._n(
    "It is not all: %1 gradient still is not ok.",
    "It is not all: %1 gradients still are not ok.",
    wrong,
  );
}

function lossText(before: Num | null, after: Num | null): string {
  if (before === null || after === null) return "";
  const close =
    before === after ||
    (typeof before === "number" && typeof after === "number" && Math.abs(before - after) <= 1e-6 * Math.abs(before));
  return close
    ? trans.__("The loss stays %1.", numeral(before))
    : trans.__("The loss: %1 → %2.", numeral(before), numeral(after));
}

function statusView(status: string | undefined): HTMLElement {
  const known = status !== undefined && status in WORDS ? (status as keyof typeof WORDS) : null;
  const text = known ? `${ICONS[known]} ${WORDS[known]}` : (status ?? "–");
  return el("span", { class: `gm-status gm-is-${known ?? "plain"}` }, text);
}
