"""Variables that are updated more than once with the gradient of one step."""

from __future__ import annotations

from collections import Counter

from gradmagic.locate.accumulators import never_set_back, sum_in_loop
from gradmagic.locate.fault import Fault
from gradmagic.locate.same_pass import second_step
from gradmagic.recording import GradientRun, Recording, Update
from gradmagic.syntax import call_at


def twice_in(recording: Recording, update: Update, run: GradientRun | None, keys: list[int]) -> list[Fault]:
    """The fault of an update that is one too many, if it is: by what it is given, or by what others were given before it."""

    def fault(sources: tuple[int, ...], **detail: object) -> list[Fault]:
        return [Fault("step", "twice", run, sources, span=update.span, update=update, detail={**detail, "key": detail["how"]})]

    asked = Counter(s.id for s in run.sources if s.kind == "variable") if run is not None and update.kind == "assign" else Counter(p.variable for p in update.pairs)
    twice = [key for key, count in asked.items() if count > 1 and key in keys]
    if twice:
        return fault(indices(run, twice), how="listed")
    if update.repeated:
        return fault(indices(run, keys), how="again")
    kept = never_set_back(recording, update)
    if kept is not None:
        return fault(indices(run, keys), how="kept", kept=kept[0], added=kept[1])
    total = sum_in_loop(recording, update, run)
    if total is not None:
        return fault(indices(run, keys), how="kept", sum=total)
    other = _same_gradients(recording, update)
    if other is None:
        second = second_step(recording, update)
        return [second] if second is not None else []
    lines = lines_by_hand(recording, update, other)
    if update in lines[1:]:
        # One update, written in several lines, of which the first one tells.
        return []
    together = lines if update in lines else [update]
    return fault(indices(run, keys if len(together) < 2 else [p.variable for u in together for p in u.pairs]), how="two", other=other, lines=lines)


def indices(run: GradientRun | None, keys: list[int]) -> tuple[int, ...]:
    """The places of variables among the sources of a gradient call."""
    return tuple(i for i, s in enumerate(run.sources) if s.id in keys) if run is not None else ()


def lines_by_hand(recording: Recording, update: Update, other: Update) -> list[Update]:
    """The lines that assign with the gradients that an optimizer is given as well, where one of two updates is the optimizer's."""
    optimizer = next((u for u in (update, other) if u.kind != "assign"), None)
    if optimizer is None or all(u.kind != "assign" for u in (update, other)):
        return []
    given = {(p.variable, p.run) for p in optimizer.pairs if p.run is not None}
    found = [u for u in recording.updates if u.kind == "assign" and u.raised is None and u.span is not None and given & {(p.variable, p.run) for p in u.pairs if p.gradient_of == p.variable}]
    return sorted(found, key=lambda u: u.seq)


def _same_gradients(recording: Recording, update: Update) -> Update | None:
    """An earlier update of the same variables with the gradients of the same call."""
    mine = {(p.variable, p.run) for p in update.pairs if p.gradient is not None and p.run is not None and p.gradient_of == p.variable}
    for other in sorted(recording.updates, key=lambda u: u.seq):
        if other is update:
            return None
        if other.raised is None and other.span != update.span and mine & {(p.variable, p.run) for p in other.pairs if p.gradient_of == p.variable} and not _takes_back(recording, update, other):
            return other
    return None


def _takes_back(recording: Recording, update: Update, other: Update) -> bool:
    """Whether one of two lines adds to the variables and the other one subtracts: a look at a place beside them, and the way back."""
    spans = [u.span for u in (update, other) if u.kind == "assign" and u.span is not None]
    ways = [way for span in spans for way in ("assign_add", "assign_sub") if call_at(recording, span, (way,)) is not None]
    return len(spans) == 2 and sorted(ways) == ["assign_add", "assign_sub"]
