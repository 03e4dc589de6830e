"""The JSON Schema of a report, generated from its dataclasses.

``python -m gradmagic.schema`` rewrites the ``report.schema.json`` that ships with the package.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from pathlib import Path
from typing import Any, Literal

from gradmagic.report import SCHEMA, Report
from gradmagic.strict_json import field_types

PATH = Path(__file__).with_name("report.schema.json")


def report_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `Report.to_dict` gives.

    Returns:
        A schema that allows fields it does not know, because later versions may add some, and that demands every field this
        version writes. Non-finite numbers are the strings ``"nan"``, ``"inf"`` and ``"-inf"``.
    """
    definitions: dict[str, Any] = {
        "Number": {
            "description": "A finite number, or the name of one that JSON cannot hold.",
            "anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}],
        }
    }
    root = _object(Report, definitions)
    root["properties"]["schema"] = {"const": SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": "Report",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as the text of ``report.schema.json``."""
    return json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n"


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    types_of = field_types(kind)
    properties = {f.name: _schema(types_of[f.name], definitions) for f in dataclasses.fields(kind)}
    made: dict[str, Any] = {"type": "object", "properties": properties, "required": sorted(properties)}
    # A dataclass without a docstring is given its signature as one, which says nothing new here.
    doc = inspect.getdoc(kind) or ""
    return made if doc.startswith(f"{kind.__name__}(") or not doc else {"description": doc, **made}


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(option, definitions) for option in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if kind is float:
        return {"$ref": "#/$defs/Number"}
    names = {str: "string", int: "integer", bool: "boolean", type(None): "null"}
    return {"type": names[kind]}


if __name__ == "__main__":
    PATH.write_text(schema_text(), encoding="utf-8", newline="\n")
