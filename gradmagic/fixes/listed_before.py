"""A list of variables that was taken before its model was replaced by another one: taken behind that."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.listed_early import LISTS
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def listed_behind(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`self.params = self.model.trainable_variables` and then `self.model = load_model(…)`: the list is made behind the model that is trained."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    name = dotted(wanted.value) if wanted is not None else ""
    made = [(c, a) for c in cells(recording) for a in c.all(cst.Assign) if len(a.targets) == 1 and dotted(a.targets[0].target) == name] if name else []
    if len(made) != 1:
        return ()
    code, assign = made[0]
    model, statement = _listed(assign.value), code.statement(assign)
    if not model or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return ()
    again = [(c, a) for c in cells(recording) for a in c.all(cst.Assign) if any(dotted(t) == model for t, _ in pairs_of(a))]
    here = [a for c, a in again if c is code and code.scope(a) is code.scope(assign) and code.start(a) > code.start(assign)]
    title = f"list the variables of `{model}` when it is the one that is trained"
    if here:
        last = _beside(code, statement, here[-1])
        block = list(getattr(code.parent(statement), "body", ()))
        if last is None:
            return ()
        between = block[block.index(statement) + 1 : block.index(last) + 1]
        change = Change().insert_after(last, statement.with_changes(leading_lines=[]))
        return fix(title, "unsafe", (code, change if any(_reads(code, name, s) for s in between) else change.remove(statement)))
    # Loaded in a cell of its own, which ran later.
    later = [(c, a) for c, a in again if c is not code and c.scope(a) is c.module and _is_later(c, code)]
    if len(later) != 1 or code.scope(assign) is not code.module:
        return ()
    cell, new = later[0]
    replaced = cell.statement(new)
    if replaced is None or cell.parent(replaced) is not cell.module:
        return ()
    return fix(title, "unsafe", (cell, Change().insert_after(replaced, statement.with_changes(leading_lines=[]))))


def _listed(value: cst.BaseExpression) -> str:
    """`model` of `model.trainable_variables`, also as a list of its own, or a part of it."""
    if isinstance(value, cst.Call) and last_name(value.func) in ("list", "tuple") and len(value.args) == 1:
        value = value.args[0].value
    if isinstance(value, cst.Subscript):
        value = value.value
    return dotted(value.value) if isinstance(value, cst.Attribute) and last_name(value) in LISTS else ""


def _beside(code: Code, statement: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode | None:
    """The statement of the same block that holds a node."""
    siblings = list(getattr(code.parent(statement), "body", ()))
    return next((s for s in (code.statement(node), *code.around(node)) if s in siblings), None)


def _reads(code: Code, name: str, statement: cst.CSTNode) -> bool:
    root = name.partition(".")[0]
    return any(dotted(n) == name for n in code.all(cst.Attribute if "." in name else cst.Name, statement)) if root in names_in(statement) else False


def _is_later(one: Code, other: Code) -> bool:
    return one.cell == "current" or (isinstance(one.cell, int) and isinstance(other.cell, int) and one.cell > other.cell)
