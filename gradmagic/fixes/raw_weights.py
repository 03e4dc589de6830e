"""Weights that their own class replaces by a tensor when it is made or built: the weight gets a name of its own, and the tensor is computed whenever it is read."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import substituted
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, code_at, fix, last_name, names_in, same, walk
from gradmagic.fixes.flow import DRAWN
from gradmagic.fixes.kept import WEIGHTS, without_locals
from gradmagic.recording import Recording
from gradmagic.report import Fix

# What makes an object ready, in Python and in Keras.
READY = ("__init__", "build")
OF_KERAS = ("name", "dtype", "path", "input", "output", "weights", "variables", "trainable", "losses", "metrics", "built", "quantization_mode")
OPERATORS = {cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.DivideAssign: "/", cst.PowerAssign: "**", cst.MatrixMultiplyAssign: "@"}


def raw_weight(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`self.w = self.add_weight(…)` and `self.w = scale * self.w` in `build` → a weight `self.raw_w` and a property `w`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    function = code.function(statement) if code is not None and statement is not None else None
    owner = code.enclosing(function, cst.ClassDef) if code is not None and function is not None else None
    found = _given(code, statement) if code is not None and isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if code is None or function is None or owner is None or found is None or statement is None or function.name.value not in READY or not function.params.params:
        return ()
    target, value = found
    made = [a for a in code.all(cst.Assign, owner) if any(same(t.target, target) for t in a.targets) and code.statement(a) is not statement]
    raw = f"raw_{target.attr.value.lstrip('_')}"
    plain = len(made) == 1 and code.function(made[0]) is function and isinstance(made[0].value, cst.Call) and last_name(made[0].value.func) in WEIGHTS
    if not plain or _is_written(code, owner, target, code.start(statement)) or any(n.attr.value == raw for n in code.all(cst.Attribute, owner)):
        return ()
    change = Change().remove(statement)
    text = _for_a_property(code, function, statement, value, change)
    if text is None:
        return ()
    new = target.with_changes(attr=cst.Name(raw))
    for node in code.all(cst.Attribute, function):
        if same(node, target) and code.end(node) <= code.start(statement):
            change.replace(node, new)
    computed = code.text(_with(code.expression(text), target, new))
    method = code.line(f"@property\ndef {target.attr.value}({last_name(target.value)}):\n    return {computed}")
    change.insert_after(function, method.with_changes(leading_lines=[cst.EmptyLine(indent=False)]))
    # The object has to be made anew, and its weights with it.
    return fix(f"keep the weight as `{raw}`, and compute `{target.attr.value}` from it whenever it is read", "unsafe", (code, change))


def _given(code: Code, statement: cst.SimpleStatementLine) -> tuple[cst.Attribute, cst.BaseExpression] | None:
    """The attribute that a line gives a value computed from itself, and that value."""
    step = statement.body[0]
    if isinstance(step, cst.AugAssign) and type(step.operator) in OPERATORS:
        target: cst.BaseExpression = step.target
        value = code.expression(f"{code.text(target)} {OPERATORS[type(step.operator)]} {atom(code.text(step.value))}")
    elif isinstance(step, cst.Assign) and len(step.targets) == 1:
        target, value = step.targets[0].target, step.value
    else:
        return None
    own = isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name) and any(isinstance(n, cst.Attribute) and same(n, target) for n in walk(value))
    drawn = any(last_name(n.func) in (*DRAWN, *WEIGHTS) for n in code.all(cst.Call, statement))
    return (target, value) if own and isinstance(target, cst.Attribute) and not drawn else None


def _is_written(code: Code, owner: cst.ClassDef, target: cst.Attribute, behind: tuple[int, int]) -> bool:
    """Whether the class writes into what a line gave an attribute, or anything is written in a method that runs later."""
    calls = [c.func for c in code.all(cst.Call, owner) if isinstance(c.func, cst.Attribute) and c.func.attr.value.startswith(("assign", "scatter"))]
    return any(same(f.value, target) and code.start(f) > behind for f in calls) or any(same(a.target, target) and code.start(a) > behind for a in code.all(cst.AugAssign, owner))


def _for_a_property(code: Code, function: cst.FunctionDef, statement: cst.CSTNode, value: cst.BaseExpression, change: Change) -> str | None:
    """A value of `__init__` or `build`, and the conditions that it stands under, written with what the object keeps; what it has to keep for that is added."""
    self_ = function.params.params[0].name.value
    conditions = _conditions(code, function, statement)
    if conditions is None:
        return None
    parts = [value, *conditions]
    parameters = {p.name.value for p in (*function.params.params[1:], *function.params.kwonly_params)}
    kept = {a.value.value: t.attr.value for a in code.all(cst.Assign, function) for t in [a.targets[0].target] if isinstance(t, cst.Attribute) and isinstance(a.value, cst.Name)}
    texts = []
    for part in parts:
        written = without_locals(code, function, part, parameters)
        needed = names_in(written) & parameters if written is not None else set()
        if written is None or (needed - set(kept) and function.name.value != "__init__") or (needed - set(kept)) & _taken(code, function):
            return None
        for name in sorted(needed - set(kept)):
            kept[name] = name
            change.insert_before(statement, code.line(f"{self_}.{name} = {name}"))
        texts.append(substituted(code, written, {n: f"{self_}.{kept[n]}" for n in needed}))
    whole, *said = texts
    target = code.text(_given(code, statement)[0])  # type: ignore[index, arg-type]
    return f"{whole} if {' and '.join(said if len(said) == 1 else map(atom, said))} else {target}" if said else whole


def _taken(code: Code, function: cst.FunctionDef) -> set[str]:
    """The attributes that a class has already, by its own code or from Keras."""
    owner = code.enclosing(function, cst.ClassDef)
    return {*OF_KERAS, *(a.attr.value for a in code.all(cst.Attribute, owner)), *(f.name.value for f in code.all(cst.FunctionDef, owner))}


def _conditions(code: Code, function: cst.FunctionDef, statement: cst.CSTNode) -> list[cst.BaseExpression] | None:
    """The conditions that a statement of a function runs under, the outermost first; None where it stands in a loop, a block, or anything else."""
    found: list[cst.BaseExpression] = []
    inner: cst.CSTNode = statement
    for node in code.around(statement):
        if node is function.body:
            return found[::-1]
        if isinstance(node, cst.If):
            holds = any(n is inner for n in (node.body, *getattr(node.body, "body", ())))
            found.append(node.test if holds else code.expression(f"not {atom(code.text(node.test))}"))
        elif node is not statement and not isinstance(node, (cst.IndentedBlock, cst.Else)):
            return None
        inner = node
    return None


def _with(value: cst.BaseExpression, old: cst.Attribute, new: cst.Attribute) -> cst.BaseExpression:
    """An expression in which an attribute gives way to another one."""

    class Put(cst.CSTTransformer):
        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            return new if same(original_node, old) else updated_node

    return value.visit(Put())  # type: ignore[return-value]
