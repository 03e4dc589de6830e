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
    if "word" in fault.detail:
        return _before_the_check(fault, str(fault.detail["word"]), recording)
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


def _before_the_check(fault: Fault, word: str, recording: Recording) -> Finding:
    """The line ran before: in an earlier cell, or in an earlier run of this one."""
    run, span, names = fault.run, fault.span, listing(fault.names)
    assert run is not None and span is not None
    are = "is a plain tensor" if len(fault.names) == 1 else "are plain tensors"
    return finding(
        "none/variable-replaced",
        fault,
        f"{subject(fault, 'None')}: {names} {are} by now, since {code(text_at(recording, span))} gave {code(word)} to one",
        span,
        "makes a new tensor, which the tape does not watch",
        f"The code makes {code(word)} as a variable. {code(text_at(recording, span))} computes a tensor from it and gives it the variable's place; that happened before this check began. A tape watches trainable variables by itself, tensors only after `tape.watch`.",
        others=[(run.span, f"{names} {are} here")] if run.span else [],
        help=f"write into the variable (`{word}.assign(…)`, `{word}.assign_sub(…)`), and run the cell that makes it once more",
        certainty="likely",
    )


def _computed_from_name(recording: Recording, name: str, key: int) -> bool:
    for current in values_behind(recording, key):
        variable = recording.variables.get(current)
        if variable is not None and name in variable.names:
            return True
    return False


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return written_in_place(recording, found.location, fault.run, before="word" in fault.detail)
