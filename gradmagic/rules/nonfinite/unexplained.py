"""The gradient is not finite, and the recording does not say why.

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
    Never.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import called, finding, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run, op = fault.run, fault.op
    inside = run is not None and run.in_graph
    return finding(
        "nonfinite/unexplained",
        fault,
        f"{subject(fault, 'not finite')}" + (f" from {called(recording, op)} on" if op is not None else "") + ", and I cannot say why",
        spot(recording, op) if op is not None else run.span if run else fault.span,
        "the first value that is not finite" if op is not None else "asked for here",
        "It was computed inside a graph, and I cannot see the values on the way." if inside else "I followed it back and found no step that I know.",
        certainty="likely",
        help="run it eagerly once: `tf.config.run_functions_eagerly(True)`, or `run_eagerly=True` for Keras" if inside else None,
    )
