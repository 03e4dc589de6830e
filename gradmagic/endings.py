"""Where the way of a source ends that never reaches the target: what the flow graph shows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gradmagic.locate import Fault
from gradmagic.locate.paths import Paths
from gradmagic.recording import Op, Recording, Span

MOST_BEHIND = 2000


@dataclass(frozen=True)
class Ending:
    """The end of the way of some sources.

    `span` is the place where it ends and `how` says what happened there; without a span it is the op of the fault, `op`. `last` are the values that got there, `behind` the ops that made them.
    `returned` is the op that took the value in again, where it came back as a constant.
    """

    sources: tuple[int, ...]
    last: tuple[int, ...]
    behind: tuple[Op, ...]
    span: Span | None = None
    how: str = ""
    op: Op | None = None
    returned: Op | None = None


def endings_of(recording: Recording, paths: Paths, faults: Iterable[Fault]) -> list[Ending]:
    """An ending for every fault whose sources have no path to the target, where it is known at which value the way ends."""
    found = []
    for fault in faults:
        lost = tuple(i for i in fault.sources if not paths.target_mask >> i & 1)
        if fault.kind != "none" or not lost:
            continue
        bits = sum(1 << i for i in lost)
        if fault.cause == "escaped":
            found.append(_ending(paths, lost, _left(recording, paths, fault, bits), fault.span, str(fault.detail.get("how", "")), returned=fault.op))
        elif fault.cause == "assigned":
            values = [a.value for a in recording.assignments if a.span == fault.span and a.value is not None and paths.mask.get(a.value, 0) & bits]
            found.append(_ending(paths, lost, values, fault.span, "assigned", returned=_reader(paths, fault.detail.get("variable"))))
        elif fault.cause == "discarded" and fault.op is not None:
            found.append(_ending(paths, lost, [i for i in fault.op.inputs if paths.mask.get(i, 0) & bits], op=fault.op))
    return [ending for ending in found if ending.last]


def _ending(paths: Paths, sources: tuple[int, ...], last: Iterable[int], span: Span | None = None, how: str = "", op: Op | None = None, returned: Op | None = None) -> Ending:
    values = tuple(dict.fromkeys(last))
    return Ending(sources, values, _behind(paths, values, sum(1 << i for i in sources)), span, how, op, returned)


def _behind(paths: Paths, values: Iterable[int], bits: int) -> tuple[Op, ...]:
    """The ops through which the sources flow into these values."""
    waiting, seen = list(values), set[int]()
    found: dict[int, Op] = {}
    while waiting and len(seen) < MOST_BEHIND:
        key = waiting.pop()
        op = paths.producer.get(key)
        if key in seen or op is None or not paths.bits(op) & bits:
            continue
        seen.add(key)
        found[op.seq] = op
        waiting.extend(op.inputs)
    return tuple(found.values())


def _left(recording: Recording, paths: Paths, fault: Fault, bits: int) -> list[int]:
    """The values that left TensorFlow at the place of a fault. Where NumPy took them unseen: the results that no op has used, or the sources themselves."""
    seen = [e.tensor for e in recording.escapes if e.span == fault.span and e.seq < paths.run.seq and paths.mask.get(e.tensor, 0) & bits]
    if seen:
        return seen
    before = fault.op.seq if fault.op is not None and not fault.op.in_graph else paths.run.seq
    mine = [op for op in paths.ops if paths.bits(op) & bits and (op.in_graph or op.seq < before)]
    used = {key for op in mine for key in op.inputs}
    ends = [out for op in mine for out in op.outputs if out not in used and paths.mask.get(out, 0) & bits]
    return ends or [paths.run.sources[i].id for i in fault.sources if bits >> i & 1]


def _reader(paths: Paths, variable: object) -> Op | None:
    """The op through which a variable's value enters the target."""
    return next((op for op in paths.ops if variable in op.inputs and any(out in paths.ancestors for out in op.outputs)), None)
