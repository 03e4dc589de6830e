"""What a function given to a dataset's `map` makes of the data: a logarithm, a root or a quotient that is not finite at 0."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.calls import Place, rest_of, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, names_in, same
from gradmagic.fixes.data import behind, given
from gradmagic.fixes.flow import assignments_of, values_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording, Span, Tensor
from gradmagic.report import Fix

LOGARITHMS = ("log", "log2", "log10")
GUARDED = ("maximum", "clip", "clip_by_value", "where", "divide_no_nan", "exp", "softplus")
REDUCING = ("reduce_sum", "reduce_max", "reduce_std", "norm", "sum", "max", "std")
LEAST = "1e-10"
FAR = 3


def finite_in_the_pipeline(recording: Recording, place: Place, tensor: Tensor | None) -> tuple[Fix, ...]:
    """`dataset.map(f)` with `tf.math.log(x)` in `f` → `tf.math.log(tf.maximum(x, 1e-10))`; a quotient gives 0 where it is 0 / 0."""
    found = _guilty(recording, place, tensor)
    if found is None:
        return ()
    code, nodes = found
    node, names = nodes[0], names_of(recording)
    if isinstance(node, cst.Call):
        x, maximum = text_of(code, node, 0, "x"), names.function("maximum", node.func)
        if x is None or maximum is None:
            return ()
        new = f"{code.text(node.func)}({maximum}({x}, {LEAST}){rest_of(code, node, 1, 'x')})"
        return fix(f"keep the argument of `{last_name(node.func)}` above 0 in the pipeline", "unsafe", (code, Change().replace(node, code.expression(new))))
    divide = names.function("divide_no_nan")
    if divide is None:
        return ()
    change = Change()
    for quotient in nodes:
        if isinstance(quotient, cst.BinaryOperation):
            change.replace(quotient, code.expression(f"{divide}({code.bare(quotient.left)}, {code.bare(quotient.right)})"))
    return fix("let a division by 0 be 0 in the pipeline", "unsafe", (code, change))


def infinite_at_zero(recording: Recording, place: Place, tensor: Tensor | None) -> tuple[Span, str] | None:
    """Where a mapped function has the one step that is not finite at 0, and what that is."""
    found = _guilty(recording, place, tensor)
    if found is None:
        return None
    code, (node, *_) = found
    return code.span(node), f"the data come through here, and `{last_name(node.func)}` of 0 is infinite" if isinstance(
        node, cst.Call
    ) else "the data come through here, and a division by 0 is not finite"


def _guilty(recording: Recording, place: Place, tensor: Tensor | None) -> tuple[Code, list[cst.Call | cst.BinaryOperation]] | None:
    """The one such step, or the quotients by one divisor; logarithms alone where an element is infinite, as those of 0 are."""
    steps = list({id(node): (code, node) for code, function in _functions(recording, place) for node in steps_in(code, function)}.values())
    numbers = tensor.numbers if tensor is not None else None
    if numbers is None or numbers.infs:
        logarithms = [s for s in steps if isinstance(s[1], cst.Call)]
        steps = logarithms if numbers is not None and len(logarithms) == 1 else steps
    else:
        # A NaN by itself may have been in the data: only 0 / 0 of an example's own sum or spread makes one of good data.
        steps = [(c, n) for c, n in steps if isinstance(n, cst.BinaryOperation) and is_reduced(c, n.right)]
    if not steps or not (len(steps) == 1 or _by_one_divisor(steps)):
        return None
    return steps[0][0], sorted((node for _, node in steps), key=steps[0][0].start)


def _by_one_divisor(steps: list[tuple[Code, cst.Call | cst.BinaryOperation]]) -> bool:
    """Whether all steps are quotients in one function by the same reduced value, such as of the inputs and of the labels: where that is 0, none of them is finite."""
    code, first = steps[0]
    nodes = [n for c, n in steps if c is code and isinstance(n, cst.BinaryOperation) and code.function(n) is code.function(first) and is_reduced(c, n.right)]
    alike = isinstance(first, cst.BinaryOperation) and len(nodes) == len(steps) and all(same(n.right, first.right) for n in nodes)
    # `x / top / top` has one quotient in the other, and no two edits.
    return alike and not any(around in nodes for n in nodes for around in code.around(n) if around is not n)


def is_reduced(code: Code, value: cst.BaseExpression) -> bool:
    """Whether a value is a sum, a spread or the like, also by a name."""
    made = [a.value for a in assignments_of(code, value.value, code.scope(value))] if isinstance(value, cst.Name) else [value]
    return bool(made) and all(isinstance(m, cst.Call) and last_name(m.func) in REDUCING for m in made)


def _functions(recording: Recording, place: Place) -> Iterator[tuple[Code, cst.CSTNode]]:
    """The functions that the datasets of a training call, or of a loop of the checked cell, are mapped with, and those that these call."""
    known = cells(recording)
    names, roots = given(recording, place), list[tuple[Code, cst.CSTNode]]()
    for code in known[:1]:
        for loop in code.all(cst.For):
            names |= names_in(loop.iter)
            roots.append((code, loop.iter))
    here = code_at(recording, place)
    statement = here.statement_at(place) if here is not None and place is not None else None
    roots += [(here, statement)] if here is not None and statement is not None else []
    roots += [(c, a.value) for c, a in behind(recording, names)]
    mapped = [
        (c, a.value)
        for c, root in roots
        for call in c.all(cst.Call, root)
        if last_name(call.func) == "map" and isinstance(call.func, cst.Attribute) and (a := argument(call, 0, "map_func")) is not None
    ]
    wanted = {last_name(m) for _, m in mapped if isinstance(m, (cst.Name, cst.Attribute))}
    written_here = [(c, m.body) for c, m in mapped if isinstance(m, cst.Lambda)]
    yield from written_here
    yield from called_from(recording, wanted)
    yield from called_from(recording, {last_name(call.func) for c, body in written_here for call in c.all(cst.Call, body)}, FAR - 1)


def called_from(recording: Recording, names: set[str], depth: int = FAR) -> list[tuple[Code, cst.FunctionDef]]:
    """The functions of the cells that have these names, and those that they call."""
    found: list[tuple[Code, cst.FunctionDef]] = []
    for _ in range(depth):
        more = [(c, f) for c in cells(recording) for f in c.all(cst.FunctionDef) if f.name.value in names and all(f is not g for _, g in found)]
        found += more
        names = {last_name(call.func) for c, f in more for call in c.all(cst.Call, f)}
    return found


def steps_in(code: Code, function: cst.CSTNode, within: cst.CSTNode | None = None) -> Iterator[cst.Call | cst.BinaryOperation]:
    """The logarithms and the quotients in a function, or in some of its code, that nothing keeps away from 0."""
    for node in (*code.all(cst.Call, within or function), *code.all(cst.BinaryOperation, within or function)):
        if isinstance(node, cst.Call) and last_name(node.func) in LOGARITHMS and node.args and not is_safe(code, node.args[0].value, function):
            yield node
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide) and not is_safe(code, node.right, function):
            yield node


def is_safe(code: Code, value: cst.BaseExpression, function: cst.CSTNode, depth: int = 0) -> bool:
    """Whether a value is a number of the code's own, or kept away from 0 by what is added to it or by a function."""
    if isinstance(value, cst.Call):
        if last_name(value.func) in GUARDED:
            return True
        # log(10.0), cast(width, tf.float32), sqrt(2.0), float(n): of what is handed to them.
        inner = value.args[0].value if value.args else None
        return inner is not None and last_name(value.func) not in (*REDUCING, "reduce_mean", "mean") and is_safe(code, inner, function, depth)
    if isinstance(value, cst.BinaryOperation):
        if isinstance(value.operator, cst.Add):
            return _is_constant(value.left) or _is_constant(value.right)
        return is_safe(code, value.left, function, depth) and is_safe(code, value.right, function, depth)
    if isinstance(value, cst.Name) and depth < 3:
        parameters = {p.name.value for p in code.all(cst.Param, function)}
        if value.value in parameters:
            return False
        # What the function does not make is a setting of the notebook's.
        return all(isinstance(t, cst.Name) and is_safe(code, v, function, depth + 1) for t, v in values_of(code, value.value, function))
    return isinstance(value, (cst.BaseNumber, cst.Attribute))


def _is_constant(value: cst.BaseExpression) -> bool:
    return isinstance(value, (cst.BaseNumber, cst.Name, cst.Attribute))
