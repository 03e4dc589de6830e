import type { ICodeCellModel } from "@jupyterlab/cells";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { TranslationBundle } from "@jupyterlab/translation";
import { Widget } from "@lumino/widgets";
import type { Board, Open } from "./board";
import { jumpTo } from "./jump";
import type { Finding } from "./report";
import { el } from "./view/dom";
import { prose } from "./view/prose";
import { kindWord, placeText } from "./view/words";

const SIGNS = { error: "✗", warning: "▲", note: "i" };

/** The *Gradients* side panel: all findings of the notebook in front; a click shows the line. */
export class GradientsPanel extends Widget {
  private waiting = 0;
  private stop: (() => void)[];
  private chosen = "";

  constructor(
    private tracker: INotebookTracker,
    private board: Board,
    private trans: TranslationBundle,
  ) {
    super();
    this.id = "gradmagic-panel";
    this.addClass("gm-panel");
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", trans.__("Gradients"));
    this.node.tabIndex = 0;
    tracker.currentChanged.connect(this.refresh, this);
    this.stop = [board.onChange(() => this.refresh()), board.onPick((open) => this.choose(open))];
    this.refresh();
  }

  override dispose(): void {
    cancelAnimationFrame(this.waiting);
    for (const stop of this.stop) stop();
    super.dispose();
  }

  /** "Run All" brings many changes at once: they are drawn together. */
  private refresh(): void {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const panel = this.tracker.currentWidget;
    const lists: HTMLElement[] = [];
    const all: Open[] = [];
    for (const cell of panel?.content.model?.cells ?? []) {
      const open = this.board.open(cell);
      if (!panel || !open.length) continue;
      all.push(...open);
      const count = (cell as ICodeCellModel).executionCount;
      const entries = open.map((one) => el("li", {}, this.entry(panel, cell as ICodeCellModel, one)));
      lists.push(el("h3", {}, this.trans.__("Cell [%1]", count ?? " ")), el("ul", {}, ...entries));
    }
    if (!all.length) {
      const words = this.trans.__(
        "No findings in this notebook. Run a cell under `%1` to check its gradients.",
        "%%gradcheck",
      );
      this.node.replaceChildren(el("p", { class: "gm-panel-none" }, prose(words)));
      return;
    }
    const amounts = (["error", "warning", "note"] as const)
      .map((severity) => [severity, all.filter(({ finding }) => finding.severity === severity).length] as const)
      .filter(([, amount]) => amount > 0)
      .map(([severity, amount]) =>
        el(
          "span",
          { class: `gm-amount gm-amount-${severity}` },
          el("span", { attributes: { "aria-hidden": "true" } }, `${SIGNS[severity]} `),
          this.amount(severity, amount),
        ),
      );
    this.node.replaceChildren(el("p", { class: "gm-amounts", attributes: { role: "status" } }, ...amounts), ...lists);
    this.mark();
  }

  private amount(severity: Finding["severity"], amount: number): string {
    if (severity === "error") return this.trans._n("%1 error", "%1 errors", amount);
    if (severity === "warning") return this.trans._n("%1 warning", "%1 warnings", amount);
    return this.trans._n("%1 note", "%1 notes", amount);
  }

  private entry(panel: NotebookPanel, cell: ICodeCellModel, open: Open): HTMLElement {
    const { finding, index } = open;
    const place =
      finding.location && placeText(finding.location, { id: null, source: "", execution_count: cell.executionCount });
    const node = el(
      "button",
      {
        class: `gm-entry gm-entry-${finding.severity}`,
        attributes: { type: "button", "data-key": `${cell.id} ${index}` },
      },
      el("span", {}, prose(finding.message)),
      el(
        "span",
        { class: "gm-entry-place" },
        [kindWord(finding.severity), finding.rule, place].filter(Boolean).join(" · "),
      ),
    );
    node.addEventListener("click", () => {
      void jumpTo(panel.content, cell, finding.location);
      this.board.pick(open);
    });
    return node;
  }

  private choose({ reporting, index }: Open): void {
    this.chosen = `${reporting.id} ${index}`;
    this.mark();
  }

  private mark(): void {
    for (const node of this.node.querySelectorAll<HTMLElement>(".gm-entry")) {
      const mine = node.dataset.key === this.chosen;
      node.classList.toggle("gm-chosen", mine);
      if (mine) node.setAttribute("aria-current", "true");
      else node.removeAttribute("aria-current");
    }
  }
}
