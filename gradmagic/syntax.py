"""What the code of a recording says: the smallest expression behind an op, branches that did not run, uses of a result."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Iterable, Iterator

from gradmagic.recording import Op, Recording, Span

CALLED = {
    "StopGradient": ("stop_gradient",),
    "Cast": ("cast", "to_float", "convert_to_tensor", "saturate_cast"),
    "ArgMax": ("argmax",),
    "ArgMin": ("argmin",),
    "TopKV2": ("argsort", "sort", "top_k"),
    "Round": ("round",),
    "Rint": ("rint", "round"),
    "Floor": ("floor",),
    "Ceil": ("ceil",),
    "Sign": ("sign",),
    "OneHot": ("one_hot",),
    "SelectV2": ("where",),
    "ClipByValue": ("clip_by_value", "clip"),
    "Sqrt": ("sqrt", "norm", "reduce_std", "std"),
    "Log": ("log",),
    "Exp": ("exp",),
    "Pow": ("pow",),
    "EagerPyFunc": ("py_function",),
    "PyFunc": ("numpy_function", "py_func"),
}
COMPARISONS = frozenset({"Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual"})
CONDITIONALS = frozenset({"cond", "case", "switch_case"})


@functools.lru_cache(maxsize=256)
def tree_of(source: str) -> ast.Module | None:
    """The syntax tree of a cell or file; magic lines count as comments. None where it cannot be parsed."""
    lines = ["#" + line if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n")]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return None


def source_of(recording: Recording, span: Span) -> str | None:
    """The text of the cell or file that a span lies in."""
    key = span.cell if span.cell is not None else span.file
    return recording.code.get(key) if key is not None else None


def tree_at(recording: Recording, span: Span) -> ast.Module | None:
    """The syntax tree of the cell or file that a span lies in."""
    source = source_of(recording, span)
    return tree_of(source) if source is not None else None


def spot(recording: Recording, op: Op) -> Span | None:
    """The smallest expression of the user's that is behind an op: the one that made the layer of Keras' own that it belongs to, else the one that runs it."""
    layer = recording.layers.get(op.layer) if op.layer is not None else None
    return layer.made_at if layer is not None and layer.library and layer.made_at is not None else use_of(recording, op)


def use_of(recording: Recording, op: Op) -> Span | None:
    """The smallest expression of the user's line that runs an op."""
    span = op.span
    if span is None:
        return None
    tree = tree_at(recording, span)
    if tree is None:
        return span
    names, found = CALLED.get(op.type, ()), []
    for node in ast.walk(tree):
        if not isinstance(node, ast.expr) or not _inside(node, span):
            continue
        if (
            (isinstance(node, ast.Call) and last_name(node.func) in names)
            or (isinstance(node, ast.Compare) and op.type in COMPARISONS)
            or (isinstance(node, ast.BinOp) and op.type == "Pow" and isinstance(node.op, ast.Pow))
        ):
            found.append(node)
    if found and not is_exact(span):
        return span_at(span, found[-1])
    if is_exact(span):
        return span
    return whole_line(span)


def whole_line(span: Span) -> Span:
    """The line of a span without its indentation."""
    start = len(span.code) - len(span.code.lstrip())
    code = span.code.partition("  #")[0].rstrip()
    return dataclasses.replace(span, column=start, end_line=span.line, end_column=max(len(code), start))


def is_exact(span: Span) -> bool:
    return bool(span.column or span.end_column)


def _inside(node: ast.expr, span: Span) -> bool:
    if is_exact(span):
        return (span.line, span.column) <= (node.lineno, node.col_offset) and (node.end_lineno or 0, node.end_col_offset or 0) <= (span.end_line, span.end_column)
    return node.lineno == span.line


def holds(node: ast.expr, span: Span) -> bool:
    """Whether an expression reaches over a span of the same cell or file."""
    return (node.lineno, node.col_offset) <= (span.line, span.column) and (span.end_line, span.end_column) <= (node.end_lineno or 0, node.end_col_offset or 0)


def span_at(span: Span, node: ast.expr) -> Span:
    """The place of an expression in the cell or file of a span."""
    return dataclasses.replace(span, line=node.lineno, column=node.col_offset, end_line=node.end_lineno or node.lineno, end_column=node.end_col_offset or 0)


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c` and of `c`; empty for anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def call_at(recording: Recording, span: Span, names: Iterable[str]) -> ast.Call | None:
    """The call of one of these functions on the span's lines."""
    tree = tree_at(recording, span)
    wanted = set(names)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and last_name(node.func) in wanted and span.line <= node.lineno <= span.end_line:
            return node
    return None


def statement_at(recording: Recording, span: Span) -> ast.stmt | None:
    """The innermost statement on a span's first line."""
    tree, found = tree_at(recording, span), None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.stmt) and node.lineno <= span.line <= (node.end_lineno or node.lineno):
            found = node
    return found


def mentions(nodes: Iterable[ast.stmt | ast.expr], names: set[str]) -> bool:
    for root in nodes:
        for node in ast.walk(root):
            if (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr in names):
                return True
    return False


def untaken_branch(recording: Recording, ran: Iterable[Span], names: set[str], before: Span | None = None) -> Span | None:
    """A conditional of the code that ran before the gradient call, with a branch that mentions one of the names and in which no op ran."""
    by_source: dict[str | int | None, list[Span]] = {}
    for span in dict.fromkeys(ran):
        by_source.setdefault(span.cell if span.cell is not None else span.file, []).append(span)
    for spans in by_source.values():
        tree = tree_at(recording, spans[0])
        if tree is None:
            continue
        for body, owner in _branches(tree):
            first, last = body[0], body[-1]
            start = (first.lineno, first.col_offset)
            end = (last.end_lineno or last.lineno, last.end_col_offset or 0)
            if not mentions(body, names) or any(start <= (s.line, s.column) and (s.end_line, s.end_column) <= end for s in spans if is_exact(s)):
                continue
            if not any(_near(owner, s) for s in spans):
                continue
            if before is not None and (before.cell, before.file) == (spans[0].cell, spans[0].file) and _is_behind(tree, owner, before):
                continue
            lines = (source_of(recording, spans[0]) or "").split("\n")
            code = lines[owner.lineno - 1] if owner.lineno <= len(lines) else ""
            return dataclasses.replace(spans[0], line=owner.lineno, column=owner.col_offset, end_line=owner.lineno, end_column=len(code.rstrip()), code=code, function=None)
    return None


def _branches(tree: ast.Module) -> Iterator[tuple[list[ast.stmt | ast.expr], ast.stmt | ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for index, statement in enumerate(node.body[:-1]):
                if isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], (ast.Return, ast.Continue, ast.Break)):
                    yield list(node.body[index + 1 :]), statement
        if isinstance(node, ast.If):
            yield list(node.body), node
            if node.orelse:
                yield list(node.orelse), node
        elif isinstance(node, (ast.For, ast.While)):
            yield list(node.body), node
        elif isinstance(node, ast.IfExp):
            yield [node.body], node
            yield [node.orelse], node
        elif isinstance(node, ast.Call) and last_name(node.func) in CONDITIONALS:
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                for part in ast.walk(argument):
                    if isinstance(part, ast.Lambda):
                        yield [part.body], node


def _is_behind(tree: ast.Module, owner: ast.stmt | ast.expr, call: Span) -> bool:
    """Whether a conditional stands behind the gradient call in the same function."""
    inside = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.lineno <= owner.lineno <= (n.end_lineno or n.lineno)]
    innermost = max(inside, key=lambda n: n.lineno, default=None)
    same = innermost is None or innermost.lineno <= call.line <= (innermost.end_lineno or innermost.lineno)
    return same and owner.lineno > call.line


def _near(owner: ast.stmt | ast.expr, span: Span) -> bool:
    return owner.lineno - 40 <= span.line <= (owner.end_lineno or owner.lineno) + 40


def uses_of_result(recording: Recording, span: Span) -> bool:
    """Whether the name that a gradient call is assigned to is read again in the same cell or file, other than to be printed."""
    tree, statement = tree_at(recording, span), statement_at(recording, span)
    if tree is None or not isinstance(statement, ast.Assign) or not isinstance(statement.value, (ast.Call, ast.Subscript)):
        return True
    called = statement.value if isinstance(statement.value, ast.Call) else None
    if called is not None and last_name(called.func) not in ("gradient", "jacobian", "batch_jacobian", "gradients"):
        return True
    names = {n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return any(isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load) for node in ast.walk(tree))


def first_use(recording: Recording, span: Span) -> Span | None:
    """The first line behind a statement that reads the name it assigns."""
    tree, statement = tree_at(recording, span), statement_at(recording, span)
    if tree is None or not isinstance(statement, ast.Assign):
        return None
    names, source = _assigned(statement), source_of(recording, span)
    reads = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in names and isinstance(n.ctx, ast.Load) and n.lineno > (statement.end_lineno or statement.lineno)]
    if not reads or source is None:
        return None
    first = min(reads, key=lambda n: (n.lineno, n.col_offset))
    return whole_line(dataclasses.replace(span, line=first.lineno, column=0, end_line=first.lineno, end_column=0, code=source.split("\n")[first.lineno - 1]))


def returned_by(recording: Recording, span: Span | None, position: int | None = None) -> Span | None:
    """The value that the function on a span's line returns, or one element of it."""
    tree = tree_at(recording, span) if span is not None else None
    source = source_of(recording, span) if span is not None else None
    if tree is None or source is None or span is None:
        return span
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) and min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]) <= span.line <= node.lineno:
            inner = {n for f in ast.walk(node) if isinstance(f, (ast.FunctionDef, ast.Lambda)) and f is not node for n in ast.walk(f)}
            values = [node.body] if isinstance(node, ast.Lambda) else [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None and n not in inner]
            if not values:
                return span
            value = values[-1]
            if position is not None and isinstance(value, (ast.Tuple, ast.List)) and position < len(value.elts):
                value = value.elts[position]
            lines = source.split("\n")
            return dataclasses.replace(span_at(span, value), code=lines[value.lineno - 1], function=getattr(node, "name", None))
    return span


def made_at(recording: Recording, span: Span) -> set[str]:
    """The names that the statement on a span's line assigns, and those that are computed from them further on."""
    tree, statement = tree_at(recording, span), statement_at(recording, span)
    if tree is None or not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return set()
    names = _assigned(statement)
    for node in sorted((n for n in ast.walk(tree) if isinstance(n, (ast.Assign, ast.AugAssign))), key=lambda n: n.lineno):
        if node.lineno > statement.lineno and mentions([node.value], names):
            names |= _assigned(node)
    return names


def _assigned(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def text_at(recording: Recording, span: Span) -> str:
    """The code of a span on one line, at most 60 characters of it."""
    if span.line == span.end_line and is_exact(span):
        text = span.code[span.column : span.end_column]
    else:
        text = span.code.strip()
    text = text.removeprefix("return ").strip() if text.startswith("return ") else text.rstrip(":") if text.startswith(("for ", "while ", "with ", "if ")) else text
    return text if len(text) <= 60 else text[:57] + "…"


def returned_at(recording: Recording, span: Span) -> Span:
    """The expression that the function defined on a span's line returns; the line itself where it returns nothing."""
    tree = tree_at(recording, span)
    lines = (source_of(recording, span) or "").split("\n")
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, (ast.FunctionDef, ast.Lambda)) and node.lineno == span.line:
            returns = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None] if isinstance(node, ast.FunctionDef) else []
            if returns and returns[-1].value is not None:
                value = returns[-1].value
                return dataclasses.replace(span_at(span, value), code=lines[value.lineno - 1] if value.lineno <= len(lines) else "")
    return whole_line(span)
