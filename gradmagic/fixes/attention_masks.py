"""A mask of an attention that is all that is made of learned weights: the softmax is multiplied by them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, names_in, number_of, walk
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.masks import infinite
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.smooth import comparison_at, sides_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

PASSING = frozenset(
    {"LogicalNot", "LogicalAnd", "LogicalOr", "Cast", "Mul", "Sub", "AddV2", "Add", "Neg", "SelectV2", "Select"}
    | {"Identity", "ExpandDims", "Squeeze", "Reshape", "StridedSlice", "Tile", "BroadcastTo", "Transpose"}
)
SHAPED = ("expand_dims", "squeeze", "repeat", "tile", "broadcast_to", "identity", "cast")
FAR = 100.0


def masks_only(recording: Recording, place: Place, op: Op | None) -> str | None:
    """The expression that is compared with a number, where all that comes of it is which scores a softmax leaves out."""
    found = _found(recording, place, op)
    return found[2] if found is not None else None


def weighed(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`softmax(scores + where(a == 0, -1e9, 0))` → `… * a`: for zeros and ones the same."""
    found = _found(recording, place, op)
    if found is None:
        return ()
    code, call, weights, factor = found
    new = code.expression(f"{code.text(call)} * {factor}")
    return fix(f"multiply the softmax by `{weights}`, so that its size counts too", "unsafe", (code, Change().replace(call, new)))


def _found(recording: Recording, place: Place, op: Op | None) -> tuple[Code, cst.Call, str, str] | None:
    """The cell, the call of the softmax, what is compared, and that in the shape of the softmax."""
    code = code_at(recording, place)
    softmax = _softmax(recording, op) if op is not None else None
    if op is None or code is None or place is None or softmax is None or code_at(recording, softmax.span) is not code or softmax.span is None:
        return None
    compared = comparison_at(code, place)
    parts = sides_of(code, compared) if compared is not None else None
    call = next((n for n in code.expressions_at(softmax.span) if isinstance(n, cst.Call) and "softmax" in last_name(n.func).lower()), None)
    if compared is None or parts is None or call is None or code.scope(compared) is not code.scope(call):
        return None
    weights, kind, bound = parts if number_of(parts[2]) is not None else (parts[2], {"<": ">", ">": "<"}.get(parts[1], parts[1]), parts[0])
    value = code.expression(weights)
    if (level := number_of(bound)) is None or (kind in "=!" and level != 0.0) or any(isinstance(n, cst.Call) for n in walk(value)):
        return None
    if _kept_if_true(code, names_of(recording), compared) is not (kind in "!>") or any(
        code.start(compared) < code.start(a) < code.start(call) for n in names_in(value) for a in assignments_of(code, n, code.scope(call))
    ):
        return None
    factor = _fitted(recording, op, softmax, atom(weights))
    return (code, call, weights, factor) if factor is not None else None


def _softmax(recording: Recording, op: Op) -> Op | None:
    """The one softmax whose scores a comparison reaches through nothing but a mask."""
    waiting, seen, found = list(op.outputs), set(op.outputs), []
    while waiting:
        for user in recording.consumers.get(waiting.pop(), ()):
            if user.phase != "forward":
                continue
            if user.type == "Softmax":
                found.append(user)
            elif user.type in PASSING:
                waiting += [o for o in user.outputs if o not in seen]
                seen |= set(user.outputs)
    return found[0] if len({o.seq for o in found}) == 1 else None


def _fitted(recording: Recording, op: Op, softmax: Op, text: str) -> str | None:
    """The code of the weights, with an axis for the heads where the softmax has one."""
    made = recording.tensors.get(softmax.outputs[0])
    given = [t for i in op.inputs if (t := recording.tensors.get(i)) is not None and t.shape]
    if made is None or made.shape is None or len(given) != 1 or given[0].dtype != made.dtype:
        return None
    shape = given[0].shape or ()
    if _broadcasts(shape, made.shape):
        return text
    if len(shape) != len(made.shape) - 1 or len(shape) < 2:
        return None
    fitting = [index for at, index in ((1, "[:, None]"), (len(shape) - 1, "[..., None, :]")) if _broadcasts((*shape[:at], 1, *shape[at:]), made.shape)]
    return f"{text}{fitting[0]}" if len(fitting) == 1 else None


def _broadcasts(shape: tuple[int | None, ...], wide: tuple[int | None, ...]) -> bool:
    return len(shape) <= len(wide) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(wide), strict=False))


def _kept_if_true(code: Code, names: Names, node: cst.BaseExpression, kept: bool = True, depth: int = 0) -> bool | None:
    """Whether a truth value keeps a score in the softmax (False: leaves it out), from how the mask is written; None where that is not clear."""
    outer = code.parent(node)
    if isinstance(outer, (cst.Arg, cst.Element)):
        outer = code.parent(outer)
    if isinstance(outer, cst.Call) and any(a.value is node for a in outer.args):
        name = last_name(outer.func)
        if name == "where" and len(outer.args) == 3 and outer.args[0].value is node:
            yes, no = (_far_below(code, names, a.value) for a in outer.args[1:])
            return None if yes == no else kept if no else not kept
        if name in ("logical_and", "logical_or"):
            return _kept_if_true(code, names, outer, kept, depth)
        if name == "logical_not":
            return _kept_if_true(code, names, outer, not kept, depth)
        mask = argument(outer, None, "mask", "where")
        if "softmax" in name.lower() and mask is not None and mask.value is node:
            return kept
        return _kept_if_true(code, names, outer, kept, depth) if name in SHAPED and outer.args[0].value is node else None
    if isinstance(outer, cst.UnaryOperation) and isinstance(outer.operator, cst.BitInvert):
        return _kept_if_true(code, names, outer, not kept, depth)
    if isinstance(outer, cst.Subscript) and outer.value is node:
        return _kept_if_true(code, names, outer, kept, depth)
    if isinstance(outer, cst.BinaryOperation):
        other = outer.left if outer.right is node else outer.right
        if isinstance(outer.operator, cst.Subtract) and outer.right is node and number_of(code.text(other)) is not None:
            return _kept_if_true(code, names, outer, not kept, depth)
        if isinstance(outer.operator, (cst.BitAnd, cst.BitOr)):
            return _kept_if_true(code, names, outer, kept, depth)
        if isinstance(outer.operator, cst.Multiply):
            return _by_a_factor(code, names, outer, other, kept)
    if isinstance(outer, cst.Assign) and outer.value is node and isinstance(outer.targets[0].target, cst.Name) and depth < 4:
        name = outer.targets[0].target.value
        scope = code.scope(outer)
        reads = [n for n in reads_of(code, name, scope) if code.start(n) > code.end(outer)]
        return _kept_if_true(code, names, reads[0], kept, depth + 1) if len(reads) == 1 and len(assignments_of(code, name, scope)) == 1 else None
    return None


def _by_a_factor(code: Code, names: Names, product: cst.BinaryOperation, factor: cst.BaseExpression, kept: bool) -> bool | None:
    """A truth value times a large number: what is true is left out where the number is far below 0, or subtracted and far above."""
    outer = code.parent(product)
    if _far_below(code, names, factor):
        return not kept
    subtracted = isinstance(outer, cst.BinaryOperation) and isinstance(outer.operator, cst.Subtract) and outer.right is product
    return not kept if subtracted and (number_of(code.text(factor)) or 0.0) > FAR else None


def _far_below(code: Code, names: Names, node: cst.BaseExpression) -> bool:
    """Whether an expression holds a number far below zero: `-1e9`, `-np.inf`, `tf.float32.min`, or one of those times something."""
    if isinstance(node, cst.Name):
        made = assignments_of(code, node.value, code.scope(node))
        return len(made) == 1 and not isinstance(made[0].value, cst.Name) and _far_below(code, names, made[0].value)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        return _far_below(code, names, node.left) or _far_below(code, names, node.right)
    if isinstance(node, cst.Call) and last_name(node.func) in ("constant", "cast", "fill", "full", "full_like") and node.args:
        return any(_far_below(code, names, a.value) for a in node.args)
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        text = code.text(node.expression)
        return (number_of(text) or 0.0) > FAR or last_name(node.expression) == "max" or infinite(node.expression, names) == "inf"
    return isinstance(node, cst.Attribute) and node.attr.value == "min"
