"""A gradient that grows each time it comes back to one place: the turns of a loop that carry a state on, where no single step makes much of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from gradmagic.locate.backward import Link
from gradmagic.locate.grown import AGAIN, GREW
from gradmagic.recording import Span

# How much of all the growth lies between the place's first and last turn, and how much of that one turn may bring.
SHARE, ONE = 0.5, 0.34


def grown_back(links: Sequence[Link]) -> tuple[Link, tuple[int, float, float]] | None:
    """The step of a way's place to which the gradient comes back again and again, larger from turn to turn: the last time, with the number of times and the norms that came first and last."""
    places: dict[tuple[str, Span, int | None], list[Link]] = {}
    for link in links:
        if link.op is not None and link.op.span is not None and math.isfinite(link.received) and link.received > 0:
            places.setdefault((link.op.type, link.op.span, link.op.layer), []).append(link)
    # A way begins at its source.
    whole = math.log(max(link.sent for link in links) / links[-1].received) if links and links[-1].received > 0 and links[0].sent > 0 else 0.0
    for turns in sorted(places.values(), key=len, reverse=True):
        last, first = turns[0], turns[-1]
        growth = math.log(last.received / first.received)
        if len(turns) >= AGAIN and growth > math.log(GREW) and growth > SHARE * whole:
            steps = [math.log(after.received / before.received) for after, before in itertools.pairwise(turns)]
            if max(steps) < ONE * growth:
                return last, (len(turns), first.received, last.received)
    return None
