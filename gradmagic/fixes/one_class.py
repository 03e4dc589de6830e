"""One class of a softmax in the place of the sum over all of them, which is 1."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.locate.summed_shares import is_target, total_of
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

TITLE = "take the largest probability of each row"
REDUCTIONS = ("reduce_sum", "reduce_mean", "sum", "mean")


def largest_class(recording: Recording, run: GradientRun | None, softmax: Op | None) -> tuple[Fix, ...]:
    """`tf.reduce_sum(model(x))` of probabilities → `tf.reduce_sum(tf.reduce_max(model(x), axis=-1))`, and likewise where the probabilities are the target.

    Only for the gradient of inputs, as in a saliency map: what weights are to be trained with is another question.
    """
    if run is None or softmax is None or softmax.type != "Softmax" or any(s.kind != "tensor" for s in run.sources):
        return ()
    total = total_of(recording, run, softmax)
    if total is not None:
        return _in_the_sum(recording, softmax, total)
    return _of_the_target(recording, run) if is_target(recording, run, softmax) else ()


def _in_the_sum(recording: Recording, softmax: Op, total: Op) -> tuple[Fix, ...]:
    code = code_at(recording, total.span)
    call = code.call_at(total.span, REDUCTIONS) if code is not None and total.span is not None else None
    shares = argument(call, 0, "input_tensor", "x", "a") if call is not None else None
    largest = names_of(recording).function("reduce_max", call.func) if call is not None else None
    if code is None or call is None or shares is None or largest is None:
        return ()
    axis = argument(call, 1, "axis")
    if axis is None:
        if any(a is not shares for a in call.args):
            return ()
        return fix(TITLE, "unsafe", (code, Change().replace(shares.value, code.expression(f"{largest}({code.bare(shares.value)}, axis=-1)"))))
    tensor = recording.tensors.get(softmax.outputs[0])
    rank = len(tensor.shape) if tensor is not None and tensor.shape is not None else 0
    if last_name(call.func) not in ("reduce_sum", "sum") or code.text(axis.value) not in ("-1", str(rank - 1)):
        return ()
    return fix(TITLE, "unsafe", (code, Change().replace(call.func, code.expression(largest))))


def _of_the_target(recording: Recording, run: GradientRun) -> tuple[Fix, ...]:
    """The largest probability of each row, computed under the tape and asked for."""
    block, asked = tape_block(recording, run), asking(recording, run)
    if block is None or asked is None or asked[0] is not block[0]:
        return ()
    (code, with_, _), (_, call) = block, asked
    target, largest = argument(call, 0, "target", "ys"), names_of(recording).function("reduce_max")
    statement = _given(code, with_, target.value) if target is not None and isinstance(target.value, cst.Name) else None
    if target is None or statement is None or largest is None or not isinstance(target.value, cst.Name):
        return ()
    name = new_name(code, "score")
    change = Change().insert_after(statement, code.line(f"{name} = {largest}({target.value.value}, axis=-1)"))
    return fix(TITLE, "unsafe", (code, change.replace(target.value, cst.Name(name))))


def _given(code: Code, block: cst.With, name: cst.Name) -> cst.CSTNode | None:
    """The one statement of a tape's block that gives a name its value."""
    found = [code.parent(a) for a in assignments_of(code, name.value, code.scope(block)) if code.scope(a) is code.scope(block)]
    lone = found[0] if len(found) == 1 else None
    return lone if lone is not None and code.parent(lone) is block.body else None
