"""Gradients were applied, and the variable did not change.

What it finds
    A variable with a gradient that is finite and not zero, which was updated and holds the same bits at the end of the cell as before its first update; a training call of a model without a single trainable weight; and a variable that is given its own value, or a blend of it with itself.

Why it happens
    A learning rate of 0, an update below half a step of the dtype, a constraint, an optimizer that adds gradients up over more steps than there are, or code that puts the old value back. In Keras 3 `trainable = False` counts from the moment it is set, also for a model that was compiled before.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.0)
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = w * w
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = w * w
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Fix safety
    The variables change, as is meant.

Not a problem when
    The first step of a warm-up from 0, or weights that are put back on purpose, as by a search for the learning rate.
"""

from __future__ import annotations

import math

from gradmagic.fixes.accumulation import every_step, kept_sums
from gradmagic.fixes.compounded import compounds, from_the_first_rate
from gradmagic.fixes.ended_schedules import begun_anew
from gradmagic.fixes.frozen import freeze_the_inner, freezing_line
from gradmagic.fixes.loss_scales import is_unscaled, with_scaled_loss
from gradmagic.fixes.rates import learning_rate
from gradmagic.fixes.set_rates import fraction_kept, how_it_is_zero, rate_set_by
from gradmagic.fixes.standing import applied_before_cleared, longer_schedule, other_model, put_back_once, without_constraint
from gradmagic.fixes.training import mixed_precision, number_as_variable, trainable_while
from gradmagic.locate.fault import Fault
from gradmagic.locate.standing import constraint_of
from gradmagic.recording import Recording, Span, TrainingCall, Update
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing, number
from gradmagic.rules.step.added_up import adds_up, clipped_to_zero, lost_sum, still_added_up
from gradmagic.sizes import NOISE

RESOLUTION = {**NOISE, "float16": 4.9e-4, "bfloat16": 3.9e-3}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause == "frozen":
        return _frozen(fault, recording)
    if fault.cause == "itself":
        return _itself(fault)
    if fault.cause == "rested":
        return _rested(fault, compounds(recording))
    if fault.cause == "undone":
        return _undone(fault)
    if fault.cause == "held":
        return _held(fault)
    update = fault.update
    if fault.cause != "still" or update is None or fault.run is None:
        return None
    if (waiting := still_added_up(fault, update) or lost_sum(fault, recording)) is not None:
        return waiting
    times = f"{update.count} times" if update.count > 1 else "once"
    reason, sure = _reason(fault, recording)
    # Adapted weights that are scored and put back are meant to be.
    sure = sure and not any(recording.put_back[s.id].used for s in (fault.run.sources[i] for i in fault.sources) if s.id in recording.put_back)
    return finding(
        "step/update-without-effect",
        fault,
        f"{listing(fault.names)} {'was' if len(fault.names) == 1 else 'were'} updated {times} and did not change{reason[0]}",
        update.span,
        "changes nothing",
        f"The gradient is finite and not zero. The update ran {times}, and {'the variable holds' if len(fault.names) == 1 else 'the variables hold'} the same bits as before the first one.{reason[1]}",
        severity="warning" if sure and (update.count > 1 or update.kind == "assign" or update.learning_rate == 0) else "note",
        certainty="certain" if sure else "likely",
        help=reason[2],
    )


def _reason(fault: Fault, recording: Recording) -> tuple[tuple[str, str, str], bool]:
    update, run = fault.update, fault.run
    assert update is not None and run is not None
    if update.learning_rate == 0 and (set_by := rate_set_by(recording)) is not None:
        return (
            f": the learning rate is 0, which {code(set_by[0])} makes it",
            f" The learning rate of {code(update.optimizer or 'the optimizer')} is 0. It was made with another one, and {code(set_by[0])} (line {set_by[1].line}) sets it.",
            how_it_is_zero(recording) or "look at what that code gives in the first turns",
        ), True
    if update.learning_rate == 0:
        return (": the learning rate is 0", f" The learning rate of {code(update.optimizer or 'the optimizer')} is 0.", "give the optimizer a learning rate above 0"), True
    if (squared := clipped_to_zero(fault, update)) is not None:
        return squared, True
    if fault.detail.get("zero") and update.kind != "assign":
        reset = _reset(recording, update)
        where = f" (line {reset.line} sets them to 0 before)" if reset is not None else ""
        return (
            ": every gradient that the optimizer is given is 0",
            f" The gradients that were computed are not zero, those that {code(update.optimizer or 'the optimizer')} is given are{where}.",
            "apply what was added up before it is set to 0" if reset is not None else "look at what happens to the gradients between the gradient call and this line",
        ), True
    if fault.detail.get("zero"):
        return (
            ": what is added is 0",
            " What this line adds is 0 in every element.",
            "look at the factor in front of the gradient: it is 0 when the line runs, or was 0 when the function was traced",
        ), True
    if update.in_graph and update.kind == "assign":
        return (": what the traced function adds is 0 or too small", " Inside a `tf.function` a Python number is a constant of the graph: it has the value that it had when the function was traced.",
                "keep the learning rate in a `tf.Variable`, or pass it to the function as a tensor"), True  # fmt: skip
    back = _put_back(fault, recording)
    if back is not None:
        return (f": line {back.line} puts the old value back", f" Line {back.line} assigns to {'it' if len(fault.sources) == 1 else 'them'} after the update, turn after turn, and what it assigns is the value from before.",
                "leave that assignment out, or keep the weights that it puts back up to date"), True  # fmt: skip
    constraint = constraint_of(recording, update, {run.sources[i].id for i in fault.sources})
    if constraint is not None:
        where = f" (line {constraint.line})" if constraint != update.span else ""
        # Weights that may not be negative stay at zero where they are pulled below.
        pulls = not all((v := run.sources[i].value) is not None and not v.norm for i in fault.sources)
        return (f": a constraint{where} gives back the old value", f" After each update the constraint of the variable is applied{where}, and what it returns are the bits from before the update.",
                "look at the constraint: it has to let the weights move"), pulls  # fmt: skip
    if is_unscaled(recording, update):
        return (
            ": the optimizer divides by a loss scale that the loss was not multiplied with",
            f" {code(update.optimizer or 'The optimizer')} is a `LossScaleOptimizer`: it divides each gradient by its loss scale, {2**15} at the start unless `initial_scale` says otherwise. No line multiplies the loss by it, so the step is that many times too short.",
            "differentiate `optimizer.scale_loss(loss)`, computed under the tape, in the place of the loss",
        ), True
    added = _added(fault, recording)
    if added is not None:
        step, resolution, dtype = added
        return (f": what is added is too small for {dtype}", f" What this line adds has the norm {number(step)}, and next to a weight of that size {dtype} cannot tell apart what is closer than about {number(resolution)}.",
                "keep the variables in float32, or take a larger learning rate"), True  # fmt: skip
    steps = []
    for index in fault.sources:
        source, numbers = run.sources[index], run.gradients[index].numbers
        if update.learning_rate is None or numbers is None or source.value is None:
            continue
        largest = max(abs(source.value.min), abs(source.value.max))
        smallest = min(abs(source.value.min), abs(source.value.max)) if source.value.min * source.value.max > 0 else 0.0
        # Adaptive optimizers move by about the learning rate, plain descent by the learning rate times the gradient.
        step = update.learning_rate * (max(abs(numbers.min), abs(numbers.max)) if update.type == "SGD" else 1.0)
        steps.append((step, (smallest or largest) * RESOLUTION.get(source.dtype, 0.0), source.dtype))
    if steps and all(math.isfinite(s) and s <= 2.0 * r for s, r, _ in steps):
        step, resolution, dtype = max(steps, key=lambda s: s[0] / s[1])
        return (
            f": the step is too small for {dtype}",
            f" The largest step is about {number(step)}, and next to a weight of that size {dtype} cannot tell apart what is closer than about {number(resolution)}: the sum is rounded back.",
            "keep the variables in float32 (`mixed_float16` does), or take a larger learning rate",
        ), True
    return ("", " Something put the old value back, or a constraint holds it.", "look for an assignment after the update, or a constraint of the variable"), False


def _reset(recording: Recording, update: Update) -> Span | None:
    """Where the variables that the optimizer is given as gradients were last set to zero before it."""
    given = {p.gradient for p in update.pairs} & set(recording.variables)
    values = [(a, recording.tensors.get(a.value)) for a in recording.assignments if a.variable in given and a.seq < update.seq and a.value is not None and a.how == "AssignVariableOp"]
    return next((a.span for a, tensor in reversed(values) if tensor is not None and tensor.all_zero), None)


def _put_back(fault: Fault, recording: Recording) -> Span | None:
    """Another line that assigns to the variables after each update."""
    update, run = fault.update, fault.run
    assert update is not None and run is not None
    keys = {run.sources[i].id for i in fault.sources}
    later = [a for a in recording.assignments if a.variable in keys and a.how == "AssignVariableOp" and a.span is not None and a.span != update.span and a.seq > update.seq]
    turns = max((sum(a.variable == key for a in later) for key in keys), default=0)
    return later[-1].span if turns >= 2 and {a.variable for a in later} == keys else None


def _held(fault: Fault) -> Finding:
    update, where = fault.update, fault.detail["constraint"]
    assert update is not None and isinstance(where, Span)
    one = len(fault.names) == 1
    return finding(
        "step/update-without-effect",
        fault,
        f"{listing(fault.names)} {'was' if one else 'were'} updated {fault.detail['count']} times and {'stays' if one else 'stay'} where {'it is' if one else 'they are'}: a constraint gives back the old value",
        update.span,
        "changes nothing",
        f"The gradient is finite and not zero, and {'the variable holds' if one else 'the variables hold'} the same bits before and after the updates but for the first ones. After each update the constraint of the variable is applied, and what it returns is the value from before.",
        others=[(where, "the constraint is applied here")],
        severity="warning",
        certainty="likely",
        help="look at the constraint: it has to let the weights move (the unit norm of a single weight leaves nothing but its sign)",
    )


def _rested(fault: Fault, compounded: bool) -> Finding:
    update, turns, count = fault.update, fault.detail["turns"], fault.detail["count"]
    assert update is not None and isinstance(turns, int)
    return finding(
        "step/update-without-effect",
        fault,
        f"the last {turns} of {count} updates change nothing: the learning rate is 0",
        update.span,
        "goes on with a learning rate of 0",
        f"The learning rate of {code(update.optimizer or 'the optimizer')} is 0 at the end of the cell, the gradients are not, and in the last {turns} of {count} runs no variable changed. "
        + ("The schedule is given the rate that it gave before, and decays that once more." if compounded else "A schedule counts steps (updates), not epochs."),
        severity="warning",
        help="compute the rate from the first one and the number of the epoch, or multiply the one that is given by the same factor each time"
        if compounded
        else "give the schedule as many steps as there are updates: the number of epochs times the number of batches; or an end value above 0",
        variables=(),
    )


def _undone(fault: Fault) -> Finding:
    times, sure = fault.detail["times"], bool(fault.detail["sure"])
    return finding(
        "step/update-without-effect",
        fault,
        f"{listing(fault.names)} {'is' if len(fault.names) == 1 else 'are'} put back {times} times, and what training made of {'it' if len(fault.names) == 1 else 'them'} is never used",
        fault.span,
        "assigns the same old values again",
        f"Between the last update and this line nothing reads the updated values, {times} times, and the values that the line assigns are the same bits each time: every round of training begins where the one before began"
        + (", has the same gradients and comes to the same end." if sure else "."),
        others=[(fault.update.span, "these updates are undone")] if fault.update is not None and fault.update.span is not None else [],
        severity="warning" if sure else "note",
        certainty="certain" if sure else "likely",
        help="put them back once, before the loop; where each round is a trial of its own, this is as it should be",
    )


def _itself(fault: Fault) -> Finding:
    return finding(
        "step/update-without-effect",
        fault,
        f"{code(str(fault.detail['text']))} assigns a variable to itself",
        fault.span,
        "gives it the value that it has",
        "The variable is given its own value, so it stays as it is.",
        severity="warning",
        help="assign the value of the other variable",
        variables=(),
    )


def _added(fault: Fault, recording: Recording) -> tuple[float, float, str] | None:
    """(norm, resolution, dtype) where all that a line adds by hand lies below what the dtype can tell apart."""
    update, run = fault.update, fault.run
    assert update is not None and run is not None
    found = []
    for source in (run.sources[i] for i in fault.sources):
        for a in recording.assignments:
            if a.variable != source.id or a.span != update.span or a.value is None or a.how not in ("AssignSubVariableOp", "AssignAddVariableOp"):
                continue
            tensor, value = recording.tensors.get(a.value), source.value
            if tensor is None or tensor.norm is None or value is None or value.min * value.max <= 0:
                return None
            found.append((tensor.norm, min(abs(value.min), abs(value.max)) * RESOLUTION.get(source.dtype, 0.0), source.dtype))
    return max(found, key=lambda f: f[0]) if found and all(step <= resolution for step, resolution, _ in found) else None


def _frozen(fault: Fault, recording: Recording) -> Finding:
    call = fault.detail["call"]
    assert isinstance(call, TrainingCall)
    line = freezing_line(recording, call.model)
    return finding(
        "step/update-without-effect",
        fault,
        f"{code(call.name)} trains nothing: none of the {call.weights} weights of {code(call.model)} is trainable",
        call.span,
        "computes a loss and changes no weight",
        f"When this call runs, {code(call.model)} has {call.weights} weights and no trainable one, so it asks for no gradient and updates nothing. Keras 3 looks at `trainable` when it traces the training step, not when the model is compiled.",
        severity="warning",
        others=[(line, "frozen here")],
        help=f"set {code(call.model + '.trainable = True')} before this call, freeze only those of its layers that are to stay, or train the two models in loops of their own",
        variables=(),
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    call, update = fault.detail.get("call"), fault.update
    if isinstance(call, TrainingCall):
        return freeze_the_inner(recording, call.model) or trainable_while(recording, found.location, call.model)
    if fault.cause == "itself":
        return other_model(recording, found.location)
    if fault.cause == "undone":
        return put_back_once(recording, fault.span)
    if fault.cause == "held":
        return without_constraint(recording, fault.names)
    if fault.cause == "rested":
        return from_the_first_rate(recording) or longer_schedule(recording, int(str(fault.detail["turns"])), int(str(fault.detail["count"])))
    if update is not None and adds_up(update) is not None:
        return every_step(recording)
    if update is not None and update.learning_rate == 0:
        return fraction_kept(recording) or longer_schedule(recording, 1, 1) or begun_anew(recording, found.location) or learning_rate(recording, update.optimizer, smaller=False)
    if update is not None and clipped_to_zero(fault, update) is not None:
        return ()
    if update is not None and fault.detail.get("zero") and update.kind != "assign":
        return kept_sums(recording, found.location) or applied_before_cleared(recording, update.span)
    if update is not None and is_unscaled(recording, update):
        return with_scaled_loss(recording, fault.run, update.span)
    if "float16" in found.message:
        return mixed_precision(recording)
    if update is not None and (back := _put_back(fault, recording)) is not None:
        return put_back_once(recording, back)
    return without_constraint(recording, fault.names) if "constraint" in found.message else number_as_variable(recording, found.location, None)
