"""Variables that are chosen by the name of their layer, which stands in their path and not in their name."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.calls import call_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.optimizers import APPLYING
from gradmagic.fixes.written import written
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Fix

COMPREHENSIONS = (cst.ListComp, cst.GeneratorExp, cst.SetComp)


def chosen_by_path(recording: Recording, run: GradientRun | None, place: Span | None) -> tuple[Fix, ...]:
    """`[v for v in model.trainable_variables if "head" in v.name]`, which is empty where `v.name` is ``"kernel"``: with `v.path`, if that has the word."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    start = (found[0], wanted.value) if found is not None and wanted is not None and run is not None and not run.sources else _given(recording, place)
    paths = [v.path for v in recording.variables.values() if v.trainable and "/" in v.path]
    for code, comprehension in _chosen(recording, *start) if start is not None else ():
        change = Change()
        for condition in comprehension.for_in.ifs:
            for name in code.all(cst.Attribute, condition.test):
                if name.attr.value == "name" and isinstance(name.value, cst.Name) and name.value.value in targets_of(comprehension.for_in.target):
                    _by_path(recording, code, name, paths, change)
        if change.replaced:
            return fix("look for the layer in the path of a variable: its name is only that of the weight", "unsafe", (code, change))
    return ()


def _given(recording: Recording, place: Span | None) -> tuple[Code, cst.BaseExpression] | None:
    """What an optimizer is given."""
    code = code_at(recording, place)
    call = call_of(code, place, APPLYING)
    return (code, call.args[0].value) if code is not None and call is not None and call.args else None


def _chosen(recording: Recording, code: Code, node: cst.BaseExpression, depth: int = 3) -> list[tuple[Code, cst.ListComp | cst.GeneratorExp | cst.SetComp]]:
    """The comprehensions that an expression is made of, directly or through names."""
    found = [(code, n) for n in code.all(cst.BaseExpression, node) if isinstance(n, COMPREHENSIONS) and n.for_in.ifs]
    names = {t for n in code.all(cst.BaseExpression, node) if isinstance(n, (cst.Name, cst.Attribute)) and (t := dotted(n))}
    for cell in cells(recording) if depth else ():
        for assign in cell.all(cst.Assign):
            if any(dotted(t.target) in names for t in assign.targets):
                found += [f for f in _chosen(recording, cell, assign.value, depth - 1) if f not in found]
    return found


def _by_path(recording: Recording, code: Code, name: cst.Attribute, paths: list[str], change: Change) -> None:
    """`"head" in v.name` and `v.name.startswith("head")`, where the paths have the word and a name cannot."""
    outer, whole = code.parent(name), name.with_changes(attr=cst.Name("path"))
    if isinstance(outer, cst.ComparisonTarget) and isinstance(outer.operator, cst.In):
        comparison = code.parent(outer)
        word = comparison.left if isinstance(comparison, cst.Comparison) and len(comparison.comparisons) == 1 else None
        words = [str(n.evaluated_value) for _, n in written(recording, code, word) if isinstance(n, cst.SimpleString)] if word is not None else []
        if words and all(any(w in p for p in paths) for w in words):
            change.replace(name, whole)
    elif isinstance(outer, cst.Attribute) and last_name(outer) == "startswith":
        call = code.parent(outer)
        word = call.args[0].value if isinstance(call, cst.Call) and len(call.args) == 1 else None
        text = str(word.evaluated_value) if isinstance(word, cst.SimpleString) else ""
        if text and any(p.startswith(text) for p in paths):
            change.replace(name, whole)
        elif text and isinstance(call, cst.Call) and word is not None and any(f"/{text}" in p for p in paths):
            change.replace(call, code.expression(f"{code.text(word)} in {code.text(whole)}"))
