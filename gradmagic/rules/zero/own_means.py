"""The words for a value of which its own mean is taken away."""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.locate.lone_means import is_single
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import called, finding, listing, subject
from gradmagic.syntax import spot

MORE_VALUES = "leave the normalisation of a single value out, or normalise over more of them"


def of_own_mean(fault: Fault, op: Op, recording: Recording) -> Finding:
    if is_single(recording, op):
        return finding(
            "zero/stationary-point",
            fault,
            f"{subject(fault, 'zero')}: {called(recording, op)} takes the mean of a single number away from it, and nothing is left",
            spot(recording, op),
            "always 0: a single number is its own mean",
            f"What is centred here is a single number in this run, so the difference is 0 whatever the number is. That leaves no gradient for {listing(fault.names)}.",
            # The last batch may have one example, and an episode one step: the other runs teach.
            severity="note" if _has_others(fault, recording) else "warning",
            help="leave a single number as it is, or centre over more of them",
        )
    tensor = recording.tensors.get(op.outputs[0])
    shape = f" of the shape {tuple(tensor.shape)}" if tensor is not None and tensor.shape is not None else ""
    return finding(
        "zero/stationary-point",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} takes a mean over an axis of length 1 away, and nothing is left",
        spot(recording, op),
        "always 0: each value is its own mean here",
        f"This mean runs over an axis of length 1, so it is the value itself, and the difference{shape} is 0 whatever goes in. That leaves no gradient for {listing(fault.names)}.",
        severity="warning",
        help=MORE_VALUES
        if tensor is not None and tensor.shape is not None and len(tensor.shape) > 2
        else "take the mean over the axis that counts the examples: `axis=0` for values of the shape (batch, 1)",
    )


def _has_others(fault: Fault, recording: Recording) -> bool:
    """Whether another run of the call has a gradient for the same sources."""
    run = fault.run
    others = [r for r in recording.runs_of(run.site) if r is not run and len(r.gradients) == len(run.gradients)] if run is not None else []
    return any(all((n := r.gradients[i].numbers) is not None and n.finite and not n.all_zero for i in fault.sources) for r in others)
