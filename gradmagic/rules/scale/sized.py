"""How the findings about scale put sizes into words."""

from __future__ import annotations

import math

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.rules.phrasing import number

FAR = 1e6


def state(fault: Fault) -> str:
    """`exploding` or `vanishing`, as the status says."""
    return str(fault.detail.get("status", "out of scale"))


def beside(fault: Fault) -> str:
    """One sentence: the most extreme gradient of the fault and the variable it belongs to."""
    run = fault.run
    assert run is not None
    known = [(run.gradients[i].numbers.norm, run.sources[i]) for i in fault.sources if run.gradients[i].numbers is not None]  # type: ignore[union-attr]
    known = [(n, s) for n, s in known if math.isfinite(n)]
    if not known:
        return ""
    norm, source = (max if state(fault) == "exploding" else min)(known, key=lambda item: item[0])
    weight = f", the variable itself the norm {number(source.value.norm)}" if source.value is not None and math.isfinite(source.value.norm) else ""
    return f"The gradient of `{source.name}` has the norm {number(norm)}{weight}."


def way(fault: Fault) -> str:
    """The norms of the gradient on its way back: the first ones, and the last."""
    links = list(reversed(fault.detail.get("links", ())))  # type: ignore[call-overload]
    norms = [link.sent for link in links]
    thinned = norms if len(norms) <= 8 else norms[:: max(1, len(norms) // 7)][:7] + norms[-1:]
    return " → ".join(number(n) for n in thinned)


def through_loop(fault: Fault) -> tuple[str, str] | None:
    """The norms of the gradient before and behind a loop whose turns are not seen one by one."""
    through = fault.detail.get("through")
    return (number(through[0]), number(through[1])) if isinstance(through, tuple) else None


def far_out(fault: Fault) -> bool:
    """Whether a gradient is a million times as large as its variable or more."""
    run = fault.run
    pairs = [(run.gradients[i].numbers, run.sources[i].value) for i in fault.sources] if run is not None and state(fault) == "exploding" else []
    return any(n is not None and v is not None and n.norm > FAR * max(v.norm, 1.0) for n, v in pairs)


def clipped_by(fault: Fault, recording: Recording) -> str | None:
    """How an optimizer that is given the gradients of a fault bounds them; None where none does."""
    keys = {fault.run.sources[i].id for i in fault.sources} if fault.run is not None else set()
    return next((u.clips for u in recording.updates if u.clips and keys & {p.variable for p in u.pairs}), None)
