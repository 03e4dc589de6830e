"""The weights that models of the notebook have, for models that take their place."""

from __future__ import annotations

from typing import Any

from keras import layers


def weights_in(namespace: dict[str, Any]) -> dict[str, tuple[Any, list[Any]]]:
    """The models and layers of the notebook by name, with the values of their weights."""
    return {name: (value, value.get_weights()) for name, value in list(namespace.items()) if isinstance(value, layers.Layer) and value.built}


def give_weights(old: dict[str, tuple[Any, list[Any]]], namespace: dict[str, Any]) -> None:
    """Give models that were made again the weights that they had: those that were drawn anew would be another start, and another loss."""
    for name, (model, values) in old.items():
        new = namespace.get(name)
        if new is not None and new is not model and type(new).__name__ == type(model).__name__ and [tuple(v.shape) for v in new.weights] == [v.shape for v in values]:
            new.set_weights(values)
