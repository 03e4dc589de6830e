"""What a loss is made of: outputs and terms that were left out of it, and metrics in the place of losses."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in, number_of
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.layers import last_activation
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.right_answers import counted_in
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

# The metrics that compute what a loss of the same name computes.
SAME_NAME = (
    *("MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "CosineSimilarity", "BinaryCrossentropy", "CategoricalCrossentropy"),
    *("SparseCategoricalCrossentropy", "KLDivergence", "Poisson", "Hinge", "SquaredHinge", "CategoricalHinge"),
)
# Counts of right answers, and the loss that is trained for them.
# The activation that a loss is computed behind.
BEHIND = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax", "sparse_categorical_crossentropy": "softmax"}
COUNTS = {
    "SparseCategoricalAccuracy": "sparse_categorical_crossentropy",
    "SparseTopKCategoricalAccuracy": "sparse_categorical_crossentropy",
    "CategoricalAccuracy": "categorical_crossentropy",
    "TopKCategoricalAccuracy": "categorical_crossentropy",
    **dict.fromkeys(("BinaryAccuracy", "AUC", "Precision", "Recall", "BinaryIoU", "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"), "binary_crossentropy"),
    **dict.fromkeys(("PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"), "binary_crossentropy"),
    **dict.fromkeys(("RootMeanSquaredError", "R2Score"), "mean_squared_error"),
}
LOSSES = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}


def output_with_loss(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`compile(loss=[…, None])`: a loss for the output that has none, by the activation of its layer."""
    for code in cells(recording):
        for call in reversed(code.all(cst.Call)):
            losses = argument(call, 1, "loss") if last_name(call.func) == "compile" else None
            missing = [] if losses is None else _missing(recording, code, losses.value)
            if losses is not None and not missing and (left := _without_key(recording, losses.value, op)) is not None:
                kind = code.text(left.value) if isinstance(left.value, (cst.SimpleString, cst.Name, cst.Attribute)) else f'"{_kind(recording, op)}"'
                title = f"give the output `{_layer_name(recording, op)}` a loss as well, for example {kind}"
                entry = cst.DictElement(cst.SimpleString(f'"{_layer_name(recording, op)}"'), code.expression(kind))
                return fix(title, "unsafe", (code, Change().replace(losses.value, losses.value.with_changes(elements=[*losses.value.elements, entry]))))  # type: ignore[attr-defined]
            if len(missing) == 1:
                place, node = missing[0]
                kind = _kind(recording, op)
                return fix(f"give this output a loss, for example `{kind}`", "unsafe", (place, Change().replace(node, cst.SimpleString(f'"{kind}"'))))
    return ()


def _layer_name(recording: Recording, op: Op | None) -> str:
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    return layer.name.rpartition("/")[2] if layer is not None else ""


def _without_key(recording: Recording, losses: cst.BaseExpression, op: Op | None) -> cst.DictElement | None:
    """The last loss of a dict in which the name of an output that the targets have stands nowhere."""
    name = _layer_name(recording, op)
    entries = [e for e in losses.elements if isinstance(e, cst.DictElement)] if isinstance(losses, cst.Dict) else []
    keys = {str(e.key.evaluated_value) for e in entries if isinstance(e.key, cst.SimpleString)}
    targets = [
        str(e.key.evaluated_value) for c in cells(recording) for d in c.all(cst.Dict) if d is not losses for e in d.elements if isinstance(e, cst.DictElement) and isinstance(e.key, cst.SimpleString)
    ]
    return entries[-1] if entries and len(keys) == len(entries) and name not in keys and name in targets else None


def _missing(recording: Recording, code: Code, losses: cst.BaseExpression) -> list[tuple[Code, cst.BaseExpression]]:
    """Where the losses of a model with several outputs say None."""
    if isinstance(losses, cst.Name):
        made = next(((c, a.value) for c in cells(recording) for a in reversed(assignments_of(c, losses.value))), None)
        return _missing(recording, *made) if made is not None and not isinstance(made[1], cst.Name) else []
    if not isinstance(losses, (cst.List, cst.Tuple, cst.Dict)) or len(losses.elements) < 2:
        return []
    found: list[tuple[Code, cst.BaseExpression]] = []
    for element in losses.elements:
        value = getattr(element, "value", None)
        if isinstance(value, cst.Name) and value.value == "None":
            found.append((code, value))
        elif isinstance(value, cst.Subscript) and isinstance(value.value, cst.Name):
            found += _entry(recording, value.value.value, code.text(value.slice[0]).strip("'\""))
    return found


def _entry(recording: Recording, name: str, key: str) -> list[tuple[Code, cst.BaseExpression]]:
    """The None that a dict literal of this name holds under a key."""
    for code in cells(recording):
        for assign in reversed(assignments_of(code, name)):
            for entry in assign.value.elements if isinstance(assign.value, cst.Dict) else ():
                if isinstance(entry, cst.DictElement) and code.text(entry.key).strip("'\"") == key:
                    return [(code, entry.value)] if code.text(entry.value) == "None" else []
    return []


def _kind(recording: Recording, op: Op | None) -> str:
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    code = code_at(recording, layer.made_at) if layer is not None else None
    call = code.call_at(layer.made_at, (layer.type,)) if code is not None and layer is not None and layer.made_at is not None else None
    found = argument(call, None, "activation") if call is not None else None
    return LOSSES.get(code.text(found.value).strip("'\"").rpartition(".")[2], "mse") if found is not None and code is not None else "mse"


def loss_for_metric(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A metric that is called as a loss gives way to the loss of the same name; it stays where something else reads it."""
    code, names = code_at(recording, place), names_of(recording)
    for call in code.expressions_at(place) if code is not None and place is not None else ():
        called = dotted(call.func) if isinstance(call, cst.Call) else ""
        metric = called.removesuffix(".update_state")
        count = _count(recording, metric, names) if called else None
        if count is not None and code is not None and isinstance(call, cst.Call) and len(call.args) >= 2:
            whole = _result_of(code, call, metric) if metric != called else _negated(code, call)
            arguments = ", ".join(code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in call.args[:2])
            mean = names.function("reduce_mean")
            raw = count in BEHIND and last_activation(recording) != BEHIND[count] and not any(op.type == BEHIND[count].title() for op in recording.ops)
            new = code.expression(f"{mean}({names.keras or 'keras'}.losses.{count}({arguments}{', from_logits=True' if raw else ''}))")
            return fix("train on a loss, and keep the metric to look at", "unsafe", (code, Change().replace(whole, new))) if mean and whole is not None else ()
        made = _metric(recording, metric, names) if called else None
        if made is None or code is None or not isinstance(call, cst.Call):
            continue
        loss = made[1].with_changes(func=made[0].expression(f"{names.keras or 'keras'}.losses.{last_name(made[1].func)}"))
        title = f"use the loss `{last_name(made[1].func)}`; the metric of that name keeps a mean of numbers"
        if metric != called:
            return _in_place_of_result(code, call, metric, loss, title)
        reads = [n for c in cells(recording) for n in c.all(type(call.func)) if dotted(n) == called and not isinstance(c.parent(n), cst.AssignTarget)]
        if len(reads) == 1:
            return fix(title, "unsafe", (made[0], Change().replace(made[1], loss)))
        return fix(title, "unsafe", (code, Change().replace(call.func, loss)))
    return ()


def _count(recording: Recording, name: str, names: Names) -> str | None:
    """The loss for a metric of this name that counts."""
    for code in cells(recording):
        for assign in reversed(code.all(cst.Assign)):
            value = assign.value
            if isinstance(value, cst.Call) and dotted(assign.targets[0].target) == name:
                return COUNTS.get(last_name(value.func)) if "metrics" in names.module(value.func).split(".") else None
    return None


def _result_of(code: Code, update: cst.Call, metric: str) -> cst.BaseExpression | None:
    """The expression that the one result of a metric goes into after its update: `1.0 - metric.result()`."""
    results = [c for c in code.all(cst.Call, code.scope(update)) if dotted(c.func) == f"{metric}.result" and code.start(c) > code.start(update)]
    counted = counted_in(code, results[0]) if len(results) == 1 else None
    return counted[0] if counted is not None and not counted[1] else None


def _in_place_of_result(code: Code, update: cst.Call, metric: str, loss: cst.Call, title: str) -> tuple[Fix, ...]:
    """`metric.update_state(y, p)` and `loss = metric.result()`: the loss of `y` and `p` in the place of the result."""
    whole = _result_of(code, update, metric)
    arguments = ", ".join(code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in update.args[:2])
    if whole is None or len(update.args) < 2:
        return ()
    return fix(title, "unsafe", (code, Change().replace(whole, code.expression(f"{code.text(loss)}({arguments})"))))


def _negated(code: Code, call: cst.Call) -> cst.BaseExpression:
    """A call, or `1.0 - call` and `-call` around it."""
    around = code.parent(call)
    if isinstance(around, cst.UnaryOperation) or (
        isinstance(around, cst.BinaryOperation) and isinstance(around.operator, cst.Subtract) and around.right is call and code.text(around.left) in ("1", "1.0")
    ):
        return around
    return call


def _metric(recording: Recording, name: str, names: Names) -> tuple[Code, cst.Call] | None:
    for code in cells(recording):
        for assign in reversed(code.all(cst.Assign)):
            value = assign.value
            if isinstance(value, cst.Call) and dotted(assign.targets[0].target) == name:
                same_name = "metrics" in names.module(value.func).split(".") and last_name(value.func) in SAME_NAME
                return (code, value) if same_name and all(a.keyword is not None for a in value.args) else None
    return None


def summed(recording: Recording, place: Place, run: GradientRun, op: Op | None) -> tuple[Fix, ...]:
    """A single number that was computed beside the target, and forgotten in it, is added."""
    code, found = code_at(recording, place), asking(recording, run)
    tensor = recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
    wanted = argument(found[1], 0, "target", "ys") if found is not None else None
    if code is None or place is None or found is None or wanted is None or not isinstance(wanted.value, cst.Name):
        return ()
    if code.call_at(place, ("add_loss",)) is not None:
        return _with_added(found[0], found[1], wanted.value)
    if tensor is None or tensor.shape != ():
        return ()
    assign = next((a for n in code.expressions_at(place) if (a := n if isinstance(n, cst.Assign) else code.enclosing(n, cst.Assign)) is not None), None)
    if assign is not None and (every := _every_turn(code, assign)):
        return every
    # The whole value of the line, and not a part of it that has another use.
    name = dotted(assign.targets[0].target) if assign is not None and not isinstance(assign.targets[0].target, cst.Subscript) else code.text(assign.targets[0].target) if assign is not None else ""
    targets = [a for a in assignments_of(found[0], wanted.value.value, found[0].scope(found[1])) if found[0].start(a) < found[0].start(found[1])]
    turns = code.enclosing(assign, cst.For, cst.While) if assign is not None else None
    if assign is None or not name or not targets or (turns is not None and turns not in list(found[0].around(targets[-1]))):
        return ()
    if code is not found[0] or code.scope(assign) is not code.scope(found[1]):
        name = _handed_over(code, assign, found[0], targets[-1]) or ""
    elif code.start(assign) > code.start(targets[-1]):
        return ()
    if not name or assign is targets[-1]:
        return ()
    total = targets[-1].value
    new = found[0].expression(f"{found[0].text(total)} + {name}")
    return fix(f"add `{name}` to `{wanted.value.value}` (with a weight that is yours to choose)", "unsafe", (found[0], Change().replace(total, new)))


def _every_turn(code: Code, assign: cst.Assign) -> tuple[Fix, ...]:
    """`total = 0.0` and, in a loop, `total = weight * loss` → `total += weight * loss`."""
    target, loop, scope = assign.targets[0].target, code.enclosing(assign, cst.For, cst.While), code.scope(assign)
    if loop is None or not isinstance(target, cst.Name) or len(assign.targets) != 1 or code.scope(loop) is not scope or target.value in names_in(assign.value):
        return ()
    others = [a for a in assignments_of(code, target.value, scope) if a is not assign]
    # A sum begins with nothing.
    if len(others) != 1 or code.start(others[0]) > code.start(loop) or number_of(code.text(others[0].value).removeprefix("tf.constant(").rstrip(")")) != 0.0:
        return ()
    return fix(f"add up `{target.value}` over the turns of the loop", "unsafe", (code, Change().replace(assign, cst.AugAssign(target, cst.AddAssign(), assign.value))))


def _with_added(code: Code, call: cst.Call, target: cst.Name) -> tuple[Fix, ...]:
    """What layers added to the losses of the model whose variables are asked for, in the target."""
    sources = argument(call, 1, "sources")
    model = sources.value.value if sources is not None and isinstance(sources.value, cst.Attribute) and last_name(sources.value).startswith("trainable_") else None
    made = [a for a in assignments_of(code, target.value, code.scope(call)) if code.start(a) < code.start(call)]
    if model is None or not made or f"{code.text(model)}.losses" in code.text(made[-1]):
        return ()
    title = f"add the losses that the layers of `{code.text(model)}` have added"
    return fix(title, "unsafe", (code, Change().replace(made[-1].value, code.expression(f"{code.text(made[-1].value)} + sum({code.text(model)}.losses)"))))


def _handed_over(code: Code, assign: cst.Assign, other: Code, target: cst.Assign) -> str | None:
    """What a member of a dict that a function returns is called beside the target: `losses["pose"]`."""
    member, function = assign.targets[0].target, code.function(assign)
    if not isinstance(member, cst.Subscript) or function is None or not isinstance(member.value, cst.Name):
        return None
    returned = [r.value for r in code.all(cst.Return, function)]
    if not returned or any(not isinstance(r, cst.Name) or r.value != member.value.value for r in returned):
        return None
    for step in reversed(other.all(cst.Assign, other.scope(target))):
        kept = step.targets[0].target
        if isinstance(step.value, cst.Call) and last_name(step.value.func) == function.name.value and isinstance(kept, cst.Name) and other.start(step) < other.start(target):
            return f"{kept.value}[{code.text(member.slice[0])}]"
    return None
