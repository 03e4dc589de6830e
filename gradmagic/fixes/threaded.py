"""A loop over layers in which each one reads the same input, so that only the last one counts: each is handed what the one before it made."""

from __future__ import annotations

import re

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, names_in
from gradmagic.fixes.flow import OPTIONS, assigned, assignments_of, pairs_of, reads_of, targets_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

# What stands side by side is added up or collected, and not put in a row.
BESIDE = re.compile(r"expert|branch|head|tower|member|model|nets\b|net\b|critic|scale|task|view|path|embed|output|term|loss|agent|group|modalit|feature|column|field")


def handed_on(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`for layer in layers: h = layer(x)` → `h = x` before the loop, and `h = layer(h)` in it."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    loop = next((n for n in (statement, *code.around(statement)) if isinstance(n, cst.For)), None) if code is not None and statement is not None else None
    if code is None or loop is None or _stands_beside(code, loop.target) or _stands_beside(code, loop.iter):
        return ()
    turning, scope = targets_of(loop.target), code.scope(loop)
    for step in loop.body.body:
        assign = step.body[0] if isinstance(step, cst.SimpleStatementLine) and len(step.body) == 1 else None
        target: cst.BaseExpression | None = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
        if isinstance(target, cst.Tuple) and target.elements:
            # What comes beside the result, as the logarithm of a determinant, is for the loop.
            target = target.elements[0].value
        if not isinstance(assign, cst.Assign) or not isinstance(target, cst.Name) or not turning & names_in(assign.value):
            continue
        if any(turning & names_in(c.func) and _stands_beside(code, c.func) for c in code.all(cst.Call, assign.value)):
            return ()
        name = target.value
        given = _input(code, assign.value, turning, assigned(loop), scope)
        # Read before it is made anew, it is handed on already; used for anything else in the loop, each result counts.
        inside = reads_of(code, name, loop)
        others = [n for n in inside if not _makes(code, n, name)]
        behind = [n for n in reads_of(code, name, scope) if code.start(n) > code.end(loop)]
        if given is None or others or not behind or any(code.start(n) < code.end(assign) for n in inside) or given.value == name:
            return ()
        change = Change()
        for node in reads_of(code, given.value, assign.value):
            change.replace(node, cst.Name(name))
        before = [(a, v) for a in code.all(cst.Assign, scope) if code.end(a) < code.start(loop) for t, v in pairs_of(a) if isinstance(t, cst.Name) and t.value == name]
        unread = before and not [n for n in reads_of(code, name, scope) if code.end(before[-1][0]) < code.start(n) < code.start(loop)]
        if before and not (unread and (names_in(before[-1][1]) & {given.value} or isinstance(before[-1][1], cst.Name))):
            return ()
        if not before:
            change.insert_before(loop, code.line(f"{name} = {given.value}"))
        return fix(f"hand each layer what the one before it made, and not `{given.value}` again", "unsafe", (code, change))
    return ()


def _stands_beside(code: Code, node: cst.BaseExpression) -> bool:
    """Whether the names in an expression, but for the owners of attributes, are those of things side by side: `self.experts[i]`, and not `model.layers[i]`."""
    owners = {id(a.value) for a in code.all(cst.Attribute, node)}
    attributes = {id(a.attr) for a in code.all(cst.Attribute, node)}
    words = [a.attr.value for a in code.all(cst.Attribute, node)] + [n.value for n in code.all(cst.Name, node) if id(n) not in owners | attributes]
    return any(BESIDE.search(w.lower()) for w in words)


def _input(code: Code, value: cst.BaseExpression, turning: set[str], changing: set[str], scope: cst.CSTNode) -> cst.Name | None:
    """The one name that each turn computes with, and that no turn changes."""
    calls = [c for c in code.all(cst.Call, value) if turning & names_in(c.func)]
    first = argument(calls[0], 0, "inputs", "x") if len(calls) == 1 else None
    if first is not None:
        nodes = [first.value] if isinstance(first.value, cst.Name) else []
    else:
        named = {n for a in code.all(cst.Arg, value) if a.keyword is not None and a.keyword.value in OPTIONS for n in names_in(a.value)}
        nodes = [n for n in code.all(cst.Name, value) if isinstance(code.parent(n), (cst.Arg, cst.BinaryOperation)) and n.value not in named]
    nodes = [n for n in nodes if n.value not in turning | changing]
    # What an earlier cell gave its value counts where nothing of the function's own is read.
    known = [n for n in nodes if assignments_of(code, n.value, scope) or _is_parameter(scope, n.value)] or nodes
    return known[0] if len({n.value for n in known}) == 1 else None


def _is_parameter(scope: cst.CSTNode, name: str) -> bool:
    return isinstance(scope, cst.FunctionDef) and any(p.name.value == name for p in scope.params.params)


def _makes(code: Code, node: cst.Name, name: str) -> bool:
    """Whether a name is read only to be given its next value."""
    assign = code.enclosing(node, cst.Assign)
    return assign is not None and len(assign.targets) == 1 and isinstance(assign.targets[0].target, cst.Name) and assign.targets[0].target.value == name
