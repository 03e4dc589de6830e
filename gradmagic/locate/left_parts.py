"""Parts of what is trained that no gradient call asks for: an encoder in front of a decoder whose variables alone are the sources."""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import Paths, paths_of
from gradmagic.recording import GradientRun, ModelCall, Recording


def locate_left_parts(recording: Recording) -> list[Fault]:
    """Models, and parts of a model, that lead to a loss under a tape, while others are asked for and change: nothing asks for these, and nothing changes them.

    A model that is called with `training=False` is meant to stay, and beside an image or a latent vector that is trained by itself all models are.
    """
    if recording.raised is not None or not recording.updates:
        return []
    asked = {s.id for run in recording.runs for s in run.sources if s.kind == "variable"}
    moved = {key for key in asked if not _stays(recording, key)}
    calls: dict[frozenset[int], list[ModelCall]] = {}
    for call in recording.models:
        calls.setdefault(frozenset(call.weights), []).append(call)
    if not any(weights & moved for weights in calls):
        return []
    left: dict[frozenset[int], ModelCall] = {}
    for weights, mine in sorted(calls.items(), key=lambda item: len(item[0])):
        rest = weights - asked
        if rest and rest not in left and all(call.trains and not call.infers for call in mine) and all(_stays(recording, key) for key in rest):
            left[rest] = mine[-1]
    faults = []
    for weights, call in left.items():
        if any(weights < other for other in left):
            continue
        run = next((r for r in reversed(recording.runs) if r.span is not None and {s.id for s in r.sources} & moved and _leads_to(paths_of(recording, r), weights)), None)
        if run is not None:
            detail = {"call": call, "weights": tuple(sorted(weights)), "held": _is_held(recording, run, weights), "key": tuple(sorted(weights))}
            faults.append(Fault("step", "left part", run, (), span=run.span, detail=detail))
    return faults


def _stays(recording: Recording, key: int) -> bool:
    change = recording.changes.get(key)
    return change is None or change.same


def _leads_to(paths: Paths, weights: frozenset[int]) -> bool:
    """Whether a gradient would come to one of these weights if it was asked for."""
    return bool(paths.targets) and not weights.isdisjoint(paths.alike(paths.walk[0]))


def _is_held(recording: Recording, run: GradientRun, weights: frozenset[int]) -> bool:
    """Whether the model that `fit` runs holds these weights among its own, beside those that are asked for."""
    asked = {s.id for s in run.sources}
    return bool(recording.training) and any(weights < set(call.weights) and asked <= set(call.weights) for call in recording.models)
