"""A gradient call inside a graph, noted each time that the graph runs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from gradmagic.capture.asking import RANK, is_first_lost, site_of, status_of, with_values
from gradmagic.capture.changes import CLOSE_STEPS
from gradmagic.capture.closely import flow_of
from gradmagic.capture.events import RawRun
from gradmagic.capture.numbers import array_of, numbers_of
from gradmagic.capture.ops import note_tensor
from gradmagic.capture.session import Session
from gradmagic.capture.trail import is_due, note_values
from gradmagic.recording import Gradient
from gradmagic.sizes import are_faint, limits, sizes


def _is_made_of_nothing(tensor: Any) -> bool:
    """Whether a gradient in a graph is the zeros that TensorFlow puts in the place of None."""
    op = getattr(tensor, "op", None)
    while op is not None and op.type in ("Identity", "Reshape") and op.inputs:
        op = op.inputs[0].op
    return op is not None and op.type in ("ZerosLike", "Fill", "Const", "Zeros")


def drop_unreached(session: Session) -> None:
    """Forget the calls of graphs that an error stopped before they came to them: that nothing came out of them says nothing about their gradients."""
    stopped = {id(t.run) for t in session.graphs.traced_runs if not t.ran and id(t) in session.graphs.stopped} if session.graphs else set()
    if stopped:
        session.runs = [run for run in session.runs if id(run) not in stopped or any(g.missing for g in run.gradients)]


def note_graph_run(session: Session, template: Any, found: dict[int, Any], target: Any = None, before: Mapping[int, Any] | None = None) -> RawRun | None:
    """A gradient call inside a graph ran: `found` holds the value of each gradient that is not None. The run, if it is kept and something in it is bad."""
    traced: RawRun = template.run
    template.ran = True
    template.runs += 1
    site = site_of(session, template.kind, template.place, len(traced.sources))
    if traced not in session.runs and not any(r.site == site.id for r in session.runs):
        traced.site = site.id
        session.graphs.traced_runs.append(template)
    count = site.count if site.norms else 0
    run = dataclasses.replace(traced, seq=session.next(), site=site.id, turn=count, gradients=(), flows={}, in_graph=True, ran=True, look=count % session.every == 0)
    site.count = count + 1
    for source in traced.sources:
        session.visits.step(source.id)
    if before and is_due(count):
        note_values(session, site, count, {s.id: before[s.id] for s in traced.sources if s.id in before})
    if before and count <= CLOSE_STEPS:
        session.changes.between({s.id: before[s.id] for s in traced.sources if s.id in before})
    results = [found.get(i) for i in range(len(traced.sources))]
    flows = [flow_of(run.flows, g) if g is not None and run.look else None for g in results]
    if not site.limits and before:
        site.limits = limits(with_values(run.sources, before))
    bounds = site.limits or (math.inf,) * len(results)
    statuses = ["none" if m else status_of(g, f, b) if g is not None else "ok" for m, g, f, b in zip(template.missing, results, flows, bounds, strict=True)]
    worst = max(statuses, key=RANK.__getitem__, default="ok")
    if count == 0 or (run.look and len(site.norms) < 20_000):
        site.norms.append([None if f is None else f[0] for f in flows])
    bad = RANK[worst]
    if bad and (site.first_bad is None or not site.norms[:-1]):
        site.first_bad = run.turn
    site.opened, opened = session.next(), site.opened
    value = array_of(target) if target is not None else None
    run.target_value = float(value) if value is not None and value.shape == () and value.dtype.kind in "fiub" else None
    first_lost = is_first_lost(site, run, worst)
    # What an infinity left behind is NaN in the next run: the first that is not finite says why.
    follows = bad <= site.worst or (bad == RANK["nan"] and site.worst == RANK["inf"])
    if run.turn and follows and not first_lost:
        if run.turn > 1 and not session.doing.active:
            session.trim(opened)
        return None
    site.worst = max(site.worst, bad)
    if before:
        run.sources = with_values(run.sources, before)
        for source in run.sources:
            if source.id in before:
                session.changes.first(source.id, before[source.id])
    if target is not None and run.targets:
        session.tensors[run.targets[0]] = note_tensor(session, target)
    run.gradients = tuple(
        Gradient(m, t.id, numbers_of(g, histogram=True) if g is not None else None, sp, traced.unconnected_zero and _is_made_of_nothing(made), t.shape or shape)
        for m, g, sp, t, shape, made in zip(template.missing, results, template.sparse, traced.gradients, template.shapes, template.tensors, strict=True)
    )
    run.seq = traced.seq
    # The values of a graph's tensors are kept once: those of the worst run.
    session.runs = [r for r in session.runs if r is not traced and not (r.site == site.id and r.in_graph and (r.turn or not r.ran))]
    session.runs.append(run)
    lost = run.lost or (target is not None and run.targets and session.tensors[run.targets[0]].finite is False)
    # What is None needs no values to be explained, what is zero beside it does.
    return run if any(RANK[s] and s != "none" for s in statuses) or lost or any(sizes(run.sources, run.gradients)) or are_faint(run.sources, run.gradients) else None
