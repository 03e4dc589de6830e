"""The JSON Schema of the report, made from the dataclasses of `gradmagic/report.py`."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any

from gradmagic import report

PATH = Path(__file__).parent / "report.schema.json"


def report_schema() -> dict[str, Any]:
    """The schema (draft 2020-12). Numbers that are not finite are the strings `nan`, `inf` and `-inf`; further fields are allowed."""
    definitions = {name: _object(kind) for name, kind in vars(report).items() if isinstance(kind, type) and dataclasses.is_dataclass(kind)}
    definitions["Report"]["properties"]["schema"] = {"const": report.SCHEMA}
    definitions["Report"]["required"].append("schema")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "gradmagic report", "$ref": "#/$defs/Report", "$defs": definitions}


def _object(kind: Any) -> dict[str, Any]:
    fields = report.field_types(kind)
    needed = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]
    return {"type": "object", "properties": {f.name: _type(fields[f.name]) for f in dataclasses.fields(kind)}, "required": needed}


def _type(kind: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_type(a) for a in arguments]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    if dataclasses.is_dataclass(kind):
        return {"$ref": f"#/$defs/{getattr(kind, '__name__', '')}"}
    if kind is float:
        return {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
    return {"type": {str: "string", int: "integer", bool: "boolean", type(None): "null"}[kind]}


if __name__ == "__main__":
    PATH.write_text(json.dumps(report_schema(), indent=1) + "\n", encoding="utf-8")
