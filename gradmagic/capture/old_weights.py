"""The weights that objects of the notebook have, for objects that take their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf


def weights_in(namespace: dict[str, Any], names: Iterable[str]) -> dict[str, tuple[Any, list[Any]]]:
    """Those of the names that models, layers and other objects with variables of the notebook have, with the values of their variables."""
    return {name: (value, [v.numpy() for v in held]) for name in names if (held := _variables(value := namespace.get(name)))}


def give_weights(old: dict[str, tuple[Any, list[Any]]], namespace: dict[str, Any]) -> None:
    """Give objects that were made again the weights that they had: those that were drawn anew would be another start, and another loss."""
    for name, (owner, values) in old.items():
        new = namespace.get(name)
        if new is owner or type(new).__name__ != type(owner).__name__:
            continue
        variables = _variables(new)
        if [(tuple(v.shape), tf.as_dtype(v.dtype)) for v in variables] == [(v.shape, tf.as_dtype(v.dtype)) for v in values]:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


def _variables(owner: Any) -> list[Any]:
    if isinstance(owner, keras.layers.Layer):
        return list(owner.weights)
    held = getattr(owner, "__dict__", None)
    if isinstance(owner, type) or not isinstance(held, dict):
        return []
    found: list[Any] = []
    for value in held.values():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(item, keras.layers.Layer):
                found += item.weights
            elif isinstance(item, keras.Variable) or (isinstance(item, tf.Variable) and isinstance(getattr(item, "shape", None), tf.TensorShape)):
                found.append(item)
    return found
