"""Recurrent layers that are given sequences of one step."""

from __future__ import annotations

from gradmagic.recording import Layer, Op, Recording


def lone_step(recording: Recording, op: Op) -> Layer | None:
    """The recurrent layer of Keras' in whose cell an op ran, where what goes in has one time step; None where it has more, or it is not known."""
    cell = recording.layers.get(op.layer) if op.layer is not None else None
    if cell is None or not cell.library or not cell.type.endswith("Cell"):
        return None
    name = cell.name.rpartition("/")[0]
    layer = next((found for found in recording.layers.values() if found.name == name and found.library), None)
    if layer is None:
        return None
    given = [t.shape for o in recording.ops if o.layer == layer.id and o.inputs and (t := recording.tensors.get(o.inputs[0])) is not None and t.shape is not None]
    first = next((shape for shape in given if len(shape) > 2), None)
    return layer if first is not None and first[1] == 1 else None
