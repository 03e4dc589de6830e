"""The data that a training call is given: weights that were rounded away, logarithms of zero, features on scales of their own."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assigned, assignments_of, pairs_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

TRAINING = ("fit", "train_on_batch", "evaluate")
DATA = ("constant", "convert_to_tensor", "cast", "range", "uniform", "normal", "arange", "linspace")
HUGE = 1e4
WHOLE = ("int", "int8", "int16", "int32", "int64", "uint8", "bool")


def behind(recording: Recording, names: set[str], depth: int = 4) -> list[tuple[Code, cst.Assign]]:
    """The assignments that names were computed by, the nearest first."""
    found: list[tuple[Code, cst.Assign]] = []
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            if any(names & _stored(t.target) for t in assign.targets) and all(a is not assign for _, a in found):
                found.append((code, assign))
    if depth and found:
        inner = {n for _, a in found for n in names_in(a.value)} - names
        found += [f for f in behind(recording, inner, depth - 1) if all(a is not f[1] for _, a in found)]
    return found


def _stored(target: cst.CSTNode) -> set[str]:
    return assigned(cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(target)], cst.Name("_"))])) if isinstance(target, cst.BaseAssignTargetExpression) else set()


def given(recording: Recording, place: Place, *keywords: str) -> set[str]:
    """The names in some arguments of a training call; in its first two where none is named."""
    code = code_at(recording, place)
    call = code.call_at(place, TRAINING) if code is not None and place is not None else None
    if call is None:
        return set()
    args = [a for k in keywords if (a := argument(call, None, k)) is not None] if keywords else [a for a in (argument(call, 0, "x"), argument(call, 1, "y")) if a is not None]
    return {n for a in args for n in names_in(a.value)}


def float_weights(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """Sample weights below 1 that a cast to integers made 0: kept as floats."""
    for code, assign in behind(recording, given(recording, place, "sample_weight", "class_weight"), 1):
        for call in code.all(cst.Call, assign.value):
            kind = argument(call, 0, "dtype") if last_name(call.func) == "astype" else argument(call, 1, "dtype") if last_name(call.func) == "cast" else argument(call, None, "dtype")
            text = code.text(kind.value).strip("'\"").rpartition(".")[2] if kind is not None else ""
            if kind is not None and text in WHOLE:
                new = code.text(kind.value).replace(text, "float32") if text != "int" or "'" in code.text(kind.value) or '"' in code.text(kind.value) else '"float32"'
                return fix("keep the weights as floats", "unsafe", (code, Change().replace(kind.value, code.expression(new))))
        for node in code.all(cst.BinaryOperation, assign.value):
            if isinstance(node.operator, cst.FloorDivide):
                return fix("keep the weights as floats", "unsafe", (code, Change().replace(node, node.with_changes(operator=cst.Divide()))))
    return ()


def log_of_one_more(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`np.log(counts)` of data that reach 0 → `np.log1p(counts)`."""
    found = []
    for code, assign in behind(recording, given(recording, place)):
        for call in code.all(cst.Call, assign.value):
            if last_name(call.func) in ("log", "log10", "log2") and isinstance(call.func, cst.Attribute) and len(call.args) == 1 and "1" not in code.text(call.args[0].value):
                found.append((code, call))
    return one_more(*found[0]) if len(found) == 1 else ()


def one_more(code: Code, call: cst.Call) -> tuple[Fix, ...]:
    """A logarithm as that of its argument and 1."""
    name = last_name(call.func)
    inner = code.text(call.args[0].value)
    new = f"{code.text(call.func).removesuffix(name)}{'log1p' if name == 'log' else name}({inner if name == 'log' else f'1.0 + {inner}'})"
    return fix("take the logarithm of one more, which is 0 at 0", "unsafe", (code, Change().replace(call, code.expression(new))))


def standardised(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """Features brought to mean 0 and spread 1 before the training call."""
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, TRAINING) if code is not None and place is not None else None
    first = argument(call, 0, "x") if call is not None else None
    if code is None or call is None or first is None or not isinstance(first.value, cst.Name) or names.numpy is None:
        return ()
    x = first.value.value
    made = [(c, a) for c in cells(recording) for a in assignments_of(c, x)]
    line = standardising(x, "0", None)
    title = f"bring the columns of `{x}` to mean 0 and spread 1"
    if len(made) == 1 and made[0][0].function(made[0][1]) is None:
        where, statement = made[0][0], made[0][0].statement(made[0][1])
        if statement is not None and len(assigned(statement)) == 1:
            return fix(title, "unsafe", (where, Change().insert_after(statement, where.line(line))))
    statement = code.statement(call)
    outer = next((n for n in reversed(list(code.around(call))) if isinstance(n, (cst.For, cst.While))), statement)
    return fix(title, "unsafe", (code, Change().insert_before(outer, code.line(line)))) if outer is not None and code.function(call) is None else ()


def standardising(name: str, axis: str | None, tf: str | None) -> str:
    """The line that brings an array, or a tensor of the module `tf`, to mean 0 and spread 1."""
    along = f"axis={axis}" if axis is not None else ""
    if tf is not None:
        inner = f"{name}, {along}" if along else name
        mean, spread = f"{tf}.reduce_mean({inner})", f"{tf}.math.reduce_std({inner})"
    else:
        mean, spread = f"{name}.mean({along})", f"{name}.std({along})"
    # A column may hold one number only.
    return f"{name} = ({name} - {mean}) / " + (f"({spread} + 1e-7)" if along else spread)


def inverted_mask(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A mask that is 0 everywhere by its comparison: the opposite comparison."""
    code = code_at(recording, place)
    whole = code.statement_at(place) if code is not None and place is not None else None
    if code is not None and isinstance(whole, cst.SimpleStatementLine) and place is not None and code.start(whole.body[0]) == (place.line, place.column):
        nodes: list[cst.CSTNode] = [whole]
    else:
        nodes = [*code.expressions_at(place)[:1]] if code is not None and place is not None else []
    for node in nodes:
        assert code is not None
        inside: list[tuple[Code, cst.CSTNode]] = [(code, node)]
        inside += [(c, a.value) for name in sorted({n.value for n in code.all(cst.Name, node)}) for c in cells(recording) for a in assignments_of(c, name)]
        for where, value in inside:
            for comparison in where.all(cst.Comparison, value):
                opposite = {cst.Equal: cst.NotEqual(), cst.NotEqual: cst.Equal()}.get(type(comparison.comparisons[0].operator))
                if opposite is not None and len(comparison.comparisons) == 1:
                    new = comparison.with_changes(comparisons=[comparison.comparisons[0].with_changes(operator=opposite)])
                    return fix("turn the mask round", "unsafe", (where, Change().replace(comparison, new)))
            for call in where.all(cst.Call, value):
                other = {"equal": "not_equal", "not_equal": "equal"}.get(last_name(call.func))
                if other is not None:
                    new_name = where.expression(where.text(call.func).removesuffix(last_name(call.func)) + other)
                    return fix("turn the mask round", "unsafe", (where, Change().replace(call.func, new_name)))
    return ()


def inner_start(recording: Recording) -> tuple[Fix, ...]:
    """`atanh` and `logit` of data at the edge of their range, an infinite start for a variable: of data a little inside it."""
    found = [(c, call) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) in ("atanh", "arctanh") and len(call.args) == 1]
    if len(found) != 1:
        return ()
    code, call = found[0]
    inner = call.args[0].value
    new = f"{atom(code.text(inner))} * 0.99999"
    return fix("begin a little inside the range, where the start is finite", "unsafe", (code, Change().replace(inner, code.expression(new))))


def scaled_data(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """Data of a training call, or of the guilty expression, brought to numbers around 1; a huge factor that is written there is left out."""
    code, names = code_at(recording, place), names_of(recording)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or place is None or statement is None:
        return ()
    call = code.call_at(place, TRAINING)
    if call is not None:
        arrays = [a.value.value for a in call.args if isinstance(a.value, cst.Name) and (a.keyword is None or a.keyword.value in ("x", "y"))][:2]
        if arrays and (names.numpy or names.tf):
            lines = [code.line(_around_one(n, names, arrays=names.numpy is not None)) for n in arrays]
            loop = next((n for n in reversed(list(code.around(statement))) if isinstance(n, (cst.For, cst.While))), statement)
            return fix("scale inputs and targets to numbers around 1", "unsafe", (code, Change().insert_before(loop, *lines)))
    for product in [n for e in code.expressions_at(place) for n in code.all(cst.BinaryOperation, e) if isinstance(n.operator, cst.Multiply)]:
        for factor, other in ((product.left, product.right), (product.right, product.left)):
            if isinstance(factor, (cst.Float, cst.Integer)) and abs(float(factor.value)) >= HUGE:
                return fix(f"leave the factor {factor.value} out", "unsafe", (code, Change().replace(product, other)))
    variables = {n for v in recording.variables.values() for n in v.names}
    used = {n for e in code.expressions_at(place)[:1] for n in names_in(e)} - variables
    for cell in cells(recording):
        change = Change()
        for assign in cell.all(cst.Assign):
            made = cell.statement(assign)
            if names.tf is None or made is None or cell.function(assign) is not None:
                continue
            drawn = [n for target, value in pairs_of(assign) if (n := dotted(target)) in used and isinstance(value, cst.Call) and last_name(value.func) in DATA]
            if drawn and assigned(made) == {dotted(target) for target, _ in pairs_of(assign)}:
                change.insert_after(made, *(cell.line(_around_one(n, names, arrays=False)) for n in drawn))
        if change.after:
            return fix("scale the data to numbers around 1", "unsafe", (cell, change))
    return ()


def _around_one(name: str, names: Names, *, arrays: bool) -> str:
    return f"{name} = {name} / {names.numpy}.abs({name}).max()" if arrays else f"{name} = {name} / {names.tf}.reduce_max({names.tf}.abs({name}))"
