import type { Finding, Location, Report, VariableReport } from "../report";

/** What is selected, shared by table, findings, graph and code: a variable of a call, a finding, a node of the flow graph or a line of code. */
export interface Selected {
  call?: number;
  variable?: string;
  finding?: number;
  node?: string;
  /** A line of code, as `lineKey` names it. */
  line?: string;
}

/** One step of the way from a variable to where its gradient ends. */
export interface Step {
  call: number;
  node: string | null;
  line: string | null;
}

type Listener = (selected: Selected) => void;
type StepListener = (step: Step | null) => void;

export class Selection {
  private listeners: Listener[] = [];
  private stepListeners: StepListener[] = [];
  current: Selected = {};
  step: Step | null = null;

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

  /** Light up one step of an explanation, or none. */
  stand(step: Step | null): void {
    this.step = step;
    for (const listener of this.stepListeners) listener(step);
  }

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  listenToSteps(listener: StepListener): void {
    this.stepListeners.push(listener);
  }
}

function same(a: Selected, b: Selected): boolean {
  return (
    a.call === b.call &&
    a.variable === b.variable &&
    a.finding === b.finding &&
    a.node === b.node &&
    (a.line ?? null) === (b.line ?? null)
  );
}

/** The name of a line of code; null for a place in no cell and no file. */
export function lineKey(at: Location | null | undefined): string | null {
  return at && (at.cell !== null || at.file !== null) ? JSON.stringify([at.cell, at.file, at.line]) : null;
}

/** Whether a finding marks this line. */
function marks(finding: Finding, line: string): boolean {
  return lineKey(finding.location) === line || finding.labels.some((label) => lineKey(label.location) === line);
}

/** Whether a finding is selected, by itself, by a variable that it explains or by a line that it marks. */
export function concerns(selected: Selected, finding: Finding, index: number): boolean {
  if (selected.finding !== undefined) return selected.finding === index;
  if (selected.line !== undefined) return marks(finding, selected.line);
  return (
    selected.variable !== undefined &&
    finding.call === (selected.call ?? null) &&
    finding.variables.includes(selected.variable)
  );
}

/** Whether a variable of the call is selected, by itself, by a finding about it or by a line that reads it or is to blame for it. */
export function includes(
  selected: Selected,
  report: Report,
  call: number,
  variable: Pick<VariableReport, "name"> & Partial<VariableReport>,
): boolean {
  if (selected.variable !== undefined) return selected.call === call && selected.variable === variable.name;
  const explains = (finding: Finding | undefined) =>
    finding !== undefined && finding.call === call && finding.variables.includes(variable.name);
  if (selected.line !== undefined) {
    const line = selected.line;
    return (
      (variable.read_at ?? []).some((at) => lineKey(at) === line) ||
      report.findings.some((finding) => explains(finding) && marks(finding, line))
    );
  }
  return selected.finding !== undefined && explains(report.findings[selected.finding]);
}
