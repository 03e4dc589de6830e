"""Arrays that loops write tensors into, number by number: lists that are stacked instead."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, fix, last_name, same, walk
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.fixes.numpy_table import METHODS
from gradmagic.fixes.translation import OF_ARRAYS
from gradmagic.recording import Recording
from gradmagic.report import Fix

EMPTY = ("zeros", "empty", "zeros_like", "ones")
MAKING = ("constant", "convert_to_tensor", "Variable", "array", "asarray")


def stacked(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`a = np.zeros(n)` and `a[i] = x` in `for i in range(n):` → `a = []` and `a.append(x)`, and `tf.stack(a)` where it is read; of two loops, a list of rows."""
    code, tf = code_at(recording, place), names_of(recording).tf
    statement = code.statement_at(place) if code is not None and place is not None else None
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    indexed = _indices(target) if target is not None else None
    if code is None or tf is None or statement is None or not isinstance(assign, cst.Assign) or indexed is None:
        return ()
    name, indices = indexed
    if carried := _carried(code, tf, assign, name, indices):
        return carried
    loops = _loops(code, statement, [code.text(i).strip(", ") for i in indices])
    if loops is None:
        return ()
    outer = loops[-1]
    made = [a for a in assignments_of(code, name.value) if code.scope(a) is code.scope(outer) and code.start(a) < code.start(outer)]
    empty = len(made) == 1 and isinstance(made[0].value, cst.Call) and last_name(made[0].value.func) in EMPTY
    later = [n for n in reads_of(code, name.value, code.scope(outer)) if code.start(n) > code.end(outer)]
    inside = [n for n in reads_of(code, name.value, outer) if n is not name]
    # What arrays have and tensors have not is translated elsewhere.
    asked = any(isinstance(p := code.parent(n), cst.Attribute) and last_name(p) in (*METHODS, *OF_ARRAYS) for n in later)
    if not empty or not later or inside or asked or not _is_filled(made[0].value, loops):
        return ()
    change = Change().replace(made[0].value, code.expression("[]"))
    filled = new_name(code, "row") if len(loops) == 2 else name.value
    change.replace(assign, cst.Expr(code.expression(f"{filled}.append({code.text(assign.value)})")))
    if len(loops) == 2:
        change.insert_before(loops[0], code.line(f"{filled} = []")).insert_after(loops[0], code.line(f"{name.value}.append({filled})"))
    for node in later:
        around = code.enclosing(node, cst.Call)
        whole = around is not None and len(around.args) >= 1 and around.args[0].value is node and last_name(around.func) in MAKING
        change.replace(around if whole and around is not None else node, code.expression(f"{tf}.stack({name.value})"))
    return fix("collect the tensors in a list, and stack them", "unsafe", (code, change))


def _carried(code: Code, tf: str, assign: cst.Assign, name: cst.Name, indices: list[cst.SubscriptElement]) -> tuple[Fix, ...]:
    """`a[0] = start` and `a[k + 1] = x` in `for k in range(n):`, which reads `a[k]` → `a = [start]` and `a.append(x)`, and `tf.stack(a)` behind the loop."""
    loop, scope = code.enclosing(assign, cst.For), code.scope(assign)
    if loop is None or len(indices) != 1 or not isinstance(loop.target, cst.Name) or not (isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "range" and len(loop.iter.args) == 1):
        return ()
    if code.parent(code.statement(assign) or assign) is not loop.body or not same(indices[0], cst.parse_expression(f"a[{loop.target.value} + 1]").slice[0]):  # type: ignore[attr-defined]
        return ()
    made = [a for a in assignments_of(code, name.value, scope) if code.start(a) < code.start(loop)]
    firsts = [a for a in code.all(cst.Assign, scope) if code.text(a.targets[0].target) == f"{name.value}[0]" and code.start(a) < code.start(loop)]
    if len(made) != 1 or len(firsts) != 1 or not isinstance(made[0].value, cst.Call) or last_name(made[0].value.func) not in EMPTY:
        return ()
    statement, reads = code.statement(firsts[0]), [n for n in reads_of(code, name.value, scope) if n is not name]
    inside, later = [n for n in reads if loop in code.around(n)], [n for n in reads if code.start(n) > code.end(loop)]
    # Only rows that are there already are read on the way.
    if statement is None or not later or any(not isinstance(s := code.parent(n), cst.Subscript) or code.text(s.slice[0]) != loop.target.value for n in inside):
        return ()
    change = Change().replace(made[0].value, code.expression(f"[{tf}.convert_to_tensor({code.text(firsts[0].value)})]")).remove(statement)
    change.replace(assign, cst.Expr(code.expression(f"{name.value}.append({code.text(assign.value)})")))
    for node in later:
        change.replace(node, code.expression(f"{tf}.stack({name.value})"))
    return fix("collect the tensors in a list, and stack them", "unsafe", (code, change))


def _is_filled(made: cst.BaseExpression, loops: list[cst.For]) -> bool:
    """Whether the loops write every element, as far as the code tells: `zeros(5)` filled by `range(3)`, or `zeros(n + 1)` by `range(n)`, has others that stay as they are."""
    size = made.args[0].value if isinstance(made, cst.Call) and made.args else None
    sizes = [e.value for e in size.elements] if isinstance(size, (cst.Tuple, cst.List)) else [size]
    counts = [loop.iter.args[0].value for loop in reversed(loops) if isinstance(loop.iter, cst.Call)]
    if len(sizes) != len(counts):
        return True
    return all(one is None or same(one, count) or not _differs(one, count) for one, count in zip(sizes, counts, strict=True))


def _differs(size: cst.BaseExpression, count: cst.BaseExpression) -> bool:
    both = (size, count)
    return all(isinstance(n, cst.Integer) for n in both) or any(isinstance(n, cst.BinaryOperation) for n in both)


def _indices(target: cst.BaseExpression) -> tuple[cst.Name, list[cst.SubscriptElement]] | None:
    """The array and the one or two indices of `a[i]`, `a[i, j]` and `a[i][j]`."""
    found: list[cst.SubscriptElement] = []
    node = target
    while isinstance(node, cst.Subscript):
        found = [*node.slice, *found]
        node = node.value
    return (node, found) if isinstance(node, cst.Name) and len(found) in (1, 2) else None


def _loops(code: Code, statement: cst.CSTNode, indices: list[str]) -> list[cst.For] | None:
    """The loops over `range(n)` that count the indices, the inner one first, where each does so for every number: no line between them is under a condition."""
    found, inner = list[cst.For](), statement
    for index in reversed(indices):
        loop = code.enclosing(inner, cst.For)
        if loop is None or code.parent(inner) is not loop.body or not (isinstance(loop.target, cst.Name) and loop.target.value == index):
            return None
        leaves = any(isinstance(n, (cst.Continue, cst.Break)) for n in walk(loop))
        if leaves or not (isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "range" and len(loop.iter.args) == 1):
            return None
        found.append(loop)
        inner = loop
    return found
