"""Hypothesis strategies for any report whatever, read off the dataclasses."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal

from hypothesis import strategies as st

from gradmagic.report import SCHEMA, Report
from gradmagic.strict_json import field_types

_NASTY = (
    "<script>alert(1)</script>",
    '" onload="x',
    "\x1b[31m",
    "`",
    "``a`",
    "    formula",
    "a\nb\n\nc",
    "$x$ ^ {",
    "漢字",
    "\ud800",
    "|",
    "\t",
)
TEXT = st.one_of(st.text(max_size=30), st.sampled_from(_NASTY))


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type that occurs in a report."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([anything(option) for option in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(anything(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(TEXT, anything(arguments[1]), max_size=2)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        fields = {f.name: anything(field_types(kind)[f.name]) for f in dataclasses.fields(kind)}
        return st.builds(kind, **fields)
    if kind is type(None):
        return st.none()
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: TEXT,
        bool: st.booleans(),
        int: st.one_of(st.integers(-2, 8), st.integers()),
        float: st.one_of(st.sampled_from([0.0, 1.0, float("nan"), float("inf"), float("-inf"), 1e-300]), st.floats()),
    }
    return simple[kind]


def reports() -> st.SearchStrategy[Report]:
    """Any report of the format that this version writes."""
    fields = {f.name: anything(field_types(Report)[f.name]) for f in dataclasses.fields(Report)}
    return st.builds(Report, **{**fields, "schema": st.just(SCHEMA)})
