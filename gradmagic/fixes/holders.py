"""Objects that hold weights or layers where Keras, or a `tf.Module`, does not look."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.calls import Place, call_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.known_as import known_at, names_of_variable
from gradmagic.fixes.names import Names, names_of, new_name
from gradmagic.fixes.source_lists import with_list
from gradmagic.recording import GradientRun, Layer, ModelCall, Recording, Variable
from gradmagic.report import Fix

# What a layer or a module has by itself under these names cannot be assigned.
TAKEN = {"variables", "trainable_variables", "non_trainable_variables", "weights", "trainable_weights", "dtype", "input", "output", "losses", "metrics", "path", "submodules", "name_scope", "name"}


def tracked_holder(recording: Recording, place: Place, variable: Variable, model: Layer) -> tuple[Fix, ...]:
    """The plain class between a model and its weights becomes a layer, or a module, itself."""
    found = _class_of(recording, place, variable)
    base = _base(recording, model, names_of(recording))
    if found is None or base is None or not is_plain(found[1]) or _clashes(found[0], found[1]):
        return ()
    plain = [found, *_around(recording, found[1].name.value, model.type)]
    changes: dict[int, tuple[Code, Change]] = {}
    for code, owner in plain:
        if is_plain(owner) and not _clashes(code, owner):
            _subclassed(code, owner, base, changes.setdefault(id(code), (code, Change()))[1])
    what = "a layer" if base.endswith("Layer") else "a module"
    return fix(f"make `{found[1].name.value}` {what} itself, so that `{model.name}` finds its weights", "unsafe", *changes.values())


def is_plain(owner: cst.ClassDef) -> bool:
    """Whether a class has no base but `object`."""
    return all(last_name(b.value) == "object" for b in owner.bases) and not owner.keywords and not owner.decorators


def _class_of(recording: Recording, place: Place, variable: Variable) -> tuple[Code, cst.ClassDef] | None:
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    owner = code.enclosing(statement, cst.ClassDef) if code is not None and statement is not None else None
    if code is not None and owner is not None and is_plain(owner):
        return code, owner
    # What is read by the model itself is held by the class that makes it under that name.
    wanted = {n for n in (*variable.holders, *(re.sub(r"\[.*?\]", "", name).rpartition(".")[2] for name in variable.names)) if n.isidentifier()}
    for other in cells(recording):
        for node in other.all(cst.ClassDef):
            if is_plain(node) and any(isinstance(t.target, cst.Attribute) and t.target.attr.value in wanted for a in other.all(cst.Assign, node) for t in a.targets):
                return other, node
    return None


def _around(recording: Recording, name: str, outermost: str) -> list[tuple[Code, cst.ClassDef]]:
    """The plain classes that keep objects of a class in their attributes."""
    found: list[tuple[Code, cst.ClassDef]] = []
    for code in cells(recording):
        for node in code.all(cst.ClassDef):
            if node.name.value not in (name, outermost) and is_plain(node) and any(isinstance(c.func, cst.Name) and c.func.value == name for c in code.all(cst.Call, node)):
                found += [(code, node), *_around(recording, node.name.value, outermost)] if node.name.value != name and len(found) < 4 else []
    return found


def _base(recording: Recording, model: Layer, names: Names) -> str | None:
    """What a part of a model has to be: a layer of a Keras model, a module of a module."""
    kinds = {model.type}
    for _ in range(5):
        kinds |= {last_name(b.value) for code in cells(recording) for node in code.all(cst.ClassDef) if node.name.value in kinds for b in node.bases}
    if "Module" in kinds and not kinds & {"Model", "Layer"}:
        return f"{names.tf}.Module" if names.tf else None
    layers = names.of("keras.layers", "tensorflow.keras.layers")
    return f"{layers}.Layer" if layers else f"{names.keras}.layers.Layer" if names.keras else None


def _clashes(code: Code, owner: cst.ClassDef) -> bool:
    stored = {t.target.attr.value for a in code.all(cst.Assign, owner) for t in a.targets if isinstance(t.target, cst.Attribute)}
    defined = {f.name.value for f in code.all(cst.FunctionDef, owner)}
    return bool((stored | defined) & TAKEN)


def _subclassed(code: Code, owner: cst.ClassDef, base: str, change: Change) -> None:
    methods = {f.name.value: f for f in code.all(cst.FunctionDef, owner) if code.enclosing(f, cst.ClassDef) is owner}
    first, call = methods.get("__init__"), methods.get("__call__")

    def based(node: cst.CSTNode) -> cst.CSTNode:
        assert isinstance(node, cst.ClassDef)
        return node.with_changes(bases=[cst.Arg(code.expression(base))], lpar=cst.LeftParen(), rpar=cst.RightParen())

    change.replace(owner, based)
    if first is not None and not any(isinstance(c.func, cst.Attribute) and last_name(c.func) == "__init__" for c in code.all(cst.Call, first)):
        body = list(first.body.body)
        documented = isinstance(body[0], cst.SimpleStatementLine) and isinstance(body[0].body[0], cst.Expr) and isinstance(body[0].body[0].value, cst.BaseString)
        (change.insert_after if documented else change.insert_before)(body[0], code.line("super().__init__()"))
    # `call` of a layer takes tensors by position only.
    if call is not None and base.endswith("Layer") and "call" not in methods and len(call.params.params) == 2 and call.params.star_arg == cst.MaybeSentinel.DEFAULT:
        change.replace(call.name, cst.Name("call"))


def asked_too(recording: Recording, run: GradientRun | None, variable: Variable, model: str, known_as: str | None = None, others: Iterable[Variable] = ()) -> tuple[Fix, ...]:
    """A variable that the loss reads, with the `others` that go along, in the list of what is trained: the sources of a loop of one's own, a layer of a model that `fit` trains."""
    found = asking(recording, run) if run is not None else None
    if found is None:
        name = known_as or next((n for n in variable.names if n.isidentifier()), None)
        return _as_layer(recording, variable, name, model) if run is not None and name is not None else ()
    code, call = found

    def names_at(where: Code, node: cst.CSTNode) -> list[str | None]:
        own = known_as if known_as is not None and where.scope(node) is code.scope(call) else known_at(recording, where, node, names_of_variable(recording, variable))
        return [own, *(known_at(recording, where, node, names_of_variable(recording, v)) for v in others)]

    def extended(where: Code, node: cst.BaseExpression) -> str | None:
        names = names_at(where, node)
        return f"[*{where.text(node)}, {', '.join(n for n in names if n is not None)}]" if None not in names else None

    here = names_at(code, call)
    called = " and ".join(f"`{n}`" for n in here) if None not in here else "what the loss reads"
    return with_list(recording, found, f"train {called} with them", extended)


def part_asked_too(recording: Recording, run: GradientRun | None, call: object) -> tuple[Fix, ...]:
    """The trainable variables of a model that the loss is computed with, in the list of what is trained."""
    found = asking(recording, run)
    if found is None or not isinstance(call, ModelCall) or call.span is None or set(call.weights) & {s.id for r in recording.runs for s in r.sources}:
        return ()
    if any(last_name(c.func) == "set_weights" and isinstance(c.func, cst.Attribute) and last_name(c.func.value) == call.name.rpartition(".")[2] for k in cells(recording) for c in k.all(cst.Call)):
        # A model that is given the weights of another one is a target network, or the policy before the update.
        return ()
    code, used = found[0], code_at(recording, call.span)
    made = call_of(used, call.span, (call.name,))
    model = made.func if made is not None else None
    if used is None or model is None or not dotted(model):
        return ()
    root, here, there = dotted(model).partition(".")[0], code.function(found[1]), used.function(model)
    if root == "self":
        known = here is not None and there is not None and code.cell == used.cell and code.text(code.enclosing(here, cst.ClassDef) or here) == used.text(used.enclosing(there, cst.ClassDef) or there)
    else:
        known = (here is None and there is None) or any(c.function(a) is None for c in cells(recording) for a in assignments_of(c, root))

    def extended(where: Code, node: cst.BaseExpression) -> str | None:
        name = dotted(model) if where.scope(node) is code.scope(found[1]) else known_at(recording, where, node, [dotted(model)])
        return f"{atom(where.text(node))} + {name}.trainable_variables" if name is not None else None

    return with_list(recording, found, f"train `{dotted(model)}` with them", extended) if known else ()


def _as_layer(recording: Recording, variable: Variable, name: str, model: str) -> tuple[Fix, ...]:
    """`w = tf.Variable(start)` as a weight of a layer that hands on what it is given, at the end of the model."""
    keras, shape = names_of(recording).keras, variable.shape
    for code in cells(recording):
        made = [a for a in assignments_of(code, name) if code.function(a) is None and isinstance(a.value, cst.Call) and last_name(a.value.func) == "Variable"]
        built = [a for a in assignments_of(code, model) if isinstance(a.value, cst.Call) and code.function(a) is None]
        statement = code.statement(made[0]) if len(made) == 1 else None
        if len(made) != 1 or len(built) != 1 or statement is None or keras is None or shape is None or code.start(built[0]) < code.end(statement):
            continue
        value, call = made[0].value, built[0].value
        start = argument(value, 0, "initial_value") if isinstance(value, cst.Call) else None
        if start is None or not isinstance(call, cst.Call):
            continue
        kind, layer = "".join(part.capitalize() for part in name.split("_")) + "Weight", new_name(code, f"{name}_layer")
        change = Change()
        listed = argument(call, 0, "layers")
        outputs = argument(call, 1, "outputs")
        if last_name(call.func) == "Sequential" and listed is not None and isinstance(listed.value, cst.List):
            elements = list(listed.value.elements)
            comma = next((e.comma for e in elements if isinstance(e.comma, cst.Comma)), cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
            elements[-1] = elements[-1].with_changes(comma=comma)
            change.replace(listed.value, listed.value.with_changes(elements=[*elements, cst.Element(cst.Name(layer))]))
        elif last_name(call.func) == "Model" and outputs is not None and isinstance(outputs.value, (cst.Name, cst.Call)):
            change.replace(outputs.value, code.expression(f"{layer}({code.text(outputs.value)})"))
        else:
            continue
        dtype = f', dtype="{variable.dtype}"' if variable.dtype != "float32" else ""
        weight = f'self.add_weight(shape={shape!r}, initializer={keras}.initializers.Constant({code.text(start.value)}){dtype}, name="{name}")'
        text = f"class {kind}({keras}.layers.Layer):\n    def __init__(self):\n        super().__init__()\n        self.{name} = {weight}\n\n    def call(self, inputs):\n        return inputs\n"
        change.insert_before(statement, *cst.parse_module(f"{text}\n{layer} = {kind}()\n{name} = {layer}.{name}\n").body).remove(statement)
        return fix(f"make `{name}` a weight of the model, in a layer that hands on what it is given", "unsafe", (code, change))
    return ()
