"""What `tf.py_function` does to a gradient that does not come back through its function: it sends a single 0 in the place of None."""

from __future__ import annotations

import ast
import math

from gradmagic.definitions import FUNCTIONS, line_of
from gradmagic.leaving import calls_outside
from gradmagic.recording import BackwardStep, GradientRun, Op, Recording, Span
from gradmagic.syntax import call_at, last_name, tree_of


def is_none_inside(recording: Recording, step: BackwardStep, op: Op, position: int) -> bool:
    """Whether the 0 that a `tf.py_function` sent to an input stands for None: it lacks the input's shape, or the input's own value left TensorFlow inside."""
    flow = step.sent[position] if op.type == "EagerPyFunc" and position < min(len(step.sent), len(op.inputs)) else None
    if flow is None or not flow.zero or flow.id is None:
        return False
    sent, given = recording.tensors.get(flow.id), recording.tensors.get(op.inputs[position])
    if sent is None or given is None or sent.shape != () or given.shape is None:
        return False
    return given.shape != () or _escape(recording, op, position) is not None


def where_it_left(recording: Recording, op: Op, position: int) -> tuple[Span, str] | None:
    """The expression of the function that handed the value of an input to Python or NumPy, and how; None where that was not seen."""
    found = _escape(recording, op, position) or _numpy_inside(recording, op)
    return (found, "NumPy") if isinstance(found, Span) else found


def _escape(recording: Recording, op: Op, position: int) -> tuple[Span, str] | None:
    """Where the input's own value left. Inside the function it is a tensor of its own, which no recorded op made."""
    given = recording.tensors.get(op.inputs[position])
    for escape in recording.escapes:
        gone, span = recording.tensors.get(escape.tensor), escape.span
        if gone is None or given is None or span is None or escape.tensor in recording.producer or gone.variable is not None or (op.span is not None and span.function == op.span.function):
            continue
        # A graph ran when its ops had long been noted.
        in_time = op.in_graph or escape.seq < op.seq
        if in_time and gone.shape == given.shape and gone.norm is not None and given.norm is not None and math.isclose(gone.norm, given.norm, rel_tol=1e-6):
            return span, escape.how
    return None


def _numpy_inside(recording: Recording, op: Op) -> Span | None:
    """The first call of NumPy, or of a library like it, in the function that was handed to `tf.py_function`."""
    call = call_at(recording, op.span, ("py_function",)) if op.span is not None else None
    handed = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "func")] if call is not None else []
    name = last_name(handed[0]) if handed else ""
    for key, text in recording.code.items():
        for function in (n for n in ast.walk(tree_of(text) or ast.Module([], [])) if isinstance(n, FUNCTIONS) and n.name == name):
            names = {p.arg for p in function.args.args} | {t.id for n in ast.walk(function) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
            calls = [c for c in calls_outside(recording, line_of(key, function), names) if function.lineno <= c.line <= (function.end_lineno or function.lineno)]
            if calls:
                return min(calls, key=lambda c: (c.line, c.column))
    return None


def none_before_error(recording: Recording, run: GradientRun) -> tuple[Op, int] | None:
    """The `tf.py_function` of a gradient call that raised, and the input that it sent such a 0 to, where the gradient function that raised was handed what became of it."""
    # Of each gradient that is such a 0, or was made of one: where it was sent.
    made: dict[int, tuple[Op, int]] = {}
    for step in run.steps:
        op = recording.by_seq.get(step.op) if step.op is not None else None
        before = next((made[f.id] for f in step.received if f is not None and f.id in made), None)
        for position, flow in enumerate(step.sent):
            if flow is None or flow.id is None:
                continue
            if op is not None and is_none_inside(recording, step, op, position):
                made[flow.id] = op, position
            elif before is not None:
                made[flow.id] = before
    last = run.steps[-1] if run.steps else None
    return next((made[f.id] for f in last.received if f is not None and f.id in made), None) if last is not None else None
