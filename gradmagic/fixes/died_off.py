"""Networks that steps on data far from 1 have driven to where every unit of a layer is off: trained anew, on data of spread 1 and with steps of ordinary size."""

from __future__ import annotations

import dataclasses
import math

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name, number_of
from gradmagic.fixes.far_data import far_behind, made_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.rates import LARGE, learning_rate
from gradmagic.fixes.standard import ORDINARY, TRAINING, standardised_behind
from gradmagic.locate.paths import values_behind
from gradmagic.locate.rectified import rectified
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix


def units_off(recording: Recording, op: Op, position: int = 0) -> Op | None:
    """The last ReLU behind an input that is all 0 whose units are all off; None where there is none, or the input is not 0."""
    entering = recording.tensors.get(op.inputs[position]) if position < len(op.inputs) else None
    if entering is None or not entering.all_zero:
        return None
    made = [m for key in values_behind(recording, entering.id) if (t := recording.tensors.get(key)) is not None and t.all_zero and (m := recording.producer.get(key)) is not None]
    return max((m for m in made if rectified(recording, m) is not None and m.phase == "forward"), key=lambda m: m.seq, default=None)


def brought_back(recording: Recording, run: GradientRun | None, off: Op | None) -> tuple[Fix, ...]:
    """`x = (x - x.mean(axis=0)) / …` behind what makes the data of a training call, and an ordinary learning rate in the place of a large one."""
    place = run.span if run is not None and run.kind.startswith("keras") else None
    code = code_at(recording, place)
    call = code.call_at(place, TRAINING) if code is not None and place is not None else None
    first = argument(call, 0, "x") if call is not None else None
    rates = [u for u in recording.updates if u.kind != "assign" and (u.learning_rate or 0.0) >= LARGE]
    # Large steps make large weights.
    data = far_behind(recording, off.inputs[0], math.inf if rates else ORDINARY) if off is not None else None
    found = made_of(recording, code, first.value) if code is not None and first is not None else None
    if found is None or data is None or call is None or _is_target(call, found[0].name):
        return ()
    scaled = standardised_behind(recording, found[0], len(data.shape or ()) + found[1])
    slower = learning_rate(recording, rates[0].optimizer, smaller=True) if rates else ()
    return (_both(scaled[0], slower[0]),) if scaled and slower else scaled


def leaking(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A ReLU that is written out, as `tf.maximum(0.0, z)`, `tf.where(z > 0, z, 0.0)` or `z * tf.cast(z > 0, tf.float32)` → `tf.nn.leaky_relu(z)`."""
    code, function = code_at(recording, place), names_of(recording).function("leaky_relu")
    if code is None or place is None or function is None:
        return ()
    for node in code.expressions_at(place)[:1]:
        value: cst.BaseExpression | None = None
        if isinstance(node, cst.Call) and last_name(node.func) == "maximum" and len(node.args) == 2:
            value = next((a.value for a, b in (node.args, node.args[::-1]) if _is_nothing(code, b.value)), None)
        elif isinstance(node, cst.Call) and last_name(node.func) == "where" and len(node.args) == 3:
            value = next((a.value for a, b in (node.args[1:], node.args[:0:-1]) if _is_nothing(code, b.value)), None)
        elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
            value = next((a for a, b in ((node.left, node.right), (node.right, node.left)) if not code.all(cst.Comparison, a) and code.all(cst.Comparison, b)), None)
        if value is not None:
            return fix("use an activation that leaks", "unsafe", (code, Change().replace(node, code.expression(f"{function}({code.bare(value)})"))))
    return ()


def _is_nothing(code: Code, node: cst.BaseExpression) -> bool:
    return number_of(code.text(node)) == 0 or (isinstance(node, cst.Call) and last_name(node.func) in ("zeros_like", "zeros"))


def _is_target(call: cst.Call, name: str) -> bool:
    second = argument(call, 1, "y")
    return second is not None and last_name(second.value) == name


def _both(one: Fix, other: Fix) -> Fix:
    """Two edits in one, where they change different lines."""
    if any(a.cell == b.cell and a.start_line <= b.end_line and b.start_line <= a.end_line for a in one.edits for b in other.edits):
        return one
    return dataclasses.replace(one, title=f"{one.title}, and {other.title}", edits=(*one.edits, *other.edits))
