"""A sum that is kept in a variable becomes a tensor under the same name, so that gradients flow through it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix
from gradmagic.recording import Recording
from gradmagic.report import Fix

SETS = {"assign": "=", "assign_add": "+=", "assign_sub": "-="}
# What a variable has and a tensor has not.
READS = ("read_value", "value")


def summed_in_a_name(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`total.assign(0.0)` … `total.assign_add(loss)` → `total = 0.0` … `total += loss`, where nothing but these lines writes to `total`."""
    code = code_at(recording, place)
    call = code.call_at(place, ("assign_add", "assign_sub")) if code is not None and place is not None else None
    variable = call.func.value if call is not None and isinstance(call.func, cst.Attribute) else None
    if code is None or call is None or not isinstance(variable, cst.Name):
        return ()
    name, scope = variable.value, code.scope(call)
    change, reset = Change(), False
    for other in cells(recording):
        for node in other.all(cst.Name):
            outer = other.parent(node)
            if node.value != name or _is_made(other, node):
                continue
            if other is not code or code.scope(node) is not scope:
                return ()
            written = _written(code, outer)
            if written is not None:
                statement, line = written
                reset = reset or (" = " in line and code.start(statement) < code.start(call))
                change.replace(statement, code.line(line).with_changes(leading_lines=statement.leading_lines, trailing_whitespace=statement.trailing_whitespace))
            elif isinstance(outer, cst.Attribute) and outer.value is node and outer.attr.value in READS:
                read = code.parent(outer)
                if not isinstance(read, cst.Call) or read.func is not outer:
                    return ()
                change.replace(read, cst.Name(name))
            elif isinstance(outer, (cst.AssignTarget, cst.AugAssign, cst.Global)) or (isinstance(outer, cst.Attribute) and outer.value is node and outer.attr.value.startswith("assign")):
                return ()
    # Without a new beginning the sum would go on from the turn before, whose tape is gone.
    return fix(f"add up in a tensor, not in the variable `{name}`", "unsafe", (code, change)) if reset else ()


def _is_made(code: Code, node: cst.Name) -> bool:
    """Whether a name stands where the variable is made, or names an argument."""
    outer = code.parent(node)
    if isinstance(outer, cst.Arg) and outer.keyword is node:
        return True
    assign = code.parent(outer) if isinstance(outer, cst.AssignTarget) else None
    return isinstance(assign, cst.Assign) and isinstance(assign.value, cst.Call) and code.text(assign.value.func).endswith("Variable")


def _written(code: Code, outer: cst.CSTNode | None) -> tuple[cst.SimpleStatementLine, str] | None:
    """The statement that writes to a variable by one of its methods, and the same as an assignment to its name."""
    call = code.parent(outer) if isinstance(outer, cst.Attribute) else None
    step = code.parent(call) if isinstance(call, cst.Call) and isinstance(outer, cst.Attribute) and call.func is outer and outer.attr.value in SETS else None
    statement = code.parent(step) if isinstance(step, cst.Expr) else None
    value = argument(call, 0, "value", "delta") if isinstance(call, cst.Call) else None
    if not isinstance(outer, cst.Attribute) or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1 or value is None:
        return None
    return statement, f"{code.text(outer.value)} {SETS[outer.attr.value]} {code.text(value.value)}"
