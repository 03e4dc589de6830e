"""`tf.nn.silu` with a `beta` that is no single number: TensorFlow sums the gradient of `beta` to one number, whatever shape `beta` has."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import line_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, atom, code_at, fix, last_name
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

FUNCTIONS = ("silu", "swish")
# The name that TensorFlow's own function with the custom gradient has.
IMPLEMENTATION = "swish_impl"


def product_with_sigmoid(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`tf.nn.silu(x, beta=b)` → `x * tf.sigmoid(b * x)`, whose gradient has the shape of `b`."""
    code = code_at(recording, op.span) if op is not None and op.name == IMPLEMENTATION else None
    if code is None or op is None or op.span is None:
        return ()
    calls = [n for n in code.expressions_at(op.span) if isinstance(n, cst.Call) and last_name(n.func) in FUNCTIONS]
    names = names_of(recording)
    sigmoid = names.function("sigmoid")
    if len(calls) != 1 or sigmoid is None or not names.module(calls[0].func).startswith("tensorflow."):
        return ()
    call = calls[0]
    features, beta = argument(call, 0, "features"), argument(call, 1, "beta")
    if features is None or beta is None:
        return ()
    change, x = Change(), atom(code.text(features.value))
    if code.all(cst.Call, features.value):
        # A layer runs once, and a random number is drawn once.
        statement = line_of(code, call)
        if statement is None or any(code.end(other) <= code.start(call) for other in code.all(cst.Call, statement)):
            return ()
        x = new_name(code, "inner")
        change.insert_before(statement, code.line(f"{x} = {code.text(features.value)}"))
    change.replace(call, code.expression(f"{x} * {sigmoid}({atom(code.text(beta.value))} * {x})"))
    return fix("write it as a product with a sigmoid, whose gradient keeps the shape of `beta`", "safe", (code, change))
