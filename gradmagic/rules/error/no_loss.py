"""There is nothing to differentiate: no loss compiled, or an empty list.

What it finds
    The gradient call or the optimizer raised, and there was no loss, no gradient or no variable.

Why it happens
    A model that was compiled without a loss has nothing to train on; an optimizer that is given an empty list has nothing to do.

Example
    import tensorflow as tf
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.apply_gradients([])

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.apply_gradients([(tf.constant(1.0), w)])

Fix safety
    Depends on the loss.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

import re

from gradmagic.fixes.by_path import chosen_by_path
from gradmagic.fixes.frozen import asked_model, freeze_the_inner, freezing_line
from gradmagic.fixes.layers import compiled_with_loss
from gradmagic.fixes.listed_early import listed_late
from gradmagic.fixes.listed_unbuilt import listed_unbuilt, listed_when_built
from gradmagic.fixes.source_lists import computed_with
from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Recording, TrainingCall
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing

UNBUILT = "was made of the variables of {}, and there were none then: a layer makes them at its first call, which came later."
NOTHING = "lists what there is at this point: nothing"
ONCE_BUILT = "call the layers, or the model, once before their variables are listed, or list them where they are used"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run, update, call = fault.run, fault.update, fault.detail.get("call")
    if fault.cause == "training" and isinstance(call, TrainingCall) and call.raised is not None and re.search(r"no loss|loss to compute|compile\(\)", call.raised.message, re.IGNORECASE):
        return finding(
            "error/no-loss",
            fault,
            f"{code(call.model)} has no loss to train with",
            call.span,
            f"raised {call.raised.type} before any gradient was computed",
            f"Keras says: {call.raised.message.splitlines()[0][:300]}",
            help=f"compile {code(call.model)} with `loss=…`, call `self.add_loss`, or return a loss from `train_step`",
            variables=(),
        )
    if fault.cause == "nothing" and update is None and run is not None:
        return _asked_for_nothing(fault, run, recording)
    if update is not None and not update.pairs:
        model = asked_model(recording, _without_sources(recording))
        line = freezing_line(recording, model)
        if model is not None and line is not None:
            return finding(
                "error/no-loss",
                fault,
                f"the optimizer was given an empty list: {code(model)} has no trainable weight",
                update.span,
                "no gradient and no variable",
                f"The list that the optimizer was given has no (gradient, variable) pair: every layer of {code(model)} has `trainable = False`, so the list of its trainable weights is empty.",
                others=[(line, f"freezes every layer of {code(model)}")],
                help="leave the layers trainable that are to learn: freeze those of the inner model only, or all but the last",
            )
        early = listed_unbuilt(recording, update.span)
        if early is not None:
            owners = listing(early[1])
            return finding(
                "error/no-loss",
                fault,
                f"the optimizer was given an empty list: it was made before {owners} had variables",
                update.span,
                "no gradient and no variable",
                f"The list that the optimizer was given has no (gradient, variable) pair. It {UNBUILT.format(owners)}",
                others=[(early[0], NOTHING)],
                help=ONCE_BUILT,
            )
        return finding(
            "error/no-loss", fault, "the optimizer was given an empty list", update.span, "no gradient and no variable", "The list that the optimizer was given has no (gradient, variable) pair."
        )
    if run is not None and run.raised is not None and (run.target_type == "NoneType" or "No loss" in run.raised.message):
        return finding(
            "error/no-loss",
            fault,
            "there is no loss to differentiate",
            run.span,
            "the target is None",
            "The gradient call was given None as its target.",
            help="compile the model with a loss, or return the loss from the function",
        )
    return None


def _asked_for_nothing(fault: Fault, run: GradientRun, recording: Recording) -> Finding:
    early = listed_unbuilt(recording, run.span)
    owners = listing(early[1]) if early is not None else ""
    return finding(
        "error/no-loss",
        fault,
        "the gradient call is asked for nothing: its list of sources is empty" + (f", as it was made before {owners} had variables" if early is not None else ""),
        run.span,
        "an empty list of sources",
        "The call returns an empty list, and nothing is trained by it." + (f" The list {UNBUILT.format(owners)}" if early is not None else ""),
        others=[(early[0], NOTHING)] if early is not None else [],
        severity="warning",
        help=ONCE_BUILT if early is not None else "look at the list: a name that no variable has, a model without a trainable weight, layers that nothing has called yet",
        variables=(),
    )


def _without_sources(recording: Recording) -> GradientRun | None:
    return next((r for r in reversed(recording.runs) if not r.sources and r.raised is None), None)


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.update is None and fault.cause != "nothing":
        return compiled_with_loss(recording)
    empty = _without_sources(recording)
    place = fault.update.span if fault.update is not None else fault.span
    listed = freeze_the_inner(recording, asked_model(recording, empty)) or listed_late(recording, empty) or listed_when_built(recording, place)
    return listed or chosen_by_path(recording, empty, place) or computed_with(recording, empty)
