"""Gradients with an axis of examples before the axes of their variables: a jacobian, or what was mapped over a batch, handed to an optimizer."""

from __future__ import annotations

import re

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name, names_in
from gradmagic.fixes.names import names_of
from gradmagic.fixes.optimizers import APPLYING
from gradmagic.recording import GradientRun, Recording, Update
from gradmagic.report import Fix

SAID = re.compile(r"variable with shape \[([\d,]*)\] using a Tensor with shape \[([\d,]*)\]")


def has_axis_of_examples(recording: Recording, update: Update, run: GradientRun | None) -> bool:
    """Whether every gradient whose shape is known has one axis more than its variable, in front and always of the same length."""
    shapes: list[tuple[tuple[int | None, ...], tuple[int | None, ...]]] = []
    for pair in update.pairs:
        variable, gradient = recording.variables.get(pair.variable), recording.tensors.get(pair.gradient or 0)
        if variable is not None and variable.shape is not None and gradient is not None and gradient.shape is not None:
            shapes.append((variable.shape, gradient.shape))
    if not shapes and run is not None and run.kind.endswith("jacobian"):
        shapes = [(s.shape, g.shape) for s, g in zip(run.sources, run.gradients, strict=False) if s.shape is not None and g.shape is not None]
    said = SAID.search(update.raised.message) if update.raised is not None else None
    if not shapes and said is not None:
        shapes = [(_shape(said.group(1)), _shape(said.group(2)))]
    return bool(shapes) and len({g[0] for _, g in shapes if g}) == 1 and all(len(g) == len(v) + 1 and g[1:] == v for v, g in shapes)


def averaged_over_examples(recording: Recording, update: Update) -> tuple[Fix, ...]:
    """`apply_gradients(zip(g, v))` → `apply_gradients(zip([tf.reduce_mean(g, axis=0) for g in grads], v))`; where the list is made in one line, there."""
    code = code_at(recording, update.span)
    call = code.call_at(update.span, APPLYING) if code is not None and update.span is not None else None
    mean = names_of(recording).function("reduce_mean")
    given = argument(call, 0, "grads_and_vars", "grads") if call is not None else None
    if code is None or call is None or given is None or mean is None:
        return ()
    gradients = _gradients(given.value, last_name(call.func))
    change = Change()
    if isinstance(gradients, cst.Name):
        # The line that makes the list, if it does nothing but that, and nothing else reads it.
        made = [a for a in code.all(cst.Assign, code.scope(call)) if any(isinstance(t.target, cst.Name) and t.target.value == gradients.value for t in a.targets) and code.start(a) < code.start(call)]
        read = [n for n in code.all(cst.Name, code.scope(call)) if n.value == gradients.value and n is not gradients]
        if made and isinstance(made[-1].value, cst.ListComp) and len(read) == len(made):
            gradients = made[-1].value
    if isinstance(gradients, cst.ListComp):
        change.replace(gradients.elt, code.expression(f"{mean}({code.text(gradients.elt)}, axis=0)"))
    elif isinstance(gradients, (cst.List, cst.Tuple)):
        for element in gradients.elements:
            change.replace(element.value, code.expression(f"{mean}({code.text(element.value)}, axis=0)"))
    elif gradients is not None:
        name = "g" if "g" not in names_in(gradients) else "one"
        change.replace(gradients, code.expression(f"[{mean}({name}, axis=0) for {name} in {code.text(gradients)}]"))
    else:
        _pairs(code, given.value, mean, change)
    return fix("take the mean over the examples, so that each gradient has the shape of its variable", "unsafe", (code, change)) if change.replaced else ()


def _gradients(given: cst.BaseExpression, function: str) -> cst.BaseExpression | None:
    """The gradients in what an optimizer is given, where they stand by themselves."""
    if isinstance(given, cst.Call) and last_name(given.func) == "list" and len(given.args) == 1:
        given = given.args[0].value
    if isinstance(given, cst.Call) and last_name(given.func) == "zip" and len(given.args) == 2 and not any(a.star for a in given.args):
        return given.args[0].value
    if isinstance(given, cst.ListComp) and isinstance(given.elt, cst.Tuple) and isinstance(given.for_in.iter, cst.Call):
        return None
    return given if function == "apply" and not isinstance(given, cst.Call) else None


def _pairs(code: Code, given: cst.BaseExpression, mean: str, change: Change) -> None:
    """`[(g, w)]` and `[(g, v) for g, v in …]`: the first of each pair."""
    pairs = [e.value for e in given.elements] if isinstance(given, (cst.List, cst.Tuple)) else [given.elt] if isinstance(given, (cst.ListComp, cst.GeneratorExp)) else []
    if all(isinstance(p, (cst.Tuple, cst.List)) and len(p.elements) == 2 for p in pairs):
        for pair in pairs:
            first = pair.elements[0].value  # type: ignore[attr-defined]
            change.replace(first, code.expression(f"{mean}({code.text(first)}, axis=0)"))


def _shape(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in text.split(",") if n)
