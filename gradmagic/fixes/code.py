"""A cell as a syntax tree that keeps its formatting, and changes of it as edits of whole lines."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from gradmagic.fixes.change import Change, line_edits
from gradmagic.recording import Recording, Span
from gradmagic.report import Applicability, Edit, Fix, Location

ATOMS = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.BaseNumber, cst.BaseString, cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp, cst.GeneratorExp)
WHITE = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comment)
MOST_CELLS = 200
N = TypeVar("N", bound=cst.CSTNode)


class Code:
    """One cell (`cell` as in a `Span`) and its tree. Lines count from 1, columns are characters from 0."""

    def __init__(self, cell: str | int, source: str, module: cst.Module, hidden: Mapping[int, str]) -> None:
        self.cell, self.source, self._hidden = cell, source, hidden
        self.module = module

    # Most cells of a notebook are only asked whether they call something: places are much dearer than that.
    @functools.cached_property
    def _ranges(self) -> Mapping[cst.CSTNode, CodeRange]:
        return MetadataWrapper(self.module, unsafe_skip_copy=True).resolve(PositionProvider)  # type: ignore[return-value]

    @functools.cached_property
    def _parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        return {child: node for node in self._nodes for child in children_of(node)}

    @functools.cached_property
    def _nodes(self) -> list[cst.CSTNode]:
        return list(walk(self.module))

    @functools.cached_property
    def _walked(self) -> dict[cst.CSTNode, list[cst.CSTNode]]:
        return {}

    def text(self, node: cst.CSTNode) -> str:
        """The code of a node as it was written."""
        return self.module.code_for_node(node)

    def bare(self, node: cst.BaseExpression) -> str:
        """The code of an expression that needs no parentheses where it stands."""
        text = self.text(node)
        # A break of the line needs the parentheses around it.
        return text if "\n" in text or isinstance(node, (cst.Tuple, cst.NamedExpr, cst.GeneratorExp)) else self.text(node.with_changes(lpar=[], rpar=[]))

    def start(self, node: cst.CSTNode) -> tuple[int, int]:
        """Line and column of a node's first character."""
        place = self._ranges[node].start
        return place.line, place.column

    def end(self, node: cst.CSTNode) -> tuple[int, int]:
        """Line and column behind a node's last character."""
        place = self._ranges[node].end
        return place.line, place.column

    def span(self, node: cst.CSTNode) -> Span:
        """A node's place."""
        (line, column), (end_line, end_column) = self.start(node), self.end(node)
        return Span(self.cell, None, line, column, end_line, end_column, self.source.split("\n")[line - 1])

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node that holds this one."""
        return self._parents.get(node)

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes that hold this one, from the inside outwards."""
        step = self._parents.get(node)
        while step is not None:
            yield step
            step = self._parents.get(step)

    def enclosing(self, node: cst.CSTNode, *kinds: type[N]) -> N | None:
        """The innermost node of these types that holds this one."""
        return next((n for n in self.around(node) if isinstance(n, kinds)), None)

    def statement(self, node: cst.CSTNode) -> cst.SimpleStatementLine | cst.BaseCompoundStatement | None:
        """The innermost statement that holds a node."""
        return next((n for n in (node, *self.around(node)) if isinstance(n, (cst.SimpleStatementLine, cst.BaseCompoundStatement))), None)

    def function(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        """The innermost function that holds a node."""
        return self.enclosing(node, cst.FunctionDef)

    def scope(self, node: cst.CSTNode) -> cst.CSTNode:
        """The innermost function that holds a node, else the module."""
        return self.function(node) or self.module

    def all(self, kind: Callable[..., N], within: cst.CSTNode | None = None) -> list[N]:
        """Every node of a type, in the order of the text."""
        nodes = self._nodes if within is None or within is self.module else self._inside(within)
        found: list[N] = [n for n in nodes if _is_a(type(n), kind)]  # type: ignore[misc]
        return found if len(found) < 2 else sorted(found, key=lambda n: (self.start(n), [-c for c in self.end(n)])) if all(n in self._ranges for n in found) else found

    def _inside(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        known = self._walked.get(node)
        if known is None:
            known = self._walked[node] = list(walk(node))
        return known

    def expressions_at(self, place: Span | Location) -> list[cst.BaseExpression]:
        """The expressions of a place, the one that fits it best first."""
        first, last = (place.line, place.column), (place.end_line, place.end_column)
        if not (place.column or place.end_column):
            return [n for n in self.all(cst.BaseExpression) if self.start(n)[0] == place.line]
        inside: list[cst.BaseExpression] = []
        around: list[cst.BaseExpression] = []
        for node in self.all(cst.BaseExpression):
            if (self.start(node), self.end(node)) == (first, last):
                inside.insert(0, node)
            elif first <= self.start(node) and self.end(node) <= last:
                inside.append(node)
            elif self.start(node) <= first and last <= self.end(node):
                around.append(node)
        return [*inside, *reversed(around)]

    def statement_at(self, place: Span | Location) -> cst.SimpleStatementLine | cst.BaseCompoundStatement | None:
        """The innermost statement on a place's first line."""
        found = None
        for node in self.all(cst.CSTNode):
            if isinstance(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)) and self.start(node)[0] <= place.line <= self.end(node)[0]:
                found = node
        return found

    def call_at(self, place: Span | Location, names: Iterable[str]) -> cst.Call | None:
        """The call of one of these functions at a place, else on its lines."""
        wanted = set(names)
        for node in self.expressions_at(place):
            if isinstance(node, cst.Call) and last_name(node.func) in wanted:
                return node
        return next((n for n in self.all(cst.Call) if place.line <= self.start(n)[0] <= place.end_line and last_name(n.func) in wanted), None)

    def expression(self, text: str) -> cst.BaseExpression:
        """New code as an expression."""
        return cst.parse_expression(text, config=self.module.config_for_parsing)

    def line(self, text: str) -> cst.SimpleStatementLine | cst.BaseCompoundStatement:
        """New code as a statement."""
        return cst.parse_statement(text, config=self.module.config_for_parsing)

    def edits(self, change: Change) -> tuple[Edit, ...]:
        """A change as edits of whole lines; what was not changed stays to the last character."""
        new = self.module.visit(change.transformer(self))
        assert isinstance(new, cst.Module)
        lines = self.source.split("\n")
        shown = [self._hidden.get(i + 1, line) for i, line in enumerate(self.module.code.split("\n"))]
        assert shown == lines
        return tuple(line_edits(self.cell, self.module.code.split("\n"), new.code.split("\n"), lines, self._hidden))


@functools.cache
def _is_a(kind: type, wanted: type | tuple[type, ...]) -> bool:
    # The classes of nodes are abstract ones, of which Python asks each time anew.
    return issubclass(kind, wanted)


@functools.cache
def _parts(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind))


def children_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes that a node is made of, without white space and comments. LibCST's own `children` makes a copy of the node each time."""
    for name in _parts(type(node)):
        value = getattr(node, name)
        for child in value if isinstance(value, (list, tuple)) else (value,):
            if _is_a(kind := type(child), cst.CSTNode) and not _is_a(kind, WHITE):  # type: ignore[arg-type]
                yield child


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in children_of(node):
        yield from walk(child)


def atom(text: str) -> str:
    """An expression's text, in parentheses unless it binds tighter than every operator."""
    node = cst.parse_expression(text)
    return text if isinstance(node, ATOMS) or getattr(node, "lpar", None) else f"({text})"


def number_of(text: str) -> float | None:
    """The number that is written; None for anything else."""
    try:
        return float(text)
    except ValueError:
        return None


def last_name(node: cst.CSTNode) -> str:
    """`c` of `a.b.c` and of `c`; empty for anything else."""
    return node.attr.value if isinstance(node, cst.Attribute) else node.value if isinstance(node, cst.Name) else ""


def dotted(node: cst.CSTNode) -> str:
    """`a.b.c` for names and attributes, empty for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr.value}" if inner else ""
    return ""


def key_of(node: cst.CSTNode) -> cst.BaseExpression | None:
    """`k` of `d[k]`; None for anything else."""
    index = node.slice[0].slice if isinstance(node, cst.Subscript) and len(node.slice) == 1 else None
    return index.value if isinstance(index, cst.Index) else None


def argument(call: cst.Call, position: int | None, *keywords: str) -> cst.Arg | None:
    """An argument of a call by its position or one of its keywords."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value in keywords:
            return arg
    plain = [a for a in call.args if a.keyword is None and not a.star]
    if position is not None and position < len(plain) and not any(a.star for a in call.args[: position + 1]):
        return plain[position]
    return None


def parameters_of(function: cst.FunctionDef) -> list[str]:
    """The names of a function's parameters in the order in which a call gives them: without `self`."""
    return [p.name.value for p in function.params.params if p.name.value != "self"]


def names_in(node: cst.CSTNode) -> set[str]:
    """The names that an expression or statement mentions."""
    found = set()

    def visit(n: cst.CSTNode) -> None:
        if isinstance(n, cst.Name):
            found.add(n.value)
        if isinstance(n, (cst.Attribute, cst.Arg)):
            visit(n.value)
        else:
            for child in children_of(n):
                visit(child)

    visit(node)
    return found


def same(left: cst.CSTNode, right: cst.CSTNode) -> bool:
    """Whether two nodes are the same code, whatever the spaces."""
    blank = cst.Module([])
    return "".join(blank.code_for_node(left).split()) == "".join(blank.code_for_node(right).split())


@functools.lru_cache(maxsize=256)
def parse(cell: str | int, source: str) -> Code | None:
    """The tree of a cell. Lines of magics are passed over; None where the rest cannot be parsed."""
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    magics = [i for i, line in enumerate(lines) if line.lstrip().startswith(("%", "!"))]
    for hidden in ([i for i in magics if i == first], magics):
        shown = ["#" + line if i in hidden else line for i, line in enumerate(lines)]
        try:
            return Code(cell, source, cst.parse_module("\n".join(shown)), {i + 1: lines[i] for i in hidden})
        except (cst.ParserSyntaxError, ValueError, RecursionError):
            continue
    return None


def code_at(recording: Recording, place: Span | Location | None) -> Code | None:
    """The tree of the cell that a place lies in; None for code in files, which is not ours to change."""
    if place is None or place.cell is None:
        return None
    source = recording.code.get(place.cell)
    return parse(place.cell, source.rstrip("\n") if place.cell != "current" else source) if source is not None else None


def cells(recording: Recording) -> list[Code]:
    """The trees of all cells that are known, the checked one first."""
    keys = sorted((k for k in recording.code if k == "current" or isinstance(k, int)), key=lambda k: (k != "current", -k if isinstance(k, int) else 0))
    found = (parse(k, recording.code[k].rstrip("\n") if k != "current" else recording.code[k]) for k in keys[:MOST_CELLS])
    return [c for c in found if c is not None]


def fix(title: str, applicability: Applicability, *changes: tuple[Code, Change]) -> tuple[Fix, ...]:
    """A fix made of changes of one or several cells; none where nothing would change."""
    edits = tuple(edit for code, change in changes for edit in code.edits(change))
    return (Fix(title, edits, applicability),) if edits else ()


def display_only(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """The same fixes with a hole that the user has to fill."""
    return tuple(dataclasses.replace(f, applicability="display-only") for f in fixes)
