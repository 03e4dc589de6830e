import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import type { ICellModel } from "@jupyterlab/cells";
import { EditorExtensionRegistry, IEditorExtensionRegistry } from "@jupyterlab/codemirror";
import { INotebookTracker } from "@jupyterlab/notebook";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ITranslator, nullTranslator } from "@jupyterlab/translation";
import { Board } from "./board";
import { addCommands } from "./commands";
import { marksExtension } from "./marks";
import { GradientsPanel } from "./panel";
import { rendererFactory } from "./renderer";
import { inNotebook } from "./surroundings";

let board: Board | null = null;

function sharedBoard(tracker: INotebookTracker): Board {
  board ??= new Board(tracker);
  return board;
}

const renderer: JupyterFrontEndPlugin<void> = {
  id: "@gradmagic/labextension:renderer",
  description: "Draws saved reports",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate: (_app: JupyterFrontEnd, registry: IRenderMimeRegistry) => {
    registry.addFactory(rendererFactory(inNotebook), -20);
  },
};

const marks: JupyterFrontEndPlugin<void> = {
  id: "@gradmagic/labextension:marks",
  description: "Marks the guilty lines",
  autoStart: true,
  requires: [IEditorExtensionRegistry, INotebookTracker],
  activate: (_app: JupyterFrontEnd, registry: IEditorExtensionRegistry, tracker: INotebookTracker) => {
    registry.addExtension({
      name: "gradmagic-marks",
      factory: (options) => {
        const model = options.model as unknown as ICellModel;
        return model?.type === "code"
          ? EditorExtensionRegistry.createImmutableExtension(marksExtension(model, sharedBoard(tracker)))
          : null;
      },
    });
  },
};

const commands: JupyterFrontEndPlugin<void> = {
  id: "@gradmagic/labextension:plugin",
  description: "Check gradients: commands and toolbar",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ITranslator],
  activate: (app, tracker: INotebookTracker, palette: ICommandPalette | null, translator: ITranslator | null) => {
    addCommands(app, tracker, sharedBoard(tracker), palette, (translator ?? nullTranslator).load("gradmagic"));
  },
};

const panel: JupyterFrontEndPlugin<void> = {
  id: "@gradmagic/labextension:panel",
  description: "The Gradients side panel",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ILayoutRestorer, ITranslator],
  activate: (app, tracker: INotebookTracker, restorer: ILayoutRestorer | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load("gradmagic");
    const widget = new GradientsPanel(
      tracker,
      sharedBoard(tracker),
      trans.__("No findings in this notebook. Run a cell under `%%gradcheck` to check its gradients."),
    );
    widget.title.label = trans.__("Gradients");
    widget.title.caption = trans.__("Findings of gradmagic in this notebook");
    app.shell.add(widget, "right", { rank: 900 });
    restorer?.add(widget, widget.id);
  },
};

export default [renderer, marks, commands, panel];
