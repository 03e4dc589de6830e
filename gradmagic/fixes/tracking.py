"""Weights that Keras does not know of, and models that are trained beside the one that is used."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.code import Change, argument, code_at, fix
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording, Variable
from gradmagic.report import Fix


def added_weight(recording: Recording, place: Place, variable: Variable) -> tuple[Fix, ...]:
    """`self.w = tf.Variable(start)` → `self.w = self.add_weight(…)` with the same shape, dtype and start."""
    code, keras = code_at(recording, place), names_of(recording).keras
    call = code.call_at(place, ("Variable",)) if code is not None and place is not None else None
    shape = variable.shape
    if code is None or call is None or keras is None or shape is None or None in shape:
        return ()
    statement = code.statement(call)
    function = code.function(call)
    start = argument(call, 0, "initial_value")
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if function is None or start is None or not isinstance(assign, cst.Assign) or assign.value is not call:
        return ()
    target = assign.targets[0].target
    owner = function.params.params[0].name.value if function.params.params else ""
    if not isinstance(target, cst.Attribute) or not isinstance(target.value, cst.Name) or target.value.value != owner:
        return ()
    named = argument(call, None, "name")
    name = code.text(named.value) if named is not None else f'"{target.attr.value}"'
    dtype = f", dtype={variable.dtype!r}".replace("'", '"') if variable.dtype != "float32" else ""
    text = f"{owner}.add_weight(shape={shape!r}, initializer={keras}.initializers.Constant({code.text(start.value)}){dtype}, name={name})"
    return fix("make it with `add_weight`, so that Keras trains it", "unsafe", (code, Change().replace(call, code.expression(text))))


def other_model(recording: Recording, place: Place, used: str, trained: str) -> tuple[Fix, ...]:
    """The trained model in the place of the one that was left as it was, in one call."""
    code = code_at(recording, place)
    if code is None or place is None or not used.replace(".", "").isidentifier() or not trained.replace(".", "").isidentifier():
        return ()
    for call in code.expressions_at(place):
        root = call.func if isinstance(call, cst.Call) else None
        if isinstance(root, cst.Attribute) and code.text(root) != used:
            root = root.value
        if root is not None and code.text(root) == used:
            return fix(f"use `{trained}`, which was trained", "unsafe", (code, Change().replace(root, code.expression(trained))))
    return ()
