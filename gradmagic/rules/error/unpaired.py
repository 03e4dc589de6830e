"""Optimizers that are not given pairs of a gradient and its variable: how that is told."""

from __future__ import annotations

from gradmagic.fixes.pairs import gradients_first, unpaired_gradients
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import code, finding


def unpaired(fault: Fault, recording: Recording) -> Finding | None:
    """`apply_gradients(grads)`, which takes pairs."""
    found = unpaired_gradients(recording, fault.span) if fault.cause == "unpaired" else None
    if found is None or recording.raised is None:
        return None
    gradients, sources = code(found[2].value), found[0].text(found[3])
    return finding(
        "error/gradient-shape-mismatch",
        fault,
        f"`apply_gradients` takes pairs, and {gradients} holds the gradients alone",
        fault.span,
        f"raises {recording.raised.type}: these are no pairs of a gradient and a variable",
        f"`apply_gradients` goes through (gradient, variable) pairs. {gradients} is what the gradient call returned, without the variables; the optimizer raises {code(recording.raised.type)}.",
        help=f"give it {code(f'zip({found[2].value}, {sources})')}",
        variables=(),
    )


def turned_round(fault: Fault, recording: Recording) -> Finding | None:
    """`zip(variables, gradients)`, which takes the gradients first."""
    update = fault.update
    if update is None or update.raised is None or not gradients_first(recording, update.span):
        return None
    return finding(
        "error/gradient-shape-mismatch",
        fault,
        "the optimizer is given the variables first and the gradients second",
        update.span,
        "the pairs are turned round",
        f"`apply_gradients` takes pairs of a gradient and its variable, in this order. Here each variable stands in the place of its gradient, and the optimizer raises {code(update.raised.type)}.",
        help="put the gradients first: `zip(gradients, variables)`",
        variables=(),
    )
