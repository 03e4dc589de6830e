"""A confusion matrix, or the number of examples, of the classes with the largest scores, in a loss: of the probabilities themselves."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, call_of, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numerics import value_of
from gradmagic.fixes.soft_lookup import consumers, name_of_result, remove_unread
from gradmagic.locate.makers import maker_behind
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

PASSING = ("Identity", "Cast", "Reshape", "ClipByValue", "Maximum", "Minimum")
KNOWN = ("labels", "predictions", "num_classes", "dtype", "name")


def soft_confusion_matrix(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`confusion_matrix(labels, argmax(p), n)` → `matmul(one_hot(labels, n), p, transpose_a=True)`: each example counts in every class by its probability."""
    found, tf = _best_of_rows(recording, place, op), names_of(recording).tf
    counted = _counted(found[0], found[1]) if found is not None else None
    if found is None or counted is None:
        return ()
    (code, call, scores, shares), (matrix, other, first) = found, counted
    given = argument(matrix, 2, "num_classes")
    classes = code.text(given.value) if given is not None else f"{tf}.shape({scores})[-1]"
    labels = f"{tf}.one_hot({_as_integer(other, code, tf)}, {classes}, dtype={atom(scores)}.dtype)"
    parts = (shares, labels) if first else (labels, shares)
    outer = code.parent(code.parent(matrix) or matrix)
    whole: cst.BaseExpression = outer if isinstance(outer, cst.Call) and last_name(outer.func) == "cast" and outer.args[0].value is matrix else matrix
    return _by_shares(code, call, whole, f"{tf}.matmul({parts[0]}, {parts[1]}, transpose_a=True)")


def soft_class_counts(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`bincount(argmax(p, axis=1))` → `reduce_sum(p, axis=0)`: each example counts in every class by its probability."""
    found = _best_of_rows(recording, place, op)
    counting = [c for c in consumers(found[0], found[1]) if last_name(c.func) == "bincount" and argument(c, 1, "weights") is None] if found is not None else []
    return _by_shares(found[0], found[1], counting[0], f"{names_of(recording).tf}.reduce_sum({found[3]}, axis=0)") if found is not None and len(counting) == 1 else ()


def _best_of_rows(recording: Recording, place: Place, op: Op | None) -> tuple[Code, cst.Call, str, str] | None:
    """The `argmax` along the rows of a matrix of scores, the scores, and the probabilities that they stand for."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = call_of(code, place, ("argmax",))
    if code is None or call is None or tf is None or op is None or op.type != "ArgMax":
        return None
    scores, axis = text_of(code, call, 0, "input"), argument(call, 1, "axis")
    shape = entering.shape if (entering := recording.tensors.get(op.inputs[0])) is not None else None
    if scores is None or shape is None or len(shape) != 2 or axis is None or code.text(axis.value) not in ("-1", "1"):
        return None
    return code, call, scores, scores if _is_softmax(recording, op.inputs[0]) else f"{tf}.nn.softmax({scores})"


def _by_shares(code: Code, call: cst.Call, counts: cst.BaseExpression, new: str) -> tuple[Fix, ...]:
    change = Change().replace(counts, code.expression(new))
    remove_unread(code, call, change)
    return fix("count each example in all classes, by its probabilities", "unsafe", (code, change))


def _counted(code: Code, call: cst.Call) -> tuple[cst.Call, cst.BaseExpression, bool] | None:
    """The confusion matrix that the indices go into, its other argument, and whether the indices are the first one."""
    name = name_of_result(code, call)

    def is_it(value: cst.BaseExpression) -> bool:
        return value is call or (isinstance(value, cst.Name) and value.value == name)

    for matrix in consumers(code, call):
        labels, predictions = argument(matrix, 0, "labels"), argument(matrix, 1, "predictions")
        plain = all(a.keyword is None or a.keyword.value in KNOWN for a in matrix.args) and len([a for a in matrix.args if a.keyword is None]) <= 3
        if last_name(matrix.func) != "confusion_matrix" or labels is None or predictions is None or not plain:
            continue
        if is_it(labels.value) != is_it(predictions.value):
            return (matrix, predictions.value, True) if is_it(labels.value) else (matrix, labels.value, False)
    return None


def _as_integer(labels: cst.BaseExpression, code: Code, tf: str | None) -> str:
    """Labels as the indices that a one-hot asks for: what is cast, or made by an `argmax`, is so already."""
    text, value = code.text(labels), (value_of(code, labels) if isinstance(labels, cst.Name) else None) or labels
    whole = isinstance(value, cst.Call) and (last_name(value.func) == "argmax" or (last_name(value.func) == "cast" and "int" in code.text(value.args[-1])))
    return text if whole else f"{tf}.cast({text}, {tf}.int32)"


def _is_softmax(recording: Recording, key: int) -> bool:
    made = maker_behind(recording, recording.producer.get(key), PASSING)
    return made is not None and made.type == "Softmax"
