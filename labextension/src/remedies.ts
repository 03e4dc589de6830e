import { Dialog, Notification, showDialog } from "@jupyterlab/apputils";
import type { TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import { applyFix } from "./apply";
import type { Board, Open } from "./board";
import type { Remedies } from "./diagnostics";
import { el } from "./view/dom";
import { blocks, page } from "./view/prose";

/** Quick fixes and explanations, wherever they are asked for. */
export function remediesOf(board: Board, trans: TranslationBundle): Remedies {
  return {
    apply: (open, fix) => {
      const panel = board.panelOf(open.reporting);
      if (!panel) return;
      const { done, words } = applyFix(panel.content, open.reporting, open.report, fix);
      if (!done) Notification.warning(words, { autoClose: 6000 });
    },
    explain: (open) => void explain(open, trans),
  };
}

async function explain({ finding, report }: Open, trans: TranslationBundle): Promise<void> {
  const rule = report.rules[finding.rule];
  const body = new Widget();
  body.addClass("gm-explained");
  body.node.append(...(rule ? page(rule.doc) : blocks(finding.body || finding.message)));
  body.node.prepend(el("p", { class: "gm-explained-summary" }, rule?.summary ?? ""));
  await showDialog({ title: finding.rule, body, buttons: [Dialog.okButton({ label: trans.__("Close") })] });
}
