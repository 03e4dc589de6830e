"""A gradient does not fit its variable, or was not paired with it, or a custom gradient returned the wrong number of gradients, or `tf.py_function` sent on a 0 without a shape.

What it finds
    The gradient call or the optimizer raised about a number or a shape of gradients, or about what it was given in the place of (gradient, variable) pairs.

Why it happens
    A gradient has the shape of its variable. A custom gradient returns one for each input; for an input that was broadcast the sum over the broadcast axes is needed.
    `tf.py_function` sends a single 0 in the place of None where its function left TensorFlow.

Example
    import tensorflow as tf
    @tf.custom_gradient
    def product(x, y):
        def grad(dy):
            return dy * y
        return x * y, grad
    x, y = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = product(x, y)
    grads = tape.gradient(loss, [x, y])

Use instead
    import tensorflow as tf
    @tf.custom_gradient
    def product(x, y):
        def grad(dy):
            return dy * y, dy * x
        return x * y, grad
    x, y = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = product(x, y)
    grads = tape.gradient(loss, [x, y])

Fix safety
    The forward value stays as it is.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

from gradmagic.fixes.code import last_name
from gradmagic.fixes.custom import corrected, fewer, with_variables
from gradmagic.fixes.keyword_inputs import by_position, keyword_inputs
from gradmagic.fixes.optimizers import in_order
from gradmagic.fixes.pairs import gradients_first, paired, taken_whole, unpacked
from gradmagic.fixes.per_example import averaged_over_examples, has_axis_of_examples
from gradmagic.fixes.silu import product_with_sigmoid
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import values_behind
from gradmagic.recording import Applied, GradientRun, Op, Recording, Update
from gradmagic.report import Finding, Fix
from gradmagic.rules.error.unpaired import turned_round, unpaired
from gradmagic.rules.phrasing import called, code, finding, listing, name_of
from gradmagic.syntax import returned_by, text_at, use_of

EXAMPLES = "take the mean over the first axis, which counts the examples: `tf.reduce_mean(g, axis=0)` for each gradient"

# In a graph it is the tape that counts, and not the wrapper of the function.
TOO_FEW = ("custom_gradient function expected to return", "returned too few gradients")


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause == "variables":
        return _variables(fault, recording)
    if (pairs := unpaired(fault, recording) or turned_round(fault, recording)) is not None:
        return pairs
    raised = fault.update.raised if fault.update else fault.run.raised if fault.run else None
    if raised is None:
        return None
    text = raised.message
    if "left" in fault.detail and fault.op is not None and fault.run is not None:
        return _sent_by_py_function(fault, fault.op, raised.type, recording)
    if fault.run is not None and fault.update is None and any(words in text for words in TOO_FEW):
        op = _custom(recording)
        named = keyword_inputs(recording, op)
        return finding(
            "error/gradient-shape-mismatch",
            fault,
            f"the custom gradient of {code(op.name or 'a function')} returns the wrong number of gradients" if op else "a custom gradient returns the wrong number of gradients",
            (returned_by(recording, op.rule_at) or use_of(recording, op)) if op else fault.span,
            "its gradient function returns too few or too many",
            f"TensorFlow says: {code(text.splitlines()[0])}. A custom gradient returns one gradient for each input of its function."
            + (f" Its inputs are what it is given by position; {listing(named)} {'is' if len(named) == 1 else 'are'} given by keyword." if named else ""),
            help=f"pass {listing(named)} by position" if named else None,
        )
    misfit = _misfit(fault, recording)
    if misfit is not None and fault.run is not None:
        op, position, shape = misfit
        given = recording.tensors.get(op.inputs[position])
        return finding(
            "error/gradient-shape-mismatch",
            fault,
            f"the custom gradient of {code(op.name or 'a function')} returns a gradient of the shape {shape} for an input of the shape {given.shape if given is not None else '?'}",
            returned_by(recording, op.rule_at, position) or use_of(recording, op),
            "its gradient function returns this shape",
            f"A custom gradient returns, for each input of its function, a gradient of that input's shape. The tape hands on whatever it gets, and the gradient function that runs next raises {code(raised.type)}.",
            others=[(fault.run.span, f"raises {raised.type}")],
            help="return what belongs to each element of the input (`upstream * slope`), and sum only over axes along which the input was broadcast",
        )
    pair = taken_whole(recording, fault.update.span) if fault.update is not None else None
    if fault.update is not None and pair is not None:
        name, function = pair[0].text(pair[1].target), last_name(pair[2].func)
        return finding(
            "error/gradient-shape-mismatch",
            fault,
            f"{code(name)} is not the list of gradients: {code(function)} returned it together with the norm",
            fault.update.span,
            f"{code(name)} is a pair, which is zipped with the variables",
            f"{code(function)} returns two things: the list of clipped gradients, and the norm that they had together. {code(name)} holds both, so the first variable is given a whole list, and the second one the norm. "
            f"The optimizer raises {code(raised.type)}.",
            help=f"unpack it: {code(f'{name}, norm = …')}",
            variables=(),
        )
    wrong = _wrong_shapes(fault)
    if fault.update is None or not (wrong or "shape" in text.lower()):
        return None
    crossed = _crossed(recording, fault.update)
    if crossed is not None and (swapped := _of_another(fault, recording, *crossed)) is not None:
        return swapped
    op = _custom(recording)
    first = wrong[0] if wrong else None
    detail = f"The gradient of {code(first[0])} has the shape {first[2]}, the variable {first[1]}. " if first else ""
    return finding(
        "error/gradient-shape-mismatch",
        fault,
        f"the gradient of {code(first[0])} has the shape {first[2]}, and the variable has {first[1]}" if first else "a gradient does not fit its variable",
        (returned_by(recording, op.rule_at) or use_of(recording, op)) if op else fault.update.span,
        "its gradient function returns this shape" if op else "does not fit here",
        f"{detail}The tape hands on whatever a gradient function returns; the optimizer is the first to look at the shape, and it raises {code(raised.type)}.",
        help=EXAMPLES
        if op is None and has_axis_of_examples(recording, fault.update, fault.run)
        else "return gradients of the shape of each input: sum over the axes along which an input was broadcast",
        variables=tuple(w[0] for w in wrong),
    )


def _misfit(fault: Fault, recording: Recording) -> tuple[Op, int, tuple[int | None, ...] | None] | None:
    """The last custom gradient that ran before a gradient call raised and that returned a gradient of another shape than its input's: its op, the input's position, the shape."""
    run = fault.run
    if run is None or fault.update is not None or run.raised is None or run.raised.type not in ("InvalidArgumentError", "ValueError"):
        return None
    for step in reversed(run.steps):
        misfit, op = step.examples.get("misfit"), recording.by_seq.get(step.op) if step.op is not None else None
        if isinstance(misfit, tuple) and op is not None:
            return op, *misfit
    return None


def _sent_by_py_function(fault: Fault, op: Op, error: str, recording: Recording) -> Finding:
    given, left, place = recording.tensors.get(op.inputs[fault.input or 0]), fault.detail["left"], use_of(recording, op)
    span, how = left if isinstance(left, tuple) else (None, "")
    shape = f" of the shape {given.shape}" if given is not None and given.shape is not None else ""
    why = f"{code(text_at(recording, span))} takes its value out of TensorFlow" if span is not None else "its value leaves TensorFlow, or goes through an op without a derivative, or is not used"
    return finding(
        "error/gradient-shape-mismatch",
        fault,
        f"the gradient call raised {error}: "
        + (f"{code(text_at(recording, span))} takes the value out of TensorFlow" if span is not None else f"no gradient comes back through {called(recording, op)}"),
        span or place,
        f"leaves TensorFlow here ({how})" if span is not None else "the gradient ends in this function",
        f"TensorFlow records what a function that is called by `tf.py_function` computes with TensorFlow. Inside this one no gradient comes back to an input{shape}: {why}. In the place of None `tf.py_function` then sends a single 0 on, "
        "which does not have the input's shape. The error is what came of that further back; without it no gradient would have come either.",
        others=[(place, "called here"), (fault.run.span if fault.run is not None else None, f"raises {error}")],
        certainty="certain" if span is not None else "likely",
        help="stay in TensorFlow: use the tensor itself, and the `tf` or `keras.ops` counterpart of the function",
    )


def _crossed(recording: Recording, update: Update) -> tuple[GradientRun, Applied, int] | None:
    """The first gradient that was given to a variable other than the one it was computed for: its run, the pair, and the variable that it belongs to."""
    for position, pair in enumerate(update.pairs):
        if pair.gradient_of is not None and pair.run is not None and pair.gradient_of != pair.variable:
            return recording.runs[pair.run], pair, pair.gradient_of
        if pair.gradient_of is not None or pair.gradient is None:
            continue
        # What was made of the gradients of one call, by a clipping, in their order.
        behind = set(values_behind(recording, pair.gradient))
        runs = [r for r in recording.runs if any(g.id in behind for g in r.gradients if g.id is not None)]
        if len(runs) == 1 and len(runs[0].sources) == len(update.pairs) and pair.variable not in {s.id for s in runs[0].sources}:
            return runs[0], pair, runs[0].sources[position].id
    return None


def _of_another(fault: Fault, recording: Recording, run: GradientRun, pair: Applied, source: int) -> Finding | None:
    mine, given = recording.variables.get(source), recording.variables.get(pair.variable)
    update = fault.update
    if mine is None or given is None or mine.shape == given.shape or update is None or update.raised is None:
        return None
    of, to = code(name_of(mine)), code(name_of(given))
    return finding(
        "error/gradient-shape-mismatch",
        fault,
        f"the gradient of {of} is given to {to}, which has another shape",
        update.span,
        "the gradients of other variables are given to these",
        f"The gradient of {of} has the shape {mine.shape}, and the optimizer is to change {to} with it, which has {given.shape}. The lists are paired by position; the optimizer raises {code(update.raised.type)}.",
        others=[(run.span, "these gradients are made here")] if run.span is not None else [],
        help="use one list of variables for the gradient call and for the optimizer",
        variables=(name_of(given),),
    )


def _variables(fault: Fault, recording: Recording) -> Finding:
    asked = f": TensorFlow says {code(recording.raised.message.splitlines()[0])}" if recording.raised is not None else ""
    return finding(
        "error/gradient-shape-mismatch",
        fault,
        "a custom gradient reads a variable, and its gradient function does not take `variables`",
        fault.span,
        "the function that is called here reads a variable",
        f"The variables that a function with a custom gradient reads are inputs of it too, so its gradient function is asked for their gradients{asked}.",
        help="write the gradient function as `def grad(upstream, variables=None)` and return two things: the gradients of the arguments, and a list with one gradient for each of "
        "`variables`; or hand the variable to the function as an argument",
    )


def _custom(recording: Recording) -> Op | None:
    return next((op for op in reversed(recording.ops) if op.type == "CustomGradient" and op.phase == "forward"), None)


def _wrong_shapes(fault: Fault) -> list[tuple[str, object, object]]:
    run = fault.run
    if run is None:
        return []
    return [(s.name, s.shape, g.shape) for s, g in zip(run.sources, run.gradients, strict=False) if g.shape is not None and s.shape is not None and g.shape != s.shape]


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    run = fault.run
    if fault.cause == "variables":
        return with_variables(recording, fault.span)
    if fault.cause == "unpaired":
        return paired(recording, fault.span)
    if fault.update is not None and (turned := gradients_first(recording, fault.update.span)):
        return turned
    if fault.update is not None and (apart := unpacked(recording, fault.update.span)):
        return apart
    if fault.update is None:
        misfit = _misfit(fault, recording)
        if misfit is not None:
            return product_with_sigmoid(recording, misfit[0]) or corrected(recording, misfit[0].name, misfit[1], misfit[0], wrong_shape=misfit[2])
        first = _custom(recording)
        return by_position(recording, first) or fewer(recording, first) or (corrected(recording, first.name, 0, first) if first is not None else ())
    if (run is None or run.kind.endswith("jacobian") or _custom(recording) is None) and has_axis_of_examples(recording, fault.update, run):
        return averaged_over_examples(recording, fault.update)
    crossed = _crossed(recording, fault.update)
    if crossed is not None and (own := in_order(recording, fault.update.span, crossed[0])):
        return own
    wrong = [(s, g) for s, g in zip(run.sources, run.gradients, strict=False) if g.shape is not None and s.shape is not None and g.shape != s.shape] if run is not None else []
    for op in (o for o in recording.ops if o.type == "CustomGradient" and o.phase == "forward" and wrong):
        source, gradient = wrong[0]
        for position, key in enumerate(op.inputs):
            tensor = recording.tensors.get(key)
            if key == source.id or (tensor is not None and (tensor.variable == source.id or tensor.shape == source.shape)):
                return product_with_sigmoid(recording, op) or corrected(recording, op.name, position, op, wrong_shape=gradient.shape)
    return ()
