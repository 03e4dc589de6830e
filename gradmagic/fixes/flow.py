"""Which statement gives a name its value, and which one uses it next."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.code import Code, children_of, last_name, names_in, walk
from gradmagic.recording import Recording

# What is drawn once and kept would be drawn anew by a line that runs again.
DRAWN = frozenset(
    {"normal", "uniform", "truncated_normal", "randn", "rand", "shuffle", "sample", "categorical", "stateless_normal", "stateless_uniform", "dropout", "choice", "permutation", "poisson"}
)


def functions_run(recording: Recording) -> set[tuple[int | str | None, str | None]]:
    """The functions in which ops of the forward pass stand, by their cells and names; None is the code outside of functions."""
    return {(op.span.cell, op.span.function) for op in recording.ops if op.phase == "forward" and op.span is not None}


def draws(node: cst.CSTNode) -> bool:
    """Whether code draws random numbers."""
    return any(isinstance(n, cst.Call) and last_name(n.func) in DRAWN for n in walk(node))


def targets_of(node: cst.CSTNode) -> set[str]:
    """The names in the target of an assignment."""
    if isinstance(node, cst.Name):
        return {node.value}
    if isinstance(node, (cst.Tuple, cst.List)):
        return {n for e in node.elements for n in targets_of(e.value)}
    if isinstance(node, cst.StarredElement):
        return targets_of(node.value)
    return set()


def assigned(statement: cst.CSTNode) -> set[str]:
    """The names that a statement (or what stands inside it) assigns."""
    found: set[str] = set()

    def visit(node: cst.CSTNode) -> None:
        if isinstance(node, cst.Assign):
            for target in node.targets:
                found.update(targets_of(target.target))
        elif isinstance(node, (cst.AugAssign, cst.AnnAssign, cst.NamedExpr, cst.For)):
            found.update(targets_of(node.target))
        if isinstance(node, (cst.FunctionDef, cst.Lambda)):
            return
        for child in children_of(node):
            visit(child)

    visit(statement)
    return found


def pairs_of(assign: cst.Assign) -> list[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """The targets of an assignment, each with its own value: of `a, b = 1, 2` the two parts."""
    target, value = assign.targets[0].target, assign.value
    if isinstance(target, (cst.Tuple, cst.List)) and isinstance(value, (cst.Tuple, cst.List)) and len(target.elements) == len(value.elements):
        return [(t.value, v.value) for t, v in zip(target.elements, value.elements, strict=True)]
    return [(t.target, value) for t in assign.targets]


def values_of(code: Code, name: str, within: cst.CSTNode | None = None) -> list[tuple[cst.BaseExpression, cst.BaseExpression]]:
    """What a name is given, each with the target that it stands in: of `a, b = f()` the whole."""
    return [(t, v) for a in code.all(cst.Assign, within) for t, v in pairs_of(a) if name in targets_of(t)]


def assignments_of(code: Code, name: str, within: cst.CSTNode | None = None) -> list[cst.Assign]:
    """The assignments of a plain name, in the order of the text."""
    return [a for a in code.all(cst.Assign, within) if any(isinstance(t.target, cst.Name) and t.target.value == name for t in a.targets)]


def meant(code: Code, node: cst.BaseExpression) -> tuple[cst.BaseExpression, cst.Assign | None]:
    """What a name stands for where it is read, and the line that says so: one that runs in any case, with no other behind it."""
    if not isinstance(node, cst.Name):
        return node, None
    scope = code.scope(node)
    stores = [s for s in stores_of(code, node.value, scope) if code.scope(s) is scope]
    statement = code.statement(node)
    before = [s for s in stores if statement is not None and code.start(s) < code.start(statement)]
    last = before[-1] if before else None
    line = code.statement(last) if last is not None else None
    around = list(code.around(node))
    if not isinstance(last, cst.Assign) or line is None or code.parent(line) not in around or len(last.targets) != 1 or not isinstance(last.targets[0].target, cst.Name):
        return node, None
    # Later turns of a loop may bring what a line further down gives the name.
    again = any(isinstance(loop, (cst.For, cst.While)) and loop not in list(code.around(last)) and any(loop in code.around(s) for s in stores) for loop in around)
    return (node, None) if again else (last.value, last)


def stores_of(code: Code, name: str, scope: cst.CSTNode) -> list[cst.CSTNode]:
    """What gives a name a value, in the order of the text."""
    found: list[cst.CSTNode] = [a for a in code.all(cst.Assign, scope) if any(name in targets_of(t.target) for t in a.targets)]
    for kind in (cst.AugAssign, cst.AnnAssign, cst.NamedExpr, cst.For):
        found += [a for a in code.all(kind, scope) if name in targets_of(a.target)]  # type: ignore[attr-defined]
    return sorted(found, key=code.start)


def reads_of(code: Code, name: str, within: cst.CSTNode) -> list[cst.Name]:
    """Where a name is read, in the order of the text."""
    stored: set[cst.CSTNode] = set()
    for assign in code.all(cst.Assign, within):
        for target in assign.targets:
            stored.update(code.all(cst.Name, target.target) if not isinstance(target.target, (cst.Attribute, cst.Subscript)) else ())
    skipped: set[cst.CSTNode] = {a.keyword for a in code.all(cst.Arg, within) if a.keyword is not None}
    skipped |= {a.attr for a in code.all(cst.Attribute, within)}
    skipped |= {p.name for p in code.all(cst.Param, within)}
    return [n for n in code.all(cst.Name, within) if n.value == name and n not in stored and n not in skipped]


DERIVING = frozenset({"gradient", "jacobian", "batch_jacobian", "gradients", "apply_gradients", "apply", "minimize"})
INDEXED = frozenset({"one_hot", "embedding_lookup", "gather", "gather_nd", "take", "bincount"})
OPTIONS = frozenset({"training", "axis", "name", "dtype", "mask", "keepdims"})


def use_result(code: Code, call: cst.CSTNode) -> tuple[str, list[cst.Name]] | None:
    """A result that nobody reads, and the places behind it that read what it was computed from.

    `m = self.middle(h); return self.last(h)` gives ``"m"`` and the `h` of the last line.
    """
    assign = code.enclosing(call, cst.Assign) if not isinstance(call, cst.Assign) else call
    statement = code.statement(call)
    if assign is None or statement is None or len(assign.targets) != 1 or not isinstance(assign.targets[0].target, cst.Name):
        return None
    name, scope = assign.targets[0].target.value, code.scope(call)
    inputs = _given(code, assign)
    before = [a for a in assignments_of(code, name, scope) if code.end(a) < code.start(assign)]
    if name in inputs and before:
        # A name that is given a new value of itself stands for what it was first computed from.
        inputs |= _given(code, before[-1])
    inputs = {n for n in inputs if n != name and (assignments_of(code, n, scope) or _is_parameter(scope, n))} or _plain_names(code, assign.value) - {name}
    later = [n for i in sorted(inputs) for n in reads_of(code, i, scope) if code.start(n) > code.end(statement) and not _is_asked_for(code, n) and not _is_object(code, n)]
    if not later:
        return None
    line = code.statement(min(later, key=code.start))
    if line is not None and not any(assignments_of(code, n, scope) or _is_parameter(scope, n) for n in inputs) and not _goes_on(code, line, scope):
        return None
    if line is None or any(code.statement(n) is line for n in reads_of(code, name, scope)):
        return None
    here = [n for n in later if code.statement(n) is line]
    if any(_is_index(code, n) for n in here):
        return _in_the_place_of(code, name, line, scope)
    # In a row of layers that all read the input each one's result gives way to the next.
    while line is not None and _gives(line, name):
        rest = [n for n in later if code.start(n) > code.end(line)]
        line = code.statement(min(rest, key=code.start)) if rest else None
        if line is None or any(code.statement(n) is line for n in reads_of(code, name, scope)):
            break
        here += [n for n in rest if code.statement(n) is line]
    around = code.enclosing(here[0], cst.BinaryOperation) if len(here) == 2 else None
    # Of `x + x` the second one was meant to be what became of the first.
    return name, here[1:] if around is not None and (around.left, around.right) == tuple(here) else here


def _is_asked_for(code: Code, read: cst.CSTNode) -> bool:
    """Whether a name stands in a call for gradients, or in what is done with them."""
    return any(isinstance(n, cst.Call) and last_name(n.func) in DERIVING for n in code.around(read))


def _is_object(code: Code, read: cst.CSTNode) -> bool:
    """Whether a name is called, or looked into, which no result of a computation is."""
    parent = code.parent(read)
    return (isinstance(parent, cst.Call) and parent.func is read) or (isinstance(parent, cst.Attribute) and parent.value is read and isinstance(code.parent(parent), (cst.Arg, cst.Attribute)))


def _is_index(code: Code, read: cst.CSTNode) -> bool:
    """Whether what is read has to be whole numbers here, which no result with a gradient is."""
    call = next((n for n in code.around(read) if isinstance(n, cst.Call)), None)
    return call is not None and last_name(call.func) in INDEXED


def _in_the_place_of(code: Code, name: str, line: cst.CSTNode, scope: cst.CSTNode) -> tuple[str, list[cst.Name]] | None:
    """A result that nobody reads and what reads the one-hots of the same whole numbers, which a line gives a name."""
    other = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    if not isinstance(other, cst.Assign) or not isinstance(other.value, cst.Call) or last_name(other.value.func) != "one_hot" or len(other.targets) != 1:
        return None
    given = other.targets[0].target
    reads = [n for n in reads_of(code, given.value, scope) if code.start(n) > code.end(line)] if isinstance(given, cst.Name) else []
    # Labels are one-hots as well: what a loss compares stays.
    call = code.parent(code.parent(reads[0]) or reads[0]) if len(reads) == 1 else None
    is_input = isinstance(call, cst.Call) and len(call.args) == 1 and not last_name(call.func).startswith(("reduce_", "argmax"))
    return (name, reads) if is_input else None


def _gives(line: cst.CSTNode, name: str) -> bool:
    """Whether a line is an assignment to a name and nothing else."""
    step = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    return isinstance(step, cst.Assign) and len(step.targets) == 1 and targets_of(step.targets[0].target) == {name}


def _given(code: Code, assign: cst.Assign) -> set[str]:
    """The names that a statement computes with, without those that only say how."""
    said = {n for a in code.all(cst.Arg, assign) if a.keyword is not None and a.keyword.value in OPTIONS for n in names_in(a.value)}
    return names_in(assign.value) - said - {"self"}


def _goes_on(code: Code, line: cst.CSTNode, scope: cst.CSTNode) -> bool:
    """Whether what a line assigns is computed with further: it is a step on the way, and not the target itself."""
    later = [
        a
        for a in code.all(cst.Assign, scope)
        if code.start(a) > code.end(line) and not any(isinstance(c.func, cst.Attribute) and c.func.attr.value in ("gradient", "jacobian") for c in code.all(cst.Call, a))
    ]
    return any(names_in(a.value) & assigned(line) for a in later)


def _plain_names(code: Code, value: cst.BaseExpression) -> set[str]:
    """The names that stand for values of other cells: operands and arguments, and nothing that is called or looked into."""
    return {n.value for n in code.all(cst.Name, value) if isinstance(code.parent(n), (cst.Arg, cst.BinaryOperation)) and getattr(code.parent(n), "keyword", None) is not n}


def _is_parameter(scope: cst.CSTNode, name: str) -> bool:
    return isinstance(scope, cst.FunctionDef) and any(p.name.value == name for p in scope.params.params)
