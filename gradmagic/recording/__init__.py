"""FACTS: what happened while a cell ran, as plain frozen values. No TensorFlow objects, no conclusions.

Nobody changes a fact. Those of which there are many thousands (`Tensor`, `Op`, `Flow`, `BackwardStep`) are not frozen by Python, which would take three times as long to make them.

Everything has a place in one order of events: `seq` counts ops, tape openings, gradient calls, assignments and escapes with one counter, so that
"before", "after" and "while" are comparisons of integers. A value is known by the integer `id` of its tensor; ids are never used twice.
Calls of a `tf.function` are unrolled: the ops of its graph stand in the recording as if they had run in the place of the call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gradmagic.recording.events import IN_PLACE, WRITES, Assignment, Differentiable, Escape, Layer, Op, Phase, Tape, Variable
from gradmagic.recording.gradients import BackwardStep, Flow, Gradient, GradientRun, NumericCheck, Raised, Site, Source, Trail
from gradmagic.recording.training import AddedUp, Applied, Change, KeptObject, ModelCall, OwnCopy, PutBack, StaleRead, TrainingCall, Update
from gradmagic.recording.values import FLOATS, Cell, Extent, Numbers, Origin, Span, Tensor, has_gradient_dtype

T = TypeVar("T")


@dataclass(frozen=True)
class Recording:
    """Everything that is known of one run of a cell.

    `ops` are in the order of `seq`; those of long healthy loops were dropped on the way, `ops_dropped` says how many. `code` maps a cell (or file) to its text.
    `untracked` maps a variable that a model read, or holds, to that model, where it is not among the model's variables; `unasked` one that was made by hand to the model whose variables were asked for instead. `failures` are whole sentences about what gradmagic could not do, and name it.
    """

    cell: Cell
    ops: tuple[Op, ...] = ()
    tensors: Mapping[int, Tensor] = field(default_factory=dict)
    variables: Mapping[int, Variable] = field(default_factory=dict)
    tapes: Mapping[int, Tape] = field(default_factory=dict)
    runs: tuple[GradientRun, ...] = ()
    sites: tuple[Site, ...] = ()
    updates: tuple[Update, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    escapes: tuple[Escape, ...] = ()
    numeric: tuple[NumericCheck, ...] = ()
    changes: Mapping[int, Change] = field(default_factory=dict)
    training: tuple[TrainingCall, ...] = ()
    stale: tuple[StaleRead, ...] = ()
    models: tuple[ModelCall, ...] = ()
    untracked: Mapping[int, Layer] = field(default_factory=dict)
    unasked: Mapping[int, str] = field(default_factory=dict)
    code: Mapping[str | int, str] = field(default_factory=dict)
    raised: Raised | None = None
    ops_recorded: int = 0
    ops_dropped: int = 0
    failures: tuple[str, ...] = ()
    cell_seconds: float = 0.0
    layers: Mapping[int, Layer] = field(default_factory=dict)
    worker: str = ""
    put_back: Mapping[int, PutBack] = field(default_factory=dict)
    own_copies: tuple[OwnCopy, ...] = ()
    # The functions that ask for gradients in graphs of an earlier cell, which cannot be read.
    unseen: tuple[str, ...] = ()
    # Variables that the function of a dataset reads, with the line of that function.
    piped: Mapping[int, Span] = field(default_factory=dict)
    # The notebook's own arrays by name, where values came in with the data that are not finite, or an exponential was too large.
    arrays: Mapping[str, Numbers] = field(default_factory=dict)

    def once(self, run: GradientRun, work: Callable[[Recording, GradientRun], T]) -> T:
        """What a search works out of a run, kept for those that come after it."""
        key = work, id(run)
        if key not in self._worked_out:
            self._worked_out[key] = work(self, run)
        return self._worked_out[key]  # type: ignore[no-any-return]

    @functools.cached_property
    def _worked_out(self) -> dict[tuple[object, int], Any]:
        return {}

    @functools.cached_property
    def by_seq(self) -> dict[int, Op]:
        """The ops by their `seq`."""
        return {op.seq: op for op in self.ops}

    @functools.cached_property
    def producer(self) -> dict[int, Op]:
        """Which op made a tensor (the last one that claimed it, as the tape sees it: a custom gradient takes over its results)."""
        return {out: op for op in self.ops for out in op.outputs}

    @functools.cached_property
    def consumers(self) -> Mapping[int, Sequence[Op]]:
        """Which ops read a tensor, in order."""
        found: dict[int, list[Op]] = {}
        for op in self.ops:
            for tensor in op.inputs if len(op.inputs) < 2 else dict.fromkeys(op.inputs):
                if tensor in found:
                    found[tensor].append(op)
                else:
                    found[tensor] = [op]
        return found

    def has_changed(self, variable: int) -> bool | None:
        """Whether a variable held another value at any look at it; None where that was not looked at."""
        change = self.changes.get(variable)
        trails = [s.trail for s in self.sites if s.trail is not None and variable in s.trail.moved]
        if any(t.moved[variable] for t in trails) or (change is not None and (not change.same or bool(change.farthest))):
            return True
        return False if change is not None or any(variable not in t.sampled for t in trails) else None

    def site_of(self, run: GradientRun | None) -> Site | None:
        """The place that a run is one of; None without a run."""
        return next((site for site in self.sites if run is not None and site.id == run.site), None)

    def runs_of(self, site: int) -> Iterator[GradientRun]:
        """The runs of one place that were kept, in order."""
        return (run for run in self.runs if run.site == site)


__all__ = [
    "FLOATS",
    "IN_PLACE",
    "WRITES",
    "AddedUp",
    "Applied",
    "Assignment",
    "BackwardStep",
    "Cell",
    "Change",
    "Differentiable",
    "Escape",
    "Extent",
    "Flow",
    "Gradient",
    "GradientRun",
    "KeptObject",
    "Layer",
    "ModelCall",
    "Numbers",
    "NumericCheck",
    "Op",
    "Origin",
    "OwnCopy",
    "Phase",
    "PutBack",
    "Raised",
    "Recording",
    "Site",
    "Source",
    "Span",
    "StaleRead",
    "Tape",
    "Tensor",
    "Trail",
    "TrainingCall",
    "Update",
    "Variable",
    "has_gradient_dtype",
]
