"""Variables that were listed before there were any."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name, same
from gradmagic.fixes.flow import pairs_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

LISTS = ("trainable_variables", "trainable_weights", "variables", "weights")


def listed_late(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`self.weights = list(model.trainable_variables)` of a model without weights: the gradient call, and what applies it, ask the model itself."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    name = dotted(wanted.value) if wanted is not None else ""
    if found is None or wanted is None or not name or run is None or run.sources:
        return ()
    code = found[0]
    made = [(c, a) for c in cells(recording) for a in c.all(cst.Assign) if len(a.targets) == 1 and dotted(a.targets[0].target) == name]
    if len(made) != 1:
        return ()
    where, assign = made[0]
    block = tape_block(recording, run)
    if block is not None and block[0] is where and where.start(assign) > where.end(block[1]) and where.scope(assign) is where.scope(block[1]):
        # Listed behind what ran the model, it is the list that the model has.
        return ()
    listed = assign.value
    if isinstance(listed, cst.Call) and last_name(listed.func) in ("list", "tuple") and len(listed.args) == 1:
        listed = listed.args[0].value
    if not isinstance(listed, cst.Attribute) or last_name(listed) not in LISTS:
        return ()
    model = _seen_from(where, assign, dotted(listed.value), method=name.startswith("self."))
    if model is None:
        return ()
    new, change = code.expression(f"{model}.{last_name(listed)}"), Change()
    # `zip(weights, tape.gradient(loss, weights))` names the list in front of the call as well.
    around = code.parent(code.parent(found[1]) or found[1])
    first = code.start(around if isinstance(around, cst.Call) else found[1])
    for node in code.all(type(wanted.value), code.scope(found[1])):
        stored = isinstance(code.parent(node), cst.AssignTarget)
        if same(node, wanted.value) and not stored and code.start(node) >= first:
            change.replace(node, new)
    return fix(f"ask `{model}` for its weights when it has them", "safe", (code, change))


def _seen_from(code: Code, assign: cst.Assign, model: str, method: bool) -> str | None:
    """The name of a model where its weights are asked for: a parameter of `__init__` is known there by the attribute that keeps it."""
    function = code.function(assign)
    if not method or model.startswith("self."):
        return model or None
    for other in code.all(cst.Assign, function) if function is not None else []:
        kept = next((dotted(t) for t, v in pairs_of(other) if dotted(v) == model and dotted(t).startswith("self.")), None)
        if kept is not None:
            return kept
    return None
