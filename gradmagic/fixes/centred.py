"""A factor that is centred, of numbers that are all one number: without their mean nothing is left of them."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, fix, last_name
from gradmagic.fixes.flow import values_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording, Span
from gradmagic.report import Fix

MEANS = ("mean", "reduce_mean", "average", "nanmean")
SPREADING = ("full", "full_like", "fill", "repeat", "tile")
ONES = ("ones", "ones_like")


@dataclasses.dataclass(frozen=True)
class Centred:
    """`x - x.mean()`, also divided by a spread, where `x` is one number in all of its elements."""

    code: Code
    whole: cst.BinaryOperation
    name: cst.BaseExpression


def without_its_mean(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`returns - returns.mean()` → `returns`, where `returns` is `np.full_like(rewards, rewards.sum())` or the like."""
    found = centred(recording, place)
    if found is None:
        return ()
    return fix(f"leave `{found.code.text(found.name)}` as it is: it has nothing but its mean", "unsafe", (found.code, Change().replace(found.whole, found.name)))


def one_number(recording: Recording, place: Place) -> tuple[Span, str] | None:
    """Where a factor is centred that is one number in all of its elements, and what that means."""
    found = centred(recording, place)
    return (found.code.span(found.whole), f"`{found.code.text(found.name)}` is one number in all of its elements, and 0 without its mean") if found is not None else None


def unless_single(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`x = (x - tf.reduce_mean(x)) / std` → `x = (x - tf.reduce_mean(x)) / std if tf.size(x) > 1 else x`: a single number is left as it is."""
    found = centred(recording, place, single=True)
    parent = found.code.parent(found.whole) if found is not None else None
    if found is None or not isinstance(parent, (cst.Assign, cst.Return)):
        return ()
    name = found.code.text(found.name)
    size = names_of(recording).function("size", found.whole) or "len"
    new = f"{found.code.text(found.whole)} if {size}({name}) > 1 else {name}"
    return fix(f"leave `{name}` as it is where it is a single number", "unsafe", (found.code, Change().replace(found.whole, found.code.expression(new))))


def centred(recording: Recording, place: Place, single: bool = False) -> Centred | None:
    """The one such difference in an expression, or in what its names are given; a `single` number is its own mean wherever it comes from."""
    code = code_at(recording, place)
    node = next(iter(code.expressions_at(place)), None) if code is not None and place is not None else None
    if code is None or node is None:
        return None
    inside = [(code, node), *_made_by(recording, code, node)]
    # What a function of the user's returns is as much in the expression as what its names are given.
    inside += [made for where, value in inside[1:] for made in _made_by(recording, where, value)]
    found = {}
    for where, value in inside:
        for difference in where.all(cst.BinaryOperation, value):
            of = difference.left
            if not isinstance(difference.operator, cst.Subtract) or not isinstance(of, cst.Name) or not _is_mean_of(recording, where, difference.right, of.value):
                continue
            made = _values(recording, where, of)
            if single or (len(made) == 1 and _is_spread_out(*made[0])):
                outer = where.parent(difference)
                scaled = isinstance(outer, cst.BinaryOperation) and isinstance(outer.operator, cst.Divide) and outer.left is difference
                found[id(difference)] = Centred(where, outer if scaled and isinstance(outer, cst.BinaryOperation) else difference, of)
    return next(iter(found.values())) if len(found) == 1 else None


def _made_by(recording: Recording, code: Code, node: cst.BaseExpression) -> list[tuple[Code, cst.BaseExpression]]:
    """What the names in an expression are given, and what the functions that it calls return."""
    called = {last_name(c.func) for c in code.all(cst.Call, node)} - {""}
    returned = [(c, r.value) for c in cells(recording) for f in c.all(cst.FunctionDef) if f.name.value in called for r in c.all(cst.Return, f) if r.value is not None]
    return returned + [made for name in code.all(cst.Name, node) for made in _values(recording, code, name)]


def _values(recording: Recording, code: Code, name: cst.Name) -> list[tuple[Code, cst.BaseExpression]]:
    """What a name is given in its function, or in the cells."""
    function = code.function(name)
    places: list[tuple[Code, cst.CSTNode]] = [(code, function)] if function is not None else []
    places += [(c, c.module) for c in cells(recording)]
    for where, scope in places:
        found = [(where, v) for _, v in values_of(where, name.value, scope) if where.scope(v) is scope]
        if found:
            return found
    return []


def _is_mean_of(recording: Recording, code: Code, node: cst.BaseExpression, name: str) -> bool:
    if isinstance(node, cst.Name):
        made = _values(recording, code, node)
        return len(made) == 1 and not isinstance(made[0][1], cst.Name) and _is_mean_of(recording, *made[0], name)
    if not isinstance(node, cst.Call) or last_name(node.func) not in MEANS:
        return False
    given = [a.value for a in node.args[:1] if a.keyword is None]
    of = node.func.value if isinstance(node.func, cst.Attribute) and not given else next(iter(given), None)
    return isinstance(of, cst.Name) and of.value == name


def _is_spread_out(code: Code, value: cst.BaseExpression) -> bool:
    """Whether an expression puts one number in all elements: `full_like(r, r.sum())`, `[sum(r)] * len(r)`, `np.ones(n) * total`."""
    if isinstance(value, cst.Call) and last_name(value.func) in ("array", "asarray", "constant", "convert_to_tensor", "astype", "cast"):
        inner = value.func.value if last_name(value.func) == "astype" and isinstance(value.func, cst.Attribute) else value.args[0].value if value.args else None
        return inner is not None and _is_spread_out(code, inner)
    if isinstance(value, cst.Call) and last_name(value.func) in SPREADING:
        at = 0 if last_name(value.func) in ("repeat", "tile") else 1
        filled = value.args[at].value if len(value.args) == 2 else None
        return filled is not None and _is_number(filled)
    if not isinstance(value, cst.BinaryOperation) or not isinstance(value.operator, cst.Multiply):
        return False
    for one, other in ((value.left, value.right), (value.right, value.left)):
        if isinstance(one, cst.List) and len(one.elements) == 1 and _is_number(one.elements[0].value):
            return True
        if isinstance(one, cst.Call) and last_name(one.func) in ONES and _is_number(other):
            return True
    return False


def _is_number(node: cst.BaseExpression) -> bool:
    """Whether an expression is a single number: a sum or a mean over everything, or a number that is written."""
    if isinstance(node, cst.Call) and last_name(node.func) in ("sum", "reduce_sum", "float", "len", *MEANS):
        return all(a.keyword is None or a.keyword.value not in ("axis", "keepdims") for a in node.args) and len(node.args) < 2
    return isinstance(node, cst.BaseNumber)
