"""Eager ops, custom gradients, and every gradient function of the backward pass."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import backprop, context, record
from tensorflow.python.framework import indexed_slices, op_callbacks
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.events import RawOp, RawRun, RawStep, RawTensor
from gradmagic.capture.memory import may_write
from gradmagic.capture.numbers import array_of, kind_of, numbers, quick
from gradmagic.capture.session import Session
from gradmagic.recording import WRITES

BIRTHS = 16
_LOOKED_AT = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128"})
_COUNTED = frozenset({"bool", "int32", "int64"})


def install(session: Session) -> None:
    """Note every eager op, every custom gradient and every step of every backward pass."""
    _watch_ops(session)
    _watch_backward(session)
    _watch_records(session)


def note_tensor(session: Session, tensor: Any, origin: str = "op", look: bool = True) -> RawTensor:
    """What is known of a value, from a first quick look at it."""
    dtype, shape = kind_of(tensor)
    if not look or not (dtype in _LOOKED_AT or (shape == () and dtype in _COUNTED)):
        return RawTensor(dtype, shape, origin=origin)
    array = array_of(tensor)
    if array is None:
        return RawTensor(dtype, shape, origin=origin)
    if dtype in _COUNTED:
        return RawTensor(dtype, shape, True, not array, float(array), origin)
    norm, finite, zero = quick(array)
    return RawTensor(dtype, shape, finite, zero, norm, origin)


def note_birth(session: Session, inputs: list[tuple[int, Any]], outputs: list[tuple[int, Any]]) -> None:
    """A close look at an op that makes the first value which is not finite out of finite ones; at a few of them in a cell."""
    known = [session.tensors.get(key) for key, _ in inputs]
    if session.births >= BIRTHS or any(t is not None and t.finite is False for t in known):
        return
    session.births += 1
    with session.aside():
        for key, tensor in (*inputs, *outputs):
            noted = session.tensors.get(key)
            if noted is not None and noted.numbers is None:
                noted.numbers = _numbers(tensor)


def _watch_ops(session: Session) -> None:
    ctx, tensors, known_ops, doing = context.context(), session.tensors, session.ops, session.doing
    look = not ctx.list_physical_devices("GPU")
    innermost, memory, count = session.spans.innermost, session.variables.memory, session._counter

    def on_op(op_type: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> None:
        if type(op_type) is bytes:
            op_type = op_type.decode()
        if graph is None and may_write(op_type):
            memory.forget()
        if session.busy:
            return
        place = innermost(sys._getframe(1), doing) or doing.started_at
        seq = next(count)
        if graph is not None:
            session.graphs.note(graph, op_name, seq, place)
            return
        if op_type.startswith("__"):
            return
        ids = tuple([t._id for t in inputs])
        for tensor in inputs:
            if tensor._id not in tensors:
                tensors[tensor._id] = session.variables.identify(tensor)
        for out in outputs:
            noted = tensors[out._id] = note_tensor(session, out, look=look)
            if noted.finite is False:
                note_birth(session, [(t._id, t) for t in inputs], [(t._id, t) for t in outputs])
        out_ids = tuple([t._id for t in outputs])
        layer = doing.layer
        raw = RawOp(seq, op_type, ids, out_ids, place, ctx.scope_name or "", doing.active, doing.phase, attrs if len(attrs) <= 24 else (), layer=layer)
        if layer is not None:
            raw.by_user = session.by_user(place)
        known_ops.append(raw)
        session.ops_recorded += 1
        if op_type in WRITES or op_type == "VarHandleOp":
            if op_type == "VarHandleOp":
                session.variables.created(out_ids[0], seq, place)
            else:
                session.assignments.append((seq, ids[0], op_type, ids[-1], place))
        if len(known_ops) > session.max_ops:
            session.bound()

    op_callbacks.add_op_callback(on_op)
    session.on_op = on_op
    session.patches.on_undo(lambda: op_callbacks.remove_op_callback(on_op))


def _tensor_of(gradient: Any) -> Any:
    return gradient.values if isinstance(gradient, indexed_slices.IndexedSlices) else gradient


def identity_of(gradient: Any) -> int | None:
    """The id of a gradient; that of its values for selected rows."""
    return getattr(gradient, "_id", None) or getattr(_tensor_of(gradient), "_id", None) if gradient is not None else None


def _watch_backward(session: Session) -> None:
    original, doing, ctx = backprop._gradient_function, session.doing, context.context()
    is_users: dict[Any, bool] = {}

    def compute(op_name: Any, *args: Any) -> Any:
        """The gradient function itself. What TensorFlow's own ones compute on the way is noted only where a tape of the user's records it."""
        if op_name not in is_users:
            is_users[op_name] = _is_users(session, _text(op_name))
        callbacks = ctx.op_callbacks
        if doing.active or is_users[op_name] or session.on_op not in callbacks:
            return original(op_name, *args)
        position = callbacks.index(session.on_op)
        del callbacks[position]
        try:
            return original(op_name, *args)
        finally:
            callbacks.insert(position, session.on_op)

    def gradient_function(op_name: Any, attrs: Any, num_inputs: Any, inputs: Any, outputs: Any, out_grads: Any, skip: Any, scope: Any) -> Any:
        run = doing.current_run
        if run is None or session.busy:
            return original(op_name, attrs, num_inputs, inputs, outputs, out_grads, skip, scope)
        try:
            result = compute(op_name, attrs, num_inputs, inputs, outputs, out_grads, skip, scope)
        except Exception:
            run.steps.append(RawStep(session.next(), _text(op_name), _ids(inputs), _ids(outputs), tuple(identity_of(g) for g in out_grads), ()))
            raise
        note_step(session, _text(op_name), inputs, outputs, out_grads, result, skipped=tuple(skip or ()))
        return result

    pywrap_tfe.TFE_Py_RegisterGradientFunction(gradient_function)
    session.patches.on_undo(lambda: pywrap_tfe.TFE_Py_RegisterGradientFunction(original))


def _is_users(session: Session, op_type: str) -> bool:
    """Whether the registered gradient function of an op is not TensorFlow's, or calls code that is not."""
    try:
        function = framework_ops.gradient_registry.lookup(op_type)
    except LookupError:
        return True
    return function is not None and (not str(getattr(function, "__module__", "")).startswith("tensorflow.") or op_type.endswith("PyFunc"))


def note_step(session: Session, name: str, inputs: Any, outputs: Any, out_grads: Any, result: Any, op: int | None = None, skipped: tuple[int, ...] = ()) -> None:
    """Note one gradient function: what came in, what went out, and a close look where a good gradient turned bad."""
    try:
        _note_step(session, name, inputs, outputs, out_grads, result, op, skipped)
    except Exception as error:
        session.failed("note a step of the backward pass", error)


def _note_step(session: Session, name: str, inputs: Any, outputs: Any, out_grads: Any, result: Any, op: int | None, skipped: tuple[int, ...]) -> None:
    run = session.doing.current_run
    assert run is not None
    sent = result if isinstance(result, (list, tuple)) else [result]
    received_ids, _ = _looked_at(run, out_grads)
    sent_ids, flows = _looked_at(run, sent)
    step = RawStep(session.next(), name, _ids(inputs), _ids(outputs), received_ids, sent_ids, op=op, skipped=skipped)
    run.steps.append(step)
    if any(flow[2] or not flow[1] for flow in flows):
        close_look(session, run, step, inputs, outputs, out_grads, list(sent))


def _looked_at(run: RawRun, gradients: Any) -> tuple[tuple[int | None, ...], list[tuple[float, bool, bool]]]:
    """The ids of gradients, and what a quick look at each says where the run is looked at."""
    ids: list[int | None] = []
    found = []
    for gradient in gradients:
        key = None if gradient is None else identity_of(gradient)
        ids.append(key)
        flow = run.flows.get(key) or flow_of(run.flows, gradient) if run.look and key is not None else None
        if flow is not None:
            found.append(flow)
    return tuple(ids), found


def close_look(session: Session, run: RawRun, step: RawStep, inputs: Any, outputs: Any, out_grads: Any, sent: Any) -> None:
    """Where a gradient goes out worse than the one that came in (zero, or not finite): the values around, and those at the first bad element."""
    flows = run.flows
    received = [flow for key in step.received if key is not None and (flow := flows.get(key)) is not None]
    given = [flow for key in step.sent if key is not None and (flow := flows.get(key)) is not None]
    # A gradient of zero is worse for being NaN: where everything is masked out, nothing else comes in.
    lost, faded = any(not f[1] for f in given), any(f[2] for f in given) and not any(f[2] for f in received)
    if all(f[1] for f in received) and (lost or faded):
        with session.aside():
            step.close = (tuple(_numbers(t) for t in inputs or ()), tuple(_numbers(t) for t in outputs or ()))
            step.examples = _examples(inputs, outputs, out_grads, sent, {})
            dead = [i for i, key in enumerate(step.sent) if key is not None and (flow := flows.get(key)) is not None and flow[2]]
            product = _product(step, dead, inputs, out_grads)
            if product:
                step.examples["product"] = product


def flow_of(flows: dict[int, tuple[float, bool, bool]], gradient: Any) -> tuple[float, bool, bool] | None:
    """(norm, finite, all zero) of a gradient, looked at once; None where it cannot be read."""
    tensor = _tensor_of(gradient)
    key = getattr(tensor, "_id", None)
    if key is None:
        return None
    known = flows.get(key)
    if known is None:
        array = array_of(tensor)
        if array is None or array.dtype.kind not in "fcV":
            return None
        # A gradient without an element carries nothing.
        known = flows[key] = quick(array) if array.size else (0.0, True, True)
    return known


def _numbers(tensor: Any) -> Any:
    array = array_of(tensor)
    if array is None or not hasattr(tensor, "dtype") or tensor.dtype.name == "string":
        return None
    try:
        return numbers(array)
    except (TypeError, ValueError):
        return None


def _examples(inputs: Any, outputs: Any, out_grads: Any, sent: Any, flows: dict[int, tuple[float, bool, bool]]) -> dict[str, Any]:
    """For the first element that is not finite: its index, and what the values of the same shape are there."""
    # The largest gradient first: where an input was broadcast, its gradient is a sum and says nothing about single elements.
    order = sorted(enumerate(sent), key=lambda item: -int(np.size(array_of(_tensor_of(item[1])))) if item[1] is not None else 0)
    for position, gradient in order:
        flow = flow_of(flows, gradient)
        if flow is None or flow[1]:
            continue
        array = np.asarray(array_of(_tensor_of(gradient)))
        bad = np.argwhere(~np.isfinite(np.asarray(array, dtype=np.complex128 if array.dtype.kind == "c" else np.float64)))
        if not len(bad):
            continue
        index = tuple(int(i) for i in bad[0])
        found: dict[str, Any] = {"input": position, "index": index, "count": len(bad), "sent": _at(array, index)}
        for name, group in (("inputs", inputs), ("outputs", outputs), ("received", out_grads)):
            values = []
            for tensor in group or ():
                other = array_of(_tensor_of(tensor)) if tensor is not None else None
                other = None if other is None else np.asarray(other)
                values.append(_at(other, index) if other is not None and other.shape == array.shape else _single(other))
            found[name] = tuple(values)
        return found
    return {}


def _product(step: RawStep, dead: list[int], inputs: Any, out_grads: Any) -> float:
    """The largest true product of a gradient that came in and the derivative it met on the way to an input whose gradient is zero; for ops where that is one multiplication, else 0."""
    arrays = [array_of(_tensor_of(t)) if t is not None else None for t in (*out_grads[:1], *(inputs or ()))]
    if not arrays or any(a is not None and not np.size(a) for a in arrays) or arrays[0] is None or step.type not in ("Mul", "RealDiv", "Div", "Square", "Mean", "Cast"):
        return 0.0
    sizes: list[Any] = [np.abs(np.asarray(a).astype(np.float64)) if a is not None else None for a in arrays]
    gradient, values = sizes[0], sizes[1:]
    try:
        with np.errstate(all="ignore"):
            if step.type == "Cast" or gradient is None:
                found = gradient
            elif step.type == "Mean":
                found = gradient * (float(np.size(gradient)) / float(np.size(values[0])))
            elif step.type == "Square":
                found = 2.0 * gradient * values[0]
            elif step.type == "Mul":
                found = np.concatenate([(gradient * values[1 - i]).reshape(-1) for i in dead])
            else:
                found = gradient / values[1] if 0 in dead else gradient * values[0] / values[1] / values[1]
    except (ValueError, IndexError, TypeError):
        return 0.0
    found = np.asarray(found)
    found = found[np.isfinite(found)]
    return float(found.max()) if found.size else 0.0


def _at(array: Any, index: tuple[int, ...]) -> Any:
    value = array[index] if index else np.asarray(array)[()]
    return complex(value) if array.dtype.kind == "c" else bool(value) if array.dtype.kind == "b" else float(value)


def _single(array: Any) -> Any:
    return _at(array.reshape(-1), (0,)) if array is not None and array.size == 1 and array.dtype.kind in "fiubc" else None


def _ids(tensors: Any) -> tuple[int | None, ...] | None:
    return None if tensors is None else tuple([getattr(t, "_id", None) for t in tensors])


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


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


def _watch_records(session: Session) -> None:
    original = record.record_operation

    def record_operation(op_type: Any, output_tensors: Any, input_tensors: Any, backward_function: Any, forward_function: Any = None) -> Any:
        if session.busy or getattr(backward_function, "__module__", "") != "tensorflow.python.ops.custom_gradient":
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
                session.tensors[tensor._id] = session.variables.identify(tensor)
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
                name=_text(op_type),
                in_graph=not isinstance(output_tensors[0], framework_ops.EagerTensor) if output_tensors else False,
            )
        )
        session.ops[-1].gradient = gradient
        session.ops_recorded += 1

        def backward(*out_grads: Any) -> Any:
            result = backward_function(*out_grads)
            if session.doing.current_run is not None and not session.busy:
                note_step(session, "CustomGradient", input_tensors, None, out_grads[:results] if results else out_grads, list(result)[results:] if results else result, op=seq)
            return result

        return original(op_type, output_tensors, every, backward, forward_function)

    session.patches.set(record, "record_operation", record_operation)
