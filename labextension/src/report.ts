// Generated from gradmagic/report.py by generate_report_ts.py: change it there.

export const SCHEMA = "gradmagic.report/1";

export type Num = number | "nan" | "inf" | "-inf";

export interface Location {
  cell: string | number | null;
  file: string | null;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  code: string;
  function: string | null;
}

export interface Versions {
  gradmagic: string;
  tensorflow: string | null;
  keras: string | null;
  python: string;
}

export interface CellInfo {
  id: string | null;
  execution_count: number | null;
  source: string;
}

export interface Target {
  name: string;
  shape: (number | null)[] | null;
  dtype: string | null;
  value: Num | null;
}

export interface Histogram {
  edges: Num[];
  counts: number[];
}

export interface GradientStats {
  norm: Num;
  mean: Num;
  std: Num;
  min: Num;
  max: Num;
  zeros: number;
  nans: number;
  infs: number;
  sparse: boolean;
  histogram: Histogram | null;
  norm_history: Num[];
}

export interface ValueStats {
  norm: Num;
  min: Num;
  max: Num;
  nans: number;
  infs: number;
}

export interface VariableReport {
  name: string;
  shape: (number | null)[] | null;
  dtype: string | null;
  trainable: boolean | null;
  status: "ok" | "none" | "zero" | "nan" | "inf" | "vanishing" | "exploding" | "wrong" | "error";
  grad: GradientStats | null;
  value: ValueStats | null;
  ratio: Num | null;
  findings: number[];
  applied: boolean | null;
  read_at: Location[];
}

export interface Node {
  id: string;
  kind: "variable" | "op" | "group" | "input" | "target" | "cut";
  label: string;
  detail: string;
  location: Location | null;
  status: "ok" | "none" | "zero" | "nan" | "inf" | "vanishing" | "exploding" | "wrong" | "error" | null;
}

export interface Edge {
  source: string;
  target: string;
  status: "flows" | "cut" | "zero" | "bad" | "unused";
  norm: Num | null;
}

export interface FlowGraph {
  nodes: Node[];
  edges: Edge[];
}

export interface GradientCall {
  kind: string;
  location: Location | null;
  count: number;
  first_bad: number | null;
  target: Target | null;
  variables: VariableReport[];
  graph: FlowGraph;
}

export interface Update {
  kind: string;
  location: Location | null;
  count: number;
  variables: string[];
  optimizer: string | null;
  skipped: string[];
  changed: number | null;
  raised: string | null;
}

export interface Label {
  location: Location;
  text: string;
  primary: boolean;
}

export interface Edit {
  cell: string | number | null;
  start_line: number;
  end_line: number;
  replacement: string;
  original: string | null;
}

export interface Trial {
  statuses_after: Record<string, string>;
  loss_before: Num | null;
  loss_after: Num | null;
}

export interface Fix {
  title: string;
  edits: Edit[];
  applicability: "safe" | "unsafe" | "display-only";
  verified: Trial | null;
}

export interface Finding {
  rule: string;
  severity: "error" | "warning" | "note";
  message: string;
  location: Location | null;
  labels: Label[];
  body: string;
  notes: string[];
  help: string | null;
  certainty: "certain" | "likely";
  variables: string[];
  call: number | null;
  fixes: Fix[];
  accepted: boolean;
}

export interface RuleInfo {
  summary: string;
  doc: string;
}

export interface Raised {
  type: string;
  message: string;
  location: Location | null;
}

export interface Overhead {
  cell_seconds: Num;
  check_seconds: Num;
  ops_recorded: number;
  ops_dropped: number;
}

export interface Change {
  name: string;
  call: number;
  before: "ok" | "none" | "zero" | "nan" | "inf" | "vanishing" | "exploding" | "wrong" | "error" | null;
  after: "ok" | "none" | "zero" | "nan" | "inf" | "vanishing" | "exploding" | "wrong" | "error" | null;
  kind: "better" | "worse" | "other";
}

export interface Since {
  execution_count: number | null;
  changes: Change[];
  resolved: string[];
  new: string[];
}

export interface Report {
  versions: Versions;
  cell: CellInfo;
  verdict: "ok" | "warning" | "error";
  summary: string;
  calls: GradientCall[];
  updates: Update[];
  findings: Finding[];
  rules: Record<string, RuleInfo>;
  raised: Raised | null;
  overhead: Overhead;
  failures: string[];
  since: Since | null;
  schema: string;
}
