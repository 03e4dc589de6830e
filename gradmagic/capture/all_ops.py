"""All ops of a session in their order: those that ran, and those of graphs in the place of their calls."""

from __future__ import annotations

import functools
from typing import Any

from gradmagic.capture.backward import ops_as_one
from gradmagic.capture.events import RawOp
from gradmagic.capture.session import Session
from gradmagic.capture.twins import HIDDEN, PROBES
from gradmagic.capture.unroll import Unroller


def all_ops(session: Session) -> list[RawOp]:
    """Every op that was noted, by its `seq`."""
    unroller = Unroller(session)
    graphs = getattr(session, "graphs", None)
    if graphs is not None:
        # A call says what went into the graph that asks for gradients: its ops are told with the ids of that.
        for _, atomic, inputs, outputs, place, tapes, phase in graphs.calls:
            if atomic._cached_graph in PROBES or atomic._cached_graph in HIDDEN:
                _contained(session, functools.partial(unroller.first_call, atomic._cached_graph, inputs, outputs, place, tapes, phase))
        ran = {t.run.site for t in graphs.traced_runs if t.ran}
        for template in graphs.traced_runs:
            # Keras traces once to make the variables and again to use them: only what ran counts.
            if (template.ran or template.run.site not in ran) and any(r.site == template.run.site for r in session.runs):
                _contained(session, functools.partial(unroller.graph, template.graph_now()))
        for graph in graphs.broken:
            _contained(session, functools.partial(unroller.graph, graph))
        for seq, atomic, inputs, outputs, place, tapes, phase in graphs.calls:
            if any(r.seq >= seq for r in session.runs):
                _contained(session, functools.partial(unroller.call, atomic._cached_graph, inputs, outputs, place, tapes, phase))
                # The call happened at its own time, whatever came while it was unrolled.
    traced = [template.run for template in graphs.traced_runs] if graphs is not None else []
    # What ran in a graph has the steps of its trace.
    backward = {op.seq: op for run in (*session.runs, *traced) for op in ops_as_one(run)}
    noted = _named(unroller.ops, session.ops)
    return sorted((*noted, *unroller.ops, *backward.values()), key=lambda op: op.seq)


def _named(unrolled: list[RawOp], noted: list[RawOp]) -> list[RawOp]:
    """The ops that were noted as they were made, without the custom gradients that stand among those of a graph: there they know where they are, and get their names."""
    inside = {op.outputs[0]: op for op in unrolled if op.type == "CustomGradient" and op.outputs}
    left = []
    for op in noted:
        twin = inside.get(op.outputs[0]) if op.type == "CustomGradient" and op.in_graph and op.outputs else None
        if twin is None:
            left.append(op)
        else:
            twin.name, twin.gradient, twin.seq = op.name, op.gradient, op.seq
    return left


def name_again(session: Session) -> None:
    """What is known of a value inside a graph, under the id that stands for it among the ops."""
    # Of a loop, the condition sees one value more than the body, which comes after it.
    for inside, outside in reversed(session.stands_for.items()):
        seen, named = session.tensors.get(inside), session.tensors.get(outside)
        if seen is not None and named is not None and named.finite is None:
            named.finite, named.zero, named.norm, named.numbers = seen.finite, seen.zero, seen.norm, seen.numbers


def _contained(session: Session, action: Any) -> None:
    try:
        action()
    except Exception as error:
        session.failed("read a graph", error)
