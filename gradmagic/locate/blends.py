"""Weighted sums of variables: the moving average of one model by another, as it is assigned or lost."""

from __future__ import annotations

import ast
import math

from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import values_behind
from gradmagic.locate.reads import variable_read
from gradmagic.recording import Op, Recording, Span
from gradmagic.syntax import call_at, last_name

WEIGHTED = frozenset({"Mul", "AddV2", "Sub", "ReadVariableOp", "Identity", "Const", "Cast"})
SUMS = frozenset({"AddV2", "Add"})
# What one run leaves over may be used in the next cell.
FEWEST = 2
OFTEN, SAME = 3, 3e-7


def is_blended_with_itself(recording: Recording, span: Span) -> bool:
    """Whether all that a line assigns is a weighted sum of the variable's own value, and the same value: `v.assign(0.9 * v + 0.1 * v)`."""
    found = []
    for a in recording.assignments:
        if a.span == span and a.value is not None and a.value in recording.producer:
            behind = list(values_behind(recording, a.value))
            values = [recording.tensors.get(key) for key in behind]
            made = [op for key in behind if (op := recording.producer.get(key)) is not None]
            read = {t.variable for t in values if t is not None and t.variable is not None} | {key for key in behind if key in recording.variables}
            own = next((t for t in values if t is not None and t.variable == a.variable and t.norm is not None), None)
            new = recording.tensors.get(a.value)
            weighted = {"Mul"} <= {op.type for op in made} <= WEIGHTED and read == {a.variable} and all(_has_constant(recording, op) for op in made if op.type == "Mul")
            if not weighted or own is None or own.norm is None or new is None or new.norm is None or not math.isclose(new.norm, own.norm, rel_tol=1e-5):
                return False
            # Of zeros one cannot tell.
            found.append(own.norm > 0)
    return any(found)


def _has_constant(recording: Recording, op: Op) -> bool:
    return any(
        (t := recording.tensors.get(key)) is not None and t.variable is None and t.shape == () and (key not in recording.producer or recording.producer[key].type == "Const") for key in op.inputs
    )


def lost_blends(recording: Recording) -> list[Fault]:
    """Moving averages that are computed in every step and assigned to nothing: `a * t + (1 - a) * s` of two variables, of which `s` is trained and `t` stays."""
    changed = {p.variable for u in recording.updates for p in u.pairs}
    written = {a.variable for a in recording.assignments}
    escaped = {e.tensor for e in recording.escapes}
    blends: dict[Span, list[Op]] = {}
    used: set[Span] = set()
    for op in recording.ops:
        if op.type not in SUMS or op.span is None or op.phase != "forward" or len(op.outputs) != 1:
            continue
        if op.outputs[0] in recording.consumers or op.outputs[0] in escaped:
            used.add(op.span)
        else:
            blends.setdefault(op.span, []).append(op)
    faults = []
    for span, ops in blends.items():
        found = [_left_behind(recording, op, changed, written) for op in ops] if span not in used else [None]
        still = [f for f in found if f is not None]
        if len(still) == len(found) >= FEWEST * len(set(still)):
            detail = {"variables": tuple(dict.fromkeys(key for key, _ in still)), "left": still[0][1], "key": span}
            faults.append(Fault("step", "lost", None, (), ops[0], span=span, detail=detail))
    return faults


def given_their_own(recording: Recording) -> list[Fault]:
    """Lines that give variables, again and again, the values they have, while others of their shapes are trained: an average in which the trained weights are missing.

    That a value stays the same to the last digits of its norm proves nothing by itself; that it stays zero where a share of the trained one would have come in does.
    """
    trained = {p.variable for u in recording.updates for p in u.pairs}
    moved = {v.shape for k in trained if (v := recording.variables.get(k)) is not None and recording.has_changed(k)}
    places: dict[int, set[Span | None]] = {}
    norms: dict[Span, dict[int, list[float | None]]] = {}
    for a in recording.assignments:
        places.setdefault(a.variable, set()).add(a.span)
        if a.how == "AssignVariableOp" and a.span is not None and a.variable in recording.variables:
            value = recording.tensors.get(a.value) if a.value is not None else None
            norms.setdefault(a.span, {}).setdefault(a.variable, []).append(value.norm if value is not None else None)
    faults = []
    for span, given in norms.items():
        alone = all(key not in trained and places[key] == {span} and recording.variables[key].shape in moved for key in given)
        same = all(_is_one_value(found) for found in given.values())
        if alone and same and any(found[0] == 0.0 for found in given.values()) and any(found[0] for found in given.values()):
            count = max(len(found) for found in given.values())
            faults.append(Fault("step", "own", None, (), span=span, detail={"variables": tuple(given), "count": count, "key": span}))
    return faults


def copied_onto_themselves(recording: Recording) -> list[Fault]:
    """Lines that copy the weights of a model that is trained to themselves: what is meant to be a copy of it is made of the same layers, or is the same model."""
    copies = [c for c in recording.own_copies if len(c.variables) >= FEWEST and _is_plain_copy(recording, c.span)]
    return [Fault("step", "shared", None, (), span=c.span, detail={"variables": c.variables, "key": c.span}) for c in copies]


def _is_plain_copy(recording: Recording, span: Span) -> bool:
    """Whether a line is `a.set_weights(b.get_weights())` or `a.assign(b)`, and computes nothing on the way."""
    call = call_at(recording, span, ("set_weights", "assign"))
    given = call.args[0] if call is not None and len(call.args) == 1 else None
    while isinstance(given, ast.Call) and not given.args and last_name(given.func) in ("get_weights", "value", "read_value", "numpy"):
        given = given.func.value if isinstance(given.func, ast.Attribute) else None
    taker = call.func.value if call is not None and isinstance(call.func, ast.Attribute) else None
    return isinstance(given, (ast.Name, ast.Attribute)) and taker is not None and ast.dump(given) != ast.dump(taker)


def _is_one_value(norms: list[float | None]) -> bool:
    known = [n for n in norms if n is not None]
    return len(known) == len(norms) >= OFTEN and math.isclose(min(known), max(known), rel_tol=SAME)


def _left_behind(recording: Recording, op: Op, changed: set[int], written: set[int]) -> tuple[int, bool] | None:
    """Of a sum of two variables with weights that make 1 together, the one that nothing changes while the other one is trained, and whether it stands on the left."""
    read, total = [], 0.0
    for key in op.inputs:
        product = recording.producer.get(key)
        if product is None or product.type != "Mul" or len(product.inputs) != 2:
            return None
        weights = [t.norm for i in product.inputs if (t := recording.tensors.get(i)) is not None and t.shape == () and t.variable is None and t.norm is not None]
        variables = [v for i in product.inputs if (v := variable_read(recording, i)) is not None]
        if len(weights) != 1 or len(variables) != 1:
            return None
        total += weights[0]
        read += variables
    shapes = {recording.variables[v].shape for v in read}
    still = [v for v in read if v not in changed | written]
    fits = len(set(read)) == 2 and len(shapes) == 1 and len(still) == 1 and math.isclose(total, 1.0, rel_tol=1e-3)
    return (still[0], still[0] == read[0]) if fits else None
