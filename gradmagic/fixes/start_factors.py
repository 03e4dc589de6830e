"""The value that a variable is to begin with, written as a factor of the variable: as its start."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, dotted, fix, last_name, names_in, parameters_of, same
from gradmagic.fixes.flow import pairs_of, targets_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

STARTS = ("init", "start", "begin")
ONES = ("ones", "ones_like")


@dataclasses.dataclass(frozen=True)
class _Product:
    """`factor * variable`, and the rows that the two are taken from where they go through rows side by side."""

    code: Code
    node: cst.BinaryOperation
    factor: cst.BaseExpression
    variable: cst.BaseExpression
    factors: cst.BaseExpression | None = None
    variables: cst.BaseExpression | None = None


def start_of_the_variable(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`init * w` with `w = tf.Variable(tf.ones(n))` → `w`, with `w = tf.Variable(init * tf.ones(n))`: the values are the same, and training can change them."""
    product = _product(recording, place)
    if product is None:
        return ()
    code, held = product.code, product.variables if product.variables is not None else product.variable
    owner = code.enclosing(product.node, cst.ClassDef) if dotted(held).startswith("self.") else None
    made = [(c, a, v) for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if dotted(t) == dotted(held) and (owner is None or c.enclosing(a, cst.ClassDef) is owner)]
    if len(made) != 1:
        return ()
    where, assign, value = made[0]
    factor = product.factors if product.factors is not None else product.factor
    if not _is_known_at(recording, code, where, assign, factor):
        return ()
    changes = {id(code): (code, Change())}
    change = changes.setdefault(id(where), (where, Change()))[1]
    begun = _row(where, value, product, change) if product.factors is not None else _begun(recording, where, value, code.text(product.factor), change)
    if not begun:
        return ()
    _without_factor(product, changes[id(code)][1])
    return fix("let the value be the start of the variable, in the place of a factor that training cannot change", "unsafe", *changes.values())


def _product(recording: Recording, place: Place) -> _Product | None:
    code = code_at(recording, place)
    node = next(iter(code.expressions_at(place)), None) if code is not None and place is not None else None
    if code is None or not isinstance(node, cst.BinaryOperation) or not isinstance(node.operator, cst.Multiply):
        return None
    for factor, variable in ((node.left, node.right), (node.right, node.left)):
        if not dotted(factor) or not dotted(variable) or _is_start(variable):
            continue
        rows = _rows(code, node, factor, variable)
        if rows is not None and (_is_start(factor) or _is_start(rows[0])):
            return _Product(code, node, factor, variable, *rows)
        if rows is None and _is_start(factor):
            return _Product(code, node, factor, variable)
    return None


def _is_start(node: cst.BaseExpression) -> bool:
    return any(w.startswith(STARTS) for w in last_name(node).lower().strip("_").split("_"))


def _rows(code: Code, node: cst.CSTNode, factor: cst.BaseExpression, variable: cst.BaseExpression) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """`xs` and `ys` of `for x, y in zip(xs, ys)` around a product of `x` and `y`."""
    loops: list[cst.For | cst.CompFor] = [n for n in code.around(node) if isinstance(n, cst.For)]
    loops += [n.for_in for n in code.around(node) if isinstance(n, (cst.ListComp, cst.GeneratorExp))]
    for loop in loops:
        zipped, target = loop.iter, loop.target
        if not isinstance(zipped, cst.Call) or last_name(zipped.func) != "zip" or not isinstance(target, cst.Tuple) or len(target.elements) != len(zipped.args):
            continue
        given = {dotted(e.value): a.value for e, a in zip(target.elements, zipped.args, strict=True)}
        rows = given.get(dotted(factor)), given.get(dotted(variable))
        if rows[0] is not None and rows[1] is not None and dotted(rows[0]) and dotted(rows[1]):
            return rows[0], rows[1]
    return None


def _is_known_at(recording: Recording, code: Code, where: Code, assign: cst.Assign, factor: cst.BaseExpression) -> bool:
    """Whether a name has its value already where the variable is made."""
    name, function = dotted(factor), where.function(assign)
    given = [(c, a) for c in cells(recording) for a in c.all(cst.Assign) for t, _ in pairs_of(a) if dotted(t) == name]
    if len(given) == 1 and "." in name:
        return given[0][0] is where and where.function(given[0][1]) is function and where.start(given[0][1]) < where.start(assign)
    if function is not None and name in parameters_of(function):
        return not given and code.function(factor) is function
    outside = len(given) == 1 and given[0][0].function(given[0][1]) is None
    return outside and (given[0][0] is not where or function is not None or where.start(given[0][1]) < where.start(assign))


def _begun(recording: Recording, code: Code, value: cst.BaseExpression, start: str, change: Change) -> bool:
    """Have a variable of ones begin somewhere else."""
    if not isinstance(value, cst.Call):
        return False
    if last_name(value.func) == "add_weight":
        given, keras = argument(value, None, "initializer"), names_of(recording).keras
        if given is None or keras is None or not isinstance(given.value, cst.SimpleString) or given.value.evaluated_value != "ones":
            return False
        change.replace(given.value, code.expression(f"{keras}.initializers.Constant({start})"))
        return True
    first = argument(value, 0, "initial_value") if last_name(value.func) == "Variable" else None
    if first is None:
        return False
    if isinstance(first.value, cst.Call) and last_name(first.value.func) in ONES:
        change.replace(first.value, code.expression(f"{atom(start)} * {code.text(first.value)}"))
        return True
    if isinstance(first.value, cst.Float) and float(first.value.value) == 1.0:
        change.replace(first.value, code.expression(start))
        return True
    return False


def _row(code: Code, value: cst.BaseExpression, product: _Product, change: Change) -> bool:
    """`[tf.Variable(tf.ones(n)) for i in range(3)]` → `[tf.Variable(init * tf.ones(n)) for i, init in zip(range(3), inits)]`."""
    if not isinstance(value, cst.ListComp) or value.for_in.ifs or value.for_in.inner_for_in is not None or product.factors is None:
        return False
    start, rows, loop = last_name(product.factor), product.code.text(product.factors), value.for_in
    taken = targets_of(loop.target)
    first = argument(value.elt, 0, "initial_value") if isinstance(value.elt, cst.Call) and last_name(value.elt.func) == "Variable" else None
    ones = first.value if first is not None else None
    if start in taken or not isinstance(ones, cst.Call) or last_name(ones.func) not in ONES or not isinstance(loop.target, cst.Name):
        return False
    if not _counts(product, loop.iter):
        return False
    change.replace(ones, code.expression(f"{start} * {code.text(ones)}"))
    if loop.target.value in names_in(value.elt):
        change.replace(loop.target, code.expression(f"{loop.target.value}, {start}"))
        change.replace(loop.iter, code.expression(f"zip({code.text(loop.iter)}, {rows})"))
    else:
        change.replace(loop.target, cst.Name(start))
        change.replace(loop.iter, code.expression(rows))
    return True


def _counts(product: _Product, turns: cst.BaseExpression) -> bool:
    """Whether a comprehension makes as many variables as there are factors, as far as both are written out."""
    code = product.code
    assert product.factors is not None
    name = dotted(product.factors)
    lists = [v for a in code.all(cst.Assign) for t, v in pairs_of(a) if dotted(t) == name]
    bounds = turns.args if isinstance(turns, cst.Call) and last_name(turns.func) == "range" else ()
    if len(bounds) == 1 and same(bounds[0].value, code.expression(f"len({name})")):
        return True
    numbers = [int(a.value.value) for a in bounds if isinstance(a.value, cst.Integer)]
    written = len(lists) == 1 and isinstance(lists[0], (cst.List, cst.Tuple)) and numbers and len(numbers) == len(bounds)
    return bool(written) and isinstance(lists[0], (cst.List, cst.Tuple)) and len(range(*numbers)) == len(lists[0].elements)


def _without_factor(product: _Product, change: Change) -> None:
    code, node = product.code, product.node
    around = code.parent(node)
    whole = isinstance(around, cst.ListComp) and around.elt is node and product.variables is not None and not around.for_in.ifs and around.for_in.inner_for_in is None
    if whole and around is not None and product.variables is not None:
        change.replace(around, code.expression(f"list({code.text(product.variables)})"))
        return
    scope = code.enclosing(node, cst.ClassDef) or code.scope(node)
    for other in [node] if product.variables is not None else code.all(cst.BinaryOperation, scope):
        if same(other, node):
            change.replace(other, product.variable)
