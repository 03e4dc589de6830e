import type { INotebookTracker } from "@jupyterlab/notebook";
import { Widget } from "@lumino/widgets";
import type { Board } from "./board";
import { jumpTo } from "./jump";
import { el } from "./view/dom";
import { prose } from "./view/prose";
import { placeText } from "./view/words";

/** The *Gradients* side panel: all findings of the notebook in front; a click shows the line. */
export class GradientsPanel extends Widget {
  constructor(
    private tracker: INotebookTracker,
    private board: Board,
    private empty: string,
  ) {
    super();
    this.id = "gradmagic-panel";
    this.addClass("gm-panel");
    this.node.tabIndex = 0;
    tracker.currentChanged.connect(() => this.follow());
    board.onChange(() => this.draw());
    this.follow();
  }

  private follow(): void {
    const panel = this.tracker.currentWidget;
    panel?.content.model?.cells.changed.connect(this.draw, this);
    panel?.content.modelContentChanged.connect(this.draw, this);
    this.draw();
  }

  private draw(): void {
    const panel = this.tracker.currentWidget;
    this.node.replaceChildren();
    panel?.content.widgets.forEach((cell, index) => {
      for (const finding of this.board.open(cell.model)) {
        const button = el(
          "button",
          { class: `gm-${finding.severity}`, attributes: { type: "button" } },
          el("code", {}, finding.rule),
          el("br"),
          prose(finding.message),
          el("br"),
          el("small", {}, finding.location ? placeText(finding.location, null) : ""),
        );
        button.addEventListener("click", () => void jumpTo(panel, index, finding.location));
        this.node.append(button);
      }
    });
    if (!this.node.childElementCount) this.node.append(el("p", {}, this.empty));
  }
}
