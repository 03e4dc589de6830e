"""A gradient was applied to another variable than the one it belongs to.

What it finds
    The optimizer was given a gradient together with a variable that it was not computed for.

Why it happens
    `zip(gradients, variables)` pairs by position. When the two lists are in different orders, or one of them lacks an element, every pair behind it is wrong. Of two networks, one's list may stand where the other one's belongs.

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = a * a + 3.0 * b
    grads = tape.gradient(loss, [a, b])
    optimizer.apply_gradients(zip(grads, [b, a]))

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = a * a + 3.0 * b
    grads = tape.gradient(loss, [a, b])
    optimizer.apply_gradients(zip(grads, [a, b]))

Fix safety
    The updates change, as is meant.

Not a problem when
    Gradients of one set of variables are applied to another on purpose, as in meta-learning (first-order MAML, Reptile).
"""

from __future__ import annotations

from gradmagic.fixes.optimizers import in_order
from gradmagic.fixes.pairing import at_their_own, reordered
from gradmagic.locate.fault import Fault
from gradmagic.recording import Applied, Recording, Span, Update
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, name_of


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update = fault.update
    if fault.cause != "crossed" or update is None:
        return None
    pairs = [p for p in fault.detail["pairs"] if isinstance(p, Applied)]  # type: ignore[attr-defined]
    first = pairs[0]
    given = {p.variable for p in update.pairs}
    own = [p for p in pairs if _own_gradient(recording, update, p) is not None]
    exchanged = {(p.variable, p.gradient_of) for u in recording.updates for p in u.pairs}
    crosses = any(p.gradient_of in given or (p.gradient_of, p.variable) in exchanged for p in pairs)
    if not own and not crosses and not _untrained(recording, update):
        return None
    gradient, variable = _name(recording, first.gradient_of), _name(recording, first.variable)
    run = fault.run
    # A later cell may go on with the copies.
    copies = not own and not crosses and _never_read(recording, update)
    return finding(
        "step/gradients-zipped-out-of-order",
        fault,
        f"the gradient of {gradient} is applied to {variable}",
        update.span,
        f"{len(pairs)} of {len(update.pairs)} gradients go to another variable",
        f"In {len(pairs)} of the {len(update.pairs)} pairs that this call was given, the gradient was computed for another variable: {variable} is changed with the gradient of {gradient}. The lists are paired by position.",
        others=[(asked, "its own gradient is asked for here, and not used")]
        if own and (asked := _own_gradient(recording, update, own[0])) is not None
        else [(run.span, "the order of the gradients is made here")]
        if run is not None and run.span
        else [],
        help="use one list of variables for the gradient call and for the optimizer" + ("; what is updated here, no forward pass reads" if copies else ""),
        severity="warning" if copies else "error",
        certainty="likely" if copies else "certain",
        variables=tuple(_name(recording, p.variable).strip("`") for p in pairs),
    )


def _untrained(recording: Recording, update: Update) -> bool:
    """Whether all gradients are those of other variables, which nothing updates or writes, and which are no copies of the ones that are updated."""
    if update.kind == "assign":
        # Gradients are written down for many reasons.
        return False
    trained = {p.variable for u in recording.updates for p in u.pairs}
    others = [recording.variables.get(p.gradient_of or 0) for p in update.pairs]
    untouched = all(v is not None and v.id not in trained and v.written == int(v.created is not None) for v in others)
    return untouched and (any(p.apart for p in update.pairs) or _never_read(recording, update))


def _never_read(recording: Recording, update: Update) -> bool:
    """Whether several updates go to variables that no op reads: copies of what the gradients are asked for, again and again at the same point."""
    reads = (op for p in update.pairs for op in recording.consumers.get(p.variable, ()))
    return update.count > 1 and not update.in_graph and all(op.phase == "update" for op in reads)


def _own_gradient(recording: Recording, update: Update, pair: Applied) -> Span | None:
    """Where the gradient of the variable itself was asked for before the update, which neither an update nor an op uses."""
    if any(p.gradient_of == pair.variable for u in recording.updates for p in u.pairs):
        return None
    for run in recording.runs:
        for source, gradient in zip(run.sources, run.gradients, strict=False):
            if source.id == pair.variable and run.seq < update.seq and not gradient.missing:
                used = any(op.phase == "forward" for op in recording.consumers.get(gradient.id or 0, ())) or any(e.tensor == gradient.id for e in recording.escapes)
                return None if used else run.span
    return None


def _name(recording: Recording, key: int | None) -> str:
    variable = recording.variables.get(key) if key is not None else None
    if variable is None:
        return "another variable"
    return code(name_of(variable))


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return reordered(recording, fault.run) or in_order(recording, found.location, fault.run) or at_their_own(recording, fault.run)
