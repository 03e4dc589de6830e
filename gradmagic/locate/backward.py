"""A gradient's way back from the target, step by step."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from gradmagic.recording import BackwardStep, GradientRun, Op, Recording

# The rows that several reads of a table send are set side by side.
ADDERS = frozenset({"AddN", "AddV2", "Add", "Identity", "ConcatV2"})


@dataclass(frozen=True)
class Link:
    """One step on the way back: the norms of the gradient before and behind it, and the input it went to."""

    step: BackwardStep
    op: Op | None
    received: float
    sent: float
    input: int

    @property
    def factor(self) -> float:
        return self.sent / self.received


class Backward:
    """The steps of one run, by the gradients that they sent on."""

    def __init__(self, recording: Recording, run: GradientRun) -> None:
        self.recording, self.run = recording, run

    @functools.cached_property
    def _norms(self) -> dict[int, float]:
        return {f.id: f.norm for s in self.run.steps for f in (*s.received, *s.sent) if f is not None and f.id is not None and f.norm is not None}

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
        norms, steps = self._norms, self.run.steps
        found: list[Link] = []
        key, last = self.run.gradients[source].id, len(steps)
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
                if waiting is not None:
                    first, sent, where = waiting
                    found.append(Link(first, self.recording.by_seq.get(first.op) if first.op is not None else None, largest.norm or 1.0, sent, where))
                    waiting = None
                key = largest.id
            else:
                # Lists of tensors have no norm: the factor of the steps that hand them on is told at the next one that has.
                key = next((f.id for f in step.received if f is not None and f.id is not None and self._sender(f.id, last) is not None), None)
                if key is None:
                    break
        return found

    def _sender(self, key: int | None, before: int) -> tuple[int, int] | None:
        """The last step before this one that sent a gradient: its place in the run and the input that the gradient went to."""
        steps = self._senders.get(key, ()) if key is not None else ()
        index = max((index for index, _ in steps if index < before), default=None)
        return None if index is None else next(place for place in steps if place[0] == index)
