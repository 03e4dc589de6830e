"""A source is neither a tensor nor a variable: a model, a layer, a list of names.

What it finds
    The gradient call raised, and one of its sources is an object of another kind; or `tape.watch` raised, for what it was given is no tensor (an array, a number).

Why it happens
    Gradients belong to variables and tensors. A model is a container of variables; `model.trainable_variables` is what it holds.

Example
    import tensorflow as tf
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.ones((1, 2))))
    grads = tape.gradient(loss, model)

Use instead
    import tensorflow as tf
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.ones((1, 2))))
    grads = tape.gradient(loss, model.trainable_variables)

Fix safety
    Safe.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

from gradmagic.fixes.inputs import called_with_data, watched_instead
from gradmagic.fixes.sources import variables_of
from gradmagic.fixes.symbolic_outputs import given_beside
from gradmagic.fixes.watched_arrays import tensor_of_array, watched_name
from gradmagic.fixes.watched_input import data_watched
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import a, code, finding

HELP = {
    "KerasTensor": "a KerasTensor stands for a value that is not there yet: make a model that gives both (`keras.Model(model.inputs, [layer.output, model.output])`), call it on the data under the tape, and "
    "ask for the gradient with respect to its first result",
    "ndarray": "an array is a copy of the values: pass the variables themselves (`model.trainable_variables` in the place of `get_weights()`), or a tensor that is watched and used under the tape",
    "str": "pass the variables, not their names",
}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause == "watched" and recording.raised is not None:
        return _watched(fault, str(fault.detail["type"]), recording)
    run = fault.run
    if run is None or run.raised is None or "non-persistent" in run.raised.message:
        return None
    wrong = [s for s in run.sources if s.kind == "other"]
    if not wrong:
        return None
    kind = wrong[0].python_type
    return finding(
        "error/source-not-tensor",
        fault,
        f"the source {code(wrong[0].name)} is {a(kind)}, neither a tensor nor a variable",
        run.span,
        f"{a(kind)} is passed as a source",
        f"Gradients are computed for tensors and variables. {code(wrong[0].name)} is of type {code(kind)}, and TensorFlow raises {code(run.raised.type)}.",
        help=HELP.get(kind, f"pass its variables, for a model or layer `{wrong[0].name}.trainable_variables`"),
        variables=(wrong[0].name,),
    )


def _watched(fault: Fault, kind: str, recording: Recording) -> Finding:
    name = watched_name(recording, fault.span)
    what = code(name) if name is not None else "what the tape is to watch"
    return finding(
        "error/source-not-tensor",
        fault,
        f"{what} is {a(kind)}, neither a tensor nor a variable: a tape cannot watch it",
        fault.span,
        f"{a(kind)} is to be watched",
        f"A tape watches tensors and variables. {what[0].upper()}{what[1:]} is of type {code(kind)}, and TensorFlow raises `ValueError`.",
        help=f"make a tensor of it first ({code(f'{name} = tf.convert_to_tensor({name})')}), and compute with that under the tape"
        if name is not None
        else "make a tensor of it first, and compute with that under the tape",
        variables=(),
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.cause == "watched":
        return tensor_of_array(recording, fault.span)
    return (
        variables_of(recording, fault.run)
        or given_beside(recording, fault.run)
        or called_with_data(recording, fault.run)
        or watched_instead(recording, fault.run)
        or data_watched(recording, fault.run)
    )
