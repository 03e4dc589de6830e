"""A variable, a model or an optimizer is created anew in the turns of a loop, so that nothing accumulates.

What it finds
    A gradient call whose sources are other objects than in the turn before, made in between, while nothing of the old ones is assigned to the new ones. An
    optimizer that remembers (momentum, moments, a schedule) and is another object at each step of the same variables.

Why it happens
    What is built inside the loop begins from its initial values in every turn.

Example
    import tensorflow as tf
    x = tf.constant([1.0, 2.0])
    optimizer_of = tf.keras.optimizers.SGD
    for step in range(4):
        w = tf.Variable(2.0)
        optimizer = optimizer_of(0.1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(w * x - 1.0))
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Use instead
    import tensorflow as tf
    x = tf.constant([1.0, 2.0])
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    for step in range(4):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(w * x - 1.0))
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Fix safety
    Moving the creation out of the loop changes the training, as is meant.

Not a problem when
    Each turn is an experiment of its own: cross-validation, an ensemble, a search over settings.
"""

from __future__ import annotations

import ast

from gradmagic.fixes.once import made_once
from gradmagic.fixes.tracking import averaged
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing
from gradmagic.syntax import last_name, tree_at

# What a loop over the parts of one training calls its turns. Folds, seeds, settings and rounds are trainings of their own.
PARTS = frozenset({"epoch", "ep", "epoch_number", "epoch_index", "step", "batch"})
TRAININGS = frozenset({"fold", "seed", "trial", "run", "member", "split", "repeat"})


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update = fault.update
    if fault.cause == "optimizer-renewed" and update is not None:
        return finding(
            "step/recreated-every-step",
            fault,
            f"every step has a new {code(update.type)}: what it remembers of the steps before is gone",
            fault.span,
            "makes a new optimizer",
            f"The variables were updated {update.count} times, each time by another {code(update.type)} that had made no step before. Its moments, its count of steps and the place in its schedule begin at 0 every time.",
            others=[(update.span, "updates with the new optimizer")] if update.span is not None else [],
            severity="warning",
            help="create it once, before the loop",
            variables=(),
        )
    if fault.cause != "renewed" or fault.run is None:
        return None
    count, renewed = fault.detail["count"], fault.detail["renewed"]
    assert isinstance(count, int) and isinstance(renewed, int)
    every, often = count == renewed + 1, "once" if renewed == 1 else f"{renewed} times"
    return finding(
        "step/recreated-every-step",
        fault,
        f"{listing(fault.names)} {'is' if len(fault.names) == 1 else 'are'} created anew {'in every turn' if every else f'{often} during the {count} gradient calls'}, so nothing accumulates",
        fault.span,
        "makes new variables",
        f"The gradient call ran {count} times, and {often} its sources were other variables than in the turn before, made in between. None of the new ones was given the value of an old one: "
        f"what {'a step' if every else 'training'} changed is gone with the next turn.",
        others=[(fault.run.span, "the gradients of these variables are asked for here")] if fault.run.span is not None else [],
        severity="warning" if _goes_on(fault, recording, every) and not _is_evaluated(fault, recording) else "note",
        help="create them once, before the loop",
    )


def _goes_on(fault: Fault, recording: Recording, every: bool) -> bool:
    """Whether the loop that makes the variables is one training, and not a row of them: each turn is one step of a tape, or the loop counts epochs or steps."""
    run = fault.run
    assert run is not None
    if every and run.kind != "keras.fit":
        return True
    loop = _loop_at(recording, fault.span)
    return loop is not None and bool(_turns_of(loop) & PARTS)


def _loop_at(recording: Recording, place: Span | None) -> ast.For | None:
    """The innermost loop around a place."""
    tree = tree_at(recording, place) if place is not None else None
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For) and place is not None and n.lineno < place.line <= (n.end_lineno or n.lineno)] if tree is not None else []
    return loops[-1] if loops else None


def _turns_of(loop: ast.For) -> set[str]:
    return {n.id.lower() for n in ast.walk(loop.target) if isinstance(n, ast.Name)}


def _is_a_row_of_trainings(recording: Recording, place: Span | None) -> bool:
    """Whether a loop goes through something other than numbers in a row, or calls those folds or seeds."""
    loop = _loop_at(recording, place)
    return loop is not None and (bool(_turns_of(loop) & TRAININGS) or not (isinstance(loop.iter, ast.Call) and last_name(loop.iter.func) == "range"))


def _is_evaluated(fault: Fault, recording: Recording) -> bool:
    """Whether each turn is a whole training, by `fit`, of a model that is evaluated afterwards."""
    run = fault.run
    mine = {s.id for s in run.sources} if run is not None else set()
    return run is not None and run.kind == "keras.fit" and any(not c.trains and c.seq > run.seq and mine & set(c.weights) for c in recording.models)


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if found.severity == "note" and _is_a_row_of_trainings(recording, fault.span):
        return ()
    return made_once(recording, found.location) or averaged(recording)
