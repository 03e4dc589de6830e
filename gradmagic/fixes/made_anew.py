"""A variable that the forward pass makes anew in every call: made once, in `__init__`, and handed to the function that makes its own where it gets none."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in, parameters_of
from gradmagic.fixes.flow import assigned, assignments_of, targets_of
from gradmagic.fixes.layers_in_call import SETTING_UP, Made, free_attribute, is_known_before
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import Recording, Variable
from gradmagic.report import Fix

PLAIN = ("zeros", "ones")
LAYERS = ("Layer", "Model", "Sequential", "Functional")
Shape = tuple[int | None, ...]


@dataclasses.dataclass(frozen=True)
class _Home:
    """The class that is to keep a variable: its `__init__`, the method that used to make one, and what both call the object."""

    code: Code
    owner: cst.ClassDef
    start: cst.FunctionDef
    method: cst.FunctionDef
    mine: str


def is_made_anew(recording: Recording, variable: Variable) -> bool:
    """Whether one line of a function made this variable and others like it."""
    place = variable.created_at
    if place is None or place.function in (None, *SETTING_UP):
        return False
    code = code_at(recording, place)
    made = code is not None and code.call_at(place, ("Variable",)) is not None
    return made and sum(v.created_at == place and v.shape == variable.shape for v in recording.variables.values()) > 1


def made_in_init(recording: Recording, variable: Variable) -> tuple[Fix, ...]:
    """`w = tf.Variable(…)` of a method → `self.w` of `__init__`; that of a function `f(x, w=None)` → the same, and `f(x, w=self.w)`."""
    code = code_at(recording, variable.created_at)
    call = code.call_at(variable.created_at, ("Variable",)) if code is not None and variable.created_at is not None else None
    function = code.function(call) if code is not None and call is not None else None
    assign = code.parent(call) if code is not None and call is not None else None
    start, fixed = (argument(call, 0, "initial_value"), argument(call, None, "trainable")) if call is not None else (None, None)
    known = {"initial_value", "name", "dtype", "trainable"}
    if code is None or call is None or function is None or start is None or not isinstance(assign, cst.Assign) or len(assign.targets) != 1 or not is_made_anew(recording, variable):
        return ()
    if any(a.star or (a.keyword is not None and a.keyword.value not in known) for a in call.args) or (fixed is not None and code.text(fixed.value) != "True"):
        return ()
    name = assign.targets[0].target
    if isinstance(name, cst.Name) and name.value in parameters_of(function):
        return _handed_over(recording, code, call, function, name.value, variable)
    home = _home(code, function)
    return _moved(recording, home, call, assign, start.value) if home is not None else ()


def _home(code: Code, method: cst.FunctionDef | None) -> _Home | None:
    owner = code.parent(code.parent(method)) if method is not None and code.parent(method) is not None else None  # type: ignore[arg-type]
    if method is None or not isinstance(owner, cst.ClassDef) or method.name.value in SETTING_UP or method.decorators:
        return None
    start = next((f for f in code.all(cst.FunctionDef, owner) if f.name.value == "__init__" and code.parent(f) is owner.body), None)
    mine = [f.params.params[0].name.value if f is not None and f.params.params else "" for f in (start, method)]
    return _Home(code, owner, start, method, mine[0]) if start is not None and mine[0] and mine[0] == mine[1] else None


def _is_layer(recording: Recording, owner: cst.ClassDef) -> bool:
    """Whether a class is a layer or a model of Keras, by the classes that it is made from."""
    kinds = {last_name(b.value) for b in owner.bases}
    for _ in range(4):
        kinds |= {last_name(b.value) for c in cells(recording) for o in c.all(cst.ClassDef) if o.name.value in kinds for b in o.bases}
    return bool(kinds & {*LAYERS})


def _moved(recording: Recording, home: _Home, call: cst.Call, assign: cst.Assign, start: cst.BaseExpression) -> tuple[Fix, ...]:
    """The call of a method, with what `__init__` knows at its end."""
    code, target, names = home.code, assign.targets[0].target, names_of(recording)
    made = Made(code, call, home.method, home.owner)
    statement = code.statement(assign)
    held = isinstance(target, cst.Attribute) and dotted(target) == f"{home.mine}.{target.attr.value}"
    if not _is_layer(recording, home.owner) or not is_known_before(recording, made, call, home.mine) or statement is None or not (held or isinstance(target, cst.Name)):
        return ()
    if code.enclosing(call, cst.If) is not None and code.function(code.enclosing(call, cst.If) or call) is home.method:
        return ()
    stored = [t for a in code.all(cst.Assign, home.owner) for t in a.targets if dotted(t.target) == dotted(target)]
    if held and len(stored) > 1:
        return ()
    attribute = last_name(target) if held else free_attribute(made, last_name(target), set())
    weight = _weight(code, names, home.mine, attribute, call, start, _shape_of(code, start))
    if weight is None:
        return ()
    change = Change().insert_after(home.start.body.body[-1], code.line(f"{home.mine}.{attribute} = {weight}"))
    if held:
        change.remove(statement)
    else:
        change.replace(call, code.expression(f"{home.mine}.{attribute}"))
    return fix("make the variable once, in `__init__`, where Keras finds it", "unsafe", (code, change))


def _shape_of(code: Code, start: cst.BaseExpression) -> str | None:
    """The shape of a first value, as it is written."""
    node = _shape_node(start)
    return code.text(node) if node is not None else "()" if isinstance(start, (cst.Float, cst.Integer, cst.UnaryOperation)) else None


def _shape_node(start: cst.BaseExpression) -> cst.Tuple | cst.List | None:
    """`shape` of `tf.zeros(shape)`, `tf.random.normal(shape)` and `initializer(shape)`."""
    shape = argument(start, 0, "shape") if isinstance(start, cst.Call) else None
    return shape.value if shape is not None and isinstance(shape.value, (cst.Tuple, cst.List)) else None


def _weight(code: Code, names: Names, mine: str, attribute: str, call: cst.Call, start: cst.BaseExpression, shape: str | None) -> str | None:
    """`self.add_weight(…)` with the shape, the start and the dtype of a variable."""
    if shape is None or names.keras is None:
        return None
    if isinstance(start, cst.Call) and isinstance(start.func, cst.Call):
        first = code.text(start.func)
    elif isinstance(start, cst.Call) and last_name(start.func) in PLAIN:
        first = f'"{last_name(start.func)}"'
    else:
        first = f"{names.keras}.initializers.Constant({code.text(start)})"
    dtype, named = argument(call, None, "dtype"), argument(call, None, "name")
    given = f", dtype={code.text(dtype.value)}" if dtype is not None else ""
    return f"{mine}.add_weight(shape={shape}, initializer={first}{given}, name={code.text(named.value) if named is not None else repr(attribute).replace(chr(39), chr(34))})"


def _handed_over(recording: Recording, code: Code, call: cst.Call, function: cst.FunctionDef, parameter: str, variable: Variable) -> tuple[Fix, ...]:
    """A function that makes a variable where it is handed none: the method that calls it hands over one of its object."""
    given = next(p for p in function.params.params if p.name.value == parameter)
    branch = code.enclosing(call, cst.If)
    if given.default is None or code.text(given.default) != "None" or branch is None or parameter not in names_in(branch.test) or len(names_in(branch.test) - {"None"}) != 1:
        return ()
    calls = [(c, n) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == function.name.value]
    position = parameters_of(function).index(parameter)
    if len(calls) != 1 or argument(calls[0][1], position, parameter) is not None or any(a.star for a in calls[0][1].args):
        return ()
    where, used = calls[0]
    home, start = _home(where, where.function(used)), argument(call, 0, "initial_value")
    if home is None or start is None or not _is_layer(recording, home.owner):
        return ()
    change = Change()
    kept = _kept_as(code, function, parameter, where, used)
    made = _made_in_init(home, kept) if kept is not None else None
    if kept is not None:
        others = [a for a in where.all(cst.Assign, home.method) if any(dotted(t.target) == dotted(kept) for t in a.targets)]
        again = [s for a in others if isinstance(s := where.statement(a), cst.SimpleStatementLine)]
        # A copy of what the function made, to be looked at.
        if any(not _is_copy(a, kept) for a in others):
            return ()
        change.replace(kept, cst.Name("_"))
        for statement in again:
            change.remove(statement)
    attribute = last_name(kept) if kept is not None else free_attribute(Made(where, used, home.method, home.owner), parameter, set())
    shape = _shape_in_init(recording, code, home, start.value, variable.shape, function, made)
    weight = _weight_elsewhere(recording, code, home, call, start.value, shape, attribute, function)
    if weight is None:
        return ()
    change.replace(used, with_keyword(used, parameter, where.expression(f"{home.mine}.{attribute}")))
    if made is not None:
        change.replace(made.value, where.expression(weight))
    else:
        change.insert_after(home.start.body.body[-1], where.line(f"{home.mine}.{attribute} = {weight}"))
    return fix(f"make `{home.mine}.{attribute}` once, in `__init__`, and hand it to `{function.name.value}`", "unsafe", (where, change))


def _kept_as(code: Code, function: cst.FunctionDef, parameter: str, where: Code, used: cst.Call) -> cst.Attribute | None:
    """The attribute that a call's result is put into where the function returns the variable itself: the second of `loss, self.w = f(x)`."""
    returned = [r.value for r in code.all(cst.Return, function) if r.value is not None]
    assign = where.parent(used)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    values = returned[0] if len(returned) == 1 else None
    if not isinstance(values, cst.Tuple) or not isinstance(target, cst.Tuple) or len(values.elements) != len(target.elements):
        return None
    found = [t.value for v, t in zip(values.elements, target.elements, strict=True) if isinstance(v.value, cst.Name) and v.value.value == parameter]
    return found[0] if len(found) == 1 and isinstance(found[0], cst.Attribute) else None


def _is_copy(assign: cst.Assign, kept: cst.Attribute) -> bool:
    """Whether an attribute is only given a new variable of its own value."""
    value = assign.value
    return isinstance(value, cst.Call) and last_name(value.func) in ("Variable", "identity") and bool(value.args) and dotted(value.args[0].value) == dotted(kept)


def _made_in_init(home: _Home, kept: cst.Attribute) -> cst.Assign | None:
    found = [a for a in home.code.all(cst.Assign, home.start) if len(a.targets) == 1 and dotted(a.targets[0].target) == dotted(kept)]
    return found[0] if len(found) == 1 else None


def _shape_in_init(recording: Recording, code: Code, home: _Home, start: cst.BaseExpression, shape: Shape | None, function: cst.FunctionDef, made: cst.Assign | None) -> str | None:
    """The shape of a function's variable in the words of `__init__`: those of the variable that stands there already, else the parameters that were given these numbers."""
    first = argument(made.value, 0, "initial_value") if made is not None and isinstance(made.value, cst.Call) and last_name(made.value.func) == "Variable" else None
    before = _shape_node(first.value) if first is not None else None
    if before is not None and shape is not None and len(before.elements) == len(shape):
        return home.code.text(before)
    node = _shape_node(start)
    if node is None or shape is None or len(node.elements) != len(shape):
        return _shape_of(code, start) if node is None else None
    local = {p.name.value for p in function.params.params} | assigned(function.body)
    numbers = _numbers_given(recording, home)
    parts = []
    for element, size in zip(node.elements, shape, strict=True):
        text, named = code.text(element.value), names_in(element.value) & local
        fitting = [n for n, value in numbers.items() if value == size]
        mine = text if text in fitting else fitting[0] if len(fitting) == 1 else None
        part = mine if named else text
        if part is None:
            return None
        parts.append(part)
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _numbers_given(recording: Recording, home: _Home) -> dict[str, int]:
    """The parameters of `__init__` that are given a number where the one object of the class is made."""
    made = [n for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == home.owner.name.value]
    found = {}
    for position, parameter in enumerate(parameters_of(home.start)) if len(made) == 1 else ():
        given = argument(made[0], position, parameter)
        default = next(p.default for p in home.start.params.params if p.name.value == parameter)
        value = given.value if given is not None else default
        changed = assignments_of(home.code, parameter, home.start) or any(parameter in targets_of(n.target) for n in home.code.all(cst.For, home.start))
        if isinstance(value, cst.Integer) and not changed:
            found[parameter] = value.evaluated_value
    return found


def _weight_elsewhere(recording: Recording, code: Code, home: _Home, call: cst.Call, start: cst.BaseExpression, shape: str | None, attribute: str, function: cst.FunctionDef) -> str | None:
    """The weight of another function, where nothing but its shape is known to that function alone."""
    node, local = _shape_node(start), {p.name.value for p in function.params.params} | assigned(function.body)
    inside = names_in(node) if node is not None else set()
    outside = names_in(call) - inside if node is not None else names_in(call)
    if shape is None or outside & local:
        return None
    moved = start.deep_replace(node, home.code.expression(shape)) if node is not None else start
    return _weight(home.code, names_of(recording), home.mine, attribute, call, moved, shape)  # type: ignore[arg-type]
