"""How findings are put together: names, places and labels, in one voice."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from gradmagic.growth import growth_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording, Span, Variable
from gradmagic.report import Finding, Label, Location
from gradmagic.syntax import spot, text_at, whole_line

TRAINING = re.compile(r"\.(fit|train_on_batch)\(")
NUMBERED = re.compile(r"_\d+$")
ORDINALS = {0: "the first", 1: "the second", 2: "the third"}


def location(span: Span | None) -> Location | None:
    """The place of a finding, as the report writes it."""
    if span is None:
        return None
    if not (span.column or span.end_column):
        span = whole_line(span)
    return Location(span.cell, span.file, span.line, span.column, span.end_line, span.end_column, span.code, span.function)


def code(text: str) -> str:
    """Text as code: in backticks, on one line, with none of its own."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def article(noun: str) -> str:
    """The article of a noun, as it is spoken: an `ndarray`, a `dict`."""
    return "an" if noun[:1].lower() in tuple("aeio") or noun.startswith("nd") else "a"


def a(noun: str) -> str:
    """A noun with its article."""
    return f"{article(noun)} {noun}"


def listing(names: Iterable[str], most: int = 3) -> str:
    """`a`, `b` and 4 more."""
    known = list(dict.fromkeys(names))
    shown = [code(n) for n in known[:most]]
    if len(known) > most:
        return ", ".join(shown) + f" and {len(known) - most} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1] if shown else "the sources"


def subject(fault: Fault, what: str) -> str:
    """The beginning of a message: whose gradient it is and what it looks like."""
    names = fault.names
    if len(names) == 1:
        return f"the gradient of {listing(names)} is {what}"
    layer = common_layer(names)
    if len(names) > 3 and layer and fault.run is not None:
        all_ = len({s.name for s in fault.run.sources if s.name.startswith(layer + "/")} | set(names))
        return f"the gradients of {'all' if all_ == len(set(names)) else f'{len(set(names))} of the'} {all_} variables of {code(layer)} are {what}"
    return f"the gradients of {listing(names)} are {what}"


def common_layer(names: Iterable[str]) -> str | None:
    """The innermost layer that all names lie in."""
    paths = [n.split("/")[:-1] for n in names]
    if not paths or not all(paths):
        return None
    shared = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) != 1:
            break
        shared.append(parts[0])
    return "/".join(shared) or None


def number(value: float | None) -> str:
    """A number for a sentence: four digits, and `NaN`, `inf` spelled as TensorFlow prints them."""
    if value is None:
        return "unknown"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.4g}"


def called(recording: Recording, op: Op) -> str:
    """The user's expression for an op."""
    place = spot(recording, op)
    if place is None:
        return code(op.type)
    text = text_at(recording, place)
    return (_inside_training(recording, op) if TRAINING.search(text) else None) or code(text)


def _inside_training(recording: Recording, op: Op) -> str | None:
    """What of a model is at work where the user's line is the call of `fit`: a loss or a layer, by its name."""
    parts = [p for p in op.scope.split("/") if p]
    if "compile_loss" in parts:
        return f"the loss {code(parts[parts.index('compile_loss') + 1])}" if parts[-1] != "compile_loss" else "the loss"
    layer = recording.layers.get(op.layer) if op.layer is not None else None
    if layer is not None:
        return f"the layer {code(layer.name.rpartition('/')[2])}"
    known = {one.name.rpartition("/")[2] for one in recording.layers.values()}
    name = next((n for p in reversed(parts) for n in (p, NUMBERED.sub("", p)) if n in known), None)
    return f"the layer {code(name)}" if name is not None else None


def name_of(variable: Variable) -> str:
    """What the user calls a variable: the Keras path, a name of its own, or an element of what holds it."""
    if "/" in variable.path:
        return variable.path
    return next((n for n in variable.names if n.isidentifier()), (variable.names or (variable.path,))[0])


def it(names: Iterable[str]) -> str:
    """`it` for one name, `them` for several."""
    return "it" if len(set(names)) == 1 else "them"


def are(names: Iterable[str]) -> str:
    """`is` for one name, `are` for several."""
    return "is" if len(set(names)) == 1 else "are"


def target_name(fault: Fault) -> str:
    """What the user calls the target."""
    if fault.run is not None:
        for target in fault.run.targets:
            if target.name:
                return code(target.name)
        if fault.run.kind.startswith("keras"):
            return "the loss"
    return "the target"


def learned_before(fault: Fault, recording: Recording) -> bool:
    """Whether an earlier run of the call gave each source of a fault a gradient that was finite and not zero."""
    run = fault.run
    site = recording.site_of(run)
    rows = site.norms[: run.turn] if run is not None and site is not None else ()
    return bool(fault.sources) and any(all(i < len(row) and math.isfinite(row[i] or 0.0) and (row[i] or 0.0) > 0.0 for i in fault.sources) for row in rows)


def is_at_its_least(fault: Fault, recording: Recording) -> bool:
    """Whether a loss is exactly 0 since the op of the fault, which gives nothing below 0, gives nothing but 0."""
    out = recording.tensors.get(fault.op.outputs[0]) if fault.op is not None and fault.op.outputs else None
    return fault.run is not None and fault.run.target_value == 0.0 and out is not None and bool(out.all_zero)


def history(fault: Fault, recording: Recording) -> tuple[str, ...]:
    """For a call that ran many times: which run was the first bad one, and how the gradients grew before it."""
    run = fault.run
    site = recording.site_of(run)
    if run is None or site is None or not run.turn:
        return ()
    # A run is kept when it is worse than all before it.
    worse = [g.numbers for r in recording.runs_of(site.id) if r.turn < run.turn for g in r.gradients if g.numbers is not None and not g.numbers.finite]
    sentence = f"this is run {run.turn + 1} of {site.count}" if worse else f"the first {run.turn} runs of this call were finite; run {run.turn + 1} is the first that is not"
    growth = growth_of(recording, run)
    if growth is not None:
        sentence += f"; since run {growth.since} the norm of the gradients grew {number(growth.factor)} times a run"
    return (sentence,)


def finding(rule: str, fault: Fault, message: str, span: Span | None, label: str, body: str, **more: Any) -> Finding:
    """A finding with its primary label; `others` are further (span, text) labels."""
    where = location(span)
    labels = [Label(where, label, True)] if where is not None else []
    for place, text in more.pop("others", ()):
        other = location(place)
        if other is not None and other != where:
            labels.append(Label(other, text))
    body = re.sub(r"(^|(?<=[.:] ))the (?=loss|layer)", "The ", body)
    severity = more.pop("severity", "error")
    variables = more.pop("variables", fault.names)
    return Finding(rule, severity, message, where, tuple(labels), body, variables=tuple(variables), **more)
