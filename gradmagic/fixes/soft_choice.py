"""A choice between two values by a comparison with what is to be learnt: a gate that opens smoothly in its place."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, number_of
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.fixes.smooth import comparison_at, sides_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

NOTHING = ("zeros_like", "zeros")
STEEP = "10.0"
SHUTS = 1e3


def gated(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`tf.where(x < level, a, b)`, also by a name for the comparison → `inside * a + (1.0 - inside) * b` with `inside = tf.sigmoid(10.0 * (level - x))`."""
    code, names = code_at(recording, place), names_of(recording)
    node = comparison_at(code, place) if code is not None and place is not None else None
    sides = sides_of(code, node) if code is not None and node is not None else None
    if code is None or node is None or sides is None or sides[1] not in "<>":
        return ()
    assign, statement = code.parent(node), code.statement(node)
    choices = [c for c in [_choice_of(code, node)] if c is not None]
    name = None
    if not choices and isinstance(assign, cst.Assign) and len(assign.targets) == 1 and isinstance(assign.targets[0].target, cst.Name):
        name, scope = assign.targets[0].target.value, code.scope(node)
        reads = [n for n in reads_of(code, name, scope) if code.start(n) > code.end(node)]
        choices = [c for n in reads if (c := _choice_of(code, n)) is not None]
        if len(choices) != len(reads) or len(assignments_of(code, name, scope)) != 1:
            # What else is done with a bool is not done with a number.
            return ()
    sigmoid = names.function("sigmoid", choices[0].func) if choices else None
    if sigmoid is None or not isinstance(statement, cst.SimpleStatementLine):
        return ()
    if any(_shuts(code, a.value) for c in choices for a in c.args[1:]):
        return ()
    low, high = (sides[0], sides[2]) if sides[1] == "<" else (sides[2], sides[0])
    gate = f"{sigmoid}({STEEP} * ({high} - {atom(low)}))" if high not in ("0", "0.0") else f"{sigmoid}(-{STEEP} * {atom(low)})"
    change = Change()
    if name is not None:
        change.replace(node, code.expression(gate))
    else:
        name = new_name(code, "gate")
        change.insert_before(statement, code.line(f"{name} = {gate}"))
    for choice in choices:
        change.replace(choice, code.expression(_mixed(code, choice, name)))
    return fix("let the gate open smoothly, so that its place can be learnt", "unsafe", (code, change))


def _choice_of(code: Code, node: cst.BaseExpression) -> cst.Call | None:
    """The `where` that an expression is the condition of."""
    call = code.parent(code.parent(node) or node)
    whole = isinstance(call, cst.Call) and last_name(call.func) == "where" and len(call.args) == 3
    condition = argument(call, 0, "condition") if whole and isinstance(call, cst.Call) else None
    return call if condition is not None and condition.value is node and isinstance(call, cst.Call) else None


def _shuts(code: Code, node: cst.BaseExpression) -> bool:
    """Whether a number is one that shuts a softmax: a gate in front of it would open by thousands."""
    number = number_of(code.bare(node))
    return abs(number) >= SHUTS if number is not None else last_name(node.expression if isinstance(node, cst.UnaryOperation) else node) in ("inf", "Inf", "infty")


def _mixed(code: Code, choice: cst.Call, gate: str) -> str:
    """What a `where` gives, weighted by how far the gate is open; without the part that is 0."""
    yes, no = (argument(choice, i, k) for i, k in ((1, "x"), (2, "y")))
    parts = []
    for value, weight in ((yes, gate), (no, f"(1.0 - {gate})")):
        node = value.value if value is not None else None
        if node is not None and not (isinstance(node, cst.Call) and last_name(node.func) in NOTHING) and code.text(node) not in ("0", "0.0"):
            parts.append(f"{weight} * {atom(code.bare(node))}")
    return " + ".join(parts) or "0.0"
