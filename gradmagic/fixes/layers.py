"""Layers and what they are made with: activations, initial values, losses of `compile`."""

from __future__ import annotations

import re

import libcst as cst

from gradmagic.fixes.activations import softmax_written_elsewhere
from gradmagic.fixes.calls import Place, keyword, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name
from gradmagic.fixes.names import names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix
from gradmagic.syntax import snake

LAYERS = ("Dense", "Conv1D", "Conv2D", "Conv3D", "SimpleRNN", "LSTM", "GRU", "SeparableConv2D", "Conv2DTranspose", "EinsumDense", "Activation")


def layer_of(recording: Recording, op: Op | None) -> tuple[Code, cst.Call] | None:
    """The call that makes the Keras layer in whose scope an op ran; None where it is not sure which it is."""
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    made = code_at(recording, layer.made_at) if layer is not None and layer.library else None
    call = made.call_at(layer.made_at, (layer.type,)) if made is not None and layer is not None and layer.made_at is not None else None
    if made is not None and call is not None:
        return made, call
    scope = [p for p in op.scope.split("/") if p] if op is not None else []
    if not scope:
        return None
    name = scope[-1]
    plain: list[tuple[Code, cst.Call]] = []
    for code in reversed(cells(recording)):
        for call in code.all(cst.Call):
            label = argument(call, None, "name")
            if label is not None and _string(label.value) and (_string(label.value) == name or re.fullmatch(re.escape(_string(label.value)) + r"_\d+", name)):
                return code, call
            if label is None and re.fullmatch(snake(last_name(call.func)) + r"(_\d+)*", name) and last_name(call.func)[:1].isupper():
                plain.append((code, call))
    kind = re.sub(r"(_\d+)*$", "", name)
    seen = list(dict.fromkeys(parts[-1] for o in recording.ops if o.phase == "forward" and (parts := [p for p in o.scope.split("/") if p]) and re.sub(r"(_\d+)*$", "", parts[-1]) == kind))
    if len(plain) == 1 or (len(plain) == len(seen) and name in seen):
        return plain[seen.index(name) if len(plain) > 1 else 0]
    return None


def activating_layer(recording: Recording, op: Op | None) -> tuple[Code, cst.Call] | None:
    """The call that makes the layer of an op, without a class of the user's own whose call says nothing of an activation: there it stands in the class."""
    made = layer_of(recording, op)
    own = made is not None and argument(made[1], None, "activation") is None and any(c.name.value == last_name(made[1].func) for code in cells(recording) for c in code.all(cst.ClassDef))
    return None if own else made


def _at(recording: Recording, place: Place, op: Op | None = None) -> tuple[Code, list[cst.BaseExpression]] | None:
    layer = activating_layer(recording, op)
    if layer is not None:
        return layer[0], [layer[1]]
    code = code_at(recording, place)
    if code is None or place is None:
        return None
    found = code.expressions_at(place)
    found += [n for n in code.all(cst.Call) if place.line <= code.start(n)[0] <= place.end_line and n not in found]
    return code, found


def _activation(code: Code, nodes: list[cst.BaseExpression], kinds: tuple[str, ...]) -> tuple[cst.Call, cst.Arg] | None:
    """A layer call with one of these activations, by keyword or (for `Activation`) by position."""
    for node in nodes:
        for call in [n for n in (node, *code.all(cst.Call, node)) if isinstance(n, cst.Call)]:
            arg = argument(call, 0 if last_name(call.func) == "Activation" else 1 if last_name(call.func) == "Dense" else None, "activation")
            if arg is not None and (_string(arg.value) in kinds or last_name(arg.value) in kinds):
                return call, arg
    return None


def _string(node: cst.BaseExpression) -> str:
    return str(node.evaluated_value) if isinstance(node, cst.SimpleString) else ""


def _renamed(value: cst.BaseExpression, new: str) -> cst.BaseExpression:
    """`"softmax"` or `tf.nn.softmax` under another name."""
    if isinstance(value, cst.SimpleString):
        return cst.SimpleString(f"{value.prefix}{value.quote}{new}{value.quote}")
    if isinstance(value, cst.Attribute):
        return value.with_changes(attr=cst.Name(new))
    return cst.SimpleString(f'"{new}"')


def sigmoid_for_softmax(recording: Recording, place: Place, op: Op | None = None) -> tuple[Fix, ...]:
    """A softmax over one unit becomes a sigmoid; a categorical loss of a `compile` beside it becomes the binary one."""
    found = _at(recording, place, op)
    if found is None:
        return ()
    code, nodes = found
    elsewhere = softmax_written_elsewhere(recording, code, nodes)
    if elsewhere is not None:
        where, word = elsewhere
        change = Change().replace(word, _renamed(word, "sigmoid"))
        _binary_loss(where, change)
        return fix("use a sigmoid for a single unit", "unsafe", (where, change))
    layer = _activation(code, nodes, ("softmax", "log_softmax"))
    if layer is None:
        candidates = [
            (c, found_one) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == "Dense" and _units(c, call) == "1" and (found_one := _activation(c, [call], ("softmax",)))
        ]
        if len(candidates) == 1 and not any(isinstance(n, cst.Call) and last_name(n.func) in ("softmax", "Softmax") for n in nodes):
            code, layer = candidates[0]
    if layer is not None:
        change = Change().replace(layer[1].value, _renamed(layer[1].value, "sigmoid"))
        _binary_loss(code, change)
        return fix("use a sigmoid for a single unit", "unsafe", (code, change))
    call = next((n for n in nodes if isinstance(n, cst.Call) and last_name(n.func) in ("softmax", "Softmax")), None)
    if call is None:
        return ()
    names = names_of(recording)
    if last_name(call.func) == "Softmax":
        new = code.expression(f'{code.text(call.func).removesuffix("Softmax")}Activation("sigmoid")')
    else:
        function = names.function("sigmoid", call.func)
        if function is None or not call.args:
            return ()
        new = code.expression(f"{function}({code.text(call.args[0].value)})")
    return fix("use a sigmoid for a single unit", "unsafe", (code, Change().replace(call, new)))


def _units(code: Code, call: cst.Call) -> str:
    found = argument(call, 0, "units")
    return "" if found is None else code.text(found.value)


def _binary_loss(code: Code, change: Change) -> None:
    for call in code.all(cst.Call):
        loss = argument(call, None, "loss") if last_name(call.func) == "compile" else None
        if loss is not None and _string(loss.value) in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
            change.replace(loss.value, _renamed(loss.value, "binary_crossentropy"))


def without_activation(recording: Recording, place: Place, kinds: tuple[str, ...], op: Op | None = None) -> tuple[Fix, ...]:
    """A layer without its activation: its raw result."""
    found = _at(recording, place, op)
    if found is None:
        return ()
    code, nodes = found
    layer = _activation(code, nodes, kinds)
    if layer is None:
        return ()
    call, arg = layer
    change = Change()
    if last_name(call.func) == "Activation":
        statement = code.statement(call)
        outer = code.enclosing(call, cst.Call)
        if outer is None or last_name(outer.func) != "add" or statement is None:
            return ()
        change.remove(statement)
    else:
        change.replace(call, without_argument(call, arg))
    return fix("leave the activation out of this layer", "unsafe", (code, change))


def living_activation(recording: Recording, place: Place, op: Op | None = None) -> tuple[Fix, ...]:
    """A ReLU that is off everywhere: none on an output, one that leaks inside the network."""
    found = _at(recording, place, op)
    if found is None:
        return ()
    code, nodes = found
    layer = _activation(code, nodes, ("relu", "relu6"))
    if layer is not None:
        call, arg = layer
        leaky = fix("use an activation that leaks", "unsafe", (code, Change().replace(arg.value, _renamed(arg.value, "leaky_relu"))))
        return (*without_activation(recording, place, ("relu", "relu6"), op), *leaky) if _is_last(code, call) else leaky
    call_ = next((n for n in nodes if isinstance(n, cst.Call) and last_name(n.func) in ("relu", "relu6", "ReLU")), None)
    if call_ is None:
        return ()
    if last_name(call_.func) == "ReLU":
        new: cst.BaseExpression = call_.with_changes(func=_renamed(call_.func, "LeakyReLU"), args=[])
    else:
        function = names_of(recording).function("leaky_relu", call_.func)
        if function is None or not call_.args:
            return ()
        new = call_.with_changes(func=code.expression(function), args=[call_.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT)])
    return fix("use an activation that leaks", "unsafe", (code, Change().replace(call_, new)))


def _is_last(code: Code, call: cst.Call) -> bool:
    """Whether a layer is the last of its model: behind it no layer is added or called."""
    outer = code.enclosing(call, cst.Call)
    element = code.parent(call)
    if isinstance(element, cst.Element):
        listed = code.parent(element)
        return isinstance(listed, cst.List) and listed.elements[-1] is element
    if outer is not None and last_name(outer.func) == "add":
        model = code.text(outer.func)
        return not any(code.text(c.func) == model and code.start(c) > code.start(outer) for c in code.all(cst.Call))
    assign = code.enclosing(call, cst.Assign)
    if assign is not None:
        name = last_name(assign.targets[0].target)
        ends = [r.value for r in code.all(cst.Return) if r.value is not None]
        ends += [a.value for c in code.all(cst.Call) if last_name(c.func) == "Model" and (a := argument(c, 1, "outputs")) is not None]
        if name and any(n.value == name for e in ends for n in ([e] if isinstance(e, cst.Name) else [e.func.attr] if isinstance(e, cst.Call) and isinstance(e.func, cst.Attribute) else [])):
            return True
    return _units(code, call) == "1"


def compiled_with_loss(recording: Recording) -> tuple[Fix, ...]:
    """`compile` with a loss that fits the activation of the last layer; what the labels are only the user knows."""
    for code in cells(recording):
        call = next((c for c in reversed(code.all(cst.Call)) if last_name(c.func) == "compile" and argument(c, 1, "loss") is None), None)
        if call is None:
            continue
        fixes: tuple[Fix, ...] = ()
        for loss, words in _losses(recording):
            args = list(call.args)
            position = 1 if (args and args[0].keyword is None) or (args and args[0].keyword is not None and args[0].keyword.value == "optimizer") else 0
            args.insert(position, keyword("loss", cst.SimpleString(f'"{loss}"')).with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))))
            if position and isinstance(args[position - 1].comma, cst.MaybeSentinel):
                args[position - 1] = args[position - 1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
            args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT) if position == len(args) - 1 else args[-1]
            fixes += fix(f"compile with a loss for {words}", "unsafe", (code, Change().replace(call, call.with_changes(args=args))))
        return fixes
    return ()


def last_activation(recording: Recording) -> str:
    """The activation that the last layer of the cells is given as a string; empty for none."""
    last = ""
    for code in reversed(cells(recording)):
        for call in code.all(cst.Call):
            arg = argument(call, {"Dense": 1, "Activation": 0}.get(last_name(call.func)), "activation")
            if last_name(call.func) in LAYERS:
                last = _string(arg.value) if arg is not None else ""
    return last


def _losses(recording: Recording) -> list[tuple[str, str]]:
    last = last_activation(recording)
    if last == "softmax":
        return [("sparse_categorical_crossentropy", "labels that are class numbers"), ("categorical_crossentropy", "one-hot labels")]
    if last == "sigmoid":
        return [("binary_crossentropy", "labels of 0 and 1"), ("mean_squared_error", "numbers")]
    return [("mean_squared_error", "numbers")]
