"""The gradient function of a `custom_gradient`, derived from its forward function."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, cells, fix, last_name, names_in
from gradmagic.fixes.derive import Derivation
from gradmagic.fixes.names import names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

Shape = tuple[int | None, ...] | None


def custom_function(recording: Recording, name: str | None) -> tuple[Code, cst.FunctionDef, cst.FunctionDef, cst.Return] | None:
    """The cell, the forward function, its gradient function and the `return` of both."""
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            if function.name.value != name or not any("custom_gradient" in code.text(d.decorator) for d in function.decorators):
                continue
            inner = {f.name.value: f for f in code.all(cst.FunctionDef, function.body)}
            for ret in code.all(cst.Return, function.body):
                if code.function(ret) is function and isinstance(ret.value, cst.Tuple) and len(ret.value.elements) == 2:
                    second = ret.value.elements[1].value
                    grad = inner.get(second.value) if isinstance(second, cst.Name) else None
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
    parameters = [p.name.value for p in function.params.params if p.name.value != "self"]
    returned = next((r for r in reversed(code.all(cst.Return, grad)) if r.value is not None), None)
    upstream = grad.params.params[0].name.value if grad.params.params else None
    if returned is None or returned.value is None or upstream is None or position >= len(parameters):
        return ()
    listed = returned.value.elements if isinstance(returned.value, (cst.Tuple, cst.List)) else None
    if len(listed or (returned.value,)) != len(parameters):
        return _completed(recording, found, returned, upstream, op)
    given = listed[position].value if listed is not None else returned.value
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
    plain = Change().replace(ret.value, ret.value.elements[0].value).remove(grad)
    plain.replace(function, lambda node: node.with_changes(decorators=[d for d in node.decorators if "custom_gradient" not in code.text(d.decorator)], leading_lines=node.leading_lines))  # type: ignore[attr-defined]
    inner = names_in(grad.body) - {upstream}
    if inner is not None and not any(last_name(c.func) in ("stop_gradient", "numpy", "numpy_function", "py_function") for c in code.all(cst.Call, function.body)):
        fixes += fix("let TensorFlow differentiate the function by itself", "unsafe", (code, plain))
    return fixes


def _completed(recording: Recording, found: tuple[Code, cst.FunctionDef, cst.FunctionDef, cst.Return], returned: cst.Return, upstream: str, op: Op | None) -> tuple[Fix, ...]:
    """One gradient for each input where there were too few or too many."""
    code, function, _, ret = found
    names, (shapes, out) = names_of(recording), shapes_of(recording, op)
    assert isinstance(ret.value, cst.Tuple) and returned.value is not None
    given = [e.value for e in returned.value.elements] if isinstance(returned.value, (cst.Tuple, cst.List)) else [returned.value]
    parts = []
    for position, parameter in enumerate(p.name.value for p in function.params.params if p.name.value != "self"):
        derived = Derivation(code, function, ret.value.elements[0].value, upstream, names).gradient(parameter)
        text = _summed(derived, out, shapes[position] if position < len(shapes) else None, names.tf or names.ops) if derived is not None else None
        if text is None and position < len(given):
            text = code.text(given[position])
        if text is None:
            return ()
        parts.append(text)
    new = code.expression(", ".join(parts))
    return fix("return one gradient for each input", "unsafe", (code, Change().replace(returned.value, new)))


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
