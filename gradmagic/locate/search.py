"""The search itself: statuses, then one fault per root cause."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gradmagic.locate.backward import backward_of
from gradmagic.locate.bad_values import locate_loss, locate_nonfinite
from gradmagic.locate.constants import baseless_sources, constant_sources
from gradmagic.locate.fault import Fault
from gradmagic.locate.idle_biases import idle_biases
from gradmagic.locate.missing import locate_none
from gradmagic.locate.paths import paths_of
from gradmagic.locate.py_functions import none_before_error, where_it_left
from gradmagic.locate.scale import drowned, is_cancelled, is_summed_away, locate_scale
from gradmagic.locate.steps import locate_steps
from gradmagic.locate.wrong import locate_wrong, merge_key
from gradmagic.locate.zeros import locate_zero
from gradmagic.recording import GradientRun, Recording, Site
from gradmagic.report import Status
from gradmagic.sizes import sizes_of


def statuses(recording: Recording, run: GradientRun) -> tuple[Status, ...]:
    """The status of every source of a run, from its gradient and its size beside the others."""
    if run.raised is not None:
        return tuple("error" for _ in run.sources)
    found: list[Status] = []
    scaled, backward = is_scaled(recording, run), backward_of(recording, run)
    plain, constant, idle = sizes_of(run, noise=False), constant_sources(recording, run), idle_biases(recording, run)
    for index, (gradient, size) in enumerate(zip(run.gradients, sizes_of(run), strict=False)):
        numbers = gradient.numbers
        if gradient.missing:
            found.append("none")
        elif numbers is None:
            found.append("ok")
        elif numbers.nans:
            found.append("nan")
        elif numbers.infs:
            found.append("inf")
        elif numbers.all_zero or index in constant or index in idle or (size == "noise" and is_cancelled(backward, index)) or drowned(backward, index) is not None:
            found.append("zero")
        else:
            own = plain[index]
            found.append("ok" if own is None or own == "noise" or (scaled and own == "exploding") or (own == "vanishing" and is_summed_away(backward, index)) else own)
    return tuple(found)


class Statuses:
    """The statuses of the runs of a recording, each worked out once."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._known: dict[int, tuple[Status, ...]] = {}

    def of(self, run: GradientRun) -> tuple[Status, ...]:
        """See `statuses`."""
        found = self._known.get(id(run))
        if found is None:
            found = self._known[id(run)] = statuses(self.recording, run)
        return found


def is_lost(run: GradientRun) -> bool:
    """Whether the target is not finite in this run; the tensors of a graph are noted once for all of its runs."""
    if run.target_value is not None:
        return not math.isfinite(run.target_value)
    return any(t.finite is False for t in run.targets)


def worst_of(status: Status, site: Site, position: int) -> Status:
    """The status of a source over all runs of a place, where another run than the one that is shown had NaN or an infinity."""
    if status in ("error", "none", "wrong", "nan"):
        return status
    norms = [n for row in site.norms if position < len(row) and (n := row[position]) is not None and not math.isfinite(n)]
    return "nan" if any(map(math.isnan, norms)) else "inf" if norms else status


def is_scaled(recording: Recording, run: GradientRun) -> bool:
    """Whether the gradients of a call go to an optimizer that scales the loss: their size is the scale's, and it skips those that overflow."""
    mine = {s.id for s in run.sources}
    return any(u.type == "LossScaleOptimizer" and mine & {p.variable for p in u.pairs} for u in recording.updates)


def locate(recording: Recording, judged: Statuses | None = None) -> list[Fault]:
    """Every fault of a recording, each with all the sources it explains; `judged` keeps the statuses for others."""
    judged = judged or Statuses(recording)
    faults: list[Fault] = []
    for run in recording.runs:
        if run.raised is not None:
            lost_inside = none_before_error(recording, run)
            detail = {} if lost_inside is None else {"left": where_it_left(recording, *lost_inside)}
            op, position = lost_inside or (None, None)
            faults.append(Fault("error", "raised", run, tuple(range(len(run.sources))), op, position, span=run.span, detail=detail))
            continue
        found = judged.of(run)
        baseless = baseless_sources(recording, run)
        if baseless:
            faults.append(Fault("zero", "baseless", run, tuple(baseless), next(iter(baseless.values()))))
        bad = {s: [i for i, status in enumerate(found) if status == s] for s in ("none", "zero", "nan", "inf", "vanishing", "exploding")}
        lost = is_lost(run) and not (bad["nan"] or bad["inf"])
        if not any(bad.values()) and not lost:
            continue
        paths = paths_of(recording, run)
        if lost and set(found) - {"none"}:
            faults.append(locate_loss(paths))
        faults += locate_none(paths, bad["none"])
        filled = [i for i in bad["zero"] if run.gradients[i].filled]
        faults += [_hidden(fault) for fault in locate_none(paths, filled)]
        # Behind a loss that is not finite the zeros follow from it.
        faults += locate_zero(paths, [] if lost else [i for i in bad["zero"] if i not in filled])
        beyond = bad["nan"] + bad["inf"]
        # A large factor makes infinities, and no NaN: that one was there before it.
        undefined = run.target_value is not None and math.isnan(run.target_value)
        if beyond and is_scaled(recording, run) and not undefined:
            faults.append(_skipped_by_scale(recording, run, beyond))
        else:
            faults += [f for f in locate_nonfinite(paths, beyond) if not _follows_from(recording, judged, f)]
        faults += locate_scale(paths, bad["vanishing"], "vanishing") + locate_scale(paths, bad["exploding"], "exploding")
    faults += locate_steps(recording)
    faults += locate_wrong(recording)
    return _merged(faults)


def _follows_from(recording: Recording, judged: Statuses, fault: Fault) -> bool:
    """Whether a variable is not finite since an earlier run, which is explained itself, had a gradient for it that was not."""
    variable, run = fault.detail.get("variable"), fault.run
    if fault.cause != "value" or variable is None or run is None:
        return False
    earlier = (r for r in recording.runs if r.site == run.site and r.turn < run.turn and r.raised is None)
    return any(s.id == variable and status in ("inf", "nan") for r in earlier for s, status in zip(r.sources, judged.of(r), strict=True))


def _skipped_by_scale(recording: Recording, run: GradientRun, indices: list[int]) -> Fault:
    site = next(s for s in recording.sites if s.id == run.site)
    bad = [any(n is not None and not math.isfinite(n) for n in norms) for norms in site.norms]
    mine = {s.id for s in run.sources}
    update = next((u for u in recording.updates if u.type == "LossScaleOptimizer" and mine & {p.variable for p in u.pairs}), None)
    detail = {"bad": sum(bad), "runs": len(bad), "recovers": not bad[-1] if bad else False}
    return Fault("step", "scale", run, tuple(indices), span=update.span if update is not None else run.span, update=update, detail=detail)


def _hidden(fault: Fault) -> Fault:
    import dataclasses

    return dataclasses.replace(fault, hidden=True)


def _merged(faults: Iterable[Fault]) -> list[Fault]:
    """One fault per cause and place: the sources of faults that name the same op in the same run go together."""
    import dataclasses

    found: dict[object, Fault] = {}
    for fault in faults:
        place = fault.span or (fault.op.span if fault.op else None)
        site = fault.run.site if fault.run else None
        # Layers of a model that `fit` runs share its line.
        inside = fault.op.type if fault.kind == "zero" and fault.op is not None and fault.op.layer is not None else None
        key: tuple[object, ...] = (fault.kind, fault.cause, site, place, inside, fault.hidden, fault.input if place is None else None, str(fault.detail.get("key", "")))
        if fault.numeric is not None:
            key = (fault.kind, *merge_key(fault.numeric, fault.cause))
        if fault.cause == "escaped" and fault.span is not None:
            # Several values that one line takes out are one mistake.
            key = (fault.kind, fault.cause, site, fault.span.cell, fault.span.file, fault.span.line)
        before = found.get(key)
        if before is None:
            found[key] = fault
        elif before.run is fault.run:
            places = dict.fromkeys((*before.detail.get("beside", ()), fault.span))  # type: ignore[misc]
            detail = before.detail if fault.span in (before.span, None) else {**before.detail, "beside": tuple(places)}
            found[key] = dataclasses.replace(before, sources=tuple(dict.fromkeys(before.sources + fault.sources)), detail=detail)
    return list(found.values())
