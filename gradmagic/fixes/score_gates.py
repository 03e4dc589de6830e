"""What is kept of several by its score, and weighed by it: a gate through which the score learns (Gao and Ji 2019, Graph U-Nets)."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.flow import reads_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def weighed_by_scores(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`values, index = top_k(scores, k)` and `gather(x, index)` → `gather(x, index) * sigmoid(values)[:, tf.newaxis]`, where nothing reads the values."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = code.call_at(place, ("top_k",)) if code is not None and place is not None else None
    assign = code.parent(call) if code is not None and call is not None else None
    if code is None or tf is None or op is None or not op.type.startswith("TopK") or not isinstance(assign, cst.Assign) or len(assign.targets) != 1:
        return ()
    target, scope = assign.targets[0].target, code.scope(assign)
    if isinstance(target, cst.Tuple) and len(target.elements) == 2 and all(isinstance(e.value, cst.Name) for e in target.elements):
        values, index = (code.text(e.value) for e in target.elements)
        reads = [n for n in reads_of(code, index, scope) if code.start(n) > code.end(assign)]
        if values == "_" or [n for n in reads_of(code, values, scope) if code.start(n) > code.end(assign)]:
            return ()
    elif isinstance(target, cst.Name):
        values, picked = f"{target.value}.values", [n for n in code.all(cst.Attribute, scope) if code.text(n) in (f"{target.value}.indices", f"{target.value}.values")]
        if any(last_name(n) == "values" for n in picked):
            return ()
        reads = picked  # type: ignore[assignment]
    else:
        return ()
    gathers = [c for n in reads if (c := _gathered(code, n)) is not None]
    rank = _rank_of(recording, code, gathers[0]) if gathers else None
    if rank is None:
        return ()
    rest = f"[:, {', '.join([f'{tf}.newaxis'] * (rank - 1))}]" if rank > 1 else ""
    new = f"{code.text(gathers[0])} * {tf}.sigmoid({values}){rest}"
    return fix("weigh what is kept by its score, through which the score learns", "unsafe", (code, Change().replace(gathers[0], code.expression(new))))


def _gathered(code: Code, index: cst.BaseExpression) -> cst.Call | None:
    """The `gather` of rows that an index is given to."""
    around = code.parent(index)
    call = code.parent(around) if isinstance(around, cst.Arg) else None
    if not isinstance(call, cst.Call) or last_name(call.func) != "gather" or len(call.args) != 2:
        return None
    given = argument(call, 1, "indices")
    return call if given is not None and given.value is index else None


def _rank_of(recording: Recording, code: Code, call: cst.Call) -> int | None:
    """The rank of what a `gather` gave in this run, of floats alone."""
    span = code.span(call)
    made = [op for op in recording.ops if op.type in ("GatherV2", "ResourceGather") and op.span is not None and (op.span.cell, op.span.line) == (code.cell, span.line)]
    tensor = recording.tensors.get(made[0].outputs[0]) if made else None
    return len(tensor.shape) if tensor is not None and tensor.shape is not None and tensor.dtype.startswith("float") else None
