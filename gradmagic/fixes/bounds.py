"""A value that is held at a bound: the gradient passes the bound, or the value is made to lie inside it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.activations import kind_of, renamed
from gradmagic.fixes.calls import Place, rest_of, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numerics import value_of
from gradmagic.fixes.written import written
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

CLIPS = ("clip_by_value", "clip")
EDGES = ("maximum", "minimum")
SQUASHED = ("sigmoid", "softmax", "log_sigmoid", "expit")


UNBOUNDED = {"relu6": "relu", "hard_sigmoid": "sigmoid", "hard_tanh": "tanh", "hard_swish": "silu", "hard_silu": "silu"}


def without_bound(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`relu6` → `relu`, `hard_sigmoid` → `sigmoid`, and fake quantisation to the range that its values have."""
    code, names = code_at(recording, place), names_of(recording)
    layer = layer_of(recording, op)
    for where, call in [layer] if layer is not None else []:
        given = argument(call, None, "activation")
        for at, node in written(recording, where, given.value) if given is not None else ():
            if kind_of(node) in UNBOUNDED:
                return fix(f"use `{UNBOUNDED[kind_of(node)]}`, which has no upper bound", "unsafe", (at, Change().replace(node, renamed(node, UNBOUNDED[kind_of(node)]))))
    call_ = code.call_at(place, tuple(UNBOUNDED)) if code is not None and place is not None else None
    if code is not None and call_ is not None:
        name = UNBOUNDED[last_name(call_.func)]
        return fix(f"use `{name}`", "unsafe", (code, Change().replace(call_.func, code.expression(f"{code.text(call_.func).removesuffix(last_name(call_.func))}{name}"))))
    quantised = code.call_at(place, ("fake_quant_with_min_max_args",)) if code is not None and place is not None else None
    x = text_of(code, quantised, 0, "inputs") if code is not None and quantised is not None else None
    if code is None or quantised is None or x is None or names.tf is None:
        return ()
    rest = rest_of(code, quantised, 3, "inputs", "min", "max")
    new = f"{code.text(quantised.func).removesuffix('args')}vars({x}, {names.tf}.reduce_min({x}), {names.tf}.reduce_max({x}){rest})"
    return fix("quantise to the range that the values have", "unsafe", (code, Change().replace(quantised, code.expression(new))))


def unit_embeddings(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`maximum(d_positive - d_negative + margin, 0)` of embeddings without a bound: of embeddings of length 1, where a margin means something."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = code.call_at(place, EDGES) if code is not None and place is not None else None
    if code is None or call is None or tf is None or not is_hinge(code, call):
        return ()
    scope, terms, distances = code.scope(call), [a.value for a in call.args], set[str]()
    for name in {n.value for a in call.args for n in code.all(cst.Name, a)}:
        made = [a.value for a in assignments_of(code, name, scope)]
        distances |= {name} if made else set()
        terms += made
    differences = [
        n
        for t in terms
        for n in code.all(cst.BinaryOperation, t)
        if isinstance(n.operator, cst.Subtract) and isinstance(n.left, cst.Name) and isinstance(n.right, cst.Name) and not {n.left.value, n.right.value} & distances
    ]
    squared = [
        n
        for n in differences
        if any(isinstance(p, cst.Call) and last_name(p.func) in ("square", "norm", "abs", "reduce_sum", "pow") for p in code.around(n)) or isinstance(code.parent(n), cst.BinaryOperation)
    ]
    pairs = {(n.left.value, n.right.value) for n in squared if isinstance(n.left, cst.Name) and isinstance(n.right, cst.Name)}
    embeddings = list(dict.fromkeys(name for pair in sorted(pairs) for name in pair))
    if len(pairs) != 2 or len(embeddings) != 3 or not squared:
        return ()
    first = code.statement(min(squared, key=code.start))
    if first is None:
        return ()
    lines = ", ".join(embeddings), ", ".join(f"{tf}.math.l2_normalize({e}, axis=-1)" for e in embeddings)
    return fix("give the embeddings the length 1", "unsafe", (code, Change().insert_before(first, code.line(f"{lines[0]} = {lines[1]}"))))


def past_the_bound(recording: Recording, place: Place, position: int) -> tuple[Fix, ...]:
    """The same bounded value, with a gradient that passes the bound; none for a hinge, which is meant to end where it ends."""
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, (*CLIPS, *EDGES)) if code is not None and place is not None else None
    if code is None or call is None or is_hinge(code, call):
        return ()
    clips = last_name(call.func) in CLIPS
    x = text_of(code, call, 0 if clips else position, *(("t", "x") if clips else (("x", "x1"), ("y", "x2"))[position]))
    if x is None or any(a.star for a in call.args):
        return ()
    inside = _probability(code, call, x)
    if inside is not None:
        function = names.function("sigmoid", call.func)
        new = code.expression(f"{function}({x})")
        return fix(f"make a probability of `{x}` before it is bounded", "unsafe", (code, Change().replace(inside, new))) if function else ()
    bound = {n for a in call.args for n in names_in(a.value)} - names_in(code.expression(x))
    literal = not (bound - set(names.aliases))
    title = f"let the gradient pass `{last_name(call.func)}` unchanged (straight-through)"
    if names.tf is None:
        stop = names.function("stop_gradient", call.func)
        new = code.expression(f"{atom(x)} + {stop}({code.text(call)} - {atom(x)})")
        return fix(title, "unsafe", (code, Change().replace(call, new))) if stop else ()
    # A sum such as x + stop_gradient(clip(x) - x) would lose the bounded value in rounding where x is much larger.
    held = call.with_changes(args=[a.with_changes(value=cst.Name("v")) if code.text(a.value) == x else a for a in call.args])
    new = code.expression(f"{names.tf}.grad_pass_through(lambda v: {code.text(held)})({x})")
    return fix(title, "safe" if literal else "unsafe", (code, Change().replace(call, new)))


def is_hinge(code: Code, call: cst.Call) -> bool:
    """Whether a call bounds its value by 0 on one side: what is at the bound asks for nothing more."""
    return last_name(call.func) in EDGES and any(code.text(a.value) in ("0", "0.0", "0.") for a in call.args)


def _probability(code: Code, call: cst.Call, x: str) -> cst.BaseExpression | None:
    """The argument of a clip to the inside of (0, 1), unless it is a probability by the way it is computed."""
    if last_name(call.func) not in CLIPS or len(call.args) < 3:
        return None
    value = call.args[0].value
    try:
        low, high = (_number(code.text(a.value)) for a in call.args[1:3])
    except ValueError:
        return None
    if not (0.0 <= low <= 0.01 and 0.99 <= high <= 1.0 and (low, high) != (0.0, 1.0)):
        return None
    made = value_of(code, value) if isinstance(value, cst.Name) else value
    known = made is not None and any(last_name(c.func) in SQUASHED for c in code.all(cst.Call, made))
    return None if known or not isinstance(value, (cst.Name, cst.Attribute, cst.Subscript, cst.Call)) else value


def _number(text: str) -> float:
    """A literal, or `1.0 - eps`.

    Raises:
        ValueError: it is neither.
    """
    first, minus, second = text.replace("1e-", "1e_").partition("-")
    parts = [float(p.replace("1e_", "1e-")) for p in ((first, second) if minus else (first,))]
    return parts[0] - parts[1] if minus else parts[0]
