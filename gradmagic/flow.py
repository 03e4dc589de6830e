"""Recording -> FlowGraph: variables, groups of ops by layer or line, target; small whatever the model."""

from __future__ import annotations

import math
from dataclasses import replace

from gradmagic.endings import Ending, endings_of
from gradmagic.grouping import grouped
from gradmagic.locate import Fault
from gradmagic.locate.paths import paths_of
from gradmagic.recording import BackwardStep, GradientRun, Op, Recording, Source, Span
from gradmagic.report import Edge, EdgeStatus, FlowGraph, Location, Node, NodeKind, Status
from gradmagic.syntax import text_at

LONGEST_NAME = 100
HIDDEN = frozenset({"ReadVariableOp", "Identity", "Merge", "NoOp", "Cast", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "VarHandleOp", "VarIsInitializedOp"})
MOST_VARIABLES = 400
MOST_AHEAD = 200
_RANK = {status: rank for rank, status in enumerate(("unused", "flows", "zero", "bad", "cut"))}


def flow_graph(recording: Recording, run: GradientRun, statuses: tuple[Status, ...], faults: list[Fault], names: tuple[str, ...]) -> FlowGraph:
    """The flow graph of a run: `names` are those of the report's rows."""
    return _Drawing(recording, run, statuses, [f for f in faults if f.run is run], names).graph()


class _Drawing:
    """Which ops are shown, in which groups, and what lies between them."""

    def __init__(self, recording: Recording, run: GradientRun, statuses: tuple[Status, ...], faults: list[Fault], names: tuple[str, ...]) -> None:
        self.recording, self.run, self.statuses, self.names = recording, run, statuses, names
        self.paths = paths = paths_of(recording, run)
        self.endings = endings_of(recording, paths, faults)
        # The op that takes in what came back as a constant is not where the gradient ends.
        self.marked = {f.op.seq: f for f in faults if f.op is not None and f.kind in ("none", "zero", "nonfinite") and f.cause != "escaped"}
        leading = {op.seq for ending in self.endings for op in ending.behind}
        ancestors = paths.ancestors
        self.ops = [op for op in paths.ops if op.seq in self.marked or (op.type not in HIDDEN and (op.seq in leading or not ancestors.isdisjoint(op.outputs)) and paths.bits(op))]
        self.groups, self.labels = grouped(recording, run, self.ops, self.marked)
        self.node_of = {op.seq: node for key, members in self.groups.items() for node in (f"g:{key}",) for op in members}
        self.cuts = {self.node_of[seq] for seq, fault in self.marked.items() if fault.kind == "none" and seq in self.node_of}
        self.chosen = _chosen(statuses)
        self.nodes: list[Node] = []
        self.edges: dict[tuple[str, str], Edge] = {}

    def graph(self) -> FlowGraph:
        target = next((t.name for t in self.run.targets if t.name), "loss" if self.run.kind.startswith("keras") else "target")
        for index in self.chosen:
            self.nodes.append(Node(f"v{index}", "variable", self.names[index], _form(self.run.sources[index]), None, self.statuses[index]))
        self.nodes.extend(self._group(key, members) for key, members in self.groups.items())
        self.nodes.append(Node("target", "target", target, "", _location(self.run.span), None))
        self._between_groups()
        self._from_variables()
        for value in self.paths.targets:
            for source in self._before(value):
                self._add(source, "target", "cut" if source in self.cuts else "unused" if self._failed else "flows", self._seed(value))
        for number, ending in enumerate(self.endings):
            self._end(ending, f"c{number}")
        led = {source for source, _ in self.edges}
        for index in self.chosen:
            if self.statuses[index] == "none" and f"v{index}" not in led:
                self._add(f"v{index}", "target", "cut", None)
        return FlowGraph(tuple(self.nodes), tuple(_behind_cuts(self.nodes, self.edges)))

    @property
    def _failed(self) -> bool:
        return bool(self.statuses) and all(status == "error" for status in self.statuses)

    def _group(self, key: str, members: list[Op]) -> Node:
        fault = next((self.marked[op.seq] for op in members if op.seq in self.marked), None)
        kind: NodeKind = "cut" if fault and fault.kind == "none" else "group" if len(members) > 1 else "op"
        status: Status | None = None if fault is None or fault.kind == "none" else "zero" if fault.kind == "zero" else "nan"
        types = ", ".join(dict.fromkeys(op.type for op in members[:6]))
        detail = types if len(members) == 1 else f"{len(members)} ops: {types}"
        label = self.labels.get(key, key)
        return Node(f"g:{key}", kind, label if len(label) <= LONGEST_NAME else label[: LONGEST_NAME - 1] + "…", detail, _location(members[-1].span), status)

    def _between_groups(self) -> None:
        steps = _steps(self.run)
        came: dict[int, list[str]] = {}
        for op in self.ops:
            group = self.node_of[op.seq]
            for position, value in enumerate(op.inputs):
                if value not in came:
                    came[value] = self._before(value)
                for source in came[value]:
                    # Most lie within a group.
                    if source != group:
                        status = "cut" if source in self.cuts else "unused" if self._failed else _status(op, position, self.marked, steps, self.run)
                        self._add(source, group, status, _norm(op, position, steps))

    def _from_variables(self) -> None:
        ends: dict[Status, EdgeStatus] = {"none": "cut", "error": "cut", "zero": "zero", "nan": "bad", "inf": "bad"}
        for index in self.chosen:
            numbers = self.run.gradients[index].numbers if index < len(self.run.gradients) else None
            norm = None if numbers is None else math.nan if numbers.nans else math.inf if numbers.infs else numbers.norm
            for op in self.paths.reads(index):
                users = [op] if op.seq in self.node_of else [c for out in op.outputs for c in self.recording.consumers.get(out, ()) if c.seq in self.node_of]
                for user in users:
                    status = ends.get(self.statuses[index], "flows")
                    if status != "cut" and user.differentiable == "none" and user.seq not in self.marked:
                        # A comparison or a rounding beside the way that the gradient takes.
                        self._add(f"v{index}", self.node_of[user.seq], "unused", None)
                    else:
                        self._add(f"v{index}", self.node_of[user.seq], status, norm)

    def _seed(self, value: int) -> float | None:
        """The norm of what the way back began with."""
        op = self.paths.producer.get(value)
        received = [flow.norm for step in self.run.steps if op is not None and step.op == op.seq for flow in step.received if flow is not None]
        return received[-1] if received else None

    def _end(self, ending: Ending, key: str) -> None:
        """The way up to where it ends, and from there, as a constant or not at all, to the target."""
        cut = self.node_of[ending.op.seq] if ending.op is not None and ending.op.seq in self.node_of else key
        if cut == key:
            if ending.span is None:
                return
            self.nodes.insert(-1, Node(cut, "cut", text_at(self.recording, ending.span), ending.how, _location(ending.span), None))
        for value in ending.last:
            for source in self._before(value) or [f"v{i}" for i in ending.sources if i in self.chosen and self.paths.mask.get(value, 0) >> i & 1]:
                self._add(source, cut, "cut", None)
        for after in self._after(ending.returned):
            self._add(cut, after, "cut", None)

    def _after(self, op: Op | None) -> list[str]:
        """The group of an op, or those that what it made flows into; the target where none is shown."""
        waiting, seen = [op] if op is not None else [], set[int]()
        while waiting and len(seen) < MOST_AHEAD:
            current = waiting.pop(0)
            if current.seq in self.node_of:
                return [self.node_of[current.seq]]
            if current.seq not in seen:
                seen.add(current.seq)
                waiting.extend(c for out in current.outputs for c in self.recording.consumers.get(out, ()) if any(o in self.paths.ancestors for o in c.outputs))
        return ["target"]

    def _before(self, key: int) -> list[str]:
        """The groups that a value comes from, through ops that are not shown."""
        maker = self.paths.producer.get(key)
        if maker is None or maker.seq in self.node_of:
            return [] if maker is None else [self.node_of[maker.seq]]
        found: list[str] = []
        waiting, seen = [key], set[int]()
        while waiting:
            current = waiting.pop()
            op = self.paths.producer.get(current)
            if current in seen or len(seen) > 200 or op is None:
                continue
            seen.add(current)
            if op.seq in self.node_of:
                found.append(self.node_of[op.seq])
            elif op.type in ("Identity", "Merge", "Cast"):
                waiting.extend(op.inputs)
        return list(dict.fromkeys(found))

    def _add(self, source: str, target: str, status: EdgeStatus, norm: float | None) -> None:
        if source == target:
            return
        before = self.edges.get((source, target))
        if before is None or _RANK[status] > _RANK[before.status]:
            self.edges[source, target] = Edge(source, target, status, norm if norm is not None else before.norm if before else None)


def _behind_cuts(nodes: list[Node], edges: dict[tuple[str, str], Edge]) -> list[Edge]:
    """What would have carried a gradient if none were cut further on is cut as well: somebody did ask for it. So is what lies before a place that no gradient gets to."""
    sources: dict[str, list[str]] = {}
    carrying: dict[str, list[str]] = {}
    for (source, target), edge in edges.items():
        sources.setdefault(target, []).append(source)
        if edge.status in ("flows", "zero", "bad"):
            carrying.setdefault(target, []).append(source)
    dead = _reached([node.id for node in nodes if node.kind == "cut"], sources)
    alive = _reached(["target"], carrying)
    return [replace(edge, status="cut", norm=None) if edge.target in dead and (edge.status == "unused" or (edge.status == "flows" and edge.target not in alive)) else edge for edge in edges.values()]


def _reached(start: list[str], onward: dict[str, list[str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        for node in onward.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def _chosen(statuses: tuple[Status, ...]) -> list[int]:
    order = sorted(range(len(statuses)), key=lambda i: (statuses[i] == "ok", i))
    return sorted(order[:MOST_VARIABLES])


def _steps(run: GradientRun) -> dict[int | None, list[BackwardStep]]:
    """The gradient functions that ran for each op, in order."""
    found: dict[int | None, list[BackwardStep]] = {}
    for step in run.steps:
        found.setdefault(step.op, []).append(step)
    return found


def _norm(op: Op, position: int, steps: dict[int | None, list[BackwardStep]]) -> float | None:
    """The norm of what was sent to an input of an op, of several times the last one that is known."""
    for step in reversed(steps.get(op.seq, ())):
        flow = step.sent[position] if position < len(step.sent) else None
        if flow is not None and flow.norm is not None:
            return flow.norm
    return None


def _status(op: Op, position: int, marked: dict[int, Fault], steps: dict[int | None, list[BackwardStep]], run: GradientRun) -> EdgeStatus:
    fault = marked.get(op.seq)
    if fault is not None:
        return "cut" if fault.kind == "none" else "zero" if fault.kind == "zero" else "bad"
    flow = next((step.sent[position] for step in steps.get(op.seq, ()) if position < len(step.sent)), None)
    if flow is not None:
        return "zero" if flow.zero else "bad" if flow.finite is False else "flows"
    return "flows" if not run.steps else "unused"


def _location(span: Span | None) -> Location | None:
    from gradmagic.rules.phrasing import location

    return location(span)


def _form(source: Source) -> str:
    """The shape, and the dtype where it is not the usual one."""
    shape = "scalar" if source.shape == () else "" if source.shape is None else str(source.shape)
    return " ".join(part for part in (shape, "" if source.dtype == "float32" and shape else source.dtype) if part)
