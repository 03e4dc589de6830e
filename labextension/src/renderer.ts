import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";
import { MIME_TYPE } from "./mime";
import { renderReport } from "./view";

/** Draws the report that a notebook has saved; it needs no kernel. */
class ReportRenderer extends Widget implements IRenderMime.IRenderer {
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const host = document.createElement("div");
    this.node.replaceChildren(host);
    renderReport(host, model.data[MIME_TYPE]);
  }
}

export const rendererFactory: IRenderMime.IRendererFactory = {
  // Text only, never HTML: untrusted notebooks show it as well.
  safe: true,
  mimeTypes: [MIME_TYPE],
  createRenderer: () => new ReportRenderer(),
};
