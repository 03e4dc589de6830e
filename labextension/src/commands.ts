import type { JupyterFrontEnd } from "@jupyterlab/application";
import { type ICommandPalette, Notification } from "@jupyterlab/apputils";
import type { CodeMirrorEditor } from "@jupyterlab/codemirror";
import { type INotebookTracker, NotebookActions } from "@jupyterlab/notebook";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Board, Open } from "./board";
import type { Remedies } from "./diagnostics";
import { type EveryRun, load } from "./kernel";
import { findingAt } from "./marks";
import { walk } from "./walk";

const MAGIC = "%%gradcheck";

export const COMMANDS = {
  check: "gradmagic:check-cell",
  everyRun: "gradmagic:check-every-run",
  clear: "gradmagic:clear-marks",
  clearAll: "gradmagic:clear-all-marks",
  next: "gradmagic:next-finding",
  previous: "gradmagic:previous-finding",
  fix: "gradmagic:quick-fix",
  explain: "gradmagic:explain-rule",
};

/** What the commands work with. */
export interface Means {
  tracker: INotebookTracker;
  board: Board;
  remedies: Remedies;
  everyRun: EveryRun;
  trans: TranslationBundle;
}

/** All commands, in the palette where there is one. */
export function addCommands(app: JupyterFrontEnd, means: Means, palette: ICommandPalette | null): void {
  const { tracker, board, remedies, everyRun, trans } = means;
  const inCode = () => tracker.activeCell?.model.type === "code";
  const inNotebook = () => tracker.currentWidget !== null;
  app.commands.addCommand(COMMANDS.check, {
    label: trans.__("Check gradients"),
    caption: trans.__("Run this cell under %1", MAGIC),
    iconClass: "jp-MaterialIcon jp-BugIcon",
    isEnabled: inCode,
    execute: async () => {
      const panel = tracker.currentWidget;
      const cell = tracker.activeCell;
      if (!panel || !cell) return;
      const source = cell.model.sharedModel;
      if (!source.getSource().trimStart().startsWith(MAGIC)) source.updateSource(0, 0, `${MAGIC}\n`);
      await load(panel);
      await NotebookActions.run(panel.content, panel.sessionContext);
    },
  });
  app.commands.addCommand(COMMANDS.everyRun, {
    label: trans.__("Check gradients on every run"),
    caption: trans.__("Check every cell of this notebook that runs, without %1", MAGIC),
    isEnabled: inNotebook,
    isToggleable: true,
    isToggled: () => tracker.currentWidget !== null && everyRun.isOn(tracker.currentWidget),
    execute: async () => {
      const panel = tracker.currentWidget;
      if (!panel) return;
      await everyRun.set(panel, !everyRun.isOn(panel));
      app.commands.notifyCommandChanged(COMMANDS.everyRun);
    },
  });
  app.commands.addCommand(COMMANDS.clear, {
    label: trans.__("Clear gradient marks of this cell"),
    isEnabled: inCode,
    execute: () => {
      if (tracker.activeCell) board.clear(tracker.activeCell.model);
    },
  });
  app.commands.addCommand(COMMANDS.clearAll, {
    label: trans.__("Clear all gradient marks"),
    isEnabled: inNotebook,
    execute: () => {
      for (const cell of tracker.currentWidget?.content.model?.cells ?? []) board.clear(cell);
    },
  });
  const go = (step: 1 | -1) => async () => {
    if (!(await walk(tracker, board, step)))
      Notification.info(trans.__("This notebook has no findings."), { autoClose: 4000 });
  };
  app.commands.addCommand(COMMANDS.next, {
    label: trans.__("Next gradient finding"),
    isEnabled: inNotebook,
    execute: go(1),
  });
  app.commands.addCommand(COMMANDS.previous, {
    label: trans.__("Previous gradient finding"),
    isEnabled: inNotebook,
    execute: go(-1),
  });
  app.commands.addCommand(COMMANDS.fix, {
    label: trans.__("Apply the first fix of the finding here"),
    isEnabled: inCode,
    execute: () => {
      const open = here(means);
      const fix = open?.finding.fixes.find((f) => f.edits.length > 0 && f.applicability !== "display-only");
      if (open && fix) remedies.apply(open, fix);
      else Notification.info(trans.__("There is no fix for this place."), { autoClose: 4000 });
    },
  });
  app.commands.addCommand(COMMANDS.explain, {
    label: trans.__("Explain the gradient finding here"),
    isEnabled: inCode,
    execute: () => {
      const open = here(means);
      if (open) remedies.explain(open);
      else Notification.info(trans.__("There is no finding in this cell."), { autoClose: 4000 });
    },
  });
  for (const command of Object.values(COMMANDS)) palette?.addItem({ command, category: trans.__("Gradients") });
}

/** The finding under the cursor, else the first one that marks the active cell. */
function here({ tracker, board }: Means): Open | null {
  const cell = tracker.activeCell;
  if (!cell) return null;
  const view = (cell.editor as CodeMirrorEditor | null)?.editor;
  const at = view ? findingAt(view, view.state.selection.main.head) : null;
  return at ?? board.findingsFor(cell.model)[0]?.open[0] ?? null;
}
