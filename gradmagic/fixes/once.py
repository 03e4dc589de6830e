"""What a training step makes once, lists once and applies once."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name, names_in, same
from gradmagic.fixes.flow import assigned, targets_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numerics import value_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def made_once(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """What is created at the top of a loop is created before it."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    loop = code.enclosing(statement, cst.For, cst.While) if code is not None and statement is not None else None
    if code is not None and isinstance(statement, cst.SimpleStatementLine) and (loop is None or code.function(loop) is not code.function(statement)):
        return _before_function(recording, code, statement)
    if code is None or statement is None or loop is None or not isinstance(statement, cst.SimpleStatementLine):
        return ()
    outermost = next((n for n in reversed(list(code.around(statement))) if isinstance(n, (cst.For, cst.While)) and code.function(n) is code.function(statement)), loop)
    changing = {n for node in code.all(cst.For, outermost) for n in targets_of(node.target)}
    moved: list[cst.SimpleStatementLine] = []
    steps = [s for s in getattr(loop.body, "body", ()) if isinstance(s, cst.SimpleStatementLine)]
    for step in steps:
        value = step.body[0].value if isinstance(step.body[0], cst.Assign) else None
        several = isinstance(value, cst.Tuple) and all(isinstance(e.value, cst.Call) and last_name(e.value.func)[:1].isupper() for e in value.elements)
        makes = several or (isinstance(value, cst.Call) and (step is statement or last_name(value.func)[:1].isupper() or "optimizer" in code.text(value.func).lower()))
        if makes and not (names_in(value) & changing if value is not None else True):
            moved.append(step)
    if statement not in moved:
        return ()
    change = Change().insert_before(outermost, *moved)
    for step in moved:
        change.remove(step)
    return fix("create it once, before the loop", "unsafe", (code, change))


def _before_function(recording: Recording, code: Code, statement: cst.SimpleStatementLine) -> tuple[Fix, ...]:
    """An optimizer that a function makes is made before that function; a rate that only the function knows is set in it."""
    function, assign = code.function(statement), statement.body[0]
    value = assign.value if isinstance(assign, cst.Assign) and len(statement.body) == 1 else None
    if function is None or not isinstance(assign, cst.Assign) or not isinstance(value, cst.Call) or "optimizers" not in names_of(recording).module(value.func).split("."):
        return ()
    target = assign.targets[0].target
    local = {p.name.value for p in function.params.params} | assigned(function.body)
    if not isinstance(target, cst.Name) or any(n.value == target.value for a in code.all(cst.Assign, function) if a is not assign for t in a.targets for n in code.all(cst.Name, t.target)):
        return ()
    outer = next((n for n in code.around(function) if isinstance(n, cst.ClassDef)), function)
    rate = argument(value, 0, "learning_rate")
    change = Change()
    if names_in(value) & local:
        if rate is None or any(names_in(a.value) & local for a in value.args if a is not rate):
            return ()
        made = value.with_changes(args=[a for a in value.args if a is not rate])
        change.replace(assign, assign.with_changes(targets=[cst.AssignTarget(cst.Attribute(target, cst.Name("learning_rate")))], value=rate.value))
    else:
        made = value
        change.remove(statement)
    change.insert_before(outer, code.line(f"{target.value} = {code.text(made)}"))
    return fix(f"create it once, before `{function.name.value}`", "unsafe", (code, change))


def applied_once(recording: Recording, place: Place, first: Place = None) -> tuple[Fix, ...]:
    """The second update with the same gradients goes; `first` is the place of the other one."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or not isinstance(statement, cst.SimpleStatementLine):
        return ()
    text = code.text(statement.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())).strip()
    twins = [s for s in code.all(cst.SimpleStatementLine, code.scope(statement)) if code.text(s.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())).strip() == text]
    if len(twins) > 1:
        return fix("apply the gradients once", "unsafe", (code, Change().remove(statement)))
    fixes = _in_each_turn(code, statement) or _only_one(code, statement)
    other = code_at(recording, first)
    if fixes or first is None or other is None or not isinstance(statement.body[0], cst.Expr) or len(statement.body) != 1:
        return fixes
    # In a function that a loop calls, the first update belongs to the step; the one beside the call is left over.
    before = other.statement_at(first)
    apart = before is not None and (other is not code or other.function(before) is not code.function(statement))
    return fix("apply the gradients once", "unsafe", (code, Change().remove(statement))) if apart else ()


def without_lines_by_hand(recording: Recording, places: Sequence[Place]) -> tuple[Fix, ...]:
    """Without the lines that assign to variables what an optimizer is given as well."""
    changes: dict[int, tuple[Code, Change]] = {}
    for place in places:
        code = code_at(recording, place)
        statement = code.statement_at(place) if code is not None and place is not None else None
        if code is None or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
            return ()
        value = statement.body[0].value if isinstance(statement.body[0], cst.Expr) else None
        if not isinstance(value, cst.Call) or not last_name(value.func).startswith("assign") or len(getattr(code.parent(statement), "body", ())) < 2:
            return ()
        changes.setdefault(id(code), (code, Change()))[1].remove(statement)
    return fix("leave the update to the optimizer", "unsafe", *changes.values())


def _in_each_turn(code: Code, statement: cst.SimpleStatementLine) -> tuple[Fix, ...]:
    """A loop that applies the same gradients again and again: the tape and the gradient call go into it."""
    loop = code.enclosing(statement, cst.For, cst.While)
    siblings = list(getattr(code.parent(loop), "body", ())) if loop is not None else []
    if loop is None or loop not in siblings or len(loop.body.body) != 1:
        return ()
    before = siblings[: siblings.index(loop)]
    blocks = [s for s in before if isinstance(s, cst.With) and any(isinstance(i.item, cst.Call) and last_name(i.item.func) == "GradientTape" for i in s.items)]
    if not blocks:
        return ()
    moved = [s for s in before[before.index(blocks[-1]) :] if isinstance(s, (cst.With, cst.SimpleStatementLine))]
    needed = names_in(statement)
    if not any(assigned(s) & needed for s in moved) or len(moved) != len(before) - before.index(blocks[-1]):
        return ()
    change = Change().insert_before(statement, *moved)
    for step in moved:
        change.remove(step)
    return fix("compute the gradients anew in each turn", "unsafe", (code, change))


def _only_one(code: Code, statement: cst.SimpleStatementLine) -> tuple[Fix, ...]:
    """The second of two updates by the same gradients: another optimizer, or assignments beside the optimizer."""
    loop = code.enclosing(statement, cst.For)
    whole: cst.CSTNode = statement
    if loop is not None and len(loop.body.body) == 1 and isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "zip":
        whole = loop
    siblings = list(getattr(code.parent(whole), "body", ()))
    before = siblings[: siblings.index(whole)] if whole in siblings else []
    applies = [s for s in before if any(last_name(c.func) in ("apply_gradients", "apply", "minimize") for c in code.all(cst.Call, s))]
    applies += [s for s in before if isinstance(s, cst.For) and any(last_name(c.func).startswith("assign") for c in code.all(cst.Call, s))]
    return fix("update the variables once", "unsafe", (code, Change().remove(whole))) if applies else ()


def listed_once(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """A list of variables in which one stands twice (shared layers), without the second."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    if found is None or wanted is None or run is None or len({s.id for s in run.sources}) == len(run.sources):
        return ()
    code = found[0]
    made = wanted.value
    if isinstance(made, cst.Name):
        made = value_of(code, made) or made
    if not isinstance(made, (cst.BinaryOperation, cst.Call, cst.List)):
        return ()
    change = Change()
    for node in code.all(type(made), code.scope(found[1])):
        if same(node, made):
            change.replace(node, code.expression(f"list({{id(v): v for v in {code.text(made)}}}.values())"))
    return fix("list each variable once", "unsafe", (code, change))
