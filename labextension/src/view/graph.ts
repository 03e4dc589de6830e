import type { Edge, FlowGraph, Node, Report } from "../report";
import { button, el, svg } from "./dom";
import { folded, type Group, isGroup, type Small } from "./folding";
import { trans } from "./language";
import { arrange, type Box, sharedPath } from "./layout";
import { type Broken, legend, linkView, nodeView, thickness } from "./nodes";
import { route } from "./route";
import { lineKey, type Selected, type Selection } from "./selection";
import { Zoom } from "./zoom";

const TALLEST = 460;
const NARROW = 560;
const LEGIBLE = 0.85;

/** The flow graph of a gradient call: edges as thick as the gradient on a log scale, a cut drawn as a cut, groups that open and close. */
export function flowGraph(report: Report, index: number, selection: Selection): HTMLElement | null {
  const flow = report.calls[index].graph;
  return flow.nodes.length ? new FlowView(report, index, flow, selection).node : null;
}

class FlowView {
  readonly node: HTMLElement;
  private layer = svg("g", {});
  private picture = svg("svg", {
    class: "gm-picture",
    role: "group",
    tabindex: 0,
    "aria-label": trans.__(
      "Flow of the gradient from the target back to the variables. Plus and minus zoom, arrow keys move.",
    ),
  });
  private zoom = new Zoom(this.picture, this.layer, TALLEST, (room) => this.turn(room));
  private vertical = false;
  private wide = 0;
  private shared: string;
  private opened = new Map<string, string[]>();
  private names = new Map<string, string>();
  private legend = el("figcaption", { class: "gm-legend" });
  private chips = el("span", { class: "gm-opened" });
  private small!: Small;
  private boxes = new Map<string, Box>();
  private marks: (() => void) | null = null;

  constructor(
    private report: Report,
    private index: number,
    private flow: FlowGraph,
    private selection: Selection,
  ) {
    this.shared = sharedPath(flow.nodes.filter((node) => node.kind === "variable").map((node) => node.label));
    this.picture.append(this.layer);
    this.picture.addEventListener("keydown", (event) => {
      if (event.target !== this.picture || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!this.zoom.key(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.node = el(
      "figure",
      { class: "gm-graph", attributes: { "data-lm-suppress-shortcuts": "true" } },
      el("div", { class: "gm-controls" }, this.zoom.buttons, this.chips),
      this.picture,
      this.legend,
    );
    this.draw();
    selection.listen(() => this.marks?.());
    selection.listenToSteps(() => this.marks?.());
  }

  private draw(): void {
    this.small = folded(this.flow, new Set(this.opened.keys()), this.vertical);
    const { boxes, links, width, height } = arrange(this.small, this.vertical, this.shared);
    if (!this.vertical) this.wide = width;
    this.boxes = new Map(boxes.map((box) => [box.node.id, box]));
    const cuts = new Set(boxes.filter(({ node }) => node.kind === "cut").map(({ node }) => node.id));
    const thick = thickness(this.small.edges);
    const leading = leadingTo(cuts, this.small.edges);
    const drawn = links.map((link) => {
      const { edge } = link;
      return { link, group: linkView(link, thick(edge), broken(edge, cuts, leading)) };
    });
    const nodes = boxes.map((box) => ({ box, group: this.nodeOf(box) }));
    this.layer.replaceChildren(...drawn.map(({ group }) => group), ...nodes.map(({ group }) => group));
    const matters = boxes.find(({ node }) => cuts.has(node.id)) ?? boxes.find(({ node }) => node.kind === "target");
    this.legend.replaceChildren(...legend([...new Set(links.map(({ edge }) => edge.status))]));
    this.zoom.picture(width, height, matters ?? null);
    this.marks = () => {
      const picked = this.picked(this.selection.current);
      const on = route(this.small, picked);
      for (const { box, group } of nodes) {
        group.classList.toggle("gm-selected", picked.has(box.node.id));
        group.classList.toggle("gm-off-route", on.nodes.size > 0 && !on.nodes.has(box.node.id));
        const step = this.selection.step;
        const here = step?.call === this.index && step.node !== null && this.small.shownBy.get(step.node);
        group.classList.toggle("gm-step", here === box.node.id);
        if (here === box.node.id) this.zoom.reveal(box.x, box.y);
      }
      for (const { link, group } of drawn)
        group.classList.toggle("gm-off-route", on.nodes.size > 0 && !on.edges.has(link.edge));
    };
    this.marks();
    this.chips.replaceChildren(...[...this.opened.keys()].map((id) => this.closer(id)));
  }

  /** On a narrow page the graph stands upright, so that its words stay legible. */
  private turn(room: number): void {
    const vertical = room < NARROW && this.wide * LEGIBLE > room;
    if (vertical === this.vertical) return;
    this.vertical = vertical;
    this.draw();
  }

  private nodeOf(box: Box): SVGElement {
    const group = nodeView(box, () => this.selection.select(this.chosen(box.node)));
    if (isGroup(box.node)) {
      const { node } = box;
      const open = () => this.open(node);
      group.append(expander(box, open));
      group.addEventListener("dblclick", open);
      group.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowRight") return;
        event.preventDefault();
        event.stopPropagation();
        open();
      });
      group.setAttribute("aria-description", trans.__("a group: the right arrow key opens it"));
    }
    return group;
  }

  private open(group: Group): void {
    this.opened.set(group.id, group.members);
    this.names.set(group.id, group.label);
    this.draw();
    const first = this.small.shownBy.get(group.members[0]);
    this.layer.querySelector<SVGElement>(`[data-node=${JSON.stringify(first)}]`)?.focus();
  }

  private closer(id: string): HTMLElement {
    const name = this.names.get(id) ?? trans.__("group");
    const chip = button(`${name} ✕`, trans.__("Close the group %1", name), () => {
      const members = new Set(this.opened.get(id));
      // What was opened inside of it closes with it.
      for (const [other, inner] of this.opened) if (inner.every((m) => members.has(m))) this.opened.delete(other);
      this.draw();
      this.picture.focus();
    });
    chip.classList.add("gm-chip");
    return chip;
  }

  /** What a click on a node selects: the variable, or the finding about this place, or the node alone. */
  private chosen(node: Node | Group): Selected {
    const call = this.index;
    if (isGroup(node)) return { call, node: node.id };
    if (node.kind === "variable") return { call, variable: node.label };
    const finding = this.report.findings.findIndex(
      (f) => (f.call === call || f.call === null) && sameLine(f.location, node) && inTrouble(node),
    );
    return finding >= 0 ? { call, finding } : { call, node: node.id };
  }

  private picked(selected: Selected): Set<string> {
    const finding = selected.finding === undefined ? undefined : this.report.findings[selected.finding];
    if (selected.line === undefined && selected.call !== this.index && finding?.call !== this.index) return new Set();
    const picked = new Set<string>();
    if (selected.node !== undefined && this.boxes.has(selected.node)) picked.add(selected.node);
    for (const node of this.flow.nodes) {
      const isIt =
        selected.node !== undefined
          ? node.id === selected.node
          : selected.line !== undefined
            ? lineKey(node.location) === selected.line
            : node.kind === "variable"
              ? selected.variable === node.label || (finding?.variables.includes(node.label) ?? false)
              : finding !== undefined && sameLine(finding.location, node) && inTrouble(node);
      const shown = isIt && this.small.shownBy.get(node.id);
      if (shown) picked.add(shown);
    }
    return picked;
  }
}

function sameLine(at: Node["location"], node: Node): boolean {
  return at !== null && lineKey(at) !== null && lineKey(at) === lineKey(node.location);
}

function inTrouble(node: Node): boolean {
  return node.kind === "cut" || (node.status !== null && node.status !== "ok");
}

/** Gradients stop on the variables' side of a cut: there the line is broken. Where no node further on is the cut, the line itself is. */
function broken(edge: Edge, cuts: Set<string>, leading: Set<string>): Broken {
  if (edge.status !== "cut" || cuts.has(edge.source)) return false;
  if (cuts.has(edge.target)) return "at its end";
  return !leading.has(edge.target) && "at its start";
}

/** The nodes from which cut lines lead to one of these. */
function leadingTo(nodes: Set<string>, edges: Edge[]): Set<string> {
  const found = new Set(nodes);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const edge of edges) if (edge.status === "cut" && found.has(edge.target)) found.add(edge.source);
  }
  return found;
}

/** The sign on a group that opens it. */
function expander({ node, width, height }: Box, open: () => void): SVGElement {
  const sign = svg(
    "g",
    { class: "gm-expander", transform: `translate(${width / 2 - 2} ${-height / 2 + 2})`, "aria-hidden": "true" },
    svg("title", {}, trans.__("Open %1", node.label)),
    svg("circle", { r: 8 }),
    svg("path", { d: "M-4 0H4M0 -4V4" }),
  );
  sign.addEventListener("click", (event) => {
    event.stopPropagation();
    open();
  });
  return sign;
}
