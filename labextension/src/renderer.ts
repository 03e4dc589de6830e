import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";
import { MIME_TYPE } from "./mime";
import type { Report } from "./report";
import { renderReport, type ViewOptions } from "./view";

/** What a report can do with the notebook around it. */
export type Surroundings = (view: Widget, report: Report) => ViewOptions;

/** Draws the report that a notebook has saved; it needs no kernel. */
class ReportRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private surroundings: Surroundings) {
    super();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const host = document.createElement("div");
    this.node.replaceChildren(host);
    const data = model.data[MIME_TYPE] as unknown;
    renderReport(host, data, this.surroundings(this, data as Report));
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
