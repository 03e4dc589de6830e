"""Entries of a variable that are written in place: a new tensor with these entries takes the variable's place in what follows."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place, line_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, dotted, fix, last_name, same
from gradmagic.fixes.flow import assignments_of, targets_of
from gradmagic.fixes.names import Names, names_of, new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix

HOW = ("update", "add", "sub", "min", "max")
BY_INDEX = {f"scatter_nd_{how}": how for how in HOW}
BY_SLICES = {f"scatter_{how}": how for how in HOW}
BESIDE = ("shape", "dtype", "name", "numpy", "trainable")
COMPOUND = (cst.For, cst.While, cst.If, cst.With, cst.Try)
ASKED = ("gradient", "jacobian", "watch", "zip", "apply_gradients", "apply", "minimize")


@dataclasses.dataclass(frozen=True)
class Write:
    """A call that writes entries of a variable: what it writes to, how, and at which indices which values, as code."""

    call: cst.Call
    variable: cst.BaseExpression
    how: str
    indices: str
    values: str

    def text(self, tf: str, base: str) -> str:
        return f"{tf}.tensor_scatter_nd_{self.how}({base}, {self.indices}, {self.values})"


def entries_of_a_tensor(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`table.scatter_nd_update(at, value)` and `table[i].assign(value)` → `tf.tensor_scatter_nd_update(table, at, value)`, which is read in what follows, and written to the variable beside that."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None or names.tf is None:
        return ()
    calls = [n for n in code.expressions_at(place) if isinstance(n, cst.Call)] + [c for c in code.all(cst.Call) if place.line <= code.start(c)[0] <= place.end_line]
    first = next((w for c in calls if (w := written_by(code, c, names)) is not None), None)
    if first is None:
        return ()
    region = _region(code, first.call)
    every = [w for c in code.all(cst.Call, region) if (w := written_by(code, c, names)) is not None and same(w.variable, first.variable) and _region(code, c) is region]
    change = _changed(code, region, every, names.tf)
    return fix(f"make a new tensor with `{names.tf}.tensor_scatter_nd_{first.how}`, compute with it, and write it to the variable beside that", "safe", (code, change)) if change is not None else ()


def written_by(code: Code, call: cst.Call, names: Names) -> Write | None:
    """What a call writes into a variable, where it writes a part of it."""
    kind, function = last_name(call.func), call.func
    if kind in BY_INDEX:
        shift = 1 if names.module(function).startswith("tensorflow.") else 0
        given = [argument(call, shift, "indices"), argument(call, shift + 1, "updates")]
        variable = argument(call, 0, "ref") if shift else None
        owner = variable.value if variable is not None else function.value if isinstance(function, cst.Attribute) and not shift else None
        if owner is None or given[0] is None or given[1] is None or not dotted(owner):
            return None
        return Write(call, owner, BY_INDEX[kind], code.text(given[0].value), code.text(given[1].value))
    if not isinstance(function, cst.Attribute) or not call.args:
        return None
    if kind in BY_SLICES and dotted(function.value) and not names.module(function).startswith(("tensorflow.", "keras.")):
        slices = argument(call, 0, "sparse_delta")
        made = slices.value if slices is not None else None
        parts = [argument(made, 0, "values"), argument(made, 1, "indices")] if isinstance(made, cst.Call) and last_name(made.func) == "IndexedSlices" else [None, None]
        if parts[0] is None or parts[1] is None:
            return None
        return Write(call, function.value, BY_SLICES[kind], f"{names.tf}.expand_dims({code.text(parts[1].value)}, -1)", code.text(parts[0].value))
    if kind == "assign" and isinstance(function.value, cst.Subscript) and dotted(function.value.value):
        at = [e.slice.value for e in function.value.slice if isinstance(e.slice, cst.Index)]
        if len(at) == len(function.value.slice) and all(_counts_up(code, n) for n in at):
            return Write(call, function.value.value, "update", f"[[{', '.join(code.text(n) for n in at)}]]", f"[{code.text(call.args[0].value)}]")
    return None


def _counts_up(code: Code, index: cst.BaseExpression) -> bool:
    """Whether an index is a number from 0 on, which is all that a scatter takes: written down, or the turn of a loop over a `range`."""
    if isinstance(index, cst.Integer):
        return True
    if not isinstance(index, cst.Name):
        return False
    loops = [n for n in code.around(index) if isinstance(n, cst.For) and index.value in targets_of(n.target)]
    if loops:
        turns, target = loops[0].iter, loops[0].target
        kind = last_name(turns.func) if isinstance(turns, cst.Call) else ""
        first = isinstance(target, cst.Tuple) and same(target.elements[0].value, index)
        return (kind == "enumerate" and first) or (kind == "range" and not code.all(cst.UnaryOperation, turns) and isinstance(target, cst.Name))
    made = assignments_of(code, index.value)
    return bool(made) and all(isinstance(a.value, cst.Integer) for a in made)


def _region(code: Code, node: cst.CSTNode) -> cst.CSTNode:
    """The block of the tape or the function that holds a node."""
    for around in code.around(node):
        opened = isinstance(around, cst.With) and any(isinstance(i.item, cst.Call) and last_name(i.item.func) == "GradientTape" for i in around.items)
        if opened or isinstance(around, (cst.FunctionDef, cst.Lambda)):
            return around
    return code.module


def _changed(code: Code, region: cst.CSTNode, writes: list[Write], tf: str) -> Change | None:
    variable = writes[0].variable
    lines = [line for w in writes if (line := line_of(code, w.call)) is not None]
    if isinstance(region, cst.Lambda) or len({id(line) for line in lines}) != len(writes):
        return None
    outer = [n for n in code.around(writes[0].call) if isinstance(n, COMPOUND) and n in code.all(cst.CSTNode, region) and n is not region]
    begins: cst.CSTNode = outer[-1] if outer else lines[0]
    reads = _reads(code, region, variable, begins, writes)
    named = _result(code, lines[0], writes)
    alone = named is not None and not outer
    if reads is None or not (reads or named or not isinstance(lines[-1].body[0], cst.Expr)):
        return None
    name = named if named is not None and alone else new_name(code, f"{last_name(variable)}_value")
    held, change = code.text(variable), Change()
    if outer:
        change.insert_before(begins, code.line(f"{name} = {tf}.convert_to_tensor({held})"))
    for i, (write, line) in enumerate(zip(writes, lines, strict=True)):
        made, kept = code.line(f"{name} = {write.text(tf, name if outer or i else held)}"), code.line(f"{held}.assign({name})")
        step = line.body[0]
        whole = isinstance(step, cst.Expr) and step.value is write.call
        if whole or alone:
            assert isinstance(made, cst.SimpleStatementLine)
            change.replace(line, line.with_changes(body=made.body)).insert_after(line, kept)
        else:
            change.insert_before(line, made, kept).replace(write.call, cst.Name(name))
    for node in reads:
        change.replace(node, cst.Name(name))
    return change


def _result(code: Code, line: cst.SimpleStatementLine, writes: list[Write]) -> str | None:
    """The name that the result of the only write is given, and that is given nothing else."""
    step = line.body[0]
    target = step.targets[0].target if isinstance(step, cst.Assign) and len(step.targets) == 1 and step.value is writes[0].call else None
    name = target.value if isinstance(target, cst.Name) and len(writes) == 1 else None
    return name if name is not None and len(assignments_of(code, name, code.scope(line))) == 1 else None


def _reads(code: Code, region: cst.CSTNode, variable: cst.BaseExpression, begins: cst.CSTNode, writes: list[Write]) -> list[cst.CSTNode] | None:
    """Where the variable is read in what follows; None where it is used in another way as well, or written as a whole."""
    own = {n for w in writes for n in (w.variable, w.call.func)}
    found: list[cst.CSTNode] = []
    for node in code.all(cst.BaseExpression, region):
        if not same(node, variable) or code.start(node) < code.start(begins) or any(node is n or n in [*code.around(node)][:2] for n in own):
            continue
        parent = code.parent(node)
        if isinstance(parent, cst.Attribute):
            if parent.attr is node or parent.attr.value in BESIDE:
                continue
            return None
        if isinstance(parent, (cst.AssignTarget, cst.Param, cst.Del, cst.AugAssign)) or code.scope(node) is not code.scope(writes[0].call):
            return None
        if isinstance(parent, cst.Arg) and parent.keyword is node:
            continue
        if any(isinstance(n, cst.Call) and last_name(n.func) in ASKED for n in code.around(node)):
            continue
        found.append(node)
    return found
