"""The ops of a flow graph in groups: by layer, else by line, and a place of their own for those where something went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gradmagic.locate import Fault
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.syntax import text_at, use_of

# The views fold them further.
MOST_GROUPS = 60
FEWEST_GROUPS = 4
MOST_SPLIT = 8
MOST_WALKED = 20_000


def grouped(recording: Recording, run: GradientRun, ops: list[Op], marked: Mapping[int, Fault]) -> tuple[dict[str, list[Op]], dict[str, str]]:
    """The groups by their keys, and what those are called whose key is not their name."""
    known = frozenset(part for source in run.sources for part in _path(recording, source.id).split("/"))
    groups = _joined([op for op in ops if op.seq not in marked], known)
    alone: dict[str, list[Op]] = {}
    for op in ops:
        if op.seq in marked:
            alone.setdefault(_expression(recording, op), []).append(op)
    labels: dict[str, str] = {}
    for guilty in list(alone.values())[:MOST_SPLIT]:
        labels |= _split(recording, groups, guilty, labels)
    for key, members in alone.items():
        groups.setdefault(key, []).extend(members)
    return groups, labels


def _path(recording: Recording, key: int) -> str:
    variable = recording.variables.get(key)
    return variable.path if variable is not None else ""


def _expression(recording: Recording, op: Op) -> str:
    place = use_of(recording, op)
    return text_at(recording, place) if place is not None else op.type


def _split(recording: Recording, groups: dict[str, list[Op]], guilty: list[Op], labels: Mapping[str, str]) -> dict[str, str]:
    """A layer or line that computes both before and after the guilty expression becomes two, or the graph would go round in a circle. In a loop it does go round."""
    own = {op.seq for op in guilty}
    after = _walk(recording, guilty, forward=True)
    if own & after:
        return {}
    before = _walk(recording, guilty, forward=False)
    named: dict[str, str] = {}
    for key, members in list(groups.items()):
        late = [op for op in members if op.seq in after]
        if late and any(op.seq in before for op in members):
            groups[key] = [op for op in members if op.seq not in after]
            again = f"{key} (after {guilty[0].seq})"
            groups[again] = late
            named[again] = labels.get(key, key)
    return named


def _walk(recording: Recording, start: Iterable[Op], forward: bool) -> set[int]:
    """The ops that use the results of some, or those that these were computed by."""
    seen: set[int] = set()
    waiting = list(start)
    while waiting and len(seen) < MOST_WALKED:
        op = waiting.pop()
        near = [c for out in op.outputs for c in recording.consumers.get(out, ())] if forward else [p for i in op.inputs if (p := recording.producer.get(i)) is not None]
        for other in near:
            if other.seq not in seen and other.phase == "forward":
                seen.add(other.seq)
                waiting.append(other)
    return seen


def _joined(ops: list[Op], known: frozenset[str]) -> dict[str, list[Op]]:
    """Ops by layer scope, else by line; neighbours are joined until few are left."""
    alike: list[tuple[str, str, list[Op]]] = []
    latest: tuple[str, int | str] | None = None
    for op in ops:
        place = op.scope, op.span.line if op.span is not None else op.type
        if place == latest:
            alike[-1][2].append(op)
        else:
            latest = place
            alike.append((op.scope, f"line {place[1]}" if op.span is not None else op.type, [op]))
    depth = 8
    finer: dict[str, list[Op]] = {}
    while True:
        groups: dict[str, list[Op]] = {}
        before = ""
        for scope, line, members in alike:
            key = _scope(scope, depth, known) or line
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


def _scope(scope: str, depth: int, known: frozenset[str]) -> str:
    """The outer layers of a scope; all of them where the depth is not limited."""
    parts = [_layer(p, known) for p in scope.split("/") if p and not p.startswith("gradient_tape")]
    return "/".join(parts[:depth] if depth < 8 else parts)


def _layer(name: str, known: frozenset[str]) -> str:
    """The layer's own name: a graph numbers the second scope of a name, `dense` becomes `dense_1`."""
    stem = re.sub(r"_\d+$", "", name)
    return stem if name not in known and stem in known else name
