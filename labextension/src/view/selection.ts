import type { Finding, VariableReport } from "../report";

/** What is selected, shared by table, findings, graph and code: a variable of a call, a finding, or a node of the flow graph. */
export interface Selected {
  call?: number;
  variable?: string;
  finding?: number;
  node?: string;
}

type Listener = (selected: Selected) => void;

export class Selection {
  private listeners: Listener[] = [];
  current: Selected = {};

  /** Select, or let go of what is selected already. */
  select(selected: Selected): void {
    this.set(same(selected, this.current) ? {} : selected);
  }

  /** Select from outside; nothing happens where it is selected already. */
  set(selected: Selected): void {
    if (same(selected, this.current)) return;
    this.current = selected;
    for (const listener of this.listeners) listener(this.current);
  }

  clear(): void {
    this.set({});
  }

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }
}

function same(a: Selected, b: Selected): boolean {
  return a.call === b.call && a.variable === b.variable && a.finding === b.finding && a.node === b.node;
}

/** Whether a finding is selected, by itself or by a variable that it explains. */
export function concerns(selected: Selected, finding: Finding, index: number): boolean {
  if (selected.finding !== undefined) return selected.finding === index;
  return (
    selected.variable !== undefined &&
    finding.call === (selected.call ?? null) &&
    finding.variables.includes(selected.variable)
  );
}

/** Whether a variable of the call is selected, by itself or by a finding about it. */
export function includes(
  selected: Selected,
  findings: Finding[],
  call: number,
  variable: Pick<VariableReport, "name">,
): boolean {
  if (selected.variable !== undefined) return selected.call === call && selected.variable === variable.name;
  const finding = selected.finding === undefined ? undefined : findings[selected.finding];
  return finding !== undefined && finding.call === call && finding.variables.includes(variable.name);
}
