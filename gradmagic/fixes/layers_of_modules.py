"""Layers of Keras that a `tf.Module` holds and does not find: their variables, beside its own in the list of what is trained."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.code import Code, cells, last_name
from gradmagic.fixes.source_lists import LISTS, with_list
from gradmagic.recording import GradientRun, Layer, Recording, Variable
from gradmagic.report import Fix

SEVERAL = (cst.List, cst.Tuple, cst.ListComp)
MAPPED = (cst.Dict, cst.DictComp)


def layers_asked_too(recording: Recording, run: GradientRun | None, module: Layer, variables: Iterable[Variable]) -> tuple[Fix, ...]:
    """`module.trainable_variables` → `[*module.trainable_variables, *module.hidden.trainable_variables]`, for each attribute that holds a layer."""
    found = asking(recording, run)
    held = _held_in(recording, module, tuple(variables))
    if found is None or not held:
        return ()

    def extended(where: Code, node: cst.BaseExpression) -> str | None:
        lists = [n for n in where.all(cst.Attribute, node) if last_name(n) in LISTS]
        if len(lists) != 1:
            return None
        owner, inner = where.text(lists[0].value), node
        if isinstance(node, cst.Call) and last_name(node.func) in ("list", "tuple") and len(node.args) == 1:
            inner = node.args[0].value
        return f"[*{where.text(inner)}, {', '.join(part.format(owner) for part in held)}]" if inner is lists[0] else None

    return with_list(recording, found, f"train the layers of `{module.name}` with them", extended)


def _held_in(recording: Recording, module: Layer, variables: tuple[Variable, ...]) -> list[str]:
    """For each attribute of a module in which the variables are, how the list of those is written; none where one of them is elsewhere."""
    made = [a for code in cells(recording) for owner in code.all(cst.ClassDef) if owner.name.value == module.type for a in code.all(cst.Assign, owner) if _is_attribute(a.targets[0].target)]
    parts: dict[str, str] = {}
    for variable in variables:
        known = {*variable.holders, *([variable.owner.rpartition(".")[2].partition("[")[0]] if variable.owner else [])}
        holding = {last_name(a.targets[0].target): a.value for a in made if last_name(a.targets[0].target) in known}
        if len(holding) != 1:
            return []
        name, value = next(iter(holding.items()))
        if isinstance(value, (*SEVERAL, *MAPPED)):
            each = f"{{}}.{name}.values()" if isinstance(value, MAPPED) else f"{{}}.{name}"
            parts[name] = f"*[v for layer in {each} for v in layer.trainable_variables]"
        elif isinstance(value, cst.Call):
            parts[name] = f"*{{}}.{name}.trainable_variables"
        else:
            return []
    return [parts[last_name(a.targets[0].target)] for a in made if last_name(a.targets[0].target) in parts] if len(made) == len({last_name(a.targets[0].target) for a in made}) else []


def _is_attribute(target: cst.BaseAssignTargetExpression) -> bool:
    return isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name) and target.value.value == "self"
