"""Dataclasses as strict JSON and back: `NaN` and infinities travel as the strings ``"nan"``, ``"inf"`` and ``"-inf"``."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from typing import Any, Literal


class ReportFormatError(ValueError):
    """The JSON is no gradmagic report, or one that this version cannot read."""


def parsed(text: str) -> Any:
    """What JSON text says.

    Raises:
        ReportFormatError: `text` is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise ReportFormatError(f"this is not a gradmagic report: it is not JSON ({error})") from None


# What stands in JSON as it is.
_PLAIN = frozenset({int, bool, type(None)})
_FIELDS: dict[type, tuple[str, ...]] = {}
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encoded(value: Any, digits: int | None = None) -> Any:
    """A dataclass, or what its fields hold, as dicts, lists, strings and numbers. With `digits`, floats are rounded to so many, and all text can be sent as UTF-8."""
    kind: Any = type(value)
    names = _FIELDS.get(kind)
    if names is not None:
        return {name: v if (k := type(v)) in _PLAIN else _number(v, digits) if k is float else encoded(v, digits) for name in names for v in (getattr(value, name),)}
    if kind is str:
        # A lone surrogate, as in a file name that is no UTF-8, would make the whole message to the front end fail.
        return value if digits is None or value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if kind in _PLAIN:
        return value
    if kind is float:
        return _number(value, digits)
    if kind is tuple or kind is list:
        return [v if (k := type(v)) in _PLAIN else _number(v, digits) if k is float else encoded(v, digits) for v in value]
    if dataclasses.is_dataclass(value):
        _FIELDS[kind] = tuple(f.name for f in dataclasses.fields(kind))
        return encoded(value, digits)
    return {encoded(str(k), digits): encoded(v, digits) for k, v in value.items()} if isinstance(value, dict) else value


def _number(value: float, digits: int | None) -> float | str:
    if not math.isfinite(value):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    if digits is None:
        return value
    rounded = float(f"{value:.{digits}g}")
    # The largest numbers would be rounded up to infinity.
    return rounded if math.isfinite(rounded) else value


@functools.cache
def field_types(cls: type) -> dict[str, Any]:
    """The resolved type of every field of a dataclass."""
    return typing.get_type_hints(cls)


def decoded(kind: Any, data: Any, path: str) -> Any:
    """What `encoded` made `data` of, as a value of a type; `path` is what messages call it.

    Raises:
        ReportFormatError: a field is missing or of a wrong type.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        for option in arguments:
            try:
                return decoded(option, data, path)
            except ReportFormatError as error:
                problem = error
        raise problem
    if origin is Literal:
        if data in arguments:
            return data
    elif origin is tuple:
        if isinstance(data, list):
            return tuple(decoded(arguments[0], item, f"{path}[{i}]") for i, item in enumerate(data))
    elif origin is dict:
        if isinstance(data, dict):
            return {key: decoded(arguments[1], item, f"{path}.{key}") for key, item in data.items()}
    elif dataclasses.is_dataclass(kind):
        if isinstance(data, dict):
            return _decode_fields(kind, data, path)
    elif kind is type(None):
        if data is None:
            return None
    elif kind is float:
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return float(data)
        if isinstance(data, str) and data in _SPECIAL:
            return _SPECIAL[data]
    elif kind in (str, int, bool) and type(data) is kind:
        return data
    raise ReportFormatError(f"this gradmagic report is damaged: `{path}` holds {type(data).__name__} `{str(data)[:40]}`")


def _decode_fields(kind: Any, data: dict[str, Any], path: str) -> Any:
    types_of, values = field_types(kind), {}
    for f in dataclasses.fields(kind):
        if f.name in data:
            values[f.name] = decoded(types_of[f.name], data[f.name], f"{path}.{f.name}")
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ReportFormatError(f"this gradmagic report is damaged: `{path}.{f.name}` is missing")
    return kind(**values)
