"""What the other runs of a gradient call say about a finding: what one run leaves out and another uses raises no alarm."""

from __future__ import annotations

import dataclasses
import math

from gradmagic.locate import Fault, constant_sources, statuses
from gradmagic.locate.constants import LEFT
from gradmagic.locate.effects import thrown
from gradmagic.locate.paths import values_behind
from gradmagic.recording import Recording, StaleRead
from gradmagic.report import Finding
from gradmagic.rules.nonfinite.too_large import is_too_large
from gradmagic.rules.phrasing import number, target_name
from gradmagic.sizes import NOISE

# What another run of the same code may use.
ELSEWHERE = frozenset({"unread", "branch", "discarded", "outside"})
# What one batch leaves out, and what I cannot explain.
CHOOSING = frozenset({"zero/masked-out", "zero/rows-not-selected", "zero/unexplained"})
DEAD = frozenset({"zero/dead-activation", "zero/saturated-activation"})
SIZED = frozenset({"scale/unscaled-loss-or-data", "scale/exploding-through-depth", "scale/vanishing-through-depth", "scale/near-singular"})
# What comes of a loss that has nothing left to correct.
LEARNT = frozenset({"zero/underflow", "zero/stationary-point", "zero/saturated-activation", "step/update-without-effect", *SIZED})
ENTROPIES = frozenset({"SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits", "Log1p", "Log", "LogSoftmax", "Softplus"})
# Keras bounds a probability by 1e-7, and the cross-entropy with it.
AS_GOOD_AS_NOTHING = 1e-6
# Optimizers whose steps are as long as the gradient is large; what is written by hand has no type.
PLAIN = frozenset({"SGD", ""})
# How much larger than rounding noise a gradient is that is none.
FAR = 1e3


def beside_other_runs(recording: Recording, fault: Fault, found: Finding) -> Finding:
    """A finding with what the other runs of its call make of it."""
    if found.rule in CHOOSING and (flowing := _flows_elsewhere(recording, fault)):
        found = _noted(found, flowing)
    if found.severity != "note" and fault.kind == "zero" and _is_passing(recording, fault):
        found = _noted(found, "in later runs of this call the gradient is not zero")
    if found.severity != "note" and found.rule == "zero/single-unit-softmax" and (wider := _wider_elsewhere(recording, fault)):
        found = _noted(found, wider)
    if found.severity != "note" and found.rule in DEAD and (before := _overshot(recording, fault)):
        found = _noted(found, before)
    if found.severity != "note" and found.rule in (*DEAD, *SIZED) and (before := _thrown(recording, fault)):
        found = _noted(found, before)
    # Terms that cancel to exactly 0 do so whatever the values are.
    if (
        found.severity != "note"
        and found.rule in LEARNT
        and not (found.rule == "zero/stationary-point" and fault.run is not None and fault.run.target_value == 0.0)
        and (value := _learnt(recording, fault)) is not None
    ):
        found = _noted(found, f"{target_name(fault)} is {number(value)} here: nothing is left to learn from these examples")
    return _with_other_runs(recording, fault, found) if found.severity != "note" and fault.cause in ELSEWHERE else found


def _learnt(recording: Recording, fault: Fault) -> float | None:
    """The value of a cross-entropy that is as good as 0, its least value; None for other targets and values."""
    value = fault.run.target_value if fault.run is not None else None
    if fault.run is None or value is None or not 0.0 <= value <= AS_GOOD_AS_NOTHING:
        return None
    behind = (recording.producer.get(key) for t in fault.run.targets for key in values_behind(recording, t.id))
    return value if any(op is not None and op.type in ENTROPIES for op in behind) else None


def _noted(found: Finding, said: str) -> Finding:
    """A finding that raises no alarm, with what takes it away."""
    return dataclasses.replace(found, severity="note", notes=(*found.notes, said))


def _wider_elsewhere(recording: Recording, fault: Fault) -> str:
    """In how many runs a softmax that has one element in this one sends back more than rounding: where there is one thing to choose, nothing is to be learnt."""
    run = fault.run
    site = recording.site_of(run)
    if run is None or site is None or fault.cause != "died":
        return ""

    def most(index: int) -> float:
        numbers, value = run.gradients[index].numbers, run.sources[index].value
        return max(FAR * numbers.norm if numbers is not None else 0.0, LEFT * value.norm if value is not None and math.isfinite(value.norm) else 0.0)

    bounds = [(i, most(i)) for i in fault.sources]
    flowing = sum(any(i < len(row) and math.isfinite(row[i] or 0.0) and (row[i] or 0.0) > bound for i, bound in bounds) for row in site.norms)
    return f"in {flowing} of the {len(site.norms)} runs of this call there is more than one to choose from, and a gradient" if flowing else ""


def _overshot(recording: Recording, fault: Fault) -> str:
    """The earlier run whose exploding gradients were taken as steps of plain descent: where those led, units are off."""
    run = fault.run
    plain = {p.variable for u in recording.updates if u.raised is None and u.type in PLAIN for p in u.pairs}
    if run is None or not plain & {run.sources[i].id for i in fault.sources}:
        return ""
    earlier = (r for r in recording.runs_of(run.site) if r.turn < run.turn and r.raised is None)
    first = next((r for r in earlier if "exploding" in statuses(recording, r)), None)
    return f"in run {first.turn + 1} of this call the gradients were exploding, and a step of that size led here: the units are off as a consequence" if first is not None else ""


def _thrown(recording: Recording, fault: Fault) -> str:
    """The update that moved variables of a run much farther than they were long, before the run."""
    run = fault.run
    if run is None or not run.turn:
        return ""
    far = thrown(recording, run, [s.id for s in run.sources])
    changes = [(recording.changes[k], s.name) for k in far for s in run.sources if s.id == k]
    if not changes:
        return ""
    change, name = max(changes, key=lambda c: (c[0].farthest or 0.0) / (c[0].norm or 1.0))
    return f"before this run one update had moved `{name}` {number((change.farthest or 0.0) / (change.norm or 1.0))} times as far as it was long: this follows from where that led"


def once_for_a_loss_that_grew(recording: Recording, explained: list[tuple[Fault, Finding]]) -> list[tuple[Fault, Finding]]:
    """Findings without those of a loss that overflows some runs before its gradients do: the values grew past what the dtype holds, and the finding about the gradients says so."""
    kept = list(explained)
    for fault, found in explained:
        later = next((item for item in kept if _grew_on(recording, fault, *item)), None) if found.rule == "nonfinite/loss-only" else None
        if later is None or fault.run is None:
            continue
        said = f"{target_name(fault)} is not finite since run {fault.run.turn + 1}, where every gradient still was"
        whole = dataclasses.replace(later[1], variables=tuple(dict.fromkeys(later[1].variables + found.variables)), notes=(*later[1].notes, said))
        kept = [(later[0], whole) if item is later else item for item in kept if item != (fault, found)]
    return kept


def once_for_a_count(explained: list[tuple[Fault, Finding]]) -> list[tuple[Fault, Finding]]:
    """Findings without those of a count that stands still where an update waits for it: the update is what is missed, and it takes over the edits if it has none."""
    waits = {found.location.line: item for item in explained if (found := item[1]).location is not None and item[0].cause == "left-out"}
    kept = []
    for item in explained:
        fault, found = item
        read = fault.detail.get("read")
        waiting = waits.get(found.location.line) if isinstance(read, StaleRead) and read.counted_at is not None and found.location is not None else None
        if waiting is None or waiting[1].location is None or found.location is None or waiting[1].location.cell != found.location.cell:
            kept.append(item)
        elif not waiting[1].fixes:
            waits[found.location.line] = (waiting[0], dataclasses.replace(waiting[1], fixes=found.fixes))
    return [waits[found.location.line] if fault.cause == "left-out" and found.location is not None else (fault, found) for fault, found in kept]


def sizes_beside_a_lost_loss(explained: list[tuple[Fault, Finding]]) -> list[tuple[Fault, Finding]]:
    """Findings in which sizes of gradients are notes where the loss of the same run is not a number: what made it so decides about them as well."""
    lost = {f.run.seq for f, found in explained if found.rule == "nonfinite/loss-only" and f.run is not None}

    def judged(fault: Fault, found: Finding) -> Finding:
        sized = found.rule.startswith("scale/") and found.severity != "note" and fault.run is not None and fault.run.seq in lost
        return _noted(found, f"{target_name(fault)} is not finite in this run, and what makes it so says why") if sized else found

    return [(fault, judged(fault, found)) for fault, found in explained]


def steps_along_exploding_gradients(explained: list[tuple[Fault, Finding]]) -> list[tuple[Fault, Finding]]:
    """Findings in which an update that goes too far is a note where the first gradients of the call were out of scale already: what made them so made the step."""
    began = {f.run.site for f, found in explained if found.rule in SIZED and found.severity != "note" and f.run is not None and not f.run.turn}
    said = "the gradients of the first run are out of scale already, and a step is as large as they are"
    return [(f, _noted(found, said) if found.rule == "step/update-destroys-weights" and found.severity != "note" and f.run is not None and f.run.site in began else found) for f, found in explained]


def _grew_on(recording: Recording, fault: Fault, later: Fault, found: Finding) -> bool:
    """Whether a gradient overflows in a later run of a call whose loss did."""
    first, second = fault.run, later.run
    if found.rule != "nonfinite/overflow" or fault.op is None or first is None or second is None:
        return False
    return first.site == second.site and first.turn < second.turn and is_too_large(recording, fault.op, fault.cause)


def _is_passing(recording: Recording, fault: Fault) -> bool:
    """Whether the gradients that are zero in this run are not in the last run of the call."""
    site = recording.site_of(fault.run)
    if site is None or fault.run is None or len(site.norms) < 2 or fault.run.turn >= len(site.norms) - 1:
        return False
    if constant_sources(recording, fault.run).keys() & set(fault.sources):
        return False
    # Rounding noise is another in every run, and no larger than what the dtype leaves of the largest gradient.
    largest = max((n for n in site.norms[-1] if n is not None and math.isfinite(n)), default=0.0)
    noise = [FAR * n if (numbers := fault.run.gradients[i].numbers) is not None and math.isfinite(n := numbers.norm) else 0.0 for i in fault.sources]
    noise = [max(most, NOISE.get(fault.run.sources[i].dtype, 0.0) * largest) for i, most in zip(fault.sources, noise, strict=True)]
    return all(i < len(site.norms[-1]) and (site.norms[-1][i] or 0.0) > most for i, most in zip(fault.sources, noise, strict=True))


def _flows_elsewhere(recording: Recording, fault: Fault) -> str:
    """In how many runs the sources of a zero have a gradient, where each of them has one in some: what is left out of one batch comes in another."""
    site = recording.site_of(fault.run)
    rows = [[i < len(row) and math.isfinite(row[i] or 0.0) and bool(row[i]) for i in fault.sources] for row in (site.norms if site is not None else ())]
    counts = [sum(column) for column in zip(*rows, strict=True)]
    if fault.kind != "zero" or not counts or not all(counts):
        return ""
    return f"in {min(counts)} {'or more ' if len(counts) > 1 else ''}of the {len(rows)} runs of this call {'it has' if len(counts) == 1 else 'each of them has'} a gradient that is not zero"


def _with_other_runs(recording: Recording, fault: Fault, found: Finding) -> Finding:
    """What a program leaves out in one run and uses again in a later one, it leaves out on purpose."""
    site = recording.site_of(fault.run)
    if site is None or fault.run is None or fault.kind != "none":
        return found
    rows = [[i < len(row) and row[i] is not None for i in fault.sources] for row in site.norms]
    last, later = fault.run.turn == len(rows) - 1, rows[fault.run.turn + 1 :]
    if not rows or not all(any(column) for column in zip(*(rows if last else later), strict=True)) or not (last or later):
        return found
    flowing = min(sum(column) for column in zip(*rows, strict=True))
    it = "it has" if len(fault.sources) == 1 else "each of them has"
    said = f"in {flowing} {'or more ' if len(fault.sources) > 1 else ''}of the {len(rows)} runs of this call {it} a gradient"
    return dataclasses.replace(found, severity="warning" if last else "note", notes=(*found.notes, said))
