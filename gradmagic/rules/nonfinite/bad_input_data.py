"""NaN or infinity came in with the data.

What it finds
    The first value that is not finite is one that no op made: it came in from outside. It may be hidden on the way (a `relu` can make 0 of NaN, a mask leaves it out) and still meet the gradient.

Why it happens
    Missing values in a table, a division before the data reached TensorFlow, an empty average.

Example
    import tensorflow as tf
    w = tf.Variable([1.0, 2.0])
    x = tf.constant([[1.0, float("nan")], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(x * w)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([1.0, 2.0])
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(x * w)
    grad = tape.gradient(loss, w)

Fix safety
    Leaving rows out or filling them changes the data: unsafe.

Not a problem when
    Never.
"""

from __future__ import annotations

from gradmagic.fixes.data import log_of_one_more
from gradmagic.fixes.mapped import finite_in_the_pipeline, infinite_at_zero
from gradmagic.fixes.missing_labels import asked_with_is_nan
from gradmagic.fixes.not_finite import first_not_finite, guarded, made_here, of_one_more
from gradmagic.fixes.values import finite_data, finite_factor, spread_above_zero, without_nan
from gradmagic.locate.fault import Fault
from gradmagic.locate.missing_labels import compared_with_nan
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import TRAINING, called, code, finding, subject
from gradmagic.syntax import spot, use_of


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if op is None or "leaf" not in fault.detail or fault.detail.get("variable") is not None:
        return None
    # What a `relu` or a `where` hides from the target meets the gradient further on.
    reader = fault.detail.get("reader")
    op = reader if isinstance(reader, Op) else op
    tensor = recording.tensors[int(str(fault.detail["leaf"]))]
    name = code(tensor.name) if tensor.name else f"a batch of shape {tensor.shape} of the data" if op.span is not None and TRAINING.search(op.span.code) else f"a value of shape {tensor.shape}"
    place = fault.run.span if fault.run is not None else None
    made = first_not_finite(recording, place, op.span, tensor)
    compared = compared_with_nan(recording, tensor.id)
    asks = ""
    if compared is not None:
        always = "True" if compared[0].type == "NotEqual" else "False"
        asks = f" {called(recording, compared[0])} compares it with NaN: NaN equals nothing, not even NaN, and what comes out is {always} for every element."
    label = made_here(made, recording) if made is not None else infinite_at_zero(recording, place, tensor)
    return finding(
        "nonfinite/bad-input-data",
        fault,
        f"{subject(fault, 'not finite')}: {name} came in with values that are not finite",
        use_of(recording, op),
        "the first value that is not finite enters here",
        f"{called(recording, op)} takes in {name}. No recorded op made it, and it holds NaN or infinite values already.{asks}",
        others=[*([label] if label is not None else []), *([(spot(recording, compared[0]), "the same for every element: NaN equals nothing")] if compared is not None else [])],
        help="`tf.math.is_nan(x)` finds what is missing; put a number there with `tf.where` before anything is computed with it, since 0 × NaN is NaN"
        if compared is not None
        else "check the data before it is used: `tf.debugging.assert_all_finite(x, 'x')`",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    tensor = recording.tensors.get(fault.op.inputs[fault.input or 0]) if fault.op is not None and fault.op.inputs else None
    asked = fault.run.span if fault.run is not None else None
    leaf = recording.tensors.get(int(str(fault.detail["leaf"])))
    compared = compared_with_nan(recording, leaf.id) if leaf is not None else None
    if compared is not None:
        # NaN stands for what is missing: a number in its place would be taken for one that is known.
        return asked_with_is_nan(recording, spot(recording, compared[0]), *compared)
    step = first_not_finite(recording, asked, fault.op.span if fault.op is not None else None, leaf)
    made = guarded(recording, step)
    cleaned = (
        finite_factor(recording, found.location)
        or made
        or (
            *without_nan(recording),
            *(finite_in_the_pipeline(recording, asked, tensor) or finite_data(recording, tensor.name if tensor is not None else None, found.location)),
        )
    )
    # Equal numbers that are divided by their spread are NaN in every element.
    numbers = tensor.numbers if tensor is not None else None
    place = fault.run.span if fault.run is not None and fault.run.kind.startswith("keras") else None
    cleaned = cleaned or log_of_one_more(recording, place) or of_one_more(recording, step)
    return cleaned or (spread_above_zero(recording) if numbers is None or numbers.nans == numbers.size else ())
