"""What is to become of the nodes of a cell, and the edits of whole lines that this makes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import libcst as cst

from gradmagic.report import Edit

if TYPE_CHECKING:
    from gradmagic.fixes.code import Code

LOOSE = (cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.Comparison, cst.IfExp, cst.Lambda, cst.NamedExpr, cst.Tuple)
TIGHT = (cst.BinaryOperation, cst.UnaryOperation, cst.Attribute, cst.Call, cst.Subscript, cst.Comparison, cst.BooleanOperation, cst.Await)


class Change:
    """What is to become of some nodes of one cell: new expressions, new statements before or behind, statements that go."""

    def __init__(self) -> None:
        self.replaced: dict[cst.CSTNode, cst.CSTNode | Callable[[cst.CSTNode], cst.CSTNode]] = {}
        self.before: dict[cst.CSTNode, list[cst.CSTNode]] = {}
        self.after: dict[cst.CSTNode, list[cst.CSTNode]] = {}
        self.removed: set[cst.CSTNode] = set()

    def replace(self, old: cst.CSTNode, new: cst.CSTNode | Callable[[cst.CSTNode], cst.CSTNode]) -> Change:
        self.replaced[old] = new
        return self

    def insert_before(self, statement: cst.CSTNode, *new: cst.CSTNode) -> Change:
        self.before.setdefault(statement, []).extend(new)
        return self

    def insert_after(self, statement: cst.CSTNode, *new: cst.CSTNode) -> Change:
        self.after.setdefault(statement, []).extend(new)
        return self

    def remove(self, statement: cst.CSTNode) -> Change:
        self.removed.add(statement)
        return self

    def transformer(self, code: Code) -> cst.CSTTransformer:
        return _Transformer(self, code)


def at_the_end(change: Change, block: cst.With | cst.FunctionDef, *lines: cst.CSTNode) -> Change:
    """Lines behind the last one of a body; they take the place of a `pass`, and a body on the line of its `with` or `def` becomes lines."""
    if isinstance(block.body, cst.SimpleStatementSuite):
        kept = [cst.SimpleStatementLine([s.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]) for s in block.body.body if not isinstance(s, cst.Pass)]
        return change.replace(block.body, cst.IndentedBlock([*kept, *lines]))  # type: ignore[list-item]
    last = block.body.body[-1]
    if isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[0], cst.Pass) and len(block.body.body) == 1:
        change.remove(last)
    return change.insert_after(last, *lines)


class _Transformer(cst.CSTTransformer):
    def __init__(self, change: Change, code: Code) -> None:
        super().__init__()
        self.change, self.code = change, code

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> object:  # type: ignore[override]
        change, node = self.change, updated_node
        if original_node in change.replaced:
            new = change.replaced[original_node]
            node = new(updated_node) if callable(new) else new
            if isinstance(node, cst.BaseExpression) and isinstance(original_node, cst.BaseExpression):
                node = parenthesized(node, original_node, self.code.parent(original_node))
        if isinstance(node, cst.IndentedBlock) and not node.body:
            node = node.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])
        before, after = change.before.get(original_node, []), change.after.get(original_node, [])
        if original_node in change.removed or (_says_nothing(node) and not _says_nothing(original_node)):
            return cst.FlattenSentinel([*before, *after]) if before or after else cst.RemoveFromParent()
        if not before and not after:
            return node
        if before and isinstance(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            # A comment above a statement stays above what is put before it.
            first = before[0]
            if node.leading_lines and isinstance(first, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
                before = [first.with_changes(leading_lines=[*node.leading_lines, *first.leading_lines]), *before[1:]]
                node = node.with_changes(leading_lines=[])
        return cst.FlattenSentinel([*before, node, *after])


def _says_nothing(node: cst.CSTNode) -> bool:
    """Whether a statement without a comment gives a name its own value, as `loss = loss`."""
    step = node.body[0] if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 else None
    if (
        not isinstance(node, cst.SimpleStatementLine)
        or not isinstance(step, cst.Assign)
        or len(step.targets) != 1
        or node.trailing_whitespace.comment
        or any(line.comment for line in node.leading_lines)
    ):
        return False
    target = step.targets[0].target
    return isinstance(target, cst.Name) and isinstance(step.value, cst.Name) and target.value == step.value.value


def parenthesized(new: cst.BaseExpression, old: cst.BaseExpression, parent: cst.CSTNode | None) -> cst.BaseExpression:
    """An expression that takes the place of another one, in parentheses where it needs them there."""
    if getattr(old, "lpar", None):
        return new.with_changes(lpar=old.lpar, rpar=old.rpar) if isinstance(new, LOOSE) or "\n" in cst.Module([]).code_for_node(old) else new
    if isinstance(new, LOOSE) and not new.lpar and isinstance(parent, (*TIGHT, cst.StarredElement, cst.ComparisonTarget)):
        return new.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return new


def line_edits(cell: str | int, old: list[str], new: list[str], shown: list[str], hidden: Mapping[int, str]) -> Iterator[Edit]:
    """Edits that make the `old` lines of a tree the `new` ones, in the lines as they are `shown`: a magic's line is `hidden` in the tree."""
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        # A magic's line stands in the tree as a comment of the statement below it, and stays when that goes.
        lines = [*(hidden[k] for k in range(i1 + 1, i2 + 1) if k in hidden), *(line for line in new[j1:j2] if line[1:] not in hidden.values())]
        if i1 == i2:
            # Whole lines give way to whole lines: an insertion takes the line before it along.
            first, last, lines = (i1, i1, [shown[i1 - 1], *lines]) if i1 else (1, 1, [*lines, shown[0]])
        else:
            first, last = i1 + 1, i2
        if lines == [""] and first > 1:
            first, lines = first - 1, [shown[first - 2], ""]
        yield Edit(cell, first, last, "\n".join(lines))
