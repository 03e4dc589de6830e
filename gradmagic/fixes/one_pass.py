"""Two targets of one forward pass that move the same variables: one gradient of both, applied once."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, same
from gradmagic.fixes.flow import assigned, reads_of
from gradmagic.fixes.numerics import value_of
from gradmagic.locate.paths import paths_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def one_gradient(recording: Recording, run: GradientRun, first: GradientRun, shared: set[int], place: Place) -> tuple[Fix, ...]:
    """`tape.gradient(a, shared + mine)` → `tape.gradient([a, b], shared + mine)`, and the gradient of `b` for `yours` alone in the place of `shared + yours`."""
    found, before = asking(recording, run), asking(recording, first)
    if found is None or before is None or found[0] is not before[0] or found[1] is before[1] or code_at(recording, place) is not found[0]:
        return ()
    code, second, one = found[0], found[1], before[1]
    targets, lists = [argument(c, 0, "target") for c in (one, second)], [_list(code, c) for c in (one, second)]
    mine = {s.id for s in first.sources} - shared
    if None in targets or None in lists or code.function(one) is not code.function(second):
        return ()
    again = same(targets[0].value, targets[1].value)  # type: ignore[union-attr]
    if not again and (not _is_known(code, targets[1], one) or _leads_to(recording, run, mine)):
        return ()
    both = code.expression(f"[{code.text(targets[0].value)}, {code.text(targets[1].value)}]")  # type: ignore[union-attr]
    change = Change() if again else Change().replace(targets[0].value, both)  # type: ignore[union-attr]
    if isinstance(targets[0].value, (cst.List, cst.Tuple, cst.Dict)):  # type: ignore[union-attr]
        return ()
    if {s.id for s in run.sources} <= shared:
        removed = _removed(code, second, place, change)
        return fix("update the variables once" if again else "apply one gradient of both targets", "unsafe", (code, change)) if removed else ()
    rest = _rest(lists[0], lists[1], run, shared)  # type: ignore[arg-type]
    if not rest:
        return ()
    new = code.expression(" + ".join(code.text(part) for part in rest))
    for node in code.all(cst.BinaryOperation, code.scope(second)):
        if same(node, lists[1]):  # type: ignore[arg-type]
            change.replace(node, new)
    return fix("update what both lists share once" if again else "apply one gradient of both targets to what they share", "unsafe", (code, change))


def _list(code: Code, call: cst.Call) -> cst.BaseExpression | None:
    """The list of variables that a gradient is asked for, by its code."""
    given = argument(call, 1, "sources")
    return None if given is None else (value_of(code, given.value) or given.value) if isinstance(given.value, cst.Name) else given.value


def _is_known(code: Code, target: cst.Arg | None, call: cst.Call) -> bool:
    """Whether a target has a name, and its value, where an earlier call asks for the gradient of another one."""
    name = target.value if target is not None else None
    return isinstance(name, cst.Name) and any(name.value in assigned(a) and code.start(a) < code.start(call) for a in code.all(cst.Assign, code.scope(call)))


def _leads_to(recording: Recording, run: GradientRun, keys: set[int]) -> bool:
    """Whether the target of a run depends on any of these variables, so that a sum with it would change their gradients."""
    paths = paths_of(recording, run)
    return not keys.isdisjoint(paths.alike(paths.walk[0]))


def _parts(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The lists that a sum of lists is made of."""
    return [*_parts(node.left), *_parts(node.right)] if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add) else [node]


def _rest(first: cst.BaseExpression, second: cst.BaseExpression, run: GradientRun, shared: set[int]) -> list[cst.BaseExpression]:
    """The parts of the second list without those of the first one, where these hold what is shared and nothing else: at one of its ends."""
    known, parts, keys = _parts(first), _parts(second), [s.id for s in run.sources]
    common = [any(same(p, k) for k in known) for p in parts]
    rest, count = [p for p, c in zip(parts, common, strict=True) if not c], len(shared)
    ahead, behind = common == sorted(common, reverse=True) and set(keys[:count]) == shared, common == sorted(common) and set(keys[-count:]) == shared
    return rest if rest and any(common) and (ahead or behind) else []


def _removed(code: Code, call: cst.Call, place: Place, change: Change) -> bool:
    """Take away an update, and the call that its gradients come from where nothing else reads them."""
    update, asked = code.statement_at(place) if place is not None else None, code.statement(call)
    if not isinstance(update, cst.SimpleStatementLine) or len(update.body) != 1 or not isinstance(update.body[0], cst.Expr) or not isinstance(asked, cst.SimpleStatementLine):
        return False
    change.remove(update)
    assign = asked.body[0]
    name = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if asked is not update and isinstance(name, cst.Name):
        inside = set(code.all(cst.Name, update))
        later = [n for n in reads_of(code, name.value, code.scope(call)) if n not in inside and code.start(n) > code.end(asked)]
        if not later:
            change.remove(asked)
    return True
