"""What is applied again and again: a stack of layers, a recurrence, a loop."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.activations import SATURATING, kind_of, renamed
from gradmagic.fixes.calls import Place, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, names_in
from gradmagic.fixes.names import names_of
from gradmagic.fixes.written import written
from gradmagic.locate.reads import variable_read
from gradmagic.recording import Recording
from gradmagic.report import Fix

RECURRENT = ("SimpleRNN", "LSTM", "GRU", "SimpleRNNCell", "LSTMCell", "GRUCell")
PLACES = {"activation": 1}
UNBOUNDED = frozenset({"relu", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "swish", "softplus", "mish", "linear", "exponential", "ReLU", "LeakyReLU", "ELU", "PReLU"})
# A row of layers that is written out.
FEWEST = 3


def residual(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`h = f(h)` again and again → `h = h + 0.1 * f(h)`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    for assign in code.all(cst.Assign, statement) if code is not None and statement is not None else ():
        target = assign.targets[0].target
        if code is not None and isinstance(target, cst.Name) and target.value in names_in(assign.value) and code.enclosing(assign, cst.For, cst.While) is not None:
            if len(weights_at(recording, place)) >= FEWEST:
                return ()
            new = code.expression(f"{target.value} + 0.1 * {atom(code.text(assign.value))}")
            return fix(f"let `{target.value}` pass beside the step (a residual connection)", "unsafe", (code, Change().replace(assign.value, new)))
    return ()


def unsaturated(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`h = tf.sigmoid(h @ w + b)` for each layer, in a loop or line by line → `h = tf.nn.leaky_relu(h @ w + b)`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None:
        return ()
    again = len(weights_at(recording, place)) >= FEWEST
    inside = code.all(cst.Assign, statement if again else code.scope(statement))
    if not again:
        inside = [a for a in inside if code.scope(a) is code.scope(statement) and code.enclosing(a, cst.For, cst.While) is None]
    change = Change()
    for assign in inside:
        call = assign.value
        function = names_of(recording).function("leaky_relu", call.func) if isinstance(call, cst.Call) and last_name(call.func) in SATURATING and len(call.args) == 1 else None
        if function is not None and isinstance(call, cst.Call):
            change.replace(call.func, code.expression(function))
    return fix("use an activation that does not saturate", "unsafe", (code, change)) if len(change.replaced) >= (1 if again else FEWEST) else ()


def weights_at(recording: Recording, place: Place) -> set[int]:
    """The matrices that the products of a line are made with: each turn of a loop over layers brings another one, each step of a recurrence the same."""
    where = (place.cell, place.line) if place is not None else None
    products = [op for op in recording.ops if op.type in ("MatMul", "BatchMatMulV2", "Einsum") and op.span is not None and (op.span.cell, op.span.line) == where]
    return {v for op in products for key in op.inputs if (v := variable_read(recording, key)) is not None}


def bounded_recurrence(recording: Recording, place: Place, layer: tuple[Code, cst.Call] | None) -> tuple[Fix, ...]:
    """A ReLU that is applied again and again becomes a tanh, with an orthogonal recurrent kernel where a layer has one."""
    code = code_at(recording, place)
    calls = [n for n in code.expressions_at(place) if isinstance(n, cst.Call)] if code is not None and place is not None else []
    if layer is not None:
        code, calls = layer[0], [layer[1]]
    for call in calls:
        if code is None:
            break
        if last_name(call.func) in RECURRENT:
            return _as_by_itself(recording, code, call)
        starts = argument(call, None, "kernel_initializer")
        if starts is not None:
            return fix("begin with weights of the usual size", "unsafe", (code, Change().replace(starts.value, cst.SimpleString('"glorot_uniform"'))))
        if last_name(call.func) == "relu":
            new_name = names_of(recording).function("tanh", call.func)
            if new_name is not None:
                return fix("use an activation that is bounded", "unsafe", (code, Change().replace(call.func, code.expression(new_name))))
    statement = code.statement_at(place) if code is not None and place is not None else None
    for call in code.all(cst.Call, statement) if code is not None and statement is not None else ():
        if code is not None and last_name(call.func) == "relu" and (name := names_of(recording).function("tanh", call.func)) is not None:
            return fix("use an activation that is bounded", "unsafe", (code, Change().replace(call.func, code.expression(name))))
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    tanh = names_of(recording).function("tanh")
    if code is not None and tanh is not None and isinstance(assign, cst.Assign) and isinstance(assign.targets[0].target, cst.Name) and isinstance(assign.value, cst.BinaryOperation):
        again = assign.targets[0].target.value in names_in(assign.value) and code.enclosing(assign, cst.For, cst.While) is not None
        bounded = code.expression(f"{tanh}({code.text(assign.value)})")
        return fix("use an activation that is bounded", "unsafe", (code, Change().replace(assign.value, bounded))) if again and "@" in code.text(assign.value) else ()
    return ()


def _as_by_itself(recording: Recording, code: Code, guilty: cst.Call) -> tuple[Fix, ...]:
    """`LSTM(64, activation="relu")` → `LSTM(64)`, and the layers of the same kind that ran beside it: what they have by themselves is tanh and an orthogonal recurrent kernel."""
    changes: dict[Code, Change] = {}
    titles = dict[str, None]()
    for where, call in [(code, guilty), *_recurrent_layers(recording)]:
        new = call
        for word, title, given in (("activation", "tanh", _grows_without_bound(recording, where, call)), ("recurrent_initializer", "an orthogonal recurrent kernel", True)):
            arg = argument(new, PLACES.get(word), word) if given else None
            if arg is not None:
                # What is given by its place keeps the others in theirs.
                new = without_argument(new, arg) if arg.keyword is not None else new.with_deep_changes(arg, value=cst.SimpleString('"tanh"'))
                titles[title] = None
        if new is not call:
            changes.setdefault(where, Change()).replace(call, new)
        elif call is guilty:
            return ()
    return fix(f"use {' and '.join(titles)}", "unsafe", *changes.items())


def _recurrent_layers(recording: Recording) -> list[tuple[Code, cst.Call]]:
    """Where the recurrent layers of Keras' own that ran are made."""
    places = [layer.made_at for layer in recording.layers.values() if layer.library and layer.made_at is not None]
    found = [(code, call) for place in places if (code := code_at(recording, place)) is not None and (call := code.call_at(place, RECURRENT)) is not None]
    return list({id(call): (code, call) for code, call in found}.values())


def _grows_without_bound(recording: Recording, code: Code, call: cst.Call) -> bool:
    """Whether a layer is given an activation by name that is none of the bounded ones."""
    given = argument(call, PLACES["activation"], "activation")
    kinds = {kind_of(node) for _, node in written(recording, code, given.value)} if given is not None else set()
    return bool(kinds) and kinds <= UNBOUNDED


def longer_memory(recording: Recording, layer: tuple[Code, cst.Call] | None) -> tuple[Fix, ...]:
    """A plain recurrent layer becomes a GRU; a saturating activation of a deep stack a ReLU."""
    if layer is None:
        return ()
    code, call = layer
    if last_name(call.func) == "SimpleRNN":
        kept = call.with_changes(args=[a for a in call.args if a.keyword is None or a.keyword.value != "activation"])
        gated = cst.Name("GRU") if isinstance(call.func, cst.Name) else call.func.with_changes(attr=cst.Name("GRU"))
        return fix("use a gated layer, which keeps what it has seen", "unsafe", (code, Change().replace(call, kept.with_changes(func=gated))))
    change = Change()
    others: list[tuple[Code, Change]] = [(code, change)]
    for other in code.all(cst.Call):
        arg = argument(other, None, "activation")
        if arg is None or last_name(other.func) != last_name(call.func) or not _hidden(code, other):
            continue
        start = argument(other, None, "kernel_initializer")
        if start is not None and kind_of(start.value.func if isinstance(start.value, cst.Call) else start.value) in ("random_normal", "random_uniform", "RandomNormal", "RandomUniform"):
            change.replace(start.value, cst.SimpleString('"he_normal"'))
        for where, node in written(recording, code, arg.value):
            if kind_of(node) in SATURATING:
                target = next((c for w, c in others if w is where), None)
                if target is None:
                    target = Change()
                    others.append((where, target))
                target.replace(node, renamed(node, "relu"))
    changes = [(w, c) for w, c in others if c.replaced]
    return fix("use an activation that does not saturate", "unsafe", *changes) if changes else ()


def _hidden(code: Code, call: cst.Call) -> bool:
    units = argument(call, 0, "units")
    return units is None or code.text(units.value) != "1"
