"""`gradient()` was called again on a tape that is not persistent.

What it finds
    The tape raised "A non-persistent GradientTape can only be used to compute one set of gradients".

Why it happens
    A tape lets go of what it recorded after its first `gradient()` call, to free the memory.

Example
    import tensorflow as tf
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        z = y * y
    dy = tape.gradient(y, x)
    dz = tape.gradient(z, x)

Use instead
    import tensorflow as tf
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        z = y * y
    dy = tape.gradient(y, x)
    dz = tape.gradient(z, x)

Fix safety
    Safe: the values stay as they are; the tape keeps its memory until it is deleted (`del tape`).

Not a problem when
    The exception is expected.
"""

from __future__ import annotations

from gradmagic.fixes.asked_again import persistent
from gradmagic.fixes.second_derivatives import tape_around
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run = fault.run
    if run is None or run.raised is None:
        return None
    tape = recording.tapes.get(run.tape) if run.tape is not None else None
    if "must be created with persistent=True" in run.raised.message:
        return finding(
            "error/tape-used-twice",
            fault,
            "a Jacobian row by row asks the tape more than once, and it is not persistent",
            run.span,
            "asks the tape for each row",
            "With `experimental_use_pfor=False` TensorFlow asks the tape for one gradient after the other, one for each element of the target. A tape that is not persistent can be asked once.",
            others=[(tape.span, "not persistent")] if tape is not None and tape.span else [],
            help="open the tape with `persistent=True`, or leave `experimental_use_pfor=False` out: then all rows are computed at once",
        )
    if "non-persistent GradientTape" not in run.raised.message:
        return None
    return finding(
        "error/tape-used-twice",
        fault,
        "the tape was already used, and it is not persistent",
        run.span,
        "asks the tape a second time",
        "A tape that is not persistent lets go of everything it recorded at its first gradient call. This call comes after that one, and there is nothing left to differentiate.",
        others=[(tape.span, "not persistent")] if tape is not None and tape.span else [],
        help="open the tape with `persistent=True`, or ask for all gradients in one call",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return tape_around(recording, fault.run) or persistent(recording, fault.run)
