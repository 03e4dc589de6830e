"""The symbolic output of a layer as the source, beside a call of its model: one model that gives the layer's values and the prediction."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, dotted, fix, last_name, same
from gradmagic.fixes.flow import meant, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

TAKING = ("get_layer", "layers")


def given_beside(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`scores = model(x)` and `gradient(score, layer.output)` → `features, scores = both(x)` of `Model(model.inputs, [layer.output, model.outputs[0]])` (Selvaraju et al., 2017: Grad-CAM)."""
    found, block, keras = asking(recording, run), tape_block(recording, run), names_of(recording).keras
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    if found is None or block is None or wanted is None or keras is None or found[0] is not block[0]:
        return ()
    code, scope = found[0], found[0].scope(found[1])
    symbolic = meant(code, wanted.value)[0]
    model = _model_of(code, symbolic.value) if isinstance(symbolic, cst.Attribute) and last_name(symbolic) == "output" else None
    calls = [a for a in code.all(cst.Assign, block[1].body) if isinstance(a.value, cst.Call) and model is not None and dotted(a.value.func) == model]
    target = calls[0].targets[0].target if len(calls) == 1 and len(calls[0].targets) == 1 else None
    call = calls[0].value if len(calls) == 1 else None
    if model is None or not isinstance(target, cst.Name) or not isinstance(call, cst.Call):
        return ()
    features, both = new_name(code, "features"), new_name(code, "both")
    change = Change().insert_before(block[1], code.line(f"{both} = {keras}.Model({model}.inputs, [{code.text(symbolic)}, {model}.outputs[0]])"))
    change.replace(target, cst.Tuple([cst.Element(cst.Name(features)), cst.Element(cst.Name(target.value))], lpar=[], rpar=[])).replace(call.func, cst.Name(both))
    values: list[cst.BaseExpression] = [*reads_of(code, wanted.value.value, scope)] if isinstance(wanted.value, cst.Name) else [a for a in code.all(cst.Attribute, scope) if same(a, symbolic)]
    for value in values:
        if code.start(value) > code.start(block[1]):
            change.replace(value, cst.Name(features))
    return fix(f"let one model give the values of the layer and `{target.value}`", "unsafe", (code, change))


def _model_of(code: Code, layer: cst.BaseExpression) -> str | None:
    """The model that a layer is taken out of: of `net.get_layer("last")`, `net.layers[-2]` or a name for it."""
    taken = meant(code, layer)[0]
    held = taken.func if isinstance(taken, cst.Call) else taken.value if isinstance(taken, cst.Subscript) else None
    return dotted(held.value) or None if isinstance(held, cst.Attribute) and last_name(held) in TAKING else None
