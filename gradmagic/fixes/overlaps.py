"""Boxes that do not overlap: an intersection over union that is 0 whatever they do, generalised by the box around both (Rezatofighi et al. 2019)."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, number_of
from gradmagic.fixes.flow import meant, stores_of, values_of
from gradmagic.fixes.names import new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix

OTHER = {"minimum": "maximum", "maximum": "minimum"}
CLIPS = ("maximum", "relu", "clip_by_value", "clip")
QUOTIENTS = ("divide", "divide_no_nan", "true_divide")
PRODUCTS = ("reduce_prod", "prod")
DEEP = 12


def generalised(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`intersection / union` → `intersection / union - (enclosing - union) / enclosing`, which has a gradient where the intersection is held at 0."""
    code = code_at(recording, place)
    clip = code.call_at(place, CLIPS) if code is not None and place is not None else None
    if code is None or clip is None or _bounded(code, clip) is None:
        return ()
    for node in code.all(cst.BaseExpression, code.scope(clip)):
        above, below = _quotient(node)
        statement = code.statement(node)
        if above is None or below is None or not isinstance(statement, cst.SimpleStatementLine) or any(isinstance(n, cst.Call) and last_name(n.func).startswith("log") for n in code.around(node)):
            continue
        around = _around(code, above, clip)
        if around is None or not around[1]:
            continue
        union = below.left if isinstance(below, cst.BinaryOperation) and isinstance(below.operator, cst.Add) and number_of(code.text(below.right)) is not None else below
        # A rounding error may be all that is between both, and the box around them has no area where they have none.
        little = f" + {code.text(below.right)}" if union is not below and isinstance(below, cst.BinaryOperation) else ""
        name = new_name(code, "enclosing")
        rest = atom(f"{name}{little}") if little else name
        new = code.expression(f"{code.bare(node)} - ({name} - {atom(code.text(union))}) / {rest}")
        change = Change().insert_before(statement, code.line(f"{name} = {around[0]}")).replace(node, new)
        return fix("take the box around both into account (generalised IoU)", "unsafe", (code, change))
    return ()


def _quotient(node: cst.BaseExpression) -> tuple[cst.BaseExpression | None, cst.BaseExpression | None]:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
        return node.left, node.right
    if isinstance(node, cst.Call) and last_name(node.func) in QUOTIENTS and len(node.args) == 2 and not any(a.keyword or a.star for a in node.args):
        return node.args[0].value, node.args[1].value
    return None, None


def _bounded(code: Code, call: cst.Call) -> cst.BaseExpression | None:
    """`x` of `maximum(x, 0)`, `relu(x)` and `clip_by_value(x, 0, …)`."""
    name, given = last_name(call.func), [a.value for a in call.args]
    if name == "relu" and len(given) == 1:
        return given[0]
    if name == "maximum" and len(given) == 2:
        zero = next((i for i in (0, 1) if number_of(code.text(given[i])) == 0.0), None)
        return given[1 - zero] if zero is not None else None
    low = argument(call, 1, "clip_value_min", "x_min")
    return given[0] if name in ("clip_by_value", "clip") and low is not None and number_of(code.text(low.value)) == 0.0 else None


def _around(code: Code, node: cst.BaseExpression, clip: cst.Call, depth: int = 0) -> tuple[str, bool] | None:
    """The size of the box around two boxes, from that of their intersection: without the bounds, and with the outer edges in the place of the inner ones. Also whether `clip` is one of the bounds."""
    if depth > DEEP:
        return None
    if isinstance(node, cst.Name):
        value = _stands_for(code, node)
        return _around(code, value, clip, depth + 1) if value is not node else None
    if isinstance(node, cst.Subscript):
        inner = _around(code, node.value, clip, depth + 1)
        return (code.text(node.with_changes(value=code.expression(atom(inner[0])))), inner[1]) if inner is not None else None
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        sides = [_around(code, n, clip, depth + 1) for n in (node.left, node.right)]
        found = [s for s in sides if s is not None]
        return (" * ".join(atom(s[0]) for s in found), any(s[1] for s in found)) if len(found) == 2 else None
    if not isinstance(node, cst.Call):
        return None
    if last_name(node.func) in PRODUCTS and node.args:
        inner = _around(code, node.args[0].value, clip, depth + 1)
        return (code.text(node.with_deep_changes(node.args[0], value=code.expression(inner[0]))), inner[1]) if inner is not None else None
    length = _bounded(code, node)
    length = _stands_for(code, length) if length is not None else None
    if not isinstance(length, cst.BinaryOperation) or not isinstance(length.operator, cst.Subtract):
        return None
    ends = [_outer(code, _stands_for(code, end), inner) for end, inner in ((length.left, "minimum"), (length.right, "maximum"))]
    return (f"{ends[0]} - {ends[1]}", node is clip) if all(ends) else None


def _stands_for(code: Code, node: cst.BaseExpression) -> cst.BaseExpression:
    """What a name is given, also in `left, top = …, …`."""
    value = meant(code, node)[0]
    if value is not node or not isinstance(node, cst.Name):
        return value
    scope = code.scope(node)
    given = [v for t, v in values_of(code, node.value, scope) if isinstance(t, cst.Name)]
    return given[0] if len(given) == 1 and len(stores_of(code, node.value, scope)) == 1 else node


def _outer(code: Code, node: cst.BaseExpression, inner: str) -> str | None:
    """`maximum(a, b)` for `minimum(a, b)`, and the other way round."""
    if not isinstance(node, cst.Call) or last_name(node.func) != inner or len(node.args) != 2 or not isinstance(node.func, cst.Attribute):
        return None
    return code.text(node.with_changes(func=node.func.with_changes(attr=cst.Name(OTHER[inner]))))
