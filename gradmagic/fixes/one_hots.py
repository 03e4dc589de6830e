"""One-hots of what is largest, drawn or rounded: the probabilities that they are chosen by, in their place."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, given_first, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import assignments_of, meant, reads_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.numerics import value_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

ITSELF = "use the softmax itself in the place of the one-hot of its largest element"
MAKERS = ("to_categorical", "one_hot")
LAST = ("-1", "1")
CHOICES = ("Select", "SelectV2")
# From a one-hot back to what the scores were made by.
CHOOSING = ("OneHot", "ArgMax", "ArgMin", "Cast", "Identity", "Reshape", "Squeeze", "ExpandDims")


def soft_one_hot(recording: Recording, code: Code, call: cst.Call, names: Names, op: Op | None) -> tuple[Fix, ...]:
    """`tf.one_hot(tf.argmax(scores, -1), n)` → `tf.nn.softmax(scores)`, or the scores where they are probabilities; `categorical` and rounding in the place of `argmax` likewise."""
    index = argument(call, 0, "indices", "x")
    value = index.value if index is not None else None
    if isinstance(value, cst.Name):
        value = value_of(code, value) or value
    softmax = names.function("softmax", call.func)
    shape: cst.BaseExpression | None = None
    while isinstance(value, (cst.Subscript, cst.Name)) or (isinstance(value, cst.Call) and last_name(value.func) in ("squeeze", "reshape") and value.args):
        if isinstance(value, cst.Name):
            value, known = meant(code, value)
            if known is None:
                return ()
            continue
        given = argument(value, 1, "shape") if isinstance(value, cst.Call) and last_name(value.func) == "reshape" else None
        shape = shape or (given.value if given is not None else None)
        value = value.value if isinstance(value, cst.Subscript) else value.args[0].value
    if not isinstance(value, cst.Call) or softmax is None or not value.args:
        return ()
    inner = value.args[0].value
    if last_name(value.func) in ("argmax", "argmin"):
        return of_scores(recording, code, call, value, f"{softmax}({{}})", op)
    if last_name(value.func) == "categorical" and names.tf:
        x = atom(code.text(inner))
        noise = f"{names.tf}.math.log(-{names.tf}.math.log({names.tf}.random.uniform({names.tf}.shape({x}), 1e-6, 1.0 - 1e-6)))"
        drawn = _shaped(code, call, f"{softmax}({x} - {noise})", shape, names.tf)
        return fix("sample softly, by the Gumbel-softmax", "unsafe", (code, Change().replace(call, code.expression(drawn)))) if drawn is not None else ()
    if last_name(value.func) == "cast" and names.tf:
        depth = text_of(code, call, 1, "depth", "num_classes")
        tf, x = names.tf, atom(code.text(inner))
        if depth is not None:
            new = f"{softmax}(-10.0 * {tf}.square({x}[..., None] - {tf}.cast({tf}.range({depth}), {tf}.float32)))"
            return fix("weigh the classes by their distance", "unsafe", (code, Change().replace(call, code.expression(new))))
    return ()


def _shaped(code: Code, call: cst.Call, drawn: str, shape: cst.BaseExpression | None, tf: str) -> str | None:
    """The probabilities of rows in the shape that the drawn indices are given, with the classes as one more axis."""
    depth = text_of(code, call, 1, "depth", "num_classes")
    if shape is None or code.text(shape) in ("-1", "[-1]", "(-1,)"):
        return drawn
    if depth is None:
        return None
    if isinstance(shape, (cst.Tuple, cst.List)):
        return f"{tf}.reshape({drawn}, ({', '.join(code.text(e.value) for e in shape.elements)}, {depth}))"
    return f"{tf}.reshape({drawn}, {tf}.concat([{code.text(shape)}, [{depth}]], axis=0))"


def of_scores(recording: Recording, code: Code, whole: cst.BaseExpression, chosen: cst.Call, softmax: str, op: Op | None) -> tuple[Fix, ...]:
    """The softmax of what an `argmax` or `argmin` chooses from, in the place of a whole one-hot; probabilities stay as they are."""
    scores, least = chosen.args[0].value, last_name(chosen.func) == "argmin"
    if not least and _takes_logits(recording, code, whole):
        return fix("give the scores themselves to the loss, which takes logits, in the place of the one-hot of the largest", "unsafe", (code, Change().replace(whole, scores)))
    if not least and is_softmax(recording, op):
        return fix("use the probabilities themselves in the place of the one-hot of the largest", "unsafe", (code, Change().replace(whole, scores)))
    return fix(ITSELF, "unsafe", (code, Change().replace(whole, code.expression(softmax.format(f"-{atom(code.text(scores))}" if least else code.text(scores))))))


def _takes_logits(recording: Recording, code: Code, given: cst.BaseExpression) -> bool:
    """Whether an expression is given, on the spot or by a name that is read once, to a loss that takes logits."""
    assign = code.parent(given)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    reads = reads_of(code, target.value, code.scope(given)) if isinstance(target, cst.Name) else [given]
    call = code.enclosing(reads[0], cst.Call) if len(reads) == 1 else None
    if call is None or not any(a.value is reads[0] for a in call.args):
        return False
    if "with_logits" in last_name(call.func):
        return True
    made = [a.value for c in cells(recording) for a in c.all(cst.Assign) if dotted(call.func) and any(dotted(t.target) == dotted(call.func) for t in a.targets)]
    losses = made if len(made) == 1 and isinstance(made[0], cst.Call) else [call]
    said = argument(cst.ensure_type(losses[0], cst.Call), None, "from_logits")
    return said is not None and isinstance(said.value, cst.Name) and said.value.value == "True"


def is_softmax(recording: Recording, op: Op | None) -> bool:
    """Whether a softmax made what an op, or the `argmax` behind it, chooses from."""
    while op is not None and (op.type in CHOOSING or op.type in CHOICES):
        # Keras puts a number next to it in the place of -0.0.
        op = recording.producer.get(op.inputs[2 if op.type in CHOICES else 0])
    return op is not None and op.type == "Softmax"


def of_array(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`to_categorical(np.argmax(p, axis=1), n)`, also by a name for the index: the probabilities, or the softmax of the scores."""
    code, names = code_at(recording, place), names_of(recording)
    call = next((n for n in code.expressions_at(place) if isinstance(n, cst.Call) and last_name(n.func) in ("argmax", "argmin")), None) if code is not None and place is not None else None
    if code is None or call is None or not call.args or names.tf is None or text_of(code, call, 1, "axis") not in LAST or not names.module(call.func).startswith("numpy."):
        return ()
    whole = _one_hot_of(code, call)
    # NumPy reads a tensor without a call that could be seen: what ran last where its value is written made it.
    made = _ran_in(recording, code, meant(code, call.args[0].value)[0])
    tensor = recording.tensors.get(made.outputs[0]) if made is not None and made.outputs else None
    if whole is None or made is None or tensor is None or tensor.shape is None or len(tensor.shape) != 2:
        return ()
    return of_scores(recording, code, whole, call, f"{names.tf}.nn.softmax({{}})", made)


def _ran_in(recording: Recording, code: Code, node: cst.BaseExpression) -> Op | None:
    """The last op that ran in an expression."""
    first, last = code.start(node), code.end(node)
    spans = [(op, op.span) for op in recording.ops if op.span is not None and op.span.cell == code.cell and op.phase == "forward" and not op.in_graph]
    return next((op for op, s in reversed(spans) if first <= (s.line, s.column) and (s.end_line, s.end_column) <= last), None)


def _one_hot_of(code: Code, index: cst.Call) -> cst.Call | None:
    """The call that makes a one-hot of an index, which it is given on the spot or by a name that is read once."""
    node: cst.BaseExpression = index
    assign = code.parent(index)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if isinstance(target, cst.Name):
        reads = reads_of(code, target.value, code.scope(index))
        if len(reads) != 1 or len(assignments_of(code, target.value, code.scope(index))) != 1:
            return None
        node = reads[0]
    call = given_first(code, node)
    return call if call is not None and last_name(call.func) in MAKERS else None
