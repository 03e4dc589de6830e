"""The words with the largest scores, handed to a model that begins with an embedding: the mean of the embedding's rows, handed to what comes behind it."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place, line_of, rest_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import functions_run, pairs_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.fixes.numerics import value_of
from gradmagic.fixes.soft_lookup import is_index, name_of_result
from gradmagic.recording import Recording
from gradmagic.report import Fix

WRAPPING = ("cast", "stop_gradient", "identity", "convert_to_tensor")
STARTS = ("Input", "InputLayer")


@dataclasses.dataclass(frozen=True)
class _Chosen:
    """The call that takes the index of the largest score, the whole expression that it stands in, and the scores."""

    argmax: cst.Call
    whole: cst.Call
    scores: cst.BaseExpression


def mean_of_rows(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`score = model(tf.argmax(logits, -1))` → `score = tf.matmul(tf.nn.softmax(logits), model.layers[0].embeddings)`, and on through the layers behind the first one.

    The place is the call of the model, the `argmax`, or where the embedding is made.
    """
    at, tf = code_at(recording, place), names_of(recording).tf
    if at is None or place is None or tf is None:
        return ()
    here = {id(n) for n in at.expressions_at(place)}
    ran = functions_run(recording)
    found: list[tuple[Code, cst.Call]] = []
    for code in cells(recording):
        for call in code.all(cst.Call):
            function, chosen = code.function(call), _chosen(code, call)
            if chosen is None or (code.cell, function.name.value if function is not None else None) not in ran:
                continue
            tables = tables_of(recording, code, call)
            plain = [t for t in tables if argument(t, None, "mask_zero") is None]
            if tables and plain == tables and here & {id(n) for n in (call, chosen.argmax, *tables)}:
                found.append((code, call))
    scopes = {(id(code.scope(call)), dotted(call.func)) for code, call in found}
    return _without_lookup(*found[0], tf) if len(scopes) == 1 else ()


def is_row(recording: Recording, code: Code, argmax: cst.Call) -> bool:
    """Whether the result of a call only looks something up, by itself or in a model that begins with an embedding."""
    return is_index(recording, code, argmax) or any(c.args and _argmax(code, c) is argmax and tables_of(recording, code, c) for c in code.all(cst.Call, code.scope(argmax)))


def _without_lookup(code: Code, first: cst.Call, tf: str) -> tuple[Fix, ...]:
    chosen = _chosen(code, first)
    if chosen is None:
        return ()
    name, change, scope = name_of_result(code, chosen.whole), Change(), code.scope(first)
    given = first.args[0].value
    alike = [c for c in code.all(cst.Call, scope) if isinstance(given, cst.Name) and c.args and isinstance(c.args[0].value, cst.Name) and c.args[0].value.value == given.value]
    calls = [c for c in alike if dotted(c.func) == dotted(first.func)] if isinstance(given, cst.Name) else [first]
    scores = code.text(chosen.scores)
    if isinstance(given, cst.Name):
        if len(calls) == len(reads_of(code, given.value, scope)) and name == given.value:
            change.replace(chosen.whole, code.expression(f"{tf}.nn.softmax({scores})"))
            soft = given.value
        elif isinstance(chosen.scores, cst.Name):
            soft = f"{tf}.nn.softmax({scores})"
        else:
            return ()
    else:
        soft = f"{tf}.nn.softmax({scores})"
    for call in calls:
        if not _replaced(code, call, f"{tf}.matmul({soft}, {dotted(call.func)}.layers[0].embeddings)", change):
            return ()
    return fix("mix the rows of the embedding by a softmax of the scores, and hand that to the layers behind it", "unsafe", (code, change))


def _replaced(code: Code, call: cst.Call, rows: str, change: Change) -> bool:
    """The lines that take the place of a call of the model."""
    line = line_of(code, call)
    if line is None or not all(a.keyword is not None for a in call.args[1:]):
        return False
    name = name_of_result(code, call)
    mixed = name or new_name(code, "mixed")
    layer = new_name(code, "layer")
    change.insert_before(line, code.line(f"{mixed} = {rows}"))
    loop = code.line(f"for {layer} in {dotted(call.func)}.layers[1:]:\n    {mixed} = {layer}({mixed}{rest_of(code, call, 1)})")
    change.insert_before(line, loop)
    if name is not None and len(line.body) == 1:
        change.remove(line)
    else:
        change.replace(call, cst.Name(mixed))
    return True


def _chosen(code: Code, call: cst.Call) -> _Chosen | None:
    """What a call is given, where that is the index of the largest score along the last axis."""
    argmax, whole = _argmax(code, call), _given(code, call)
    scores, axis = (argument(argmax, 0, "input", "x"), argument(argmax, 1, "axis")) if argmax is not None else (None, None)
    last = axis is not None and code.text(axis.value) == "-1"
    return _Chosen(argmax, whole, scores.value) if argmax is not None and isinstance(whole, cst.Call) and scores is not None and last else None


def _argmax(code: Code, call: cst.Call) -> cst.Call | None:
    value = _given(code, call)
    while isinstance(value, cst.Call) and last_name(value.func) in WRAPPING and value.args:
        value = value.args[0].value
    return value if isinstance(value, cst.Call) and last_name(value.func) == "argmax" else None


def _given(code: Code, call: cst.Call) -> cst.BaseExpression | None:
    value = call.args[0].value if call.args and call.args[0].keyword is None else None
    return value_of(code, value) if isinstance(value, cst.Name) else value


def tables_of(recording: Recording, code: Code, call: cst.Call) -> list[cst.Call]:
    """The embeddings that the `Sequential` models of a name begin with, where a call is of such a model; none where one of them begins otherwise."""
    name = dotted(call.func)
    owner = code.enclosing(call, cst.ClassDef) if "." in name else None
    known = [(c, a, v) for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if name and dotted(t) == name]
    made = [(c, v) for c, a, v in known if owner is None or c is not code or c.enclosing(a, cst.ClassDef) is owner]
    firsts = [_first_layer(recording, c, name, v) for c, v in made]
    tables = [f for f in firsts if f is not None and last_name(f.func) == "Embedding"]
    return tables if len(tables) == len(firsts) else []


def _first_layer(recording: Recording, code: Code, name: str, value: cst.BaseExpression) -> cst.Call | None:
    if not isinstance(value, cst.Call):
        return None
    if last_name(value.func) != "Sequential":
        functions = [(c, f) for c in cells(recording) for f in c.all(cst.FunctionDef) if f.name.value == last_name(value.func)]
        returned = [(c, r.value) for c, f in functions for r in c.all(cst.Return, f)] if len(functions) == 1 else []
        if len(returned) != 1 or returned[0][1] is None:
            return None
        where, result = returned[0][0], returned[0][1]
        inner = value_of(where, result) if isinstance(result, cst.Name) else result
        sequential = isinstance(inner, cst.Call) and last_name(inner.func) == "Sequential"
        return _first_layer(recording, where, dotted(result), inner) if sequential and inner is not None else None
    listed = argument(value, 0, "layers")
    if listed is not None:
        layers = [e.value for e in listed.value.elements] if isinstance(listed.value, (cst.List, cst.Tuple)) else []
    else:
        scope = code.scope(value)
        added = [c for c in code.all(cst.Call, scope) if last_name(c.func) == "add" and isinstance(c.func, cst.Attribute) and dotted(c.func.value) == name and len(c.args) == 1]
        layers = [c.args[0].value for c in added]
    rest = [n for n in layers if not (isinstance(n, cst.Call) and last_name(n.func) in STARTS)]
    return rest[0] if rest and isinstance(rest[0], cst.Call) else None
