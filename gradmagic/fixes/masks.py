"""The infinity that a mask puts in, where a softmax over nothing else makes NaN of it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

# Far below every score, and above the lowest number of the dtype.
LOW = {"float16": "-1e4"}
MOST_STEPS = 8


def finite_mask(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`where(keep, scores, -float("inf"))` lines above a softmax: a large finite number, so that a row without any score left has a softmax too."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None or op is None or op.type not in ("Softmax", "LogSoftmax"):
        return ()
    tensor = recording.tensors.get(op.outputs[0]) if op.outputs else None
    low, names = LOW.get(tensor.dtype if tensor is not None else "", "-1e9"), names_of(recording)
    found = [(where, node) for where, line in _above(recording, code, statement) for node in _infinities(where, line, names)]
    changes: dict[int, tuple[Code, Change]] = {}
    for where, node in found:
        changes.setdefault(id(where), (where, Change()))[1].replace(node, where.expression(low))
    return fix(f"mask with `{low}`, of which a softmax over nothing else has a value", "unsafe", *changes.values()) if changes else ()


def _above(recording: Recording, code: Code, statement: cst.CSTNode) -> list[tuple[Code, cst.CSTNode]]:
    """The statement, and the assignments that its names come from."""
    found: list[tuple[Code, cst.CSTNode]] = [(code, statement)]
    wanted, seen = list(names_in(statement)), set[str]()
    while wanted and len(seen) < MOST_STEPS * 4:
        name = wanted.pop(0)
        if name in seen:
            continue
        seen.add(name)
        scope = code.scope(statement)
        lines: list[cst.Assign | cst.AugAssign] = [*assignments_of(code, name, scope), *(a for a in code.all(cst.AugAssign, scope) if isinstance(a.target, cst.Name) and a.target.value == name)]
        made: list[tuple[Code, cst.Assign | cst.AugAssign]] = [(code, a) for a in lines if code.end(a) < code.start(statement)]
        made = made or [(c, a) for c in cells(recording) for a in assignments_of(c, name) if c.function(a) is None]
        for where, assign in made:
            if not any(assign is node for _, node in found):
                found.append((where, assign))
                wanted += sorted(names_in(assign.value))
    return found


def _infinities(code: Code, line: cst.CSTNode, names: Names) -> list[cst.BaseExpression]:
    """Every minus infinity of a line."""
    found: list[cst.BaseExpression] = []
    for node in code.all(cst.BaseExpression, line):
        inner = node.expression if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus) else None
        if (inner is not None and infinite(inner, names) == "inf") or infinite(node, names) == "-inf":
            found.append(node)
    return found


def infinite(node: cst.BaseExpression, names: Names) -> str | None:
    """`"inf"` or `"-inf"` for what is written as such."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "float" and len(node.args) == 1 and isinstance(node.args[0].value, cst.SimpleString):
        text = str(node.args[0].value.evaluated_value).lower().lstrip("+").replace("infinity", "inf")
        return text if text in ("inf", "-inf") else None
    if isinstance(node, (cst.Attribute, cst.Name)) and last_name(node).lower() in ("inf", "infinity", "ninf", "neginf") and names.module(node).partition(".")[0] in ("numpy", "math"):
        return "-inf" if last_name(node).lower().startswith("n") else "inf"
    return None
