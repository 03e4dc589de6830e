"""What made a value, behind ops that hand values on."""

from __future__ import annotations

from collections.abc import Collection

from gradmagic.recording import Op, Recording


def maker_behind(recording: Recording, op: Op | None, passing: Collection[str]) -> Op | None:
    """An op, or where it is of one of these types the first one behind it that is not, by way of their first inputs; None where nothing is known of that."""
    while op is not None and op.type in passing and op.inputs:
        op = recording.producer.get(op.inputs[0])
    return op
