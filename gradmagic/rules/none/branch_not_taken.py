"""The source is read only in a branch that this run did not take.

What it finds
    The source was not read, and the code that ran has an `if`, a loop or a `tf.cond` with a branch that mentions it and in which no op ran.

Why it happens
    The tape records what runs. Outside a graph, `tf.cond` runs one branch like a Python `if`; what stands in the other does not exist for the tape. (Inside a `tf.function`
    the gradient of the untaken branch of `tf.cond` is zero, not None.)

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    flag = tf.constant(False)
    with tf.GradientTape() as tape:
        loss = tf.cond(flag, lambda: a * b, lambda: a * a)
    grads = tape.gradient(loss, [a, b])

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    flag = tf.constant(False)
    with tf.GradientTape() as tape:
        loss = tf.cond(flag, lambda: a * b, lambda: a * a + b)
    grads = tape.gradient(loss, [a, b])

Fix safety
    There is often nothing to fix: the loss of this run does not depend on the source.

Not a problem when
    Other runs take the other branch.
"""

from __future__ import annotations

from gradmagic.fixes.loop_starts import begun_far_off
from gradmagic.fixes.made_where_read import made_where_read
from gradmagic.fixes.sources import sibling, without_sources
from gradmagic.fixes.switches import switched_on
from gradmagic.fixes.zero_turns import one_turn
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing, subject
from gradmagic.syntax import text_at


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "branch" or fault.span is None:
        return None
    names = listing(fault.names)
    called = fault.detail.get("called")
    if called is not None:
        return _uncalled(fault, recording, code(str(called)), fault.span)
    return finding(
        "none/branch-not-taken",
        fault,
        f"{subject(fault, 'None')}: {'it is' if len(set(fault.names)) == 1 else 'they are'} read only in a branch that this run did not take",
        fault.span,
        f"the branch with {names} did not run",
        f"{names} {'stands' if len(set(fault.names)) == 1 else 'stand'} in a branch of {code(text_at(recording, fault.span))}, and no op of that branch ran. The tape records what runs, so the loss of this run does not depend on {names}.",
        severity="warning",
        certainty="likely",
        help="if the variable is to get a gradient in every run, compute both branches and select with `tf.where`",
    )


def _uncalled(fault: Fault, recording: Recording, model: str, place: Span) -> Finding:
    return finding(
        "none/branch-not-taken",
        fault,
        f"{subject(fault, 'None')}: {model} is called only in a branch that this run did not take",
        place,
        f"the branch that calls {model} did not run",
        f"{model} is called in a branch of {code(text_at(recording, place))}, and no op of that branch ran. Nothing under the tape reads a variable of {model}, so the loss of this run does not depend on it.",
        severity="warning",
        certainty="likely",
        help="look at the values that decide here: where the branch is never taken, what is compared may be of another scale or unit than was meant",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if begun := begun_far_off(recording, found.location):
        return begun
    if fault.run is None:
        return ()
    other = (
        one_turn(recording, fault.run, fault.sources)
        or sibling(recording, fault.run, fault.sources)
        or switched_on(recording, fault.run, fault.span)
        or made_where_read(recording, fault.run, fault.sources)
    )
    return (*other, *without_sources(recording, fault.run, fault.sources))
