import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import { type INotebookTracker, NotebookActions } from "@jupyterlab/notebook";
import type { TranslationBundle } from "@jupyterlab/translation";
import type { Board } from "./board";

const MAGIC = "%%gradcheck";

export const COMMANDS = { check: "gradmagic:check-cell", clear: "gradmagic:clear-marks" };

/** Check this cell, clear its marks: in the palette and on the cell's toolbar. */
export function addCommands(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  board: Board,
  palette: ICommandPalette | null,
  trans: TranslationBundle,
): void {
  const isEnabled = () => tracker.activeCell?.model.type === "code";
  app.commands.addCommand(COMMANDS.check, {
    label: trans.__("Check gradients"),
    caption: trans.__("Run this cell under %%gradcheck"),
    iconClass: "jp-MaterialIcon jp-BugIcon",
    isEnabled,
    execute: async () => {
      const panel = tracker.currentWidget;
      const cell = tracker.activeCell;
      if (!panel || !cell) return;
      const source = cell.model.sharedModel;
      if (!source.getSource().trimStart().startsWith(MAGIC)) source.updateSource(0, 0, `${MAGIC}\n`);
      await NotebookActions.run(panel.content, panel.sessionContext);
    },
  });
  app.commands.addCommand(COMMANDS.clear, {
    label: trans.__("Clear gradient marks of this cell"),
    isEnabled,
    execute: () => {
      if (tracker.activeCell) board.clear(tracker.activeCell.model);
    },
  });
  for (const command of Object.values(COMMANDS)) palette?.addItem({ command, category: "gradmagic" });
}
