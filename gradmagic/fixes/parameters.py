"""A parameter that its function never reads, because a line that is named after it reads its neighbour."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, fix, names_in
from gradmagic.fixes.flow import functions_run, reads_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

OPTIONS = ("self", "cls", "training", "mask", "_")


def read_by_its_name(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`y_pred_flat = tf.reshape(y_true, [-1])` in a function of both that never reads `y_pred`: that line reads it.

    Where the place is no parameter of a function, every function that ran is looked at, and only one of them may have such a line.
    """
    own = _function_at(recording, place)
    ran = functions_run(recording)
    functions = [own] if own is not None else [(code, f) for code in cells(recording) for f in code.all(cst.FunctionDef) if (code.cell, f.name.value) in ran]
    found = [(code, *line) for code, function in functions for line in _lines(code, function)]
    if len(found) != 1:
        return ()
    code, reads, name = found[0]
    change = Change()
    for read in reads:
        change.replace(read, cst.Name(name))
    return fix(f"use `{name}` here, which is never read", "unsafe", (code, change))


def is_parameter(recording: Recording, place: Place) -> bool:
    """Whether a place is a parameter in the head of a function."""
    return _function_at(recording, place) is not None


def _function_at(recording: Recording, place: Place) -> tuple[Code, cst.FunctionDef] | None:
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    return (code, statement) if code is not None and isinstance(statement, cst.FunctionDef) else None


def _lines(code: Code, function: cst.FunctionDef) -> list[tuple[list[cst.Name], str]]:
    """What a function reads in the place of a parameter that it never reads, in the lines that are named after that one."""
    parameters = [p.name.value for p in function.params.params if p.name.value not in OPTIONS]
    reads = {p: reads_of(code, p, function.body) for p in parameters}
    unread = [p for p in parameters if not reads[p]]
    found = []
    for assign in code.all(cst.Assign, function.body) if len(unread) == 1 else ():
        target = assign.targets[0].target
        given = names_in(assign.value) & set(parameters)
        if code.function(assign) is not function or len(assign.targets) != 1 or not isinstance(target, cst.Name) or len(given) != 1:
            continue
        other = given.pop()
        if _is_named_after(target.value, unread[0], other) and (len(reads[other]) > len(own := [n for n in reads[other] if n in code.all(cst.Name, assign.value)])):
            found.append((own, unread[0]))
    return found


def _is_named_after(name: str, parameter: str, other: str) -> bool:
    """Whether a name has all words that tell one parameter from another, and none that tell the other from it."""
    words, mine, theirs = (set(n.lower().strip("_").split("_")) for n in (name, parameter, other))
    return bool(mine - theirs) and mine - theirs <= words and not (theirs - mine) & words
