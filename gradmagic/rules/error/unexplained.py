"""The gradient call or the optimizer raised, and no rule knows the exception.

What it finds
    An exception out of a gradient call or an optimizer.

Why it happens
    The exception's own words say more than this page can.

Example
    There is no example: a cell that leads here shows a gap in gradmagic.

Use instead
    Read the exception below the report.

Fix safety
    Nothing is changed.

Not a problem when
    The exception is expected.
"""

from __future__ import annotations

from gradmagic.fixes.counterparts import reduced_matrices
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding
from gradmagic.syntax import spot


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    raised = fault.run.raised if fault.run is not None else None
    return reduced_matrices(recording) if raised is not None and raised.type == "NotImplementedError" and "full_matrices" in raised.message else ()


def explain(fault: Fault, recording: Recording) -> Finding | None:
    raised = fault.update.raised if fault.update else fault.run.raised if fault.run else None
    if raised is None:
        return None
    step = fault.run.steps[-1] if fault.update is None and fault.run is not None and raised.op is not None and fault.run.steps else None
    op = recording.by_seq.get(step.op) if step is not None and step.op is not None else None
    who = "the optimizer" if fault.update else "the gradient call"
    return finding(
        "error/unexplained",
        fault,
        f"{who} raised {raised.type}",
        spot(recording, op) if op is not None else fault.span,
        f"raises {raised.type} here" if op is None else f"the gradient of op `{op.type}` raises",
        f"TensorFlow says: {code((raised.message.splitlines() or [''])[0][:300])}. I know no rule for it.",
        others=[(fault.span, f"raises {raised.type}")] if op is not None else [],
        certainty="likely",
    )
