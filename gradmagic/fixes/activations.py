"""Activations: where the name of one is written, and which one a second derivative or a deep network asks for."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name
from gradmagic.fixes.flow import reads_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.written import written
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

PIECEWISE = ("relu", "leaky_relu", "relu6", "ReLU", "LeakyReLU")
SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "softsign")
LINEAR = ("Dense", "Conv1D", "Conv2D", "EinsumDense", "Dropout", "Flatten", "Reshape", "InputLayer", "Concatenate")


def softmax_written_elsewhere(recording: Recording, code: Code, nodes: list[cst.BaseExpression]) -> tuple[Code, cst.BaseExpression] | None:
    """The one word `softmax` that a layer gets through a parameter, where no other layer gets it from the same place."""
    calls = [n for n in nodes if isinstance(n, cst.Call)]
    given = argument(calls[0], 0 if last_name(calls[0].func) == "Activation" else 1 if last_name(calls[0].func) == "Dense" else None, "activation") if calls else None
    if given is None or isinstance(given.value, cst.SimpleString) or not isinstance(given.value, cst.Name):
        return None
    found = list(written(recording, code, given.value))
    if len(found) != 1 or kind_of(found[0][1]) != "softmax":
        return None
    where, word = found[0]
    function, parameter = where.function(word), where.enclosing(word, cst.Param)
    if parameter is not None and function is not None:
        owner = where.enclosing(function, cst.ClassDef)
        made = owner.name.value if owner is not None and function.name.value == "__init__" else function.name.value
        if sum(last_name(c.func) == made for cell in cells(recording) for c in cell.all(cst.Call)) != 1 or len(reads_of(where, parameter.name.value, function.body)) != 1:
            return None
    return where, word


def kind_of(node: cst.BaseExpression) -> str:
    """`relu` of `"relu"`, `tf.nn.relu` and `keras.activations.relu`."""
    return str(node.evaluated_value) if isinstance(node, cst.SimpleString) else last_name(node)


def renamed(node: cst.BaseExpression, new: str) -> cst.BaseExpression:
    """The same spelling of another activation."""
    if isinstance(node, cst.SimpleString):
        return cst.SimpleString(f"{node.prefix}{node.quote}{new}{node.quote}")
    return node.with_changes(attr=cst.Name(new)) if isinstance(node, cst.Attribute) else cst.SimpleString(f'"{new}"')


def exchanged(recording: Recording, code: Code, scope: cst.CSTNode, old: tuple[str, ...], new: str, title: str) -> tuple[Fix, ...]:
    """Every activation of some kinds in a part of a cell gives way to another."""
    changes: dict[int, tuple[Code, Change]] = {}

    def change_of(where: Code) -> Change:
        return changes.setdefault(id(where), (where, Change()))[1]

    for call in code.all(cst.Call, scope):
        name = last_name(call.func)
        given = argument(call, 0 if name == "Activation" else 1 if name == "Dense" else None, "activation")
        for where, node in written(recording, code, given.value) if given is not None else ():
            if kind_of(node) in old:
                change_of(where).replace(node, renamed(node, new))
        if name in old and name in ("ReLU", "LeakyReLU"):
            change_of(code).replace(call, code.expression(f'{code.text(call.func).removesuffix(name)}Activation("{new}")'))
        elif name in old and call.args:
            function = names_of(recording).function(new, call.func)
            if function is not None:
                change_of(code).replace(call, code.expression(f"{function}({code.text(call.args[0].value)})"))
    found = [c for c in changes.values() if c[1].replaced]
    return fix(title, "unsafe", *found) if found else ()


def part_of(code: Code, place: Place) -> cst.CSTNode:
    """The class, else the function, that holds a place, else its cell."""
    statement = code.statement_at(place) if place is not None else None
    around = list(code.around(statement)) if statement is not None else []
    return next((n for n in around if isinstance(n, cst.ClassDef)), next((n for n in around if isinstance(n, cst.FunctionDef)), code.module))


def curved(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`tanh` for every ReLU of a network whose second derivatives are asked for: at a place, or where the layer of an op was made."""
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    for where in (place, layer.made_at if layer is not None else None):
        code = code_at(recording, where)
        if code is not None and (found := exchanged(recording, code, part_of(code, where), PIECEWISE, "tanh", "use an activation that is curved, so that it has a second derivative")):
            return found
    return ()


def nonlinear(recording: Recording, run: GradientRun) -> tuple[Fix, ...]:
    """`tanh` in the hidden layers of a network that has no activation at all."""
    ran = dict.fromkeys(op.layer for op in recording.ops if op.phase == "forward" and op.layer is not None)
    layers = [layer for key in ran if key is not None and (layer := recording.layers.get(key)) is not None and layer.library]
    dense = [layer for layer in layers if layer.type in ("Dense", "Conv1D", "Conv2D")]
    if any(s.kind != "tensor" for s in run.sources) or any(layer.type not in LINEAR for layer in layers) or len(dense) < 2:
        return ()
    made = [(code, call) for code in reversed(cells(recording)) for call in code.all(cst.Call) if last_name(call.func) in ("Dense", "Conv1D", "Conv2D")]
    if len(made) != len(dense) or any(argument(call, 1 if last_name(call.func) == "Dense" else None, "activation") is not None for _, call in made):
        return ()
    changes: dict[int, tuple[Code, Change]] = {}
    for code, call in made[:-1]:
        changes.setdefault(id(code), (code, Change()))[1].replace(call, with_keyword(call, "activation", cst.SimpleString('"tanh"')))
    return fix("give the hidden layers an activation that is curved", "unsafe", *changes.values())
