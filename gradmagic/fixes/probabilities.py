"""A loss that takes what a model gives for probabilities, where its last layer gives any numbers."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from gradmagic.fixes.activations import kind_of, renamed
from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.names import names_of
from gradmagic.locate.makers import maker_behind
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Fix

# The losses that hold what they are given inside (0, 1), by their functions; each is computed from logits as well.
CLASSES = {"binary_crossentropy": "BinaryCrossentropy", "categorical_crossentropy": "CategoricalCrossentropy", "binary_focal_crossentropy": "BinaryFocalCrossentropy"}
KINDS = (*CLASSES, *CLASSES.values())
CATEGORICAL = ("categorical_crossentropy", "CategoricalCrossentropy")
SHORT = {"bce": "binary_crossentropy"}
PASSING = ("Cast", "Identity", "Reshape", "Squeeze", "ExpandDims", "Minimum", "Maximum", "ClipByValue")
LINEAR = ("MatMul", "BatchMatMulV2", "BiasAdd", "AddV2", "Add", "Conv1D", "Conv2D", "Conv3D", "Einsum")
# What adds up numbers gives any number where they are any.
POOLING = ("Sum", "Mean")
LOOKED_UP = ("GatherV2", "ResourceGather", "GatherNd", "ResourceGatherNd")
Found = tuple[Code, cst.BaseExpression]


def logits_taken(recording: Recording, place: Place, op: Op | None) -> Span | None:
    """Where the loss is chosen that takes the raw result of a layer for probabilities."""
    found = chosen(recording, place, op) if is_linear(recording, op) else None
    return found[0].span(found[1]) if found is not None else None


def of_logits(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`loss="binary_crossentropy"` and `BinaryCrossentropy()` behind a linear layer → `BinaryCrossentropy(from_logits=True)`."""
    found, names = chosen(recording, place, op) if is_linear(recording, op) else None, names_of(recording)
    if found is None:
        return ()
    code, node = found
    title = "compute the loss from the raw result of the last layer (`from_logits=True`), which is no probability"
    if isinstance(node, cst.Call):
        return fix(title, "unsafe", (code, Change().replace(node, with_keyword(node, "from_logits", cst.Name("True")))))
    keras = names.keras
    kind = CLASSES[_function_named(node)]
    return fix(title, "unsafe", (code, Change().replace(node, code.expression(f"{keras}.losses.{kind}(from_logits=True)")))) if keras is not None else ()


def normalised_relu(recording: Recording, place: Place, op: Op | None) -> tuple[cst.Call, Span] | None:
    """The layer whose ReLU gives what a categorical loss divides by its sum, 0 for a row in which no unit is on; and where it is made."""
    made = maker_behind(recording, recording.producer.get(op.inputs[0]) if op is not None and op.type in ("RealDiv", "DivNoNan") else None, PASSING)
    found = layer_of(recording, made) if made is not None and made.type == "Relu" else None
    given = _activation(found[1]) if found is not None else None
    if found is None or given is None or kind_of(given.value) != "relu" or chosen(recording, place, op, CATEGORICAL) is None:
        return None
    return found[1], found[0].span(found[1])


def as_softmax(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`Dense(3, activation="relu")` under a categorical loss → `activation="softmax"`, whose row has the sum 1."""
    found = normalised_relu(recording, place, op)
    code = code_at(recording, found[1]) if found is not None else None
    given = _activation(found[0]) if found is not None else None
    if code is None or given is None:
        return ()
    return fix("give probabilities to the loss, by a softmax in the last layer", "unsafe", (code, Change().replace(given.value, renamed(given.value, "softmax"))))


def _activation(call: cst.Call) -> cst.Arg | None:
    return argument(call, {"Dense": 1, "Activation": 0}.get(last_name(call.func)), "activation")


def is_linear(recording: Recording, op: Op | None) -> bool:
    """Whether what an op holds at its bounds comes from a layer without an activation, such as the rows of an embedding, or their products."""
    made = maker_behind(recording, op, (*PASSING, *POOLING))
    if made is None:
        return False
    if made.type == "Mul":
        return all(is_linear(recording, recording.producer.get(key)) for key in made.inputs)
    return made.type in LINEAR or _is_row(recording, made)


def _is_row(recording: Recording, op: Op) -> bool:
    """Whether an op looks up rows of a weight, which no constraint holds anywhere."""
    if op.type not in LOOKED_UP or not op.inputs:
        return False
    read = recording.producer.get(op.inputs[0])
    layer = layer_of(recording, op) if op.layer is not None else None
    held = layer is not None and argument(layer[1], None, "embeddings_constraint") is not None
    return not held and (op.inputs[0] in recording.variables or (read is not None and read.type == "ReadVariableOp"))


def chosen(recording: Recording, place: Place, op: Op | None, kinds: Collection[str] = KINDS, *, logits: bool = False) -> Found | None:
    """The loss of one of some kinds as it is called at a place, made for it, or named in the only `compile` that names such a one; one of `logits` counts where that is said."""
    code = code_at(recording, place)
    # A bound of the user's own inside the loss is another place.
    for call in code.expressions_at(place)[:1] if code is not None and place is not None else ():
        if code is None or not isinstance(call, cst.Call):
            continue
        if last_name(call.func) in kinds:
            return (code, call) if len(call.args) >= 2 else None
        made = [(c, a.value) for c in cells(recording) for a in c.all(cst.Assign) if dotted(call.func) and any(dotted(t.target) == dotted(call.func) for t in a.targets)]
        if len(made) == 1 and _is_class(made[0][1], kinds, logits=logits):
            return made[0]
    if op is None or "compile_loss" not in op.scope.split("/"):
        return None
    compiled = [(c, loss.value) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == "compile" and (loss := argument(call, 1, "loss")) is not None]
    named = [f for c, v in compiled for f in _behind(recording, c, v) if _function_named(f[1]) in kinds or _is_class(f[1], kinds, logits=logits)]
    return named[0] if len(named) == 1 and len(compiled) == 1 else None


def _behind(recording: Recording, code: Code, value: cst.BaseExpression) -> list[Found]:
    """A value, or what its name is given."""
    made = [(c, a.value) for c in cells(recording) for a in c.all(cst.Assign) for t in a.targets if isinstance(value, cst.Name) and dotted(t.target) == value.value]
    return made or [(code, value)]


def _is_class(node: cst.BaseExpression, kinds: Collection[str], *, logits: bool) -> bool:
    return isinstance(node, cst.Call) and last_name(node.func) in kinds and (logits or argument(node, 0, "from_logits") is None)


def _function_named(node: cst.BaseExpression) -> str:
    """The loss that a string or a function is the name of."""
    name = str(node.evaluated_value) if isinstance(node, cst.SimpleString) else last_name(node)
    return SHORT.get(name, name)
