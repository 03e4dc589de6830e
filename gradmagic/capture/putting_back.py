"""Containers and objects get back what they held, without a word to whoever listens for their changes."""

from __future__ import annotations

import collections
from typing import Any


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
