"""The source takes part in the computation, and the tape does not watch it.

What it finds
    A source that the target is computed from by differentiable ops only: a tensor without `tape.watch`, a variable with `trainable=False`, or any variable under `watch_accessed_variables=False`.

Why it happens
    A tape follows what it watches: every trainable variable that is read, and what `tape.watch` was called with. All else is constant to it.

Example
    import tensorflow as tf
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    grad = tape.gradient(y, x)

Use instead
    import tensorflow as tf
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    grad = tape.gradient(y, x)

Fix safety
    Safe: watching does not change any value.

Not a problem when
    The variable is a statistic (BatchNormalization's moving mean) or a seed that no gradient is meant for.
"""

from __future__ import annotations

from gradmagic.assignments import frozen_at
from gradmagic.fixes.dtypes import trainable
from gradmagic.fixes.plain_tensors import as_variables, made_as_tensors, updated_at
from gradmagic.fixes.sources import trainable_variables
from gradmagic.fixes.state import rebound
from gradmagic.fixes.watches import watched, watching_by_itself
from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import are, finding, it, listing, subject, target_name


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run = fault.run
    if fault.cause != "unwatched" or run is None:
        return None
    source = run.sources[fault.sources[0]]
    tape = recording.tapes.get(run.tape) if run.tape is not None else None
    names = listing(fault.names)
    severity, made = "error", None
    updated = updated_at(recording, run, fault.sources)
    if updated is not None:
        return _tensors(fault, recording, run, updated)
    if fault.detail.get("late"):
        why = f"`tape.watch` was called after {names} had been used"
        help_ = f"call `tape.watch` before {names} is used, as the first line of the tape's block"
    elif source.kind == "tensor":
        why = f"{names} {'is a plain tensor' if len(fault.names) == 1 else 'are plain tensors'}, and `tape.watch` was not called with {'it' if len(fault.names) == 1 else 'them'}"
        help_ = f"add `tape.watch({source.name})` as the first line of the tape's block" if source.name.isidentifier() else "call `tape.watch` with the tensor first"
    elif tape is not None and not tape.watch_accessed_variables:
        why = "the tape was opened with `watch_accessed_variables=False`"
        help_ = "call `tape.watch` with the variables, or leave `watch_accessed_variables` out"
    elif source.trainable is False:
        why = f"{names} {'was' if len(fault.names) == 1 else 'were'} made with `trainable=False`"
        help_ = f"if {names} {'is' if len(fault.names) == 1 else 'are'} to be trained, make {'it' if len(fault.names) == 1 else 'them'} with `trainable=True`; if not, leave {'it' if len(fault.names) == 1 else 'them'} out of the sources"
        made = frozen_at(recording, source.id)
        severity = "note" if any(not g.missing for g in run.gradients) else "error"
    else:
        return None
    asked = run.span if source.trainable is False else fault.span or run.span
    return finding(
        "none/not-watched",
        fault,
        f"{subject(fault, 'None')}: {why}",
        made or asked,
        f"keeps {names} out of what a tape watches" if made is not None else f"does not watch {names}",
        f"{target_name(fault)} is computed from {names} by differentiable ops only. The tape follows trainable variables and what it was told to watch: {why}.",
        others=[(asked, f"asked for here, {names} is not watched")] if made is not None else [],
        severity=severity,
        help=help_,
    )


def _tensors(fault: Fault, recording: Recording, run: GradientRun, updated: Span) -> Finding:
    """Plain tensors that the cell then updates as if they were variables."""
    names, one = listing(fault.names), len(fault.names) == 1
    what, places = "a plain tensor" if one else "plain tensors", [given.span for given in made_as_tensors(recording, run, fault.sources)]
    return finding(
        "none/not-watched",
        fault,
        f"{subject(fault, 'None')}: {names} {are(fault.names)} {what}, not {'a variable' if one else 'variables'}",
        places[0] if places else fault.span or run.span,
        "makes a plain tensor" if places else f"does not watch {names}",
        f"{target_name(fault)} is computed from {names} by differentiable ops only. The tape follows trainable variables and what it was told to watch, and {names} {are(fault.names)} {what}. "
        f"What updates {it(fault.names)} behind the gradient call raises AttributeError: a tensor cannot be given another value.",
        others=[*((place, "makes a plain tensor") for place in places[1:]), (updated, "only a variable can be updated here")],
        help=f"make {it(fault.names)} with `tf.Variable`",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    run = fault.run
    if run is None:
        return ()
    if updated_at(recording, run, fault.sources) is not None:
        return as_variables(recording, run, fault.sources)
    if "watch_accessed_variables" in found.message + found.body and (every := watching_by_itself(recording, run)):
        return every
    frozen = all(run.sources[i].trainable is False for i in fault.sources)
    chosen = trainable(recording, run, fault.sources) or trainable_variables(recording, run) if frozen else ()
    return (*chosen, *rebound(recording, run), *watched(recording, run, fault.sources))
