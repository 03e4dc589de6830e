import type { ICodeCellModel } from "@jupyterlab/cells";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { Widget } from "@lumino/widgets";
import type { Board } from "./board";
import { jumpTo } from "./jump";
import type { Finding } from "./report";
import { el } from "./view/dom";
import { prose } from "./view/prose";
import { placeText } from "./view/words";

/** The *Gradients* side panel: all findings of the notebook in front; a click shows the line. */
export class GradientsPanel extends Widget {
  private waiting = 0;
  private stop: () => void;

  constructor(
    private tracker: INotebookTracker,
    private board: Board,
    private empty: string,
  ) {
    super();
    this.id = "gradmagic-panel";
    this.addClass("gm-panel");
    tracker.currentChanged.connect(this.refresh, this);
    this.stop = board.onChange(() => this.refresh());
    this.refresh();
  }

  override dispose(): void {
    cancelAnimationFrame(this.waiting);
    this.stop();
    super.dispose();
  }

  /** "Run All" brings many changes at once: they are drawn together. */
  private refresh(): void {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const panel = this.tracker.currentWidget;
    this.node.replaceChildren();
    for (const cell of panel?.content.model?.cells ?? []) {
      const findings = this.board.open(cell);
      if (!panel || !findings.length) continue;
      const count = (cell as ICodeCellModel).executionCount;
      const list = el(
        "ul",
        {},
        ...findings.map((finding) => el("li", {}, this.entry(panel, cell as ICodeCellModel, finding))),
      );
      this.node.append(el("h3", {}, `cell [${count ?? " "}]`), list);
    }
    if (!this.node.childElementCount) this.node.append(el("p", {}, prose(this.empty)));
  }

  private entry(panel: NotebookPanel, cell: ICodeCellModel, finding: Finding): HTMLElement {
    const place =
      finding.location && placeText(finding.location, { id: null, source: "", execution_count: cell.executionCount });
    const node = el(
      "button",
      { class: `gm-entry gm-entry-${finding.severity}`, attributes: { type: "button" } },
      el("span", {}, prose(finding.message)),
      el("span", { class: "gm-entry-place" }, [finding.severity, finding.rule, place].filter(Boolean).join(" · ")),
    );
    node.addEventListener("click", () => void jumpTo(panel.content, cell, finding.location));
    return node;
  }
}
