"""Logarithms of probabilities that another function, or the last layer of a model, computed: of the logits instead."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from gradmagic.fixes.activations import kind_of
from gradmagic.fixes.calls import without_argument
from gradmagic.fixes.carried import Carried, Use
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, number_of, same
from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.origins import origin
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

KINDS = {"Sigmoid": "sigmoid", "Softmax": "softmax"}
PASSING = ("Identity", "Reshape", "Cast", "Sub", "AddV2", "Squeeze", "ExpandDims")
BESIDE = ("evaluate", "fit", "compile", "train_on_batch", "test_on_batch")
TITLE = "compute the loss from the logits, in one step that stays in the range of the dtype"


def from_logits(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`p = sigmoid(z)` and `y * log(p) + (1 - y) * log(1 - p)` in another function → `p = z` and `sigmoid_cross_entropy_with_logits`; `log(softmax(z))` → `log_softmax(z)`.

    `op` is the logarithm or the activation. What else reads the probabilities gets them as before.
    """
    names, ends = names_of(recording), _activation_and_log(recording, op)
    if ends is None or names.tf is None:
        return ()
    made, log = ends
    kind = KINDS[made.type]
    changes: dict[int, tuple[Code, Change]] = {}

    def change_of(code: Code) -> Change:
        return changes.setdefault(id(code), (code, Change()))[1]

    starts = _of_layer(recording, made, kind, change_of) if made.layer is not None else _of_call(recording, made, kind, change_of)
    if not starts:
        return ()
    carried = Carried(recording, starts, lambda code, node: _logarithm(code, node, names) is not None)
    logs = [(code, node, found) for code, node in carried.ends or () if (found := _logarithm(code, node, names)) is not None]
    if not logs or (kind == "softmax" and any(complement for _, _, (_, complement) in logs)):
        return ()
    if kind == "softmax" and op is log and made.layer is None and any(code is starts[0][0] and code.scope(node) is code.scope(starts[0][1]) for code, node, _ in logs):
        # Side by side, the logarithm alone takes another form, and the probabilities stay.
        return ()
    calls = [call for _, _, (call, _) in logs]
    for code, node in carried.ends or ():
        if _logarithm(code, node, names) is None:
            # In the loss itself, a probability has another meaning than the logits.
            change_of(code).replace(node, code.expression(f"{names.function(kind)}({code.text(node)})"))
    joined: set[cst.CSTNode] = set()
    for code, node, (call, complement) in logs:
        if call in joined:
            continue
        whole = _cross_entropy(code, call, calls, names) if kind == "sigmoid" and _alike(recording, log) else None
        if whole is not None:
            old, others, label, negative = whole
            joined |= others
            labels = _of_dtype(recording, code, label, log, names)
            new = f"{names.tf}.nn.sigmoid_cross_entropy_with_logits(labels={labels}, logits={code.bare(node)})"
            sign = _minus(code, old) if negative else None
            if sign is not None:
                change_of(code).replace(sign, lambda n: n.expression).replace(old, code.expression(new))  # type: ignore[attr-defined]
            else:
                change_of(code).replace(old, code.expression(f"-{new}" if negative else new))
        elif kind == "softmax":
            change_of(code).replace(call, code.expression(f"{names.function('log_softmax')}({code.bare(node)})"))
        else:
            function, around = names.function("softplus" if complement else "log_sigmoid"), code.parent(call)
            signed = complement and isinstance(around, cst.UnaryOperation) and isinstance(around.operator, cst.Minus)
            new = f"{function}({code.bare(node)})"
            change_of(code).replace(around if signed and around is not None else call, code.expression(f"-{new}" if complement and not signed else new))
    return fix(TITLE, "unsafe", *changes.values())


def _activation_and_log(recording: Recording, op: Op | None) -> tuple[Op, Op] | None:
    """The activation behind a logarithm, or the logarithm that reads an activation."""
    back = op is not None and op.type == "Log"
    waiting, seen = [op] if op is not None else [], set[int]()
    while waiting and len(seen) < 40:
        step = waiting.pop(0)
        if step is None or step.seq in seen:
            continue
        seen.add(step.seq)
        if op is not None and step.type in (KINDS if back else ("Log",)):
            return (step, op) if back else (op, step)
        if step is op or step.type in PASSING:
            near = [recording.producer.get(i) for i in step.inputs] if back else [c for o in step.outputs for c in recording.consumers.get(o, ())]
            waiting += [o for o in near if o is not None and o.phase == "forward"]
    return None


def _alike(recording: Recording, log: Op) -> bool:
    """Whether labels and probabilities have one shape, which the loss of TensorFlow asks for."""
    made = recording.tensors.get(log.outputs[0])
    products = [c for c in recording.consumers.get(log.outputs[0], ()) if c.type == "Mul"]
    shapes = [t.shape for c in products for i in c.inputs if (t := recording.tensors.get(i)) is not None]
    return made is not None and bool(shapes) and all(s == made.shape for s in shapes)


def _of_dtype(recording: Recording, code: Code, label: cst.BaseExpression, log: Op, names: Names) -> str:
    """The code of labels, with a cast for an array of NumPy: a product takes one of any dtype, the loss of TensorFlow does not."""
    made, tensor = origin(recording, code, label), recording.tensors.get(log.outputs[0])
    text = made.code.text(made.assign.value) if made is not None else ""
    plain = made is None or tensor is None or tensor.dtype in text or f"{names.tf}." in text
    return code.bare(label) if plain or tensor is None else f"{names.tf}.cast({code.bare(label)}, {names.tf}.{tensor.dtype})"


def _of_call(recording: Recording, made: Op, kind: str, change_of: Callable[[Code], Change]) -> list[Use]:
    """`sigmoid(z)`, which gives way to `z`."""
    code, names = code_at(recording, made.span), names_of(recording)
    calls = [c for c in code.all(cst.Call) if last_name(c.func) == kind and _spans(code, c, made)] if code is not None else []
    if code is None or len(calls) != 1 or names.module(calls[0].func).partition(".")[0] not in ("tensorflow", "keras") or len(calls[0].args) > 2:
        return []
    axis = argument(calls[0], 1, "axis")
    if not calls[0].args or (axis is not None and code.text(axis.value) != "-1"):
        return []
    change_of(code).replace(calls[0], calls[0].args[0].value)
    return [(code, calls[0])]


def _spans(code: Code, call: cst.Call, op: Op) -> bool:
    return op.span is not None and op.span.line <= code.start(call)[0] <= op.span.end_line


def _of_layer(recording: Recording, made: Op, kind: str, change_of: Callable[[Code], Change]) -> list[Use]:
    """The calls of a model by its name, whose last layer loses its activation."""
    found, code = layer_of(recording, made), code_at(recording, made.span)
    given = argument(found[1], 1 if last_name(found[1].func) == "Dense" else None, "activation") if found is not None else None
    at = [c for c in code.all(cst.Call) if isinstance(c.func, cst.Name) and _spans(code, c, made)] if code is not None else []
    models = {c.func.value for c in at if isinstance(c.func, cst.Name)} & {m.name for m in recording.models}
    if found is None or given is None or kind_of(given.value) != kind or len(models) != 1:
        return []
    model, starts = models.pop(), list[Use]()
    for cell in cells(recording):
        for call in cell.all(cst.Call):
            if isinstance(call.func, cst.Name) and call.func.value == model:
                starts.append((cell, call))
            elif dotted(call.func).startswith(f"{model}.") and last_name(call.func) in ("predict", "predict_on_batch", *BESIDE):
                # What Keras computes with the probabilities cannot be given them by an edit here.
                return []
            elif any(isinstance(a.value, cst.Name) and a.value.value == model for a in call.args):
                return []
    change_of(found[0]).replace(found[1], without_argument(found[1], given))
    return starts


def _logarithm(code: Code, node: cst.BaseExpression, names: Names) -> tuple[cst.Call, bool] | None:
    """The logarithm of a value, or of 1 minus it (true), also with a small number added."""
    whole, complement = node, False
    for step in code.around(node):
        if isinstance(step, cst.BinaryOperation):
            if isinstance(step.operator, cst.Subtract) and step.right is whole and number_of(code.text(step.left)) == 1.0 and not complement:
                complement = True
            elif not (isinstance(step.operator, cst.Add) and _is_small(step.right if step.left is whole else step.left)):
                return None
            whole = step
        elif not isinstance(step, cst.Arg):
            call = step if isinstance(step, cst.Call) and last_name(step.func) == "log" and len(step.args) == 1 else None
            return (call, complement) if call is not None and names.module(call.func).partition(".")[0] in ("tensorflow", "keras") else None
    return None


def _is_small(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Float):
        return 0.0 < (number_of(node.value) or 0.0) < 1e-2
    return last_name(node).lower() in ("eps", "epsilon", "_epsilon", "_eps", "tiny", "small", "delta") or (isinstance(node, cst.Call) and last_name(node.func) == "epsilon")


def _cross_entropy(code: Code, call: cst.Call, logs: list[cst.Call], names: Names) -> tuple[cst.BaseExpression, set[cst.CSTNode], cst.BaseExpression, bool] | None:
    """The sum `y * log(p) + (1 - y) * log(1 - p)` that holds a logarithm, its logarithms, its labels, and whether it is the negative of a cross-entropy."""
    for node in code.around(call):
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Add, cst.Subtract)):
            terms = [_term(n, logs) for n in (node.left, node.right)]
            break
    else:
        return None
    if any(t is None for t in terms):
        return None
    (a, one, first), (b, other, second) = (t for t in terms if t is not None)
    second = second != isinstance(node.operator, cst.Subtract)
    if first != second or one is other:
        return None
    read = [_logarithm(code, c.args[0].value if not isinstance(c.args[0].value, cst.BinaryOperation) else _inner(c.args[0].value), names) for c in (one, other)]
    for label, rest, found, opposite in ((a, b, read[0], read[1]), (b, a, read[1], read[0])):
        minus = (
            isinstance(rest, cst.BinaryOperation)
            and isinstance(rest.operator, cst.Subtract)
            and number_of(code.text(rest.left)) == 1.0
            and same(code.expression(code.bare(rest.right)), code.expression(code.bare(label)))
        )
        if minus and found is not None and opposite is not None and not found[1] and opposite[1]:
            return node, {one, other}, label, not first
    return None


def _inner(node: cst.BinaryOperation) -> cst.BaseExpression:
    """`p` of `1 - p + eps` and its like."""
    step: cst.BaseExpression = node
    while isinstance(step, cst.BinaryOperation):
        step = step.right if isinstance(step.operator, cst.Subtract) or isinstance(step.left, cst.BaseNumber) or _is_small(step.left) else step.left
    return step


def _term(node: cst.BaseExpression, logs: list[cst.Call]) -> tuple[cst.BaseExpression, cst.Call, bool] | None:
    """The label and the logarithm of a product, and whether it has a minus sign."""
    negative = False
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        node, negative = node.expression, True
    if isinstance(node, cst.Call) and last_name(node.func) == "multiply" and len(node.args) == 2:
        sides = [node.args[0].value, node.args[1].value]
    elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        sides = [node.left, node.right]
    else:
        return None
    for i, side in enumerate(sides):
        if isinstance(side, cst.UnaryOperation) and isinstance(side.operator, cst.Minus):
            sides[i], negative = side.expression, not negative
    for label, log in (sides, sides[::-1]):
        if log in logs and isinstance(log, cst.Call):
            return label, log, negative
    return None


def _minus(code: Code, node: cst.BaseExpression) -> cst.UnaryOperation | None:
    """The minus sign in front of a sum, or of the mean of it."""
    for step in code.around(node):
        if isinstance(step, cst.UnaryOperation):
            return step if isinstance(step.operator, cst.Minus) else None
        reduces = isinstance(step, cst.Call) and last_name(step.func) in ("reduce_mean", "reduce_sum", "mean", "sum") and code.parent(node) is step.args[0]
        if not (isinstance(step, cst.Arg) or reduces):
            return None
    return None
