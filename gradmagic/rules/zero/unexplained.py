"""The gradient is zero, and the recording does not say why.

What it finds
    None of the other rules recognises the cause.

Why it happens
    Part of the computation could not be looked into, such as the inside of a compiled function.

Example
    There is no example: a cell that leads here shows a gap in gradmagic.

Use instead
    Run the same code without `tf.function` (`tf.config.run_functions_eagerly(True)`), so that every step can be seen.

Fix safety
    Nothing is changed.

Not a problem when
    Zero is expected.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import called, finding, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run, op = fault.run, fault.op
    if fault.cause == "seed":
        return finding(
            "zero/unexplained",
            fault,
            f"{subject(fault, 'zero')}: `output_gradients` are zero",
            fault.span,
            "begins with zeros",
            "The gradient that was sent into the target is zero itself.",
            severity="warning",
        )
    hidden = "It was computed inside a graph, and I cannot see the values on the way." if run is not None and run.in_graph else "I followed it back and found no step that I know."
    where = spot(recording, op) if op is not None and fault.cause == "died" else run.span if run else fault.span
    return finding(
        "zero/unexplained",
        fault,
        f"{subject(fault, 'zero')}" + (f" from {called(recording, op)} on" if op is not None and fault.cause == "died" else "") + ", and I cannot say why",
        where,
        "the first zeros appear here" if fault.cause == "died" else "asked for here",
        hidden,
        severity="warning",
        certainty="likely",
    )
