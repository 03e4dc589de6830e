"""Eager ops and custom gradients, as they run."""

from __future__ import annotations

import math
import sys
from typing import Any

from tensorflow.python.eager import context, record
from tensorflow.python.eager.polymorphic_function import concrete_function
from tensorflow.python.framework import op_callbacks
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.backward import note_custom_step, text_of, watch_backward
from gradmagic.capture.closely import numbers_if_any
from gradmagic.capture.events import RawOp, RawTensor
from gradmagic.capture.fading import PRODUCTS, note_fading
from gradmagic.capture.memory import may_write
from gradmagic.capture.numbers import KINDS, LOOKED_AT, array_of, kind_of, quick
from gradmagic.capture.session import Session
from gradmagic.recording import IN_PLACE, WRITES

BIRTHS = 16
_HANDLING = frozenset({"ReadVariableOp", "VarHandleOp"})
# Their result holds the elements of their first input, which may have been looked at.
_KNOWN = frozenset({"ReadVariableOp", "Reshape", "Squeeze", "ExpandDims", "Identity", "StopGradient", "PreventGradient"})


def install(session: Session) -> None:
    """Note every eager op, every custom gradient and every step of every backward pass."""
    _watch_ops(session)
    watch_backward(session)
    _watch_records(session)


def note_tensor(session: Session, tensor: Any, origin: str = "op", look: bool = True) -> RawTensor:
    """What is known of a value, from a first quick look at it."""
    try:
        dtype, is_looked_at, is_counted = KINDS[tensor._datatype_enum()]
    except (AttributeError, KeyError):
        # A symbol: there is nothing to look at.
        return RawTensor(*kind_of(tensor), origin=origin)
    if look and (is_looked_at or is_counted):
        array = array_of(tensor)
        if array is not None and is_looked_at:
            norm, finite, zero = quick(array)
            return RawTensor(dtype, array.shape, finite, zero, norm, origin)
        if array is not None and array.shape == ():
            return RawTensor(dtype, (), True, not array, float(array), origin)
    return RawTensor(dtype, tensor._shape_tuple(), origin=origin)


def _known(session: Session, op_type: str, source: int, tensor: Any) -> RawTensor | None:
    """What is known of a result from what it was made of; None where it has to be looked at."""
    if op_type == "ReadVariableOp":
        before = session.changes.noted(source)
        if before is not None:
            return RawTensor(before.dtype, before.shape, before.finite, before.zero, before.norm)
        dtype, shape = kind_of(tensor)
        extent = session.changes.first_look(source, tensor, math.prod(d or 0 for d in shape)) if dtype == "float32" and shape else None
        return RawTensor(dtype, shape, True, extent.all_zero, extent.norm) if extent is not None and extent.finite else None
    held = session.tensors[source]
    if held.finite is None:
        return None
    dtype, shape = kind_of(tensor)
    return RawTensor(dtype, shape, held.finite, held.zero, held.norm) if dtype in LOOKED_AT else None


def came_in(session: Session, tensor: Any) -> RawTensor:
    """What is known of a value that no noted op made: of a gradient what was seen of it going backward, else what a look at it says."""
    run = session.doing.current_run or session.latest_run
    flow = run.flows.get(tensor._id) if run is not None else None
    if flow is None:
        return session.variables.identify(tensor)
    dtype, shape = kind_of(tensor)
    return RawTensor(dtype, shape, flow[1], flow[2], flow[0], "unknown")


def note_birth(session: Session, op_type: str, inputs: list[tuple[int, Any]], outputs: list[tuple[int, Any]]) -> None:
    """A close look at an op that makes the first value which is not finite out of finite ones; at a few of them in a cell."""
    known = [session.tensors.get(key) for key, _ in inputs]
    if session.births >= BIRTHS or any(t is not None and t.finite is False for t in known):
        return
    session.births += 1
    with session.aside():
        for key, tensor in (*inputs, *outputs):
            noted = session.tensors.get(key)
            if noted is not None and noted.numbers is None:
                noted.numbers = numbers_if_any(tensor, op_type=op_type)


def _watch_ops(session: Session) -> None:
    ctx, tensors, known_ops, doing = context.context(), session.tensors, session.ops, session.doing
    look = not ctx.list_physical_devices("GPU")
    place_of, memory, count = session.spans.place, session.variables.memory, session._counter
    visits, changes = session.visits, session.changes

    # What the context's own property reads; it is asked for each op.
    scope = getattr(ctx, "_thread_local_data", ctx)
    kinds: dict[Any, tuple[str, bool, bool, bool, bool]] = {}

    def kind_of_op(op_type: Any) -> tuple[str, bool, bool, bool, bool]:
        """What an op is called, whether it could write to a variable, whether it has to do with one, whether its result may be known, and whether it is TensorFlow's own matter."""
        name = text_of(op_type)
        kinds[op_type] = name, may_write(name), name in WRITES or name in _HANDLING, look and name in _KNOWN, name.startswith("__")
        return kinds[op_type]

    def on_op(op_type: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> None:
        op_type, is_writing, is_handling, may_be_known, is_internal = kinds.get(op_type) or kind_of_op(op_type)
        if is_writing and graph is None:
            memory.forget(inputs[0]._id if op_type in WRITES and inputs else None)
            if op_type in IN_PLACE:
                memory.in_place.add(inputs[0]._id)
        if session.busy:
            return
        phase, layer, active = doing.phase, doing.layer, doing.active
        # Of an optimizer's own arithmetic only what it writes matters; a constraint may be the user's.
        updating = phase == "update" and graph is None and not active
        by_library = updating and doing.by_library
        if updating and (not is_handling or op_type == "ReadVariableOp") and (by_library or not session.spans.is_users(sys._getframe(1))):
            return
        place = doing.step_at if by_library else doing.layer_at if doing.plain and graph is None else place_of(sys._getframe(1), doing) or doing.started_at
        seq = next(count)
        if graph is not None:
            session.graphs.note(graph, op_name, seq, place)
            return
        if is_internal:
            return
        ids = tuple([t._id for t in inputs])
        for key, tensor in zip(ids, inputs, strict=True):
            if key not in tensors:
                # What is added to a variable counts where it did not move.
                found = tensors[key] = note_tensor(session, tensor, look=look and not (by_library and changes.has_moved(ids[0]))) if updating else came_in(session, tensor)
                if found.variable is not None:
                    visits.read(found.variable, place if layer is None else None)
        out_ids = tuple([t._id for t in outputs])
        for key, out in zip(out_ids, outputs, strict=True):
            noted = tensors[key] = (_known(session, op_type, ids[0], out) if may_be_known else None) or note_tensor(session, out, "op", look)
            if noted.zero and op_type in PRODUCTS:
                note_fading(session, op_type, inputs, outputs, attrs)
            elif noted.finite is False:
                note_birth(session, op_type, list(zip(ids, inputs, strict=True)), list(zip(out_ids, outputs, strict=True)))
        raw = RawOp(seq, op_type, ids, out_ids, place, scope.scope_name or "", active, phase, attrs if len(attrs) <= 24 else (), layer)
        if layer is not None and place is not doing.layer_at:
            doing.with_users = True
            raw.by_user = session.by_user(place)
        known_ops.append(raw)
        session.ops_recorded += 1
        if is_handling:
            if op_type == "ReadVariableOp":
                if phase == "forward":
                    changes.read(ids[0], outputs[0], noted)
                    if layer is None and place is not None:
                        visits.take(ids[0], place)
                if phase != "update" and ids[0] in visits.stepped:
                    visits.read(ids[0], place if layer is None else None, out_ids[0])
            elif op_type == "VarHandleOp":
                session.variables.created(out_ids[0], seq, place)
            else:
                session.assignments.append((seq, ids[0], op_type, ids[-1], place))
                session.variables.written(ids[0])
                if phase == "update" or op_type != "AssignVariableOp":
                    visits.step(ids[0])
                else:
                    visits.assign(ids[0], place)
        if len(known_ops) > session.max_ops:
            session.bound()

    op_callbacks.add_op_callback(on_op)
    session.on_op = on_op
    session.patches.on_undo(lambda: op_callbacks.remove_op_callback(on_op))


def _gradient_place(session: Session, backward: Any, depth: int = 0) -> Any:
    """Where the user's own gradient function stands, inside the functions that TensorFlow wraps it in."""
    code = getattr(backward, "__code__", None)
    if code is None or depth > 4:
        return None
    if session.spans.is_user_file(code.co_filename):
        return code.co_filename, -1, code.co_firstlineno
    for cell in getattr(backward, "__closure__", None) or ():
        try:
            inner = cell.cell_contents
        except ValueError:
            continue
        found = _gradient_place(session, inner, depth + 1) if callable(inner) and hasattr(inner, "__code__") else None
        if found is not None:
            return found
    return None


def _results_of(backward: Any) -> int:
    """How many results a custom gradient has that was traced into a graph; 0 for an eager one."""
    code = getattr(backward, "__code__", None)
    # A count in newer versions of TensorFlow, the results themselves in older ones.
    name = next((n for n in ("flat_result_len", "flat_result") if code is not None and n in code.co_freevars), None)
    if code is None or name is None:
        return 0
    try:
        found = backward.__closure__[code.co_freevars.index(name)].cell_contents
        return found if isinstance(found, int) else len(found)
    except (TypeError, ValueError):
        return 0


def _noted(session: Session, output_tensors: Any, backward_function: Any) -> Any:
    """The backward function of a `tf.function`; what comes to it and what it gives is noted."""
    ids = tuple(t._id for t in output_tensors)

    def backward(*gradients: Any) -> Any:
        run = session.doing.current_run
        came = len(run.steps) if run is not None else 0
        results = backward_function(*gradients)
        if run is not None and not session.busy:
            run.entering.append((ids, gradients, results, came))
        return results

    return backward


def _watch_records(session: Session) -> None:
    original = record.record_operation

    def record_operation(op_type: Any, output_tensors: Any, input_tensors: Any, backward_function: Any, forward_function: Any = None) -> Any:
        module = getattr(backward_function, "__module__", "")
        if not session.busy and module == concrete_function.__name__ and context.executing_eagerly():
            return original(op_type, output_tensors, input_tensors, _noted(session, output_tensors, backward_function), forward_function)
        if session.busy or module != "tensorflow.python.ops.custom_gradient":
            return original(op_type, output_tensors, input_tensors, backward_function, forward_function)
        seq, gradient = session.next(), _gradient_place(session, backward_function)
        # In a graph the results stand among the inputs, before the arguments.
        results = _results_of(backward_function)
        if results:
            session.custom[output_tensors[0]._id] = results
        every = input_tensors
        input_tensors = list(input_tensors)[results:]
        for tensor in input_tensors:
            if getattr(tensor, "_id", None) is not None and tensor._id not in session.tensors:
                session.tensors[tensor._id] = came_in(session, tensor)
        session.ops.append(
            RawOp(
                seq,
                "CustomGradient",
                tuple(t._id for t in input_tensors),
                tuple(t._id for t in (output_tensors[:results] if results else output_tensors)),
                session.here(),
                context.context().scope_name or "",
                session.doing.active,
                session.doing.phase,
                name=text_of(op_type),
                in_graph=not isinstance(output_tensors[0], framework_ops.EagerTensor) if output_tensors else False,
            )
        )
        session.ops[-1].gradient = gradient
        session.ops_recorded += 1

        def backward(*out_grads: Any) -> Any:
            result = backward_function(*out_grads)
            if session.doing.current_run is not None and not session.busy:
                note_custom_step(session, input_tensors, out_grads[:results] if results else out_grads, list(result)[results:] if results else result, seq)
            return result

        return original(op_type, output_tensors, every, backward, forward_function)

    session.patches.set(record, "record_operation", record_operation)
