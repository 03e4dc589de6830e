import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import type { ICellModel } from "@jupyterlab/cells";
import { EditorExtensionRegistry, IEditorExtensionRegistry } from "@jupyterlab/codemirror";
import { INotebookTracker } from "@jupyterlab/notebook";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { ITranslator, nullTranslator, type TranslationBundle } from "@jupyterlab/translation";
import { Board } from "./board";
import { addCommands } from "./commands";
import { EveryRun } from "./kernel";
import { marksExtension } from "./marks";
import { GradientsPanel } from "./panel";
import { remediesOf } from "./remedies";
import { rendererFactory } from "./renderer";
import { DEFAULTS, readSettings } from "./settings";
import { ALONE, inNotebook } from "./surroundings";
import { speak } from "./view/language";

const SETTINGS = "@gradmagic/labextension:plugin";

let board: Board | null = null;

function sharedBoard(tracker: INotebookTracker): Board {
  board ??= new Board(tracker);
  return board;
}

/** The reader's language, for the extension and for the reports that it draws. */
function words(translator: ITranslator | null): TranslationBundle {
  const bundle = (translator ?? nullTranslator).load("gradmagic");
  speak(bundle);
  return bundle;
}

const renderer: JupyterFrontEndPlugin<void> = {
  id: "@gradmagic/labextension:renderer",
  description: "Draws saved reports",
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [INotebookTracker, ITranslator],
  activate: (_app, registry: IRenderMimeRegistry, tracker: INotebookTracker | null, translator: ITranslator | null) => {
    words(translator);
    registry.addFactory(rendererFactory(tracker ? inNotebook(() => sharedBoard(tracker)) : ALONE), -20);
  },
};

const marks: JupyterFrontEndPlugin<void> = {
  id: "@gradmagic/labextension:marks",
  description: "Marks the guilty lines",
  autoStart: true,
  requires: [IEditorExtensionRegistry, INotebookTracker],
  optional: [ITranslator],
  activate: (_app, registry: IEditorExtensionRegistry, tracker: INotebookTracker, translator: ITranslator | null) => {
    const trans = words(translator);
    const shared = sharedBoard(tracker);
    const remedies = remediesOf(shared, trans);
    registry.addExtension({
      name: "gradmagic-marks",
      factory: (options) => {
        const model = options.model as unknown as ICellModel;
        return model?.type === "code"
          ? EditorExtensionRegistry.createImmutableExtension(marksExtension(model, shared, remedies, trans))
          : null;
      },
    });
  },
};

const commands: JupyterFrontEndPlugin<void> = {
  id: SETTINGS,
  description: "Check gradients: commands, toolbar and settings",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
  ) => {
    const trans = words(translator);
    const shared = sharedBoard(tracker);
    let current = DEFAULTS;
    const everyRun = new EveryRun(() => current.everyRun);
    addCommands(app, { tracker, board: shared, remedies: remediesOf(shared, trans), everyRun, trans }, palette);
    const follow = () => {
      tracker.widgetAdded.connect((_, panel) => everyRun.follow(panel));
      tracker.forEach((panel) => {
        everyRun.follow(panel);
      });
    };
    const loaded = registry?.load(SETTINGS).then((settings) => {
      const read = () => {
        current = readSettings(settings);
        shared.configure(current);
      };
      read();
      settings.changed.connect(read);
    });
    // Without its settings the extension works as by default.
    void (loaded ?? Promise.resolve())
      .catch((error: unknown) => console.warn(`gradmagic: no settings (${error})`))
      .then(follow);
  },
};

const panel: JupyterFrontEndPlugin<void> = {
  id: "@gradmagic/labextension:panel",
  description: "The Gradients side panel",
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ILayoutRestorer, ITranslator],
  activate: (app, tracker: INotebookTracker, restorer: ILayoutRestorer | null, translator: ITranslator | null) => {
    const trans = words(translator);
    const widget = new GradientsPanel(tracker, sharedBoard(tracker), trans);
    widget.title.label = trans.__("Gradients");
    widget.title.caption = trans.__("Findings of gradmagic in this notebook");
    app.shell.add(widget, "right", { rank: 900 });
    restorer?.add(widget, widget.id);
  },
};

export default [renderer, marks, commands, panel];
