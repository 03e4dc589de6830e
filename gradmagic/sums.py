"""Names under which a loop adds gradients up for several updates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from gradmagic.definitions import FUNCTIONS
from gradmagic.recording import Recording, Span
from gradmagic.syntax import call_at, last_name, tree_at, tree_of

APPLYING = ("apply_gradients", "apply")
LOOPS = (ast.For, ast.While)


@dataclass(frozen=True)
class Sum:
    """A sum of gradients: its name, whether that is one sum, a list of sums or a list of what is to be summed (``"one"``, ``"list"``, ``"items"``), and the line that adds to it."""

    name: str
    kind: str
    added: Span


def never_emptied(recording: Recording, applied: Span, added: Span) -> Sum | None:
    """The sum that an optimizer's step in a loop is given, where the loop adds to it at a place and gives it no other value."""
    tree, call = tree_at(recording, applied), call_at(recording, applied, APPLYING)
    loop = _loop_around(tree, call) if tree is not None and call is not None else None
    if loop is None or (added.cell, added.file) != (applied.cell, applied.file):
        return None
    codes = _codes_at(loop, added)
    for name in _names_behind(loop, codes):
        # Under `if total is None:` a sum begins; nothing else than a line that says so makes it begin again.
        begun = {s for branch in ast.walk(loop) if isinstance(branch, ast.If) and _asks_whether_begun(branch.test, name) for part in branch.body for s in ast.walk(part)}
        stores = [s for s in ast.walk(loop) if isinstance(s, ast.stmt) and s not in begun and _writes(s, name)]
        kinds = [_adds(s, name) for s in stores]
        if not stores or None in kinds or name in _kept_short(recording):
            continue
        # Of other sums, and of counts, this is not the place. What was collected is added up by a function.
        if any(isinstance(c, ast.Call) for c in codes) if kinds[0] == "items" else any(s.lineno <= added.line and added.end_line <= (s.end_lineno or s.lineno) for s in stores):
            return Sum(name, kinds[0] or "one", added)
    return None


def _codes_at(loop: ast.For | ast.While, place: Span) -> list[ast.AST]:
    """The sum itself: the smallest expressions, or the statement, at a place."""
    ends = (place.line, place.column, place.end_line, place.end_column)
    return [n for n in ast.walk(loop) if isinstance(n, (ast.expr, ast.stmt)) and (n.lineno, n.col_offset, n.end_lineno, n.end_col_offset) == ends]


def _kept_short(recording: Recording) -> set[str]:
    """The names that a function may give another value, wherever it is called, and those of queues, which lose their oldest elements by themselves."""
    found: set[str] = set()
    for node in (n for text in recording.code.values() for n in ast.walk(tree_of(text) or ast.Module([], []))):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            found |= set(node.names)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and last_name(node.value.func) == "deque":
            found |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return found


def _loop_around(tree: ast.Module, call: ast.Call) -> ast.For | ast.While | None:
    """The innermost loop around a call in the same function."""
    around = [n for n in ast.walk(tree) if isinstance(n, (*LOOPS, *FUNCTIONS)) and any(inner is call for inner in ast.walk(n))]
    innermost = around[-1] if around else None
    return innermost if isinstance(innermost, LOOPS) else None


def _names_behind(loop: ast.For | ast.While, codes: list[ast.AST]) -> list[str]:
    """The names that a loop computes a piece of code from, the nearest ones first."""
    found = list(dict.fromkeys(name for node in codes for name in _read(node)))
    for name in found:
        found += [n for value in _given(loop, name) for n in _read(value) if n not in found]
    return found


def _given(loop: ast.For | ast.While, name: str) -> Iterator[ast.expr]:
    """What a name is given in a loop: by an assignment, or turn by turn from a list."""
    for node in ast.walk(loop):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            yield node.value
        elif isinstance(node, (ast.For, ast.comprehension)) and node is not loop and any(isinstance(t, ast.Name) and t.id == name for t in ast.walk(node.target)):
            yield node.iter


def _read(node: ast.AST) -> list[str]:
    """The names in a piece of code that it reads as a whole: of `norms[-1]` it takes one element, whatever else is kept there; of `sums[i] += g` each in its turn."""
    bound = {t.id for c in ast.walk(node) if isinstance(c, ast.comprehension) for t in ast.walk(c.target) if isinstance(t, ast.Name)}
    written = {id(n) for n in ast.walk(node) if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)}
    parts = {id(n.value) for n in ast.walk(node) if isinstance(n, ast.Subscript) and id(n) not in written}
    return list(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in bound and id(n) not in parts))


def _asks_whether_begun(test: ast.expr, name: str) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Name) and test.operand.id == name
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == name and isinstance(test.ops[0], ast.Is)


def _targets(statement: ast.stmt) -> Iterator[ast.expr]:
    if isinstance(statement, ast.Assign):
        yield from statement.targets
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign, ast.For)):
        yield statement.target
    elif isinstance(statement, ast.Delete):
        yield from statement.targets
    elif isinstance(statement, ast.With):
        yield from (i.optional_vars for i in statement.items if i.optional_vars is not None)


def _writes(statement: ast.stmt, name: str) -> bool:
    """Whether a statement may change what a name stands for: an assignment, or a call for its own sake that is given it."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value
        plain = [called.func, *called.args, *(k.value for k in called.keywords)]
        return any(isinstance(n, ast.Name) and n.id == name for part in plain for n in ([part] if isinstance(part, ast.Name) else [part.value] if isinstance(part, ast.Attribute) else []))
    return any(isinstance(n, ast.Name) and n.id == name for target in _targets(statement) for n in ast.walk(target))


def _adds(statement: ast.stmt, name: str) -> str | None:
    """Whether a statement adds to what a name stands for, and does nothing else to it: by the kind of the sum; None where it does something else."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and isinstance(statement.value.func, ast.Attribute):
        return "items" if statement.value.func.attr == "append" else None
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement.value)):
            return None
        return "one" if isinstance(statement.target, ast.Name) else "list" if isinstance(statement.target, ast.Subscript) else None
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Name) and isinstance(value, ast.ListComp) and len(value.generators) == 1:
        return "list" if _is_sum(value.elt, {_bound_to(value.generators[0], name)} - {None}) else None
    if isinstance(target, ast.Subscript):
        return "list" if _is_sum(value, {ast.unparse(target)}) else None
    return "one" if isinstance(target, ast.Name) and _is_sum(value, {name}) else None


def _is_sum(node: ast.expr, texts: set[str | None]) -> bool:
    """Whether something is added to what has one of these texts; `m + 0.1 * (g - m)` is a mean that runs."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Add):
        return False
    return any(ast.unparse(one) in texts and not any(isinstance(n, ast.expr) and ast.unparse(n) in texts for n in ast.walk(other)) for one, other in ((node.left, node.right), (node.right, node.left)))


def _bound_to(each: ast.comprehension, name: str) -> str | None:
    """What a comprehension calls the elements of a list."""
    if isinstance(each.iter, ast.Call) and last_name(each.iter.func) == "zip" and isinstance(each.target, ast.Tuple):
        pairs = zip(each.iter.args, each.target.elts, strict=False)
        return next((t.id for a, t in pairs if isinstance(a, ast.Name) and a.id == name and isinstance(t, ast.Name)), None)
    return each.target.id if isinstance(each.iter, ast.Name) and each.iter.id == name and isinstance(each.target, ast.Name) else None
