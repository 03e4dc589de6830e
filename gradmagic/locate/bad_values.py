"""Why a gradient is zero or not finite: the first step on the way back that made it so, or the forward op before it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import Paths
from gradmagic.recording import BackwardStep, Op, Tensor, has_gradient_dtype


def locate_zero(paths: Paths, indices: Iterable[int]) -> list[Fault]:
    """For zeros: the untaken branch, the step that turned a gradient into zeros, or terms that cancel."""
    zeros = list(indices)
    deaths = _deaths(paths) if zeros else []
    return [_zero(paths, deaths, index) for index in zeros]


Death = tuple[BackwardStep, Op, int]


def _deaths(paths: Paths) -> list[Death]:
    """The steps that a good gradient reached and that sent zeros on, each with its op and the input that they went to."""
    found = []
    for step in paths.run.steps:
        op = paths.recording.by_seq.get(step.op) if step.op is not None else None
        if op is not None and any(flow is not None and flow.zero for flow in step.sent) and _good(step.received):
            found += [(step, op, position) for position, flow in enumerate(step.sent) if flow is not None and flow.zero and position < len(op.inputs)]
    return found


def _zero(paths: Paths, deaths: list[Death], index: int) -> Fault:
    run, bit = paths.run, 1 << index
    reads = [op for op in paths.reads(index) if any(out in paths.ancestors for out in op.outputs) or op.in_graph]
    if reads and all(op.branches for op in reads):
        branch = _untaken(paths, reads)
        if branch is not None:
            return Fault("zero", "branch", run, (index,), branch[0], ops=tuple(reads), span=reads[0].span, detail={"label": branch[1], "certain": branch[2]})
    for step, op, position in deaths:
        if paths.mask.get(op.inputs[position], 0) & bit:
            return Fault("zero", "died", run, (index,), op, position, step=step, ops=tuple(reads))
    loop = _loop_without_turns(paths, index)
    if loop is not None:
        return Fault("zero", "branch", run, (index,), loop, ops=tuple(reads), span=loop.span, detail={"label": "body", "certain": True})
    seeds = [s for s in run.steps[:1] if s.received and all(f is not None and f.zero for f in s.received)]
    if seeds:
        return Fault("zero", "seed", run, (index,), span=run.span)
    numbers = run.gradients[index].numbers
    exact = numbers is not None and numbers.all_zero
    measured = bool(run.steps) and any(f is not None and f.norm is not None for s in run.steps for f in s.received)
    where = reads[0].span if reads else run.span
    return Fault("zero", "cancelled" if measured else "unknown", run, (index,), reads[0] if reads else None, span=where, detail={"exact": exact})


def _loop_without_turns(paths: Paths, index: int) -> Op | None:
    """The loop that a zero came back through, if the replay saw none of its body's ops run."""
    recording, key = paths.recording, paths.run.gradients[index].id
    for step in paths.run.steps:
        op = recording.by_seq.get(step.op) if step.op is not None and step.type.endswith("While") else None
        if op is None or not any(f is not None and f.zero and f.id == key for f in step.sent):
            continue
        body = [out for inner in recording.ops if (op.seq, "body") in inner.branches for out in inner.outputs]
        floats = [t for out in body if (t := recording.tensors.get(out)) is not None and has_gradient_dtype(t.dtype) and t.dtype not in ("resource", "variant")]
        if floats and all(t.finite is None for t in floats):
            return op
    return None


def _good(flows: tuple[object, ...]) -> bool:
    known = [f for f in flows if f is not None and getattr(f, "zero", None) is not None]
    return bool(known) and any(not getattr(f, "zero") for f in known) and all(getattr(f, "finite") for f in known)  # noqa: B009


def _untaken(paths: Paths, reads: list[Op]) -> tuple[Op, str, bool] | None:
    """The conditional whose other branch ran. Where its condition could not be read, the zeros themselves say it."""
    for seq, label in reads[0].branches:
        op = paths.recording.by_seq.get(seq)
        if op is None or any((seq, label) not in r.branches for r in reads):
            continue
        if op.type.endswith("While"):
            return op, label, False
        condition = paths.recording.tensors.get(op.inputs[0]) if op.inputs else None
        if condition is None or condition.all_zero is None:
            return op, label, False
        taken = ("else" if condition.all_zero else "then") if op.type.endswith("If") else str(round(condition.norm or 0))
        if taken != label:
            return op, label, True
    return None


def locate_nonfinite(paths: Paths, indices: Iterable[int]) -> list[Fault]:
    """For NaN and infinities: a value that was bad before, a forward op, or the backward step that made the first one."""
    return [_nonfinite(paths, index) for index in indices]


def locate_loss(paths: Paths) -> Fault:
    """For a target that is not finite while its gradients are: the op that made it so."""
    forward = _first_forward(paths)
    return Fault("nonfinite", "loss", paths.run, (), forward[0] if forward is not None else None, span=paths.run.span)


def _nonfinite(paths: Paths, index: int) -> Fault:
    run = paths.run
    tensors = paths.recording.tensors
    bad_targets = [t for t in run.targets if t.finite is False]
    forward = _first_forward(paths)
    if bad_targets and forward is not None:
        op, leaf = forward
        if leaf is None:
            return Fault("nonfinite", "forward", run, (index,), op, detail={"key": op.seq})
        tensor = tensors[leaf]
        variable = leaf if leaf in paths.recording.variables else tensor.variable
        producer_is_read = op.type in ("ReadVariableOp", "ResourceGather")
        if producer_is_read and variable is None:
            variable = next((i for i in op.inputs if i in paths.recording.variables), None)
        return Fault("nonfinite", "value", run, (index,), op, detail={"leaf": leaf, "variable": variable, "key": leaf})
    for step in run.steps:
        op2 = paths.recording.by_seq.get(step.op) if step.op is not None else None
        if op2 is None or not _finite(step.received):
            continue
        for position, flow in enumerate(step.sent):
            if flow is not None and flow.finite is False and position < len(op2.inputs) and paths.mask.get(op2.inputs[position]):
                return Fault("nonfinite", "born", run, (index,), op2, position, step=step, ops=tuple(_towards_target(paths, op2)), detail={"key": op2.seq})
    if forward is not None and forward[1] is None:
        return Fault("nonfinite", "forward", run, (index,), forward[0], detail={"key": forward[0].seq})
    return Fault("nonfinite", "unknown", run, (index,), span=run.span)


def _finite(flows: tuple[object, ...]) -> bool:
    known = [f for f in flows if f is not None and getattr(f, "finite", None) is not None]
    return bool(known) and all(getattr(f, "finite") for f in known)  # noqa: B009


def _first_forward(paths: Paths) -> tuple[Op, int | None] | None:
    """The first op on the way to the target whose result is not finite, and the bad value that came in, if one did."""
    tensors = paths.recording.tensors
    meant: set[int] = set()
    lost = any(t.norm is not None and math.isnan(t.norm) for t in paths.run.targets)
    for op in paths.ops:
        if lost and _hands_on_infinity(op, tensors, meant):
            meant.update(op.outputs)
            continue
        if not any(out in paths.ancestors and (t := tensors.get(out)) is not None and t.finite is False for out in op.outputs):
            continue
        if op.type in ("ReadVariableOp", "ResourceGather", "VarHandleOp"):
            return op, op.inputs[0] if op.inputs and op.inputs[0] in tensors else op.outputs[0]
        if op.type in DATA:
            return op, next(out for out in op.outputs if (t := tensors.get(out)) is not None and t.finite is False)
        bad = [i for i in op.inputs if i not in meant and (t := tensors.get(i)) is not None and t.finite is False]
        return op, bad[0] if bad else None
    return None


def _hands_on_infinity(op: Op, tensors: Mapping[int, Tensor], meant: set[int]) -> bool:
    """Whether an op passes on an infinite number that was written down (a mask of -inf before a softmax) and makes no NaN of it."""
    made = [t for out in op.outputs if (t := tensors.get(out)) is not None]
    if not any(t.finite is False for t in made) or any(t.norm is None or math.isnan(t.norm) for t in made):
        return False
    bad = [i for i in op.inputs if (t := tensors.get(i)) is not None and t.finite is False]
    return bool(bad) and all(i in meant or (tensors[i].origin in ("constant", "unknown") and tensors[i].shape == ()) for i in bad)


DATA = frozenset({"IteratorGetNext", "IteratorGetNextSync", "OptionalGetValue", "Const", "Placeholder", "EagerPyFunc", "PyFunc", "ParseExampleV2", "DecodeCSV", "ReadFile"})


def _towards_target(paths: Paths, op: Op) -> list[Op]:
    """The ops between `op` and the target."""
    found, waiting, seen = [], list(op.outputs), set()
    while waiting:
        key = waiting.pop()
        for user in paths.recording.consumers.get(key, ()):
            if user.seq in seen or user.phase != "forward" or not any(out in paths.ancestors for out in user.outputs):
                continue
            seen.add(user.seq)
            found.append(user)
            waiting.extend(user.outputs)
    return found


def first_step(steps: tuple[BackwardStep, ...], op: Op) -> BackwardStep | None:
    """The backward step of an op."""
    return next((s for s in steps if s.op == op.seq), None)
