"""Lists and dicts of layers in an attribute that Keras looks into too early: they are filled first, and made the attribute when they are whole."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, dotted, fix, key_of, last_name, names_in
from gradmagic.fixes.holders import is_plain
from gradmagic.fixes.names import new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix

ADDING = ("append", "insert", "extend", "add", "update", "setdefault")
EMPTY = ("list", "dict", "defaultdict", "OrderedDict")
Found = tuple[Code, cst.FunctionDef, cst.Assign]


def filled_first(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`self.rows = []`, `self.rows.append([])`, `self.rows[-1].append(layer)` → a list by a name of its own, which is made the attribute behind its last change."""
    found = filled_late(recording, place)
    if found is None:
        return ()
    code, function, made = found
    attribute, owner = made.targets[0].target, function.params.params[0].name.value
    assert isinstance(attribute, cst.Attribute)
    uses = [n for n in code.all(cst.Attribute, function) if dotted(n) == dotted(attribute)]
    last = _block_statement(code, function, uses[-1])
    first = _block_statement(code, function, made)
    if last is None or first is None or any(_is_handed_on(code, n, owner) for n in code.all(cst.Name, function) if code.start(first) < code.start(n) < code.end(last) and n.value == owner):
        return ()
    short = attribute.attr.value
    name, change = new_name(code, short) if short in names_in(function) else short, Change()
    for node in uses:
        change.replace(node, cst.Name(name))
    change.insert_after(last, code.line(f"{code.text(attribute)} = {name}"))
    return fix(f"fill `{name}` first, and make it an attribute when it is whole", "unsafe", (code, change))


def filled_late(recording: Recording, place: Place) -> Found | None:
    """The method that makes a list or dict an attribute of a layer and puts layers where Keras no longer looks: into what the list holds already, or at a place of it."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    owner = code.enclosing(statement, cst.ClassDef) if code is not None and statement is not None else None
    if code is None or owner is None or is_plain(owner):
        return None
    for function in code.all(cst.FunctionDef, owner):
        for made in code.all(cst.Assign, function) if function.params.params else ():
            target = made.targets[0].target
            own = len(made.targets) == 1 and isinstance(target, cst.Attribute) and dotted(target.value) == function.params.params[0].name.value
            if own and code.function(made) is function and _is_container(made.value) and _is_filled_late(code, function, dotted(target)):
                again = [a for a in code.all(cst.Assign, function) if any(dotted(t.target) == dotted(target) for t in a.targets)]
                return (code, function, made) if len(again) == 1 else None
    return None


def _is_container(node: cst.BaseExpression) -> bool:
    """Whether an expression makes a list or a dict without layers: empty, or full of `None`."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        return _is_container(node.left) or _is_container(node.right)
    if isinstance(node, cst.ListComp):
        return isinstance(node.elt, cst.Name) and node.elt.value == "None"
    if isinstance(node, cst.List):
        return all(isinstance(e.value, cst.Name) and e.value.value == "None" for e in node.elements)
    return (isinstance(node, cst.Dict) and not node.elements) or (isinstance(node, cst.Call) and last_name(node.func) in EMPTY and not (node.args and last_name(node.func) in ("list", "dict")))


def _is_filled_late(code: Code, function: cst.FunctionDef, attribute: str) -> bool:
    uses = [n for n in code.all(cst.Attribute, function) if dotted(n) == attribute]
    # What is put in: an empty list, or one by a name that is filled further on.
    rows = [v for n in uses for v in _put_in(code, n)]
    named = {v.value for v in rows if isinstance(v, cst.Name)}
    late = any(_is_container(v) for v in rows) and any(_fills_inside(code, n) for n in uses)
    for name in code.all(cst.Name, function) if named else ():
        if name.value in named and _grows(code, name) and any(v.value == name.value and code.start(v) < code.start(name) for v in rows if isinstance(v, cst.Name)):
            late = True
    # Keras is not told of what takes the place of a `None`.
    blank = any(dotted(a.targets[0].target) == attribute and _holds_none(a.value) for a in code.all(cst.Assign, function))
    return late or (blank and any(_is_set(code, n) for n in uses))


def _holds_none(node: cst.BaseExpression) -> bool:
    return isinstance(node, (cst.BinaryOperation, cst.ListComp)) or (isinstance(node, cst.List) and bool(node.elements))


def _put_in(code: Code, node: cst.CSTNode) -> list[cst.BaseExpression]:
    """What a statement puts into a list (`rows.append(v)`) or a dict (`rows[k] = v`)."""
    parent = code.parent(node)
    if isinstance(parent, cst.Attribute):
        call = code.parent(parent)
        return [a.value for a in call.args[-1:]] if isinstance(call, cst.Call) and call.func is parent and parent.attr.value in ADDING else []
    assign = code.enclosing(parent, cst.Assign) if isinstance(parent, cst.Subscript) and isinstance(code.parent(parent), cst.AssignTarget) else None
    return [assign.value] if assign is not None else []


def _is_set(code: Code, node: cst.CSTNode) -> bool:
    """`rows[i] = layer`."""
    parent = code.parent(node)
    return isinstance(parent, cst.Subscript) and parent.value is node and isinstance(code.parent(parent), cst.AssignTarget)


def _fills_inside(code: Code, node: cst.CSTNode) -> bool:
    """`rows[-1].append(layer)` and `rows[k][j] = layer`."""
    parent = code.parent(node)
    return isinstance(parent, cst.Subscript) and parent.value is node and key_of(parent) is not None and _grows(code, parent)


def _grows(code: Code, node: cst.CSTNode) -> bool:
    """Whether something is added to what an expression is."""
    parent = code.parent(node)
    call = code.parent(parent) if isinstance(parent, cst.Attribute) and parent.value is node else None
    return _is_set(code, node) or (isinstance(call, cst.Call) and isinstance(parent, cst.Attribute) and call.func is parent and parent.attr.value in ADDING)


def _block_statement(code: Code, function: cst.FunctionDef, node: cst.CSTNode) -> cst.CSTNode | None:
    """The statement of the method's own block that holds a node."""
    return next((n for n in (node, *code.around(node)) if code.parent(n) is function.body), None)


def _is_handed_on(code: Code, node: cst.Name, owner: str) -> bool:
    """Whether the object itself, or a method of it, is used: what runs there could look for the attribute."""
    parent = code.parent(node)
    if not isinstance(parent, cst.Attribute) or parent.value is not node:
        return True
    call = code.parent(parent)
    return isinstance(call, cst.Call) and call.func is parent and parent.attr.value not in ("add_weight", "add_loss")
