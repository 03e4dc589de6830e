/** Why a gradient is as it is: the way through the code from the variable to where its gradient ends. */

import type { Edge, Finding, FlowGraph, Location, Node, Report, VariableReport } from "../report";
import { trans } from "./language";
import { lineKey } from "./selection";

export interface WhyStep {
  /** What happens here, with code in backticks. */
  text: string;
  location: Location | null;
  /** The node of the flow graph that stands for it. */
  node: string | null;
}

// A longer way is told by its beginning and its end.
const LONGEST = 12;

/** The steps in order; never empty. */
export function whySteps(report: Report, call: number, variable: VariableReport): WhyStep[] {
  const flow = report.calls[call].graph;
  const finding = report.findings[variable.findings[0] ?? -1];
  const start = flow.nodes.find((node) => node.kind === "variable" && node.label === variable.name);
  const nodes = pathFrom(flow, start ?? entry(flow, variable), variable, finding);
  const read = variable.read_at[0] ?? null;
  const steps: WhyStep[] = [
    {
      text: read ? trans.__("`%1` is read here", variable.name) : trans.__("the variable `%1`", variable.name),
      location: read,
      node: start?.id ?? null,
    },
  ];
  const said = new Set<string>();
  for (const node of nodes) {
    const label = node.kind === "cut" || node === nodes[nodes.length - 1] ? blame(finding) : labelAt(finding, node);
    const text = sentence(node) + (label?.text ? `: ${label.text}` : "");
    if (label) said.add(JSON.stringify(label.location));
    // A node and the label on it may lie on different lines: the label is the closer one.
    steps.push({ text, location: label?.location ?? node.location, node: node.id });
  }
  const others = (finding?.labels ?? []).filter(
    (label) => !label.primary && label.text && !said.has(JSON.stringify(label.location)),
  );
  const asides = others.map(({ text, location }) => ({
    text: `\`${piece(location)}\`: ${text}`,
    location,
    node: null,
  }));
  const primary = blame(finding);
  // What else plays a part comes before the end of the story.
  if (steps.length > 1 && primary && said.has(JSON.stringify(primary.location))) steps.splice(-1, 0, ...asides);
  else steps.push(...asides);
  const last = steps[steps.length - 1];
  if (finding && !(primary && said.has(JSON.stringify(primary.location))))
    steps.push({ text: primary?.text || finding.message, location: primary?.location ?? finding.location, node: null });
  else if (!finding && last.node === start?.id && steps.length === 1)
    steps.push({ text: ending(variable), location: null, node: null });
  return shortened(steps);
}

/** What is concluded from the steps. */
export function ending(variable: VariableReport): string {
  const ends: Record<VariableReport["status"], string> = {
    ok: trans.__("its gradient arrives, finite and not zero"),
    none: trans.__("no gradient arrives: it is None"),
    zero: trans.__("what arrives is zero in every element"),
    nan: trans.__("what arrives is NaN"),
    inf: trans.__("what arrives is infinite"),
    vanishing: trans.__("what arrives is too small to matter"),
    exploding: trans.__("what arrives is very large"),
    wrong: trans.__("what arrives is not the derivative"),
    error: trans.__("the gradient could not be computed"),
  };
  return ends[variable.status];
}

/** The code that a location is about, of one line. */
function piece({ code, column, end_column, line, end_line }: Location): string {
  return code.slice(column, end_line === line ? end_column : undefined).trim() || code.trim();
}

function sentence(node: Node): string {
  if (node.kind === "cut") return trans.__("the gradient ends at `%1`", node.label);
  if (node.kind === "target") return trans.__("the target `%1` is reached", node.label);
  if (node.status === "zero") return trans.__("the gradient becomes zero at `%1`", node.label);
  if (node.status === "nan" || node.status === "inf")
    return trans.__("the gradient becomes NaN or infinite at `%1`", node.label);
  return trans.__("goes through `%1`", node.label) + (node.detail ? ` (${node.detail})` : "");
}

function blame(finding: Finding | undefined) {
  return finding?.labels.find((label) => label.primary) ?? null;
}

function labelAt(finding: Finding | undefined, node: Node) {
  const line = lineKey(node.location);
  return finding?.labels.find((label) => !label.primary && line !== null && lineKey(label.location) === line) ?? null;
}

/** Where a variable that the graph leaves out comes in. */
function entry(flow: FlowGraph, variable: VariableReport): Node | undefined {
  const lines = new Set(variable.read_at.map(lineKey));
  return flow.nodes.find((node) => node.kind !== "variable" && lines.has(lineKey(node.location)));
}

/** The shortest way to a node that explains the status, or else to the target; the start is not part of it. */
function pathFrom(
  flow: FlowGraph,
  start: Node | undefined,
  variable: VariableReport,
  finding: Finding | undefined,
): Node[] {
  if (!start) return [];
  const byId = new Map(flow.nodes.map((node) => [node.id, node]));
  const outgoing = new Map<string, Edge[]>();
  for (const edge of flow.edges) outgoing.set(edge.source, [...(outgoing.get(edge.source) ?? []), edge]);
  const from = new Map<string, string | null>([[start.id, null]]);
  const order = [start.id];
  for (const id of order) {
    for (const { target } of outgoing.get(id) ?? []) {
      if (from.has(target) || !byId.has(target)) continue;
      from.set(target, id);
      order.push(target);
    }
  }
  const reached = order.slice(1).flatMap((id) => byId.get(id) ?? []);
  const ends = reached.filter((node) => (variable.status === "ok" ? node.kind === "target" : explains(node)));
  const blamed = ends.find((node) => lineKey(node.location) === lineKey(finding?.location));
  const end = blamed ?? ends[0] ?? (finding ? undefined : reached.find((node) => node.kind === "target"));
  const path: Node[] = [];
  for (let id: string | null = end?.id ?? null; id !== null && id !== start.id; id = from.get(id) ?? null) {
    const node = byId.get(id);
    if (node) path.unshift(node);
  }
  if (start.kind !== "variable") path.unshift(start);
  return path;
}

function explains(node: Node): boolean {
  return node.kind === "cut" || (node.kind !== "variable" && node.status !== null && node.status !== "ok");
}

function shortened(steps: WhyStep[]): WhyStep[] {
  if (steps.length <= LONGEST) return steps;
  const half = LONGEST / 2;
  const left = steps.length - LONGEST + 1;
  const gap = { text: trans.__("%1 steps further on", left), location: null, node: steps[half].node };
  return [...steps.slice(0, half), gap, ...steps.slice(1 - half)];
}
