"""The result of a metric as the loss: a loss with a gradient in its place, and the metric among the metrics."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.layers import last_activation
from gradmagic.fixes.losses import BEHIND, COUNTS
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

UPDATES = ("update_state", "result", "reset_state", "__call__")


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric that a line updates: its name, the call that makes it, and the loss that is trained for it."""

    code: Code
    use: cst.Call
    name: str
    maker: cst.Call
    made_in: Code
    loss: str


def metric_at(recording: Recording, place: Place) -> Metric | None:
    """The metric of Keras that is updated at a place, where it counts."""
    code, names = code_at(recording, place), names_of(recording)
    for call in code.expressions_at(place) if code is not None and place is not None else ():
        if code is None or not isinstance(call, cst.Call):
            continue
        name = dotted(call.func.value if isinstance(call.func, cst.Attribute) and call.func.attr.value in UPDATES else call.func)
        for other in cells(recording) if name else ():
            for assign in reversed(other.all(cst.Assign)):
                made = assign.value
                if isinstance(made, cst.Call) and dotted(assign.targets[0].target) == name and "metrics" in names.module(made.func).split("."):
                    loss = COUNTS.get(last_name(made.func))
                    return Metric(code, call, name, made, other, loss) if loss is not None else None
    return None


def loss_beside(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`compile(loss=auc_loss)`, a function that returns what `auc` has counted → `compile(loss="binary_crossentropy", metrics=[auc])`."""
    found = metric_at(recording, place)
    function = found.code.function(found.use) if found is not None else None
    wanted = BEHIND.get(found.loss) if found is not None else None
    if found is None or function is None or (wanted is not None and last_activation(recording) != wanted):
        return ()
    inside = found.made_in is found.code and found.code.function(found.maker) is function
    metric = found.made_in.text(found.maker) if inside else found.name
    for code in cells(recording):
        for call in reversed(code.all(cst.Call)):
            loss = argument(call, 1, "loss") if last_name(call.func) == "compile" else None
            if loss is None or not isinstance(loss.value, cst.Name) or loss.value.value != function.name.value:
                continue
            change, listed = Change().replace(loss.value, cst.SimpleString(f'"{found.loss}"')), argument(call, None, "metrics")
            if listed is None:
                change.replace(call, lambda n: with_keyword(n, "metrics", cst.List([cst.Element(cst.parse_expression(metric))])))  # type: ignore[arg-type]
            elif isinstance(listed.value, cst.List):
                change.replace(listed.value, code.expression("[" + ", ".join([*(code.text(e.value) for e in listed.value.elements), metric]) + "]"))
            else:
                return ()
            return fix(f"train on `{found.loss}`, and keep the metric to look at", "unsafe", (code, change))
    return ()
