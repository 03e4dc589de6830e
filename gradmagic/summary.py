"""The sentence over a report."""

from __future__ import annotations

from gradmagic.recording import Recording
from gradmagic.report import Finding, GradientCall
from gradmagic.rules.phrasing import code


def summary(recording: Recording, calls: list[GradientCall], findings: list[Finding]) -> str:
    """What the report says, in one sentence a person understands."""
    return _of_worker(recording.worker, _sentence(recording, calls, findings))


def unexplained(calls: list[GradientCall]) -> bool:
    """Whether a gradient is missing, zero or not finite and no finding says a word about it: the search itself has failed."""
    return any(v.status not in ("ok", "vanishing", "exploding") and not v.findings for c in calls for v in c.variables)


def _of_worker(worker: str, sentence: str) -> str:
    """A sentence about one of several processes says which."""
    return f"{worker[0].upper()}{worker[1:]}: {sentence[0].lower() if sentence[:2].istitle() else sentence[0]}{sentence[1:]}" if worker else sentence


def run_again(name: str) -> str:
    """What to do to have a function, or a training call of Keras', looked into that was traced in an earlier cell."""
    return f"run the cell that {'compiles the model' if name in KERAS else 'defines it'} again, then this one"


KERAS = ("fit", "train_on_batch")
WORDS = {"none": "no gradient", "zero": "a zero gradient", "nan": "a NaN gradient", "inf": "an infinite gradient", "wrong": "a wrong gradient"}


def _sentence(recording: Recording, calls: list[GradientCall], findings: list[Finding]) -> str:
    """One sentence a person understands."""
    open_findings = [f for f in findings if not f.accepted and f.severity != "note"]
    rows = [v for c in calls for v in c.variables]
    if not open_findings:
        if not calls and recording.unseen:
            return f"The gradients of this cell are computed in {code(recording.unseen[0])}, which was traced in an earlier cell: {run_again(recording.unseen[0])}."
        if not calls and recording.raised is not None:
            return f"The cell raised {code(recording.raised.type)} before a gradient was computed, so there is nothing to judge."
        if not calls:
            return "The cell asked for no gradient, and there was nothing to differentiate."
        bad = [v for v in rows if v.status != "ok"]
        if not rows:
            return "No gradient was asked for."
        if not bad:
            compared = [n for n in recording.numeric if n.custom is None]
            truth = ", and agree with numerical derivatives" if len(compared) == len(rows) and all(n.agrees for n in compared) else ""
            if len(rows) == 1:
                return "The gradient is there, finite and not zero" + (", and agrees with the numerical derivative." if truth else ".")
            return f"All {len(rows)} gradients are there, finite and not zero{truth}."
        missing = [v for v in bad if v.status not in ("vanishing", "exploding")]
        if unexplained(calls):
            return f"{len(rows) - len(missing)} of {len(rows)} gradients are there; gradmagic could not find out what became of the others."
        others = "the others are explained below and raise" if missing else "what is out of scale is explained below and raises"
        return f"{len(rows) - len(missing)} of {len(rows)} gradients are there; {others} no alarm."
    first = open_findings[0]
    where = f"line {first.location.line}" if first.location is not None else "the cell"
    if first.location is not None and first.location.cell not in ("current", None):
        where = f"cell [{first.location.cell}], {where}"
    elif first.location is not None and first.location.file is not None:
        where = f"{first.location.file}, {where}"
    call = calls[first.call] if first.call is not None and first.call < len(calls) else None
    family = first.rule.partition("/")[0]
    status = {"nonfinite": "nan"}.get(family, family)
    if call is not None and family in ("none", "zero", "nonfinite") and first.variables:
        bad = [v for v in call.variables if v.status == status or (family == "nonfinite" and v.status in ("nan", "inf"))]
        if family == "nonfinite" and bad and all(v.status == "inf" for v in bad):
            status = "inf"
        explained = [v for v in bad if findings.index(first) in v.findings]
        verb = "gets" if len(bad) == 1 else "get"
        reason = first.message.partition(": ")[2] or first.message
        if explained and len(call.variables) == 1:
            return f"{code(call.variables[0].name)} gets {WORDS[status]}: {reason} ({where})."
        if explained:
            reason = f": {reason}" if len(explained) == len(bad) else f"; for {len(explained)} of them {reason}"
            return f"{len(bad)} of {len(call.variables)} variables {verb} {WORDS[status]}{reason} ({where})."
    # The target itself may be what is wrong, or a run whose gradients are not those of the table.
    more = f" ({len(open_findings)} findings)" if len(open_findings) > 1 else ""
    return f"{first.message[0].upper()}{first.message[1:]} ({where}).{more}"
