"""The variables of the object that computed the target, in the place of those of its namesake."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, fix, last_name, same
from gradmagic.fixes.names import is_known_at
from gradmagic.fixes.numerics import value_of
from gradmagic.recording import GradientRun, Recording, Variable
from gradmagic.report import Fix


def name_of(recording: Recording, variable: Variable | None, run: GradientRun | None = None, asked: Iterable[str] = ()) -> str | None:
    """The user's name for a variable, for the model that owns it, or for the object around it that computes."""
    if variable is None:
        return None
    called = [m for m in recording.models if variable.id in m.weights and m.name.isidentifier()]
    largest = max(called, key=lambda m: len(m.weights)).name if called else None
    alike = next((m.name for m in called if run is not None and [recording.variables[k].shape for k in m.weights if k in recording.variables] == [s.shape for s in run.sources]), None)
    # A whole model is asked for in the place of one that is like it.
    if alike is not None and alike not in asked:
        return alike
    return next((n for n in variable.names if n.isidentifier()), variable.owner) or largest


def called_with(recording: Recording, variable: Variable | None) -> list[str]:
    """The names of the models that were called and have a variable among their weights."""
    return list(dict.fromkeys(m.name for m in recording.models if variable is not None and variable.id in m.weights and m.name.isidentifier()))


def same_object(recording: Recording, run: GradientRun | None, used: str | None, asked: Iterable[str]) -> tuple[Fix, ...]:
    """Ask for the variables of the object that computed the target, where the sources name one of `asked`."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    names = set(asked) - {used}
    if found is None or wanted is None or not names or used is None or not used.isidentifier():
        return ()
    code = found[0]
    if not is_known_at(recording, code, found[1], used):
        return ()
    listed = (value_of(code, wanted.value) if isinstance(wanted.value, cst.Name) and wanted.value.value not in names else None) or wanted.value
    chosen = [n for n in code.all(cst.Attribute, listed) if isinstance(n.value, cst.Name) and n.value.value in names and last_name(n).endswith(("variables", "weights"))]
    change, scope = Change(), code.scope(found[1])
    for node in code.all(cst.Attribute, scope):
        if any(same(node, c) for c in chosen) and isinstance(node.value, cst.Name) and (node in chosen or listed in chosen):
            change.replace(node, node.with_changes(value=cst.Name(used)))
    if not change.replaced and isinstance(listed, cst.Name) and listed.value in names:
        change.replace(listed, cst.Name(used))
    elif not change.replaced and isinstance(listed, (cst.List, cst.Tuple)):
        for element in listed.elements:
            for name in code.all(cst.Name, element.value):
                if name.value in names:
                    change.replace(name, cst.Name(used))
    return fix(f"ask for the gradients of `{used}`, which computed the target", "unsafe", (code, change)) if change.replaced else ()
