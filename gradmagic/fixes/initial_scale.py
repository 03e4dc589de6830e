"""Weights that begin too large for a deep network: those of layers by an initializer that goes by the layer's size, plain variables scaled by their number of inputs."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.activations import kind_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, key_of, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.layers import LAYERS
from gradmagic.fixes.written import written
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

# They take the spread that they are given, whatever the size of the layer.
FIXED = frozenset({"random_normal", "random_uniform", "truncated_normal", "RandomNormal", "RandomUniform", "TruncatedNormal", "ones", "Ones", "constant", "Constant"})
RECTIFYING = frozenset({"relu", "leaky_relu", "elu", "gelu", "silu", "swish", "relu6", "ReLU", "LeakyReLU", "ELU"})
DRAWING = frozenset({"normal", "truncated_normal"})


def usual_weights(recording: Recording) -> tuple[Fix, ...]:
    """`kernel_initializer=RandomNormal(stddev=1.0)` → `"he_normal"` for layers with a ReLU, `"glorot_uniform"` for others."""
    changes: dict[Code, Change] = {}
    for code in cells(recording):
        for call in code.all(cst.Call):
            given = argument(call, None, "kernel_initializer")
            if given is None or last_name(call.func) not in LAYERS or not _is_fixed(recording, code, given.value):
                continue
            activation = argument(call, 1, "activation") if last_name(call.func) == "Dense" else argument(call, None, "activation")
            kinds = {kind_of(node) for _, node in written(recording, code, activation.value)} if activation is not None else set()
            new = '"he_normal"' if kinds & RECTIFYING else '"glorot_uniform"'
            changes.setdefault(code, Change()).replace(given.value, cst.SimpleString(new))
    return fix("begin with weights whose size goes by the number of a layer's inputs", "unsafe", *changes.items())


def _is_fixed(recording: Recording, code: Code, value: cst.BaseExpression) -> bool:
    meant = [a.value for c in cells(recording) for a in assignments_of(c, value.value)] if isinstance(value, cst.Name) else [value]
    made = {last_name(node.func) for node in meant if isinstance(node, cst.Call)}
    kinds = made | {kind_of(node) for _, node in written(recording, code, value)}
    return bool(kinds) and kinds <= FIXED


def scaled_by_inputs(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`tf.Variable(tf.random.normal((64, 32)))` → with `stddev=(2 / 64) ** 0.5`, for each matrix that is asked for and drawn at the scale 1."""
    spans = {v.created_at for s in (run.sources if run is not None else ()) if (v := recording.variables.get(s.id)) is not None and v.created_at is not None and len(s.shape or ()) == 2}
    places = {(span.cell, span.line) for span in spans}
    changes: dict[Code, Change] = {}
    for code in cells(recording):
        for call in code.all(cst.Call):
            if last_name(call.func) != "Variable" or not call.args or (places and (code.cell, code.start(call)[0]) not in places):
                continue
            drawn = call.args[0].value
            rows = _rows(code, drawn) if isinstance(drawn, cst.Call) and last_name(drawn.func) in DRAWING else None
            if isinstance(drawn, cst.Call) and rows is not None and len(drawn.args) == 1:
                spread = cst.Arg(code.expression(f"(2.0 / {rows}) ** 0.5"), keyword=cst.Name("stddev"), equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")))
                comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
                changes.setdefault(code, Change()).replace(drawn, drawn.with_changes(args=[drawn.args[0].with_changes(comma=comma), spread]))
    return fix("begin with weights whose size goes by the number of inputs", "unsafe", *changes.items())


def _rows(code: Code, drawn: cst.Call) -> str | None:
    """The number of inputs of a matrix that is drawn, as it is written."""
    shape = argument(drawn, 0, "shape")
    if shape is None or not isinstance(shape.value, (cst.Tuple, cst.List)) or len(shape.value.elements) != 2:
        return None
    first = shape.value.elements[0].value
    return code.text(first) if isinstance(first, (cst.Name, cst.Integer, cst.Attribute)) or key_of(first) is not None else None
