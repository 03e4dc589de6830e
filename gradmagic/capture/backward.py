"""Every gradient function of a backward pass: noted as it runs, and afterwards the op that each belongs to."""

from __future__ import annotations

from typing import Any

from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import backprop, context
from tensorflow.python.framework import indexed_slices
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.closely import close_look, identity_of, look_at
from gradmagic.capture.events import RawOp, RawRun, RawStep
from gradmagic.capture.hiding import HIDING
from gradmagic.capture.rows import is_traced
from gradmagic.capture.session import Session
from gradmagic.recording import Flow

# Their gradient functions give the gradient that comes in another shape.
SAME_ELEMENTS = frozenset({"Reshape", "Squeeze", "ExpandDims"})
_NO_TAPE: frozenset[int] = frozenset()


def watch_backward(session: Session) -> None:
    """Note every step of every backward pass."""
    original, doing, ctx = backprop._gradient_function, session.doing, context.context()
    kinds: dict[Any, tuple[str, bool]] = {}

    def kind_of(op_name: Any) -> tuple[str, bool]:
        """What an op is called, and whether its gradient function is the user's."""
        name = text_of(op_name)
        kinds[op_name] = name, _is_users(name)
        return kinds[op_name]

    def gradient_function(op_name: Any, attrs: Any, num_inputs: Any, inputs: Any, outputs: Any, out_grads: Any, skip: Any, scope: Any) -> Any:
        run = doing.current_run
        if run is None or session.busy:
            return original(op_name, attrs, num_inputs, inputs, outputs, out_grads, skip, scope)
        callbacks = ctx.op_callbacks
        name, is_users = kinds.get(op_name) or kind_of(op_name)
        # What the gradient function computed on the way goes unnoted: of TensorFlow's own ones, unless a tape of the user's records it.
        as_one = not (doing.active or is_users) and (on_op := session.on_op) in callbacks
        try:
            if as_one:
                position = callbacks.index(on_op)
                del callbacks[position]
            try:
                result = original(op_name, attrs, num_inputs, inputs, outputs, out_grads, skip, scope)
            finally:
                if as_one:
                    callbacks.insert(position, on_op)
        except Exception:
            run.steps.append(RawStep(session.next(), name, ids_of(inputs), ids_of(outputs), tuple(identity_of(g) for g in out_grads), ()))
            raise
        note_step(session, name, inputs, outputs, out_grads, result, None, tuple(skip) if skip else (), as_one)
        return result

    pywrap_tfe.TFE_Py_RegisterGradientFunction(gradient_function)
    session.patches.on_undo(lambda: pywrap_tfe.TFE_Py_RegisterGradientFunction(original))


def ops_as_one(run: RawRun) -> list[RawOp]:
    """For each gradient function one op in the place of all that it computed: what its results were computed from, for whoever uses them further on."""
    found = []
    for step in run.steps:
        if step.as_one is not None:
            given = tuple([key for key in (step.received + step.inputs if step.inputs else step.received) if key is not None])
            # Where a gradient is only handed on, whoever made it stays its maker.
            made = tuple([key for key in step.sent if key is not None and key not in given])
            found.append(RawOp(step.as_one, f"{step.type}Grad", given, made, run.place, "", _NO_TAPE, "backward"))
    return found


def _is_users(op_type: str) -> bool:
    """Whether the registered gradient function of an op is not TensorFlow's, or calls code that is not."""
    try:
        function = framework_ops.gradient_registry.lookup(op_type)
    except LookupError:
        return True
    return function is not None and (not str(getattr(function, "__module__", "")).startswith("tensorflow.") or op_type.endswith("PyFunc"))


def note_step(session: Session, name: str, inputs: Any, outputs: Any, out_grads: Any, result: Any, op: int | None = None, skipped: tuple[int, ...] = (), as_one: bool = False) -> None:
    """Note one gradient function: what came in, what went out, and a close look where a good gradient turned bad. With `as_one` an op will stand for what it computed."""
    try:
        run = session.doing.current_run
        assert run is not None
        sent = result if isinstance(result, (list, tuple)) else [result]
        received_ids, _ = _looked_at(run, out_grads)
        if as_one and name in SAME_ELEMENTS and not isinstance(out_grads[0], indexed_slices.IndexedSlices):
            _look_no_further(run.flows, received_ids[0], sent[0])
        sent_ids, is_worse = _looked_at(run, sent)
        step = RawStep(session.next(), name, ids_of(inputs), ids_of(outputs), received_ids, sent_ids, op, skipped, session.next() if as_one else None)
        run.steps.append(step)
        if is_traced(run, out_grads):
            run.traced.append((step, inputs, outputs, out_grads, sent))
        if name in HIDING and inputs is not None:
            run.hiding.append((step, inputs))
        if is_worse:
            close_look(session, run, step, inputs, outputs, out_grads, list(sent))
    except Exception as error:
        session.failed("note a step of the backward pass", error)


def note_custom_step(session: Session, inputs: Any, out_grads: Any, result: Any, op: int) -> None:
    """Note the gradient function of a custom gradient, and the first of its gradients that has not the shape of its input: the tape hands it on all the same."""
    note_step(session, "CustomGradient", inputs, None, out_grads, result, op=op)
    run = session.doing.current_run
    sent = result if isinstance(result, (list, tuple)) else [result]
    for position, (tensor, gradient) in enumerate(zip(inputs, sent, strict=False)):
        shape, wanted = getattr(gradient, "shape", None), getattr(tensor, "shape", None)
        if run is not None and run.steps and shape is not None and wanted is not None and not shape.is_compatible_with(wanted):
            run.steps[-1].examples = {**run.steps[-1].examples, "misfit": (position, tuple(shape) if shape.rank is not None else None)}
            return


def _look_no_further(flows: dict[int, tuple[float, bool, bool]], received: int | None, sent: Any) -> None:
    """What is sent on holds the elements of what was received."""
    known, key = flows.get(received) if received is not None else None, identity_of(sent) if sent is not None else None
    if known is not None and key is not None:
        flows.setdefault(key, known)


def _looked_at(run: RawRun, gradients: Any) -> tuple[tuple[int | None, ...], bool]:
    """The ids of gradients, and whether a quick look at them, where the run is looked at, finds one that is all zero or not finite."""
    ids: list[int | None] = []
    flows, look, is_bad = run.flows, run.look, False
    for gradient in gradients:
        if gradient is None:
            ids.append(None)
            continue
        try:
            key = gradient._id
        except AttributeError:
            key = identity_of(gradient)
        ids.append(key)
        if key is not None and look:
            flow = flows.get(key) or look_at(flows, key, gradient)
            if flow is not None and (flow[2] or not flow[1]):
                is_bad = True
    return tuple(ids), is_bad


def ids_of(tensors: Any) -> tuple[int | None, ...] | None:
    if tensors is None:
        return None
    try:
        return tuple([t._id for t in tensors])
    except AttributeError:
        return tuple([getattr(t, "_id", None) for t in tensors])


def text_of(name: Any) -> str:
    """A name that TensorFlow gives as bytes or as text."""
    return name.decode() if isinstance(name, bytes) else str(name)


class Flows(dict[int | None, Flow | None]):
    """The gradients of a run by their ids, each told once."""

    def __init__(self, run: RawRun) -> None:
        super().__init__({None: None})
        self._run = run

    def __missing__(self, key: int) -> Flow:
        found = self[key] = Flow(key, *self._run.flows.get(key, (None, None, None)))
        return found


def link(run: RawRun, ops: list[RawOp], by_output: dict[int, RawOp], session: Session) -> list[RawStep]:
    """Find the op behind every step: by the ids of its forward values where the tape kept them, else by following gradients back from the target."""
    by_seq = {o.seq: o for o in ops}
    sums: dict[int, list[RawOp]] = {}
    for adder in ops:
        if adder.phase == "backward" and adder.type in ("AddN", "AddV2", "Add"):
            for key in adder.inputs:
                sums.setdefault(key, []).append(adder)
    about: dict[int, set[int]] = {}
    taken: set[int] = set()
    outside = session.stands_for
    # Steps that were found by what the tape kept: they are told only where a later one has to be found by the gradients.
    untold: list[tuple[RawStep, RawOp]] = []

    def say(gradient: int | None, value: int) -> None:
        waiting = [gradient]
        while waiting:
            key = waiting.pop()
            if key is None or value in about.setdefault(key, set()):
                continue
            about[key].add(value)
            waiting.extend(out for adder in sums.get(key, ()) for out in adder.outputs)

    for step in run.steps:
        made = step.outputs[0] if step.outputs else None
        op: RawOp | None = by_seq.get(step.op) if step.op is not None else by_output.get(outside.get(made, made)) if made is not None else None
        if step.op is None and (op is None or op.type != step.type or op.seq in taken):
            for told, by in untold:
                for gradient, value in zip(told.sent, by.inputs, strict=False):
                    say(gradient, value)
            untold.clear()
            op = _op_of(session, step, run, by_seq, by_output, about, taken)
        if op is None:
            continue
        step.op = op.seq
        taken.add(op.seq)
        untold.append((step, op))
    return run.steps


def _op_of(session: Session, step: RawStep, run: RawRun, by_seq: dict[int, RawOp], by_output: dict[int, RawOp], about: dict[int, set[int]], taken: set[int]) -> RawOp | None:
    def outside(key: int | None) -> int | None:
        return session.stands_for.get(key, key) if key is not None else None

    def fits(op: RawOp | None) -> bool:
        return op is not None and op.type == step.type and op.seq not in taken

    for key in map(outside, step.outputs or ()):
        if key is not None and fits(by_output.get(key)):
            return by_output[key]
        made = by_output.get(key) if key is not None else None
        if made is not None and made.type == "Merge" and made.attrs and made.attrs[1] in by_seq:
            return by_seq[made.attrs[1]]
    candidates = [by_output.get(value) for key in step.received if key is not None for value in about.get(key, ())]
    candidates += [by_output.get(session.stands_for.get(t, t)) for t in run.targets] if not candidates else []
    known = {i for i in map(outside, step.inputs or ()) if i is not None}
    fitting = [op for op in candidates if op is not None and fits(op)]
    for op in fitting:
        if known and known <= set(op.inputs):
            return op
    return fitting[0] if fitting and not known else None
