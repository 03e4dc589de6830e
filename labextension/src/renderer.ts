import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";
import { dataOf, MIME_TYPE } from "./mime";
import type { Report } from "./report";
import { DRAWN } from "./twin";
import type { ViewOptions } from "./view/options";
import type { Selected } from "./view/selection";

/** What a report can do with the notebook around it. */
export interface Around {
  options: ViewOptions;
  /** Hear of what is chosen in the notebook; the function returned ends that. */
  follow: (select: (selected: Selected) => void) => () => void;
  /** Hear whether there is a kernel, now and whenever that changes; asked only while the view is part of the page. */
  kernel: (present: (there: boolean) => void) => () => void;
}

export type Surroundings = (view: Widget, report: Report) => Around;

/** Draws the report that a notebook has saved; it needs no kernel. */
class ReportRenderer extends Widget implements IRenderMime.IRenderer {
  private stop: (() => void) | null = null;
  private forget: (() => void) | null = null;
  private around: Around | null = null;

  constructor(private surroundings: Surroundings) {
    super();
    this.addClass(DRAWN);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    // Loaded with the first report, so that a notebook without one pays nothing.
    const { renderReport } = await import("./view");
    const host = document.createElement("div");
    const data = dataOf(model.data[MIME_TYPE]);
    this.around = this.surroundings(this, data as Report);
    this.node.replaceChildren(host);
    const selection = renderReport(host, data, this.around.options);
    this.stop?.();
    this.stop = this.around.follow((selected) => selection.set(selected));
    this.askForKernel();
  }

  override dispose(): void {
    this.stop?.();
    this.forget?.();
    super.dispose();
  }

  protected override onAfterAttach(): void {
    this.askForKernel();
  }

  protected override onBeforeDetach(): void {
    this.forget?.();
    this.forget = null;
  }

  /** What needs a kernel is out of sight where there is none. */
  private askForKernel(): void {
    this.forget?.();
    const tell = (there: boolean) => this.node.firstElementChild?.classList.toggle("gm-no-kernel", !there);
    tell(false);
    this.forget = this.around && this.isAttached ? this.around.kernel(tell) : null;
  }
}

export function rendererFactory(surroundings: Surroundings): IRenderMime.IRendererFactory {
  return {
    // Text only, never HTML: untrusted notebooks show it as well.
    safe: true,
    mimeTypes: [MIME_TYPE],
    createRenderer: () => new ReportRenderer(surroundings),
  };
}
