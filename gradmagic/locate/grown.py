"""Values that grew on their way to the target: the factors that a gradient is multiplied with when it comes back."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator

from gradmagic.locate.backward import PRODUCTS, Link
from gradmagic.recording import Op, Recording, Span

AGAIN, GREW, MOSTLY = 4, 100.0, 0.75
MULTIPLIES = ("MatMul", "BatchMatMulV2", "Einsum", "Mul", "Conv2D")
# Layer for layer, and how much of all the growth one of them may bring: data that are large by themselves come in with the first one.
EACH, ONE = 1.5, 0.5


def _factors(op: Op, link: Link) -> list[int]:
    """What going backward through an op multiplies with; a square, or a power, multiplies with what it takes."""
    return [key for position, key in enumerate(op.inputs) if position != link.input] if op.type in PRODUCTS else list(op.inputs)


def _behind(recording: Recording, waiting: list[int]) -> Iterator[tuple[int, Op]]:
    """The values that some values were computed from, and they themselves, each with its op."""
    waiting, seen = list(waiting), set[int]()
    while waiting and len(seen) < 5000:
        key = waiting.pop()
        op = recording.producer.get(key)
        if key not in seen and op is not None:
            seen.add(key)
            yield key, op
            waiting.extend(op.inputs)


def grown_values(recording: Recording, link: Link) -> tuple[Op, tuple[int, float, float]] | None:
    """The op of a line whose results feed each other and grow, where the last of them is the factor of this step: with its runs, its first norm and its last."""
    if link.op is None or link.op.span is None:
        return None
    waiting = _factors(link.op, link)
    lines: dict[tuple[str, Span, int | None], list[tuple[float, Op]]] = {}
    # What Keras computes by itself bears the line that it was called from.
    unseen = {site.span for site in recording.sites if site.kind.startswith("keras")}
    for key, op in _behind(recording, waiting):
        tensor = recording.tensors.get(key)
        if op.span is not None and tensor is not None and tensor.norm and math.isfinite(tensor.norm) and op.type != "ReadVariableOp" and (op.layer is not None or op.span not in unseen):
            lines.setdefault((op.type, op.span, op.layer), []).append((tensor.norm, op))
    own = lines.get((link.op.type, link.op.span, link.op.layer), [])
    for found in (own, *sorted(lines.values(), key=len, reverse=True)):
        norms = [norm for norm, _ in sorted(found, key=lambda item: item[1].seq)]
        # What goes up and down is as often small as it is large.
        ups = sum(after > before for before, after in itertools.pairwise(norms))
        if len(found) >= AGAIN and max(norms) > GREW * min(norms) and ups >= MOSTLY * (len(norms) - 1):
            # Products make it larger, sums hand on what they made.
            span = found[0][1].span
            ops = [op for (type_, place, _), group in lines.items() if place == span and type_ in MULTIPLIES for _, op in group]
            return max(ops or [op for _, op in found], key=lambda op: op.seq), (len(found), min(norms), max(norms))
    return None


def grown_through_layers(recording: Recording, link: Link) -> tuple[Op, int, float, float] | None:
    """The layer that adds most to values that grow from layer to layer: the product in it, how many layers there are, and the root mean square of what the first and the last of them give."""
    if link.op is None:
        return None
    products: dict[int, tuple[Op, float]] = {}
    for key, op in _behind(recording, _factors(link.op, link)):
        tensor = recording.tensors.get(key)
        size = tensor.root_mean_square if tensor is not None else None
        if op.type in MULTIPLIES and op.type != "Mul" and op.layer is not None and size and math.isfinite(size):
            products[op.layer] = op, size
    layers = sorted(products.values(), key=lambda item: item[0].seq)
    if len(layers) <= AGAIN:
        return None
    steps = [(math.log(after / before), op) for (_, before), (op, after) in itertools.pairwise(layers)]
    total = sum(step for step, _ in steps)
    if total < math.log(GREW) or statistics.median(step for step, _ in steps) < math.log(EACH) or max(step for step, _ in steps) > ONE * total:
        return None
    return max(steps, key=lambda step: step[0])[1], len(layers), layers[0][1], layers[-1][1]
