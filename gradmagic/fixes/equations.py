"""Residuals with a huge constant in them: the equation divided by it."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, dotted, fix, last_name
from gradmagic.fixes.flow import pairs_of, reads_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

LARGE = 1e3
# How far the factor that was measured may lie from the constant, for the constant to explain it.
NEAR = 100.0
MOST, DIGITS = 1e30, 30.0
MEASURES = ("square", "abs", "absolute")
Sums = list[tuple[Code, cst.BaseExpression]]


def divided_by_its_constant(recording: Recording, factor: float | None) -> tuple[Fix, ...]:
    """`residual = E * u_xx + load` → `residual = u_xx + load / E`, where nothing but the square of the residual is used and `E` is about as large as what was measured."""
    found: list[tuple[Fix, ...]] = []
    ran = {(op.span.cell, op.span.line) for op in recording.ops if op.phase == "forward" and op.span is not None}
    for text, constant in constants(recording):
        if factor is None or not 1.0 / NEAR <= abs(factor / constant) <= NEAR:
            continue
        sums = _sums(recording, text)
        if not any((code.cell, code.start(node)[0]) in ran for code, node in sums or ()):
            continue
        changes: dict[int, tuple[Code, Change]] = {}
        for code, node in sums or ():
            new = _divided(code, node, text)
            if new is not None:
                changes.setdefault(id(code), (code, Change()))[1].replace(node, code.expression(new))
        if sums and sum(len(c.replaced) for _, c in changes.values()) == len(sums):
            found.append(fix(f"divide the equation by `{text}`", "unsafe", *changes.values()))
    return found[0] if len(found) == 1 else ()


def constants(recording: Recording) -> Iterator[tuple[str, float]]:
    """The names and attributes that are given a large number, once."""
    given: dict[str, list[float | None]] = {}
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            for target, value in pairs_of(assign):
                given.setdefault(dotted(target), []).append(_number(value))
    for text, numbers in given.items():
        if text and len(numbers) == 1 and numbers[0] is not None and abs(numbers[0]) >= LARGE:
            yield text, numbers[0]


def _number(value: cst.BaseExpression) -> float | None:
    """The number that is written, also as `200 * 10**9`."""
    if not isinstance(value, cst.BinaryOperation):
        return float(value.evaluated_value) if isinstance(value, (cst.Integer, cst.Float)) else None
    left, right = _number(value.left), _number(value.right)
    if left is None or right is None or max(left, right) > MOST:
        return None
    if isinstance(value.operator, cst.Power):
        return left**right if left == 10.0 and right <= DIGITS else None
    return left * right if isinstance(value.operator, cst.Multiply) else None


def _sums(recording: Recording, text: str) -> Sums | None:
    """The residuals that hold a constant as a factor of one of their terms; None where it is used in another way, or where the residual itself is."""
    found: Sums = []
    for code in cells(recording):
        for node in (*code.all(cst.Name), *code.all(cst.Attribute)):
            statement = code.statement(node)
            if dotted(node) != text or code.function(node) is None or statement is None or isinstance(code.parent(node), (cst.AssignTarget, cst.Attribute)):
                continue
            outer: cst.CSTNode = node
            while isinstance(up := code.parent(outer), cst.BinaryOperation) and isinstance(up.operator, (cst.Multiply, cst.Divide)) and not (isinstance(up.operator, cst.Divide) and up.right is outer):
                outer = up
            if outer is node:
                return None
            while isinstance(up := code.parent(outer), cst.BinaryOperation) and isinstance(up.operator, (cst.Add, cst.Subtract)):
                outer = up
            if not isinstance(outer, cst.BaseExpression) or not _is_measured(code, outer):
                return None
            if all(outer is not s for _, s in found):
                found.append((code, outer))
    return found


def _is_measured(code: Code, node: cst.BaseExpression) -> bool:
    """Whether only the size of an expression is used: it, or the name that it is given, is squared."""
    up = code.parent(node)
    if isinstance(up, cst.Assign) and len(up.targets) == 1 and isinstance(up.targets[0].target, cst.Name):
        function = code.function(up)
        reads = reads_of(code, up.targets[0].target.value, function.body) if function is not None else []
        return bool(reads) and all(_is_squared(code, n) for n in reads)
    return _is_squared(code, node)


def _is_squared(code: Code, node: cst.CSTNode) -> bool:
    up = code.parent(node)
    if isinstance(up, cst.BinaryOperation):
        return isinstance(up.operator, cst.Power) and up.left is node
    call = code.parent(up) if isinstance(up, cst.Arg) else None
    return isinstance(call, cst.Call) and last_name(call.func) in MEASURES


def _divided(code: Code, node: cst.BaseExpression, text: str) -> str | None:
    """A sum divided term by term; None where a term holds the constant in another way than as a factor."""
    mentions = [n for n in (*code.all(cst.Name, node), *code.all(cst.Attribute, node)) if dotted(n) == text]
    if mentions and isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Add, cst.Subtract)):
        left, right = _divided(code, node.left, text), _divided(code, node.right, text)
        if left is None or right is None:
            return None
        total = f"{left}{code.text(node.operator)}{right}"
        return f"({total})" if node.lpar else total
    if not mentions:
        plain = isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.BaseNumber)) or (
            isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Multiply, cst.Divide))
        )
        return code.text(node) if _number(node) == 0 else f"{code.text(node) if plain or getattr(node, 'lpar', None) else f'({code.text(node)})'} / {text}"
    without = _without(node, mentions[0]) if len(mentions) == 1 else None
    return code.text(without) if without is not None else None


def _without(node: cst.BaseExpression, factor: cst.BaseExpression) -> cst.BaseExpression | None:
    """A product without one of its factors."""
    if not isinstance(node, cst.BinaryOperation) or not isinstance(node.operator, (cst.Multiply, cst.Divide)):
        return None
    if isinstance(node.operator, cst.Multiply) and factor in (node.left, node.right):
        return node.right if node.left is factor else node.left
    inner = _without(node.left, factor)
    if inner is not None:
        return node.with_changes(left=inner)
    inner = _without(node.right, factor) if isinstance(node.operator, cst.Multiply) else None
    return node.with_changes(right=inner) if inner is not None else None
