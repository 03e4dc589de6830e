"""An optimizer that is made once, as the default of a parameter or as an attribute of a class, where each call or object is to have its own."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in, parameters_of
from gradmagic.fixes.flow import assigned, pairs_of, targets_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.optimizers import APPLYING, optimizer_calls, optimizers
from gradmagic.recording import Recording, Span, Update
from gradmagic.report import Fix

Owner = cst.FunctionDef | cst.ClassDef


@dataclasses.dataclass(frozen=True)
class _Default:
    """What is made once (`value`), the code that makes it, the function or class that it is a default of, and its name there."""

    code: Code
    value: cst.BaseExpression
    made: str
    owner: Owner
    name: str


def made_as_default(recording: Recording, update: Update | None) -> Span | None:
    """Where the optimizer stands that all calls of a function, or all objects of a class, share."""
    found = _found(recording, update)
    return found.code.span(found.value) if found is not None else None


def one_for_each_call(recording: Recording, update: Update | None) -> tuple[Fix, ...]:
    """`def train(net, optimizer=Adam())` → `optimizer=None`, and one that is made in the call; an attribute of the class → one of the object."""
    found = _found(recording, update)
    if found is None:
        return ()
    title = f"make the optimizer in each call of `{_called(found)}`, where a default is made once for all of them"
    if isinstance(found.owner, cst.FunctionDef):
        return fix(title, "unsafe", (found.code, _in_the_call(found, found.owner)))
    if _fields(found.owner):
        return _in_the_field(recording, found, found.owner, title)
    change = _in_the_object(found, found.owner)
    return fix(f"make an optimizer for each `{found.owner.name.value}`, where the class has one for all of them", "unsafe", (found.code, change)) if change is not None else ()


def _found(recording: Recording, update: Update | None) -> _Default | None:
    """The default that the call of an update steps with, where calls leave it to be used."""
    where = code_at(recording, update.span if update is not None else None)
    if where is None or update is None or update.span is None:
        return None
    step = where.call_at(update.span, (*APPLYING, "minimize"))
    receiver = dotted(step.func.value) if step is not None and isinstance(step.func, cst.Attribute) else ""
    found: list[_Default] = []
    if step is not None and receiver.isidentifier():
        function = where.function(step)
        # A new optimizer for each step would forget what it knows of the ones before: the turns must lie in the call.
        loop = where.enclosing(step, cst.For, cst.While)
        if function is not None and not function.decorators and loop is not None and where.function(loop) is function:
            found += _of_parameter(recording, where, function, receiver)
    elif step is not None and receiver.startswith("self."):
        owner, attribute = where.enclosing(step, cst.ClassDef), receiver.removeprefix("self.")
        found += _of_object(recording, where, owner, attribute) if owner is not None else []
    elif step is None:
        found += _compiled(recording)
    used = [d for d in found if _is_left_out(recording, d)]
    return used[0] if len(used) == 1 else None


def _of_parameter(recording: Recording, code: Code, function: cst.FunctionDef, name: str) -> list[_Default]:
    """A parameter whose default makes an optimizer, or is the name of one."""
    found = []
    for parameter in (*function.params.params, *function.params.kwonly_params):
        made = _optimizer(recording, code, parameter.default) if parameter.name.value == name and parameter.default is not None else None
        owner = code.enclosing(function, cst.ClassDef)
        local = {p.name.value for p in (*function.params.params, *function.params.kwonly_params)} | (assigned(owner.body) if owner is not None else set())
        if parameter.default is not None and made is not None and isinstance(function.body, cst.IndentedBlock) and not names_in(cst.parse_expression(made)) & local:
            found.append(_Default(code, parameter.default, made, function, name))
    return found


def _of_object(recording: Recording, code: Code, owner: cst.ClassDef, attribute: str) -> list[_Default]:
    """What `__init__` keeps under an attribute from a parameter, or what the body of the class gives it."""
    found: list[_Default] = []
    stores = [v for a in code.all(cst.Assign, owner) for t, v in pairs_of(a) if dotted(t) == f"self.{attribute}"]
    for kept in stores:
        function = code.function(kept)
        if function is not None and function.name.value == "__init__" and isinstance(kept, cst.Name):
            found += _of_parameter(recording, code, function, kept.value)
    for step in owner.body.body if not stores else ():
        for line in step.body if isinstance(step, cst.SimpleStatementLine) else ():
            named = targets_of(line.targets[0].target) if isinstance(line, cst.Assign) else targets_of(line.target) if isinstance(line, cst.AnnAssign) else set()
            value = line.value if isinstance(line, (cst.Assign, cst.AnnAssign)) else None
            made = _optimizer(recording, code, value) if named == {attribute} and value is not None else None
            # The fields of a base class would come before those of a dataclass.
            plain = not (_fields(owner) and owner.bases)
            if value is not None and made is not None and plain and not names_in(cst.parse_expression(made)) & assigned(owner.body):
                found.append(_Default(code, value, made, owner, attribute))
    return found


def _compiled(recording: Recording) -> list[_Default]:
    """The defaults that models are compiled with."""
    found = []
    for code in cells(recording):
        for call in code.all(cst.Call):
            given = argument(call, 0, "optimizer") if last_name(call.func) == "compile" and isinstance(call.func, cst.Attribute) else None
            function, owner = code.function(call), code.enclosing(call, cst.ClassDef)
            if given is None or function is None:
                continue
            name = dotted(given.value)
            found += _of_parameter(recording, code, function, name)
            found += _of_object(recording, code, owner, name.removeprefix("self.")) if owner is not None and name.startswith("self.") else []
    return found


def _optimizer(recording: Recording, code: Code, value: cst.BaseExpression) -> str | None:
    """The code that makes the optimizer which an expression makes, or is the name of."""
    if any(value is call for _, call in optimizer_calls(recording)):
        return code.text(value)
    made = optimizers(recording).get(value.value) if isinstance(value, cst.Name) else None
    return made[0].text(made[1]) if made is not None and made[0].function(made[1]) is None else None


def _called(found: _Default) -> str:
    """What is called for a new object, or a new run of the function."""
    owner = found.code.enclosing(found.owner, cst.ClassDef) if isinstance(found.owner, cst.FunctionDef) and found.owner.name.value == "__init__" else found.owner
    assert isinstance(owner, (cst.FunctionDef, cst.ClassDef))
    return owner.name.value


def _is_left_out(recording: Recording, found: _Default) -> bool:
    """Whether more than one call, or one that may run more than once, leaves the default to be used."""
    name = _called(found)
    places = parameters_of(found.owner) if isinstance(found.owner, cst.FunctionDef) else _fields(found.owner)
    position = places.index(found.name) if found.name in places else None
    calls = [(c, n) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == name]
    left = [(c, n) for c, n in calls if argument(n, position, found.name) is None and not any(a.star for a in n.args)]
    return len(left) > 1 or any(c.function(n) is not None or any(isinstance(p, (cst.For, cst.While, cst.BaseComp)) for p in c.around(n)) for c, n in left)


def _fields(owner: cst.ClassDef) -> list[str]:
    """The fields of a dataclass in the order in which its objects are given them; none for another class."""
    if not any(last_name(d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator) == "dataclass" for d in owner.decorators):
        return []
    lines = [line for step in owner.body.body if isinstance(step, cst.SimpleStatementLine) for line in step.body]
    return [line.target.value for line in lines if isinstance(line, cst.AnnAssign) and isinstance(line.target, cst.Name)]


def _in_the_call(found: _Default, function: cst.FunctionDef) -> Change:
    line = found.code.line(f"if {found.name} is None:\n    {found.name} = {found.made}")
    return Change().replace(found.value, cst.Name("None")).insert_before(_first(function), line)


def _first(function: cst.FunctionDef) -> cst.CSTNode:
    """The first statement of a function behind its docstring."""
    body = list(function.body.body)
    first = body[0].body[0] if isinstance(body[0], cst.SimpleStatementLine) else None
    documented = isinstance(first, cst.Expr) and isinstance(first.value, (cst.SimpleString, cst.ConcatenatedString))
    return body[1] if documented and len(body) > 1 else body[0]


def _in_the_field(recording: Recording, found: _Default, owner: cst.ClassDef, title: str) -> tuple[Fix, ...]:
    """`optimizer: Optimizer = Adam()` of a dataclass → `field(default_factory=lambda: Adam())`; `field` is imported where it is not."""
    names, code = names_of(recording), found.code
    field = names.of("dataclasses.field") or (f"{module}.field" if (module := names.of("dataclasses")) is not None else None)
    change = Change().replace(found.value, code.expression(f"{field or 'field'}(default_factory=lambda: {found.made})"))
    if field is not None:
        return fix(title, "unsafe", (code, change))
    for other in cells(recording):
        for source in other.all(cst.ImportFrom):
            if source.module is not None and dotted(source.module) == "dataclasses" and not isinstance(source.names, cst.ImportStar):
                known = [a.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))) if a is source.names[-1] else a for a in source.names]
                wider = source.with_changes(names=[*known, cst.ImportAlias(cst.Name("field"))])
                changes = [(code, change.replace(source, wider))] if other is code else [(other, Change().replace(source, wider)), (code, change)]
                return fix(title, "unsafe", *changes)
    return ()


def _in_the_object(found: _Default, owner: cst.ClassDef) -> Change | None:
    """The line of the class in its `__init__`, behind that of the base class; a class without bases is given one."""
    code, line = found.code, found.code.statement(found.value)
    read = any(dotted(n) == f"{owner.name.value}.{found.name}" for n in code.all(cst.Attribute))
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1 or read:
        return None
    text = f"self.{found.name} = {found.made}"
    made = next((f for f in owner.body.body if isinstance(f, cst.FunctionDef) and f.name.value == "__init__"), None)
    if made is None:
        new = code.line(f"def __init__(self):\n    {text}").with_changes(leading_lines=line.leading_lines)
        return Change().replace(line, new) if not owner.bases else None
    own = code.line(text).with_changes(leading_lines=line.leading_lines)
    base = next(
        (s for s in made.body.body if isinstance(s, cst.SimpleStatementLine) and any(isinstance(c.func, cst.Attribute) and c.func.attr.value == "__init__" for c in code.all(cst.Call, s))), None
    )
    change = Change().remove(line)
    return change.insert_after(base, own) if base is not None else change.insert_before(_first(made), own)
