"""The logarithm of a determinant by a decomposition that has no gradient: in one step, by an op that has one."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.flow import reads_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix


def without_lu(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`lu, _ = tf.linalg.lu(m)` and the sum of the logarithms of its diagonal → `tf.linalg.slogdet(m)[1]`."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = code.call_at(place, ("lu",)) if code is not None and place is not None else None
    matrix = argument(call, 0, "input") if call is not None else None
    statement = code.statement(call) if code is not None and call is not None else None
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if code is None or tf is None or matrix is None or statement is None or not isinstance(assign, cst.Assign) or len(assign.targets) != 1:
        return ()
    target, value = assign.targets[0].target, assign.value
    scope = code.scope(statement)
    if value is call and isinstance(target, (cst.Tuple, cst.List)) and len(target.elements) == 2 and all(isinstance(e.value, cst.Name) for e in target.elements):
        first, second = (e.value.value for e in target.elements if isinstance(e.value, cst.Name))
        if [n for n in reads_of(code, second, scope) if code.start(n) > code.end(statement)]:
            # With the permutation more is computed than the determinant.
            return ()
    elif isinstance(value, cst.Subscript) and value.value is call and code.text(value.slice[0].slice) == "0" and isinstance(target, cst.Name):
        first = target.value
    else:
        return ()
    reads = [n for n in reads_of(code, first, scope) if code.start(n) > code.end(statement)]
    total = _log_of_diagonal(code, reads[0]) if len(reads) == 1 else None
    ranks = {len(t.shape or ()) for op in recording.ops if op.type == "Lu" if (t := recording.tensors.get(op.outputs[0])) is not None}
    if total is None or not (_over_last(code, total) or (len(total.args) == 1 and ranks == {2})):
        return ()
    change = Change().replace(total, code.expression(f"{tf}.linalg.slogdet({code.text(matrix.value)})[1]")).remove(statement)
    return fix("take the logarithm of the determinant in one step, which has a gradient", "safe", (code, change))


def _log_of_diagonal(code: Code, read: cst.Name) -> cst.Call | None:
    """The call `reduce_sum(log(abs(diag_part(lu))))` around a name."""
    node: cst.CSTNode = read
    for wanted in (("diag_part", "tensor_diag_part"), ("abs",), ("log",), ("reduce_sum",)):
        arg = code.parent(node)
        call = code.parent(arg) if isinstance(arg, cst.Arg) else None
        if not isinstance(call, cst.Call) or last_name(call.func) not in wanted or call.args[0] is not arg or (len(call.args) > 1 and "reduce_sum" not in wanted):
            return None
        node = call
    return node if isinstance(node, cst.Call) else None


def _over_last(code: Code, total: cst.Call) -> bool:
    axis = argument(total, 1, "axis")
    return len(total.args) == 2 and axis is not None and code.text(axis.value) == "-1"
