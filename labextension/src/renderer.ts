import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";
import { MIME_TYPE } from "./mime";
import type { Report } from "./report";
import type { ViewOptions } from "./view/options";
import type { Selected } from "./view/selection";

/** What a report can do with the notebook around it, and how it hears of what is chosen there; `follow` returns what ends that. */
export type Surroundings = (
  view: Widget,
  report: Report,
) => { options: ViewOptions; follow: (select: (selected: Selected) => void) => () => void };

/** Draws the report that a notebook has saved; it needs no kernel. */
class ReportRenderer extends Widget implements IRenderMime.IRenderer {
  private stop: (() => void) | null = null;

  constructor(private surroundings: Surroundings) {
    super();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    // Loaded with the first report, so that a notebook without one pays nothing.
    const { renderReport } = await import("./view");
    const host = document.createElement("div");
    const data = model.data[MIME_TYPE] as unknown;
    const around = this.surroundings(this, data as Report);
    this.node.replaceChildren(host);
    const selection = renderReport(host, data, around.options);
    this.stop?.();
    this.stop = around.follow((selected) => selection.set(selected));
  }

  override dispose(): void {
    this.stop?.();
    super.dispose();
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
