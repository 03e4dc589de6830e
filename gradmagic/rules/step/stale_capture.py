"""A `tf.function` that was traced earlier keeps an old Python value.

What it finds
    A Python number, text or small array that the function's code reads, which was changed and is read as it was when the function was traced.

Why it happens
    Tracing runs the Python code once. Numbers that it reads become constants of the graph; later calls run the graph and not the code.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    rate = 0.1
    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = w * w
        w.assign_sub(rate * tape.gradient(loss, w))
    step()
    rate = 0.01
    step()

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    rate = tf.Variable(0.1)
    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = w * w
        w.assign_sub(rate * tape.gradient(loss, w))
    step()
    rate.assign(0.01)
    step()

Fix safety
    The function then sees the new value, as is meant.

Not a problem when
    The value is used for printing only.
"""

from __future__ import annotations

import ast

from gradmagic.fixes.compiled_again import compiled_again
from gradmagic.fixes.decided import counted_in_the_graph
from gradmagic.fixes.handed_in import as_argument
from gradmagic.fixes.traced_anew import traced_anew
from gradmagic.fixes.training import number_as_variable
from gradmagic.fixes.two_phases import compiled_between
from gradmagic.locate.fault import Fault
from gradmagic.recording import KeptObject, Recording, Span, StaleRead
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import article, code, finding
from gradmagic.syntax import tree_at


def explain(fault: Fault, recording: Recording) -> Finding | None:
    read = fault.detail.get("read")
    if fault.cause != "stale" or not isinstance(read, StaleRead):
        return None
    name, call = code(read.expression), f" (call {read.calls})" if read.calls > 1 else ""
    if read.counted_at is not None:
        return _counted(fault, read, read.counted_at)
    if isinstance(read.traced, KeptObject) and isinstance(read.now, KeptObject):
        goes_on = "goes on with the first one"
        if read.traced.is_layer:
            goes_on = f"goes on {'training' if _updates(recording, read.function) else 'computing with'} the variables of the first one, and those of the new one take no part in it"
        return finding(
            "step/stale-capture",
            fault,
            f"{code(read.function)} keeps the {name} that it was traced with, and {name} is another object now",
            read.span,
            "looked up once, when the function was traced",
            f"When the graph of {code(read.function)} was traced, {name} was {article(read.traced.type)} {code(read.traced.type)} whose variables became part of it. When the function was called again{call}, {name} was another {code(read.now.type)}, and no new trace was made: the graph {goes_on}.",
            severity="warning",
            help=f"make {code(read.function)} anew after {name}, or give {name} to it as an argument of the function that makes it",
            variables=(),
        )
    if isinstance(read.traced, tuple) and isinstance(read.now, tuple):
        before, after = set(read.traced), set(read.now)
        # What was frozen or set free is a part of the whole; other variables are those of other layers.
        nested = before <= after or after <= before
        others = f"{len(read.now)}" if nested else f"{len(read.now)}, {len(after - before)} of them others,"
        return finding(
            "step/stale-capture",
            fault,
            f"{code(read.function)} goes on with {read.traced!r} of {name}, although {'there are ' + others if nested else f'{len(after - before)} of its {len(read.now)} are others'} now",
            read.span,
            "goes on with the list from when the training step was traced",
            f"When the graph of {code(read.function)} was traced, {name} held {read.traced!r}. It held {others} when the function was called again{call}, and no new trace was made: "
            "the graph asks for the gradients of the first ones and updates those." + (" Setting `trainable` changes no graph that is there." if nested else ""),
            severity="warning",
            help=("set `trainable` before the function is traced; for" if nested else f"make {code(read.function)} anew after the change; for")
            + " Keras' `fit`, call `compile` again after the change and then `fit` for the further epochs",
            variables=(),
        )
    return finding(
        "step/stale-capture",
        fault,
        f"{code(read.function)} keeps {name} = {code(repr(read.traced))}, although it is {code(repr(read.now))} now",
        read.span,
        "read once, when the function was traced",
        f"When the graph of {code(read.function)} was traced, {name} was {code(repr(read.traced))} and became a constant of it. It was {code(repr(read.now))} when the function was called again{call}, and no new trace was made: the graph goes on with the old value.",
        severity="warning",
        help=f"pass it to {code(read.function)} as an argument: for another text it is traced anew"
        if isinstance(read.traced, str)
        else f"keep it in a `tf.Variable` and assign to that, or pass it to {code(read.function)} as a tensor",
        variables=(),
    )


def _counted(fault: Fault, read: StaleRead, line: Span) -> Finding:
    name, function = code(read.expression), code(read.function)
    return finding(
        "step/stale-capture",
        fault,
        f"{name} stays {code(repr(read.traced))}: {function} counts it only when it is traced",
        read.span,
        f"went by {name} = {read.traced!r} when the graph was made, for good",
        f"The line that counts {name} is Python, and Python runs while the graph of {function} is traced. After {read.calls} calls {name} is still {code(repr(read.traced))}, and what follows from it (which branch is taken, which number is used) "
        "was decided once.",
        others=[(line, f"ran when {function} was traced, and in no other call")] if line != read.span else [],
        severity="warning",
        help=f"keep the count in a `tf.Variable` and let {function} assign to it, or count outside and pass it as a tensor",
        variables=(),
    )


def _updates(recording: Recording, function: str) -> bool:
    """Whether the graph of a function updates variables, by a line of its own."""
    places = [(span, tree) for u in recording.updates if u.in_graph and (span := u.span) is not None and (tree := tree_at(recording, span)) is not None]
    return any(isinstance(n, ast.FunctionDef) and n.name == function and n.lineno <= span.line <= (n.end_lineno or n.lineno) for span, tree in places for n in ast.walk(tree))


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    read = fault.detail.get("read")
    if isinstance(read, StaleRead) and read.counted_at is not None:
        return counted_in_the_graph(recording, found.location) or number_as_variable(recording, found.location, read.expression)
    if isinstance(read, StaleRead) and isinstance(read.traced, (KeptObject, tuple)):
        others = isinstance(read.traced, tuple) or read.traced.is_layer
        return compiled_between(recording, found.location) or compiled_again(recording, found.location) or traced_anew(recording, read.function, read.expression, others)
    handed = as_argument(recording, found.location, read) if isinstance(read, StaleRead) else ()
    if isinstance(read, StaleRead) and (handed or isinstance(read.traced, str) or isinstance(read.now, str)):
        # A variable of text is no key, and compares with nothing.
        return handed or traced_anew(recording, read.function, read.expression)
    return number_as_variable(recording, found.location, read.expression if isinstance(read, StaleRead) else None)
