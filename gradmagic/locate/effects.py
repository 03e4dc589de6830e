"""Faults of what an update did: nothing, twice, far too much, or to objects that nobody keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gradmagic.assignments import assigned_to_itself, is_assigned, made_by, said_trainable
from gradmagic.locate.blends import copied_onto_themselves, given_their_own, is_blended_with_itself, lost_blends
from gradmagic.locate.cloned import locate_cloned
from gradmagic.locate.constants import constant_sources
from gradmagic.locate.exchanged import locate_exchanged
from gradmagic.locate.fault import Fault
from gradmagic.locate.frozen_anew import locate_frozen_anew
from gradmagic.locate.left_parts import locate_left_parts
from gradmagic.locate.paths import STATE, paths_of, values_behind
from gradmagic.locate.twice import indices, twice_in
from gradmagic.recording import GradientRun, KeptObject, Op, Recording, Site, Span, StaleRead, Update, Variable, has_gradient_dtype
from gradmagic.sizes import lengths, sizes_of
from gradmagic.syntax import text_at

TOO_FAR = 10.0
FRESH = 2
# Gradients of the next runs that are at most so many times as large as the first, and as small, are those of a variable on its way.
WORSE, LEFT = 1.5, 1e-3
NEXT = 3


def locate_effects(recording: Recording) -> list[Fault]:
    """Updates without effect, repeated ones, destructive ones; sources made anew in every turn; values that a traced function keeps."""
    faults: list[Fault] = []
    for update in recording.updates:
        if update.raised is None:
            faults += _of_update(recording, update)
    for site in recording.sites:
        # Sources that are others once only: two trainings, one after the other.
        if site.renewed > 1 or site.renewed == site.count - 1 > 0:
            fault = _renewed(recording, site)
            faults += [fault] if fault is not None else []
    faults += [f for u in recording.updates if (f := _new_optimizer(recording, u)) is not None]
    faults += _untracked(recording) + (_other_model(recording) or locate_exchanged(recording) or locate_cloned(recording) or locate_frozen_anew(recording)) + locate_left_parts(recording)
    for span in dict.fromkeys(a.span for a in recording.assignments if a.how == "AssignVariableOp" and a.span is not None):
        text = assigned_to_itself(recording, span) or (text_at(recording, span) if is_blended_with_itself(recording, span) else None)
        if text is not None:
            faults.append(Fault("step", "itself", None, (), span=span, detail={"text": text, "key": span}))
    told = {f.span for f in faults if f.cause == "itself"}
    faults += lost_blends(recording) + [f for f in (*given_their_own(recording), *copied_onto_themselves(recording)) if f.span not in told]
    for read in _own(recording.stale):
        faults.append(Fault("step", "stale", None, (), span=read.span, detail={"read": read, "key": (read.function, read.expression)}))
    return faults


def written(recording: Recording) -> set[int]:
    """The variables that were given a value after their first one."""
    made = {key: v.created_at for key, v in recording.variables.items() if v.created is not None}
    return {a.variable for a in recording.assignments if made.get(a.variable) is None or made[a.variable] != a.span}


def _own(reads: tuple[StaleRead, ...]) -> list[StaleRead]:
    """The values that are others by themselves: those that are read of an object which is another one follow from that."""
    objects = {(r.function, r.expression) for r in reads if isinstance(r.now, KeptObject)}

    def owners(names: str) -> Iterator[str]:
        while "." in names:
            names = names.rpartition(".")[0]
            yield names

    return [r for r in reads if not any((r.function, owner) in objects for owner in owners(r.expression))]


def _untracked(recording: Recording) -> list[Fault]:
    """Variables that a model computes with and does not know, or that were made beside it, while the model's own are asked for and updated."""
    faults = []
    changed = {p.variable for u in recording.updates for p in u.pairs} | written(recording)
    missed: dict[int, list[tuple[int, GradientRun, Op]]] = {}
    for key, model in recording.untracked.items():
        on = _on_path(recording, key) if key not in changed else None
        if on is not None:
            missed.setdefault(model.id, []).append((key, *on))
    for found in missed.values():
        # Of a kernel and its bias the kernel says more.
        found.sort(key=lambda item: -math.prod(d or 1 for d in recording.variables[item[0]].shape or ()))
        key, run, read = found[0]
        every = tuple(recording.variables[k] for k, _, _ in found)
        faults.append(Fault("step", "untracked", run, (), read, span=run.span, detail={"variable": every[0], "all": every, "model": recording.untracked[key], "key": (key,)}))
    alone: list[tuple[Variable, GradientRun, Op, str, Span | None]] = []
    for key, name in recording.unasked.items():
        variable = recording.variables.get(key)
        on = _on_path(recording, key) if variable is not None and key not in changed and key not in recording.untracked and not is_assigned(recording, variable.names) else None
        if on is not None and variable is not None:
            alone.append((variable, *on, name, said_trainable(recording, variable.names)))
    together: dict[object, list[Variable]] = {}
    for variable, run, _, _, meant in alone:
        together.setdefault(_group(variable, run, meant), []).append(variable)
    for variable, run, read, name, meant in alone:
        others = tuple(v for v in together[_group(variable, run, meant)] if v is not variable)
        detail = {"variable": variable, "model": name, "meant": meant is not None, "others": others, "key": (variable.id,)}
        faults.append(Fault("step", "unasked", run, (), read, span=meant or read.span, detail=detail))
    return faults


def _group(variable: Variable, run: GradientRun, meant: Span | None) -> object:
    """What variables that no gradient call asks for share where they go along with each other: to be said to be trainable, or the object that keeps them."""
    holder = next((n.rpartition(".")[0] for n in variable.names if "." in n), "")
    return id(run), "" if meant is not None else holder or variable.id


def _on_path(recording: Recording, key: int) -> tuple[GradientRun, Op] | None:
    """The gradient call to whose target a variable leads, and the op that reads it there."""
    variable = recording.variables.get(key)
    run = next((r for r in recording.runs if any(s.kind == "variable" for s in r.sources) and recording.updates), None)
    if variable is None or run is None or not has_gradient_dtype(variable.dtype):
        return None
    reads = [op for op in recording.consumers.get(key, ()) if op.phase == "forward" and op.type not in STATE]
    reads += [op for tensor in recording.tensors.values() if tensor.variable == key for op in recording.consumers.get(tensor.id, ())]
    paths = paths_of(recording, run)
    # Behind `stop_gradient` a variable is meant to stay.
    reads = [op for op in reads if any(out in paths.walk[0] for out in op.outputs)] if set(paths.targets) else []
    return (run, reads[0]) if reads else None


def _other_model(recording: Recording) -> list[Fault]:
    """A model that is evaluated after the training of another one of the same shapes, which is not evaluated itself."""
    if recording.raised is not None or not recording.updates:
        return []
    updated = {p.variable for u in recording.updates if u.raised is None for p in u.pairs}
    begun = min((c.seq for c in recording.models if c.trains), default=0)
    assigned = {a.variable for a in recording.assignments if a.seq > begun}
    last = max((c.seq for c in recording.models if c.trains and set(c.weights) & updated), default=None)
    if last is None:
        return []
    after = [c for c in recording.models if c.seq > last and not c.trains]
    trained = [c for c in recording.models if c.trains and set(c.weights) & updated]
    for call in after:
        if set(call.weights) & (updated | assigned):
            continue
        twin = next((t for t in reversed(trained) if _shapes(recording, t.weights) == _shapes(recording, call.weights)), None)
        if twin is None or any(set(c.weights) == set(twin.weights) for c in after) or any(set(c.weights) == set(call.weights) and c.trains for c in recording.models):
            continue
        update = next(u for u in recording.updates if {p.variable for p in u.pairs} & set(twin.weights))
        return [Fault("step", "other", None, (), span=update.span, update=update, detail={"call": call, "trained": twin})]
    return []


def _shapes(recording: Recording, keys: tuple[int, ...]) -> list[object]:
    return [recording.variables[k].shape for k in keys if k in recording.variables]


def _of_update(recording: Recording, update: Update) -> list[Fault]:
    faults: list[Fault] = []
    run = next((recording.runs[p.run] for p in update.pairs if p.run is not None), None) or _asked_for(recording, update)
    keys = [p.variable for p in update.pairs if p.gradient is not None or update.in_graph]
    faults += twice_in(recording, update, run, keys)
    # Where only rounding comes back, or next to nothing, the finding about that says more.
    rounding = {run.sources[i].id for i in constant_sources(recording, run)} if run is not None else set()
    small = {s.id for s, size in zip(run.sources, sizes_of(run, noise=False), strict=False) if size == "vanishing"} if run is not None else set()
    still = [k for k in keys if (c := recording.changes.get(k)) is not None and c.same and k not in rounding | small and _has_gradient(run, k)]
    # Of the loss scale's skipping another fault tells.
    skipped = update.type == "LossScaleOptimizer" and run is not None and any(g.numbers is not None and not g.numbers.finite for g in run.gradients)
    if still and update.count and not skipped and run is not None and recording.raised is None:
        numbers = _assigned_zero(recording, update)
        faults.append(Fault("step", "still", run, indices(run, still), span=update.span, update=update, detail={"zero": numbers, "all": len(still) == len(keys)}))
    far = thrown(recording, run, keys)
    # What was not finite before is not the update's doing.
    lost = [k for k in keys if (c := recording.changes.get(k)) is not None and not c.finite and math.isfinite(c.norm or 0.0)]
    if run is not None and (far or lost):
        faults.append(Fault("step", "destroyed", run, indices(run, lost or far), span=update.span, update=update, detail={"lost": bool(lost), "key": bool(lost)}))
    return faults


def thrown(recording: Recording, run: GradientRun | None, keys: list[int]) -> list[int]:
    """The variables that one update moved much farther than they were long."""
    # What begins next to 0 (the scale of a block) is small beside the other variables too, and has a long way to go. Later runs begin where the updates led.
    first = next((r for r in recording.runs_of(run.site) if r.turn == 0), run) if run is not None else None
    beside = {s.id: length or 0.0 for s, length in zip(first.sources, lengths(first.sources), strict=False)} if first is not None else {}
    far = [k for k in keys if (c := recording.changes.get(k)) is not None and c.norm and (c.farthest or 0.0) > TOO_FAR * max(c.norm, beside.get(k, 0.0))]
    return [k for k in far if first is None or not _is_on_its_way(recording, first, k)]


def _is_on_its_way(recording: Recording, run: GradientRun, key: int) -> bool:
    """Whether the gradients of a variable were no larger, and not lost, in the runs after the first: from next to 0 every step is many times its length."""
    site = recording.site_of(run)
    position = next((i for i, s in enumerate(run.sources) if s.id == key), None)
    rows = [row[position] for row in site.norms[: NEXT + 1] if len(row) == len(run.sources)] if site is not None and position is not None else []
    first, later = rows[0] if rows else None, rows[1:]
    return bool(first and later) and all(n is not None and LEFT * (first or 0.0) <= n <= WORSE * (first or 0.0) for n in later)


def _asked_for(recording: Recording, update: Update) -> GradientRun | None:
    wanted = {p.variable for p in update.pairs}
    return next((r for r in recording.runs if wanted & {s.id for s in r.sources}), None)


def _has_gradient(run: GradientRun | None, key: int) -> bool:
    """Whether the gradient of a variable was there, finite and not zero."""
    for source, gradient in zip(run.sources, run.gradients, strict=False) if run is not None else ():
        if source.id == key:
            n = gradient.numbers
            return not gradient.missing and n is not None and n.finite and not n.all_zero
    return False


def _assigned_zero(recording: Recording, update: Update) -> bool:
    """Whether every value that this place added or subtracted is known to be zero."""
    found = []
    for a in recording.assignments:
        if a.span == update.span and a.how in ("AssignSubVariableOp", "AssignAddVariableOp") and a.value is not None:
            tensor = recording.tensors.get(a.value)
            found.append(tensor.all_zero if tensor is not None else None)
    return bool(found) and all(z is True for z in found)


def _renewed(recording: Recording, site: Site) -> Fault | None:
    """Sources that are others in every few turns: where, in the code that asks for the gradient, they are made."""
    run = next(recording.runs_of(site.id), None)
    if run is None or recording.raised is not None:
        return None
    sources = [i for i, s in enumerate(run.sources) if s.kind == "variable"]
    first = recording.variables.get(run.sources[sources[0]].id) if sources else None
    places = first.created_by if first is not None else ()
    where: Span | None = next((p for p in places if run.span is not None and p.function == run.span.function and (p.cell, p.file) == (run.span.cell, run.span.file)), None)
    if where is None:
        where = first.created_at if first is not None else None
    ids = {run.sources[i].id for i in sources}
    returned = any(a.value is not None and a.seq > run.seq and a.variable not in ids and _comes_from(recording, a.value, ids) for a in recording.assignments)
    # A snapshot begins with the value of a variable that is kept elsewhere.
    shapes = {recording.variables[i].shape for i in ids}
    held = {key for key, v in recording.variables.items() if key not in ids and v.trainable and v.shape in shapes}
    copied = any(a.variable in ids and a.value is not None and a.how == "AssignVariableOp" and _comes_from(recording, a.value, held) for a in recording.assignments)
    if returned or copied or where is None:
        return None
    return Fault("step", "renewed", run, tuple(sources), span=where, detail={"count": site.count, "renewed": site.renewed})


def _new_optimizer(recording: Recording, update: Update) -> Fault | None:
    """An optimizer that is made for one step of the same variables, again and again; variables that are put back in between begin anew on purpose."""
    mine = {p.variable for p in update.pairs}
    if update.raised is not None or recording.raised is not None or update.fresh < FRESH or update.fresh + 1 < update.count:
        return None
    if any(a.variable in mine and a.how == "AssignVariableOp" and a.span != update.span and a.seq > update.seq for a in recording.assignments):
        return None
    run = next((recording.runs[p.run] for p in update.pairs if p.run is not None), None) or _asked_for(recording, update)
    span = made_by(recording, update.span, update.type) if update.span is not None else None
    return Fault("step", "optimizer-renewed", run, (), span=span or update.span, update=update, detail={"key": (update.span, "optimizer")})


def _comes_from(recording: Recording, key: int, wanted: set[int]) -> bool:
    for current in values_behind(recording, key):
        tensor = recording.tensors.get(current)
        if current in wanted or (tensor is not None and tensor.variable in wanted):
            return True
    return False
