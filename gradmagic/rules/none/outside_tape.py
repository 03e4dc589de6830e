"""The source was read, or the path to the target computed, while this tape was not recording.

What it finds
    An op on every path from the target to the source ran before the `with` block, after it, under `stop_recording`, after `reset`, under another tape, or in another thread.

Why it happens
    A tape records ops only while its `with` block runs, and only those of the thread that opened it. What was computed at another time or in another thread is for this tape a constant.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    y = w * w
    with tf.GradientTape() as tape:
        loss = 3.0 * y
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = w * w
        loss = 3.0 * y
    grad = tape.gradient(loss, w)

Fix safety
    Safe: moving the computation under the tape does not change its value.

Not a problem when
    The value is meant as a constant, such as targets computed from an older model.
"""

from __future__ import annotations

import re

from gradmagic.called_objects import CALLED
from gradmagic.fixes.blocks import into_block, tape_after_reset
from gradmagic.fixes.caches import computed_each_time
from gradmagic.fixes.calls import Place
from gradmagic.fixes.closures import inside_function
from gradmagic.fixes.handed_over import handed_over
from gradmagic.fixes.kept import as_local, as_property, made_from
from gradmagic.fixes.out_of_map import mapped_under_the_tape
from gradmagic.fixes.pipelines import from_the_other_tape, out_of_the_pipeline
from gradmagic.fixes.raw_weights import raw_weight
from gradmagic.fixes.remade import as_variables, remade_in_block
from gradmagic.fixes.threads import in_this_thread
from gradmagic.leaving import copies_values
from gradmagic.locate.fault import Fault
from gradmagic.outer_calls import outermost_call
from gradmagic.recording import GradientRun, Op, Recording, Span, Tape
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import are, called, code, finding, it, listing, subject, target_name
from gradmagic.syntax import text_at, use_of

THREAD = "in a thread of its own"
BEFORE = "before the tape is opened"
EARLIER = "under an earlier tape"
BEHIND = "after the tape's block has ended"
HELP = {
    THREAD: "a tape records only the thread that opened it: compute this in the same thread, or open a tape in the function that the thread runs",
    EARLIER: "compute it anew under this tape: what an earlier run computed and kept has no history for it",
}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, run = fault.op, fault.run
    if fault.cause == "piped" and run is not None and fault.span is not None:
        return _piped(fault, recording, run, fault.span)
    if fault.cause == "before" and run is not None and fault.span is not None:
        if copies_values(recording, fault.span):
            # Under the tape it would be a constant as well.
            return None
        return _before(fault, recording, run, fault.span)
    if fault.cause != "outside" or op is None or run is None or run.tape is None:
        return None
    tape = recording.tapes.get(run.tape)
    when = _when(op, tape, recording)
    others = [(tape.span, "this tape records only what runs in its block")] if tape is not None and tape.span else []
    kept = _kept(op, recording) or _called_behind(op, tape, when)
    use = use_of(recording, op)
    outer = _moved_as_a_whole(op, tape, recording) if kept is None and when in (BEFORE, EARLIER) else None
    if outer is not None and use is not None:
        others = [(use, "computed in this call, and not recorded"), *others]
    return finding(
        "none/outside-tape",
        fault,
        f"{subject(fault, 'None')}: {code(text_at(recording, outer)) if outer is not None else called(recording, op)} runs {when}",
        outer or use,
        f"runs {when}" if outer is not None else f"runs {when}, so it is not recorded",
        f"{called(recording, op)} takes part in every path from {target_name(fault)} back to {listing(fault.names)}, and it ran {when}. For this tape its result is a constant.",
        others=others,
        help=kept or HELP.get(when, "move the line into the `with` block of the tape"),
    )


def _piped(fault: Fault, recording: Recording, run: GradientRun, span: Span) -> Finding:
    text, names = code(text_at(recording, span)), listing(fault.names)
    return finding(
        "none/outside-tape",
        fault,
        f"{subject(fault, 'None')}: {text} runs in the function of a dataset",
        span,
        "runs in the pipeline, where no tape records",
        f"{names} {are(fault.names)} read by the function that a dataset maps its elements with. That function runs in a graph of its own, while elements are fetched: what comes out of the dataset is a constant "
        f"for the tape, so {target_name(fault)} has no path to {names}.",
        others=[(run.span, "asked for here")] if run.span is not None else [],
        help="let the dataset give the plain values, and run this under the tape",
    )


def _before(fault: Fault, recording: Recording, run: GradientRun, span: Span) -> Finding:
    text, names = code(text_at(recording, span)), listing(fault.names)
    tape = recording.tapes.get(run.tape) if run.tape is not None else None
    fitted = run.kind.startswith("keras")
    others = [(tape.span, f"{names} {are(fault.names)} not read in this {'call' if fitted else 'block'}")] if tape is not None and tape.span else []
    return finding(
        "none/outside-tape",
        fault,
        f"{subject(fault, 'None')}: {text} ran before the tape is opened",
        span,
        "ran once, and what it gave is a constant for this tape",
        f"{target_name(fault)} is computed with what {text} gave before this check began. No op reads {names} under the tape, so there is no path from {target_name(fault)} to {it(fault.names)}.",
        others=others,
        certainty="likely",
        help=f"compute it {'in the method that is called in every step' if fitted else 'under the tape'}, each time anew",
    )


def _kept(op: Op, recording: Recording) -> str | None:
    """What to do about a tensor that an object keeps under an attribute, from its making or from an earlier step."""
    code = op.span.code.strip() if op.span is not None else ""
    match = re.match(r"(self\.\w+)\s*[-+*/]?=[^=]", code)
    if match is None or op.span is None:
        return None
    if op.span.function in ("__init__", "build"):
        return f"make the object in the `with` block of the tape, or compute `{match.group(1)}` in the method that is called there"
    if _by_the_user(op, recording):
        return f"`{match.group(1)}` keeps a tensor of an earlier step: do not store what is computed under a name that the next step reads"
    return None


def _called_behind(op: Op, tape: Tape | None, when: str) -> str | None:
    """What to do about a function that is called behind the block, such as in the gradient call itself."""
    function = op.span.function if op.span is not None else None
    if when != BEHIND or function is None or not function.isidentifier() or function in CALLED or tape is None or tape.span is None or function == tape.span.function:
        return None
    return f"call {code(function)} in the `with` block of the tape, and hand its result to the gradient call"


def _moved_as_a_whole(op: Op, tape: Tape | None, recording: Recording) -> Span | None:
    """The call of the function or model that an op ran in, where none of its run is recorded: no line in it can stand in the tape's block."""
    if tape is None or tape.span is None or op.span is None:
        return None
    return outermost_call(recording, op.span, tape.span, dict.fromkeys(known.span for known in recording.tapes.values() if known.span is not None))


def _by_the_user(op: Op, recording: Recording) -> bool:
    """Whether a tape of the user's recorded an op; the one that is laid around the cell has no place in it."""
    return any(t in recording.tapes and recording.tapes[t].span is not None for t in op.recorded_by)


def _when(op: Op, tape: Tape | None, recording: Recording) -> str:
    if tape is None or not tape.recording:
        return "while the tape does not record"
    if any(start <= op.seq <= end for start, end, _ in tape.stops):
        return "under `stop_recording`"
    if any(op.seq < seq for seq, _ in tape.resets) and op.seq > tape.opened:
        return "before `tape.reset()`"
    if tape.recording_at(op.seq) and not op.recorded_by:
        return THREAD
    if op.seq < tape.opened and _by_the_user(op, recording):
        return EARLIER
    if op.seq < tape.opened:
        return BEFORE
    return BEHIND


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    # What keeps a result is known by the line that computes it, also where the call of a whole function is blamed.
    inner = use_of(recording, fault.op) if fault.op is not None and fault.cause == "outside" else None
    if inner is not None and found.location is not None and (inner.cell, inner.line) != (found.location.cell, found.location.line):
        return _edits(fault, recording, found, inner) or into_block(recording, fault.run, found.location, fault.op)
    return _edits(fault, recording, found, found.location)


def _edits(fault: Fault, recording: Recording, found: Finding, place: Place) -> tuple[Fix, ...]:
    if THREAD in found.message and (here := in_this_thread(recording, fault.run)):
        return here
    if raw := raw_weight(recording, place) or as_variables(recording, place):
        return raw
    if fault.cause == "before" and fault.run is not None and (again := made_from(recording, fault.run, fault.sources)):
        return again
    if fault.cause == "before" and (made := remade_in_block(recording, fault.run, place)):
        return (*made, *as_property(recording, place))
    inside = tape_after_reset(recording, fault.run) or computed_each_time(recording, place) or as_local(recording, place) or into_block(recording, fault.run, place, fault.op)
    inside = (
        inside
        or from_the_other_tape(recording, fault.run, place)
        or out_of_the_pipeline(recording, fault.run)
        or mapped_under_the_tape(recording, fault.run)
        or handed_over(recording, fault.run, fault.op)
    )
    return inside or as_property(recording, place) or inside_function(recording, fault.run, place)
