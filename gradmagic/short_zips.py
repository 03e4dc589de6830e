"""A `zip` that ends before all results of a call are read, since what it goes through beside them is shorter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from gradmagic.definitions import place_of
from gradmagic.recording import Op, Recording, Span, has_gradient_dtype
from gradmagic.syntax import last_name, tree_of, use_of

LOOPS = (ast.For, ast.ListComp, ast.GeneratorExp)
Key = str | int
Loop = ast.For | ast.ListComp | ast.GeneratorExp


@dataclass(frozen=True)
class ShortZip:
    """The call of `zip`, the name or text of the shorter list, the place of its elements, and how many there are; what computes the results, and how many of them it reads none of."""

    span: Span
    name: str
    listed: Span
    length: int
    use: Span
    left: int


def short_zip(recording: Recording, op: Op) -> ShortZip | None:
    """The `zip` that reads as many results of a call as a written list beside them has elements, where an op gives another result of the same call that nothing reads."""
    use = use_of(recording, op)
    if use is None or not op.outputs:
        return None
    inside = [o for o in recording.ops if o.phase == "forward" and o.span is not None and (o.span.cell, o.span.file, o.span.line) == (use.cell, use.file, use.line)]
    siblings = {out for o in inside for out in o.outputs}
    for key, source in recording.code.items():
        tree = tree_of(source)
        for loop, call in _zips(tree) if tree is not None else ():
            read = {i for o in recording.ops if o.span is not None and (o.span.cell if o.span.cell is not None else o.span.file) == key and _lies_in(o.span, loop) for i in o.inputs if i in siblings}
            for arg in call.args if read and tree is not None else ():
                where, listed = _listed(recording, key, tree, loop, arg)
                if listed is not None and len(listed.elts) == len(read):
                    # Keras' losses read the logits in the place of what a last sigmoid or softmax gives.
                    left = [o for o in inside if _is_float(recording, o) and not any(recording.consumers.get(out) for out in o.outputs) and not read & {*o.outputs, *o.inputs}]
                    return ShortZip(place_of(recording, key, call), ast.unparse(arg), place_of(recording, where, listed), len(read), use, len(left)) if left else None
    return None


def _is_float(recording: Recording, op: Op) -> bool:
    """Whether what an op gives is of a dtype that gradients have."""
    return any((t := recording.tensors.get(out)) is not None and has_gradient_dtype(t.dtype) for out in op.outputs)


def _zips(tree: ast.Module) -> Iterator[tuple[Loop, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, LOOPS):
            goes_through = [node.iter] if isinstance(node, ast.For) else [g.iter for g in node.generators[:1]]
            for call in goes_through:
                # A slice says which results are meant.
                if isinstance(call, ast.Call) and last_name(call.func) == "zip" and len(call.args) > 1 and not any(isinstance(a, ast.Subscript) for a in call.args):
                    yield node, call


def _lies_in(span: Span, loop: Loop) -> bool:
    if isinstance(loop, ast.For):
        return loop.body[0].lineno <= span.line <= (loop.end_lineno or loop.lineno)
    return loop.lineno <= span.line <= (loop.end_lineno or loop.lineno)


def _listed(recording: Recording, key: Key, tree: ast.Module | None, loop: Loop, arg: ast.expr) -> tuple[Key, ast.List | ast.Tuple | None]:
    """The list that is written in a call of `zip`, or that its name stands for: a parameter's default, or the one value that the name is given; with the cell that it stands in."""
    if isinstance(arg, (ast.List, ast.Tuple)) or not isinstance(arg, ast.Name):
        return key, arg if isinstance(arg, (ast.List, ast.Tuple)) else None
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and any(inner is loop for inner in ast.walk(n))) if tree is not None else ():
        names = [a.arg for a in function.args.args]
        if arg.id in names:
            default = dict(zip(reversed(names), reversed(function.args.defaults), strict=False)).get(arg.id)
            return key, default if isinstance(default, (ast.List, ast.Tuple)) else None
    values = [
        (where, n.value)
        for where, source in recording.code.items()
        for n in ast.walk(tree_of(source) or ast.Module([], []))
        if isinstance(n, ast.Assign) and any(isinstance(t, ast.Name) and t.id == arg.id for t in n.targets)
    ]
    where, value = values[0] if len(values) == 1 else (key, None)
    return where, value if isinstance(value, (ast.List, ast.Tuple)) else None
