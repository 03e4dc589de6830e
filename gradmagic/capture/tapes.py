"""Tapes (when they record, what they watch), and the functions of TensorFlow's that ask for gradients."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import backprop, context
from tensorflow.python.framework import ops as framework_ops
from tensorflow.python.ops import gradients_impl

from gradmagic.capture.asking import ask, flatten
from gradmagic.capture.events import RawTape
from gradmagic.capture.numbers import array_of, quick
from gradmagic.capture.ops import note_tensor
from gradmagic.capture.session import Session

_KEY = "_gradmagic_tape"
# Their backward passes ask tapes of their own, in the user's place.
BACKWARD = frozenset({"tensorflow.python.ops.script_ops"})


def install(session: Session) -> None:
    """Note tapes from their opening to their last use, and what every gradient call yields."""
    _watch_tapes(session)
    tape_class: Any = backprop.GradientTape
    for name in ("gradient", "jacobian", "batch_jacobian"):
        _watch_call(session, tape_class, name)
    _watch_tf_gradients(session)


def tape_of(session: Session, tape: Any) -> RawTape:
    """What is noted of a tape."""
    known = tape.__dict__.get(_KEY)
    if known is None or known.id not in session.tapes:
        known = RawTape(session.next(), None, tape._persistent, tape._watch_accessed_variables)
        tape.__dict__[_KEY] = known
        session.tapes[known.id] = known
        session.patches.on_undo(lambda: tape.__dict__.pop(_KEY, None))
    return known


def _watch_tapes(session: Session) -> None:
    tape_class: Any = backprop.GradientTape
    push, pop, watch, stop, reset = tape_class._push_tape, tape_class._pop_tape, tape_class.watch, tape_class.stop_recording, tape_class.reset

    def _push_tape(self: Any) -> None:
        if session.busy:
            push(self)
            return
        if session.own is not None and self is not session.own.tape:
            session.own.give_way()
        push(self)
        session.open_tapes.append((self, threading.get_ident()))
        note = tape_of(session, self)
        if not note.recording:
            note.place = session.here()
            note.in_graph = not context.executing_eagerly()
        note.recording.append((session.next(), None))
        session.doing.active = session.doing.active | {note.id}

    def _pop_tape(self: Any) -> None:
        pop(self)
        if session.busy:
            return
        session.open_tapes = [t for t in session.open_tapes if t[0] is not self]
        note = tape_of(session, self)
        if note.recording and note.recording[-1][1] is None:
            note.recording[-1] = (note.recording[-1][0], session.next())
        session.doing.active = session.doing.active - {note.id}

    def _watch(self: Any, tensor: Any) -> None:
        watch(self, tensor)
        if session.busy:
            return
        note = tape_of(session, self)
        for t in backprop._extract_tensors_and_variables(tensor):
            key = session.variables.key(t)
            if key is None:
                continue
            note.watched.add(key)
            note.watch_places.setdefault(key, (session.next(), session.here()))
            if not hasattr(t, "handle") and key not in session.tensors and isinstance(t, framework_ops.EagerTensor):
                session.tensors[key] = note_tensor(session, t, "unknown")

    @contextlib.contextmanager
    def stop_recording(self: Any) -> Iterator[None]:
        place, start = session.here(3), session.next()
        with stop(self):
            try:
                yield
            finally:
                if not session.busy:
                    tape_of(session, self).stops.append((start, session.next(), place))

    def _reset(self: Any) -> None:
        if not session.busy:
            tape_of(session, self).resets.append((session.next(), session.here()))
        reset(self)

    for name, value in (("_push_tape", _push_tape), ("_pop_tape", _pop_tape), ("watch", _watch), ("stop_recording", stop_recording), ("reset", _reset)):
        session.patches.set(tape_class, name, value)


def _watch_call(session: Session, tape_class: Any, name: str) -> None:
    original = getattr(tape_class, name)
    asks_for = "source" if name == "batch_jacobian" else "sources"

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        within = session.doing.current_run
        both = (*args, *(kwargs[k] for k in ("target", asks_for) if k in kwargs))[:2]
        if len(both) < 2:
            # TensorFlow says what is missing.
            return original(self, *args, **kwargs)
        target, sources = both
        # In a gradient function the user may ask a tape of theirs, TensorFlow one of its own.
        if session.busy or (within is not None and (within.in_graph or not session.spans.is_user_file(frame.f_code.co_filename))) or frame.f_globals.get("__name__") in BACKWARD:
            return original(self, *args, **kwargs)
        given = args[2] if name == "gradient" and len(args) > 2 else kwargs.get("output_gradients")
        if within is not None and (_is_bad(target) or (given is not None and _is_bad(given, zero=True))):
            # It hands on what was bad when it came in: the call around it tells of that.
            return original(self, *args, **kwargs)
        position = 3 if name == "gradient" else 2
        zero = _asks_for_zeros(args[position] if len(args) > position else kwargs.get("unconnected_gradients"))
        note = tape_of(session, self)
        if not note.recording and note.name is None:
            note.name = next((n for n, value in list(session.namespace.items()) if value is self and not n.startswith("_")), None)
        return ask(
            session,
            f"tape.{name}",
            note,
            target,
            sources,
            lambda: original(self, *args, **kwargs),
            frame,
            zero,
        )

    session.patches.set(tape_class, name, call)


def _is_bad(values: Any, *, zero: bool = False) -> bool:
    """Whether any of some tensors is not finite; or, with `zero`, all of them are nothing but zeros."""
    looks = [quick(array) for v in flatten(values) if (array := array_of(v)) is not None and array.size and array.dtype.kind in "fc"]
    return any(not finite for _, finite, _ in looks) or (zero and bool(looks) and all(nothing for *_, nothing in looks))


def _watch_tf_gradients(session: Session) -> None:
    original = gradients_impl.gradients_v2

    def gradients(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or session.doing.current_run is not None:
            return original(ys, xs, *args, **kwargs)
        zero = _asks_for_zeros(kwargs.get("unconnected_gradients"))
        return ask(session, "tf.gradients", None, ys, xs, lambda: original(ys, xs, *args, **kwargs), sys._getframe(1), zero)

    def hessians(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or session.doing.current_run is not None:
            return second(ys, xs, *args, **kwargs)
        return ask(session, "tf.hessians", None, ys, xs, lambda: second(ys, xs, *args, **kwargs), sys._getframe(1))

    second = tf.hessians
    session.patches.set(tf, "hessians", hessians)
    session.patches.set(gradients_impl, "gradients_v2", gradients)
    session.patches.set(tf, "gradients", gradients)


def _asks_for_zeros(value: Any) -> bool:
    return getattr(value, "value", value) == "zero"
