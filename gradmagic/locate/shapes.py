"""Ops whose results follow from the shape of what comes in."""

from __future__ import annotations

from collections.abc import Mapping

from gradmagic.recording import Op

# Their results depend on the shape of what comes in, not on its values.
SHAPE_ONLY = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "BroadcastGradientArgs"})
# How many rows they give is a matter of the values: a count of what is above 0, of different numbers.
SIZED_BY_VALUES = frozenset({"Where", "Unique", "UniqueV2", "UniqueWithCounts", "UniqueWithCountsV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4", "NonMaxSuppressionV5"})
PASSING = frozenset({"Identity", "GatherV2", "GatherNd", "Squeeze", "Reshape", "Cast"})


def by_shape_alone(op: Op, producer: Mapping[int, Op]) -> bool:
    """Whether a result says nothing of the values that come in: a shape, where these did not decide on that."""
    return op.type in SHAPE_ONLY and not any(_is_sized_by_values(key, producer) for key in op.inputs)


def _is_sized_by_values(key: int, producer: Mapping[int, Op], depth: int = 6) -> bool:
    made = producer.get(key)
    if made is None or not depth:
        return False
    return made.type in SIZED_BY_VALUES or (made.type in PASSING and any(_is_sized_by_values(k, producer, depth - 1) for k in made.inputs))
