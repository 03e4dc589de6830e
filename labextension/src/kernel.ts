import type { NotebookPanel } from "@jupyterlab/notebook";

/** Which notebooks check every cell that runs; kept up when their kernel starts anew. */
export class EveryRun {
  private on = new WeakMap<NotebookPanel, boolean>();
  private followed = new WeakSet<NotebookPanel>();

  constructor(private atFirst: () => boolean) {}

  isOn(panel: NotebookPanel): boolean {
    return this.on.get(panel) ?? this.atFirst();
  }

  async set(panel: NotebookPanel, on: boolean): Promise<void> {
    this.on.set(panel, on);
    await quietly(panel, `%load_ext gradmagic\n%gradcheck ${on ? "on" : "off"}`);
  }

  /** Tell each new kernel of the notebook. */
  follow(panel: NotebookPanel): void {
    if (this.followed.has(panel)) return;
    this.followed.add(panel);
    const session = panel.sessionContext;
    const tell = () => {
      if (this.isOn(panel)) void this.set(panel, true);
    };
    session.kernelChanged.connect((_, { newValue }) => {
      if (newValue) tell();
    });
    let restarting = false;
    session.statusChanged.connect((_, status) => {
      if (status === "restarting" || status === "autorestarting") restarting = true;
      else if (restarting && status === "idle") {
        restarting = false;
        tell();
      }
    });
    if (session.session?.kernel) tell();
  }
}

/** Make the magic known to the notebook's kernel. */
export async function load(panel: NotebookPanel): Promise<void> {
  await quietly(panel, "%load_ext gradmagic");
}

/** Run a line of Python that shows nothing and counts as no cell; where there is no Python, nothing happens. */
async function quietly(panel: NotebookPanel, code: string): Promise<void> {
  await panel.sessionContext.ready;
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel || (await kernel.info).language_info.name !== "python") return;
  await kernel.requestExecute({ code, silent: true, store_history: false, stop_on_error: false }).done;
}
