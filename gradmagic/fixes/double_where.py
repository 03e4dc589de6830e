"""The function that a `where` throws values of away is given a harmless input there: the `where` inside, beside the one outside."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name, same
from gradmagic.fixes.flow import meant
from gradmagic.fixes.numerics import valid_input, value_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

# What they give has the shape of their argument, and nothing of its value.
SHAPED = ("zeros_like", "ones_like", "full_like", "shape", "size", "rank", "len")


def double_where(recording: Recording, place: Place, hider: Place) -> tuple[Fix, ...]:
    """Give the function inside a `where` a harmless input wherever the mask is false."""
    code = code_at(recording, place)
    if code is None or place is None:
        return ()
    where_code = code_at(recording, hider)
    outer = where_code.call_at(hider, ("where", "multiply_no_nan")) if where_code is code and hider is not None else None
    bad = code.expressions_at(place)
    node = next((n for n in bad if isinstance(n, (cst.Call, cst.BinaryOperation))), None)
    if outer is None or node is None or len(outer.args) < 3:
        return valid_input(recording, place, None)
    condition, yes, no = (a.value for a in outer.args[:3])
    if code.function(node) is not code.function(outer):
        return ()
    negated = _holds(code, no, node)
    if negated == _holds(code, yes, node):
        return ()
    if isinstance(node, cst.Call) and last_name(node.func) in ("where",):
        return ()
    risky = _risky_input(code, node)
    if risky is None or same(risky, condition):
        return ()
    where, ones = code.text(outer.func), "1.0"
    mask, x = code.text(condition), code.text(risky)
    safe = f"{where}({mask}, {ones}, {x})" if negated else f"{where}({mask}, {x}, {ones})"
    if code.start(node) < code.start(condition) and not _defined_before(code, condition, node):
        return ()
    return fix("give the function a harmless input wherever the mask throws its value away", "safe", (code, Change().replace(risky, code.expression(safe))))


def _holds(code: Code, branch: cst.BaseExpression, node: cst.CSTNode) -> bool:
    """Whether a branch of `where` is computed from the value of an expression, directly or through names."""
    waiting: list[cst.CSTNode] = [branch]
    seen, read = set[str](), set[cst.Name]()
    while waiting:
        current = waiting.pop()
        if current is node or (code.start(current) <= code.start(node) and code.end(node) <= code.end(current)):
            return True
        shaped = {n for call in code.all(cst.Call, current) if last_name(call.func) in SHAPED for n in code.all(cst.Name, call)}
        for name in (n for n in code.all(cst.Name, current) if n not in shaped):
            value = value_of(code, name) if name.value not in seen else None
            if value is None and name not in read:
                # A name that is given a value twice: the last one before it is read.
                read.add(name)
                last = meant(code, name)[0]
                value = last if last is not name else None
            seen.add(name.value)
            if value is not None:
                waiting.append(value)
    return False


def _defined_before(code: Code, condition: cst.BaseExpression, node: cst.CSTNode) -> bool:
    """Whether every name of the mask has its value already where the function is called."""
    scope = code.scope(node)
    for name in code.all(cst.Name, condition):
        for assign in code.all(cst.Assign, scope):
            if any(isinstance(t.target, cst.Name) and t.target.value == name.value for t in assign.targets) and code.start(assign) >= code.start(node):
                return False
    return True


def _risky_input(code: Code, node: cst.Call | cst.BinaryOperation) -> cst.BaseExpression | None:
    if isinstance(node, cst.BinaryOperation):
        return node.right if isinstance(node.operator, cst.Divide) else node.left if isinstance(node.operator, cst.Power) else None
    if last_name(node.func) in ("divide", "truediv", "divide_no_nan"):
        second = argument(node, 1, "y", "x2")
        return second.value if second is not None else None
    first = argument(node, 0, "x", "tensor", "a")
    if first is None:
        return None
    # A function of a quotient, such as abs(a / b): what must not be 0 is the divisor.
    if last_name(node.func) in ("abs", "square", "exp", "reduce_sum", "sum"):
        inner = next((n for n in code.all(cst.BinaryOperation, first.value) if isinstance(n.operator, cst.Divide)), None)
        return inner.right if inner is not None else first.value
    return first.value
