"""Variables and names that gradients are added up in for several updates, and that nothing sets back between them."""

from __future__ import annotations

from gradmagic.locate.reads import variable_read
from gradmagic.recording import GradientRun, Recording, Span, Update
from gradmagic.sums import Sum, never_emptied

# A mean of the sum is the sum, divided.
PASSING = ("Identity", "Cast", "RealDiv", "Mul", "ReadVariableOp")
# How gradients are added up, in pairs or all that a list holds.
ADDING = ("AddV2", "AddN", "Add", "Sum", "Mean")
# A mean that runs, and a table of gradients of which one takes the place of another, are kept by differences.
DIFFERENCES = ("Sub", "Neg")
NEAR = 64
# A sum may be divided and clipped before it is applied.
MOST_SCALED = 8


def never_set_back(recording: Recording, update: Update) -> tuple[tuple[int, ...], Span | None] | None:
    """The variables whose sums an update is given for the second time and more, and where gradients are added to them; None where that is not so."""
    if update.count < 2:
        return None
    found: list[int] = []
    place: Span | None = None
    for pair in update.pairs:
        kept = _accumulator(recording, pair.gradient)
        variable = recording.variables.get(kept) if kept is not None else None
        if kept is None or variable is None or kept == pair.variable:
            continue
        adding = [u for u in recording.updates if u.kind == "assign" and any(p.variable == kept and p.gradient_of == pair.variable for p in u.pairs)]
        written = [a for a in recording.assignments if a.variable == kept]
        added = sum(u.count for u in adding)
        # As often as the cell wrote to it, gradients were added: nothing else did.
        if (
            adding
            and all(a.how == "AssignAddVariableOp" and not _is_difference(recording, a.value) for a in written)
            and variable.written - int(variable.created is not None) <= added
            and added > update.count
        ):
            found.append(kept)
            place = adding[0].span
    return (tuple(found), place) if found else None


def sum_in_loop(recording: Recording, update: Update, run: GradientRun | None) -> Sum | None:
    """The sum, held by a name of the code, that an update is given for the second time and more, where a loop never sets it back."""
    site = recording.site_of(run)
    if run is None or site is None or update.count < 2 or site.count <= update.count or update.in_graph or update.span is None:
        return None
    added = _added_up_at(recording, update, {g.id for g in run.gradients if g.id is not None})
    return never_emptied(recording, update.span, added) if added is not None else None


def _added_up_at(recording: Recording, update: Update, single: set[int]) -> Span | None:
    """The place in the code where what an update is given was added up: of a gradient that is scaled by a sum, there is none."""
    for pair in update.pairs:
        key = pair.gradient
        for _ in range(MOST_SCALED):
            made = recording.producer.get(key) if key is not None and key not in single else None
            if made is None or made.phase != "forward" or made.type not in (*PASSING, *ADDING) or not made.inputs:
                break
            if made.type in ADDING and made.span is not None:
                return made.span
            key = made.inputs[0]
    return None


def _accumulator(recording: Recording, key: int | None) -> int | None:
    for _ in range(8):
        if key is None:
            return None
        read = variable_read(recording, key)
        if read is not None:
            return read
        made = recording.producer.get(key)
        if made is None or made.type not in PASSING or not made.inputs:
            return None
        key = made.inputs[0]
    return None


def _is_difference(recording: Recording, key: int | None) -> bool:
    """Whether something is taken away from a gradient before it is added."""
    waiting, seen = [key], set[int]()
    while waiting and len(seen) < NEAR:
        current = waiting.pop()
        made = recording.producer.get(current) if current is not None else None
        if made is None or made.seq in seen or made.phase != "forward":
            continue
        seen.add(made.seq)
        if made.type in DIFFERENCES:
            return True
        waiting.extend(made.inputs)
    return False
