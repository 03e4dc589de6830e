"""What depends on the parameters of a policy only through what is drawn from it: the score function in its place (Williams, 1992: REINFORCE)."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

MEANS = ("reduce_mean", "reduce_sum", "mean", "sum")
ROWS = ("squeeze", "reshape")
PASSING = ("Squeeze", "StridedSlice", "Reshape", "Cast", "Identity")


def score_function(recording: Recording, place: Place, op: Op | None, run: GradientRun | None) -> tuple[Fix, ...]:
    """`a = tf.random.categorical(logits, 1)[:, 0]` and `-tf.reduce_mean(reward)`, with a reward that is looked up by `a` → `-tf.reduce_mean(log_prob * reward)`."""
    code, found, tf = code_at(recording, place), tape_block(recording, run), names_of(recording).tf
    if op is None or op.type != "Multinomial" or code is None or place is None or found is None or found[0] is not code or tf is None:
        return ()
    call = code.call_at(place, ("categorical",))
    logits, assign = argument(call, 0, "logits") if call is not None else None, code.enclosing(call, cst.Assign) if call is not None else None
    target = assign.targets[0].target if assign is not None and len(assign.targets) == 1 else None
    if call is None or logits is None or assign is None or not isinstance(target, cst.Name) or not _is_of_rows(code, assign.value, call):
        return ()
    mean = _mean(code, found[1], target.value)
    drawn, judged = code.statement(assign), code.statement(mean) if mean is not None else None
    if mean is None or drawn is None or judged is None or code.function(drawn) is not code.function(judged):
        return ()
    change, scores = Change(), code.text(logits.value)
    if not isinstance(logits.value, cst.Name):
        scores = new_name(code, "logits")
        change.insert_before(drawn, code.line(f"{scores} = {code.bare(logits.value)}")).replace(logits.value, cst.Name(scores))
    chance = new_name(code, "log_prob")
    change.insert_before(judged, code.line(f"{chance} = -{tf}.nn.sparse_softmax_cross_entropy_with_logits(labels={target.value}, logits={scores})"))
    change.replace(mean.args[0].value, code.expression(f"{chance} * {atom(code.text(mean.args[0].value))}"))
    return fix(f"weigh the logarithm of the probability of `{target.value}` by what comes of it (REINFORCE)", "unsafe", (code, change))


def score_of_what_left(recording: Recording, place: Place, run: GradientRun | None) -> tuple[Fix, ...]:
    """The same for a draw whose number is handed to code outside of TensorFlow: `reward = env(a.numpy())`."""
    for left in recording.escapes:
        if left.span is None or place is None or (left.span.cell, left.span.line, left.span.column) != (place.cell, place.line, place.column):
            continue
        op = recording.producer.get(left.tensor)
        while op is not None and op.type in PASSING and op.inputs:
            op = recording.producer.get(op.inputs[0])
        if op is not None and op.type == "Multinomial":
            return score_function(recording, op.span, op, run)
    return ()


def _is_of_rows(code: Code, value: cst.BaseExpression, call: cst.Call) -> bool:
    """Whether of one draw for each row the axis of the draws is left out."""
    count = argument(call, 1, "num_samples")
    if value is call or count is None or code.text(count.value) != "1":
        return False
    outer = [n for n in code.around(call) if isinstance(n, (cst.Call, cst.Subscript))]
    return any(isinstance(n, cst.Subscript) or last_name(n.func) in ROWS for n in outer)


def _mean(code: Code, block: cst.With, drawn: str) -> cst.Call | None:
    """The one mean or sum in the block over what was computed from a draw."""
    scope, moved = code.scope(block), {drawn}
    for assign in code.all(cst.Assign, block.body):
        target = assign.targets[0].target
        means = [c for c in code.all(cst.Call, assign.value) if last_name(c.func) in MEANS]
        if isinstance(target, cst.Name) and not means and names_in(assign.value) & moved and len(assignments_of(code, target.value, scope)) == 1:
            moved.add(target.value)
    found = [c for c in code.all(cst.Call, block.body) if last_name(c.func) in MEANS and len(c.args) == 1 and names_in(c.args[0].value) & moved]
    return found[0] if len(found) == 1 and reads_of(code, drawn, block) else None
