"""Whole numbers in the place of fractions."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix
from gradmagic.recording import Recording
from gradmagic.report import Fix

KEEPS = "divide by `/`, which keeps the fraction"


def true_division(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A factor that is 0 because a division by `//` made it: the division that keeps the fraction."""
    code = code_at(recording, place)
    whole = code.statement_at(place) if code is not None and place is not None else None
    if code is None or whole is None:
        return ()
    found: list[tuple[Code, cst.BinaryOperation]] = [(code, n) for n in code.all(cst.BinaryOperation, whole) if isinstance(n.operator, cst.FloorDivide)]
    factors = [side for n in code.all(cst.BinaryOperation, whole) if isinstance(n.operator, cst.Multiply) for side in (n.left, n.right)]
    factors += [n.value for n in code.all(cst.AugAssign, whole) if isinstance(n.operator, cst.MultiplyAssign)]
    names = {dotted(n) for n in factors} - {""}
    for other in cells(recording):
        for assign in other.all(cst.Assign):
            if dotted(assign.targets[0].target) in names:
                found += [(other, n) for n in other.all(cst.BinaryOperation, assign.value) if isinstance(n.operator, cst.FloorDivide)]
    if len(found) != 1:
        return ()
    where, division = found[0]
    return fix(KEEPS, "unsafe", (where, Change().replace(division, with_fraction(division))))


def with_fraction(division: cst.BinaryOperation) -> cst.BinaryOperation:
    """A division by `//` as one by `/`, with the spaces that it has."""
    old = division.operator
    assert isinstance(old, cst.FloorDivide)
    return division.with_changes(operator=cst.Divide(whitespace_before=old.whitespace_before, whitespace_after=old.whitespace_after))
