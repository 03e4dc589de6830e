"""Python numbers that a traced function counts up: that line runs when the function is traced, and never again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gradmagic.capture.reads import MISSING, Part, Read, chain, lookup, plain
from gradmagic.recording import StaleRead

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

# Two calls without a trace in which a number would have been counted.
CALLS = 2


class Counter:
    """A number, the line that counts it up and the place where the code decides or computes by it."""

    def __init__(self, part: Part, node: ast.AugAssign, names: tuple[str, ...], use: Read) -> None:
        self.names, self.spaces, self.use = names, part.spaces, use
        self.at = part.plain.__code__.co_filename, node.lineno + part.first - 1, part.plain.__name__
        self.before: Any = None
        self.made: Any = None
        self.rests = 0

    def value(self) -> Any:
        """The number now; None where there is none."""
        found = lookup(self.names, self.spaces)
        number = plain(found) if found is not MISSING else None
        return number if isinstance(number, (int, float)) and not isinstance(number, bool) else None

    def note(self, before: Any, has_traced: bool) -> None:
        """A call came to its end; `before` is the number that it began with."""
        now = self.value()
        if has_traced:
            self.before, self.made, self.rests = before, now, 0
        elif now is not None and now == before == self.made != self.before:
            self.rests += 1
        else:
            # Something else counts it as well.
            self.rests = -(1 << 30)

    def fact(self, session: Session, function: str, calls: int) -> StaleRead | None:
        """What is to be told of it, if it was counted only as the function was traced."""
        if self.rests < CALLS:
            return None
        file, line, name = self.at
        use = session.spans.at(self.use.file, self.use.line, function=self.use.function)
        return StaleRead(function, self.use.text, self.made, self.made, use, calls, session.spans.at(file, line, function=name))


def counters_of(parts: list[Part]) -> list[Counter]:
    """The numbers that the code of a function and of those that it calls counts up, and decides or computes by."""
    found = []
    for part in parts:
        shared = {name for node in ast.walk(part.tree) if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
        for node in ast.walk(part.tree):
            names = chain(node.target) if isinstance(node, ast.AugAssign) else None
            if isinstance(node, ast.AugAssign) and names is not None and (len(names) > 1 or names[0] in shared):
                use = next(_uses(parts, part, names), None)
                found += [Counter(part, node, names, use)] if use is not None else []
    return found


def _uses(parts: list[Part], own: Part, names: tuple[str, ...]) -> Iterator[Read]:
    """Where the number decides by its remainder, or is computed with; not where it is shown, nor where it only guards a first call."""
    owner = lookup(names[:-1], own.spaces) if len(names) > 1 else None
    for part in parts:
        shown = {id(n) for call in ast.walk(part.tree) if _shows(call) for n in ast.walk(call)}
        for node in ast.walk(part.tree):
            if not isinstance(node, ast.BinOp):
                continue
            for operand in (node.left, node.right):
                read = chain(operand)
                if read is None or read[-1] != names[-1] or len(read) != len(names) or id(operand) in shown:
                    continue
                if (lookup(read[:-1], part.spaces) is owner) if len(names) > 1 else (read == names):
                    yield Read(".".join(read), read, part.spaces, node.lineno + part.first - 1, part.plain.__code__.co_filename, part.plain.__name__)


def _shows(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("print", "info", "debug", "write", "format", "scalar"))
