"""What changes variables: optimizers. Assignments are noted with the ops, Keras' own training calls in `training`."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from tensorflow.python.eager import context
from tensorflow.python.framework import ops as framework_ops
from tensorflow.python.ops import resource_variable_ops

from gradmagic.capture.closely import identity_of
from gradmagic.capture.events import RawUpdate
from gradmagic.capture.replicas import is_first_replica, is_order_to_stop
from gradmagic.capture.session import Session
from gradmagic.capture.training import KerasCalls, watch_fit
from gradmagic.recording import Raised

_LIBRARIES = frozenset({"keras", "tensorflow", "builtins", "abc", "typing"})


def install(session: Session) -> None:
    """Note every `apply`, `apply_gradients` and `fit`."""
    session.keras = KerasCalls(session)
    _watch_variables(session)
    _watch_optimizers(session)
    watch_fit(session)


def _watch_variables(session: Session) -> None:
    base: Any = resource_variable_ops.BaseResourceVariable
    original = base.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        # What an assignment returns is the variable itself once more.
        if not session.busy and not isinstance(self, resource_variable_ops._UnreadVariable):
            session.variables.add(self)

    session.patches.set(base, "__init__", __init__)


def _watch_optimizers(session: Session) -> None:
    from keras import optimizers

    base: Any = optimizers.Optimizer
    owner = next((c for c in base.__mro__ if "apply" in vars(c)), base)
    original = owner.apply
    doing = session.doing

    def apply(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        if session.busy or doing.applying:
            return original(self, grads, trainable_variables)
        grads = list(grads)
        variables = None if trainable_variables is None else list(trainable_variables)
        update = _note(session, self, grads, variables)
        values = session.changes.before_step(k for k, g in update.pairs if g is not None) if update is not None and not update.in_graph else {}
        before, doing.phase = doing.phase, "update"
        doing.applying += 1
        doing.by_library = _is_librarys(self, variables)
        # No frame of the user's stands between here and the ops of the step.
        doing.step_at = session.spans.place(sys._getframe(1), doing) or doing.started_at
        try:
            result = original(self, grads, variables)
            session.changes.after_step(values)
            return result
        except BaseException as error:
            if update is not None and not is_order_to_stop(error):
                update.raised = Raised(type(error).__name__, str(error)[:2000], None)
                if update not in session.updates:
                    session.updates.append(update)
            raise
        finally:
            doing.by_library = False
            doing.applying -= 1
            doing.phase = before

    session.spans.apply_calls.add(id(apply.__code__))
    session.patches.set(owner, "apply", apply)
    _watch_pairs(session, base)
    for cls in _subclasses(base):
        if cls is not owner and "apply" in vars(cls):
            _mark_phase(session, cls)


def _is_librarys(optimizer: Any, variables: list[Any] | None) -> bool:
    """Whether all of an optimizer's step is Keras': the optimizer itself, the one that it wraps, its schedule, and no constraint on a variable."""
    try:
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        parts = [*type(optimizer).__mro__, *type(inner).__mro__, *(type(getattr(o, "_learning_rate", None)) for o in (optimizer, inner))]
        known = variables if variables is not None else getattr(optimizer, "_trainable_variables", ())
        return all(part.__module__.partition(".")[0] in _LIBRARIES for part in parts) and all(getattr(v, "constraint", None) is None for v in known)
    except Exception:
        # Then each op's place is looked up.
        return False


def _watch_pairs(session: Session, base: Any) -> None:
    owner = next((c for c in base.__mro__ if "apply_gradients" in vars(c)), None)
    if owner is None:
        return
    original = owner.apply_gradients

    def apply_gradients(self: Any, grads_and_vars: Any, *args: Any, **kwargs: Any) -> Any:
        pairs = list(grads_and_vars)
        try:
            return original(self, pairs, *args, **kwargs)
        except Exception as error:
            if not pairs and not session.busy:
                raised = Raised(type(error).__name__, str(error)[:2000], None)
                session.updates.append(RawUpdate(session.next(), "optimizer", session.here(), type(self).__name__, [], (), raised))
            raise

    session.patches.set(owner, "apply_gradients", apply_gradients)


def _mark_phase(session: Session, cls: Any) -> None:
    doing = session.doing
    original = cls.apply
    wraps = cls.__name__ == "LossScaleOptimizer"

    def apply(self: Any, grads: Any, trainable_variables: Any = None, *args: Any, **kwargs: Any) -> Any:
        if wraps and not session.busy and not doing.applying:
            # It skips steps, and then the optimizer inside is never called.
            grads = list(grads)
            trainable_variables = None if trainable_variables is None else list(trainable_variables)
            _note(session, self, grads, trainable_variables)
        before, doing.phase = doing.phase, "update"
        doing.applying += wraps
        try:
            return original(self, grads, trainable_variables, *args, **kwargs)
        finally:
            doing.applying -= wraps
            doing.phase = before

    session.patches.set(cls, "apply", apply)


def _subclasses(cls: Any) -> set[Any]:
    return {s for c in cls.__subclasses__() for s in {c, *_subclasses(c)}}


def _note(session: Session, optimizer: Any, grads: list[Any], variables: list[Any] | None) -> RawUpdate | None:
    try:
        if variables is None:
            variables = list(getattr(optimizer, "_trainable_variables", ()))
        pairs: list[tuple[int, int | None]] = []
        skipped = []
        for gradient, variable in zip(grads, variables, strict=False):
            key = session.variables.add(variable)
            if key is None:
                continue
            pairs.append((key, None if gradient is None else identity_of(gradient) or session.variables.key(gradient)))
            if gradient is None:
                skipped.append(key)
        place = session.here(2)
        name = session.variables.local_name(session.spans.frame(sys._getframe(2)), optimizer) or type(optimizer).__name__
        kind = "keras.fit" if session.keras.stack else "optimizer"
        in_graph = not context.executing_eagerly()
        update = RawUpdate(session.next(), kind, place, name, pairs, tuple(skipped), in_graph=in_graph, type=type(optimizer).__name__, optimizer_ref=weakref.ref(optimizer))
        for known in session.updates:
            if known.place == place and known.kind == kind and [p[0] for p in known.pairs] == [p[0] for p in pairs] and known.skipped == update.skipped:
                if in_graph:
                    known.traces.append((pairs, _asking(session)))
                else:
                    known.count += is_first_replica()
                    known.latest = pairs
                known.repeated += _is_repeated(session, known, pairs)
                known.fresh += _is_fresh(session, known, optimizer)
                return update
    except Exception as error:
        session.failed("note an optimizer's step", error)
        return None
    _is_repeated(session, update, pairs)
    if getattr(optimizer_inside(optimizer), "gradient_accumulation_steps", None):
        update.given_before = given_to(session, optimizer)
    if in_graph:
        update.traces.append((pairs, _asking(session)))
        update.begun = steps_of(session, optimizer)
    session.updates.append(update)
    return update


def _asking(session: Session) -> list[Any]:
    """The gradient calls of the graph that is being traced."""
    graph = framework_ops.get_default_graph()
    return [t for t in session.graphs.traced_runs if t.graph_now() is graph]


def optimizer_inside(optimizer: Any) -> Any:
    """The optimizer that one which scales the loss wraps, else itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def steps_of(session: Session, optimizer: Any) -> int | None:
    """How many steps an optimizer has made; None where its count cannot be read."""
    return _read(session, lambda: optimizer_inside(optimizer).iterations)


def given_to(session: Session, optimizer: Any) -> int | None:
    """How often an optimizer was given gradients, those included that it only adds up; None where that cannot be read."""
    return _read(session, lambda: optimizer_inside(optimizer)._iterations)


def _read(session: Session, count: Callable[[], Any]) -> int | None:
    try:
        with session.aside(), framework_ops.init_scope():
            return int(np.asarray(count()))
    except Exception:
        return None


def _is_fresh(session: Session, update: RawUpdate, optimizer: Any) -> bool:
    """Whether an optimizer with a memory of its own (momentum, a schedule) was made anew since the last call of this place."""
    before, update.optimizer_ref = update.optimizer_ref, weakref.ref(optimizer)
    if before is None or before() is optimizer or not context.executing_eagerly():
        return False
    forgetful = type(optimizer).__name__ == "SGD" and not optimizer.momentum and not callable(getattr(optimizer, "_learning_rate", None))
    with session.aside():
        return not forgetful and int(optimizer.iterations.numpy()) == 0


def _is_repeated(session: Session, update: RawUpdate, pairs: list[tuple[int, int | None]]) -> bool:
    """Whether an optimizer was given the very gradients of its last call. Variables that add gradients up hold others each time."""
    given = {gradient for _, gradient in pairs if gradient is not None and gradient not in session.variables.known}
    again = bool(given) and given == update.given
    update.given = given
    return again
