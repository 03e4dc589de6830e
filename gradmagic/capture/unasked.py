"""Trainable variables that no gradient call asks for, although it asks for all that a model has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from gradmagic.capture.session import Session
from gradmagic.recording import FLOATS, Layer

DEEPEST, MOST = 6, 2000


def beside_modules(session: Session) -> dict[int, Layer]:
    """Variables that a `tf.Module` holds through plain Python objects or layers of Keras, into which it does not look, by id; of modules whose every variable is asked for."""
    found: dict[int, Layer] = {}
    sources = _asked(session)
    every = {key for keys in sources for key in keys}
    for name, module in _models(session):
        if isinstance(module, keras.Layer) or _keys(session, module) not in sources:
            continue
        known = {k for k in map(session.variables.key, module.variables) if k is not None}
        for variable in _held(module):
            key = session.variables.add(variable)
            if key is not None and variable.trainable and key not in known | every:
                found[key] = Layer(id(module), name, type(module).__name__, False, keras=False)
    return found


def on_their_own(session: Session) -> dict[int, str]:
    """Variables that were made by hand and are no source, by id, with the model whose variables are asked for instead."""
    sources = _asked(session)
    every = {key for keys in sources for key in keys}
    asked = next((str(call.model) for call in session.training if call.raised is None), None) if any(run.kind == "keras.fit" for run in session.runs) else None
    asked = asked or next((name for name, model in _models(session) if _keys(session, model) in sources), None)
    if asked is None:
        return {}
    return {
        key: asked
        for key, known in session.variables.known.items()
        if known.trainable and known.dtype in FLOATS and known.names and "/" not in known.path and key not in every and known.ref is not None and type(known.ref()).__module__.startswith("tensorflow.")
    }


def _asked(session: Session) -> set[frozenset[int]]:
    return {frozenset(s.id for s in run.sources) for run in session.runs if run.sources and all(s.kind == "variable" for s in run.sources)}


def _keys(session: Session, model: Any) -> frozenset[int]:
    return frozenset(k for k in map(session.variables.key, model.trainable_variables) if k is not None)


def _models(session: Session) -> Iterator[tuple[str, Any]]:
    """The models and modules among the notebook's names, and among the attributes of its objects."""
    for name, value in list(session.namespace.items()):
        if name.startswith("_"):
            continue
        for path, item in ((name, value), *((f"{name}.{a}", v) for a, v in (list(vars(value).items()) if type(value).__module__ == "__main__" and hasattr(value, "__dict__") else ()))):
            if isinstance(item, (tf.Module, keras.Layer)) and not isinstance(item, tf.Variable):
                yield path, item


def _held(module: Any) -> Iterator[Any]:
    """Every variable in the attributes of an object, through lists, dicts, modules and plain objects, and what layers of Keras train."""
    waiting, seen = [(module, 0)], set[int]()
    while waiting and len(seen) < MOST:
        value, depth = waiting.pop()
        if id(value) in seen or depth > DEEPEST:
            continue
        seen.add(id(value))
        if isinstance(value, tf.Variable):
            yield value
        elif isinstance(value, keras.Layer):
            yield from value.trainable_variables
        elif isinstance(value, dict):
            waiting += [(v, depth + 1) for v in value.values()]
        elif isinstance(value, (list, tuple)):
            waiting += [(v, depth + 1) for v in value]
        elif isinstance(value, tf.Module) or (type(value).__module__ == "__main__" and not isinstance(value, type) and hasattr(value, "__dict__")):
            waiting += [(v, depth + 1) for v in vars(value).values()]
