"""A gradient's way back from the target, step by step."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from gradmagic.recording import BackwardStep, GradientRun, Op, Recording

PRODUCTS = frozenset({"Mul", "MatMul", "BatchMatMulV2"})
# The rows that several reads of a table send are set side by side.
ADDERS = frozenset({"AddN", "AddV2", "Add", "Identity", "ConcatV2"})


@dataclass(frozen=True)
class Link:
    """One step on the way back: the norms of the gradient before and behind it, and the input it went to. `slope` is the typical size of what it was multiplied by, 1 where that is not known."""

    step: BackwardStep
    op: Op | None
    received: float
    sent: float
    input: int
    slope: float = 1.0

    @property
    def factor(self) -> float:
        return self.sent / self.received


# The id of a gradient, and the index of the step before which it was sent.
_Place = tuple[int | None, int]


def backward_of(recording: Recording, run: GradientRun) -> Backward:
    """The steps of a run of this recording, worked out once."""
    return recording.once(run, Backward)


class Backward:
    """The steps of one run, by the gradients that they sent on."""

    def __init__(self, recording: Recording, run: GradientRun) -> None:
        self.recording, self.run = recording, run
        self._links: dict[_Place, tuple[Link | None, _Place]] = {}
        self._tested: dict[Callable[[Link], bool], dict[_Place, bool]] = {}

    @functools.cached_property
    def _norms(self) -> dict[int, float]:
        return {f.id: f.norm for s in self.run.steps for f in (*s.received, *s.sent) if f is not None and f.id is not None and f.norm is not None}

    @functools.cached_property
    def largest(self) -> float:
        """The largest norm of all that came back in this run, as far as it is finite."""
        return max((n for n in self._norms.values() if math.isfinite(n)), default=0.0)

    @functools.cached_property
    def _senders(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        for index, step in enumerate(self.run.steps):
            for position, flow in enumerate(step.sent):
                if flow is not None and flow.id is not None:
                    found.setdefault(flow.id, []).append((index, position))
        return found

    def chain(self, source: int) -> list[Link]:
        """The steps that made the gradient of a source, from the source's end to the target; where several gradients were summed it follows the largest."""
        found = []
        link, place = self._next(self._start(source))
        while link is not None:
            found.append(link)
            link, place = self._next(place)
        return found

    def any_link(self, source: int, test: Callable[[Link], bool]) -> bool | None:
        """Whether a step on the way of a source's gradient passes a test; None where there is no step. The ways of many sources are one before long, which is tested once."""
        known = self._tested.setdefault(test, {})
        link, place = self._next(self._start(source))
        if link is None:
            return None
        passed: list[_Place] = []
        found = False
        while link is not None:
            if test(link):
                found = True
                break
            if place in known:
                found = known[place]
                break
            passed.append(place)
            link, place = self._next(place)
        known.update(dict.fromkeys(passed, found))
        return found

    def _start(self, source: int) -> _Place:
        return self.run.gradients[source].id, len(self.run.steps)

    def _next(self, place: _Place) -> tuple[Link | None, _Place]:
        known = self._links.get(place)
        if known is None:
            known = self._links[place] = self._link(*place)
        return known

    def _link(self, key: int | None, last: int) -> tuple[Link | None, _Place]:
        """The step that made a gradient, among those before `last`, and where its own gradient is to be looked for."""
        norms, steps = self._norms, self.run.steps
        waiting: tuple[BackwardStep, float, int] | None = None
        for _ in range(10_000):
            place = self._sender(key, last)
            if place is None:
                adder = self.recording.producer.get(key) if key is not None else None
                terms = [i for i in adder.inputs if i in norms] if adder is not None and adder.type in ADDERS else []
                if not terms:
                    break
                key = max(terms, key=lambda i: norms[i] or 0.0)
                continue
            last, position = place
            step = steps[last]
            after = step.sent[position]
            if waiting is None and after is not None and after.norm is not None:
                waiting = (step, after.norm, position)
            known = [f for f in step.received if f is not None and f.norm]
            if known:
                largest = max(known, key=lambda f: f.norm or 0.0)
                key = largest.id
                if waiting is not None:
                    first, sent, where = waiting
                    op = self.recording.by_seq.get(first.op) if first.op is not None else None
                    return Link(first, op, largest.norm or 1.0, sent, where, self._slope(op, where)), (key, last)
            else:
                # Lists of tensors have no norm: the factor of the steps that hand them on is told at the next one that has.
                key = next((f.id for f in step.received if f is not None and f.id is not None and self._sender(f.id, last) is not None), None)
                if key is None:
                    break
        return None, (key, last)

    def _slope(self, op: Op | None, position: int) -> float:
        """The root of the mean square of a product's other factor."""
        other = self.recording.tensors.get(op.inputs[1 - position]) if op is not None and op.type in PRODUCTS and len(op.inputs) == 2 and position < 2 else None
        return (other.root_mean_square if other is not None else None) or 1.0

    def _sender(self, key: int | None, before: int) -> tuple[int, int] | None:
        """The last step before this one that sent a gradient: its place in the run and the input that the gradient went to."""
        steps = self._senders.get(key, ()) if key is not None else ()
        index = max((index for index, _ in steps if index < before), default=None)
        return None if index is None else next(place for place in steps if place[0] == index)
