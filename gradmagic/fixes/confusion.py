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
    code, tf = code_at(recording, place), names_of(recording).tf
    call = call_of(code, place, ("argmax",))
    if code is None or call is None or tf is None or op is None or op.type != "ArgMax":
        return ()
    scores, axis = text_of(code, call, 0, "input"), argument(call, 1, "axis")
    shape = entering.shape if (entering := recording.tensors.get(op.inputs[0])) is not None else None
    counted = _counted(code, call)
    if scores is None or shape is None or len(shape) != 2 or axis is None or code.text(axis.value) not in ("-1", "1") or counted is None:
        return ()
    matrix, other, first = counted
    given = argument(matrix, 2, "num_classes")
    classes = code.text(given.value) if given is not None else f"{tf}.shape({scores})[-1]"
    shares = scores if _is_softmax(recording, op.inputs[0]) else f"{tf}.nn.softmax({scores})"
    labels = f"{tf}.one_hot({_as_integer(other, code, tf)}, {classes}, dtype={atom(scores)}.dtype)"
    parts = (shares, labels) if first else (labels, shares)
    outer = code.parent(code.parent(matrix) or matrix)
    whole: cst.BaseExpression = outer if isinstance(outer, cst.Call) and last_name(outer.func) == "cast" and outer.args[0].value is matrix else matrix
    change = Change().replace(whole, code.expression(f"{tf}.matmul({parts[0]}, {parts[1]}, transpose_a=True)"))
    remove_unread(code, call, change)
    return fix("count each example in all classes, by its probabilities", "unsafe", (code, change))


def soft_class_counts(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`bincount(argmax(p, axis=1))` → `reduce_sum(p, axis=0)`: each example counts in every class by its probability."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = call_of(code, place, ("argmax",))
    if code is None or call is None or tf is None or op is None or op.type != "ArgMax":
        return ()
    scores, axis = text_of(code, call, 0, "input"), argument(call, 1, "axis")
    shape = entering.shape if (entering := recording.tensors.get(op.inputs[0])) is not None else None
    counting = [c for c in consumers(code, call) if last_name(c.func) == "bincount"]
    if scores is None or shape is None or len(shape) != 2 or axis is None or code.text(axis.value) not in ("-1", "1") or len(counting) != 1 or argument(counting[0], 1, "weights") is not None:
        return ()
    shares = scores if _is_softmax(recording, op.inputs[0]) else f"{tf}.nn.softmax({scores})"
    change = Change().replace(counting[0], code.expression(f"{tf}.reduce_sum({shares}, axis=0)"))
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


def _as_integer(labels: cst.BaseExpression, code: Code, tf: str) -> str:
    """Labels as the indices that a one-hot asks for: what is cast, or made by an `argmax`, is so already."""
    text, value = code.text(labels), (value_of(code, labels) if isinstance(labels, cst.Name) else None) or labels
    whole = isinstance(value, cst.Call) and (last_name(value.func) == "argmax" or (last_name(value.func) == "cast" and "int" in code.text(value.args[-1])))
    return text if whole else f"{tf}.cast({text}, {tf}.int32)"


def _is_softmax(recording: Recording, key: int) -> bool:
    made = maker_behind(recording, recording.producer.get(key), PASSING)
    return made is not None and made.type == "Softmax"
