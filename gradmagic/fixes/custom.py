"""The gradient function of a `custom_gradient`, derived from its forward function."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change, at_the_end
from gradmagic.fixes.code import Code, atom, cells, code_at, fix, last_name, names_in, parameters_of
from gradmagic.fixes.custom_inputs import with_none
from gradmagic.fixes.derive import Derivation
from gradmagic.fixes.names import names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

Shape = tuple[int | None, ...] | None


# Functions that end a gradient: one that calls them is not left to TensorFlow.
UNDIFFERENTIATED = ("stop_gradient", "numpy", "numpy_function", "py_function", "round", "rint", "floor", "ceil", "sign", "argmax", "argmin", "quantize", "fake_quant_with_min_max_args")
NONE_FOR_THE_REST = "return None for the inputs that need no gradient"
Gradient = cst.FunctionDef | cst.Lambda
Found = tuple[Code, cst.FunctionDef, Gradient, cst.Return]


def custom_function(recording: Recording, name: str | None) -> Found | None:
    """The cell, the forward function, its gradient function and the `return` of both."""
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            if function.name.value != name or not any("custom_gradient" in code.text(d.decorator) for d in function.decorators):
                continue
            inner = {f.name.value: f for f in code.all(cst.FunctionDef, function.body)}
            for ret in code.all(cst.Return, function.body):
                if code.function(ret) is function and isinstance(ret.value, cst.Tuple) and len(ret.value.elements) == 2:
                    second = ret.value.elements[1].value
                    grad = inner.get(second.value) if isinstance(second, cst.Name) else second if isinstance(second, cst.Lambda) else None
                    if grad is not None:
                        return code, function, grad, ret
    return None


def shapes_of(recording: Recording, op: Op | None) -> tuple[list[Shape], Shape]:
    """The shapes of a custom gradient's inputs and of its result."""
    if op is None:
        return [], None
    found = [recording.tensors[i].shape if i in recording.tensors else None for i in op.inputs]
    return found, recording.tensors[op.outputs[0]].shape if op.outputs and op.outputs[0] in recording.tensors else None


def corrected(recording: Recording, name: str | None, position: int, op: Op | None, ratio: float | None = None, wrong_shape: Shape = None) -> tuple[Fix, ...]:
    """The gradient for one input: derived from the forward function, else summed or turned to the input's shape, else scaled by the measured factor.

    Last comes the function without a gradient of its own, which TensorFlow differentiates by itself.
    """
    found = custom_function(recording, name)
    if found is None:
        return ()
    code, function, grad, ret = found
    parameters = parameters_of(function)
    returned, upstream = result_of(code, grad), grad.params.params[0].name.value if grad.params.params else None
    if upstream is None:
        return ()
    if any(p.name.value == "variables" for p in grad.params.params) or isinstance(grad.params.star_kwarg, cst.Param):
        return _beside_variables(recording, found, returned, upstream, position, op) if returned is not None else ()
    if position >= len(parameters):
        return ()
    listed = returned.elements if isinstance(returned, (cst.Tuple, cst.List)) else None
    if returned is None or len(listed if listed is not None else (returned,)) != len(parameters):
        return _completed(recording, found, returned, upstream, op)
    given = listed[position].value if listed is not None else returned
    shapes, out = shapes_of(recording, op)
    shape = shapes[position] if position < len(shapes) else None
    fixes: tuple[Fix, ...] = ()
    names = names_of(recording)
    assert isinstance(ret.value, cst.Tuple)
    derived = Derivation(code, function, ret.value.elements[0].value, upstream, names).gradient(parameters[position])
    if derived is not None:
        new = _summed(derived, out, shape, names.tf or names.ops)
        if new is not None:
            fixes += fix(f"return the derivative of the forward function for `{parameters[position]}`", "unsafe", (code, Change().replace(given, code.expression(new))))
    if wrong_shape is not None and shape is not None and not fixes:
        turned = _fitted(code.text(given), wrong_shape, shape, names.tf)
        if turned is not None:
            fixes += fix(f"bring the gradient to the shape of `{parameters[position]}`", "unsafe", (code, Change().replace(given, code.expression(turned))))
    if ratio and abs(ratio) > 1e-6 and not fixes:
        factor = f"{1 / ratio:.6g}"
        fixes += fix("scale the gradient by the factor that was measured", "unsafe", (code, Change().replace(given, code.expression(f"{factor} * {atom(code.text(given))}"))))
    return (*fixes, *_by_itself(found))


def _by_itself(found: Found) -> tuple[Fix, ...]:
    """The function without a gradient of its own, where TensorFlow can differentiate what it does."""
    code, function, grad, _ = found
    inner = [] if isinstance(grad, cst.Lambda) else code.all(cst.Call, function.body)
    return () if any(last_name(c.func) in UNDIFFERENTIATED for c in inner) else _plain(found)


def _beside_variables(recording: Recording, found: Found, returned: cst.BaseExpression, upstream: str, position: int, op: Op | None) -> tuple[Fix, ...]:
    """`return dx, [dw]` of a gradient function that takes `variables`: the derivative for the input, or for the one variable, that is wrong."""
    code, function, _, ret = found
    parameters = parameters_of(function)
    parts = [e.value for e in returned.elements] if isinstance(returned, (cst.Tuple, cst.List)) else []
    assert isinstance(ret.value, cst.Tuple)
    derivation = Derivation(code, function, ret.value.elements[0].value, upstream, names_of(recording))
    first = ([e.value for e in parts[0].elements] if isinstance(parts[0], (cst.Tuple, cst.List)) else [parts[0]]) if len(parts) == 2 else []
    beside = with_none(recording, code, function, derivation, first, op) if len(first) < len(parameters) else None
    if beside is not None:
        return fix(NONE_FOR_THE_REST, "unsafe", (code, Change().replace(parts[0], code.expression(f"({beside})"))))
    (shapes, out), names = shapes_of(recording, op), names_of(recording)
    known = {n: v for v in recording.variables.values() for n in v.names}
    read = sorted((names_in(function.body) & set(known)) - set(parameters))
    wanted, given, shape = None, None, None
    if len(parts) == 2 and position < len(parameters):
        several = parts[0].elements if isinstance(parts[0], (cst.Tuple, cst.List)) and len(parts[0].elements) == len(parameters) else None
        given = several[position].value if several is not None else parts[0] if len(parameters) == 1 else None
        wanted, shape = parameters[position], shapes[position] if position < len(shapes) else None
    elif len(parts) == 2 and len(read) == 1 and isinstance(parts[1], (cst.List, cst.Tuple)) and len(parts[1].elements) == 1:
        wanted, given, shape = read[0], parts[1].elements[0].value, known[read[0]].shape
    derived = derivation.gradient(wanted) if wanted is not None else None
    new = _summed(derived, out, shape, names.tf or names.ops) if derived is not None else None
    if new is None or given is None:
        return _by_itself(found)
    own = fix(f"return the derivative of the forward function for `{wanted}`", "unsafe", (code, Change().replace(given, code.expression(new))))
    return (*own, *_by_itself(found))


def fewer(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """A gradient function that returns more gradients than the call had inputs (an argument that kept its default has none): the first ones."""
    found = custom_function(recording, op.name) if op is not None else None
    returned = result_of(found[0], found[2]) if found is not None else None
    if found is None or op is None or not isinstance(returned, cst.Tuple) or not 1 <= len(op.inputs) < len(returned.elements):
        return ()
    kept = [e.with_changes(comma=cst.MaybeSentinel.DEFAULT) if i == len(op.inputs) - 1 else e for i, e in enumerate(returned.elements[: len(op.inputs)])]
    new = kept[0].value if len(kept) == 1 else returned.with_changes(elements=kept)
    return fix(f"return {len(kept)} gradient{'s' if len(kept) > 1 else ''}, as many as there are inputs", "unsafe", (found[0], Change().replace(returned, new)))


def result_of(code: Code, grad: Gradient) -> cst.BaseExpression | None:
    """What a gradient function returns."""
    return grad.body if isinstance(grad, cst.Lambda) else next((r.value for r in reversed(code.all(cst.Return, grad)) if r.value is not None), None)


def _plain(found: Found) -> tuple[Fix, ...]:
    """The function without a gradient of its own."""
    code, function, grad, ret = found
    assert isinstance(ret.value, cst.Tuple)
    plain = Change().replace(ret.value, ret.value.elements[0].value)
    if isinstance(grad, cst.FunctionDef):
        plain.remove(grad)
    plain.replace(function, lambda node: node.with_changes(decorators=[d for d in node.decorators if "custom_gradient" not in code.text(d.decorator)], leading_lines=node.leading_lines))  # type: ignore[attr-defined]
    return fix("let TensorFlow differentiate the function by itself", "unsafe", (code, plain))


def with_variables(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A gradient function that is asked for the gradient of a variable too: it takes `variables` and returns one, where the derivative can be written down."""
    here = code_at(recording, place)
    called = {last_name(n.func) for n in here.expressions_at(place) if isinstance(n, cst.Call)} if here is not None and place is not None else set()
    found = next((f for name in sorted(called) if (f := custom_function(recording, name)) is not None), None)
    if found is None:
        return ()
    code, function, grad, ret = found
    names, known = names_of(recording), {n: v for v in recording.variables.values() for n in v.names}
    read = sorted((names_in(function.body) & set(known)) - {p.name.value for p in function.params.params})
    returned, upstream = result_of(code, grad), grad.params.params[0].name.value if grad.params.params else None
    assert isinstance(ret.value, cst.Tuple)
    fixes: tuple[Fix, ...] = ()
    if len(read) == 1 and upstream is not None and isinstance(returned, cst.BaseExpression) and known[read[0]].shape == () and names.tf:
        derived = Derivation(code, function, ret.value.elements[0].value, upstream, names).gradient(read[0])
        if derived is not None and isinstance(grad, cst.FunctionDef):
            first = f"({code.text(returned)})" if isinstance(returned, cst.Tuple) and not returned.lpar else code.text(returned)
            change = Change().replace(returned, code.expression(f"{first}, [{names.tf}.reduce_sum({derived})]"))
            parameter = cst.Param(cst.Name("variables"), default=cst.Name("None"), equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")))
            change.replace(grad.params, grad.params.with_changes(params=[*grad.params.params, parameter]))
            fixes = fix(f"return the gradient of `{read[0]}` too", "unsafe", (code, change))
    return (*fixes, *_plain(found))


def _completed(recording: Recording, found: Found, returned: cst.BaseExpression | None, upstream: str, op: Op | None) -> tuple[Fix, ...]:
    """One gradient for each input where there were too few or too many, or where nothing was returned."""
    code, function, grad, ret = found
    names, (shapes, out) = names_of(recording), shapes_of(recording, op)
    assert isinstance(ret.value, cst.Tuple)
    given = [e.value for e in returned.elements] if isinstance(returned, (cst.Tuple, cst.List)) else [returned] if returned is not None else []
    derivation = Derivation(code, function, ret.value.elements[0].value, upstream, names)
    beside = with_none(recording, code, function, derivation, given, op)
    if beside is not None:
        new = code.expression(f"({beside})" if isinstance(grad, cst.Lambda) else beside)
        return fix(NONE_FOR_THE_REST, "unsafe", (code, _returning(code, grad, returned, new)))
    parts = []
    for position, parameter in enumerate(parameters_of(function)):
        derived = derivation.gradient(parameter)
        text = _summed(derived, out, shapes[position] if position < len(shapes) else None, names.tf or names.ops) if derived is not None else None
        if text is None and position < len(given):
            text = code.text(given[position])
        if text is None:
            return ()
        parts.append(text)
    new = code.expression(f"({', '.join(parts)})" if isinstance(grad, cst.Lambda) and len(parts) > 1 else ", ".join(parts))
    return fix("return one gradient for each input", "unsafe", (code, _returning(code, grad, returned, new)))


def _returning(code: Code, grad: Gradient, returned: cst.BaseExpression | None, new: cst.BaseExpression) -> Change:
    """A gradient function that returns something else, also where it ends without a `return`."""
    if returned is not None:
        return Change().replace(returned, new)
    bare = next((r for r in reversed(code.all(cst.Return, grad)) if code.function(r) is grad), None)
    if bare is not None:
        return Change().replace(bare, cst.Return(new))
    assert isinstance(grad, cst.FunctionDef)
    return at_the_end(Change(), grad, cst.SimpleStatementLine([cst.Return(new)]))


def _summed(text: str, out: Shape, shape: Shape, tf: str | None) -> str | None:
    """A gradient summed over the axes along which its input was broadcast."""
    if out is None or shape is None or out == shape:
        return text
    if tf is None:
        return None
    return _sum_over(text, out, shape, tf)


def _sum_over(text: str, wide: Shape, narrow: Shape, tf: str) -> str | None:
    assert wide is not None and narrow is not None
    if len(narrow) > len(wide):
        return None
    total = f"{tf}.reduce_sum"
    if narrow == ():
        return f"{total}({text})"
    lead = len(wide) - len(narrow)
    inner = [i for i, n in enumerate(narrow) if n == 1 and wide[lead + i] != 1]
    if any(n != wide[lead + i] for i, n in enumerate(narrow) if i not in inner):
        return None
    if lead:
        text = f"{total}({text}, axis={0 if lead == 1 else list(range(lead))})"
    if inner:
        text = f"{total}({text}, axis={inner[0] if len(inner) == 1 else inner}, keepdims=True)"
    return text


def _fitted(text: str, got: Shape, wanted: Shape, tf: str | None) -> str | None:
    if tf is None or got is None or wanted is None:
        return None
    summed = _sum_over(text, got, wanted, tf)
    if summed is not None:
        return summed
    return f"{tf}.transpose({text})" if tuple(reversed(got)) == tuple(wanted) else None
