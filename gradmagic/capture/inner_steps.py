"""Backward steps inside the functions, conditionals and loops of a graph.

A tape sees each of them as one op. TensorFlow makes a graph of its own for their backward pass, by the gradient functions of the ops inside; these are noted as
they are called, with the graph that they add to. A gradient call has the steps of those graphs that it runs.
"""

from __future__ import annotations

import copy
from typing import Any

from tensorflow.python.framework import func_graph
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.backward import ids_of
from gradmagic.capture.closely import identity_of
from gradmagic.capture.events import RawRun, RawStep
from gradmagic.capture.session import Session
from gradmagic.capture.twins import NOTES, STEPS, inner_graphs

MAX_DEPTH = 24


def install(session: Session) -> None:
    """Note each gradient function that TensorFlow calls while it makes the backward pass of a graph."""
    original = framework_ops.get_gradient_function

    def get_gradient_function(op: Any) -> Any:
        function = original(op)
        graph = framework_ops.get_default_graph()
        run = session.doing.current_run
        # A tape tells its own steps; `tf.gradients` goes through the ops of the graph that it adds to.
        own = run is not None and run.kind == "tf.gradients" and op.graph is graph
        if function is None or session.busy or not isinstance(graph, func_graph.FuncGraph) or (op.graph is graph and not own):
            return function

        def noted(op: Any, *gradients: Any) -> Any:
            sent = function(op, *gradients)
            try:
                step = _step(session, op, gradients, sent)
                (run.steps if own and run is not None else STEPS.setdefault(graph, [])).append(step)
                if step.type == "CustomGradient" and None in step.sent:
                    session.graphs.declined.append(step)
            except Exception as error:
                session.failed("note a step of the backward pass inside a graph", error)
            return sent

        return noted

    session.patches.set(framework_ops, "get_gradient_function", get_gradient_function)


def _step(session: Session, op: Any, gradients: Any, sent: Any) -> RawStep:
    sent = sent if isinstance(sent, (list, tuple)) else [sent]
    received, given = (tuple(None if g is None else identity_of(g) for g in values) for values in (gradients, sent))
    results = session.custom.get(op.outputs[0]._id, 0) if op.type == "IdentityN" and op.outputs else 0
    if results:
        # A custom gradient in a graph is an op that takes and gives its results as well as its arguments.
        return RawStep(session.next(), "CustomGradient", ids_of(op.inputs[results:]), ids_of(op.outputs[:results]), received[:results], given[results:])
    return RawStep(session.next(), op.type, ids_of(op.inputs), ids_of(op.outputs), received, given)


def take_in(session: Session, run: RawRun, graph: Any, first: int) -> None:
    """Put the steps inside of what a gradient call runs among its own.

    Args:
        graph: where the call added its ops; first: how many were there before.
    """
    notes, seen = NOTES.get(graph, {}), set[int]()
    for op in graph.get_operations()[first:]:
        found = [step for inner in inner_graphs(graph, op) if inner is not None for step in _inside(inner, seen, 0)]
        if found:
            added = notes[op.name][0] if op.name in notes else run.steps[-1].seq if run.steps else 0
            place = next((i for i, step in enumerate(run.steps) if step.seq > added), len(run.steps))
            run.steps[place:place] = [_renumbered(session, step) for step in found]


def take_in_declined(session: Session, run: RawRun) -> None:
    """Put the custom gradients that gave None, while backward passes of functions were traced, among the steps of a call that came back through such functions."""
    run.steps += [_renumbered(session, step) for step in session.graphs.declined]


def _inside(graph: Any, seen: set[int], depth: int) -> list[RawStep]:
    if id(graph) in seen or depth > MAX_DEPTH:
        return []
    seen.add(id(graph))
    found = list(STEPS.get(graph, ()))
    if not getattr(graph, "_functions", None):
        return found
    for op in graph.get_operations():
        for inner in inner_graphs(graph, op):
            if inner is not None:
                found += _inside(inner, seen, depth + 1)
    return found


def _renumbered(session: Session, step: RawStep) -> RawStep:
    # Steps that were noted where the function was called belong to the call that asks for gradients.
    step = copy.copy(step)
    step.seq = session.next()
    return step
