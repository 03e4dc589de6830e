"""A table that is read at the entry that `searchsorted` finds, which is a step: between two entries, by the fraction of the way (linear interpolation)."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, call_of, line_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.fixes.soft_lookup import LOOKUPS
from gradmagic.recording import Recording
from gradmagic.report import Fix


def between_entries(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`tf.gather(ys, tf.searchsorted(xs, at) - 1)` → the value at `at` on the line between the entries left and right of it."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = call_of(code, place, ("searchsorted",))
    grid, at = (argument(call, 0, "sorted_sequence"), argument(call, 1, "values")) if call is not None else (None, None)
    if code is None or call is None or tf is None or grid is None or at is None or not all(isinstance(a.value, (cst.Name, cst.Attribute)) for a in (grid, at)):
        return ()
    lookup = _lookup(code, call)
    line = line_of(code, lookup) if lookup is not None else None
    table = argument(lookup, 0, "params") if lookup is not None else None
    if lookup is None or line is None or table is None or not isinstance(table.value, (cst.Name, cst.Attribute)) or not _are_lists(recording, code, lookup):
        return ()
    xs, ys, here = (code.text(a.value) for a in (grid, table, at))
    right, left, part = (new_name(code, n) for n in ("right", "left", "part"))
    change = Change().insert_before(
        line,
        code.line(f"{right} = {tf}.clip_by_value({tf}.searchsorted({xs}, {here}), 1, {tf}.size({xs}) - 1)"),
        code.line(f"{left} = {tf}.gather({xs}, {right} - 1)"),
        code.line(f"{part} = ({atom(here)} - {left}) / ({tf}.gather({xs}, {right}) - {left})"),
    )
    new = f"(1.0 - {part}) * {tf}.gather({ys}, {right} - 1) + {part} * {tf}.gather({ys}, {right})"
    change.replace(lookup, code.expression(f"({new})" if isinstance(code.parent(lookup), cst.BinaryOperation) else new))
    statement = code.statement(call)
    if statement is not line and isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        change.remove(statement)
    return fix("interpolate between the two entries", "unsafe", (code, change))


def _lookup(code: Code, call: cst.Call) -> cst.Call | None:
    """The one call that looks up what is found, by itself or by a name that nothing else reads; one may be taken away or added on the way, and the ends may be clipped."""
    assign = code.enclosing(call, cst.Assign)
    inside = [c for c in code.all(cst.Call) if code.text(c.func).rpartition(".")[2] in LOOKUPS and (index := argument(c, 1, "indices", "ids")) is not None and call in code.all(cst.Call, index)]
    if inside:
        return inside[0] if len(inside) == 1 and len(inside[0].args) == 2 else None
    target = assign.targets[0].target if assign is not None and len(assign.targets) == 1 else None
    if not isinstance(target, cst.Name) or len(assignments_of(code, target.value, code.scope(call))) != 1:
        return None
    reads = reads_of(code, target.value, code.scope(call))
    arg = code.parent(reads[0]) if len(reads) == 1 else None
    found = code.parent(arg) if isinstance(arg, cst.Arg) else None
    is_lookup = isinstance(found, cst.Call) and code.text(found.func).rpartition(".")[2] in LOOKUPS and argument(found, 1, "indices", "ids") is arg and len(found.args) == 2
    return found if is_lookup and isinstance(found, cst.Call) else None


def _are_lists(recording: Recording, code: Code, lookup: cst.Call) -> bool:
    """Whether the table is a list of numbers."""
    lines = range(code.start(lookup)[0], code.end(lookup)[0] + 1)
    ops = [op for op in recording.ops if op.type in ("GatherV2", "ResourceGather") and op.span is not None and op.span.cell == code.cell and op.span.line in lines]
    shapes = [t.shape for op in ops if (t := recording.tensors.get(op.inputs[0])) is not None]
    return bool(shapes) and all(shape is not None and len(shape) == 1 for shape in shapes)
