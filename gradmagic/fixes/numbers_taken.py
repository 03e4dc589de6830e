"""Python numbers that are taken out of tensors one by one, and the tensors that they were."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.code import Code, last_name
from gradmagic.fixes.leavings import taken_by
from gradmagic.recording import Recording


def leaving(code: Code, place: Place) -> cst.Call | None:
    """The call at a place that takes a value out of TensorFlow as a number or an array."""
    return next((n for n in code.expressions_at(place) if isinstance(n, cst.Call) and leaves(n)), None) if place is not None else None


def leaves(call: cst.Call) -> bool:
    """Whether a call is `float(v)`, `v.numpy()` or `v.item()`."""
    return (isinstance(call.func, cst.Name) and call.func.value == "float" and len(call.args) == 1) or (
        isinstance(call.func, cst.Attribute) and last_name(call.func) in ("numpy", "item") and not call.args
    )


def whole_number(code: Code, call: cst.Call) -> cst.BaseExpression:
    """The expression that takes a value out of TensorFlow with what follows it: `float(v.numpy()[0])`."""
    node: cst.BaseExpression = call
    while True:
        parent = code.parent(node)
        outer = code.parent(parent) if isinstance(parent, (cst.Attribute, cst.Arg)) else None
        if isinstance(parent, cst.Subscript) and parent.value is node:
            node = parent
        elif isinstance(outer, cst.Call) and leaves(outer):
            node = outer
        else:
            return node


def keeps_dtype(code: Code, number: cst.BaseExpression) -> bool:
    """Whether a number is still NumPy's, of the dtype of its tensor: a number of Python has none."""
    return all(last_name(c.func) == "numpy" for c in code.all(cst.Call, number) if leaves(c))


def tensor_of(recording: Recording, code: Code, number: cst.BaseExpression, call: cst.Call, tf: str) -> str:
    """A number as the tensor that it was made of, without axes where it had none."""
    inner, single = _stripped(code, number)
    shapes = {t.shape for e in taken_by(recording, code, call) if (t := recording.tensors.get(e)) is not None}
    whole = number is call or (isinstance(number, cst.Call) and number.args and number.args[0].value is call)
    return inner if not single or (whole and shapes == {()}) else f"{tf}.squeeze({inner})"


def _stripped(code: Code, node: cst.BaseExpression) -> tuple[str, bool]:
    """The code without `float()`, `.numpy()` and `.item()`, and whether these gave a single number."""
    if isinstance(node, cst.Call) and leaves(node):
        if isinstance(node.func, cst.Attribute):
            inner, single = _stripped(code, node.func.value)
            return inner, single or last_name(node.func) == "item"
        return _stripped(code, node.args[0].value)[0], True
    if isinstance(node, cst.Subscript) and any(isinstance(n, cst.Call) and leaves(n) for n in code.all(cst.Call, node.value)):
        inner, _ = _stripped(code, node.value)
        return inner + code.text(node).removeprefix(code.text(node.value)), False
    return code.text(node), False
