"""Probabilities of which all are added up: their sum is a constant."""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.locate.summed_shares import is_target, total_of
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Finding
from gradmagic.rules.phrasing import called, finding, subject
from gradmagic.syntax import spot

CHOOSE = "ask for one class: its column of the probabilities (`[:, index]`), or the largest of each row; the logits before the softmax have a gradient also where the softmax is sure"
SHARES = "each row of what this softmax gives adds up to 1"


def of_all_classes(fault: Fault, recording: Recording) -> Finding | None:
    """A gradient of what all classes of a softmax have together."""
    op, run = fault.op, fault.run
    if op is None or op.type != "Softmax" or run is None:
        return None
    total = total_of(recording, run, op)
    if total is not None:
        return _finding(fault, recording, op, spot(recording, total), f"{called(recording, total)} adds up the probabilities of all classes", "the sum of each row is 1, whatever goes in")
    if is_target(recording, run, op):
        return _finding(fault, recording, op, run.span, "the probabilities of all classes are added up", "the gradient of many numbers is that of their sum, and the sum of each row is 1")
    return None


def _finding(fault: Fault, recording: Recording, softmax: Op, place: Span | None, what: str, label: str) -> Finding:
    noise = "" if fault.cause == "died" or fault.detail.get("exact") else " up to the rounding noise of the dtype"
    made = spot(recording, softmax)
    return finding(
        "zero/stationary-point",
        fault,
        f"{subject(fault, 'zero' + (' up to rounding noise' if noise else ''))}: {what}",
        place,
        label,
        f"A softmax divides 1 among the classes: what one of them gains, the others lose. Here all of them are taken together, and the terms of the derivative cancel{noise}: "
        "the result does not change when what goes into the softmax does.",
        others=[(made, SHARES)] if made is not None and made != place else [],
        severity="warning",
        help=CHOOSE,
    )
