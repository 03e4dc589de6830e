"""Code that ran though a later cell has defined it anew: objects keep the methods of the class that they were made of, and a function that was handed over stays what it was."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator

from gradmagic.definitions import place_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording, Span
from gradmagic.report import Finding, Label
from gradmagic.rules.phrasing import code, location
from gradmagic.syntax import tree_of

# What they found may lie in what the old code leaves out, and they point elsewhere.
LEFT_OUT = frozenset({"none/unused-variable", "none/discarded-result"})
Definition = ast.ClassDef | ast.FunctionDef


@dataclasses.dataclass(frozen=True)
class Newer:
    """A definition that ran, by its name and the number of its cell, and the place of the one that a later cell holds."""

    name: str
    cell: int
    span: Span


def newer_definition(recording: Recording, fault: Fault, found: Finding) -> Newer | None:
    """The definition that a finding lies in, or that left out what it misses, where a later cell defines the same name otherwise."""
    place = found.location
    spots: list[tuple[str | int | None, int]] = [(place.cell, place.line)] if place is not None else []
    if found.rule in LEFT_OUT and fault.run is not None:
        spots += dict.fromkeys((op.span.cell, op.span.line) for op in recording.ops if op.phase == "forward" and op.span is not None and op.seq < fault.run.seq)
    for cell, line in spots:
        old = next(_around(recording, cell, line), None)
        newest = _newest(recording, cell, old) if old is not None and isinstance(cell, int) else None
        if old is not None and newest is not None and isinstance(cell, int):
            return Newer(old.name, cell, newest)
    return None


def _around(recording: Recording, cell: str | int | None, line: int) -> Iterator[Definition]:
    return (d for d in _definitions(recording, cell) if d.lineno <= line <= (d.end_lineno or d.lineno))


def _definitions(recording: Recording, cell: str | int | None) -> Iterable[Definition]:
    tree = tree_of(recording.code[cell]) if cell is not None and cell in recording.code else None
    return [s for s in tree.body if isinstance(s, (ast.ClassDef, ast.FunctionDef))] if tree is not None else []


def _newest(recording: Recording, cell: int, old: Definition) -> Span | None:
    """The place of the last definition of a name, if it is another one."""
    later: list[str | int] = [*sorted(k for k in recording.code if isinstance(k, int) and k > cell), "current"]
    found = [(key, d) for key in later for d in _definitions(recording, key) if d.name == old.name]
    if not found or ast.dump(found[-1][1]) == ast.dump(old):
        return None
    key, newest = found[-1]
    return place_of(recording, key, newest)


def told(found: Finding, newer: Newer) -> Finding:
    """The finding, with the newer definition beside it."""
    place = location(newer.span)
    if place is None:
        return found
    first = dataclasses.replace(place, end_line=place.line, end_column=len(place.code.rstrip()))
    label = Label(first, f"defines {code(newer.name)} anew; what was made or handed over before keeps the code of cell {newer.cell}")
    return dataclasses.replace(found, labels=(*found.labels, label))


__all__ = ["Newer", "newer_definition", "told"]
