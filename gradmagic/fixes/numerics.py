"""Numbers that stay finite: an epsilon, a bound, a harmless input, the stable form of the same function."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, line_of, rest_of, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name
from gradmagic.fixes.names import Names, names_of, new_name
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

EPSILON = {"float16": "1e-4", "bfloat16": "1e-3", "float64": "1e-30"}
SQRT = ("sqrt", "rsqrt")
NORM = ("norm", "euclidean_norm", "reduce_euclidean_norm")
STD = ("reduce_std", "std")
# The ops of functions that are steep at 1, at -1 and 1, or at the origin, and what they are called.
ARCUS = {
    "Acosh": ("acosh", "arccosh"),
    "Acos": ("acos", "arccos"),
    "Asin": ("asin", "arcsin"),
    "Atanh": ("atanh", "arctanh"),
    "Atan2": ("atan2", "arctan2"),
}
SIDED = (*ARCUS["Acos"], *ARCUS["Asin"], *ARCUS["Atanh"])


def epsilon_of(recording: Recording, op: Op | None, larger: bool = False) -> str:
    """A number that is small beside 1 and whose root is not lost in the dtype of an op."""
    tensor = recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
    found = EPSILON.get(tensor.dtype if tensor is not None else "float32", "1e-12")
    return "1e-7" if larger and found == "1e-12" else found


def away_from_the_edge(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """Keep the argument of a root, a norm, a power or an arcus away from the point where it is infinitely steep."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None:
        return ()
    eps = epsilon_of(recording, op)
    for node in code.expressions_at(place):
        name = last_name(node.func) if isinstance(node, cst.Call) else ""
        # What stands in the argument of an arcus has another op of its own.
        if op is not None and op.type in ARCUS and name not in ARCUS[op.type]:
            continue
        new = gentler(code, node, name, names, eps) if isinstance(node, cst.Call) else _gentler_power(code, node, names, eps)
        if new is not None:
            edge = "1" if name in ARCUS["Acosh"] else "-1 and 1" if name in SIDED else "0"
            return fix(
                f"keep {'the argument' if name else 'the base'} away from {edge}, where {f'`{name}`' if name else 'the power'} is infinitely steep",
                "unsafe",
                (code, Change().replace(node, code.expression(new))),
            )
    return ()


def gentler(code: Code, call: cst.Call, name: str, names: Names, eps: str) -> str | None:
    """A root, a norm and the like with an argument that is kept away from where it is infinitely steep."""
    x = text_of(code, call, 0, "x", "tensor", "input_tensor", "a", "value")
    if x is None:
        return None
    function = code.text(call.func)
    sqrt, total, square = (names.function(n, call.func) for n in ("sqrt", "reduce_sum", "square"))
    if name in SQRT:
        return f"{function}({x} + {eps}{rest_of(code, call, 1)})"
    if name in NORM and sqrt and total and square:
        order = argument(call, 1, "ord")
        if name == "norm" and order is not None and code.text(order.value).strip("'\"") not in ("euclidean", "2"):
            return None
        rest = rest_of(code, call, 2 if order is not None and order.keyword is None else 1, "ord")
        return f"{sqrt}({total}({square}({x}){rest}) + {eps})"
    if name in STD and sqrt:
        variance = names.function("reduce_variance", call.func)
        return f"{sqrt}({variance}({x}{rest_of(code, call, 1)}) + {'1e-8' if eps == '1e-12' else eps})"
    maximum, clip = names.function("maximum", call.func), names.function("clip", call.func)
    if name in ("pow", "power") and maximum:
        return f"{function}({maximum}({x}, {eps if eps != '1e-12' else '1e-6'}){rest_of(code, call, 1)})"
    where, absolute, ones = (names.function(n, call.func) for n in ("where", "abs", "ones_like"))
    if name == "angle" and where:
        return f"{function}({where}({absolute}({x}) > 1e-6, {x}, {ones}({x})))"
    second = text_of(code, call, 1, "x", "x2")
    if name in ARCUS["Atan2"] and where and second is not None:
        return f"{function}({x}, {where}({absolute}({x}) + {absolute}({second}) > 1e-6, {second}, {ones}({second})))"
    edge = "1e-3" if eps == EPSILON["float16"] else "1e-2" if eps == EPSILON["bfloat16"] else "1e-6"
    if name in ARCUS["Acosh"] and maximum:
        return f"{function}({maximum}({x}, 1.0 + {edge}))"
    if name in SIDED and clip:
        return f"{function}({clip}({x}, -1.0 + {edge}, 1.0 - {edge}))"
    if name in ("log", "log1p") and maximum:
        return f"{function}({maximum}({x}, {'1e-7' if eps == '1e-12' else eps}))"
    return None


def _gentler_power(code: Code, node: cst.BaseExpression, names: Names, eps: str) -> str | None:
    maximum = names.function("maximum")
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Power) and maximum:
        return f"{maximum}({code.text(node.left.with_changes(lpar=[], rpar=[]))}, {eps if eps != '1e-12' else '1e-6'}) ** {atom(code.text(node.right))}"
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
        return _divide(code, node, names)
    return None


def valid_input(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """Give `log`, a division, a root or a power an input for which it is defined."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None:
        return ()
    eps = epsilon_of(recording, op, larger=True)
    for node in code.expressions_at(place):
        if isinstance(node, cst.Call):
            name = last_name(node.func)
            stable = _log_of_det(code, node, names) if name == "log" else None
            if stable is not None:
                return fix("take the logarithm of the determinant in one step, where it does not leave the range of the dtype", "unsafe", (code, Change().replace(node, code.expression(stable))))
            stable = _log_of_softmax(code, node, names) if name == "log" else None
            if stable is not None:
                return fix("take the logarithm of the softmax in one step", "safe", (code, Change().replace(node, code.expression(stable))))
            new = _defined(code, node, name, names, eps)
            bound = _of_a_name(code, node, names) if new is not None and name in ("reduce_mean", "mean") else ()
            if bound:
                return bound
            if new is not None:
                return fix(f"give `{name}` an input for which it is defined", "unsafe", (code, Change().replace(node, code.expression(new))))
        if isinstance(node, cst.BinaryOperation):
            new = _divide(code, node, names) if isinstance(node.operator, cst.Divide) else _gentler_power(code, node, names, "1e-6") if isinstance(node.operator, cst.Power) else None
            if new is not None:
                what = "let 0 / 0 be 0" if isinstance(node.operator, cst.Divide) else "keep the base above 0"
                return fix(what, "unsafe", (code, Change().replace(node, code.expression(new))))
    return ()


def finite_logarithm(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`log(w)` of a weight that is negative → `log(abs(w))`, which has the same derivative and a value; of anything else the argument is kept above 0."""
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, ("log",)) if code is not None and place is not None else None
    x = text_of(code, call, 0, "x") if code is not None and call is not None else None
    absolute = names.function("abs", call.func) if call is not None else None
    if code is None or call is None or x is None or absolute is None or not takes_negatives(recording, op) or not _is_weight(recording, op):
        return valid_input(recording, place, op)
    new = code.expression(f"{code.text(call.func)}({absolute}({x}))")
    return fix("take the logarithm of the absolute value, which has the same derivative", "unsafe", (code, Change().replace(call, new)))


def _is_weight(recording: Recording, op: Op | None) -> bool:
    """Whether an op takes a variable itself: the sign of a weight is free, that of what a formula gives says whether the formula holds."""
    tensor = op.inputs[0] if op is not None and op.inputs else 0
    made, known = recording.producer.get(tensor), recording.tensors.get(tensor)
    return (
        tensor in recording.variables or (known is not None and known.variable is not None) or (made is not None and made.type in ("ReadVariableOp", "ResourceGather", "DiagPart", "MatrixDiagPartV3"))
    )


def takes_negatives(recording: Recording, op: Op | None) -> bool:
    """Whether a logarithm or a root was given a number below 0, as far as is known: its result holds NaN, where that of 0 is 0 or infinite."""
    given, made = (recording.tensors.get(t[0]) if t else None for t in ((op.inputs, op.outputs) if op is not None else ((), ())))
    below = given is not None and given.numbers is not None and given.numbers.min < 0
    return below or (made is not None and made.norm is not None and made.norm != made.norm and not (given is not None and given.finite is False))


def _divide(code: Code, node: cst.BinaryOperation, names: Names) -> str | None:
    divide = names.function("divide_no_nan", node.left.func if isinstance(node.left, cst.Call) else None)
    return f"{divide}({_bare(code, node.left)}, {_bare(code, node.right)})" if divide else None


def _bare(code: Code, node: cst.BaseExpression) -> str:
    """An operand as an argument, which needs no parentheses."""
    return code.text(node.with_changes(lpar=[], rpar=[]) if not isinstance(node, (cst.Tuple, cst.NamedExpr, cst.GeneratorExp)) else node)


def _defined(code: Code, call: cst.Call, name: str, names: Names, eps: str) -> str | None:
    x = text_of(code, call, 0, "x", "input_tensor", "a")
    maximum, clip, function = names.function("maximum", call.func), names.function("clip", call.func), code.text(call.func)
    if x is None or not maximum:
        return None
    if name in ("log", "log2", "log10", "sqrt", "rsqrt", "pow", "power", "lgamma", "reciprocal"):
        return f"{function}({maximum}({x}, {'1e-6' if name in ('pow', 'power') else eps}){rest_of(code, call, 1)})"
    if name == "log1p":
        return f"{function}({maximum}({x}, -1.0 + {eps}))"
    if name in ARCUS["Acosh"]:
        return f"{function}({maximum}({x}, 1.0 + 1e-6))"
    if name in SIDED and clip:
        return f"{function}({clip}({x}, -1.0 + 1e-6, 1.0 - 1e-6))"
    if name in ("divide", "truediv") and names.function("divide_no_nan", call.func):
        return f"{names.function('divide_no_nan', call.func)}({x}{rest_of(code, call, 1)})"
    if name in ("reduce_mean", "mean") and names.function("divide_no_nan", call.func):
        total, size = names.function("reduce_sum", call.func), names.function("size", call.func)
        if rest_of(code, call, 1) == "" and total and size and names.tf:
            return f"{names.function('divide_no_nan', call.func)}({total}({x}), {names.tf}.cast({size}({x}), {atom(x)}.dtype))"
    return None


def _of_a_name(code: Code, call: cst.Call, names: Names) -> tuple[Fix, ...]:
    """A mean that may be one over nothing, of what gets a name first, where it is more than that."""
    x, statement = call.args[0].value, line_of(code, call)
    if isinstance(x, (cst.Name, cst.Attribute)) or call.args[0].keyword is not None or statement is None:
        return ()
    name = new_name(code, "values")
    new = _defined(code, call.with_changes(args=[cst.Arg(cst.Name(name))]), last_name(call.func), names, "")
    if new is None:
        return ()
    change = Change().insert_before(statement, code.line(f"{name} = {code.bare(x)}")).replace(call, code.expression(new))
    return fix(f"give `{last_name(call.func)}` an input for which it is defined", "unsafe", (code, change))


def _log_of_det(code: Code, call: cst.Call, names: Names) -> str | None:
    """`log(det(m))`, also where the determinant has a name of its own just before."""
    first = argument(call, 0, "x")
    inner = first.value if first is not None else None
    inner = (value_of(code, inner) or inner) if isinstance(inner, cst.Name) else inner
    if not isinstance(inner, cst.Call) or last_name(inner.func) != "det" or not inner.args or names.tf is None:
        return None
    return f"{names.tf}.linalg.slogdet({code.text(inner.args[0].value)}).log_abs_determinant"


def _log_of_softmax(code: Code, call: cst.Call, names: Names) -> str | None:
    """`log(softmax(x))` and `log(sigmoid(x))`, also where the inner call has a name of its own just before."""
    first = argument(call, 0, "x")
    inner = first.value if first is not None else None
    if isinstance(inner, cst.Name):
        inner = value_of(code, inner) or inner
    if not isinstance(inner, cst.Call) or not inner.args:
        return None
    kind = last_name(inner.func)
    rest = rest_of(code, inner, 1)
    x = text_of(code, inner, 0, "logits", "x")
    if kind == "softmax" and names.function("log_softmax", call.func):
        return f"{names.function('log_softmax', call.func)}({x}{rest})"
    if kind == "sigmoid":
        keras = names.is_keras_ops(call.func) or names.tf is None
        return f"{names.ops}.log_sigmoid({x})" if keras else f"{names.tf}.math.log_sigmoid({x})"
    return None


def value_of(code: Code, name: cst.Name) -> cst.BaseExpression | None:
    """What a name was last given before it is used here, in the same function; None where it is not sure."""
    found = None
    scope = code.scope(name)
    for node in code.all(cst.Assign, scope):
        if code.scope(node) is scope and code.start(node) < code.start(name) and any(isinstance(t.target, cst.Name) and t.target.value == name.value for t in node.targets):
            found = node.value
    return found
