"""The name was bound to a tensor: what is passed as the source is no variable any more.

What it finds
    The source is a plain tensor that was computed from a variable of the same name, as in `w = w - lr * g`.

Why it happens
    `w - lr * g` makes a new tensor, and `w = …` gives it the variable's name. The variable stays as it was. A tape watches
    variables by itself, tensors only when told.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    for step in range(2):
        with tf.GradientTape() as tape:
            loss = w * w
        grad = tape.gradient(loss, w)
        if grad is not None:
            w = w - 0.1 * grad

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    for step in range(2):
        with tf.GradientTape() as tape:
            loss = w * w
        grad = tape.gradient(loss, w)
        if grad is not None:
            w.assign_sub(0.1 * grad)

Fix safety
    Safe: the same number is written into the variable.

Not a problem when
    Weights are meant to be functions of earlier weights, as in meta-learning; then watch them: `tape.watch(w)`.
"""

from __future__ import annotations

from gradmagic.fixes.state import written_in_place
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import values_behind
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing, location, subject
from gradmagic.syntax import text_at


def explain(fault: Fault, recording: Recording) -> Finding | None:
    span, run = fault.span, fault.run
    if run is None or fault.cause not in ("replaced", "unwatched"):
        return None
    if fault.cause == "unwatched":
        source = run.sources[fault.sources[0]]
        op = recording.producer.get(source.id)
        before = next((r for r in recording.runs_of(run.site) if r.turn < run.turn), None)
        was_variable = before is not None and any(s.name == source.name and s.kind == "variable" for s in before.sources)
        named = _computed_from_name(recording, source.name, source.id)
        if source.kind != "tensor" or op is None or op.span is None or not (was_variable or named):
            return None
        span = op.span
    names = listing(fault.names)
    assert span is not None and location(span) is not None
    return finding(
        "none/variable-replaced",
        fault,
        f"{subject(fault, 'None')}: the name was bound to a tensor, which the tape does not watch",
        span,
        "makes a new tensor; the variable stays as it was",
        f"{code(text_at(recording, span))} makes a tensor, and the name {names} was given to it. The variable that had the name is not changed, and what is passed to the gradient call "
        "now is a tensor. A tape watches trainable variables by itself, tensors only after `tape.watch`.",
        others=[(run.span, f"{names} is a tensor here")] if run.span else [],
        help=f"write into the variable: `{fault.names[0]}.assign_sub(…)`",
    )


def _computed_from_name(recording: Recording, name: str, key: int) -> bool:
    for current in values_behind(recording, key):
        variable = recording.variables.get(current)
        if variable is not None and name in variable.names:
            return True
    return False


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return written_in_place(recording, found.location, fault.run)
