"""Functions that run in Python: what they read, and what `tf.py_function` sends back in the place of None, a single 0."""

from __future__ import annotations

import ast
import math

from gradmagic.definitions import FUNCTIONS, line_of
from gradmagic.leaving import calls_outside
from gradmagic.recording import BackwardStep, GradientRun, Op, Recording, Span
from gradmagic.syntax import call_at, last_name, tree_of

IN_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
LISTS = ("trainable_variables", "trainable_weights", "variables", "weights")


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
    handed = _given(recording, op.span, 0, ("py_function",), "func")
    name = last_name(handed[0]) if handed else ""
    for key, text in recording.code.items():
        for function in (n for n in ast.walk(tree_of(text) or ast.Module([], [])) if isinstance(n, FUNCTIONS) and n.name == name):
            names = {p.arg for p in function.args.args} | {t.id for n in ast.walk(function) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
            calls = [c for c in calls_outside(recording, line_of(key, function), names) if function.lineno <= c.line <= (function.end_lineno or function.lineno)]
            if calls:
                return min(calls, key=lambda c: (c.line, c.column))
    return None


def reads_inside(recording: Recording, run: GradientRun, op: Op, words: set[str]) -> bool:
    """Whether the function that was handed to `tf.numpy_function` or `tf.py_function` reads what goes by one of these words, or the object whose variables the call asks for, by itself and not as an input."""
    if op.span is None:
        return False
    owners = {last_name(n.value) for n in _given(recording, run.span, 1, ("gradient", "jacobian"), "sources") if isinstance(n, ast.Attribute) and n.attr in LISTS}
    read = {last_name(n) for function in _handed(recording, op.span) for n in ast.walk(function) if isinstance(n, (ast.Name, ast.Attribute)) and isinstance(n.ctx, ast.Load)}
    return bool(read & (words | owners - {"", "self"}))


def _given(recording: Recording, span: Span | None, position: int, names: tuple[str, ...], keyword: str) -> list[ast.expr]:
    """An argument of the call of one of these functions at a place."""
    call = call_at(recording, span, names) if span is not None else None
    return [] if call is None else [*call.args[position : position + 1], *(k.value for k in call.keywords if k.arg == keyword)]


def _handed(recording: Recording, span: Span) -> list[ast.AST]:
    """The functions that can be the one that was handed to `tf.numpy_function` or `tf.py_function` at a place."""
    handed = _given(recording, span, 0, ("numpy_function", "py_function", "py_func"), "func")
    name = last_name(handed[0]) if handed else ""
    if handed and isinstance(handed[0], ast.Lambda):
        return [handed[0]]
    return [n for text in recording.code.values() for n in ast.walk(tree_of(text) or ast.Module([], [])) if isinstance(n, FUNCTIONS) and n.name == name]


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
