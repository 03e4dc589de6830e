"""Two models that stand in each other's place: the attributes that hold them, the arguments that they are handed over as, or the lines that train."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import pairs_of
from gradmagic.recording import Recording, Span
from gradmagic.report import Fix


def put_right(recording: Recording, trained: str, still: str, training: Span | None, crossed: bool, called: tuple[str, str]) -> tuple[Fix, ...]:
    """Exchange two models where the code has one of each pair only: in the function that keeps them, in the call that hands them over, else in the function that trains.

    Args:
        trained, still: the notebook's names of the model that was trained and of the one that was not.
        training: a line of the function that trains.
        crossed: whether each is called by the name of the other one in that function.
        called: what that function calls the two.
    """
    title = f"train `{still}`, and let `{trained}` only predict"
    if crossed and (kept := _kept_crosswise(recording, trained, still)) is not None:
        return fix(title, "unsafe", kept)
    handed = _handed_over(recording, trained, still, crossed)
    if handed is not None:
        return fix(title, "unsafe", handed)
    same = [last_name(cst.parse_expression(c)) for c in called] == [trained, still]
    return _in_function(recording, training, called, title) if same and not crossed else ()


def _kept_crosswise(recording: Recording, one: str, other: str) -> tuple[Code, Change] | None:
    """`self.teacher = student` and `self.student = teacher` in one function, whose parameters they are."""
    found = []
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            parameters = {p.name.value for p in (*function.params.params, *function.params.kwonly_params)}
            pairs = [(t, v) for a in code.all(cst.Assign, function) for t, v in pairs_of(a) if isinstance(t, cst.Attribute) and isinstance(v, cst.Name)]
            crossing = [(t, v) for t, v in pairs if {t.attr.value, v.value} == {one, other}]
            if {one, other} <= parameters and len(crossing) == 2 and len({t.attr.value for t, _ in crossing}) == 2:
                found.append((code, _exchanged([v for _, v in crossing])))
    return found[0] if len(found) == 1 else None


def _handed_over(recording: Recording, one: str, other: str, crossed: bool) -> tuple[Code, Change] | None:
    """The one call that is given both models, of a class or a function of known code; where `crossed` as parameters that have each other's names."""
    found = []
    # Those of the newest cell that has one of a name.
    functions: dict[str, tuple[Code, list[cst.FunctionDef]]] = {}
    for code in cells(recording):
        for name, function in _callables(code):
            where, known = functions.setdefault(name, (code, []))
            known += [function] if where is code else []
    for code in cells(recording):
        for call in code.all(cst.Call):
            given = [(i, a) for i, a in enumerate(call.args) if isinstance(a.value, cst.Name) and a.value.value in (one, other) and not a.star]
            _, called = functions.get(last_name(call.func), (code, []))
            # Of several functions of that name, each of a class of its own, none is known to be meant.
            if len(called) != 1 or len(given) != 2 or len({a.value.value for _, a in given}) != 2:  # type: ignore[attr-defined]
                continue
            names = [n for n in (p.name.value for p in called[0].params.params) if n != "self"]
            taken = [a.keyword.value if a.keyword is not None else names[i] if i < len(names) else "" for i, a in given]
            own = [a.value.value for _, a in given]  # type: ignore[attr-defined]
            # What is handed over by its own name is not what was mixed up.
            if taken == own[::-1] if crossed else not set(taken) & set(own):
                found.append((code, _exchanged([a.value for _, a in given])))
    return found[0] if len(found) == 1 else None


def _callables(code: Code) -> list[tuple[str, cst.FunctionDef]]:
    """The functions of a cell by name, those that make the objects of a class by that of the class."""
    found = []
    for function in code.all(cst.FunctionDef):
        owner = code.enclosing(function, cst.ClassDef)
        found.append((owner.name.value if owner is not None and function.name.value == "__init__" else function.name.value, function))
    return found


def _in_function(recording: Recording, training: Span | None, called: tuple[str, str], title: str) -> tuple[Fix, ...]:
    """In the function that trains each of the two in the place of the other one."""
    code = code_at(recording, training)
    statement = code.statement_at(training) if code is not None and training is not None else None
    function = code.function(statement) if code is not None and statement is not None else None
    if code is None or function is None:
        return ()
    read: list[cst.BaseExpression] = [n for kind in (cst.Attribute, cst.Name) for n in code.all(kind, function.body) if dotted(n) in called and not isinstance(code.parent(n), cst.AssignTarget)]
    change = Change()
    for node in read:
        change.replace(node, code.expression(called[1] if dotted(node) == called[0] else called[0]))
    return fix(title, "unsafe", (code, change))


def _exchanged(nodes: list[cst.BaseExpression]) -> Change:
    return Change().replace(nodes[0], nodes[1].deep_clone()).replace(nodes[1], nodes[0].deep_clone())
