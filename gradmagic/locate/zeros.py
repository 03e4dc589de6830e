"""Why a gradient is zero: followed from the source towards the target, to where gradients that are not zero end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from gradmagic.locate.backward import backward_of
from gradmagic.locate.constants import constant_sources
from gradmagic.locate.fault import Fault
from gradmagic.locate.lone_means import lone_differences, reaches_without
from gradmagic.locate.lost_steps import lost_steps
from gradmagic.locate.missing import locate_none
from gradmagic.locate.paths import Paths, values_behind
from gradmagic.locate.py_functions import is_none_inside, where_it_left
from gradmagic.locate.reads import dropped_by
from gradmagic.locate.scale import drowned
from gradmagic.locate.shapes import SHAPE_ONLY
from gradmagic.locate.taken import along_taken, left_out, taken_label
from gradmagic.locate.zero_factors import PRODUCTS, Death, faded_behind, flattened_behind, is_faded, lone_behind, masked_behind
from gradmagic.recording import BackwardStep, Flow, Op, has_gradient_dtype
from gradmagic.syntax import spot

# The gradient of what they give is that of what they take.
QUOTIENTS = ("RealDiv", "Div", "DivNoNan")
HANDED_ON = frozenset({"ReadVariableOp", "Identity", "IdentityN", "Merge"})


def locate_zero(paths: Paths, indices: Iterable[int]) -> list[Fault]:
    """For zeros: the untaken branch, the step that turned a gradient into zeros, a None in disguise, or terms that cancel."""
    steps = {s.op: s for s in paths.run.steps if s.op is not None}
    wanted = list(indices)
    # Looked for once: many sources may have the same reason.
    lone, lost = (lone_differences(paths), lost_steps(paths)) if wanted else ([], [])
    constant = constant_sources(paths.recording, paths.run) if wanted else {}
    return [_zero(paths, steps, index, lone, lost, constant.get(index)) for index in wanted]


def _difference(paths: Paths, index: int, reads: list[Op], lone: list[Op], lost: list[tuple[Op, Op]]) -> Fault | None:
    """A difference that is always 0, and through which every way from a source to the target leads."""
    bit = 1 << index
    mine = [op for op in lone if paths.bits(op) & bit]
    for op in mine:
        if not reaches_without(paths, index, op):
            return Fault("zero", "lone", paths.run, (index,), op, ops=tuple(reads))
    # The variance takes the mean away as well, and the value is divided by its root.
    for op in sorted(mine, key=lambda op: (op.type == "Sub" and not any(c.type == "Square" for c in paths.recording.consumers.get(op.outputs[0], ())), op.seq), reverse=True):
        if not reaches_without(paths, index, *(other for other in mine if other.inputs[0] == op.inputs[0])):
            return Fault("zero", "lone", paths.run, (index,), op, ops=tuple(reads))
    for op, sum_ in lost:
        if all(paths.mask.get(key, 0) & bit for key in op.inputs) and not reaches_without(paths, index, op):
            return Fault("zero", "absorbed", paths.run, (index,), op, ops=(sum_,))
    return None


def _zero(paths: Paths, steps: dict[int, BackwardStep], index: int, lone: list[Op], lost: list[tuple[Op, Op]], softmax: Op | None) -> Fault:
    run = paths.run
    # What hands a variable itself on to the turns of a loop reads no value of it.
    reads = [op for op in paths.reads(index) if (any(out in paths.ancestors for out in op.outputs) or op.in_graph) and not _is_handed_on(paths, op)]
    if reads and all(op.branches for op in reads):
        branch = _untaken(paths, reads)
        if branch is not None:
            return Fault("zero", "branch", run, (index,), branch[0], ops=tuple(reads), span=reads[0].span, detail={"label": branch[1], "certain": branch[2]})
    if softmax is not None:
        return Fault("zero", "died", run, (index,), softmax, 0, step=steps.get(softmax.seq), ops=tuple(reads))
    numbers = run.gradients[index].numbers
    exact = numbers is not None and numbers.all_zero
    where = reads[0].span if reads else run.span
    if not exact:
        sum_ = drowned(backward_of(paths.recording, run), index)
        if sum_ is not None:
            return Fault("zero", "cancelled", run, (index,), sum_, span=spot(paths.recording, sum_), ops=tuple(reads), detail={"exact": False, "here": True, "key": sum_.seq})
        return Fault("zero", "cancelled", run, (index,), reads[0] if reads else None, span=where, detail={"exact": False})
    difference = _difference(paths, index, reads, lone, lost)
    if difference is not None:
        return difference
    ends = _Ends(paths, steps, index)
    if ends.deaths:
        # Of several, one on each way, the one nearest to the target.
        order = {id(s): i for i, s in enumerate(run.steps)}
        deaths = sorted(ends.deaths, key=lambda death: order[id(death[0])])
        step, op, position = next((d for d in deaths if not _follows(paths, d, deaths)), deaths[0])
        if is_none_inside(paths.recording, step, op, position):
            detail = {"key": (op.seq, position), "whole": "py_function", "left": where_it_left(paths.recording, op, position)}
            return Fault("none", "cut", run, (index,), op, position, ops=tuple(reads), step=step, hidden=True, detail=detail)
        dropped = dropped_by(paths, op.inputs[1 - position]) if op.type in PRODUCTS and len(op.inputs) == 2 else None
        if dropped is not None:
            return Fault("zero", "dropped", run, (index,), dropped, ops=tuple(reads), detail={"key": dropped.seq})
        factor = lone_behind(paths, op, position)
        if factor is not None:
            return Fault("zero", "lone", run, (index,), factor, ops=tuple(reads))
        gone = faded_behind(paths, op, position)
        if gone is not None:
            return Fault("zero", "faded", run, (index,), gone, ops=tuple(reads), detail={"key": gone.seq})
        masked = masked_behind(paths, op)
        if masked is not None:
            op, position = masked
            return Fault("zero", "died", run, (index,), op, position, step=steps.get(op.seq, step), ops=tuple(reads))
        step, op, position = flattened_behind(paths, steps, op, position) or (step, op, position)
        return Fault("zero", "died", run, (index,), op, position, step=step, ops=tuple(reads))
    loop = _loop_without_turns(paths, index)
    if loop is not None:
        return Fault("zero", "branch", run, (index,), loop, ops=tuple(reads), span=loop.span, detail={"label": "body", "certain": True})
    seeds = [s for s in run.steps[:1] if s.received and all(f is not None and f.zero for f in s.received)]
    if seeds:
        return Fault("zero", "seed", run, (index,), span=run.span)
    small = next((op for op in paths.ops if any(out in paths.ancestors and is_faded(paths, out) and paths.mask.get(out, 0) >> index & 1 for out in op.outputs)), None)
    if small is not None:
        return Fault("zero", "faded", run, (index,), small, ops=tuple(reads), detail={"key": small.seq})
    terms = max(ends.sums, key=len, default=())
    if len(terms) > 1:
        own = terms is ends.sums[0]
        return Fault("zero", "cancelled", run, (index,), None if own else terms[-1], span=where if own else terms[-1].span, detail={"exact": True, "terms": len(terms), "own": own})
    hidden = _hidden_none(paths, index)
    if hidden is not None:
        return hidden
    if len({op.seq for op in ends.unseen}) == 1 and ends.unseen[0].type == "CustomGradient":
        return Fault("zero", "died", run, (index,), ends.unseen[0], ops=tuple(reads))
    return Fault("zero", "unknown", run, (index,), reads[0] if reads else None, span=where)


def _follows(paths: Paths, death: Death, deaths: list[Death]) -> bool:
    """Whether the factor that is 0 in a product is made by another of the products: of `(1 - p) * (y * log(p))` with `y` = 0 the inner one says why."""
    _, op, position = death
    if op.type not in (*PRODUCTS, *QUOTIENTS) or len(op.inputs) != 2 or position > 1 or len(deaths) < 2:
        return False
    factor = paths.recording.tensors.get(op.inputs[1 - position])
    if factor is None or not factor.all_zero:
        return False
    behind = set(values_behind(paths.recording, op.inputs[1 - position]))
    return any(other is not op and set(other.outputs) & behind for _, other, _ in deaths)


class _Ends:
    """Where gradients that are not zero end, on all ways from a source towards the target along values whose gradient is zero.

    `deaths` are steps that a good gradient reached and that sent zeros this way, `sums` the ops whose gradients for one value sum to zero, `unseen` the ops
    without a step behind which a gradient is not zero.
    """

    def __init__(self, paths: Paths, steps: dict[int, BackwardStep], index: int) -> None:
        self.paths, self.steps, self.bit = paths, steps, 1 << index
        self.deaths: list[Death] = []
        self.unseen: list[Op] = []
        key = paths.run.sources[index].id
        own = {key} | {k for k, t in paths.recording.tensors.items() if t.variable == key}
        self._seen, self._waiting = set(own), list(own)
        self.sums: list[list[Op]] = [[]]
        while self._waiting:
            current, before = self._waiting.pop(), len(self.deaths)
            terms = [term for op in paths.recording.consumers.get(current, ()) for term in self._terms(current, op)]
            if len(terms) > 1:
                # What others bring to this value cancels: a zero among them is not the reason.
                del self.deaths[before:]
            if current in own:
                self.sums[0] += terms
            else:
                self.sums.append(terms)

    def _terms(self, key: int, op: Op) -> Iterator[Op]:
        """The op, for each gradient other than zero that it sends to a value; what it sends zeros to and what it hides is noted."""
        paths, step = self.paths, self.steps.get(op.seq)
        if op.type in SHAPE_ONLY or op.differentiable == "none" or not any(out in paths.ancestors for out in op.outputs):
            return
        if step is not None and any(f is not None and f.zero is not None for f in step.received):
            # What is not finite can be cut off to zeros as well: past the ends of a range that is clipped, where the function behind it is infinitely steep.
            if any(f is not None and f.zero is False for f in step.received):
                for position, before in enumerate(op.inputs):
                    flow = step.sent[position] if before == key and position < len(step.sent) else None
                    if flow is not None and flow.zero:
                        self.deaths.append((step, op, position))
                    elif flow is not None and flow.zero is False:
                        yield op
            elif all(f is None or f.zero for f in step.received):
                self._go_on(op)
            return
        lively = [out for out in op.outputs if out in paths.ancestors and self._is_lively(out)]
        if lively and op.type in HANDED_ON:
            yield op
        elif lively:
            self.unseen.append(op)
        else:
            self._go_on(op)

    def _go_on(self, op: Op) -> None:
        for out in op.outputs:
            if out not in self._seen and out in self.paths.ancestors and self.paths.mask.get(out, 0) & self.bit and out not in self.paths.discrete:
                self._seen.add(out)
                self._waiting.append(out)

    def _is_lively(self, key: int) -> bool:
        """Whether the gradient of a value is known not to be zero."""
        op = self.paths.producer.get(key)
        step = self.steps.get(op.seq) if op is not None else None
        if op is not None and step is not None and len(step.received) == len(op.outputs):
            flow = step.received[op.outputs.index(key)]
            return flow is not None and flow.zero is False
        if key in self.paths.targets:
            return True
        return any(flow is not None and flow.zero is False for flow in self._sent_to(key))

    def _sent_to(self, key: int) -> Iterator[Flow | None]:
        for user in self.paths.recording.consumers.get(key, ()):
            step = self.steps.get(user.seq)
            if step is not None:
                yield from (flow for before, flow in zip(user.inputs, step.sent, strict=False) if before == key)


def _hidden_none(paths: Paths, index: int) -> Fault | None:
    """The cut, where no differentiable path leads to the source and what is differentiated as a whole (a loop, a conditional) gives zeros in the place of None."""
    run, bit, source = paths.run, 1 << index, paths.run.sources[index]
    found = None
    along = along_taken(paths.recording, run)
    read = along is not None and any(not along[0].ancestors.isdisjoint(op.outputs) or op.branches for op in along[0].reads(index))
    if along is not None and not read and not along[0].target_mask & bit and (left := left_out(paths, index, along[1])) is not None:
        return Fault("zero", "branch", run, (index,), left[0], ops=(left[1],), span=left[1].span, detail={"label": left[2], "certain": True})
    paths = along[0] if along is not None else paths
    declined = any(kind == "partial" and op.type == "CustomGradient" and i is not None and paths.mask.get(op.inputs[i], 0) & bit for op, i, kind in paths.walk[1])
    if source.id in paths.alike(paths.walk[0]) and paths.watches(index) and not declined:
        return None
    if run.kind.endswith("jacobian"):
        found = locate_none(paths, [index])[0]
    elif paths.target_mask & bit:
        found = locate_none(paths, [index])[0]
        if found.cause not in ("cut", "dtype", "partial"):
            found = None
    else:
        op = _in_condition(paths, bit)
        if op is not None:
            found = Fault("none", "cut", run, (index,), op, ops=paths.reads(index), detail={"key": op.seq})
        elif paths.reads(index):
            found = locate_none(paths, [index])[0]
            if found.cause not in ("discarded", "assigned"):
                found = None
    if found is None or found.cause == "unknown":
        return None
    whole = "jacobian" if run.kind.endswith("jacobian") else "graph"
    return dataclasses.replace(found, hidden=True, detail={**found.detail, "whole": whole})


def _in_condition(paths: Paths, bit: int) -> Op | None:
    """The op that makes a truth value of what was computed from the source, for the condition of a loop or a conditional that the target was computed with."""
    for key in paths.ancestors:
        merge = paths.producer.get(key)
        owner = paths.recording.by_seq.get(int(str(merge.attributes["owner"]))) if merge is not None and "owner" in merge.attributes else None
        for condition in owner.inputs if owner is not None else ():
            if paths.mask.get(condition, 0) & bit:
                cut = next(iter(paths.where_it_stopped_being_float(condition)), None)
                if cut is not None:
                    return cut[0]
    return None


def _loop_without_turns(paths: Paths, index: int) -> Op | None:
    """The loop that a zero came back through, if the replay saw none of its body's ops run."""
    recording, key = paths.recording, paths.run.gradients[index].id
    for step in paths.run.steps:
        op = recording.by_seq.get(step.op) if step.op is not None and step.type.endswith("While") else None
        if op is None or not any(f is not None and f.zero and f.id == key for f in step.sent):
            continue
        if _turned(paths, op) is False:
            return op
    return None


def _turned(paths: Paths, loop: Op) -> bool | None:
    """Whether the replay saw ops of a loop's body run; None where it saw nothing of the function either."""
    recording = paths.recording
    body = [out for inner in recording.ops if (loop.seq, "body") in inner.branches for out in inner.outputs]
    floats = [t for out in body if (t := recording.tensors.get(out)) is not None and has_gradient_dtype(t.dtype) and t.dtype not in ("resource", "variant")]
    if any(t.finite is not None for t in floats):
        return True
    around = (t for op in recording.ops if op.in_graph and not op.branches for out in op.outputs if (t := recording.tensors.get(out)) is not None)
    return False if floats and any(t.finite is not None for t in around) else None


def _is_handed_on(paths: Paths, op: Op) -> bool:
    return op.type == "Merge" and all((t := paths.recording.tensors.get(out)) is not None and t.dtype == "resource" for out in op.outputs)


def _untaken(paths: Paths, reads: list[Op]) -> tuple[Op, str, bool] | None:
    """The conditional whose other branch ran. Where its condition could not be read, the zeros themselves say it."""
    for seq, label in reads[0].branches:
        op = paths.recording.by_seq.get(seq)
        if op is None or label == "cond" or any((seq, label) not in r.branches for r in reads):
            continue
        if op.type.endswith("While"):
            turned = _turned(paths, op)
            if turned:
                continue
            return op, label, turned is False
        taken = taken_label(paths.recording, op)
        if taken is None:
            return op, label, False
        if taken != label:
            return op, label, True
    return None
