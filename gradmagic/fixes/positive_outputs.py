"""A loss that takes the logarithm of what a layer gives, where that may be any number: an activation keeps it above 0."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.activations import kind_of, renamed
from gradmagic.fixes.calls import with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.layers import activating_layer
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numerics import takes_negatives
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

PARTS = ("StridedSlice", "Slice", "Split", "SplitV", "Unpack", "GatherV2")
PASSING = ("Cast", "Identity", "Reshape", "Squeeze", "ExpandDims", *PARTS)
LINEAR = ("MatMul", "BiasAdd", "AddV2", "Add", "Conv2D", "Einsum")
# Where a rate or a spread stands in a likelihood besides its logarithm. A probability stands there as `1 - p`, or nowhere else.
BESIDE = ("Mean", "Sum", "AddV2", "Square", "Pow", "Reciprocal", "Mul")
FIRST, SECOND = ("Sub",), ("RealDiv", "DivNoNan")
OWN = ("Dense", "Conv1D", "Conv2D", "Conv3D", "EinsumDense", "Conv2DTranspose")


def positive_output(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`Dense(1)` in front of a Poisson loss → `Dense(1, activation="softplus")`; `rate = x @ w + b` in front of `log(rate)` → its `softplus`."""
    made = raw_rate(recording, op)
    if made is None or op is None:
        return ()
    key = _part(recording, op.inputs[0])
    if key is not None:
        # The layer gives other numbers besides, which may be negative.
        return _of_part(recording, key)
    return _of_relu(recording, made) if made.type == "Relu" else _of_layer(recording, made) or _of_formula(recording, made)


def raw_rate(recording: Recording, op: Op | None) -> Op | None:
    """The linear op, or the ReLU, whose result a logarithm is taken of, with numbers below 0 or zeros in it, and that stands for a rate or a spread: the loss reads it besides."""
    if op is None or op.type != "Log":
        return None
    step = recording.producer.get(op.inputs[0])
    wanted = LINEAR if takes_negatives(recording, op) else ("Relu",)
    read: list[tuple[Op, int]] = []
    while step is not None and (step.type in PASSING or _adds_little(recording, step)):
        read += [(c, i) for o in step.outputs for c in recording.consumers.get(o, ()) for i, key in enumerate(c.inputs) if key == o and c.phase == "forward"]
        step = recording.producer.get(_value(step))
    if step is None or step.type not in wanted:
        return None
    read += [(c, i) for o in step.outputs for c in recording.consumers.get(o, ()) for i, key in enumerate(c.inputs) if key == o and c.phase == "forward"]
    from_one = any(c.type == "Sub" and i == 1 and _is_one(recording, c.inputs[0]) for c, i in read)
    beside = any((c.type in BESIDE and not _adds_little(recording, c)) or (c.type in FIRST and i == 0) or (c.type in SECOND and i == 1) for c, i in read)
    return step if beside and not from_one else None


def _part(recording: Recording, key: int) -> int | None:
    """What was taken out of the output of a layer, on the way back from a value; None where it is all of it."""
    made = recording.producer.get(key)
    while made is not None and (made.type in PASSING or _adds_little(recording, made)):
        if made.type in PARTS:
            return key
        key = _value(made)
        made = recording.producer.get(key)
    return None


def _value(op: Op) -> int:
    """What an op hands on: of a split into equal parts it is the second input."""
    return op.inputs[1 if op.type == "Split" else 0]


def _of_part(recording: Recording, key: int) -> tuple[Fix, ...]:
    """`mu, sigma = out[:, :1], out[:, 1:]` → `…, tf.nn.softplus(out[:, 1:])`; behind `mu, sigma = tf.split(out, 2, 1)` a line of its own."""
    made = recording.producer[key]
    code, softplus = code_at(recording, made.span), names_of(recording).function("softplus")
    if code is None or made.span is None or softplus is None:
        return ()
    title = f"keep it above 0 by `{softplus}`, as the logarithm of it needs"
    for node in code.expressions_at(made.span):
        around = code.parent(node)
        if isinstance(node, cst.Subscript) and (_is_all(code, node) or (isinstance(around, cst.Element) and _is_all(code, code.parent(around)))):
            return fix(title, "unsafe", (code, Change().replace(node, code.expression(f"{softplus}({code.text(node)})"))))
        statement, place = code.statement(node), made.outputs.index(key)
        targets = around.targets[0].target if isinstance(around, cst.Assign) and len(around.targets) == 1 else None
        if isinstance(targets, cst.Tuple) and len(targets.elements) == len(made.outputs) and isinstance(name := targets.elements[place].value, cst.Name) and statement is not None:
            return fix(title, "unsafe", (code, Change().insert_after(statement, code.line(f"{name.value} = {softplus}({name.value})"))))
    return ()


def _of_relu(recording: Recording, made: Op) -> tuple[Fix, ...]:
    """`relu(x)`, and a layer with that activation → `softplus`, which is never 0."""
    code, names = code_at(recording, made.span), names_of(recording)
    found = activating_layer(recording, made)
    given = argument(found[1], 1 if last_name(found[1].func) == "Dense" else None, "activation") if found is not None else None
    title = "use `softplus`, which stays above 0 where a ReLU is 0"
    if found is not None and given is not None and kind_of(given.value) == "relu":
        return fix(title, "unsafe", (found[0], Change().replace(given.value, renamed(given.value, "softplus"))))
    for node in code.expressions_at(made.span) if code is not None and made.span is not None else ():
        softplus = names.function("softplus", node.func) if isinstance(node, cst.Call) and last_name(node.func) == "relu" else None
        if code is not None and isinstance(node, cst.Call) and softplus is not None:
            return fix(title, "unsafe", (code, Change().replace(node.func, code.expression(softplus))))
    return ()


def _adds_little(recording: Recording, op: Op) -> bool:
    """`x + eps`."""
    other = recording.tensors.get(op.inputs[1]) if op.type in ("AddV2", "Add") and len(op.inputs) == 2 else None
    return other is not None and other.shape == () and other.norm is not None and other.norm < 1e-2 and op.inputs[1] not in recording.variables


def _is_one(recording: Recording, key: int) -> bool:
    tensor = recording.tensors.get(key)
    return tensor is not None and tensor.shape == () and tensor.norm == 1.0


def _of_layer(recording: Recording, made: Op) -> tuple[Fix, ...]:
    layer, found = recording.layers.get(made.layer) if made.layer is not None else None, activating_layer(recording, made)
    if layer is None or found is None or last_name(found[1].func) not in OWN:
        return ()
    code, call = found
    given = argument(call, 1 if last_name(call.func) == "Dense" else None, "activation")
    # A line that makes several layers gives each the same activation.
    alone = sum(other.made_at == layer.made_at and other.library for other in recording.layers.values()) == 1
    if not alone or (given is not None and kind_of(given.value) not in ("linear", "None")) or any(a.star for a in call.args):
        return ()
    word = cst.SimpleString('"softplus"')
    change = Change().replace(given.value, word) if given is not None else Change().replace(call, with_keyword(call, "activation", word))
    return fix("keep what this layer gives above 0, as the logarithm in the loss needs it", "unsafe", (code, change))


def _of_formula(recording: Recording, made: Op) -> tuple[Fix, ...]:
    code, softplus = code_at(recording, made.span) if made.layer is None else None, names_of(recording).function("softplus")
    if code is None or made.span is None or softplus is None:
        return ()
    whole = next((n for n in code.expressions_at(made.span) if isinstance(n, cst.BinaryOperation) and _is_all(code, n) and code.start(n)[0] == made.span.line), None)
    if whole is None:
        return ()
    return fix(f"keep it above 0 by `{softplus}`, as the logarithm of it needs", "unsafe", (code, Change().replace(whole, code.expression(f"{softplus}({code.bare(whole)})"))))


def _is_all(code: Code, node: cst.CSTNode | None) -> bool:
    """Whether an expression is all that a name is given, or that a function returns."""
    return node is not None and isinstance(code.parent(node), (cst.Assign, cst.Return))
