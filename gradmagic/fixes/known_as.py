"""What a variable is called at a place of the code."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, last_name, parameters_of
from gradmagic.fixes.flow import assigned, pairs_of, targets_of
from gradmagic.recording import Recording, Variable


def known_at(recording: Recording, code: Code, node: cst.CSTNode, names: Iterable[str]) -> str | None:
    """The first of a variable's names that stands for it at a node: `criterion.scale` outside, `self.scale` in a method of its class, the parameter that it is handed as in a function."""
    function = code.function(node)
    for name in sorted(names, key=lambda n: (not n.isidentifier(), len(n))):
        root = re.match(r"[A-Za-z_]\w*", name)
        known = _in_place(recording, code, function, root.group(), name[root.end() :]) if root is not None else None
        if known is not None:
            return known
    return None


def names_of_variable(recording: Recording, variable: Variable) -> tuple[str, ...]:
    """What a variable is called in the notebook, and by the line that made it."""
    code = code_at(recording, variable.created_at)
    made = [n for n in code.expressions_at(variable.created_at) if isinstance(n, cst.Call)] if code is not None and variable.created_at is not None else []
    assign = code.enclosing(made[0], cst.Assign) if code is not None and made else None
    named = [dotted(t) for t, v in pairs_of(assign) if v is made[0]] if assign is not None else []
    return (*(n for n in variable.names if not re.search(r"[(\s]", n)), *(n for n in named if n))


def _in_place(recording: Recording, code: Code, function: cst.FunctionDef | None, root: str, rest: str) -> str | None:
    if function is None:
        return root + rest if _is_global(recording, root) else None
    mine = _own_name(code, function)
    owner = code.enclosing(function, cst.ClassDef) if mine else None
    if owner is not None and mine:
        held = rest.startswith(".") and re.split(r"[.\[]", rest[1:])[0] in _attributes(code, owner, mine)
        if held and (root == mine or owner.name.value in _classes_of(recording, root)):
            return mine + rest
    handed = _handed_as(recording, function, root)
    if handed is not None and handed not in assigned(function.body):
        return handed + rest
    local = {p.name.value for p in (*function.params.params, *function.params.kwonly_params)} | assigned(function.body)
    return root + rest if root not in local and root != mine and _is_global(recording, root) else None


def _own_name(code: Code, function: cst.FunctionDef) -> str:
    """What a method calls its object."""
    owner = code.enclosing(function, cst.ClassDef, cst.FunctionDef)
    static = any(last_name(d.decorator) in ("staticmethod", "classmethod") for d in function.decorators)
    return function.params.params[0].name.value if isinstance(owner, cst.ClassDef) and function.params.params and not static else ""


def _attributes(code: Code, owner: cst.ClassDef, mine: str) -> set[str]:
    """The attributes that a class gives its objects."""
    targets = (t for a in code.all(cst.Assign, owner) for t, _ in pairs_of(a))
    return {t.attr.value for t in targets if isinstance(t, cst.Attribute) and dotted(t.value) == mine}


def _is_global(recording: Recording, name: str) -> bool:
    """Whether the cells give a name a value outside of functions and classes."""
    return any(name in targets_of(t) and c.function(a) is None and c.enclosing(a, cst.ClassDef) is None for c in cells(recording) for a in c.all(cst.Assign) for t, _ in pairs_of(a))


def _classes_of(recording: Recording, name: str) -> set[str]:
    """The classes that the cells make a name of."""
    made = (v for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if dotted(t) == name)
    return {last_name(v.func) for v in made if isinstance(v, cst.Call)}


def _handed_as(recording: Recording, function: cst.FunctionDef, name: str) -> str | None:
    """The parameter of a function that every call of it gives a name of the notebook's."""
    parameters = parameters_of(function)
    calls = [c for code in cells(recording) for c in code.all(cst.Call) if last_name(c.func) == function.name.value]
    for position, parameter in enumerate(parameters):
        given = [argument(c, position, parameter) for c in calls]
        if calls and all(g is not None and dotted(g.value) == name for g in given):
            return parameter
    return None
