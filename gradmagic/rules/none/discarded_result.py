"""The source is read and results are computed from it, but none of them reaches the target.

What it finds
    Ops under the tape used the source. The last of their results is used by nothing on the way to the target: no line reads the name, a function gets it as a parameter that it never reads, or a `TensorArray` is written to and its new value dropped.

Why it happens
    A result that is computed and not used (often a variable name confused with its neighbour) has no influence on the loss.

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        h = a * 3.0
        m = h * b
        loss = h * h
    grads = tape.gradient(loss, [a, b])

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        h = a * 3.0
        m = h * b
        loss = m * m
    grads = tape.gradient(loss, [a, b])

Fix safety
    Using the result changes the loss: unsafe.

Not a problem when
    The unused part is a head of a larger model that this loss does not need. Or the target is made of a derivative (a gradient penalty, a curvature): what is only added to the
    first target, like the last bias of a critic, is gone in its derivative.
"""

from __future__ import annotations

import ast

from gradmagic.assignments import dropped_write, unread_line
from gradmagic.definitions import parameter_never_read
from gradmagic.dropped_results import dropped_by_caller, left_by_call
from gradmagic.fixes.activations import nonlinear
from gradmagic.fixes.entries import OldEntry, new_entry, old_entry
from gradmagic.fixes.every_output import as_many_as_results, to_the_last
from gradmagic.fixes.functional import kept_array, kept_result
from gradmagic.fixes.initial_states import carried_on, fits_nowhere, initial_state
from gradmagic.fixes.losses import output_with_loss, summed
from gradmagic.fixes.mixed_up import meant_model, meant_target, unread_parameter, unread_result
from gradmagic.fixes.own_losses import own_loss
from gradmagic.fixes.parameters import is_parameter, read_by_its_name
from gradmagic.fixes.samples import drawn_and_unread, sample_for_mean
from gradmagic.fixes.sources import meant, result_used, taken_in
from gradmagic.fixes.threaded import handed_on
from gradmagic.fixes.tracking import left_out
from gradmagic.fixes.zero_turns import one_turn
from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Op, Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, it, listing, subject, target_name
from gradmagic.short_zips import ShortZip, short_zip
from gradmagic.syntax import statement_at, text_at, use_of

ADDED = "`add_loss` keeps it in `losses` of the layer and of the model: `fit` adds those by itself, a loop of one's own has to add `sum(model.losses)` to the target"

UNDER_TAPE = "under the tape"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause == "derived" and fault.run is not None:
        return _derivative(fault, recording, fault.run)
    if fault.cause != "discarded" or op is None:
        return None
    names = listing(fault.names)
    kind = fault.run.kind if fault.run is not None else ""
    functions = {o.span.function for o in recording.ops if o.span is not None and o.span.function}
    unread = parameter_never_read(recording, [op.span, use_of(recording, op)], functions, kind.startswith("keras"))
    if unread is not None:
        return finding(
            "none/discarded-result",
            fault,
            f"{subject(fault, 'None')}: {code(f'{unread.function}')} never reads {code(text_at(recording, unread))}, which it gets from them",
            unread,
            "given to the function, and read nowhere in it",
            f"The forward pass reads {names}, and the result goes to {code(f'{unread.function}')} as {code(text_at(recording, unread))}. No line of that function reads this parameter, so {target_name(fault)} does not depend on {names}.",
            others=[(use_of(recording, op), "the result that is not used")],
            certainty="likely",
            help=f"look at the lines of {code(f'{unread.function}')}: one of them was meant to read {code(text_at(recording, unread))}, and may name another parameter twice",
        )
    short = short_zip(recording, op)
    if short is not None:
        return _left_by_zip(fault, recording, short)
    lost, beyond = _lost(fault, op, recording), None
    if lost is None:
        lost = beyond = _read_behind_the_block(fault, op, recording)
    if lost is not None:
        where = UNDER_TAPE if beyond is not None else ""
        return finding(
            "none/discarded-result",
            fault,
            f"{subject(fault, 'None')}: the result of {code(text_at(recording, lost))} is not used{f' {where}' if where else ''}",
            lost,
            f"computed here, and not read {where}" if where else "computed here, and read nowhere",
            f"The forward pass reads {names}, and what is computed from {it(fault.names)} comes out of this expression. No line {f'{where} ' if where else ''}reads the result, so {target_name(fault)} does not depend on {names}.",
            certainty="likely",
            help="use the result in what follows",
        )
    old = old_entry(recording, op)
    if old is not None:
        return _old_entry(fault, recording, old)
    sample = drawn_and_unread(recording, _ids(fault))
    # Where a layer was made is another question than where it was called.
    inner = use = use_of(recording, op)
    if use is not None and fault.run is not None and (left := left_by_call(recording, fault.run, op, set(_ids(fault)), use) or dropped_by_caller(recording, use, by_turns=True)) is not None:
        use = left
    result = code(text_at(recording, use)) if use is not None and not kind.startswith("keras") else called(recording, op)
    makers = _makers(fault, op, recording)
    whose = f"what {listing(makers)} compute{'s' if len(set(makers)) == 1 else ''} does not reach" if makers else f"the result of {result} does not reach"
    return finding(
        "none/discarded-result",
        fault,
        f"{subject(fault, 'None')}: {whose} {target_name(fault)}",
        use,
        "computed here, and not used for the target",
        f"The forward pass reads {names}, and results are computed from {it(fault.names)}. The last of them, {result}, is used by no op that leads to {target_name(fault)}, so "
        f"{target_name(fault)} does not depend on {names}.",
        others=[(sample[1], f"{code(sample[0])} is computed from {it(fault.names)} as well, and no line reads it")]
        if sample is not None and (use is None or (sample[1].cell, sample[1].line) != (use.cell, use.line))
        else [(inner, "what it gives back is computed here")]
        if inner is not use
        else [],
        help=ADDED
        if op.span is not None and "add_loss(" in op.span.code
        else f"use the result in what follows{'' if fault.run is not None and fault.run.kind.startswith('keras') else f', or leave {it(fault.names)} out of the sources'}",
    )


def _left_by_zip(fault: Fault, recording: Recording, short: ShortZip) -> Finding:
    names, results = listing(fault.names), code(text_at(recording, short.use))
    last = "the last of them is" if short.left == 1 else f"the last {short.left} of them are"
    return finding(
        "none/discarded-result",
        fault,
        f"{subject(fault, 'None')}: {code(text_at(recording, short.span))} ends after {short.length}, and {results} gives {short.length + short.left}",
        short.span,
        f"ends with the shortest: {code(short.name)} has {short.length}",
        f"{results} gives {short.length + short.left} results, and `zip` goes on for as long as each list has an element. {code(short.name)} has {short.length}, so {last} not used for {target_name(fault)}, "
        f"which does not depend on {names}.",
        others=[(short.use, f"gives {short.length + short.left} results"), *([(short.listed, f"{short.length} elements")] if short.listed.line != short.span.line else [])],
        help="give each of the results an element, and let `zip(…, strict=True)` raise where their numbers differ",
    )


def _old_entry(fault: Fault, recording: Recording, old: OldEntry) -> Finding:
    names, it_ = listing(fault.names), it(fault.names)
    return finding(
        "none/discarded-result",
        fault,
        f"{subject(fault, 'None')}: what is computed from {it_} is put under `{old.key}`, and {code(old.text)} is read",
        old.read_at,
        f"the value from before; the new one is under `{old.key}`",
        f"The forward pass reads {names}, and the result is put into a dictionary under the key `{old.key}`, which no other line mentions. This line reads {code(old.text)}, an entry that the result was "
        f"computed from, so {target_name(fault)} does not depend on {names}.",
        others=[(old.kept_at, "the result is put here, and read nowhere")],
        certainty="likely",
        help="read the new entry, or put the result under the key that is read",
    )


def _ids(fault: Fault) -> tuple[int, ...]:
    return tuple(fault.run.sources[i].id for i in fault.sources) if fault.run is not None else ()


def _makers(fault: Fault, op: Op, recording: Recording) -> list[str]:
    """The layers that the sources belong to, by name, where the last result came from a layer that has no variables, such as a `Dropout`."""
    last, owners = recording.layers.get(op.layer) if op.layer is not None else None, [recording.layers.get(o.layer) if o.layer is not None else None for o in fault.ops]
    if last is None or not last.library or None in owners or op.layer in {o.layer for o in fault.ops}:
        return []
    return list(dict.fromkeys(name for i in fault.sources if fault.run is not None and (name := fault.run.sources[i].name.rpartition("/")[0].rpartition("/")[2])))


def _lost(fault: Fault, op: Op, recording: Recording) -> Span | None:
    """Where a result is dropped that came out of a function or a loop further in."""
    run = fault.run
    tape = recording.tapes.get(run.tape) if run is not None and run.tape is not None else None
    end = op.span
    if run is None or run.span is None or end is None:
        return None
    write = dropped_write(recording, {o.span.function for o in fault.ops if o.span is not None} | {end.function})
    if write is not None:
        return write
    unread = unread_line(recording, tape.span, run.span, end) if tape is not None and tape.span is not None else None
    use = use_of(recording, op)
    return unread or (dropped_by_caller(recording, use) if use is not None else None)


def _read_behind_the_block(fault: Fault, op: Op, recording: Recording) -> Span | None:
    """A call in the tape's block whose result is shown or returned, and read by no line of the block."""
    tape = recording.tapes.get(fault.run.tape) if fault.run is not None and fault.run.tape is not None else None
    use = use_of(recording, op)
    lost = dropped_by_caller(recording, use, tape.span) if tape is not None and tape.span is not None and use is not None else None
    # What the gradient is asked of is no result that is left behind, whatever became of it on the way.
    line = statement_at(recording, lost) if lost is not None else None
    named = {n.id for t in line.targets for n in ast.walk(t) if isinstance(n, ast.Name)} if isinstance(line, ast.Assign) else set()
    return None if fault.run is not None and named & {t.name for t in fault.run.targets} else lost


def _derivative(fault: Fault, recording: Recording, run: GradientRun) -> Finding:
    inner: GradientRun = fault.detail["inner"]  # type: ignore[assignment]
    names, target = listing(fault.names), target_name(fault)
    first = next((code(t.name) for t in inner.targets if t.name), "the inner target")
    others = any(not g.missing for g in run.gradients)
    return finding(
        "none/discarded-result",
        fault,
        f"{subject(fault, 'None')}: the derivative that {target} is made of does not contain {'it' if len(fault.names) == 1 else 'them'}",
        inner.span,
        f"this derivative does not change when {names} {'does' if len(fault.names) == 1 else 'do'}",
        f"{first} is computed from {names}, but only its derivative goes on from here, and what is merely added to {first}, or enters it linearly, is gone in its derivative. So {target} "
        f"does not depend on {names}: a derivative of 0, for which TensorFlow answers None.",
        severity="note" if others else "warning",
        help="nothing is lost: an optimizer leaves out what has no gradient" if others else "ask with `unconnected_gradients=tf.UnconnectedGradients.ZERO` to get the 0 as a tensor",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.cause == "derived":
        return nonlinear(recording, fault.run) if fault.run is not None and all(g.missing for g in fault.run.gradients) else ()
    short = short_zip(recording, fault.op) if fault.op is not None else None
    if short is not None and found.location is not None and found.location.line == short.span.line:
        return as_many_as_results(recording, short)
    state = carried_on(recording, found.location) or initial_state(recording, found.location, fault.op)
    if state:
        return state
    if fault.run is not None and (own := own_loss(recording, fault.run, fault.sources) or one_turn(recording, fault.run, fault.sources)):
        return own
    if fits_nowhere(recording, found.location, fault.op):
        return ()
    if entry := new_entry(recording, fault.op):
        return entry
    if sample := sample_for_mean(recording, _ids(fault)):
        return sample
    if row := handed_on(recording, found.location):
        return row
    # A parameter that is never read stands in the head of its function, and no line there forgot a result.
    head = is_parameter(recording, found.location)
    used = read_by_its_name(recording, found.location) if head else kept_array(recording) or kept_result(recording, found.location)
    if not used and fault.run is not None:
        # A name that says what it stands for tells more than where the input goes.
        used = meant(recording, fault.run)
    if not used and not head:
        used = result_used(recording, found.location)
        if used and UNDER_TAPE in found.message and not taken_in(recording, fault.op, used[0]):
            used = ()
    if used or fault.run is None:
        return used
    used = meant_model(recording, fault.run) or meant_target(recording, fault.run, found.location) or unread_result(recording, fault.run, found.location)
    used = used or summed(recording, found.location, fault.run, fault.op) or unread_parameter(recording, fault.run)
    if used:
        return used
    if every := to_the_last(recording, fault.run, found.location):
        return every
    given = output_with_loss(recording, fault.op) if fault.run.kind.startswith("keras") else ()
    # Where no source has a gradient, what is left out is what was to be trained.
    return given or (left_out(recording, fault.run, fault.op, {o.layer for o in fault.ops}) if any(not g.missing for g in fault.run.gradients) else ())
