"""Whether variables move from one gradient call to the next, and whether anything used what an update made of them before it was undone."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gradmagic.capture.numbers import array_of
from gradmagic.capture.spans import Place
from gradmagic.recording import OwnCopy, PutBack, Trail

if TYPE_CHECKING:
    from gradmagic.capture.events import RawSite
    from gradmagic.capture.session import Session

EVERY = 64
SPARSELY = 16
LARGE = 1 << 18
SAMPLES = 4096


class RawTrail:
    """The values of one place's sources, turn by turn, each as a checksum."""

    def __init__(self) -> None:
        self.last: dict[int, int] = {}
        self.moved: Counter[int] = Counter()
        self.compared: Counter[int] = Counter()
        self.whole: list[tuple[int, int]] = []
        self.resting: int | None = None
        self.sampled: set[int] = set()
        self.looks = 0

    def note(self, turn: int, values: Mapping[int, Any], last: bool = False) -> None:
        """What the sources hold in a turn."""
        arrays = {key: array for key, value in values.items() if (array := array_of(value)) is not None}
        self.sampled |= {key for key, array in arrays.items() if array.nbytes > LARGE}
        now = {key: checksum(array) for key, array in arrays.items()}
        common = [key for key in now if key in self.last]
        moved = [key for key in common if now[key] != self.last[key]]
        self.moved.update(moved)
        self.compared.update(common)
        if moved or not common:
            self.resting = turn
        self.last = now
        self.looks += 1
        if last:
            # What happened since the last turn is no turn.
            self.resting = None if self.resting == turn else self.resting
            return
        self.whole.append((turn, hash(tuple(sorted(now.items())))))

    def fact(self, norms: list[list[float | None]]) -> Trail:
        """The trail as a plain value; `norms` are those of the gradients, turn by turn."""
        dense = [turn for turn, _ in self.whole if turn < EVERY]
        values = [value for turn, value in self.whole if turn < EVERY]
        common, count = Counter(values).most_common(1)[0] if values else (0, 0)
        starts = [i for i, value in enumerate(values) if value == common]
        # Turn after turn with nothing moved in between is one stay where the first update was undone each time, too.
        again = [i for i in starts[1:] if _same_norms(norms, dense[i], dense[starts[0]]) and values[i + 1 : i + 2] in ([], values[starts[0] + 1 : starts[0] + 2])]
        known = {key: self.moved[key] for key in self.compared}
        return Trail(self.looks, known, self.resting, max(count - 1, 0), len(again), frozenset(self.sampled))


class Visits:
    """Who reads a variable between an update of it and the assignment that follows."""

    def __init__(self) -> None:
        self.stepped: set[int] = set()
        self.seen: dict[int, set[tuple[int, int] | None]] = {}
        self.unread: Counter[int] = Counter()
        self.used: Counter[int] = Counter()
        self.places: dict[int, Place | None] = {}
        self.values: dict[int, int] = {}
        self.trained: set[int] = set()
        # By the line of the code: the variables that it read outside of layers, and those that it assigned to.
        self.taken: dict[tuple[int, int], set[int]] = {}
        self.given: dict[tuple[int, int], set[int]] = {}
        self.lines: dict[tuple[int, int], Place] = {}

    def take(self, key: int, place: Place) -> None:
        """The code itself read a variable."""
        self.taken.setdefault(self._line(place), set()).add(key)

    def _line(self, place: Place) -> tuple[int, int]:
        """The line of a place; what it stands in is kept, so that nothing else gets its `id`."""
        line = id(place[0]), place[2]
        self.lines.setdefault(line, place)
        return line

    def read(self, key: int, place: Place | None, value: int | None = None) -> None:
        """A variable was read by an op at this place; by a layer or a compiled function, which compute with it, where that is None. `value` is the id of what was read."""
        if key in self.stepped:
            self.seen.setdefault(key, set()).add(_spot(place))
            if value is not None:
                if len(self.values) > EVERY * EVERY:
                    self.values.clear()
                self.values[value] = key

    def left(self, value: int) -> None:
        """A value left TensorFlow: if it is a variable's, somebody has it now."""
        key = self.values.get(value)
        if key in self.seen:
            self.seen[key].add(None)

    def step(self, key: int) -> None:
        """A variable was updated."""
        self.stepped.add(key)
        self.trained.add(key)
        self.seen.pop(key, None)

    def assign(self, key: int, place: Place | None) -> None:
        """A variable was given another value."""
        if place is not None:
            self.given.setdefault(self._line(place), set()).add(key)
        if key not in self.stepped:
            return
        self.stepped.discard(key)
        # Keras reads a variable while it assigns to it.
        seen = self.seen.pop(key, set()) - ({_spot(place)} if place is not None else set())
        if not seen:
            self.unread[key] += 1
            self.places[key] = place
        elif None in seen:
            self.used[key] += 1

    def own_copies(self, session: Session) -> tuple[OwnCopy, ...]:
        """The lines that assign to trained variables, and read those variables and no others."""
        found = [(self.lines[line], keys) for line, keys in self.given.items() if keys <= self.trained and self.taken.get(line) == keys]
        return tuple(OwnCopy(span, tuple(sorted(keys))) for place, keys in found if (span := session.spans.span(place)) is not None)

    def facts(self, session: Session) -> dict[int, PutBack]:
        """The variables that were given another value after updates."""
        return {key: PutBack(self.unread[key], self.used[key], session.spans.span(self.places.get(key))) for key in {*self.unread, *self.used}}


def _spot(place: Place | None) -> tuple[int, int] | None:
    return None if place is None else (id(place[0]), place[1])


def checksum(array: Any) -> int:
    """A checksum of an array's bits; of a large one that of some thousand elements."""
    flat = np.asarray(array).reshape(-1)
    if flat.nbytes > LARGE:
        flat = flat[:: max(1, flat.size // SAMPLES)]
    return zlib.crc32(flat.tobytes())


def is_due(turn: int) -> bool:
    """Whether the values are looked at in this turn of a place."""
    return turn < EVERY or turn % SPARSELY == 0


def note_values(session: Session, site: RawSite, turn: int, values: Mapping[int, Any]) -> None:
    """Note what the sources of a gradient call hold."""
    if not values:
        return
    if site.trail is None:
        site.trail = RawTrail()
    site.trail.note(turn, values)


def trails_of(session: Session) -> None:
    """Look at the sources of every place once more, at the end of the cell."""
    for site in session.sites.values():
        if site.trail is not None:
            site.trail.note(site.count, session.changes.now(site.trail.last), last=True)


def _same_norms(norms: list[list[float | None]], one: int, other: int) -> bool:
    return one < len(norms) and other < len(norms) and norms[one] == norms[other]
