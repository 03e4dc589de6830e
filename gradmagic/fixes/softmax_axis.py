"""A softmax over the single feature of each step, where the weights are to sum to 1 over the steps."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, call_of, with_keyword, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.layers import activating_layer
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.pooled import pooled_axis
from gradmagic.recording import Op, Recording, Tensor
from gradmagic.report import Fix

PASSING = ("Identity", "Cast", "Reshape", "ExpandDims", "Squeeze", "Transpose", "BroadcastTo", "Tile")
PRODUCTS = ("BatchMatMulV2", "BatchMatMul", "BatchMatMulV3", "Einsum")
FUNCTIONS = ("softmax", "log_softmax")


def steps_axis(recording: Recording, op: Op | None) -> int | None:
    """The axis of the steps that a softmax over a single element weighs: of (batch, steps, 1) the second, else the one that is summed over behind it."""
    found = _result(recording, op)
    if found is None:
        return None
    made, single = found
    assert made.shape is not None
    if len(made.shape) == 3 and single == 2:
        return 1 if _weighs(recording, made) else None
    axis = pooled_axis(recording, made, single)
    # The first axis counts the examples, which do not share their weights.
    return axis if axis and (made.shape[axis] or 0) > 1 else None


def _result(recording: Recording, op: Op | None) -> tuple[Tensor, int] | None:
    """What a softmax gives, of three axes or more, and its axis of one element. One over another axis than the last is turned back by the same call."""
    made = recording.tensors.get(op.outputs[0]) if op is not None and op.type == "Softmax" and op.outputs else None
    if op is None or made is None or made.shape is None or len(made.shape) < 3 or made.shape[-1] != 1:
        return None
    turned = next((u for u in recording.consumers.get(made.id, ()) if u.type == "Transpose" and u.phase == "forward" and u.span is not None and u.span == op.span), None)
    back = recording.tensors.get(turned.outputs[0]) if turned is not None else None
    if back is None or back.shape is None:
        return made, len(made.shape) - 1
    single = [k for k, n in enumerate(back.shape) if n == 1]
    return (back, single[0]) if len(single) == 1 else None


def _weighs(recording: Recording, made: Tensor) -> bool:
    """Whether a tensor of the shape (batch, steps, 1) weighs the features of as many steps."""
    assert made.shape is not None
    if made.shape[1] is None or made.shape[1] < 2:
        return False
    waiting, seen = [made.id], {made.id}
    while waiting:
        tensor = waiting.pop()
        for user in recording.consumers.get(tensor, ()):
            if user.phase != "forward":
                continue
            others = [t.shape for i in user.inputs if i not in seen and (t := recording.tensors.get(i)) is not None and t.shape is not None]
            # Beside a target of one number a step it is a prediction, and no weight.
            if user.type == "Mul" and any(len(s) == 3 and s[1] == made.shape[1] and (s[2] or 0) > 1 for s in others):
                return True
            if user.type in PRODUCTS and any(len(s) == 3 and made.shape[1] in s[1:] for s in others):
                return True
            if user.type in PASSING:
                waiting += [o for o in user.outputs if o not in seen]
                seen |= set(user.outputs)
    return False


def over_the_steps(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`Dense(1, activation="softmax")(h)` → `Softmax(axis=1)(Dense(1)(h))`, `softmax(x)` → `softmax(x, axis=1)`."""
    steps = steps_axis(recording, op)
    result = _result(recording, op)
    if steps is None or result is None:
        return ()
    names, layer = names_of(recording), activating_layer(recording, op)
    title = "let the weights of all steps sum to 1"
    if layer is not None:
        code, call = layer
        new = _layer(code, call, names, steps)
        return fix(title, "unsafe", (code, Change().replace(*new))) if new is not None else ()
    found = code_at(recording, place)
    call_ = call_of(found, place, FUNCTIONS)
    if found is None or call_ is None or len(call_.args) > 2:
        return ()
    axis = argument(call_, 1, "axis")
    single, rank = result[1], len(result[0].shape or ())
    if (found.text(axis.value) if axis is not None else "-1") not in (str(single), str(single - rank)):
        return ()
    change = Change().replace(axis.value, cst.Integer(str(steps))) if axis is not None else Change().replace(call_, with_keyword(call_, "axis", cst.Integer(str(steps))))
    return fix(title, "unsafe", (found, change))


def _layer(code: Code, call: cst.Call, names: Names, steps: int) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """The expression that makes a layer (and calls it) and what it becomes."""
    kind = last_name(call.func)
    if kind == "Softmax":
        axis = argument(call, 0, "axis")
        return (axis.value, cst.Integer(str(steps))) if axis is not None else (call, with_keyword(call, "axis", cst.Integer(str(steps))))
    made = _softmax_layer(code, call, names, kind)
    given = argument(call, 0 if kind == "Activation" else 1 if kind == "Dense" else None, "activation")
    if made is None or given is None:
        return None
    if kind == "Activation":
        return call, code.expression(f"{made}(axis={steps})")
    bare, outer = without_argument(call, given), code.parent(call)
    if isinstance(outer, cst.Call) and outer.func is call:
        return outer, code.expression(f"{made}(axis={steps})({code.text(outer.with_changes(func=bare))})")
    softmax = names.function("softmax")
    return (given.value, code.expression(f"lambda scores: {softmax}(scores, axis={steps})")) if softmax else None


def _softmax_layer(code: Code, call: cst.Call, names: Names, kind: str) -> str | None:
    prefix = code.text(call.func).removesuffix(kind)
    if prefix or "Softmax" in names.aliases:
        return f"{prefix}Softmax"
    return f"{names.keras}.layers.Softmax" if names.keras else None
