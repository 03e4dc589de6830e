import type { ISessionContext } from "@jupyterlab/apputils";
import type { Report } from "./report";
import { isTried, whole } from "./trials";
import { trans } from "./view/language";
import type { Tried } from "./view/options";

/** The comm target that gradmagic/desk.py answers in the kernel. */
const TARGET = "gradmagic.try";

/** Whether there is a kernel that can be asked. */
export function hasKernel(context: ISessionContext): boolean {
  const kernel = context.session?.kernel;
  return !!kernel && kernel.connectionStatus === "connected" && kernel.status !== "dead" && kernel.handleComms;
}

/** Call `changed` whenever a kernel comes or goes; the function returned ends that. */
export function followKernel(context: ISessionContext, changed: () => void): () => void {
  const signals = [context.kernelChanged, context.statusChanged, context.connectionStatusChanged];
  for (const signal of signals) (signal as typeof context.statusChanged).connect(changed);
  return () => {
    for (const signal of signals) (signal as typeof context.statusChanged).disconnect(changed);
  };
}

/** Runs the code of a report with a fix aside, in the kernel of its notebook. No code is sent: two numbers, and which report they are about. */
export function askKernel(context: ISessionContext, report: Report, finding: number, fix: number): Promise<Tried> {
  const gone = trans.__("the kernel does not know this report any more: run the cell again to try its fixes");
  const kernel = context.session?.kernel;
  if (!kernel || !hasKernel(context)) return Promise.reject(gone);
  return new Promise((resolve, reject) => {
    const comm = kernel.createComm(TARGET);
    const left = (_: unknown, status: string) => {
      if (status === "dead" || status === "restarting" || status === "autorestarting") end(() => reject(gone));
    };
    const end = (settle: () => void) => {
      kernel.statusChanged.disconnect(left);
      settle();
    };
    kernel.statusChanged.connect(left);
    comm.onMsg = ({ content }) => {
      const message: unknown = content.data;
      if (isTried(message)) end(() => resolve(whole(message)));
    };
    // A kernel that knows nothing of gradmagic closes what it has no answer for.
    comm.onClose = () => end(() => reject(gone));
    const { id, execution_count, source } = report.cell;
    comm.open({ type: "try", finding, fix, cell: { id, execution_count, source } });
  });
}
