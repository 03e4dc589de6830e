"""For an op that has no gradient: the same computed with ops that have one."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.calls import Place, text_of, with_keyword, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, display_only, fix, last_name
from gradmagic.fixes.contrast import written_down
from gradmagic.fixes.determinants import without_lu
from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numerics import away_from_the_edge
from gradmagic.fixes.values import symmetric_logarithm
from gradmagic.fixes.written_ops import colours_of_hues, largest_of_rows, summed_by_segment
from gradmagic.recording import Op, Recording
from gradmagic.report import Applicability, Fix


def counterpart(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """What a differentiable form of the expression would be."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None or names.tf is None:
        return ()
    tf = names.tf
    picture = written_down(recording, code, place, tf)
    if picture:
        return picture
    counted = summed_by_segment(code, code.call_at(place, ("bincount",)), tf)
    counted = counted or largest_of_rows(code, code.call_at(place, ("reduce_max",)), tf)
    if counted:
        return counted
    call = code.call_at(place, ("poisson",))
    if call is not None and "random" in names.module(call.func):
        shape, rate = text_of(code, call, 0, "shape"), text_of(code, call, 1, "lam")
        if shape in ("[]", "()") and rate:
            x = atom(rate)
            return _replaced(
                "draw from the normal distribution of the same mean and variance, which passes a gradient on, if that is near enough",
                "display-only",
                code,
                call,
                f"{tf}.maximum({x} + {tf}.sqrt({x}) * {tf}.random.normal({tf}.shape({rate})), 0.0)",
            )
    call = code.call_at(place, ("resize",))
    if call is not None:
        method = argument(call, 2, "method")
        if method is not None:
            change = Change().replace(method.value, code.expression('"bilinear"'))
            return fix("resize bilinearly, which has a gradient", "unsafe", (code, change))
    return colours_of_hues(code, code.call_at(place, ("hsv_to_rgb",)), tf) or symmetric_logarithm(recording, place, op) or without_lu(recording, place)


def _replaced(title: str, applicability: Applicability, code: Code, old: cst.BaseExpression, new: str) -> tuple[Fix, ...]:
    return fix(title, applicability, (code, Change().replace(old, code.expression(new))))


def farther_from_the_edge(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """A floor under what a steep function is given. How high it may be is the author's choice."""
    code, names = code_at(recording, place), names_of(recording)
    title = "keep {} away from 0; how far is yours to choose"
    for node in code.expressions_at(place) if code is not None and place is not None else ():
        assert code is not None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
            maximum = names.function("maximum", node.left.func if isinstance(node.left, cst.Call) else None)
            if maximum:
                return fix(title.format("the divisor"), "display-only", (code, Change().replace(node.right, code.expression(f"{maximum}({code.text(node.right)}, 1e-3)"))))
        if not isinstance(node, cst.Call):
            continue
        name, maximum = last_name(node.func), names.function("maximum", node.func)
        if name in ("l2_normalize", "unit_normalize"):
            return fix(title.format("the length"), "display-only", (code, Change().replace(node, with_keyword(node, "epsilon", code.expression("1e-4")))))
        first = argument(node, 0, "x")
        if name in ("sqrt", "rsqrt", "log", "log2", "log10", "reciprocal") and first is not None and maximum:
            new = f"{maximum}({code.text(first.value)}, 1e-4)"
            return fix(title.format(f"the argument of `{name}`"), "display-only", (code, Change().replace(first.value, code.expression(new))))
    return display_only(away_from_the_edge(recording, place, op))


def gentler_input(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """A smaller input for an activation that is saturated. How much smaller is the author's choice."""
    size = size_in(recording, op)
    if size is None:
        return ()
    code = code_at(recording, place)
    call = code.call_at(place, ("sigmoid", "tanh", "softmax")) if code is not None and place is not None else None
    first = argument(call, 0, "x", "logits") if call is not None else None
    found = (code, call, first) if code is not None and call is not None and first is not None else _input_of_layer(recording, op)
    power = max(1, math.ceil(math.log10(max(size, 1.0))))
    title = f"bring what goes in down to where `{op.type.lower() if op is not None else ''}` has a slope; the factor is yours to choose (or scale the data, or the initial weights)"
    if found is None:
        return _rescaled(recording, op, power, title)
    code, call, first = found
    new = f"{atom(code.text(first.value))} / {10.0**power:.1f}" if power < 5 else f"{atom(code.text(first.value))} / 1e{power}"
    return fix(title, "display-only", (code, Change().replace(first.value, code.expression(new))))


def _rescaled(recording: Recording, op: Op | None, power: int, title: str) -> tuple[Fix, ...]:
    """A `Rescaling` layer in front of a layer of a `Sequential`, in its list or in its calls of `add`."""
    layer = layer_of(recording, op)
    if layer is None:
        return ()
    code, call = layer
    made = code.expression(f"{code.text(call.func).removesuffix(last_name(call.func))}Rescaling(1e-{power})")
    element, outer = code.parent(call), code.enclosing(call, cst.Call)
    listed = code.parent(element) if isinstance(element, cst.Element) else None
    if isinstance(listed, cst.List) and isinstance(element, cst.Element):
        at = list(listed.elements).index(element)
        comma = next((e.comma for e in listed.elements if isinstance(e.comma, cst.Comma)), cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        new = listed.with_changes(elements=[*listed.elements[:at], cst.Element(made, comma), *listed.elements[at:]])
        return fix(title, "display-only", (code, Change().replace(listed, new)))
    statement = code.statement(call)
    if outer is not None and last_name(outer.func) == "add" and statement is not None:
        return fix(title, "display-only", (code, Change().insert_before(statement, code.line(f"{code.text(outer.func)}({code.text(made)})"))))
    return ()


def size_in(recording: Recording, op: Op | None) -> float | None:
    """The root mean square of what goes into an op; None where it is not known."""
    tensor = recording.tensors.get(op.inputs[0]) if op is not None and op.inputs else None
    if tensor is None or tensor.norm is None or not math.isfinite(tensor.norm):
        return None
    return tensor.norm / math.sqrt(max(1, math.prod(d or 1 for d in tensor.shape or ())))


def _input_of_layer(recording: Recording, op: Op | None) -> tuple[Code, cst.Call, cst.Arg] | None:
    """Where the Keras layer that an op belongs to is called, by the user's own `call` or in a functional model, and its input."""
    layer = layer_of(recording, op)
    outer = layer[0].parent(layer[1]) if layer is not None else None
    if layer is not None and isinstance(outer, cst.Call) and outer.func is layer[1] and len(outer.args) == 1:
        return layer[0], outer, outer.args[0]
    target = layer[0].enclosing(layer[1], cst.Assign) if layer is not None else None
    name = last_name(target.targets[0].target) if target is not None and layer is not None and target.value is layer[1] else ""
    code = code_at(recording, op.span) if op is not None else None
    if code is None or op is None or op.span is None or not name:
        return None
    # Where the user's line has two calls of the layer, its span does not say which of them it is.
    calls = [c for c in code.all(cst.Call) if last_name(c.func) == name and op.span.line <= code.start(c)[0] <= op.span.end_line and c.args and not c.args[0].star]
    return (code, calls[0], calls[0].args[0]) if len(calls) == 1 else None


def reduced_matrices(recording: Recording) -> tuple[Fix, ...]:
    """`svd` and `qr` without the columns of full matrices, for which TensorFlow has no gradient."""
    found = [(code, call, full) for code in cells(recording) for call in code.all(cst.Call) if (full := argument(call, None, "full_matrices")) is not None and code.text(full.value) == "True"]
    changes: dict[int, tuple[Code, Change]] = {}
    for code, call, full in found:
        changes.setdefault(id(code), (code, Change()))[1].replace(call, without_argument(call, full))
    return fix("take the reduced matrices, which have a gradient", "unsafe", *changes.values())
