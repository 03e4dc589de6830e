"""Variables that an object of the user's keeps beside a network, such as the coefficient that an inverse problem asks for."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.code import Code, argument, cells, last_name
from gradmagic.fixes.flow import assignments_of, pairs_of
from gradmagic.locate.paths import paths_of, values_behind
from gradmagic.recording import GradientRun, Op, Recording, Variable

MOST = 40


def beside_the_network(recording: Recording, run: GradientRun | None, variable: Variable, read: Op | None) -> str | None:
    """What a variable is called at the gradient call, where that asks for the weights of a network of the same object: ``"self.nu"`` beside `self.net`.

    None where the variable may be meant to stay: it is made with `trainable=`, weighs a term of the loss, or is kept somewhere else.
    """
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    if found is None or wanted is None or read is None or run is None or math.prod(d or 1 for d in variable.shape or ()) != 1 or not _meets_outputs(recording, run, read):
        # A number that multiplies a whole term would only be trained to make the term small.
        return None
    code, listed = found[0], wanted.value
    if isinstance(listed, cst.Name):
        lists = assignments_of(code, listed.value, code.scope(found[1]))
        if len(lists) != 1:
            return None
        listed = lists[0].value
    if not isinstance(listed, cst.Attribute) or last_name(listed) not in ("trainable_variables", "trainable_weights") or not isinstance(listed.value, cst.Attribute):
        return None
    network, holder = listed.value.attr.value, code.text(listed.value.value)
    attributes = {name.rpartition(".")[2] for name in variable.names if "." in name}
    for cell in cells(recording):
        for owner in cell.all(cst.ClassDef):
            kept = _kept(cell, owner)
            names = [a for a in attributes if a in kept and isinstance(kept[a], cst.Call) and _is_plain_variable(kept[a])]
            if network in kept and len(names) == 1:
                return f"{holder}.{names[0]}"
    return None


def is_a_term_too(recording: Recording, run: GradientRun | None, variable: Variable) -> bool:
    """Whether the loss reads a variable in more than one way, as in `exp(-s) * error + s`: what only weighs a term, or shifts an input, may be meant to stay."""
    if run is None:
        return False
    keys = {variable.id, *(key for key, t in recording.tensors.items() if t.variable == variable.id)}
    reached = paths_of(recording, run).walk[0]
    reads = [op for key in keys for op in recording.consumers.get(key, ()) if op.phase == "forward" and any(out in reached for out in op.outputs)]
    return len({op.span for op in reads}) > 1


def _meets_outputs(recording: Recording, run: GradientRun, read: Op) -> bool:
    """Whether a variable, or a number made of it alone, enters an op with what the network gives, element by element."""
    sources = {s.id for s in run.sources}
    waiting, seen = [read], set[int]()
    while waiting and len(seen) < MOST:
        op = waiting.pop()
        if op.seq in seen or not op.outputs or op.phase != "forward":
            continue
        seen.add(op.seq)
        made = recording.tensors.get(op.outputs[0])
        if made is not None and math.prod(d or 1 for d in made.shape or ()) > 1:
            if any(k in sources or ((t := recording.tensors.get(k)) is not None and t.variable in sources) for i in op.inputs for k in (i, *values_behind(recording, i))):
                return True
        elif len(op.inputs) < 2 or sum(i in recording.producer for i in op.inputs) < 2:
            waiting += recording.consumers.get(op.outputs[0], ())
    return False


def _kept(code: Code, owner: cst.ClassDef) -> dict[str, cst.BaseExpression]:
    """The attributes that a class gives its objects, with their first values."""
    kept: dict[str, cst.BaseExpression] = {}
    for function in (f for f in code.all(cst.FunctionDef, owner) if f.name.value == "__init__" and f.params.params):
        first = function.params.params[0].name.value
        for assign in code.all(cst.Assign, function):
            for left, right in pairs_of(assign):
                if isinstance(left, cst.Attribute) and isinstance(left.value, cst.Name) and left.value.value == first:
                    kept.setdefault(left.attr.value, right)
    return kept


def _is_plain_variable(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.Call) and last_name(value.func) == "Variable" and argument(value, None, "trainable") is None and not any(a.star for a in value.args)
