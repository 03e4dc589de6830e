"""Recording -> FlowGraph: variables, groups of ops by layer or line, target; small whatever the model."""

from __future__ import annotations

from dataclasses import replace

from gradmagic.locate import Fault
from gradmagic.locate.paths import Paths, paths_of
from gradmagic.recording import BackwardStep, GradientRun, Op, Recording, Span
from gradmagic.report import Edge, EdgeStatus, FlowGraph, Location, Node, NodeKind, Status
from gradmagic.syntax import text_at, use_of

# The views fold them further.
MOST_GROUPS = 60
FEWEST_GROUPS = 4
LONGEST_NAME = 100
HIDDEN = frozenset({"ReadVariableOp", "Identity", "Merge", "NoOp", "Cast", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "VarHandleOp", "VarIsInitializedOp"})
MOST_VARIABLES = 400
_RANK = {status: rank for rank, status in enumerate(("unused", "flows", "zero", "bad", "cut"))}


def flow_graph(recording: Recording, run: GradientRun, statuses: tuple[Status, ...], faults: list[Fault], names: tuple[str, ...]) -> FlowGraph:
    """The flow graph of a run: `names` are those of the report's rows."""
    paths = paths_of(recording, run)
    marked = {f.op.seq: f for f in faults if f.op is not None and f.run is run and f.kind in ("none", "zero", "nonfinite")}
    ancestors = paths.ancestors
    ops = [op for op in paths.ops if op.type not in HIDDEN and (not ancestors.isdisjoint(op.outputs) or op.seq in marked) and paths.bits(op)]
    groups = _groups([op for op in ops if op.seq not in marked])
    for op in ops:
        if op.seq in marked:
            groups.setdefault(_expression(recording, op), []).append(op)
    group_of = {op.seq: key for key, members in groups.items() for op in members}
    cuts = {f"g:{group_of[seq]}" for seq, fault in marked.items() if fault.kind == "none" and seq in group_of}
    nodes: list[Node] = []
    edges: dict[tuple[str, str], Edge] = {}
    chosen = _chosen(statuses)
    for index in chosen:
        nodes.append(Node(f"v{index}", "variable", names[index], run.sources[index].dtype, None, statuses[index]))
    for key, members in groups.items():
        fault = next((marked[op.seq] for op in members if op.seq in marked), None)
        kind: NodeKind = "cut" if fault and fault.kind == "none" else "group" if len(members) > 1 else "op"
        status: Status | None = None if fault is None or fault.kind == "none" else "zero" if fault.kind == "zero" else "nan"
        types = ", ".join(dict.fromkeys(op.type for op in members[:6]))
        detail = types if len(members) == 1 else f"{len(members)} ops: {types}"
        nodes.append(Node(f"g:{key}", kind, key if len(key) <= LONGEST_NAME else key[: LONGEST_NAME - 1] + "…", detail, _location(members[-1].span), status))
    target_name = next((t.name for t in run.targets if t.name), "target")
    nodes.append(Node("target", "target", target_name, "", _location(run.span), None))
    steps = _steps(run)
    came: dict[int, list[str]] = {}
    for op in ops:
        group = f"g:{group_of[op.seq]}"
        for position, value in enumerate(op.inputs):
            if value not in came:
                came[value] = _before(value, paths, group_of)
            for source in came[value]:
                # Most lie within a group.
                if source != group:
                    status_here = "cut" if source in cuts else _status(op, position, marked, steps, run)
                    _add(edges, source, group, status_here, _norm(op, position, steps))
    read = {index: paths.reads(index) for index in chosen}
    for index, reads in read.items():
        for op in reads:
            users = [op] if op.seq in group_of else [c for out in op.outputs for c in recording.consumers.get(out, ()) if c.seq in group_of]
            for user in users:
                ends: EdgeStatus = {"none": "cut", "zero": "zero", "nan": "bad", "inf": "bad"}.get(statuses[index], "flows")  # type: ignore[assignment]
                numbers = run.gradients[index].numbers if index < len(run.gradients) else None
                _add(edges, f"v{index}", f"g:{group_of[user.seq]}", ends, numbers.norm if numbers else None)
    for value in paths.targets:
        for source in _before(value, paths, group_of):
            _add(edges, source, "target", "cut" if source in cuts else "flows", None)
    return FlowGraph(tuple(nodes), tuple(_behind_cuts(nodes, edges)))


def _behind_cuts(nodes: list[Node], edges: dict[tuple[str, str], Edge]) -> list[Edge]:
    """What would have carried a gradient if none were cut further on is cut as well: somebody did ask for it."""
    sources: dict[str, list[str]] = {}
    for source, target in edges:
        sources.setdefault(target, []).append(source)
    waiting = [node.id for node in nodes if node.kind == "cut"]
    dead = set(waiting)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in dead:
                dead.add(source)
                waiting.append(source)
    return [replace(edge, status="cut") if edge.status == "unused" and edge.target in dead else edge for edge in edges.values()]


def _expression(recording: Recording, op: Op) -> str:
    place = use_of(recording, op)
    return text_at(recording, place) if place is not None else op.type


def _chosen(statuses: tuple[Status, ...]) -> list[int]:
    order = sorted(range(len(statuses)), key=lambda i: (statuses[i] == "ok", i))
    return sorted(order[:MOST_VARIABLES])


def _groups(ops: list[Op]) -> dict[str, list[Op]]:
    """Ops by layer scope, else by line; neighbours are joined until few are left."""
    alike: list[tuple[str, str, list[Op]]] = []
    for op in ops:
        line = f"line {op.span.line}" if op.span is not None else op.type
        if alike and alike[-1][:2] == (op.scope, line):
            alike[-1][2].append(op)
        else:
            alike.append((op.scope, line, [op]))
    depth = 8
    finer: dict[str, list[Op]] = {}
    while True:
        groups: dict[str, list[Op]] = {}
        before = ""
        for scope, line, members in alike:
            key = _scope(scope, depth) or line
            # What a model does between its layers, such as adding a residual, goes with the layer before it: all of it as one group would be everywhere at once.
            before = before if before.startswith(f"{key}/") else key
            groups.setdefault(before, []).extend(members)
        if len(groups) <= MOST_GROUPS or depth == 0:
            break
        depth -= 1
        finer = groups
    if len(groups) < FEWEST_GROUPS and finer:
        # One name for everything says nothing: rather the layers in it, joined.
        groups = finer
    if len(groups) <= MOST_GROUPS:
        return groups
    items, joined = list(groups.items()), {}
    size = -(-len(items) // MOST_GROUPS)
    for start in range(0, len(items), size):
        part = items[start : start + size]
        name = part[0][0] if len(part) == 1 else f"{part[0][0]} … {part[-1][0]}"
        joined[name] = [op for _, members in part for op in members]
    return joined


def _scope(scope: str, depth: int) -> str:
    """The outer layers of a scope; all of them where the depth is not limited."""
    parts = [p for p in scope.split("/") if p and not p.startswith("gradient_tape")]
    return "/".join(parts[:depth] if depth < 8 else parts)


def _before(key: int, paths: Paths, group_of: dict[int, str]) -> list[str]:
    """The groups that a value comes from, through ops that are not shown."""
    maker = paths.producer.get(key)
    if maker is None:
        return []
    if maker.seq in group_of:
        return [f"g:{group_of[maker.seq]}"]
    found: list[str] = []
    waiting, seen = [key], set[int]()
    while waiting:
        current = waiting.pop()
        if current in seen or len(seen) > 200:
            continue
        seen.add(current)
        op = paths.producer.get(current)
        if op is None:
            continue
        if op.seq in group_of:
            found.append(f"g:{group_of[op.seq]}")
        elif op.type in ("Identity", "Merge", "Cast"):
            waiting.extend(op.inputs)
    return list(dict.fromkeys(found))


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


def _add(edges: dict[tuple[str, str], Edge], source: str, target: str, status: EdgeStatus, norm: float | None) -> None:
    if source == target:
        return
    before = edges.get((source, target))
    if before is None or _RANK[status] > _RANK[before.status]:
        edges[source, target] = Edge(source, target, status, norm if norm is not None else before.norm if before else None)


def _location(span: Span | None) -> Location | None:
    from gradmagic.rules.phrasing import location

    return location(span)
