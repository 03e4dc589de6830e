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
FAR = 5
# A condition on what is chosen, and the names that stand for it.
Test = tuple[Code, cst.BaseExpression, set[str]]


def chosen_by_path(recording: Recording, run: GradientRun | None, place: Span | None) -> tuple[Fix, ...]:
    """`[v for v in model.trainable_variables if "head" in v.name]`, which is empty where `v.name` is ``"kernel"``: with `v.path`, if that has the word."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    start = (found[0], wanted.value) if found is not None and wanted is not None and run is not None else _given(recording, place)
    paths = [v.path for v in recording.variables.values() if v.trainable and "/" in v.path]
    changes: dict[Code, Change] = {}
    for code, condition, targets in _tests(recording, *start) if start is not None else ():
        for name in code.all(cst.Attribute, condition):
            if name.attr.value == "name" and isinstance(name.value, cst.Name) and name.value.value in targets:
                _by_path(recording, code, name, paths, changes.setdefault(code, Change()))
    changed = [(code, change) for code, change in changes.items() if change.replaced]
    return fix("look for the layer in the path of a variable: its name is only that of the weight", "unsafe", *changed) if changed else ()


def _given(recording: Recording, place: Span | None) -> tuple[Code, cst.BaseExpression] | None:
    """What an optimizer is given."""
    code = code_at(recording, place)
    call = call_of(code, place, APPLYING)
    return (code, call.args[0].value) if code is not None and call is not None and call.args else None


def _tests(recording: Recording, code: Code, node: cst.BaseExpression) -> list[Test]:
    """The conditions that choose what an expression is made of, directly, through names, and in the functions that it calls."""
    found: list[Test] = []
    parts, known, ran = [(code, node)], set[str](), set[str]()
    for _ in range(FAR):
        inside = [(where, n) for where, part in parts for n in where.all(cst.BaseExpression, part)]
        found += [(where, c.test, targets_of(n.for_in.target)) for where, n in inside if isinstance(n, COMPREHENSIONS) for c in n.for_in.ifs]
        names = {t for _, n in inside if isinstance(n, (cst.Name, cst.Attribute)) and (t := dotted(n))} - known
        called = {last_name(n.func) for _, n in inside if isinstance(n, cst.Call)} - ran
        known, ran, parts = known | names, ran | called, []
        for cell in cells(recording) if names or called else ():
            parts += [(cell, a.value) for a in cell.all(cst.Assign) if any(t in names for target in a.targets for t in _written_to(target.target))]
            parts += [(cell, r.value) for f in cell.all(cst.FunctionDef) if f.name.value in called for r in cell.all(cst.Return, f.body) if r.value is not None]
            found += _appended(cell, names)
    return list({id(condition): (where, condition, targets) for where, condition, targets in found}.values())


def _written_to(target: cst.BaseExpression) -> set[str]:
    """The names of an assignment's target, those of a tuple one by one."""
    return {dotted(e.value) for e in target.elements} if isinstance(target, (cst.Tuple, cst.List)) else {dotted(target)}


def _appended(cell: Code, names: set[str]) -> list[Test]:
    """The conditions under which a loop appends what it goes over to a list of these names."""
    found: list[Test] = []
    for call in cell.all(cst.Call):
        if last_name(call.func) != "append" or not isinstance(call.func, cst.Attribute) or dotted(call.func.value) not in names:
            continue
        loop, inside = cell.enclosing(call, cst.For), [n for n in cell.around(call) if isinstance(n, cst.If)]
        if loop is not None:
            found += [(cell, n.test, targets_of(loop.target)) for n in inside if cell.enclosing(n, cst.For) is loop]
    return found


def _by_path(recording: Recording, code: Code, name: cst.Attribute, paths: list[str], change: Change) -> None:
    """`"head" in v.name` and `v.name.startswith("head")`, where the paths have the word and a name cannot."""
    outer, whole = code.parent(name), name.with_changes(attr=cst.Name("path"))
    if isinstance(outer, cst.ComparisonTarget) and isinstance(outer.operator, cst.In):
        comparison = code.parent(outer)
        word = comparison.left if isinstance(comparison, cst.Comparison) and len(comparison.comparisons) == 1 else None
        words = [str(n.evaluated_value) for _, n in written(recording, code, word) if isinstance(n, cst.SimpleString)] if word is not None else []
        if all(any(w in p for p in paths) for w in words) and any(not _is_in_a_name(w, paths) for w in words):
            change.replace(name, whole)
    elif isinstance(outer, cst.Attribute) and last_name(outer) == "startswith":
        call = code.parent(outer)
        word = call.args[0].value if isinstance(call, cst.Call) and len(call.args) == 1 else None
        text = str(word.evaluated_value) if isinstance(word, cst.SimpleString) else ""
        if _is_in_a_name(text, paths):
            return
        if text and any(p.startswith(text) for p in paths):
            change.replace(name, whole)
        elif text and isinstance(call, cst.Call) and word is not None and any(f"/{text}" in p for p in paths):
            change.replace(call, code.expression(f"{code.text(word)} in {code.text(whole)}"))


def _is_in_a_name(word: str, paths: list[str]) -> bool:
    """Whether the weights themselves are called so: what asks for it may mean that."""
    return any(word in path.rpartition("/")[2] for path in paths)
