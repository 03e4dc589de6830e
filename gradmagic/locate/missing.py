"""Why a gradient is None: the cut nearest to the target, or the reason that there is no path at all."""

from __future__ import annotations

from collections.abc import Iterable

from gradmagic.definitions import leads_to
from gradmagic.locate.early import computed_before, read_before
from gradmagic.locate.escaped import locate_escape, words_for
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import STATE, Paths, paths_of, values_behind
from gradmagic.locate.py_functions import IN_PYTHON, reads_inside
from gradmagic.locate.reads import dropped_by
from gradmagic.locate.untaken import uncalled_branch, unread_branch
from gradmagic.rebinding import attributes_read, given_name, rebound_at
from gradmagic.recording import GradientRun, Op, Recording, Span, Variable, has_gradient_dtype

# Each is tried by following all ways once more.
MOST_TRIED = 32
HANDING_ON = frozenset({"Merge", "Identity", "TensorListPushBack"})
BRANCHING = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})


def locate_none(paths: Paths, indices: Iterable[int]) -> list[Fault]:
    """A fault for each source without a gradient; those with the same cause are merged later."""
    return [_locate(paths, index) for index in indices]


def _locate(paths: Paths, index: int) -> Fault:
    run, bit = paths.run, 1 << index
    source = run.sources[index]

    def fault(cause: str, op: Op | None = None, **more: object) -> Fault:
        return Fault("none", cause, run, (index,), op, ops=paths.reads(index), **more)  # type: ignore[arg-type]

    if paths.tape is not None and paths.tape.name is not None and not run.in_graph:
        # What an earlier cell did under it is not known, only that it does not record any more.
        late = next((paths.producer[t] for t in paths.targets if t in paths.producer), None)
        return fault("outside", late, detail={"key": late.seq}) if late is not None else fault("unseen", span=run.span)
    if source.kind == "variable" and paths.tape is not None and not paths.watches(index):
        return fault("unwatched", span=_watch_place(paths))
    if source.kind != "other" and not has_gradient_dtype(source.dtype):
        return fault("dtype", span=run.span, detail={"source": True})
    if paths.target_mask & bit:
        return _cut(paths, index)
    if not paths.targets or all(t in paths.discrete for t in paths.targets):
        return fault("constant", span=run.span, detail={"key": "target"})
    # A value that is followed by its id into a variable is proven; that a value left and came back is told from the order of events.
    assigned = _assignment(paths, bit)
    if assigned is not None:
        return fault("assigned", span=assigned[0], detail={"variable": assigned[1], "key": assigned[0]})
    copied = _copied(paths, index)
    if copied is not None:
        return fault("different", span=run.span, detail={"twin": copied[0], "copied": copied[1], "key": "different"})
    inner = _inner_call(paths, bit)
    if inner is not None:
        return fault("derived", span=inner.span, detail={"inner": inner, "key": inner.span})
    escape = locate_escape(paths, index)
    if escape is not None:
        return escape
    replaced = _replaced(paths, index)
    if replaced is not None:
        return fault("replaced", span=replaced)
    dropped = next((op for op in paths.ops if op.outputs and op.outputs[0] in paths.ancestors and paths.shaped_by(op) & bit and dropped_by(paths, op.outputs[0]) is op), None)
    if dropped is not None:
        return fault("cut", dropped, detail={"key": dropped.seq})
    python = next((op for op in paths.recording.once(run, _run_in_python) if reads_inside(paths.recording, run, op, words_for(paths, index))), None)
    if python is not None:
        return fault("cut", python, detail={"key": python.seq, "inside": True})
    reads = [op for op in paths.reads(index) if paths.tape is None or paths.tape.opened <= op.seq or op.in_graph]
    if reads:
        decided = _decides(paths, bit)
        return fault("cut", decided, detail={"key": decided.seq}) if decided is not None else _discarded(paths, index, reads)
    twin = _same_looking(paths, index)
    if twin is not None:
        return fault("different", span=run.span, detail={"twin": twin, "key": "different"})
    before = computed_before(paths, index)
    if before is not None:
        return fault("before", span=before, detail={"key": before})
    if source.kind == "variable":
        branch = unread_branch(paths, index)
        if branch is not None:
            return fault("branch", span=branch)
        called = uncalled_branch(paths, index)
        if called is not None:
            return fault("branch", span=called[1], detail={"called": called[0], "key": called[1]})
    leaf = all(paths.producer.get(t) is None or not paths.producer[t].inputs for t in paths.targets)
    if leaf:
        return fault("constant", span=next((paths.producer[t].span for t in paths.targets if t in paths.producer), None) or run.span)
    # A dataset's function reads it in a graph of its own, and hands on a value without a history.
    used = {paths.producer[key].span for key in paths.ancestors if key in paths.producer}
    for op in {op.span: op for op in paths.reads(index)}.values():
        if op.in_graph or (op.span is not None and op.span.function in (None, "<lambda>") and leads_to(paths.recording, op.span, used)):
            return fault("outside", op, detail={"read": True})
    piped = paths.recording.piped.get(source.id)
    if piped is not None:
        return fault("piped", span=piped, detail={"key": piped})
    return fault("unread", span=run.span)


def _cut(paths: Paths, index: int) -> Fault:
    bit, run = 1 << index, paths.run
    reached, cuts = paths.walk
    mine = [c for c in cuts if (paths.mask.get(c[0].inputs[c[1]], 0) if c[1] is not None else paths.bits(c[0])) & bit]
    if run.sources[index].id in reached and not paths.follows(index):
        # The gradient comes as far as the source on one way at least, whatever ends the others.
        mine = []
    firm = [c for c in mine if c[2] not in ("partial", "choice")]
    mine = firm or [c for c in mine if c[2] == "choice"] or (mine if paths.watches(index) else [])
    if mine:
        # The one cut that alone ends every path says more than one of several in a row or side by side.
        latest = sorted(mine, key=lambda c: -c[0].seq)
        tried = latest[:MOST_TRIED] if len(mine) > 1 else []
        op, position, kind = next((c for c in tried if run.sources[index].id in paths.alike(paths.reached_without(c[0], c[2]))), latest[0])
        others = tuple(c[0] for c in mine if c[0] is not op)
        return Fault("none", {"op": "cut", "dtype": "dtype", "outside": "outside", "partial": "partial", "choice": "cut"}[kind], run, (index,), op, position, others, detail={"key": op.seq})
    source = run.sources[index]
    aliases = {source.id} | {k for k in reached if (t := paths.recording.tensors.get(k)) is not None and t.variable == source.id}
    replaced = _replaced(paths, index)
    if aliases & reached and replaced is not None:
        return Fault("none", "replaced", run, (index,), ops=paths.reads(index), span=replaced)
    rebound = _rebound(paths, index)
    if aliases & reached and rebound is not None:
        return Fault("none", "replaced", run, (index,), ops=paths.reads(index), span=rebound[1], detail={"word": rebound[0], "key": rebound[1]})
    if aliases & reached and source.id not in reached and paths.tape is not None and paths.watches(index) and (early := read_before(paths, index)) is not None:
        return Fault("none", "before", run, (index,), ops=paths.reads(index), span=early, detail={"key": early})
    if aliases & reached:
        late = paths.tape.watches.get(source.id) if paths.tape is not None else None
        detail = {"late": True, "key": late[1]} if late is not None else {}
        return Fault("none", "unwatched", run, (index,), ops=paths.reads(index), span=late[1] if late is not None else _watch_place(paths), detail=detail)
    return Fault("none", "unknown", run, (index,), ops=paths.reads(index), span=run.span)


def _rebound(paths: Paths, index: int) -> tuple[str, Span] | None:
    """The line of the code that made a tensor of a variable before the check began: by the source's name, or by the attribute that holds it."""
    source = paths.run.sources[index]
    if source.kind != "tensor" or source.id in paths.recording.producer:
        return None
    own = rebound_at(paths.recording, [source.name]) if source.name.isidentifier() else None
    return own or rebound_at(paths.recording, attributes_read(paths.recording, [op.span for op in paths.reads(index)]))


def _run_in_python(recording: Recording, run: GradientRun) -> list[Op]:
    """The ops behind a target that are functions in Python, the first of each place."""
    paths, found = paths_of(recording, run), dict[Span | None, Op]()
    for op in paths.ops:
        if op.type in IN_PYTHON and not paths.ancestors.isdisjoint(op.outputs):
            found.setdefault(op.span, op)
    return list(found.values())


def _watch_place(paths: Paths) -> Span | None:
    return paths.tape.span if paths.tape is not None else paths.run.span


def _inner_call(paths: Paths, bit: int) -> GradientRun | None:
    """The call for gradients inside this tape whose target was computed from the source, while what came out of it, and is used here, was not."""
    # What leads to the target by a further call: as the first derivative does that is only differentiated once more.
    further = set[int]()
    for run in reversed([r for r in paths.recording.runs if r.seq < paths.run.seq]):
        given = {g.id for g in run.gradients if g.id is not None}
        if given.isdisjoint(paths.ancestors) and given.isdisjoint(further):
            continue
        if any(paths.mask.get(t.id, 0) & bit for t in run.targets):
            return run
        further.update(key for t in run.targets for key in values_behind(paths.recording, t.id, gradients=True))
    return None


def _assignment(paths: Paths, bit: int) -> tuple[Span | None, int] | None:
    asked = {s.id for s in paths.run.sources}
    for a in reversed(paths.recording.assignments):
        # A constant that two variables begin with is one tensor to TensorFlow, and comes from neither.
        if a.value is None or not paths.mask.get(a.value, 0) & bit or (a.value not in paths.producer and a.value not in asked) or a.seq > paths.run.seq:
            continue
        if any(t.id == a.variable or t.variable == a.variable for t in paths.run.targets):
            return a.span, a.variable
        # Keras reads a variable that it is handed as a value, unseen.
        known = {a.variable} | {k for k, t in paths.recording.tensors.items() if t.variable == a.variable}
        for op in paths.ops:
            if not known.isdisjoint(op.inputs) and op.type not in STATE and (op.seq > a.seq or op.in_graph) and any(o in paths.ancestors for o in op.outputs):
                return a.span, a.variable
    return None


def _replaced(paths: Paths, index: int) -> Span | None:
    """The source is a plain tensor in a variable's place: made from a variable of that name, or from a variable of that shape and a gradient."""
    source, recording = paths.run.sources[index], paths.recording
    if source.kind != "tensor":
        return None
    producers = recording.producer
    op = producers.get(source.id)
    gradients = {g.id for run in recording.runs if run.seq < paths.run.seq for g in run.gradients if g.id is not None}
    waiting: list[int] = list(op.inputs) if op else []
    seen: set[int] = set()
    stepped = False
    shaped = named = False
    while waiting and len(seen) < 2000:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        if key in gradients:
            stepped = True
            continue
        tensor = recording.tensors.get(key)
        variable = recording.variables.get(tensor.variable if tensor is not None and tensor.variable is not None else key)
        if variable is not None:
            named = named or source.name in (*variable.names, variable.path)
            shaped = shaped or variable.shape == source.shape
            continue
        before = producers.get(key)
        if before is not None:
            waiting.extend(before.inputs)
    return op.span if op is not None and (named or (shaped and stepped)) else None


def _copied(paths: Paths, index: int) -> tuple[int, Span | None] | None:
    """A variable that the target was computed with, and that was given a value of the source's shape after the source's value left TensorFlow."""
    source, recording = paths.run.sources[index], paths.recording
    if source.kind != "variable":
        return None
    left = [e.seq for e in recording.escapes if e.seq < paths.run.seq and paths.mask.get(e.tensor, 0) >> index & 1]
    mine = {s.id for s in paths.run.sources}
    for a in recording.assignments:
        other = recording.variables.get(a.variable)
        if not left or a.seq < left[0] or a.seq > paths.run.seq or a.variable in mine or other is None or other.shape != source.shape or a.how != "AssignVariableOp":
            continue
        me = recording.variables.get(source.id)
        if me is None or not _namesakes(recording, me, other):
            continue
        if a.value is not None and a.value not in paths.producer and key_used(paths, a.variable):
            return a.variable, a.span
    return None


def _decides(paths: Paths, bit: int) -> Op | None:
    """The comparison that is computed from the source and chooses a branch or ends a loop, where only what is chosen reaches the target: a count, a time."""
    inside = {part for op in paths.ops if any(out in paths.ancestors for out in op.outputs) for part in op.branches}
    merged = {op.attributes.get("owner") for op in paths.ops if op.type == "Merge" and any(out in paths.ancestors for out in op.outputs)}
    taken = merged | {seq for seq, _ in inside}
    chosen = {op.inputs[0] for op in paths.ops if op.type in BRANCHING and op.inputs and op.seq in taken}
    conditions = {(seq, "cond") for seq, part in inside if part == "body"}
    deciding = [op for op in paths.ops if paths.bits(op) & bit and (not chosen.isdisjoint(op.outputs) or (op.branches and op.branches[-1] in conditions))]
    return next((op for op in deciding if any((t := paths.recording.tensors.get(out)) is not None and t.dtype == "bool" for out in op.outputs)), None)


def _discarded(paths: Paths, index: int, reads: list[Op]) -> Fault:
    """The last results that were computed from the source and that nothing uses."""
    bit = 1 << index
    under = [op for op in paths.ops if paths.run.tape is None or paths.run.tape in op.recorded_by]
    pool = under if any(paths.bits(op) & bit for op in under) else paths.ops
    used = {key for op in pool for key in op.inputs}
    ends = [op for op in pool if paths.bits(op) & bit and op.outputs and not any(out in used for out in op.outputs)]
    end = ends[-1] if ends else reads[-1]
    if end.type in HANDING_ON:
        behind = (_computed(paths, bit, e) for e in reversed(ends))
        end = next((op for op in behind if op is not None), end)
    return Fault("none", "discarded", paths.run, (index,), end, ops=tuple(reads), detail={"key": end.span})


def _computed(paths: Paths, bit: int, end: Op) -> Op | None:
    """The op that computed what one that only hands values on, out of a loop, a branch or a function, was given; None where that is the source itself."""
    current, seen = end, set[int]()
    while current.type in HANDING_ON:
        seen.add(current.seq)
        makers = [op for key in current.inputs if paths.mask.get(key, 0) & bit and (op := paths.producer.get(key)) is not None and op.seq not in seen]
        if not makers:
            return None
        current = max(makers, key=lambda op: (op.type not in HANDING_ON, bool(op.branches), op.seq))
    return current if current.span is not None and current.type != "ReadVariableOp" else None


def _same_looking(paths: Paths, index: int) -> int | None:
    """A variable that the target was computed with, and that has the name and shape of the source without being it."""
    source = paths.run.sources[index]
    if source.kind != "variable":
        return None
    known = paths.recording.variables
    me = known.get(source.id)
    mine = {s.id for s in paths.run.sources}
    for key, other in known.items():
        if key in mine or me is None or other.shape != me.shape or not key_used(paths, key):
            continue
        if _namesakes(paths.recording, me, other):
            return key
    return None


def _namesakes(recording: Recording, one: Variable, other: Variable) -> bool:
    """Whether two variables have the same name: the user's, or that of the weight in its layer. What TensorFlow calls every variable without a name is none, unless the same attribute, line or name was given both."""
    names = [{n.rpartition(".")[2] for n in v.names if "." in n} for v in (one, other)]
    tails = [v.path.rpartition("/")[2] for v in (one, other)]
    made_alike = bool(names[0] & names[1]) or (one.created_at is not None and one.created_at == other.created_at) or bool(given_name(recording, one) & given_name(recording, other))
    return bool(set(one.names) & set(other.names)) or (tails[0] == tails[1] and (tails[0] != "Variable" or made_alike))


def key_used(paths: Paths, key: int) -> bool:
    """Whether the target was computed from a variable."""
    return key in paths.ancestors or any(t.variable == key and k in paths.ancestors for k, t in paths.recording.tensors.items() if t.variable is not None)
