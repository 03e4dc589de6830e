"""The words for data that are 0 in every element, for whichever rule they are the cause."""

from __future__ import annotations

from gradmagic.fixes.zero_data import first_given, made_of_zeros
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording, Tensor
from gradmagic.report import Finding
from gradmagic.rules.phrasing import TRAINING, called, code, finding, subject
from gradmagic.syntax import use_of


def zero_data(fault: Fault, recording: Recording, data: Tensor, follows: str, rule: str) -> Finding:
    """The finding at the line that made the data, else where they are used; `follows` says what their zeros lead to."""
    op, run = fault.op, fault.run
    assert op is not None
    training = run is not None and op.span is not None and TRAINING.search(op.span.code)
    named = data.name or first_given(recording, run.span if run is not None else None)
    name = code(named) if named else f"a batch of shape {data.shape} of the data" if training else f"a value of shape {data.shape}"
    made = made_of_zeros(recording, run.span if run is not None and run.kind.startswith("keras") else None, op.span, data)
    used = use_of(recording, op)
    return finding(
        rule,
        fault,
        f"{subject(fault, 'zero')}: {name} is 0 in every element",
        made[0] if made is not None else used,
        made[1] if made is not None else "what comes in here is 0 in every element",
        f"{called(recording, op)} takes in {name}, which no recorded op made, and all of it is 0. {follows}",
        others=[(used, "and used here")] if made is not None and made[0] != used else [],
        severity="error" if rule == "zero/dead-activation" else "warning",
        help="look at the data before they are used: `np.abs(x).max()` is 0 here (a division by `//`, a cast to integers, an array that was never filled)",
    )
