"""The gradient is None, and the recording does not say why.

What it finds
    None of the other rules recognises the cause.

Why it happens
    Part of the computation could not be seen: a function traced before the check, ops dropped from a long loop, code that runs in another thread.

Example
    There is no example: a cell that leads here shows a gap in gradmagic.

Use instead
    Run the cell again from a fresh kernel, with the definitions it uses in cells that run after `%load_ext gradmagic`.

Fix safety
    Nothing is changed.

Not a problem when
    None is expected.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import finding, listing, subject, target_name


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause == "unseen" and fault.run is not None:
        return _unseen(fault, fault.run, recording)
    reads = len(fault.ops)
    dropped = f" {recording.ops_dropped} ops were dropped to keep the memory bounded." if recording.ops_dropped else ""
    return finding(
        "none/unexplained",
        fault,
        f"{subject(fault, 'None')}, and I cannot say why",
        fault.run.span if fault.run else fault.span,
        "asked for here",
        f"I followed {target_name(fault)} back and found no cut, though {reads} ops read {listing(fault.names)}.{dropped}",
        severity="warning",
        certainty="likely",
    )


def _unseen(fault: Fault, run: GradientRun, recording: Recording) -> Finding:
    tape = recording.tapes.get(run.tape) if run.tape is not None else None
    opened = tape.span if tape is not None else None
    return finding(
        "none/unexplained",
        fault,
        f"{subject(fault, 'None')}, and what the tape saw is not known",
        run.span,
        "asks a tape of an earlier cell",
        f"An earlier cell opened the tape and computed {target_name(fault)}, without a check, and running it once more did not give the same.",
        others=[(opened, "opened here")] if opened is not None else [],
        severity="warning",
        certainty="likely",
        help="open the tape and ask it in one cell, or put `%%gradcheck` on the cell that opens it",
    )
