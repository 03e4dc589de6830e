"""Writes `src/report.ts`: the report's JSON as TypeScript types, from the dataclasses of `gradmagic/report.py`."""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any

from gradmagic import report

HEAD = "// Generated from gradmagic/report.py by generate_report_ts.py: change it there.\n\n"
NUMBER = 'export type Num = number | "nan" | "inf" | "-inf";\n\n'


def type_name(kind: Any) -> str:
    """The TypeScript type of a field."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(dict.fromkeys(type_name(a) for a in arguments))
    if origin is typing.Literal:
        return " | ".join(f'"{a}"' for a in arguments)
    if origin is tuple:
        inner = type_name(arguments[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<string, {type_name(arguments[1])}>"
    if dataclasses.is_dataclass(kind):
        return kind.__name__
    return {str: "string", int: "number", float: "Num", bool: "boolean", type(None): "null"}[kind]


def source() -> str:
    """The text of `report.ts`."""
    parts = [HEAD, f'export const SCHEMA = "{report.SCHEMA}";\n\n', NUMBER]
    for name, kind in vars(report).items():
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            fields = report.field_types(kind)
            rows = "".join(f"  {f.name}: {type_name(fields[f.name])};\n" for f in dataclasses.fields(kind))
            parts.append(f"export interface {name} {{\n{rows}}}\n\n")
    return "".join(parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "src" / "report.ts").write_text(source(), encoding="utf-8")
