"""The row of a table at the largest score, as the mean of its rows under a softmax of the scores."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name
from gradmagic.fixes.flow import pairs_of, reads_of
from gradmagic.fixes.names import Names
from gradmagic.recording import Recording
from gradmagic.report import Fix

LOOKUPS = ("gather", "embedding_lookup", "take")


def consumers(code: Code, call: cst.Call) -> list[cst.Call]:
    """The calls that are given the result of a call as an argument, by itself or by the one name that it gets."""
    parent = code.parent(call)
    if isinstance(parent, cst.Arg):
        outer = code.parent(parent)
        return [outer] if isinstance(outer, cst.Call) else []
    name = name_of_result(code, call)
    reads = [n for n in reads_of(code, name, code.scope(call)) if code.start(n) > code.end(call)] if name is not None else []
    around = [code.parent(p) for n in reads if isinstance(p := code.parent(n), cst.Arg)]
    return [c for c in around if isinstance(c, cst.Call)]


def name_of_result(code: Code, call: cst.Call) -> str | None:
    """The name that an assignment gives the result of a call."""
    assign = code.parent(call)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) else None
    return target.value if isinstance(target, cst.Name) else None


def remove_unread(code: Code, call: cst.Call, change: Change) -> None:
    """Take the line of a call away, where the one place that read its result is replaced."""
    name, statement = name_of_result(code, call), code.statement(call)
    if name is not None and isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 and len(reads_of(code, name, code.scope(call))) == 1:
        change.remove(statement)


def is_index(recording: Recording, code: Code, call: cst.Call) -> bool:
    """Whether the result of a call is only used to look something up, where a number between two indices has no meaning."""
    return any(last_name(c.func) in (*LOOKUPS, "one_hot") or _is_embedding(recording, c) for c in consumers(code, call))


def _is_embedding(recording: Recording, call: cst.Call) -> bool:
    name = last_name(call.func)
    made = [value for c in cells(recording) for a in c.all(cst.Assign) for target, value in pairs_of(a) if name and last_name(target) == name]
    return any(isinstance(value, cst.Call) and last_name(value.func) == "Embedding" for value in made)


def mean_row(recording: Recording, code: Code, call: cst.Call, names: Names) -> tuple[Fix, ...]:
    """`embed(tf.argmax(scores, axis=-1))` → `tf.matmul(tf.nn.softmax(scores), embed(tf.range(n)))`; of `gather`, the table itself."""
    found = consumers(code, call)
    scores, axis = argument(call, 0, "input", "x"), argument(call, 1, "axis")
    if names.tf is None or len(found) != 1 or scores is None or last_name(call.func) != "argmax" or axis is None or code.text(axis.value) not in ("-1", "1"):
        return ()
    lookup, tf, x = found[0], names.tf, code.text(scores.value)
    if _is_embedding(recording, lookup) and len(lookup.args) == 1:
        table = f"{code.text(lookup.func)}({tf}.range({tf}.shape({x})[-1]))"
    elif last_name(lookup.func) in LOOKUPS and len(lookup.args) == 2:
        table = code.text(lookup.args[0].value)
    else:
        return ()
    change = Change().replace(lookup, code.expression(f"{tf}.matmul({tf}.nn.softmax({x}), {table})"))
    remove_unread(code, call, change)
    return fix("mix the rows by a softmax of the scores, in the place of the row with the largest", "unsafe", (code, change))
