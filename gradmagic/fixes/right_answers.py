"""A count of right answers as the loss: the cross-entropy that falls as it rises, in the place of all that is made of the count."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, fix, last_name, names_in, number_of
from gradmagic.fixes.flow import assignments_of, reads_of, targets_of
from gradmagic.fixes.names import Names
from gradmagic.fixes.numerics import value_of
from gradmagic.locate.makers import maker_behind
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

LABELS = ("y_true", "labels", "label", "targets", "target", "y", "truth", "y_batch", "actual")
CONVERTING = ("cast", "to_float", "to_int32", "to_int64", "squeeze", "reshape", "astype", "flatten", "convert_to_tensor")
COUNTING = (*CONVERTING, "float", "reduce_mean", "mean", "reduce_sum", "sum", "count_nonzero", "where")
PASSING = ("Identity", "Cast", "Reshape", "Squeeze", "ClipByValue", "Maximum", "Minimum")


def cross_entropy(recording: Recording, code: Code, compared: cst.Comparison | cst.Call, names: Names, op: Op | None, blamed: cst.CSTNode | None = None) -> tuple[Fix, ...]:
    """`1.0 - reduce_mean(cast(equal(argmax(scores), labels)))`, in one line or in several → `reduce_mean(sparse_categorical_crossentropy(labels, scores))`.

    `blamed` is the choice that ends the gradient; the other side may be a choice as well, of labels that are one-hot.
    """
    parts = [compared.left, compared.comparisons[0].comparator] if isinstance(compared, cst.Comparison) else [a.value for a in compared.args[:2]]
    mean = names.function("reduce_mean", compared.func if isinstance(compared, cst.Call) else None)
    if len(parts) != 2 or names.keras is None or mean is None:
        return ()
    choices = [_choice(code, part) for part in parts]
    chosen = [i for i, c in enumerate(choices) if c is not None and not names_in(code.expression(c[1])) & set(LABELS)]
    chosen.sort(key=lambda i: blamed is None or not _holds(code, parts[i], blamed))
    loss = _loss(recording, code, parts, choices, chosen[0], op) if chosen else None
    counted = counted_in(code, compared)
    if loss is None or counted is None:
        return ()
    whole, before = counted
    change = Change().replace(whole, code.expression(f"{mean}({names.keras}.losses.{loss})"))
    _remove_unread(code, [*before, *(a for part in parts for a in _made_by(code, part))], whole, change)
    return fix("train on the cross-entropy, and keep the count of right answers as a metric", "unsafe", (code, change))


def comparison_of(code: Code, choice: cst.Comparison | cst.Call) -> cst.Comparison | cst.Call | None:
    """The comparison for equality that a choice goes into, there or by its name."""
    assign, scope = code.enclosing(choice, cst.Assign), code.scope(choice)
    name = assign.targets[0].target.value if assign is not None and isinstance(assign.targets[0].target, cst.Name) else None
    asked: list[cst.Comparison | cst.Call] = [n for n in code.all(cst.Comparison, scope) if len(n.comparisons) == 1 and isinstance(n.comparisons[0].operator, (cst.Equal, cst.NotEqual))]
    asked += [n for n in code.all(cst.Call, scope) if last_name(n.func) in ("equal", "not_equal") and len(n.args) == 2]
    for node in asked:
        if node in code.around(choice) or (name is not None and any(n.value == name and code.start(n) > code.start(choice) for n in code.all(cst.Name, node))):
            return node
    return None


def _holds(code: Code, part: cst.BaseExpression, blamed: cst.CSTNode) -> bool:
    """Whether a side of a comparison is, or is the name of, what a node is a part of."""
    name = _unconverted(part)
    made = value_of(code, name) if isinstance(name, cst.Name) else None
    return any(n is part or n is made for n in (blamed, *code.around(blamed)))


def _choice(code: Code, part: cst.BaseExpression) -> tuple[str, str] | None:
    """What makes an answer of scores, and the scores: ``("argmax", "model(x)")``."""
    node = _unconverted(part)
    if isinstance(node, cst.Name):
        node = _unconverted(value_of(code, node) or node)
    if isinstance(node, cst.Call) and last_name(node.func) in ("argmax", "round", "rint"):
        scores = text_of(code, node, 0, "input", "x", "a")
        return ("argmax" if last_name(node.func) == "argmax" else "round", scores) if scores is not None else None
    if isinstance(node, cst.Comparison) and len(node.comparisons) == 1 and isinstance(node.comparisons[0].operator, (cst.GreaterThan, cst.GreaterThanEqual)):
        bound = number_of(code.text(node.comparisons[0].comparator))
        return {0.5: ("round", code.text(node.left)), 0.0: ("sign", code.text(node.left))}.get(bound) if bound is not None else None
    return None


def _unconverted(node: cst.BaseExpression) -> cst.BaseExpression:
    """What a cast and the like is made of."""
    while isinstance(node, cst.Call) and last_name(node.func) in CONVERTING:
        if isinstance(node.func, cst.Attribute) and last_name(node.func) in ("astype", "flatten"):
            node = node.func.value
        elif node.args:
            node = node.args[0].value
        else:
            break
    return node


def _loss(recording: Recording, code: Code, parts: list[cst.BaseExpression], choices: list[tuple[str, str] | None], predicted: int, op: Op | None) -> str | None:
    """The cross-entropy of Keras for a choice and what it is compared with."""
    choice, other = choices[predicted], choices[1 - predicted]
    assert choice is not None
    kind, scores = choice
    if other is None and _is_one_class(code, parts[1 - predicted]):
        return None
    if kind == "argmax":
        made = maker_behind(recording, recording.producer.get(op.inputs[0]) if op is not None and op.type == "ArgMax" else None, PASSING)
        is_probability = made.type in ("Softmax", "Sigmoid") if made is not None else "softmax" in code.source and "logits" not in scores
        logits = "" if is_probability else ", from_logits=True"
        if other is not None and other[0] == "argmax":
            return f"categorical_crossentropy({other[1]}, {scores}{logits})"
        return f"sparse_categorical_crossentropy({code.text(_unindexed(parts[1 - predicted]))}, {scores}{logits})"
    if other is not None and other[0] == "argmax":
        return None
    labels = other[1] if other is not None else code.text(_unindexed(parts[1 - predicted]))
    return f"binary_crossentropy({labels}, {scores}{'' if kind == 'round' else ', from_logits=True'})"


def _is_one_class(code: Code, node: cst.BaseExpression) -> bool:
    """Whether a side of a comparison is the number of a class, written or counted up by a loop, and no labels."""
    name = _unconverted(node)
    return isinstance(name, cst.BaseNumber) or (isinstance(name, cst.Name) and counts_up(code, name.value))


def counts_up(code: Code, name: str) -> bool:
    """Whether a name is that of a loop over numbers in a row."""
    loops: list[cst.For | cst.CompFor] = [*code.all(cst.For), *code.all(cst.CompFor)]
    return any(name in targets_of(loop.target) and isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "range" for loop in loops)


def _unindexed(labels: cst.BaseExpression) -> cst.BaseExpression:
    """Labels without the cast to the dtype of indices, which only the comparison asked for."""
    return labels.args[0].value if isinstance(labels, cst.Call) and last_name(labels.func) in ("cast", "to_int64", "to_int32") and labels.args else labels


def counted_in(code: Code, compared: cst.BaseExpression) -> tuple[cst.BaseExpression, list[cst.Assign]] | None:
    """The whole expression that right answers are counted in, from the comparison or the count on, and the assignments on the way to it; None where something else is subtracted from."""
    node: cst.BaseExpression = compared
    before: list[cst.Assign] = []
    while True:
        around = code.parent(node)
        call = code.parent(around) if isinstance(around, cst.Arg) else None
        if isinstance(call, cst.Call) and last_name(call.func) in COUNTING and call.args[0] is around:
            node = call
        elif isinstance(around, cst.Attribute) and isinstance(method := code.parent(around), cst.Call) and method.func is around and around.attr.value in COUNTING:
            node = method
        elif isinstance(around, cst.UnaryOperation) and isinstance(around.operator, cst.Minus):
            node = around
        elif isinstance(around, cst.BinaryOperation):
            other = around.right if around.left is node else around.left
            number, divided = number_of(code.text(other)) is not None, isinstance(around.operator, cst.Divide) and around.left is node
            if not ((number and isinstance(around.operator, (cst.Subtract, cst.Multiply, cst.Add))) or divided):
                return None if isinstance(around.operator, cst.Subtract) and around.right is node else (node, before)
            node = around
        elif isinstance(around, cst.Assign) and len(around.targets) == 1 and isinstance(around.targets[0].target, cst.Name):
            later = [n for n in reads_of(code, around.targets[0].target.value, code.scope(around)) if code.start(n) > code.end(around)]
            going_on = [n for n in later if _goes_on(code, n)]
            if len(going_on) != 1:
                return node, before
            before.append(around)
            node = going_on[0]
        else:
            return node, before


def _goes_on(code: Code, read: cst.Name) -> bool:
    """Whether more is computed from a name: not where it is only shown, kept or asked for its gradient."""
    statement = code.statement(read)
    line = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if not isinstance(line, (cst.Return, cst.Assign)) or (isinstance(line, cst.Return) and isinstance(line.value, (cst.Tuple, cst.Dict))):
        return False
    return not any(isinstance(n, cst.Call) and last_name(n.func) in ("gradient", "jacobian", "numpy", "item") for n in code.around(read)) and line.value is not read


def _made_by(code: Code, part: cst.BaseExpression) -> list[cst.Assign]:
    """The assignments of what is compared."""
    name = _unconverted(part)
    if not isinstance(name, cst.Name):
        return []
    return [a for a in assignments_of(code, name.value, code.scope(name)) if a.value is value_of(code, name) and _choice(code, name) is not None]


def _remove_unread(code: Code, made: list[cst.Assign], whole: cst.BaseExpression, change: Change) -> None:
    """Take away the assignments that only the replaced expression, or another one that goes, read."""
    gone: list[cst.CSTNode] = [whole]
    for assign in sorted(made, key=code.start, reverse=True):
        target, statement = assign.targets[0].target, code.statement(assign)
        if not isinstance(target, cst.Name) or len(assign.targets) != 1 or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
            continue
        later = [n for n in reads_of(code, target.value, code.scope(assign)) if code.start(n) > code.end(assign)]
        if all(any(outer in gone for outer in (n, *code.around(n))) for n in later):
            change.remove(statement)
            gone.append(statement)
