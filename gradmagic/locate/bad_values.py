"""Why a gradient is not finite: the first step on the way back that made it so, or the forward op before it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import Paths, values_behind
from gradmagic.recording import Op, Tensor, has_gradient_dtype


def locate_nonfinite(paths: Paths, indices: Iterable[int]) -> list[Fault]:
    """For NaN and infinities: a value that was bad before, a forward op, or the backward step that made the first one."""
    return [_nonfinite(paths, index) for index in indices]


def locate_loss(paths: Paths) -> Fault:
    """For a target that is not finite while its gradients are: the op that made it so."""
    forward = _first_forward(paths)
    if forward is not None and forward[1] is not None and (variable := _read(paths, forward[0], forward[1])) is not None:
        every = tuple(range(len(paths.run.sources)))
        return Fault("nonfinite", "value", paths.run, every, forward[0], detail={"leaf": forward[1], "variable": variable, "key": forward[1], "loss": True})
    return Fault("nonfinite", "loss", paths.run, (), forward[0] if forward is not None else None, span=paths.run.span)


def _read(paths: Paths, op: Op, leaf: int) -> int | None:
    """The variable that a value was read from."""
    recording = paths.recording
    variable = leaf if leaf in recording.variables else recording.tensors[leaf].variable
    if variable is None and op.type in ("ReadVariableOp", "ResourceGather"):
        variable = next((i for i in op.inputs if i in recording.variables), None)
    return variable


def _nonfinite(paths: Paths, index: int) -> Fault:
    run = paths.run
    bad_targets = [t for t in run.targets if t.finite is False]
    forward = _first_forward(paths)
    if bad_targets and forward is not None:
        op, leaf = forward
        if leaf is None:
            return Fault("nonfinite", "forward", run, (index,), op, detail={"key": op.seq})
        return Fault("nonfinite", "value", run, (index,), op, detail={"leaf": leaf, "variable": _read(paths, op, leaf), "key": leaf})
    for step in run.steps:
        op2 = paths.recording.by_seq.get(step.op) if step.op is not None else None
        if op2 is None or not _finite(step.received):
            continue
        if op2.type.endswith("While") and any(f is not None and f.finite is False for f in step.sent):
            first, leaf = _made_before(paths, op2)
            if first is not None and leaf is not None:
                return Fault("nonfinite", "born", run, (index,), op2, step=step, detail={"key": leaf, "leaf": leaf, "reader": first})
            if first is not None:
                return Fault("nonfinite", "thrown away", run, (index,), first, step=step, detail={"key": first.seq, "met": op2})
        for position, flow in enumerate(step.sent):
            if flow is not None and flow.finite is False and position < len(op2.inputs) and paths.mask.get(op2.inputs[position]):
                first, leaf = _made_before(paths, op2)
                if first is not None and leaf is None:
                    ops = tuple(_towards_target(paths, first))
                    return Fault("nonfinite", "thrown away", run, (index,), first, step=step, ops=ops, detail={"key": first.seq, "met": op2})
                came = {"leaf": leaf, "reader": first} if leaf is not None else {}
                return Fault("nonfinite", "born", run, (index,), op2, position, step=step, ops=tuple(_towards_target(paths, op2)), detail={"key": leaf or op2.seq, **came})
    if forward is not None and forward[1] is None:
        return Fault("nonfinite", "forward", run, (index,), forward[0], detail={"key": forward[0].seq})
    return Fault("nonfinite", "unknown", run, (index,), span=run.span)


def _made_before(paths: Paths, op: Op) -> tuple[Op | None, int | None]:
    """The op that made, of finite values, one that is not, where an op met such values already on the way forward; the value itself where it came in, with the op that took it in."""
    tensors = paths.recording.tensors

    def bad(keys: tuple[int, ...]) -> list[int]:
        # A softmax over a row that a mask left nothing of makes the first NaN: the mask's infinite number is meant.
        return [i for i in keys if (t := tensors.get(i)) is not None and t.finite is False and has_gradient_dtype(t.dtype) and not _is_handed_on(paths, i)]

    current, seen = op, set[int]()
    came = [*bad(op.inputs), *(_read_in_turns(paths, op) if op.type.endswith("While") else ())]
    while came:
        made = [m for i in came if (m := paths.producer.get(i)) is not None and m.seq not in seen]
        if not made:
            leaf = came[0]
            return (current, leaf) if leaf not in paths.producer and leaf not in paths.recording.variables and tensors[leaf].variable is None and tensors[leaf].shape != () else (None, None)
        current = made[0]
        seen.add(current.seq)
        came = bad(current.inputs)
    if current.type in DATA:
        return current, bad(current.outputs)[0]
    return (current, None) if current is not op and bad(current.outputs) and current.inputs else (None, None)


def _read_in_turns(paths: Paths, loop: Op) -> tuple[int, ...]:
    """The value whose rows a loop reads in its turns, if a row that it read was not finite."""
    tensors = paths.recording.tensors
    for inner in paths.recording.ops:
        if inner.type != "TensorListGetItem" or (loop.seq, "body") not in inner.branches or not any((t := tensors.get(out)) is not None and t.finite is False for out in inner.outputs):
            continue
        lists = [m for key in values_behind(paths.recording, inner.inputs[0]) if (m := paths.producer.get(key)) is not None and m.type == "TensorListFromTensor"]
        found = tuple(m.inputs[0] for m in lists if (t := tensors.get(m.inputs[0])) is not None and t.finite is False)
        if found:
            return found
    return ()


def _finite(flows: tuple[object, ...]) -> bool:
    known = [f for f in flows if f is not None and getattr(f, "finite", None) is not None]
    return bool(known) and all(getattr(f, "finite") for f in known)  # noqa: B009


def _first_forward(paths: Paths) -> tuple[Op, int | None] | None:
    """The first op on the way to the target whose result is not finite, and the bad value that came in, if one did."""
    tensors = paths.recording.tensors
    meant: set[int] = set()
    lost = any(t.norm is not None and math.isnan(t.norm) for t in paths.run.targets)
    for op in paths.ops:
        if lost and _hands_on_infinity(paths, op, meant):
            meant.update(op.outputs)
            continue
        if not any(out in paths.computed and (t := tensors.get(out)) is not None and t.finite is False for out in op.outputs):
            continue
        if op.type in ("ReadVariableOp", "ResourceGather", "VarHandleOp"):
            return op, op.inputs[0] if op.inputs and op.inputs[0] in tensors else op.outputs[0]
        if op.type in DATA:
            return op, next(out for out in op.outputs if (t := tensors.get(out)) is not None and t.finite is False)
        floats = [t for i in op.inputs if (t := tensors.get(i)) is not None and has_gradient_dtype(t.dtype)]
        if op.in_graph and floats and all(t.finite is None for t in floats):
            # Inside a graph that could not be looked into, only its target was read.
            return None
        bad = [i for i in op.inputs if i not in meant and (t := tensors.get(i)) is not None and t.finite is False]
        if (
            bad
            and all(_is_written_infinity(paths, tensors[i]) and tensors[i].name is None for i in bad)
            and any((t := tensors.get(out)) is not None and t.norm is not None and math.isnan(t.norm) for out in op.outputs)
        ):
            # An infinite number in the code is no data: the NaN that the op makes of it is the first.
            bad = []
        return op, bad[0] if bad else None
    return None


def _hands_on_infinity(paths: Paths, op: Op, meant: set[int]) -> bool:
    """Whether an op passes on an infinite number that was written down (a mask of -inf before a softmax) and makes no NaN of it."""
    tensors = paths.recording.tensors
    if op.type == "Const":
        return all(_is_written_infinity(paths, tensors.get(out)) for out in op.outputs)
    made = [t for out in op.outputs if (t := tensors.get(out)) is not None]
    if not any(t.finite is False for t in made) or any(t.norm is None or math.isnan(t.norm) for t in made):
        return False
    bad = [i for i in op.inputs if (t := tensors.get(i)) is not None and t.finite is False]
    return bool(bad) and all(i in meant or _is_written_infinity(paths, tensors[i]) for i in bad)


def _is_handed_on(paths: Paths, key: int) -> bool:
    """Whether all that is not finite in a tensor is an infinite number that was written down, with no NaN made of it yet."""
    tensors, waiting, seen = paths.recording.tensors, [key], set[int]()
    while waiting:
        current = waiting.pop()
        tensor, made = tensors.get(current), paths.producer.get(current)
        if current in seen or _is_written_infinity(paths, tensor):
            continue
        seen.add(current)
        bad = [i for i in made.inputs if (t := tensors.get(i)) is not None and t.finite is False] if made is not None else []
        if not bad or tensor is None or tensor.norm != math.inf:
            return False
        waiting += bad
    return True


def _is_written_infinity(paths: Paths, tensor: Tensor | None) -> bool:
    if tensor is None or tensor.shape != () or tensor.norm != math.inf:
        return False
    made = paths.producer.get(tensor.id)
    return made.type == "Const" if made is not None else tensor.origin in ("constant", "unknown")


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
