"""Containers and objects get back what they held, without a word to whoever listens for their changes."""

from __future__ import annotations

import collections
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import gen_lookup_ops

LARGEST_TABLE = 1_000_000


def put_entries_back(value: dict[Any, Any], entries: dict[Any, Any]) -> None:
    if not same_entries(value, entries):
        dict.clear(value)
        dict.update(value, entries)


def put_members_back(value: set[Any], members: set[Any]) -> None:
    set.clear(value)
    set.update(value, members)


def put_items_back(value: list[Any], items: list[Any]) -> None:
    now = list.__getitem__(value, slice(None))
    if len(now) != len(items) or any(a is not b for a, b in zip(now, items, strict=True)):
        list.__setitem__(value, slice(None), items)


def put_queue_back(value: collections.deque[Any], items: list[Any]) -> None:
    value.clear()
    value.extend(items)


def put_attributes_back(value: Any, kind: type, attributes: dict[str, Any], kept: dict[str, Any]) -> None:
    if type(value) is not kind:
        object.__setattr__(value, "__class__", kind)
    if not same_entries(attributes, kept):
        attributes.clear()
        attributes.update(kept)


def same_entries(now: dict[Any, Any], before: dict[Any, Any]) -> bool:
    return len(now) == len(before) and all(k in now and now[k] is v for k, v in before.items()) and list(now) == list(before)


def file_place(value: io.IOBase) -> Callable[[], object] | str | None:
    """What puts a file back to the place that it is read from, or why nothing does; None for a closed one, which has no place."""
    try:
        place = value.tell() if value.readable() and value.seekable() and not value.writable() else None
    except (OSError, ValueError):
        return None
    return "a file whose content" if place is None else lambda: None if value.closed else value.seek(place)


def table_content(value: Any) -> Callable[[], object] | str | None:
    """What gives a mutable lookup table its content back, or why nothing does; None for one that never changes."""
    if not hasattr(value, "export"):
        return None
    try:
        kept = [t.numpy() for t in value.export()] if int(value.size()) <= LARGEST_TABLE else None
    except Exception:
        kept = None
    if kept is None:
        return "a lookup table whose content"
    tensors = [tf.constant(k) for k in kept]

    def undo() -> None:
        if not all(np.array_equal(now.numpy(), then) for now, then in zip(value.export(), kept, strict=True)):
            gen_lookup_ops.lookup_table_import_v2(value.resource_handle, *tensors)

    return undo
