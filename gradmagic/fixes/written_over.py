"""Arrays of numbers that are written into here and there, and read on the way: lists of tensors, which become a tensor behind the loop."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.code import Code, atom, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.translation import Translation
from gradmagic.recording import Recording
from gradmagic.report import Fix

START = {"zeros": "0.0", "zeros_like": "0.0", "empty": "0.0", "empty_like": "0.0", "ones": "1.0", "ones_like": "1.0"}


def listed(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`a = np.zeros(n)`, `a[t] = f(a[t - 1])` in a loop → `a = [0.0] * n`, and `a = tf.stack(a)` behind the loop; `a[i, j]` of a table → `a[i][j]` of a list of rows."""
    code, names = code_at(recording, place), names_of(recording)
    statement = code.statement_at(place) if code is not None and place is not None else None
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    written = _entry(assign.targets[0].target) if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if code is None or names.tf is None or assign is None or written is None:
        return ()
    name, scope = written[0].value, code.scope(assign)
    made = [a for a in assignments_of(code, name, scope) if code.start(a) < code.start(assign)]
    if len(made) != 1 or code.scope(made[0]) is not scope or not isinstance(made[0].value, cst.Call):
        return ()
    reads = reads_of(code, name, scope)
    entries = {n: e for n in reads if (e := _whole_entry(code, n)) is not None}
    stores = [n for n, e in entries.items() if _is_stored(code, e)]
    loops = [loop for n in stores for loop in code.around(n) if isinstance(loop, (cst.For, cst.While)) and loop not in list(code.around(made[0]))]
    last = max(loops, key=lambda loop: (code.end(loop), -code.start(loop)[0])) if loops else None
    within = [n for n in reads if last is not None and code.start(n) < code.end(last)]
    if last is None or any(n not in within for n in stores) or any(n not in entries and not _is_counted(code, n) for n in within):
        return ()
    table = any(len(places) == 2 for n in within if n in entries for _, places in [_entry(entries[n]) or (n, [])])
    start = _start(code, made[0].value, table)
    if start is None:
        return ()
    # What tensors have no method for, and what NumPy would make numbers of again.
    lines = [line for line in code.all(cst.SimpleStatementLine, scope) if code.start(line) > (code.start(made[0]) if not table else code.end(last))]
    change = Translation(code, names, scope, cst.ensure_type(made[0].value, cst.Call), [name], statements=lines)
    if not change.possible:
        return ()
    change.change.replace(made[0].value, code.expression(start))
    for node in within if table else ():
        whole = entries.get(node)
        places = (_entry(whole) or (node, []))[1] if whole is not None else []
        if whole is not None and len(places) == 2:
            change.change.replace(whole, code.expression(f"{name}[{']['.join(places)}]"))
        elif whole is not None and isinstance(row := code.parent(code.parent(whole) or whole), cst.Assign) and node in stores and not isinstance(row.value, (cst.List, cst.ListComp)):
            change.change.replace(row.value, code.expression(f"list({code.text(row.value)})"))
    change.change.insert_after(last, code.line(f"{name} = {names.tf}.stack({name})"))
    return fix("keep the tensors in a list, and stack them behind the loop", "unsafe", (code, change.change))


def _start(code: Code, made: cst.BaseExpression, table: bool) -> str | None:
    """The list that stands for an array of equal numbers."""
    number = START.get(last_name(made.func)) if isinstance(made, cst.Call) else None
    if number is None or not isinstance(made, cst.Call) or not made.args:
        return None
    given = made.args[0].value
    if last_name(made.func).endswith("_like"):
        return f"[[{number}] * len(row) for row in {code.text(given)}]" if table else f"[{number}] * len({code.text(given)})"
    sizes = [atom(code.text(e.value)) for e in given.elements] if isinstance(given, (cst.Tuple, cst.List)) else [atom(code.text(given))]
    if len(sizes) != (2 if table else 1):
        return None
    return f"[[{number}] * {sizes[1]} for _ in range({sizes[0]})]" if table else f"[{number}] * {sizes[0]}"


def _entry(node: cst.BaseExpression) -> tuple[cst.Name, list[str]] | None:
    """The array and the one or two places of `a[i]`, `a[i, j]` and `a[i][j]`."""
    places: list[str] = []
    while isinstance(node, cst.Subscript):
        if not all(isinstance(e.slice, cst.Index) and not isinstance(e.slice.value, (cst.Tuple, cst.List)) for e in node.slice):
            return None
        places = [*(cst.Module([]).code_for_node(e.slice) for e in node.slice), *places]
        node = node.value
    return (node, places) if isinstance(node, cst.Name) and len(places) in (1, 2) else None


def _whole_entry(code: Code, name: cst.Name) -> cst.Subscript | None:
    """The whole `a[i]` or `a[i][j]` that a name stands in."""
    node: cst.CSTNode = name
    while isinstance(parent := code.parent(node), cst.Subscript) and parent.value is node:
        node = parent
    return node if isinstance(node, cst.Subscript) and _entry(node) is not None else None


def _is_stored(code: Code, entry: cst.Subscript) -> bool:
    parent = code.parent(entry)
    return isinstance(parent, cst.AssignTarget) or (isinstance(parent, cst.AugAssign) and parent.target is entry)


def _is_counted(code: Code, name: cst.Name) -> bool:
    """Whether a name is only asked for its length."""
    parent = code.parent(code.parent(name) or name)
    return isinstance(parent, cst.Call) and last_name(parent.func) == "len"
