import type { TranslationBundle } from "@jupyterlab/translation";
import type { Finding, Label } from "./report";
import { el } from "./view/dom";
import { prose } from "./view/prose";
import { kindWord } from "./view/words";

/** What is shown over marked code: what is wrong, what this piece of code has to do with it, and what helps. */
export function hoverCard(finding: Finding, label: Label, trans: TranslationBundle): HTMLElement {
  const card = el(
    "div",
    { class: `gm-hover gm-hover-${finding.severity}` },
    el("p", { class: "gm-hover-message" }, prose(finding.message)),
  );
  if (label.text) card.append(el("p", {}, prose(label.text)));
  if (finding.help) card.append(el("p", {}, el("b", {}, `${trans.__("Help")}: `), prose(finding.help)));
  card.append(el("p", { class: "gm-hover-rule" }, kindWord(finding.severity), " · ", el("code", {}, finding.rule)));
  return card;
}
