"""The source is never read between the opening of the tape and the gradient call.

What it finds
    No op under the tape reads the source.

Why it happens
    The target does not depend on it. TensorFlow answers None, which says "not connected"; a zero would say "connected, and flat here".

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = a * a
    grads = tape.gradient(loss, [a, b])

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = a * a
    grads = tape.gradient(loss, [a])

Fix safety
    Taking the source out of the list leaves the loss as it is, and the variable untrained for good: unsafe.

Not a problem when
    The variable belongs to a part of the model that this loss does not use.
"""

from __future__ import annotations

from gradmagic.assignments import made_at_line
from gradmagic.fixes.caches import read_each_time
from gradmagic.fixes.closures import argument_made_twice
from gradmagic.fixes.forgotten import used_after_all
from gradmagic.fixes.inputs import put_together
from gradmagic.fixes.kept import made_from
from gradmagic.fixes.made_where_read import made_where_read
from gradmagic.fixes.mixed_up import meant_model, unread_parameter
from gradmagic.fixes.never_read import without_weights
from gradmagic.fixes.own_losses import own_loss
from gradmagic.fixes.parameters import read_by_its_name
from gradmagic.fixes.pipelines import called_once, out_of_the_pipeline
from gradmagic.fixes.sources import sibling, without_sources
from gradmagic.fixes.twins import second_of_two
from gradmagic.fixes.two_outputs import with_its_output
from gradmagic.fixes.zero_turns import one_turn
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import are, finding, it, listing, subject, target_name


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run = fault.run
    if fault.cause != "unread" or run is None:
        return None
    names = listing(fault.names)
    tape = recording.tapes.get(run.tape) if run.tape is not None else None
    others = [(tape.span, f"{names} {are(fault.names)} not read in this block")] if tape is not None and tape.span else []
    made = made_at_line(recording, run.sources[fault.sources[0]].id) if len(fault.sources) == 1 and run.sources[fault.sources[0]].kind == "variable" else None
    others += [(made, "made here, and read by nothing")] if made is not None else []
    return finding(
        "none/unused-variable",
        fault,
        f"{subject(fault, 'None')}: {target_name(fault)} does not use {'it' if len(fault.names) == 1 else 'them'}",
        run.span,
        f"asked for here, though {target_name(fault)} does not depend on {names}",
        f"{'Between the opening of the tape and this call no op' if run.tape is not None else f'No op that leads to {target_name(fault)}'} reads {names}. There is no path from {target_name(fault)} to {names}, and TensorFlow answers None.",
        others=others,
        help=_help(fault, names),
    )


def _help(fault: Fault, names: str) -> str:
    target, run = target_name(fault), fault.run
    if run is not None and run.kind.startswith("keras"):
        return f"use {names} in the computation of {target}, or do not make {it(fault.names)} trainable"
    earlier = f" under the tape (what was computed from {it(fault.names)} before it is opened is a constant)" if run is not None and run.tape is not None else ""
    return f"use {names} in the computation of {target}{earlier}, or leave {it(fault.names)} out of the sources"


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    run = fault.run
    if run is None:
        return ()
    used = (
        own_loss(recording, run, fault.sources)
        or with_its_output(recording, run)
        or one_turn(recording, run, fault.sources)
        or argument_made_twice(recording, run)
        or read_each_time(recording, run, fault.sources)
        or put_together(recording, run)
        or made_from(recording, run, fault.sources)
        or sibling(recording, run, fault.sources)
    )
    used = used or called_once(recording, run) or out_of_the_pipeline(recording, run)
    used = used or meant_model(recording, run) or read_by_its_name(recording, None) or unread_parameter(recording, run) or second_of_two(recording)
    used = used or used_after_all(recording, run, fault.sources)
    return (*used, *(() if used else without_weights(recording, run, fault.sources) or made_where_read(recording, run, fault.sources)), *without_sources(recording, run, fault.sources))
