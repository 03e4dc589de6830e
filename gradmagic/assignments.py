"""What code does with its values beside computing: what it throws away, assigns to itself, leaves out and declares as trainable."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Collection, Iterable, Iterator

from gradmagic.definitions import FUNCTIONS, line_of, place_of
from gradmagic.recording import Recording, Span
from gradmagic.syntax import call_at, last_name, source_of, span_at, statement_at, tree_at, tree_of

# What makes a variable, in TensorFlow and in a layer of Keras.
MAKERS = ("Variable", "add_weight")


def is_thrown_away(recording: Recording, span: Span) -> bool:
    """Whether the value of a span's statement goes nowhere: an expression without an effect, like `v - rate * g`, unless the cell shows it, or a new value for the name of a loop that no code reads."""
    tree, statement = tree_at(recording, span), statement_at(recording, span)
    if tree is None or statement is None:
        return False
    if isinstance(statement, ast.Expr):
        return statement is not tree.body[-1] and isinstance(statement.value, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Tuple, ast.Name, ast.Subscript))
    return _rebinds_loop_name(tree, statement)


def rebinds_loop_name(recording: Recording, span: Span) -> bool:
    """Whether the statement around a span only gives the name of a loop another tensor, which is not read before the next turn: also `total += gradient`, as tensors are never changed in their place."""
    tree, statement = tree_at(recording, span), statement_at(recording, span)
    return tree is not None and statement is not None and _rebinds_loop_name(tree, statement, in_place=False)


def _rebinds_loop_name(tree: ast.Module, statement: ast.stmt, *, in_place: bool = True) -> bool:
    """Whether a statement only gives the name that a `for` binds in each turn another value, which is not read before the next turn."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target] if isinstance(statement, ast.AugAssign) else []
    if len(targets) != 1 or not isinstance(targets[0], ast.Name):
        return False
    name = targets[0].id
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For) and statement in n.body and any(isinstance(t, ast.Name) and t.id == name for t in ast.walk(n.target))]
    # An array in a list that has a name is changed in its place.
    if not loops or (in_place and isinstance(statement, ast.AugAssign) and any(isinstance(n, (ast.Name, ast.Attribute)) for n in _iterated(loops[0], name))):
        return False
    later = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load))
    return not any(n.lineno > (statement.end_lineno or statement.lineno) for n in later)


def _iterated(loop: ast.For, name: str) -> list[ast.expr]:
    """What a loop takes the values of one of its names from; all that it iterates over where that cannot be told."""
    call = loop.iter
    if isinstance(call, ast.Call) and last_name(call.func) == "zip" and isinstance(loop.target, ast.Tuple) and len(call.args) == len(loop.target.elts):
        return [arg for arg, target in zip(call.args, loop.target.elts, strict=True) if isinstance(target, ast.Name) and target.id == name]
    return [call]


def skipped_call(recording: Recording, span: Span, names: Iterable[str]) -> tuple[Span, Span] | None:
    """The condition and the call: a call of one of these names, or of a function of the user's that calls one, in the function around a span, under an `if` about a number which that function counts up."""
    tree = tree_at(recording, span)
    functions = [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS) and n.lineno <= span.line <= (n.end_lineno or n.lineno)] if tree is not None else []
    if not functions:
        return None
    function = functions[-1]
    wanted = set(names) | _callers(recording, set(names))
    counted = {ast.unparse(n.target) for n in ast.walk(function) if isinstance(n, ast.AugAssign)}
    for branch in (n for n in ast.walk(function) if isinstance(n, ast.If) and counted & {ast.unparse(e) for e in ast.walk(n.test) if isinstance(e, (ast.Name, ast.Attribute))}):
        for call in (c for part in branch.body for c in ast.walk(part) if isinstance(c, ast.Call) and last_name(c.func) in wanted):
            lines = (source_of(recording, span) or "").split("\n")
            condition, called = (dataclasses.replace(span_at(span, n), code=lines[n.lineno - 1] if n.lineno <= len(lines) else "") for n in (branch.test, call))
            return condition, called
    return None


def _callers(recording: Recording, names: set[str]) -> set[str]:
    """The functions in the recorded code that call one of these names."""
    functions = (n for text in recording.code.values() for n in ast.walk(tree_of(text) or ast.Module([], [])) if isinstance(n, ast.FunctionDef))
    return {f.name for f in functions if any(isinstance(c, ast.Call) and last_name(c.func) in names for c in ast.walk(f))}


def assigned_to_itself(recording: Recording, span: Span) -> str | None:
    """The code of `v.assign(v)`, of `v.assign(v.value())` and the like on a span's line; None where something else is assigned."""
    call = call_at(recording, span, ("assign",))
    if call is None or not isinstance(call.func, ast.Attribute) or len(call.args) != 1:
        return None
    value = call.args[0]
    while isinstance(value, ast.Call):
        if isinstance(value.func, ast.Attribute) and value.func.attr in ("value", "read_value", "numpy") and not value.args:
            value = value.func.value
        elif last_name(value.func) in ("identity", "convert_to_tensor") and len(value.args) == 1:
            value = value.args[0]
        else:
            return None
    same = isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)) and ast.unparse(value) == ast.unparse(call.func.value)
    return ast.unparse(call) if same else None


def _makes(recording: Recording, variable: int) -> Iterator[tuple[str | int, ast.stmt | ast.expr, ast.Call]]:
    """Where the result of a call goes to a name or attribute that a variable goes by, or to a list or dict of that name, or is given its name as an argument."""
    known = recording.variables.get(variable)
    wanted = {name.rpartition(".")[2].partition("[")[0] for name in (*known.names, known.path.replace("/", ".").removesuffix(":0"))} if known is not None else set()
    for key, text in recording.code.items():
        for node in ast.walk(tree_of(text) or ast.Module([], [])):
            targets, value = _given(node)
            made = _made_in(value)
            if made is None or not isinstance(node, (ast.stmt, ast.expr)):
                continue
            called = next((k.value for k in made.keywords if k.arg == "name"), None)
            names = {last_name(t.value if isinstance(t, ast.Subscript) else t) for t in targets} | ({str(called.value)} if isinstance(called, ast.Constant) else set())
            if wanted & names:
                yield key, node, made


def _given(node: ast.AST) -> tuple[list[ast.expr], ast.expr | None]:
    """What gets a value, and the value: in an assignment, and in `held.append(value)`."""
    if isinstance(node, ast.Assign):
        return node.targets, node.value
    if isinstance(node, ast.AnnAssign):
        return [node.target], node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend") and len(node.args) == 1:
        return [node.func.value], node.args[0]
    return [], None


def _made_in(value: ast.expr | None) -> ast.Call | None:
    """The call that makes a value, or the first one that makes the members of a list or dict."""
    if isinstance(value, (ast.ListComp, ast.GeneratorExp)):
        value = value.elt
    elif isinstance(value, ast.DictComp):
        value = value.value
    elif isinstance(value, (ast.List, ast.Tuple)):
        value = next(iter(value.elts), None)
    elif isinstance(value, ast.Dict):
        value = next(iter(value.values), None)
    return value if isinstance(value, ast.Call) else None


def frozen_at(recording: Recording, variable: int) -> Span | None:
    """The `trainable=False` in the code that makes a variable, known by the name it is given there or the attribute that holds it."""
    for key, statement, call in _makes(recording, variable):
        for word in call.keywords:
            if word.arg == "trainable" and isinstance(word.value, ast.Constant) and word.value.value is False:
                place = dataclasses.replace(line_of(key, statement), line=word.lineno, column=word.col_offset, end_line=word.lineno, end_column=word.end_col_offset or 0)
                return dataclasses.replace(place, code=recording.code[key].split("\n")[word.lineno - 1])
    return None


def made_at_line(recording: Recording, variable: int) -> Span | None:
    """Where the code makes a variable; None where more than one line could."""
    places = makers_of(recording, variable)
    if len(places) != 1:
        return None
    return place_of(recording, *places[0])


def makers_of(recording: Recording, variable: int) -> list[tuple[str | int, ast.Call]]:
    """The calls in the code that make a variable of the names that this one goes by, each with its cell or file."""
    return [(key, call) for key, _, call in _makes(recording, variable) if makes_variable(call)]


def makes_variable(node: ast.AST) -> bool:
    """Whether an expression is a call that makes a variable."""
    return isinstance(node, ast.Call) and last_name(node.func) in MAKERS


def made_by(recording: Recording, span: Span, name: str) -> Span | None:
    """The last call of a class on or before a span's line, in the same cell or file."""
    tree, source = tree_at(recording, span), source_of(recording, span)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and last_name(n.func) == name and n.lineno <= span.line] if tree is not None else []
    last = max(calls, key=lambda n: (n.lineno, n.col_offset), default=None)
    return None if last is None or source is None else dataclasses.replace(span_at(span, last), code=source.split("\n")[last.lineno - 1])


def is_assigned(recording: Recording, names: Iterable[str]) -> bool:
    """Whether the code assigns to a variable that goes by one of these names, whatever it is an attribute of."""
    wanted = {_last(name) for name in names}
    calls = (n for source in recording.code.values() for n in ast.walk(tree_of(source) or ast.Module([], [])) if isinstance(n, ast.Call))
    return any(isinstance(call.func, ast.Attribute) and call.func.attr.startswith(("assign", "scatter")) and _last(ast.unparse(call.func.value)) in wanted for call in calls)


def _last(name: str) -> str:
    return name.partition("[")[0].rpartition(".")[2]


def said_trainable(recording: Recording, names: Collection[str]) -> Span | None:
    """Where the code makes a variable of one of these names and says that it is trainable; of an attribute that several lines make, all have to say so."""
    plain, attributes = set(names), {n.rpartition(".")[2] for n in names if "." in n}
    held: list[tuple[str | int, ast.stmt, bool]] = []
    for key, source in recording.code.items():
        for node in ast.walk(tree_of(source) or ast.Module([], [])):
            for target, call in pairs_of(node) if isinstance(node, ast.Assign) else ():
                if not isinstance(node, ast.Assign) or not isinstance(call, ast.Call) or last_name(call.func) != "Variable":
                    continue
                said = any(k.arg == "trainable" and isinstance(k.value, ast.Constant) and k.value.value is True for k in call.keywords)
                if said and ast.unparse(target) in plain:
                    return line_of(key, node)
                if isinstance(target, ast.Attribute) and target.attr in attributes:
                    held.append((key, node, said))
    return line_of(*held[0][:2]) if held and all(said for *_, said in held) else None


def pairs_of(assign: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    """The targets of an assignment, each with its own value: of `a, b = 1, 2` the two parts."""
    target, value = assign.targets[0], assign.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(t, value) for t in assign.targets]


def dropped_write(recording: Recording, functions: Iterable[str | None]) -> Span | None:
    """`array.write(i, value)` of a `TensorArray` as a statement of its own, in one of these functions: the new array is what it returns."""
    wanted = set(functions)
    for key, text in recording.code.items():
        tree = tree_of(text)
        scopes = [(n.name, n) for n in ast.walk(tree) if isinstance(n, FUNCTIONS)] + [(None, tree)] if tree is not None else []
        for name, scope in scopes:
            arrays = {ast.unparse(t) for n in ast.walk(scope) if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call) and last_name(n.value.func) == "TensorArray" for t in n.targets}
            for statement in (n for n in ast.walk(scope) if isinstance(n, ast.Expr)) if name in wanted and arrays else ():
                call = statement.value
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ("write", "scatter", "unstack", "split") and ast.unparse(call.func.value) in arrays:
                    return dataclasses.replace(place_of(recording, key, call), function=name)
    return None


def unread_line(recording: Recording, first: Span, last: Span, inner: Span) -> Span | None:
    """The one statement between two lines of a function that gives a name what a call returns and that the function never reads, where `inner` lies in another function; None where there are several."""
    tree, source = tree_at(recording, first), source_of(recording, first)
    if tree is None or source is None or (first.cell, first.file, first.function) != (last.cell, last.file, last.function):
        return None
    scope = _scope_of(tree, first)
    if (inner.cell, inner.file) == (first.cell, first.file) and _scope_of(tree, inner) is scope:
        return None
    read = {n.id for n in ast.walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    found = [n for n in ast.walk(scope) if isinstance(n, ast.Assign) and first.line < n.lineno < last.line and isinstance(n.targets[0], ast.Name) and n.targets[0].id not in read | {"_"}]
    if len(found) != 1 or not isinstance(found[0].value, ast.Call):
        return None
    return dataclasses.replace(span_at(first, found[0].value), code=source.split("\n")[found[0].value.lineno - 1])


def _scope_of(tree: ast.Module, span: Span) -> ast.AST:
    """The innermost function around a line, else the module."""
    around = [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS) and n.lineno <= span.line <= (n.end_lineno or n.lineno)]
    return max(around, key=lambda n: n.lineno, default=tree)
