"""A loss for classes that is given one output: what divides it by its sum makes 1 of it, and the loss for one output is the binary one."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, fix, last_name
from gradmagic.fixes.probabilities import PASSING, chosen, is_linear
from gradmagic.locate.makers import maker_behind
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

BINARY = {
    "categorical_crossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "BinaryCrossentropy",
    "softmax_cross_entropy_with_logits": "sigmoid_cross_entropy_with_logits",
}
QUOTIENTS = ("RealDiv", "DivNoNan")


def divided_by_itself(recording: Recording, op: Op | None) -> Op | None:
    """The op that divides a value by its sum over an axis of length 1 on the way to a bound; the result is 1 whatever the value is."""
    op = maker_behind(recording, op, PASSING)
    total = recording.producer.get(op.inputs[1]) if op is not None and op.type in QUOTIENTS else None
    value = recording.tensors.get(op.inputs[0]) if op is not None and op.inputs else None
    alone = value is not None and value.shape is not None and value.shape[-1:] == (1,)
    return op if op is not None and total is not None and total.type == "Sum" and alone and total.inputs[0] == op.inputs[0] else None


def binary_loss(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`CategoricalCrossentropy()` of one output → `BinaryCrossentropy()`, by its class, its function or its name; of logits where no activation makes a probability of it."""
    found = chosen(recording, place, op, BINARY, logits=True)
    if found is None:
        return ()
    code, node = found
    divided = divided_by_itself(recording, op)
    raw = divided is not None and is_linear(recording, recording.producer.get(divided.inputs[0]))
    new = _binary(code, node)
    if new is None or (raw and not isinstance(new, cst.Call)):
        return ()
    if raw and isinstance(new, cst.Call) and argument(new, None, "from_logits") is None:
        new = with_keyword(new, "from_logits", cst.Name("True"))
    return fix("use the binary loss, which is the one for a single output", "unsafe", (code, Change().replace(node, new)))


def _binary(code: Code, node: cst.BaseExpression) -> cst.BaseExpression | None:
    """The same spelling of the binary loss."""
    if isinstance(node, cst.SimpleString):
        kind = BINARY.get(str(node.evaluated_value))
        return cst.SimpleString(f"{node.prefix}{node.quote}{kind}{node.quote}") if kind is not None else None
    function = node.func if isinstance(node, cst.Call) else node
    kind = BINARY.get(last_name(function))
    if kind is None or not isinstance(function, cst.Attribute):
        return None
    renamed = function.with_changes(attr=cst.Name(kind))
    if not isinstance(node, cst.Call):
        return renamed
    return node.with_changes(func=renamed) if not any(a.star or (a.keyword is not None and a.keyword.value == "axis") for a in node.args) else None
