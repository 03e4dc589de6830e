"""Values that are to be floats."""

from __future__ import annotations

import libcst as cst

from gradmagic.assignments import frozen_at
from gradmagic.fixes.calls import Place, with_keyword, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.smooth import threshold
from gradmagic.recording import GradientRun, Op, Recording, has_gradient_dtype
from gradmagic.report import Fix

MAKERS = ("constant", "Variable", "range", "convert_to_tensor", "arange", "array", "fill", "zeros", "ones", "eye", "linspace", "uniform", "cast", "zeros_like", "ones_like", "full", "asarray")
# They hold what they are given; the first argument of those of `SHAPED` says how much there is.
HOLDERS = ("constant", "Variable", "convert_to_tensor")
SHAPED = ("fill", "zeros", "ones", "eye", "full", "uniform")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")


def without_cast(recording: Recording, place: Place, op: Op | None = None) -> tuple[Fix, ...]:
    """Leave the cast to an integer away, and with it the cast back; a threshold becomes a smooth step. None where the integers select something."""
    if op is not None and op.outputs and selects(recording, op.outputs[0]):
        return ()
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, ("cast", "saturate_cast", "to_int32", "to_int64", "astype", "int")) if code is not None and place is not None else None
    if code is None or call is None:
        return ()
    inside = next((n for n in code.all(cst.Comparison, call)), None)
    if inside is not None:
        found = threshold(recording, code, inside, names)
        if found:
            return found
    method = isinstance(call.func, cst.Attribute) and last_name(call.func) == "astype"
    value = call.func.value if method and isinstance(call.func, cst.Attribute) else call.args[0].value if call.args else None
    if value is None:
        return ()
    outer = code.enclosing(call, cst.Call)
    whole = outer if outer is not None and last_name(outer.func) == "cast" and outer.args[0].value is call else call
    if whole is call and _selects(code, call):
        return ()
    other = _cast_to_that_of(code, call)
    if other is not None:
        statement, mine, theirs = other
        change = Change().replace(whole, value).insert_after(statement, code.line(f"{theirs} = {code.text(call.func)}({theirs}, {mine}.dtype)"))
        return fix(f"keep the value a float, and cast `{theirs}` to its dtype", "unsafe", (code, change))
    return fix("keep the value a float", "unsafe", (code, Change().replace(whole, value)))


def _cast_to_that_of(code: Code, call: cst.Call) -> tuple[cst.CSTNode, str, str] | None:
    """For `a = tf.cast(…, b.dtype)`: the statement, `a` and `b`."""
    assign, dtype = code.enclosing(call, cst.Assign), argument(call, 1, "dtype")
    statement = code.statement(call)
    if assign is None or assign.value is not call or statement is None or dtype is None or len(assign.targets) != 1:
        return None
    mine, theirs = assign.targets[0].target, dtype.value.value if isinstance(dtype.value, cst.Attribute) and dtype.value.attr.value == "dtype" else None
    return (statement, mine.value, theirs.value) if isinstance(mine, cst.Name) and isinstance(theirs, cst.Name) and mine.value != theirs.value else None


def selects(recording: Recording, key: int) -> bool:
    """Whether a value, which is of an integer dtype, is what an op picks or moves elements of a float value by."""
    waiting, seen = [key], {key}
    while waiting:
        for op in recording.consumers.get(waiting.pop(), ()):
            if op.phase != "forward" or op.type == "Cast":
                continue
            for output in op.outputs:
                tensor = recording.tensors.get(output)
                if tensor is not None and has_gradient_dtype(tensor.dtype):
                    return True
                if output not in seen:
                    seen.add(output)
                    waiting.append(output)
    return False


def _embedded(recording: Recording, key: int) -> bool:
    """Whether a Keras layer that looks rows up takes the value in: it would make integers of floats."""
    return any((layer := recording.layers.get(op.layer)) is not None and layer.type == "Embedding" for op in recording.consumers.get(key, ()) if op.layer is not None)


def _selects(code: Code, call: cst.Call) -> bool:
    """Whether the integers are needed as such: as indices of a gather, a one-hot, an embedding."""
    outer = code.enclosing(call, cst.Call)
    return outer is not None and last_name(outer.func) in ("gather", "gather_nd", "one_hot", "embedding_lookup", "range", "switch_case")


def float_source(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """Make the source a float where it is made."""
    names = names_of(recording)
    for index in sources:
        source = run.sources[index]
        if not source.name.isidentifier() or selects(recording, source.id) or _embedded(recording, source.id):
            continue
        for code in cells(recording):
            for assign in reversed(assignments_of(code, source.name)):
                new = _as_float(code, assign.value, names)
                if new is not None:
                    return fix(f"make `{source.name}` a float", "unsafe", (code, Change().replace(*new)))
    return ()


def _as_float(code: Code, value: cst.BaseExpression, names: Names) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    if not isinstance(value, cst.Call):
        return None
    name = last_name(value.func)
    if name not in MAKERS:
        return None
    dtype = argument(value, None, "dtype")
    if dtype is None:
        dtype = next((a for a in value.args[1:] if last_name(a.value) in INTEGERS or code.text(a.value).strip("'\"") in INTEGERS), None)
    if dtype is not None:
        text = code.text(dtype.value)
        for kind in INTEGERS:
            text = text.replace(kind, "float32") if text.strip("'\"").rpartition(".")[2] == kind else text
        if text != code.text(dtype.value):
            return value, value.with_changes(args=[a.with_changes(value=code.expression(text)) if a is dtype else a for a in value.args])
        return None
    if name in ("array", "arange", "full", "asarray", "eye") and names.module(value.func).startswith("numpy"):
        return value, with_keyword(value, "dtype", code.expression('"float32"'))
    given = argument(value, 0, "value", "initial_value", "start")
    made = _as_float(code, given.value, names) if name in HOLDERS and given is not None else None
    if made is not None:
        return made
    literal = value.visit(_Floats())
    if isinstance(literal, cst.Call) and code.text(literal) != code.text(value):
        return value, literal
    if names.tf and name in HOLDERS and given is not None and not isinstance(given.value, (cst.List, cst.Tuple)):
        return given.value, code.expression(f"{names.tf}.cast({code.text(given.value)}, {names.tf}.float32)")
    if names.tf and name in (*HOLDERS, "range") and given is not None:
        return value, with_keyword(value, "dtype", code.expression(f"{names.tf}.float32"))
    return None


class _Floats(cst.CSTTransformer):
    """Whole numbers as floats: `3` → `3.0`; not the arguments by keyword, which are shapes and counts."""

    def visit_Arg(self, node: cst.Arg) -> bool:
        return node.keyword is None or node.keyword.value in ("value", "initial_value", "start", "limit", "delta", "low", "high")

    def visit_Subscript(self, node: cst.Subscript) -> bool:
        return False

    def visit_Call(self, node: cst.Call) -> bool:
        # What another function is handed may have to be whole: a seed, a number of rows, a shape.
        return last_name(node.func) in MAKERS and last_name(node.func) not in SHAPED

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        if last_name(original_node.func) not in ("fill", "full") or len(original_node.args) < 2 or original_node.args[1].keyword is not None:
            return updated_node
        return updated_node.with_deep_changes(updated_node.args[1], value=original_node.args[1].value.visit(self))

    def leave_Integer(self, original_node: cst.Integer, updated_node: cst.Integer) -> cst.BaseExpression:
        return cst.Float(f"{updated_node.value}.0") if updated_node.value.isdigit() else updated_node


def wider(recording: Recording, place: Place, *, mean: bool = False) -> tuple[Fix, ...]:
    """Compute a half-precision expression in float32; `mean` makes a mean of a sum, whose gradient is in half precision again."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None or names.tf is None:
        return ()
    for node in code.expressions_at(place):
        if isinstance(node, cst.Call) and last_name(node.func) in ("reduce_mean", "reduce_sum", "square", "exp", "mean", "sum", "pow", "squared_difference") and node.args:
            inner = node.args[0].value
            while isinstance(inner, cst.Call) and last_name(inner.func) in ("square", "abs", "exp") and inner.args:
                inner = inner.args[0].value
            change = Change().replace(inner, code.expression(f"{names.tf}.cast({code.text(inner)}, {names.tf}.float32)"))
            if mean and last_name(node.func) in ("reduce_sum", "sum"):
                change.replace(node.func, code.expression(code.text(node.func).removesuffix("sum") + "mean"))
                return fix("compute the loss in float32, and as a mean", "unsafe", (code, change))
            return fix("compute the loss in float32", "unsafe", (code, change))
    return ()


def scaled_loss(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """Loss scaling by hand around a tape: the loss times 2¹⁵ and in float32, the gradients divided again."""
    code, names = code_at(recording, run.span if run is not None else None), names_of(recording)
    call = code.call_at(run.span, ("gradient",)) if code is not None and run is not None and run.span is not None else None
    tf = names.tf
    if code is None or call is None or tf is None or len(call.args) < 2 or not isinstance(call.args[0].value, cst.Name):
        return ()
    statement = code.statement(call)
    loss = call.args[0].value.value
    made = [a for a in assignments_of(code, loss, code.scope(call)) if code.start(a) < code.start(call)]
    assign = code.enclosing(call, cst.Assign)
    if not made or statement is None or assign is None or assign.value is not call or not isinstance(assign.targets[0].target, cst.Name):
        return ()
    means = made[-1].value
    change = Change()
    inner = means
    while isinstance(inner, cst.Call) and last_name(inner.func) in ("reduce_mean", "reduce_sum", "square", "abs") and inner.args:
        inner = inner.args[0].value
    change.replace(inner, code.expression(f"{tf}.cast({code.text(inner)}, {tf}.float32)"))
    last = code.statement(made[-1])
    assert last is not None
    change.insert_after(last, code.line(f"scaled_{loss} = {loss} * 2.0 ** 15"))
    change.replace(call.args[0].value, cst.Name(f"scaled_{loss}"))
    result = assign.targets[0].target.value
    many = not (run is not None and len(run.sources) == 1 and not isinstance(call.args[1].value, (cst.List, cst.Attribute)))
    undone = f"{result} = [g / 2.0 ** 15 for g in {result}]" if many else f"{result} = {result} / 2.0 ** 15"
    change.insert_after(statement, code.line(undone))
    return fix("compute the loss in float32 and scale it while the gradients are in half precision", "unsafe", (code, change))


def trainable(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """Take `trainable=False` away where a variable is made."""
    for index in sources:
        place = frozen_at(recording, run.sources[index].id)
        code = code_at(recording, place)
        for call in code.all(cst.Call) if code is not None and place is not None else ():
            off = argument(call, None, "trainable")
            if code is not None and place is not None and off is not None and code.start(off.value)[0] == place.line and code.text(off.value) == "False":
                return fix(f"let `{run.sources[index].name.rpartition('.')[2]}` be trainable", "unsafe", (code, Change().replace(call, without_argument(call, off))))
    return ()
