"""Keras' own training calls: which of them runs, what it trains, and the functions that it traced before the check."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import tensorflow as tf

from gradmagic.capture.session import Session
from gradmagic.capture.stale import Weights, built_for_others, compiled_in
from gradmagic.recording import Raised, StaleRead, TrainingCall


class KerasCalls:
    """Which of Keras' own training calls is running."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.stack: list[str] = []

    def kind_of(self, kind: str, frame: Any) -> str:
        """`keras.fit` for a gradient call that Keras' own training step makes, `optimizer.minimize` for the optimizer's."""
        module = str(frame.f_globals.get("__name__", "")) if frame is not None else ""
        if module.startswith(("keras.", "keras_", "tf_keras.")):
            name = frame.f_code.co_name
            if name in ("train_step", "_train_step") or self.stack:
                return "keras.fit"
            if name in ("minimize", "compute_gradients"):
                return "optimizer.minimize"
        return kind


def _watch_evaluation(session: Session, trainer: Any, name: str) -> None:
    owner = next((c for c in trainer.__mro__ if name in vars(c)), None)
    if owner is None:
        return
    original = getattr(owner, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not session.busy and not session.keras.stack:
            session.layers.called(self, sys._getframe(1))
        return original(self, *args, **kwargs)

    session.patches.set(owner, name, call)


def watch_fit(session: Session) -> None:
    import keras

    trainer: Any = keras.Model
    for name in ("predict", "evaluate"):
        _watch_evaluation(session, trainer, name)
    for name in ("fit", "train_on_batch"):
        owner = next((c for c in trainer.__mro__ if name in vars(c)), None)
        if owner is not None:
            _watch_training_call(session, owner, name)


def _watch_training_call(session: Session, owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or session.keras.stack:
            return original(self, *args, **kwargs)
        function, others = getattr(self, "train_function", None), _trains_others(self)
        retraced = _set_aside(session, self) if others is None else None
        note, place = _training_call(session, self, name), session.spans.span(session.here(1))
        session.layers.called(self, sys._getframe(1), trains=True)
        session.keras.stack.append(name)
        session.as_traced |= {id(f) for f in compiled_in(function).values()} if others is not None else set()
        try:
            result = original(self, *args, **kwargs)
            if others is not None and function is self.train_function:
                session.stale.append(StaleRead(name, f"{note.model}.trainable_variables", *others, place, 1))
            return result
        except Exception as error:
            session.training[-1] = dataclasses.replace(note, raised=Raised(type(error).__name__, str(error)[:2000], None))
            raise
        finally:
            session.keras.stack.pop()
            if retraced is not None:
                _keep_until_end(session, self, retraced)

    session.patches.set(owner, name, call)


def _training_call(session: Session, model: Any, name: str) -> TrainingCall:
    frame = sys._getframe(2)
    known = session.variables.local_name(session.spans.frame(frame), model) or getattr(model, "name", "the model")
    try:
        trainable, weights = len(model.trainable_variables), len(model.weights)
    except Exception:
        trainable, weights = 1, 1
    note = TrainingCall(name, session.here(2), str(known), trainable, weights)  # type: ignore[arg-type]
    session.training.append(note)
    del session.training[:-100]
    return note


def _keep_until_end(session: Session, model: Any, before: Any) -> None:
    """Give a model its old training function back when the check ends, unless it was compiled anew meanwhile."""
    ours = model.train_function

    def back() -> None:
        if model.train_function is ours:
            model.train_function = before

    session.patches.on_undo(back)


def _set_aside(session: Session, model: Any) -> Any:
    """A training function that was traced before the check hides its gradient call: it is set aside and put back, so that Keras traces another."""
    function = getattr(model, "train_function", None)
    if function is None or session.graphs.knows(function) or _trains_others(model):
        return None
    model.train_function = None
    session.steps_before[id(model)] = function
    return function


def _trains_others(model: Any) -> tuple[Weights, Weights] | None:
    """The weights that a training function from before the check trains, and those of now: a trace of now would be of another step."""
    if getattr(model, "train_function", None) is None or getattr(model, "run_eagerly", False) or tf.config.functions_run_eagerly():
        return None
    return built_for_others(getattr(model, "optimizer", None), Weights(id(v) for v in model.trainable_variables))
