"""The row of a table at the largest score, as the mean of its rows under a softmax of the scores."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, fix, last_name
from gradmagic.fixes.flow import pairs_of, reads_of
from gradmagic.fixes.names import Names
from gradmagic.fixes.one_hots import is_softmax
from gradmagic.recording import FLOATS, Op, Recording, Tensor
from gradmagic.report import Fix

LOOKUPS = ("gather", "embedding_lookup", "take")
PASSING = ("Identity", "Reshape", "Cast", "Squeeze", "ExpandDims")
# What keras.ops does with indices before it takes: those below 0 count from behind.
INDEX_STEPS = ("AddV2", "SelectV2")
MOST = 20
TITLE = "mix the rows by their probabilities, in the place of the row with the largest"


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
    return _entry(code, call) is not None or any(last_name(c.func) in (*LOOKUPS, "one_hot") or _is_embedding(recording, c) for c in consumers(code, call))


def _is_embedding(recording: Recording, call: cst.Call) -> bool:
    name = last_name(call.func)
    made = [value for c in cells(recording) for a in c.all(cst.Assign) for target, value in pairs_of(a) if name and last_name(target) == name]
    return any(isinstance(value, cst.Call) and last_name(value.func) == "Embedding" for value in made)


def mean_row(recording: Recording, code: Code, call: cst.Call, names: Names, op: Op | None = None) -> tuple[Fix, ...]:
    """`embed(tf.argmax(scores, axis=-1))` → `tf.matmul(tf.nn.softmax(scores), embed(tf.range(n)))`; of `gather`, the table itself, and of a table of single numbers their mean."""
    found = _lookups(code, call)
    scores, axis = argument(call, 0, "input", "x"), argument(call, 1, "axis")
    if (entry := _entry(code, call)) is not None:
        return _mean_entry(recording, code, call, entry, names, op)
    if len(found) != 1 or scores is None or last_name(call.func) != "argmax" or axis is None or code.text(axis.value) not in ("-1", "1"):
        return ()
    lookup, x = found[0], code.text(scores.value)
    weights, table = weights_of(recording, op, x, names, call), _table_of(recording, op)
    matmul, total = names.function("matmul", call.func), names.function("reduce_sum", call.func)
    if weights is None or matmul is None or total is None:
        return ()
    if _is_embedding(recording, lookup) and len(lookup.args) == 1 and names.tf is not None:
        new = f"{matmul}({weights}, {code.text(lookup.func)}({names.tf}.range({names.tf}.shape({x})[-1])))"
    elif last_name(lookup.func) in LOOKUPS and lookup.args and (len(lookup.args) == 2 or _over_the_rows(code, lookup, table)):
        rows = lookup.args[0].value
        if table is not None and table.shape is not None and len(table.shape) == 1:
            if table.dtype not in FLOATS:
                return ()
            new = f"{total}({atom(weights)} * {atom(code.bare(rows))}, axis=-1)"
        elif last_name(lookup.func) == "take" and len(lookup.args) == 2:
            # Without an axis it takes of all numbers in a row.
            return ()
        else:
            new = f"{matmul}({weights}, {code.bare(rows)})"
    else:
        return ()
    change = Change().replace(lookup, code.expression(new))
    remove_unread(code, call, change)
    return fix("mix the rows by a softmax of the scores, in the place of the row with the largest" if weights != x else TITLE, "unsafe", (code, change))


def _entry(code: Code, call: cst.Call) -> cst.Subscript | None:
    """`table[tf.argmax(scores)]`."""
    index = code.parent(call)
    element = code.parent(index) if isinstance(index, cst.Index) else None
    whole = code.parent(element) if isinstance(element, cst.SubscriptElement) else None
    return whole if isinstance(whole, cst.Subscript) and len(whole.slice) == 1 else None


def _mean_entry(recording: Recording, code: Code, call: cst.Call, entry: cst.Subscript, names: Names, op: Op | None) -> tuple[Fix, ...]:
    """`table[tf.argmax(scores)]` → `tf.tensordot(tf.nn.softmax(scores), table, axes=1)`, for the scores of one choice and a table that is a tensor."""
    given = recording.tensors.get(op.inputs[0]) if op is not None and op.type == "ArgMax" else None
    weights = weights_of(recording, op, code.text(call.args[0].value), names, call) if call.args else None
    taken = [o for o in recording.consumers.get(op.outputs[0], ()) if o.type in ("Pack", "StridedSlice", "Cast")] if op is not None and op.outputs else []
    if given is None or given.shape is None or len(given.shape) != 1 or weights is None or names.tf is None or last_name(call.func) != "argmax" or not taken:
        return ()
    new = f"{names.tf}.tensordot({weights}, {code.text(entry.value)}, axes=1)"
    title = (
        "mix the entries by a softmax of the scores, in the place of the one with the largest" if weights != code.text(call.args[0].value) else TITLE.replace("rows", "entries").replace("row", "one")
    )
    return fix(title, "unsafe", (code, Change().replace(entry, code.expression(new))))


def weights_of(recording: Recording, op: Op | None, scores: str, names: Names, call: cst.Call) -> str | None:
    """Scores as weights that sum to 1: as they are where a softmax made them, else their softmax."""
    softmax = names.function("softmax", call.func)
    return scores if is_softmax(recording, op) else f"{softmax}({scores})" if softmax is not None else None


def _lookups(code: Code, call: cst.Call) -> list[cst.Call]:
    """What looks something up by the result of a call, also behind a cast to another integer."""
    found = consumers(code, call)
    return consumers(code, found[0]) if len(found) == 1 and last_name(found[0].func) == "cast" else found


def _table_of(recording: Recording, op: Op | None) -> Tensor | None:
    """The table that a gather takes its rows from by what an op gives."""
    waiting = list(op.outputs) if op is not None else []
    for key in waiting:
        for reader in recording.consumers.get(key, ()):
            if reader.type in ("Gather", "GatherV2", "ResourceGather") and len(reader.inputs) > 1 and reader.inputs[1] == key:
                return recording.tensors.get(reader.inputs[0])
            if (reader.type in INDEX_STEPS or reader.type in PASSING) and len(waiting) < MOST:
                waiting += reader.outputs
    return None


def _over_the_rows(code: Code, lookup: cst.Call, table: Tensor | None) -> bool:
    """Whether the only other argument of a lookup is an axis, and that of the rows."""
    axis = argument(lookup, None, "axis")
    single = table is not None and table.shape is not None and len(table.shape) == 1
    return len(lookup.args) == 3 and axis is not None and code.text(axis.value) in (("0", "-1") if single else ("0",))
