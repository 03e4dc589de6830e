"""What a replay shows: the values of a compiled step, put beside the ops that made them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradmagic.capture.closely import close_look, flow_in, numbers_if_any
from gradmagic.capture.events import RawRun
from gradmagic.capture.execution import Unrepeatable
from gradmagic.capture.hiding import HIDING
from gradmagic.capture.numbers import array_of, quick
from gradmagic.capture.ops import note_tensor
from gradmagic.capture.replay import Replay
from gradmagic.capture.turns import Turns
from gradmagic.capture.twins import Template

if TYPE_CHECKING:
    from gradmagic.capture.session import Session


def look_inside(session: Session, call: Any, recorded: dict[int, Any], worse: list[RawRun], hidden: list[Template], turns: Turns | None = None) -> None:
    """Replay a call and note its values. Where the replay's gradients are not those of the call, nothing of it is used and the report says so."""
    with session.aside():
        replay = Replay(call.before, recorded, turns)
        try:
            replay.run(call.graph, call.args)
        except Unrepeatable as reason:
            session.failed("replay a compiled step to look inside", reason)
            if not replay.values:
                return
        except Exception as error:
            session.failed("replay a compiled step to look inside", error)
            return
        values = replay.values
        if turns is not None:
            # Of each place in a body the turn is shown that is kept.
            shown = {id(run) for run, body, turn in turns.worse if turn == body.shown}
            worse = [run for run in worse if id(run) in shown or all(run is not other for other, _, _ in turns.worse)]
        for run in worse:
            if not _agrees(run, values):
                session.failures.append("gradmagic could not say which op inside a compiled step made its gradients bad: its replay gave other gradients than the step itself")
                return
        note_values(session, replay)
        for run in worse:
            _note_steps(session, run, values)
        for template in hidden:
            template.seen = True
            _note_hidden(session, template, values, call.before)


def note_values(session: Session, replay: Replay) -> None:
    """Put the values of a replay beside the graph's tensors."""
    for key, value in replay.values.items():
        if key is None:
            continue
        known = session.tensors.get(key)
        noted = note_tensor(session, value)
        if known is not None:
            noted.origin, noted.variable = known.origin, known.variable
        session.tensors[key] = noted
    session.faded |= replay.faded
    for op_type, entering, leaving in replay.births:
        for key in (*entering, *leaving):
            if key in replay.values and key in session.tensors:
                session.tensors[key].numbers = numbers_if_any(replay.values[key], op_type=op_type)


def _agrees(run: RawRun, values: Mapping[int | None, Any]) -> bool:
    """Whether the replayed gradients are finite, zero and not finite where those of the call are."""
    for gradient in run.gradients:
        value = values.get(gradient.id)
        if gradient.numbers is None or value is None:
            continue
        array = array_of(value)
        if array is None:
            continue
        _, finite, zero = quick(array)
        if finite != gradient.numbers.finite or zero != gradient.numbers.all_zero:
            return False
    return True


def _note_steps(session: Session, run: RawRun, values: Mapping[int | None, Any]) -> None:
    run.steps = [copy.copy(step) for step in run.steps]
    run.hiding = [(step, [values.get(i) for i in step.inputs or ()]) for step in run.steps if step.type in HIDING]
    for step in run.steps:
        for key in (*step.received, *step.sent):
            if key is not None and key in values and key not in run.flows:
                array = array_of(values[key])
                if array is not None and array.dtype.kind in "fcV":
                    run.flows[key] = flow_in(array)
        close_look(
            session,
            run,
            step,
            [values.get(i) for i in step.inputs or ()],
            [values.get(i) for i in step.outputs or ()],
            [values.get(i) for i in step.received],
            [values.get(i) for i in step.sent],
        )
    run.hiding.clear()


def _note_hidden(session: Session, template: Template, values: Mapping[int | None, Any], before: list[tuple[Any, Any]]) -> None:
    from gradmagic.capture.graph_runs import note_graph_run

    found = {i: values[t._id] for i, t in enumerate(template.tensors) if t is not None and t._id in values}
    if not found:
        return
    target = values.get(getattr(template.target, "_id", -1))
    run = note_graph_run(session, template, found, target, {handle._id: value for handle, value in before})
    if run is not None:
        _note_steps(session, run, values)
