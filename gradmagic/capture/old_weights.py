"""The weights that models of the notebook have, for models that take their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras import layers


def weights_in(namespace: dict[str, Any], names: Iterable[str]) -> dict[str, tuple[Any, list[Any]]]:
    """Those of the names that models and layers of the notebook have, with the values of their weights."""
    return {name: (value, value.get_weights()) for name in names if isinstance(value := namespace.get(name), layers.Layer) and value.built}


def give_weights(old: dict[str, tuple[Any, list[Any]]], namespace: dict[str, Any]) -> None:
    """Give models that were made again the weights that they had: those that were drawn anew would be another start, and another loss."""
    for name, (model, values) in old.items():
        new = namespace.get(name)
        if new is not None and new is not model and type(new).__name__ == type(model).__name__ and [tuple(v.shape) for v in new.weights] == [v.shape for v in values]:
            new.set_weights(values)
