"""Variables that objects given to `compile` as the loss hold: Keras looks for weights in the model, and not in its loss."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.holders import TAKEN
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import Recording, Variable
from gradmagic.report import Fix


def held_by_the_loss(recording: Recording, variable: Variable) -> tuple[Fix, ...]:
    """`model.compile(loss=loss_fn)` → `model.log_scale = loss_fn.log_scale` before it, so that the model has the weight."""
    known = cells(recording)
    wanted = {n.rpartition(".")[2] for n in variable.names}
    found = [
        (code, call, owner, attributes)
        for code in known
        for call in code.all(cst.Call)
        if last_name(call.func) == "compile" and isinstance(call.func, cst.Attribute) and (owner := _class_of_loss(known, call)) is not None and wanted & set(attributes := _variables(*owner[:2]))
    ]
    if len(found) != 1:
        return ()
    code, call, (other, _, several), attributes = found[0]
    given, statement = argument(call, 1, "loss"), code.statement(call)
    model = dotted(call.func.value) if isinstance(call.func, cst.Attribute) else ""
    if given is None or statement is None or not model or set(attributes) & TAKEN or any(_is_given(known, model, name) for name in attributes):
        return ()
    changes = {id(code): (code, Change())}
    change = changes[id(code)][1]
    loss = dotted(given.value)
    if not loss:
        loss = new_name(code, "losses" if several else "loss_fn")
        change.insert_before(statement, code.line(f"{loss} = {code.text(given.value)}")).replace(given.value, cst.Name(loss))
    for name, made in attributes.items():
        value = f"[{new_name(code, 'each')}.{name} for {new_name(code, 'each')} in {loss}{several}]" if several is not None else f"{loss}.{name}"
        change.insert_before(statement, code.line(f"{model}.{name} = {value}"))
        if names_of(recording).module(made.func) == "tensorflow.Variable":
            # Keras tracks its own variables only.
            keras = names_of(recording).keras
            if keras is None or not made.args or any(a.keyword is not None and a.keyword.value not in ("name", "dtype", "trainable") for a in made.args):
                return ()
            changes.setdefault(id(other), (other, Change()))[1].replace(made.func, other.expression(f"{keras}.Variable"))
    title, one = " and ".join(f"`{name}`" for name in attributes), len(attributes) == 1 and several is None
    return fix(f"let `{model}` hold {title} of its loss{'es' if several is not None else ''} as well, so that Keras trains {'it' if one else 'them'}", "unsafe", *changes.values())


def _class_of_loss(known: list[Code], call: cst.Call) -> tuple[Code, cst.ClassDef, str | None] | None:
    """The notebook's class whose object, or objects, a call of `compile` is given as the loss; and for several what goes over them."""
    given = argument(call, 1, "loss")
    value = _made(known, given.value) if given is not None else None
    several = "" if isinstance(value, (cst.List, cst.Tuple)) else ".values()" if isinstance(value, cst.Dict) else None
    objects = [_made(known, e.value) for e in value.elements] if isinstance(value, (cst.List, cst.Tuple, cst.Dict)) else [value]
    names = {last_name(o.func) if isinstance(o, cst.Call) else "" for o in objects}
    if len(names) != 1:
        return None
    return next(((c, o, several) for c in known for o in c.all(cst.ClassDef) if o.name.value in names), None)


def _made(known: list[Code], value: cst.BaseExpression) -> cst.BaseExpression | None:
    """What a name is given, once."""
    if not isinstance(value, cst.Name):
        return value
    made = [v for c in known for a in c.all(cst.Assign) for t, v in pairs_of(a) if isinstance(t, cst.Name) and t.value == value.value]
    return made[0] if len(made) == 1 else None


def _variables(code: Code, owner: cst.ClassDef) -> dict[str, cst.Call]:
    """The attributes that the class gives its objects for trainable variables, with the calls that make these."""
    found: dict[str, cst.Call] = {}
    for assign in code.all(cst.Assign, owner):
        target, value = assign.targets[0].target, assign.value
        if not isinstance(target, cst.Attribute) or not isinstance(value, cst.Call) or last_name(value.func) != "Variable" or dotted(target.value) != "self":
            continue
        fixed = argument(value, None, "trainable")
        if fixed is None or code.text(fixed.value) == "True":
            found[target.attr.value] = value
    return found


def _is_given(known: list[Code], model: str, name: str) -> bool:
    """Whether the model, or a class of the notebook's that it may be of, has an attribute of this name already."""
    made = {last_name(a.value.func) for c in known for a in c.all(cst.Assign) if dotted(a.targets[0].target) == model and isinstance(a.value, cst.Call)}
    own = {dotted(t.target) for c in known for o in c.all(cst.ClassDef) if o.name.value in made for a in c.all(cst.Assign, o) for t in a.targets}
    return f"self.{name}" in own or any(dotted(t.target) == f"{model}.{name}" for c in known for a in c.all(cst.Assign) for t in a.targets)
