"""Soft forms of what selects, counts, samples or drops."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, fix, last_name
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.one_hots import soft_one_hot
from gradmagic.fixes.right_answers import comparison_of
from gradmagic.fixes.soft_counts import counted
from gradmagic.fixes.soft_lookup import consumers, mean_row
from gradmagic.fixes.soft_tokens import is_row, mean_of_rows
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def _goes_back(code: Code, node: cst.Call) -> bool:
    """Whether pictures of whole numbers become floats again by `convert_image_dtype`."""
    return any(last_name(c.func) == "convert_image_dtype" and (dtype := text_of(code, c, 1, "dtype")) is not None and "float" in dtype for c in consumers(code, node))


def soft(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """The soft form of a one-hot, an index, a count or a histogram at a place."""
    code, names = code_at(recording, place), names_of(recording)
    for node in code.expressions_at(place) if code is not None and place is not None else ():
        if code is None or not isinstance(node, cst.Call):
            continue
        name = last_name(node.func)
        if name == "one_hot":
            found = soft_one_hot(recording, code, node, names, op)
        elif name in ("argmax", "argmin"):
            found = mean_row(recording, code, node, names, op) or mean_of_rows(recording, place) or (() if is_row(recording, code, node) else _expected_index(recording, code, node, names, op))
        elif name == "histogram_fixed_width":
            found = _histogram(code, node, names)
        elif name == "convert_image_dtype":
            x = text_of(code, node, 0, "image")
            # What makes them floats again leaves floats as they are, and divides whole numbers only.
            new = x if _goes_back(code, node) else f"{atom(x or '')} * 255.0"
            found = fix("keep the pixels as floats", "unsafe", (code, Change().replace(node, code.expression(new)))) if x is not None and new is not None else ()
        else:
            found = ()
        if found:
            return found
    return counted(recording, place)


def _expected_index(recording: Recording, code: Code, call: cst.Call, names: Names, op: Op | None) -> tuple[Fix, ...]:
    """`argmax` over the last axis as the expected index under a softmax."""
    x, axis = text_of(code, call, 0, "input", "x", "a"), text_of(code, call, 1, "axis")
    entering = recording.tensors.get(op.inputs[0]) if op is not None and op.inputs else None
    rank = len(entering.shape) if op is not None and op.type.startswith("Arg") and entering is not None and entering.shape is not None else None
    last = axis in ("-1", str(rank - 1) if rank is not None else "-1") or (axis is None and rank == 1)
    if x is None or not last or names.is_keras_ops(call.func) or names.tf is None or comparison_of(code, call) is not None:
        # A number between two classes is never equal to one.
        return ()
    tf, sign = names.tf, "-" if last_name(call.func) == "argmin" else ""
    target: cst.BaseExpression = call
    outer = code.enclosing(call, cst.Call)
    if outer is not None and last_name(outer.func) == "cast" and outer.args[0].value is call:
        target = outer
    new = f"{tf}.reduce_sum({tf}.nn.softmax({sign}{atom(x)}) * {tf}.range({tf}.cast({tf}.shape({x})[-1], {atom(x)}.dtype)), axis=-1)"
    return fix("use the expected index under a softmax in the place of the index of the largest", "unsafe", (code, Change().replace(target, code.expression(new))))


def _histogram(code: Code, call: cst.Call, names: Names) -> tuple[Fix, ...]:
    """All histograms of a function: the others are compared with this one, and its numbers are no longer whole."""
    change = Change()
    for each in code.all(cst.Call, code.scope(call)):
        new = _counted_softly(code, each, names) if last_name(each.func) == last_name(call.func) else None
        if new is not None:
            change.replace(each, code.expression(new))
    return fix("count softly: every value is shared by the bins near it", "unsafe", (code, change)) if call in change.replaced else ()


def _counted_softly(code: Code, call: cst.Call, names: Names) -> str | None:
    x, span, bins = text_of(code, call, 0, "values"), argument(call, 1, "value_range"), text_of(code, call, 2, "nbins") or "100"
    tf = names.tf
    if x is None or span is None or tf is None:
        return None
    pair = span.value.elements if isinstance(span.value, (cst.List, cst.Tuple)) and len(span.value.elements) == 2 else None
    low, high = (atom(code.text(e.value)) for e in pair) if pair is not None else (f"{atom(code.text(span.value))}[0]", f"{atom(code.text(span.value))}[1]")
    centres = f"{tf}.linspace({low}, {high}, {bins})"
    return f"{tf}.reduce_sum({tf}.nn.softmax(-{tf}.square(({tf}.reshape({x}, [-1, 1]) - {centres}) * {atom(bins)} / ({high} - {low}))), axis=0)"


def lower_rate(recording: Recording, op: Op | None, place: Place) -> tuple[Fix, ...]:
    """A dropout of everything: the share that is kept, where the name says so, becomes the share that is dropped; else half of it."""
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    places = [p for p in (layer.made_at if layer is not None else None, place) if p is not None]
    for spot in places:
        code = code_at(recording, spot)
        call = next((c for c in code.all(cst.Call) if "ropout" in last_name(c.func) and code.start(c)[0] <= spot.line <= code.end(c)[0]), None) if code is not None else None
        if code is not None and call is not None:
            rate = argument(call, 0 if last_name(call.func)[:1].isupper() else 1, "rate", "seed_rate")
            return _lowered(recording, code, rate.value) if rate is not None else ()
    made = [(c, call) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func).endswith("Dropout")]
    rate = argument(made[0][1], 0, "rate") if len(made) == 1 else None
    return _lowered(recording, made[0][0], rate.value) if rate is not None else ()


def _lowered(recording: Recording, code: Code, rate: cst.BaseExpression) -> tuple[Fix, ...]:
    text = code.text(rate)
    if "keep" in text.lower():
        return fix("drop what is not kept: the rate is the share that is dropped", "unsafe", (code, Change().replace(rate, code.expression(f"1.0 - {atom(text)}"))))
    if isinstance(rate, (cst.Float, cst.Integer)):
        return fix("drop half of the values, not all of them", "unsafe", (code, Change().replace(rate, cst.Float("0.5"))))
    bound = [(c, a.value) for c in cells(recording) for a in c.all(cst.Assign) if last_name(a.targets[0].target) == last_name(rate) and isinstance(a.value, (cst.Float, cst.Integer))]
    return fix("drop half of the values, not all of them", "unsafe", (bound[0][0], Change().replace(bound[0][1], cst.Float("0.5")))) if len(bound) == 1 else ()
