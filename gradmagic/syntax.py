"""What the code of a recording says: the smallest expression behind an op, uses of a result."""

from __future__ import annotations

import ast
import dataclasses
import functools
import io
import re
import tokenize
from collections.abc import Iterable

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
# Where they have another name than the function: else it is the op's own, as in `relu` and `squared_difference`.
OTHERWISE = {
    "Sum": ("reduce_sum", "sum"),
    "Mean": ("reduce_mean", "mean"),
    "Max": ("reduce_max", "max"),
    "Min": ("reduce_min", "min"),
    "Prod": ("reduce_prod", "prod"),
    "Mul": ("multiply",),
    "Sub": ("subtract",),
    "AddV2": ("add",),
    "RealDiv": ("divide", "truediv"),
    "DivNoNan": ("divide_no_nan",),
    "MatMul": ("matmul", "dot"),
    "BatchMatMulV2": ("matmul", "einsum"),
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
    tree = tree_at(recording, span) if span is not None and not is_exact(span) else None
    if span is None or tree is None:
        return span
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.expr) and n.lineno == span.line]
    found = named = [n for n in nodes if _runs(n, op.type, CALLED.get(op.type, ()))]
    if len(named) == 1:
        return span_at(span, named[0])
    if not named:
        found = [n for n in nodes if _runs(n, op.type, OTHERWISE.get(op.type, (_snake(op.type),)))]
    alike = [o.seq for o in recording.ops if o.type == op.type and o.span == span and o.phase == op.phase] if found else []
    # Of a function by its op's name there may be others in what else the line calls.
    if op.seq not in alike or (len(alike) % len(found) if named else len(alike) != len(found)):
        return whole_line(span)
    # Graphs keep the line of an op and not its column, but run from left to right and from inside out.
    return span_at(span, sorted(found, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0))[alike.index(op.seq) % len(found)])


def _runs(node: ast.expr, op_type: str, names: Iterable[str]) -> bool:
    """Whether an expression may run an op: a call of one of these names, or an operator."""
    return (
        (isinstance(node, ast.Call) and last_name(node.func) in names)
        or (isinstance(node, ast.Compare) and op_type in COMPARISONS)
        or (isinstance(node, ast.BinOp) and op_type == "Pow" and isinstance(node.op, ast.Pow))
    )


def _snake(op_type: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"V\d+$", "", op_type)).lower()


def whole_line(span: Span) -> Span:
    """The line of a span without its indentation."""
    start = len(span.code) - len(span.code.lstrip())
    code = span.code.partition("  #")[0].rstrip()
    return dataclasses.replace(span, column=start, end_line=span.line, end_column=max(len(code), start))


def is_exact(span: Span) -> bool:
    return bool(span.column or span.end_column)


def holds(node: ast.expr, span: Span) -> bool:
    """Whether an expression reaches over a span of the same cell or file."""
    return (node.lineno, node.col_offset) <= (span.line, span.column) and (span.end_line, span.end_column) <= (node.end_lineno or 0, node.end_col_offset or 0)


def span_at(span: Span, node: ast.expr) -> Span:
    """The place of an expression in the cell or file of a span."""
    return dataclasses.replace(span, line=node.lineno, column=node.col_offset, end_line=node.end_lineno or node.lineno, end_column=node.end_col_offset or 0)


def snake(name: str) -> str:
    """The name that Keras gives the layers of a class."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().replace("_1_d", "1d").replace("_2_d", "2d") if not name.endswith("D") else name.lower()


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
        text = (_on_one_line(recording, span) if is_exact(span) else None) or span.code.strip()
    text = text.removeprefix("return ").strip() if text.startswith("return ") else text.rstrip(":") if text.startswith(("for ", "while ", "with ", "if ")) else text
    return text if len(text) <= 60 else text[:57] + "…"


def _on_one_line(recording: Recording, span: Span) -> str | None:
    """An expression of several lines, without its comments; None where its text is not known."""
    lines = (source_of(recording, span) or "").split("\n")[span.line - 1 : span.end_line]
    if len(lines) <= span.end_line - span.line:
        return None
    # Columns count characters of the line, and the first one begins at zero.
    lines = [lines[0][span.column :], *lines[1:-1], lines[-1][: span.end_column]]
    try:
        comments = {t.start for t in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline) if t.type == tokenize.COMMENT}
    except (tokenize.TokenError, SyntaxError):
        return None
    cut = dict(comments)
    joined = " ".join(line[: cut.get(row, len(line))].strip() for row, line in enumerate(lines, 1))
    return re.sub(r",?\s+(?=[)\]}])", "", re.sub(r"(?<=[(\[{])\s+", "", re.sub(r"\s*\\\s+", " ", joined)))


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
