"""One variable is updated more than once with the gradient of one step.

What it finds
    The same variable twice in one call of the optimizer; gradients that an optimizer is given again, or that two optimizers are given; a variable that two optimizers move
    for two targets of one forward pass; sums of gradients that go on from update to update.

Why it happens
    A shared layer stands in two lists, a call is left over from an older version of the loop, or variables in which gradients are added up are not set back.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
    optimizer.apply_gradients(zip(grads, [w]))

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))

Fix safety
    The updates change, as is meant.

Not a problem when
    The second step along the same gradient is meant. Steps of plain gradient descent for two targets add up to one for their sum.
"""

from __future__ import annotations

from gradmagic.fixes.accumulation import begun_again, in_zeros, set_back
from gradmagic.fixes.once import applied_once, listed_once, without_lines_by_hand
from gradmagic.fixes.one_pass import one_gradient
from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Recording, Span, Update
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import are, code, finding, it, listing, name_of, target_name
from gradmagic.sums import Sum


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update = fault.update
    if fault.cause != "twice" or update is None:
        return None
    how, other = fault.detail["how"], fault.detail.get("other")
    if how == "one pass" and isinstance(other, Update):
        return _of_one_pass(fault, update, other)
    if how == "kept":
        return _of_sums(fault, update, recording)
    names = listing(fault.names)
    one = len(set(fault.names)) == 1
    if how == "listed":
        message, label, body = (
            f"{names} {'stands' if one else 'stand'} more than once in one update",
            "the same variable more than once",
            f"The optimizer was given {len(update.pairs)} pairs of a gradient and a variable, and {names} {'is' if one else 'are'} in more than one of them: {'it is' if one else 'they are'} changed once for each.",
        )
    elif how == "again":
        message, label, body = (
            "the optimizer is given the same gradients again",
            f"given the same gradients {update.repeated + 1} times",
            f"This line ran {update.count} times, {update.repeated} of them with the very gradients of the time before: each step is made more than once.",
        )
    else:
        message, label, body = (
            f"{names} {'is' if one else 'are'} updated twice with the gradient of one step",
            "the second update with the same gradients",
            "The gradients that this line is given were applied to the same variables by another line already: each step is made twice.",
        )
    others = [(other.span, "the first update")] if isinstance(other, Update) and other.span is not None else []
    return finding("step/updated-twice", fault, message, update.span, label, body, others=others, severity="warning", help="list each variable once" if how == "listed" else "apply each gradient once")


def _of_sums(fault: Fault, update: Update, recording: Recording) -> Finding:
    """Sums of gradients that go on from update to update."""
    total, one = fault.detail.get("sum"), True
    if isinstance(total, Sum):
        names, added = code(total.name), total.added
        back = f"{total.name} = {in_zeros(total, 'tf.zeros_like')}"
    else:
        kept = [recording.variables[k] for k in fault.detail["kept"]]  # type: ignore[attr-defined]
        names, added = listing(tuple(v.names[0] if v.names else name_of(v) for v in kept)), fault.detail["added"]  # type: ignore[assignment]
        one, back = len(kept) == 1, "sum.assign(tf.zeros_like(sum))"
    return finding(
        "step/updated-twice",
        fault,
        f"{names} {'keeps' if one else 'keep'} the gradients of the updates before: nothing sets {'it' if one else 'them'} back to 0",
        update.span,
        f"given the whole sum {update.count} times",
        f"Gradients are added to {names}, and this line is given the sum {update.count} times. In between nothing but more gradients is written there: every gradient of an earlier step is applied once more with each update.",
        others=[(added, "added up here")] if isinstance(added, Span) else [],
        severity="warning",
        help=f"set the sums back behind the update: `{back}`",
    )


def _of_one_pass(fault: Fault, update: Update, first: Update) -> Finding:
    """One forward pass, and two gradients that the same variables are moved by."""
    names, them, asked, stale = listing(fault.names), it(fault.names), fault.detail["first"], fault.detail["stale"]
    earlier = next((code(t.name) for t in asked.targets if t.name), "the first target") if isinstance(asked, GradientRun) else "the first target"
    target = target_name(fault)
    again = isinstance(asked, GradientRun) and fault.run is not None and {t.id for t in asked.targets} == {t.id for t in fault.run.targets}
    whose = f"with the gradient of {target}" if again else f"for one forward pass: for {earlier} and for {target}"
    order = "is asked for after that step, from what the tape had kept before it" if stale else "is that for the values before that step"
    why = (
        f"Two calls ask for the gradient of {target}, and each of the two updates moves {names}: the step is made twice."
        if again
        else f"Both targets were computed in one forward pass, with the same values of {names}. The first update moves {them}; the gradient that the second one is given {order}. "
        f"The steps of `{update.type}` are not proportional to the gradients, so that two of them are not one step along their sum."
    )
    return finding(
        "step/updated-twice",
        fault,
        f"{names} {are(fault.names)} updated twice {whose}",
        update.span,
        f"the second update of {names}",
        why,
        others=[(first.span, "the first update")] if first.span is not None else [],
        severity="warning" if stale or again else "note",
        help="leave them out of one of the two updates" if again else "ask for one gradient of both targets, and apply it once; or go forward again under a tape of its own for the second update",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    other, first = fault.detail.get("other"), fault.detail.get("first")
    if isinstance(first, GradientRun) and fault.run is not None:
        return one_gradient(recording, fault.run, first, {fault.run.sources[i].id for i in fault.sources}, found.location)
    if fault.detail["how"] == "kept":
        total = fault.detail.get("sum")
        return begun_again(recording, found.location, total) if isinstance(total, Sum) else set_back(recording, found.location)
    if fault.detail["how"] == "listed":
        return listed_once(recording, fault.run)
    lines = fault.detail.get("lines")
    by_hand = without_lines_by_hand(recording, [u.span for u in lines]) if isinstance(lines, list) and lines else ()
    return by_hand or applied_once(recording, found.location, other.span if isinstance(other, Update) else None)
