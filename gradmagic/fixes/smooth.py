"""A differentiable step in the place of a threshold, an index, a rank or a rounding."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, straight_through, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, cells, code_at, fix, last_name, number_of, same
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.nearest_rows import handed_to_the_nearest
from gradmagic.fixes.numerics import value_of
from gradmagic.fixes.one_hots import of_scores
from gradmagic.fixes.right_answers import comparison_of, cross_entropy
from gradmagic.fixes.soft_lookup import mean_row
from gradmagic.fixes.soft_tokens import is_row, mean_of_rows
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Fix, Location

ROUNDINGS = ("round", "rint", "floor", "ceil", "sign", "trunc", "floordiv", "heaviside", "fake_quant_with_min_max_args", "quantize")
KINDS = {"greater": ">", "greater_equal": ">", "less": "<", "less_equal": "<", "equal": "=", "not_equal": "!"}


def smooth(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """The differentiable counterpart of what cuts the gradient at a place."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None:
        return ()
    for node in code.expressions_at(place):
        if isinstance(node, cst.Comparison):
            found = threshold(recording, code, node, names)
            if found:
                return found
        if isinstance(node, cst.Call):
            name = last_name(node.func)
            if name in KINDS:
                found = threshold(recording, code, node, names)
            elif name in ("argmax", "argmin"):
                found = (
                    handed_to_the_nearest(recording, code, node, names, op)
                    or mean_row(recording, code, node, names, op)
                    or mean_of_rows(recording, place)
                    or (() if is_row(recording, code, node) else _index(recording, code, node, names, op))
                )
            elif name in ("argsort",):
                found = _rank(code, node, names)
            elif name in ROUNDINGS:
                compared = comparison_of(code, node)
                found = (
                    (cross_entropy(recording, code, compared, names, op, node) if compared is not None else ())
                    or _passed_already(recording, code, node, op)
                    or straight_through(recording, place, (name,))
                )
            else:
                found = ()
            if found:
                return found
    return straight_through(recording, place, ROUNDINGS) if op is not None and op.type in ("Round", "Rint", "Floor", "Ceil", "Sign") else ()


def curved_activation(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`Activation(tf.sign)`, and `activation=tf.sign` of a layer → `"tanh"`, which is as far from 0 and rises."""
    code = code_at(recording, place)
    for call in code.expressions_at(place) if code is not None and place is not None else ():
        given = (
            [a.value for a in call.args if isinstance(a.value, (cst.Attribute, cst.SimpleString)) and _is_sign(a.value)] if isinstance(call, cst.Call) and last_name(call.func)[:1].isupper() else []
        )
        if code is not None and len(given) == 1:
            return fix("use `tanh`, the smooth form of the sign", "unsafe", (code, Change().replace(given[0], cst.SimpleString('"tanh"'))))
    return ()


def _is_sign(node: cst.BaseExpression) -> bool:
    return (str(node.evaluated_value) if isinstance(node, cst.SimpleString) else last_name(node)) == "sign"


def comparison_at(code: Code, place: Span | Location) -> cst.Comparison | cst.Call | None:
    """The comparison at a place, written with an operator or as a call."""
    return next((n for n in code.expressions_at(place) if isinstance(n, cst.Comparison) or (isinstance(n, cst.Call) and last_name(n.func) in KINDS)), None)


def _passed_already(recording: Recording, code: Code, call: cst.Call, op: Op | None) -> tuple[Fix, ...]:
    """`round(soft + stop_gradient(hard - soft))`, which has whole numbers and a gradient before it is rounded → what is rounded."""
    inner = call.args[0].value if len(call.args) == 1 else None
    whole = value_of(code, inner) if isinstance(inner, cst.Name) else inner
    if inner is None or not isinstance(whole, cst.BinaryOperation) or not isinstance(whole.operator, cst.Add):
        return ()
    for stopped, soft in ((whole.left, whole.right), (whole.right, whole.left)):
        difference = stopped.args[0].value if isinstance(stopped, cst.Call) and last_name(stopped.func) == "stop_gradient" and len(stopped.args) == 1 else None
        if not isinstance(difference, cst.BinaryOperation) or not isinstance(difference.operator, cst.Subtract) or not same(difference.right, soft):
            continue
        before, after = (recording.tensors.get(keys[0]) if keys else None for keys in ((op.inputs, op.outputs) if op is not None else ((), ())))
        norms = [t.norm for t in (before, after) if t is not None and t.norm is not None]
        if len(norms) < 2 or abs(norms[0] - norms[1]) <= 1e-5 * abs(norms[1]):
            return fix(f"leave `{last_name(call.func)}` out: its argument has these values and a gradient", "safe" if len(norms) == 2 else "unsafe", (code, Change().replace(call, inner)))
    return ()


def sides_of(code: Code, node: cst.Comparison | cst.Call) -> tuple[str, str, str] | None:
    """The left side, the kind and the right side of a comparison, written with an operator or as a call."""
    if isinstance(node, cst.Comparison):
        if len(node.comparisons) != 1:
            return None
        kinds = {cst.GreaterThan: ">", cst.GreaterThanEqual: ">", cst.LessThan: "<", cst.LessThanEqual: "<", cst.Equal: "=", cst.NotEqual: "!"}
        kind = kinds.get(type(node.comparisons[0].operator))
        return (code.text(node.left), kind, code.text(node.comparisons[0].comparator)) if kind else None
    kind = KINDS[last_name(node.func)]
    left, right = text_of(code, node, 0, "x", "x1"), text_of(code, node, 1, "y", "x2")
    return (left, kind, right) if left is not None and right is not None else None


def threshold(recording: Recording, code: Code, node: cst.Comparison | cst.Call, names: Names) -> tuple[Fix, ...]:
    """`cast(p > 0.5, float)` and `where(p > 0.5, 1.0, 0.0)` give way to `p`; other comparisons to a sigmoid; a count of right answers to a loss."""
    sides = sides_of(code, node)
    if sides is None:
        return ()
    left, kind, right = sides
    if kind in "=!":
        return cross_entropy(recording, code, node, names, None)
    compared = comparison_of(code, node)
    if compared is not None and (loss := cross_entropy(recording, code, compared, names, None, node)):
        return loss
    whole = _as_number(code, node)
    swapped = number_of(left) is not None
    value, bound = (right, left) if swapped else (left, right)
    rising = (kind == ">") != swapped
    sigmoid = names.function("sigmoid", whole.func if isinstance(whole, cst.Call) else None)
    if whole is None:
        return ()
    if bound == "0.5":
        new = value if rising else f"1.0 - {atom(value)}"
        line, given = code.statement(whole), code.parent(whole)
        # `p = p` is no line that anybody would write.
        same_name = isinstance(given, cst.Assign) and len(given.targets) == 1 and code.text(given.targets[0].target) == new
        change = Change().remove(line) if same_name and line is not None else Change().replace(whole, code.expression(new))
        return fix("compute the loss from the probability itself", "unsafe", (code, change))
    if sigmoid is None:
        return ()
    difference = value if bound in ("0", "0.0") else f"{atom(value)} - {atom(bound)}"
    new = f"{sigmoid}({difference})" if rising else f"{sigmoid}(-({difference}))" if bound not in ("0", "0.0") else f"{sigmoid}(-{atom(value)})"
    return fix("let the step rise smoothly", "unsafe", (code, Change().replace(whole, code.expression(new))))


def _as_number(code: Code, node: cst.BaseExpression) -> cst.BaseExpression | None:
    """What turns a comparison into a number: a cast or a choice between 1 and 0 around it, directly or through a name."""
    outer = code.enclosing(node, cst.Call)
    if outer is not None and any(a.value is node for a in outer.args):
        if last_name(outer.func) in ("cast", "to_float", "astype"):
            return outer
        if last_name(outer.func) == "where" and len(outer.args) == 3 and [code.text(a.value).rstrip("0").rstrip(".") or "0" for a in outer.args[1:]] == ["1", "0"]:
            return outer
        if last_name(outer.func) == "where" and [last_name(a.value.func) if isinstance(a.value, cst.Call) else "" for a in outer.args[1:]] in (["ones_like", "zeros_like"], ["ones", "zeros"]):
            return outer
        if last_name(outer.func) == "where" and len(outer.args) == 3:
            yes, no = (code.text(a.value) for a in outer.args[1:])
            return outer if number_of(yes) == 1.0 and number_of(no) == 0.0 else None
    assign = code.enclosing(node, cst.Assign)
    if assign is not None and assign.value is node and isinstance(assign.targets[0].target, cst.Name):
        name = assign.targets[0].target.value
        used = [c for c in code.all(cst.Call, code.scope(node)) if last_name(c.func) == "cast" and c.args and isinstance(c.args[0].value, cst.Name) and c.args[0].value.value == name]
        return node if used else None
    return None


def _index(recording: Recording, code: Code, call: cst.Call, names: Names, op: Op | None) -> tuple[Fix, ...]:
    """`argmax(x, axis)` gives way to the expected index under a softmax, or to a loss where it is compared with labels."""
    compared = comparison_of(code, call)
    if compared is not None:
        return cross_entropy(recording, code, compared, names, op, call)
    x = text_of(code, call, 0, "input", "x", "a")
    axis = text_of(code, call, 1, "axis") or ("0" if not names.is_keras_ops(call.func) else "-1")
    if x is None or names.tf is None or axis not in ("-1", "1"):
        return ()
    sign = "" if last_name(call.func) == "argmax" else "-"
    target: cst.BaseExpression = call
    outer = code.enclosing(call, cst.Call)
    if outer is not None and last_name(outer.func) == "cast" and outer.args[0].value is call:
        target = outer
    tf = names.tf
    soft = f"{tf}.nn.softmax({sign}{atom(x)}, axis={axis})"
    one_hot = code.enclosing(target, cst.Call)
    if one_hot is not None and last_name(one_hot.func) == "one_hot" and one_hot.args[0].value is target:
        return of_scores(recording, code, one_hot, call, f"{tf}.nn.softmax({{}}, axis={axis})", op)
    new = f"{tf}.reduce_sum({soft} * {tf}.cast({tf}.range({tf}.shape({x})[{axis}]), {atom(x)}.dtype), axis={axis})"
    return fix("use the expected index under a softmax in the place of the index of the largest", "unsafe", (code, Change().replace(target, code.expression(new))))


def _rank(code: Code, call: cst.Call, names: Names) -> tuple[Fix, ...]:
    """`argsort(argsort(x))` gives way to soft ranks: a sum of sigmoids of all pairwise differences."""
    inner = call.args[0].value if call.args else None
    outer = code.enclosing(call, cst.Call)
    if isinstance(inner, cst.Call) and last_name(inner.func) == "argsort":
        whole = call
    elif outer is not None and last_name(outer.func) == "argsort" and outer.args[0].value is call:
        whole, inner = outer, call
    else:
        return ()
    tf = names.tf
    if tf is None:
        return ()
    scope = code.scope(call)
    change = Change()
    for other in code.all(cst.Call, scope):
        first = other.args[0].value if other.args else None
        if last_name(other.func) == "argsort" and isinstance(first, cst.Call) and last_name(first.func) == "argsort" and first.args and (other is whole or scope is not code.module):
            v = atom(code.text(first.args[0].value))
            change.replace(other, code.expression(f"{tf}.reduce_sum({tf}.sigmoid(({v}[..., :, None] - {v}[..., None, :]) / 0.1), axis=-1)"))
    return fix("compare soft ranks, a sum of sigmoids of all differences", "unsafe", (code, change))


def stopped_difference(recording: Recording) -> tuple[Fix, ...]:
    """`hard - soft + soft` → `stop_gradient(hard - soft) + soft`: the value stays, and the gradient of `soft` does not cancel itself."""
    found = []
    for code in cells(recording):
        for node in code.all(cst.BinaryOperation):
            if not isinstance(node.operator, cst.Add):
                continue
            for rest, difference in ((node.right, node.left), (node.left, node.right)):
                if isinstance(difference, cst.BinaryOperation) and isinstance(difference.operator, cst.Subtract) and same(difference.right, rest) and not same(difference.left, rest):
                    found.append((code, difference))
    if len(found) != 1:
        return ()
    code, difference = found[0]
    stop = names_of(recording).function("stop_gradient")
    inner = difference.with_changes(lpar=[], rpar=[])
    return fix("stop the gradient of the difference (straight-through)", "safe", (code, Change().replace(difference, code.expression(f"{stop}({code.text(inner)})")))) if stop else ()
