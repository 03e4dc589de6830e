"""Edits of the user's own lines: the syntax tree says where, the text around stays as it was written."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Applicability, Edit, Fix
from gradmagic.syntax import call_at, source_of, statement_at, tree_of


def _lines(recording: Recording, span: Span) -> list[str]:
    return (source_of(recording, span) or "").split("\n")


def _replace(recording: Recording, span: Span, node: ast.expr | ast.stmt, text: str) -> Edit | None:
    """The edit that puts `text` in the place of a node; whole lines, everything else on them untouched."""
    lines = _lines(recording, span)
    first, last = node.lineno, node.end_lineno or node.lineno
    if span.cell is None or last > len(lines):
        return None
    start = len(lines[first - 1].encode()[: node.col_offset].decode())
    end = len(lines[last - 1].encode()[: node.end_col_offset or 0].decode())
    return Edit(span.cell, first, last, lines[first - 1][:start] + text + lines[last - 1][end:])


def _segment(recording: Recording, span: Span, node: ast.expr) -> str | None:
    return ast.get_source_segment("\n".join(_lines(recording, span)), node)


def _fix(title: str, edit: Edit | None, applicability: Applicability) -> tuple[Fix, ...]:
    return (Fix(title, (edit,), applicability),) if edit is not None else ()


def without_call(recording: Recording, span: Span | None, title: str, applicability: Applicability) -> tuple[Fix, ...]:
    """Take away `stop_gradient(…)` around its argument."""
    if span is None:
        return ()
    call = call_at(recording, span, ("stop_gradient",))
    if call is None or len(call.args) != 1:
        return ()
    inner = call.args[0]
    text = _segment(recording, span, inner)
    if text is None or "\n" in text:
        return ()
    text = text if isinstance(inner, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)) else f"({text})"
    return _fix(title, _replace(recording, span, call, text), applicability)


def without_escape(recording: Recording, span: Span, how: str) -> tuple[Fix, ...]:
    """Use the tensor itself in the place of `.numpy()`, `float(…)` or `int(…)`."""
    name = {".numpy()": "numpy", "float()": "float"}.get(how)
    call = call_at(recording, span, (name,)) if name else None
    if call is None:
        return ()
    inner = call.func.value if isinstance(call.func, ast.Attribute) else call.args[0] if len(call.args) == 1 else None
    text = _segment(recording, span, inner) if inner is not None else None
    if text is None or "\n" in text:
        return ()
    return _fix(f"use the tensor itself, without `{how}`", _replace(recording, span, call, text), "safe")


def persistent(recording: Recording, span: Span | None) -> tuple[Fix, ...]:
    """Open the tape with `persistent=True`."""
    call = call_at(recording, span, ("GradientTape",)) if span is not None else None
    text = _segment(recording, span, call) if call is not None and span is not None else None
    if span is None or call is None or text is None or any(k.arg == "persistent" for k in call.keywords):
        return ()
    inside = "persistent=True" if not (call.args or call.keywords) else ", persistent=True"
    return _fix("keep what the tape recorded for further calls", _replace(recording, span, call, text[: text.rindex(")")] + inside + ")"), "safe")


def without_source(recording: Recording, run: GradientRun, unused: Iterable[int]) -> tuple[Fix, ...]:
    """Leave sources that nothing uses out of the list in the gradient call, and out of the same list behind it in `zip`."""
    span, gone = run.span, set(unused)
    call = call_at(recording, span, ("gradient",)) if span is not None else None
    if span is None or call is None or len(call.args) < 2 or not isinstance(call.args[1], ast.List) or len(call.args[1].elts) != len(run.sources):
        return ()
    kept = [e for i, e in enumerate(call.args[1].elts) if i not in gone]
    if not kept:
        return ()
    before, after = _segment(recording, span, call.args[1]), "[" + ", ".join(_segment(recording, span, e) or "" for e in kept) + "]"
    lines = _lines(recording, span)
    edits: list[Edit] = []
    tree = tree_of("\n".join(lines))
    for node in ast.walk(tree) if tree is not None else ():
        if not (isinstance(node, ast.List) and isinstance(node.ctx, ast.Load)):
            continue
        if node.lineno >= call.lineno and _segment(recording, span, node) == before:
            edit = _replace(recording, span, node, after)
            if edit is not None and edit.start_line not in {e.start_line for e in edits}:
                edits.append(edit)
    return (Fix("leave the unused variable out of the sources", tuple(edits), "safe"),) if edits else ()


def apply_after(recording: Recording, span: Span | None) -> tuple[Fix, ...]:
    """Hand the gradients to the optimizer that the code knows by name."""
    statement = statement_at(recording, span) if span is not None else None
    call = call_at(recording, span, ("gradient",)) if span is not None else None
    if span is None or call is None or len(call.args) < 2 or not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return ()
    names = _optimizers(recording)
    sources, result = _segment(recording, span, call.args[1]), _segment(recording, span, statement.targets[0])
    lines = _lines(recording, span)
    if len(names) != 1 or sources is None or result is None or span.cell is None or not isinstance(statement.targets[0], ast.Name):
        return ()
    last = statement.end_lineno or statement.lineno
    indent = lines[statement.lineno - 1][: statement.col_offset]
    pairs = f"zip({result}, {sources})" if len(recording.runs[0].sources) > 1 or isinstance(call.args[1], (ast.List, ast.Attribute)) else f"[({result}, {sources})]"
    text = "\n".join(lines[statement.lineno - 1 : last]) + f"\n{indent}{names[0]}.apply_gradients({pairs})"
    return (Fix(f"apply the gradients with `{names[0]}`", (Edit(span.cell, statement.lineno, last, text),), "unsafe"),)


def _optimizers(recording: Recording) -> list[str]:
    found = []
    for text in recording.code.values():
        tree = tree_of(text)
        for node in ast.walk(tree) if tree is not None else ():
            if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
                continue
            name = node.targets[0]
            if isinstance(name, ast.Name) and "optimizers" in ast.dump(node.value.func):
                found.append(name.id)
    return list(dict.fromkeys(found))


def tape_instead(recording: Recording, span: Span | None) -> tuple[Fix, ...]:
    """`y = …; z = tf.gradients(y, xs)` as a tape around the statement that makes `y`."""
    statement = statement_at(recording, span) if span is not None else None
    call = call_at(recording, span, ("gradients",)) if span is not None else None
    if span is None or call is None or statement is None or len(call.args) != 2 or not isinstance(call.args[0], ast.Name) or span.cell is None:
        return ()
    tree, lines = tree_of("\n".join(_lines(recording, span))), _lines(recording, span)
    made = [
        n for n in ast.walk(tree or ast.Module([], [])) if isinstance(n, ast.Assign) and n.lineno < statement.lineno and any(isinstance(t, ast.Name) and t.id == call.args[0].id for t in n.targets)
    ]
    if len(made) != 1 or made[0].end_lineno != made[0].lineno or made[0].col_offset != statement.col_offset:
        return ()
    indent = " " * made[0].col_offset
    replaced = _replace(recording, span, call.func, "tape.gradient")
    if replaced is None:
        return ()
    head = Edit(span.cell, made[0].lineno, made[0].lineno, f"{indent}with tf.GradientTape() as tape:\n{indent}    {lines[made[0].lineno - 1].strip()}")
    return (Fix("record the target under a tape", (head, replaced), "safe"),)
