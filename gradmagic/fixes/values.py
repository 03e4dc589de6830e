"""Where the numbers come from: literals, data, first values of variables, weights of a loss."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of, targets_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.locate.reads import variable_read
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

PIXELS = ("255", "256")
LARGEST_FLOAT16 = 65504.0


def weight_of_one(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A mask or a literal weight of 0 becomes 1: only the user knows whether it is meant."""
    code = code_at(recording, place)
    if code is None or place is None:
        return ()
    zeros = [n for n in code.all(cst.BaseNumber) if place.line <= code.start(n)[0] <= place.end_line and code.text(n) in ("0", "0.0", "0.")]
    weights = [n for n in zeros if isinstance(code.parent(n), (cst.DictElement, cst.BinaryOperation, cst.Assign, cst.Arg)) and not _is_axis(code, n)]
    if len(weights) == 1:
        return fix("give it the weight 1", "unsafe", (code, Change().replace(weights[0], cst.Float("1.0"))))
    training = code.call_at(place, ("fit", "train_on_batch"))
    for other in cells(recording) if training is not None else ():
        for call in other.all(cst.Call):
            arg = argument(call, None, "loss_weights", "class_weight")
            off = [n for n in other.all(cst.BaseNumber, arg.value) if other.text(n) in ("0", "0.0")] if arg is not None else []
            if len(off) == 1:
                return fix("give this part of the loss the weight 1", "unsafe", (other, Change().replace(off[0], cst.Float("1.0"))))
    for node in code.expressions_at(place)[:1]:
        for name in code.all(cst.Name, node):
            for other in cells(recording):
                for assign in reversed(assignments_of(other, name.value)):
                    made = assign.value
                    state = _reset(other, name.value, assign)
                    if state is not None:
                        return fix(
                            f"give `{name.value}` its first value once, before the loop", "unsafe", (other, Change().insert_before(state[0], state[1].with_changes(leading_lines=[])).remove(state[1]))
                        )
                    if isinstance(made, cst.Call) and last_name(made.func) in ("zeros", "zeros_like"):
                        new = code.expression(other.text(made.func).replace("zeros", "ones"))
                        return fix(f"let `{name.value}` be ones", "unsafe", (other, Change().replace(made.func, new)))
                    if code_text(other, made) in ("0", "0.0"):
                        return fix(f"give `{name.value}` the value 1", "unsafe", (other, Change().replace(made, cst.Float("1.0"))))
    return ()


def _reset(code: Code, name: str, first: cst.Assign) -> tuple[cst.CSTNode, cst.SimpleStatementLine] | None:
    """A loop that carries a state from turn to turn, and the statement in it that gives the state its first value in every turn."""
    loop, statement = code.enclosing(first, cst.For, cst.While), code.statement(first)
    if loop is None or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1 or code.parent(statement) is not loop.body or code.function(loop) is not code.function(statement):
        return None
    again = [a for a in assignments_of(code, name, loop) if code.start(a) > code.end(first) and name in names_in(a.value)]
    turning = targets_of(loop.target) if isinstance(loop, cst.For) else set()
    return (loop, statement) if again and not names_in(first.value) & turning else None


def code_text(code: Code, node: cst.CSTNode) -> str:
    """The code of a node; that of its first argument for `tf.constant(…)` and the like."""
    if isinstance(node, cst.Call) and last_name(node.func) in ("constant", "float32", "float64", "convert_to_tensor") and node.args:
        node = node.args[0].value
    return code.text(node)


def _is_axis(code: Code, node: cst.CSTNode) -> bool:
    parent = code.parent(node)
    return isinstance(parent, cst.Arg) and parent.keyword is not None and parent.keyword.value in ("axis", "seed", "maxval", "minval", "dtype", "verbose")


def start_of_operand(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`sigma = tf.Variable(0.0)`, which something is divided by, or whose logarithm is taken → `tf.Variable(1.0)`."""
    last = op.inputs[-1] if op is not None and op.inputs else 0
    variable, tensor = recording.variables.get(variable_read(recording, last) or 0), recording.tensors.get(last)
    zero = tensor is not None and bool(tensor.all_zero)
    return another_start(recording, tuple(variable.names), "1.0") if zero and variable is not None and op is not None and op.type in ("RealDiv", "Div", "Log", "Reciprocal", "Rsqrt") else ()


def another_start(recording: Recording, names: tuple[str, ...], value: str = "0.5") -> tuple[Fix, ...]:
    """A variable that begins at a flat point begins a little beside it."""
    for name in names:
        for code in cells(recording):
            for assign in reversed(assignments_of(code, name)):
                made = assign.value
                if isinstance(made, cst.Call) and last_name(made.func) == "Variable" and made.args and code.text(made.args[0].value) in ("0", "0.0", "0."):
                    return fix(f"begin with another value of `{name}`", "unsafe", (code, Change().replace(made.args[0].value, cst.Float(value))))
    return ()


def without_nan(recording: Recording, place: Place = None) -> tuple[Fix, ...]:
    """NaN written in the code gives way to a number (small random numbers for the rows of an embedding), an infinity to a large finite number."""
    names = names_of(recording)
    here = code_at(recording, place)
    for code in cells(recording):
        change, infinite = Change(), False
        for node in [*code.all(cst.Call), *code.all(cst.Attribute)]:
            value = _not_finite(code, node, names)
            if value is None or (here is not None and _elsewhere(code, node, here, place)):
                continue
            outer = code.enclosing(node, cst.Call)
            if "inf" in value:
                # The sign stays where it stands: -np.inf becomes -1e9.
                change.replace(node, code.expression("-1e9" if value == "-inf" else "1e9"))
                infinite = True
            elif outer is not None and last_name(outer.func) == "full" and len(outer.args) >= 2 and names.numpy:
                shape = outer.args[0].value
                sizes = code.text(shape)[1:-1] if isinstance(shape, cst.Tuple) else code.text(shape)
                change.replace(outer, code.expression(f"0.1 * {names.numpy}.random.randn({sizes})"))
            else:
                change.replace(node, cst.Float("0.0"))
        if change.replaced:
            return fix("put a large finite number in the place of the infinity" if infinite else "put numbers in the place of NaN", "unsafe", (code, change))
    return ()


def finite_factor(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """An infinity that is written into the guilty line becomes a large finite number: 0 times infinity is NaN."""
    return without_nan(recording, place) if place is not None else ()


def within_float16(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """A number that is written into the guilty line, `-1e9` for what a mask leaves out, and is infinite in half precision becomes one that is not."""
    code, made = code_at(recording, place), recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
    if code is None or place is None or made is None or made.dtype != "float16":
        return ()
    statement = code.statement_at(place)
    numbers = code.all(cst.Float, statement) + code.all(cst.Integer, statement) if statement is not None else []
    change = Change()
    for number in numbers:
        if abs(float(number.evaluated_value)) > LARGEST_FLOAT16:
            change.replace(number, cst.Float("3e4"))
    return fix("write a number that float16 can hold (the largest is 65504)", "unsafe", (code, change)) if change.replaced else ()


def _not_finite(code: Code, node: cst.BaseExpression, names: Names) -> str | None:
    if isinstance(node, cst.Call) and last_name(node.func) == "float" and node.args:
        text = code.text(node.args[0].value).strip("'\"").lower().lstrip("+")
        return text if text in ("nan", "inf", "-inf") else None
    if isinstance(node, cst.Attribute) and node.attr.value in ("nan", "NaN", "inf") and names.module(node).split(".")[0] in ("numpy", "math"):
        return node.attr.value.lower()
    return None


def _elsewhere(code: Code, node: cst.CSTNode, here: Code, place: Place) -> bool:
    return code is not here or place is None or not place.line <= code.start(node)[0] <= place.end_line


def finite_data(recording: Recording, name: str | None, place: Place) -> tuple[Fix, ...]:
    """Replace what is not finite in the data where they are made."""
    names = names_of(recording)
    for code in cells(recording) if name and name.isidentifier() else ():
        for assign in reversed(assignments_of(code, name or "")):
            new = _cleaned(code, assign.value, names)
            if new is not None:
                return fix(f"put 0 in the place of what is not finite in `{name}`", "unsafe", (code, Change().replace(assign.value, code.expression(new))))
    here = code_at(recording, place)
    if here is None or place is None or not name or not name.isidentifier() or names.tf is None:
        return ()
    statement = here.statement_at(place)
    if statement is None or not any(name in targets_of(n) for n in here.all(cst.Name, statement)):
        return ()
    line = here.line(f"{name} = {names.tf}.where({names.tf}.math.is_finite({name}), {name}, 0.0)")
    return fix(f"put 0 in the place of what is not finite in `{name}`", "unsafe", (here, Change().insert_before(statement, line)))


def _cleaned(code: Code, value: cst.BaseExpression, names: Names) -> str | None:
    text = code.text(value)
    root = names.module(value.func).partition(".")[0] if isinstance(value, cst.Call) else ""
    if names.numpy and (root in ("numpy", "pandas") or (isinstance(value, cst.Call) and last_name(value.func) in ("astype", "to_numpy"))):
        return f"{names.numpy}.nan_to_num({text})"
    if root == "tensorflow" and names.tf:
        clean, finite = f"{names.tf}.where", names.function("is_finite")
        if "\n" in text:
            return None
        return f"{clean}({finite}({text}), {text}, 0.0)" if "random" not in text else None
    return None


def scaled_pixels(recording: Recording) -> tuple[Fix, ...]:
    """Raw pixels divided by 255 where they are made."""
    for code in cells(recording):
        for assign in reversed(code.all(cst.Assign)):
            numbers = {code.text(n) for n in code.all(cst.Integer, assign.value)}
            divided = any(isinstance(n.operator, cst.Divide) and code.text(n.right).startswith("255") for n in code.all(cst.BinaryOperation, assign.value))
            if numbers & set(PIXELS) and not divided and isinstance(assign.targets[0].target, cst.Name) and isinstance(assign.value, cst.Call):
                name = assign.targets[0].target.value
                return fix(f"scale the pixels of `{name}` to numbers from 0 to 1", "unsafe", (code, Change().replace(assign.value, code.expression(f"{atom(code.text(assign.value))} / 255.0"))))
    return ()


def exponent_itself(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A target that is one exponential has the same minimum as its exponent."""
    code = code_at(recording, place)
    for node in code.expressions_at(place) if code is not None and place is not None else ():
        if isinstance(node, cst.Call) and last_name(node.func) == "exp" and node.args and code is not None and isinstance(code.parent(node), cst.Assign):
            return fix("work with the logarithm, which is the exponent", "unsafe", (code, Change().replace(node, node.args[0].value)))
    return ()


def sum_of_logs(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A product of many numbers below 1, and its logarithm, as a sum of logarithms."""
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, ("reduce_prod", "prod")) if code is not None and place is not None else None
    if call is None and code is not None and place is not None:
        around = code.call_at(place, ("log",))
        inner = around.args[0].value if around is not None and around.args else None
        call = inner if isinstance(inner, cst.Call) and last_name(inner.func) in ("reduce_prod", "prod") else None
    if code is None or call is None or not call.args:
        return ()
    outer = code.enclosing(call, cst.Call)
    whole = outer if outer is not None and last_name(outer.func) == "log" and outer.args[0].value is call else call
    # In the place of a product the sum is a loss of another size: as large as there are numbers, which no rate was chosen for.
    as_mean = whole is call and len(call.args) == 1
    total, log = (names.function(n, call.func) for n in ("reduce_mean" if as_mean else "reduce_sum", "log"))
    if total is None or log is None:
        return ()
    rest = "".join(f", {code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT))}" for a in call.args[1:])
    new = f"{total}({log}({code.text(call.args[0].value)}){rest})"
    return fix("take the mean of the logarithms" if as_mean else "add the logarithms up", "safe" if whole is outer else "unsafe", (code, Change().replace(whole, code.expression(new))))


def symmetric_logarithm(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`logm` of a symmetric matrix through its eigenvalues, which have a gradient."""
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, ("logm",)) if code is not None and place is not None else None
    first = argument(call, 0, "input") if call is not None else None
    if code is None or call is None or first is None or names.tf is None or op is None:
        return ()
    statement = code.statement(call)
    if not isinstance(statement, cst.SimpleStatementLine):
        return ()
    tf = names.tf
    line = code.line(f"values, vectors = {tf}.linalg.eigh({code.text(first.value)})")
    new = f"{tf}.matmul(vectors * {tf}.math.log(values)[..., None, :], vectors, adjoint_b=True)"
    return fix(
        "take the logarithm of the eigenvalues; the matrix has to be symmetric and positive definite", "unsafe", (code, Change().insert_before(statement, line).replace(call, code.expression(new)))
    )


def spread_above_zero(recording: Recording) -> tuple[Fix, ...]:
    """`(x - mean) / std`, where the spread of equal numbers is 0, with a small number below."""
    found = []
    for code in cells(recording):
        for node in code.all(cst.BinaryOperation):
            if isinstance(node.operator, cst.Divide) and isinstance(node.right, cst.Call) and last_name(node.right.func) in ("std", "reduce_std"):
                found.append((code, node.right))
    if len(found) != 1:
        return ()
    code, spread = found[0]
    return fix("keep the spread above 0", "unsafe", (code, Change().replace(spread, code.expression(f"({code.text(spread)} + 1e-8)"))))
