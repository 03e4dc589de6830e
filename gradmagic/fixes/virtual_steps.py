"""A step of an optimizer under an outer tape, through which a gradient is to go: the new weights as a list, and the model called with them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, dotted, fix, last_name
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.names import new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

TRAINED = ("trainable_variables", "trainable_weights")
WRITERS = ("set_weights", "load_weights", "assign")


def virtual_step(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`optimizer.apply_gradients(zip(grads, model.trainable_variables))` and `model(x)` behind it → `adapted = [v - optimizer.learning_rate * g …]` and `model.stateless_call(adapted, …)`."""
    found = tape_block(recording, run)
    if found is None:
        return ()
    code, block, _ = found
    applied = [c for c in code.all(cst.Call, block) if isinstance(code.parent(c), cst.Expr) and last_name(c.func) in ("apply_gradients", "apply")]
    pair = _pair(applied[0]) if len(applied) == 1 else None
    statement = code.statement(applied[0]) if applied else None
    if pair is None or statement is None or code.parent(statement) is not block.body:
        return ()
    call, (grads, variables) = applied[0], pair
    assert isinstance(call.func, cst.Attribute) and isinstance(variables, cst.Attribute)
    optimizer, model = dotted(call.func.value), dotted(variables.value)
    later = [c for c in code.all(cst.Call, block) if dotted(c.func) == model and code.start(c) > code.end(statement) and c.args and code.scope(c) is code.scope(block)]
    if not model or not later or not _is_plain_descent(recording, optimizer):
        return ()
    name, change = new_name(code, "adapted"), Change()
    if not isinstance(grads, cst.Name):
        # They are read twice.
        given = cst.Name(new_name(code, "grads"))
        change.insert_before(statement, code.line(f"{given.value} = {code.text(grads)}"))
    else:
        given = grads
    step = f"{name} = [v - {optimizer}.learning_rate * g for g, v in zip({given.value}, {code.text(variables)})]"
    change.insert_before(statement, code.line(step)).remove(statement)
    for after in later:
        rest = ", ".join(code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in after.args)
        change.replace(after, code.expression(f"{model}.stateless_call({name}, {model}.non_trainable_variables, {rest})[0]"))
    if not _is_undone(code, model, block):
        # The step itself is still made, behind what is asked about it.
        change.insert_after(block, cst.SimpleStatementLine([cst.Expr(call.deep_replace(grads, given))]))
    return fix(f"compute new weights without assigning them, and call `{model}` with these", "unsafe", (code, change))


def _pair(call: cst.Call) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """The gradients and the trainable variables of a model that a call applies them to."""
    given = call.args
    if last_name(call.func) == "apply_gradients":
        inner = given[0].value if len(given) == 1 else None
        given = inner.args if isinstance(inner, cst.Call) and last_name(inner.func) == "zip" else ()
    if len(given) != 2 or any(a.keyword is not None or a.star for a in given) or not isinstance(call.func, cst.Attribute):
        return None
    grads, variables = given[0].value, given[1].value
    return (grads, variables) if isinstance(variables, cst.Attribute) and last_name(variables) in TRAINED and dotted(variables) else None


def _is_plain_descent(recording: Recording, optimizer: str) -> bool:
    """Whether an optimizer takes the gradient times its learning rate from the variable, and does nothing else."""
    made = [v for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if optimizer and dotted(t) == optimizer]
    return bool(made) and all(
        isinstance(m, cst.Call) and last_name(m.func) == "SGD" and len(m.args) <= 1 and all(a.keyword is None or a.keyword.value == "learning_rate" for a in m.args) for m in made
    )


def _is_undone(code: Code, model: str, block: cst.With) -> bool:
    """Whether the weights of a model are written again behind a block."""
    written = [c.func for c in code.all(cst.Call) if last_name(c.func) in WRITERS and code.start(c) > code.end(block) and code.scope(c) is code.scope(block)]
    return any(isinstance(f, cst.Attribute) and (dotted(f.value) == model or last_name(f) == "assign") for f in written)
