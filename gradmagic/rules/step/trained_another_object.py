"""What is trained is not what is evaluated.

What it finds
    A model that is trained in the cell, and another one of the same shape that is evaluated after the training, was not changed by it, and was given none of the trained weights. Or two models that one function
    trains with, a teacher and a student, in each other's place. Or a copy that is made of the trained
    model, has none of its weights, and is evaluated or saved as if it had. Or a new model like the trained one that is frozen inside the next one.

Why it happens
    `clone_model` makes new weights. What training does to them stays in the clone until it is copied back.

Example
    import tensorflow as tf
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    copy = tf.keras.models.clone_model(model)
    optimizer, x = tf.keras.optimizers.SGD(0.1), tf.ones([4, 2])
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(copy(x) - 3.0))
        grads = tape.gradient(loss, copy.trainable_variables)
        optimizer.apply_gradients(zip(grads, copy.trainable_variables))
    error = float(tf.reduce_mean(tf.square(model(x) - 3.0)))

Use instead
    import tensorflow as tf
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    copy = tf.keras.models.clone_model(model)
    optimizer, x = tf.keras.optimizers.SGD(0.1), tf.ones([4, 2])
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(copy(x) - 3.0))
        grads = tape.gradient(loss, copy.trainable_variables)
        optimizer.apply_gradients(zip(grads, copy.trainable_variables))
    error = float(tf.reduce_mean(tf.square(copy(x) - 3.0)))

Fix safety
    Another model is evaluated, as is meant.

Not a problem when
    The original is the baseline that the trained copy is compared with.
"""

from __future__ import annotations

from gradmagic.fixes.averages import assigned_average, with_the_other
from gradmagic.fixes.clones import trained_itself, weights_copied
from gradmagic.fixes.exchanged import put_right
from gradmagic.fixes.own_copies import copy_with_own_weights, shared_at
from gradmagic.fixes.tracking import other_model
from gradmagic.locate.cloned import Clone
from gradmagic.locate.exchanged import Exchange, callee_at, notebook_name
from gradmagic.locate.fault import Fault
from gradmagic.recording import ModelCall, Op, Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import are, called, code, finding, listing, name_of
from gradmagic.syntax import text_at


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause == "lost" and fault.op is not None:
        return _lost_average(fault, recording, fault.op)
    if fault.cause == "own" and fault.span is not None:
        return _own_values(fault, recording, fault.span)
    if fault.cause == "shared" and fault.span is not None:
        return _shared_weights(fault, recording, fault.span)
    clone = fault.detail.get("clone")
    if isinstance(clone, Clone):
        return _cloned(fault, clone)
    exchange = fault.detail.get("exchange")
    if isinstance(exchange, Exchange):
        return _exchanged(fault, recording, exchange)
    call, trained = fault.detail.get("call"), fault.detail.get("trained")
    if fault.cause == "anew" and isinstance(trained, ModelCall):
        return _frozen_anew(fault, recording, trained)
    if fault.cause != "other" or not isinstance(call, ModelCall) or not isinstance(trained, ModelCall):
        return None
    return finding(
        "step/trained-another-object",
        fault,
        f"{code(call.name)} is evaluated, and {code(trained.name)} is what was trained",
        call.span,
        f"{code(call.name)} has the weights that it had before the training",
        f"In this cell the weights of {code(trained.name)} are updated. {code(call.name)} has weights of the same shapes, is evaluated after the last update, and none of its weights was changed or assigned; {code(trained.name)} is not evaluated after its training.",
        others=[(fault.span, "updates the other model")] if fault.span is not None else [],
        severity="warning",
        help=f"evaluate {code(trained.name)}, or copy its weights back: {code(f'{call.name}.set_weights({trained.name}.get_weights())')}",
        variables=(),
    )


def _cloned(fault: Fault, clone: Clone) -> Finding:
    name, of, done = code(clone.name), code(clone.of), "saved" if clone.saved else "evaluated"
    return finding(
        "step/trained-another-object",
        fault,
        f"{name} is {done}, and has none of the weights that {of} was trained to: `{clone.how}` copies the layers only",
        clone.made,
        f"makes new weights for {name}",
        f"In this cell {of} is trained. {name} is made of it after that has begun, with weights of the same shapes that are drawn anew; nothing trains them, and nothing is assigned to them until it is {done}.",
        others=[(clone.used, f"{done} here")] if clone.used is not None else [],
        severity="warning",
        certainty="likely",
        help=f"copy the weights as well: {code(f'{clone.name}.set_weights({clone.of}.get_weights())')}; if a model that is not trained is meant, nothing is wrong",
        variables=(),
    )


def _frozen_anew(fault: Fault, recording: Recording, trained: ModelCall) -> Finding:
    user = fault.detail["user"]
    name = code(notebook_name(recording, trained) or trained.name)
    return finding(
        "step/trained-another-object",
        fault,
        f"{name} was trained, and what is frozen and used is a new one like it, with weights that were drawn anew",
        fault.span,
        f"makes weights of the same shapes as those of {name}, which nothing trains",
        f"In this cell the weights of {name} are updated, and after that {name} is called no more. What this line makes has layers of the same shapes, is not trainable, and is given no weights: "
        "the model that holds it is trained on what random layers give.",
        others=[(s, text) for s, text in ((trained.span, f"{name} is trained here, and not used again"), (user, "trained with the new one in it")) if isinstance(s, Span)],
        severity="warning",
        certainty="likely",
        help=f"hand over {name} itself; if layers that are not trained are meant, nothing is wrong",
        variables=(),
    )


def _exchanged(fault: Fault, recording: Recording, exchange: Exchange) -> Finding:
    mine, still = _names_of(recording, exchange)
    said = [code(c) if (c := callee_at(recording, call)) is not None else code(name) for call, name in ((exchange.trained, mine), (exchange.still, still))]
    known = f" What is {said[0]} there is {code(mine)} in the notebook, and {said[1]} is {code(still)}." if exchange.crossed else f" {code(still)} is evaluated before the training as well."
    return finding(
        "step/trained-another-object",
        fault,
        f"{code(still)} is evaluated, and {code(mine)} is what was trained",
        exchange.after.span,
        f"{code(still)} has the weights that it had before the training",
        f"In this cell one function calls both {code(mine)} and {code(still)} with the same input. The weights of {code(mine)} are updated; {code(still)} only predicts beside it, and none of its weights was changed or assigned. "
        f"Behind the training {code(still)} is evaluated, and {code(mine)} is not.{known}",
        others=[(s, text) for s, text in ((exchange.trained.span, f"{code(mine)} is trained here"), (exchange.still.span, f"{code(still)} only predicts here")) if s is not None],
        severity="warning",
        certainty="certain" if exchange.crossed else "likely",
        help=f"exchange the two where they are handed over or kept, so that {code(still)} is trained; or evaluate {code(mine)}",
        variables=(),
    )


def _names_of(recording: Recording, exchange: Exchange) -> tuple[str, str]:
    """What the notebook calls the model that was trained, and the one that was not."""
    return notebook_name(recording, exchange.trained) or exchange.trained.name, notebook_name(recording, exchange.still) or exchange.after.name


def _lost_average(fault: Fault, recording: Recording, op: Op) -> Finding:
    still = [recording.variables[k] for k in fault.detail["variables"]]  # type: ignore[attr-defined]
    names = listing([name_of(v) for v in still])
    return finding(
        "step/trained-another-object",
        fault,
        f"the average of the trained weights is computed and assigned to nothing: {names} {are([v.path for v in still])} as before",
        op.span,
        "a new tensor, which nothing reads",
        f"{called(recording, op)} mixes {names} with weights that are trained in this cell, in shares that make 1 together. The result is a tensor: no line reads it or assigns it, so {names} "
        f"{'keeps its value' if len(still) == 1 else 'keep their values'} in every step.",
        severity="warning",
        help="assign the result to the variable: `t.assign(decay * t + (1.0 - decay) * s)`",
        variables=(),
    )


def _own_values(fault: Fault, recording: Recording, span: Span) -> Finding:
    given = [recording.variables[k] for k in fault.detail["variables"]]  # type: ignore[attr-defined]
    names = listing([name_of(v) for v in given])
    return finding(
        "step/trained-another-object",
        fault,
        f"{code(text_at(recording, span))} gives {names} the values that {'it has' if len(given) == 1 else 'they have'} already",
        span,
        "the same values each time",
        f"This line ran {fault.detail['count']} times, and each time it assigned what was there before, up to rounding; what was zero stays zero. Other variables of the same shapes are trained in this cell: "
        "nothing of them comes in here.",
        severity="warning",
        help="look at what is averaged: one share has to come from the weights that are trained",
        variables=(),
    )


def _shared_weights(fault: Fault, recording: Recording, span: Span) -> Finding:
    given = [recording.variables[k] for k in fault.detail["variables"]]  # type: ignore[attr-defined]
    made = shared_at(recording, span)
    return finding(
        "step/trained-another-object",
        fault,
        f"{code(text_at(recording, span))} copies {listing([name_of(v) for v in given])} to themselves: both models are made of the same layers",
        span,
        "reads and assigns the same variables",
        "What this line assigns are the values that it has just read, of the very same variables. They are trained in this cell, so what is meant to be a copy that stays behind moves with every step of the training.",
        others=[(made, "made of the same layers")] if made is not None else [],
        severity="warning",
        help="make the copy with weights of its own: `keras.models.clone_model(model)`, or a second call of the function that makes the model; then copy the weights",
        variables=(),
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.cause == "own":
        return with_the_other(recording, found.location)
    if fault.cause == "shared":
        return copy_with_own_weights(recording, found.location)
    if fault.cause == "lost":
        return assigned_average(recording, found.location, bool(fault.detail["left"]))
    if isinstance(fault.detail.get("clone"), Clone):
        return weights_copied(recording, found.location)
    exchange = fault.detail.get("exchange")
    if isinstance(exchange, Exchange):
        called = callee_at(recording, exchange.trained), callee_at(recording, exchange.still)
        return put_right(recording, *_names_of(recording, exchange), exchange.trained.span, exchange.crossed, called) if called[0] is not None and called[1] is not None else ()  # type: ignore[arg-type]
    call, trained = fault.detail.get("call"), fault.detail.get("trained")
    if fault.cause == "anew":
        name = notebook_name(recording, trained) if isinstance(trained, ModelCall) else None
        return trained_itself(recording, found.location, name) if name is not None else ()
    return other_model(recording, found.location, call.name, trained.name) if isinstance(call, ModelCall) and isinstance(trained, ModelCall) else ()
