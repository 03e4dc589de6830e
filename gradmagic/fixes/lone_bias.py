"""A bias of a single number that is added to all scores of a softmax alike: the softmax does not see it; with one number for each class it does."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, fix, last_name
from gradmagic.fixes.flow import assignments_of, pairs_of
from gradmagic.fixes.names import names_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

ADDING = ("AddV2", "Add", "BiasAdd")
READING = ("ReadVariableOp", "Identity", "Cast")


def bias_of_each_class(recording: Recording, fault: Fault) -> tuple[Fix, ...]:
    """`b = tf.Variable(0.0)` → `b = tf.Variable(tf.zeros([K]))`, with the `K` that the weights beside it are made with."""
    keys = {fault.run.sources[i].id for i in fault.sources} if fault.run is not None else set()
    variable = recording.variables.get(next(iter(keys))) if len(keys) == 1 else None
    tf = names_of(recording).tf
    if variable is None or variable.shape is None or variable.shape not in ((), (1,)) or tf is None:
        return ()
    added = _added(recording, variable.id)
    scores = recording.tensors.get(added.outputs[0]) if added is not None else None
    classes = scores.shape[-1] if scores is not None and scores.shape else None
    if added is None or classes is None or classes < 2:
        return ()
    for name in fault.names:
        for code in cells(recording):
            for assign in reversed(assignments_of(code, name)):
                call = next((v for t, v in pairs_of(assign) if code.text(t) == name), None)
                if isinstance(call, cst.Call) and last_name(call.func) == "Variable" and call.args and (first := _start(code, call.args[0].value)) is not None:
                    shape = f"[{_classes(recording, added) or classes}]"
                    value = f"{tf}.zeros({shape})" if float(first) == 0 else f"{tf}.fill({shape}, {first})"
                    return fix(f"give `{name}` a number for each class", "unsafe", (code, Change().replace(call.args[0].value, code.expression(value))))
    return ()


def _added(recording: Recording, key: int) -> Op | None:
    """The op that adds a variable to something larger."""
    waiting = [key]
    while waiting:
        for op in recording.consumers.get(waiting.pop(), ()):
            if op.phase != "forward":
                continue
            if op.type in ADDING:
                return op
            if op.type in READING:
                waiting += op.outputs
    return None


def _start(code: Code, value: cst.BaseExpression) -> str | None:
    """The one number that a variable begins with."""
    if isinstance(value, cst.Call) and value.args:
        return "0.0" if last_name(value.func) == "zeros" else _start(code, value.args[0].value) if last_name(value.func) == "constant" else None
    if isinstance(value, (cst.List, cst.Tuple)) and len(value.elements) == 1:
        return _start(code, value.elements[0].value)
    return code.text(value) if isinstance(value, (cst.Float, cst.Integer)) else None


def _classes(recording: Recording, added: Op) -> str | None:
    """What the number of classes is called where the weights in front of the sum are made: the second size of their shape."""
    product = next((p for i in added.inputs if (p := recording.producer.get(i)) is not None and p.type == "MatMul"), None)
    for key in product.inputs if product is not None else ():
        made = recording.producer.get(key)
        variable = recording.variables.get(made.inputs[0] if made is not None and made.type in READING and made.inputs else key)
        for name in variable.names if variable is not None else ():
            for code in cells(recording):
                shapes = [
                    [e.value for e in s.elements] for a in assignments_of(code, name) for s in [*code.all(cst.List, a.value), *code.all(cst.Tuple, a.value)] if isinstance(s, (cst.List, cst.Tuple))
                ]
                sizes = [s[1] for s in shapes if len(s) == 2 and isinstance(s[1], cst.Name)]
                if len(sizes) == 1:
                    return code.text(sizes[0])
    return None
