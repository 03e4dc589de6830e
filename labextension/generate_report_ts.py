"""Writes what the front end shares with Python: the report's JSON as TypeScript types, and the words and icons of all views."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any

from gradmagic import report
from gradmagic.render import palette, wording

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


def report_source() -> str:
    """The text of `report.ts`."""
    parts = [_head("gradmagic/report.py"), f'export const SCHEMA = "{report.SCHEMA}";\n\n', NUMBER]
    for name, kind in vars(report).items():
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            fields = report.field_types(kind)
            rows = "".join(f"  {f.name}: {type_name(fields[f.name])};\n" for f in dataclasses.fields(kind))
            parts.append(f"export interface {name} {{\n{rows}}}\n\n")
    return "".join(parts).rstrip("\n") + "\n"


def vocabulary_source() -> str:
    """The text of `vocabulary.ts`."""
    tables: dict[str, tuple[dict[Any, str], str]] = {
        "ICONS": (wording.ICONS, 'VariableReport["status"]'),
        "WORDS": (wording.WORDS, 'VariableReport["status"]'),
        "VERDICT_ICONS": (wording.VERDICT_ICONS, 'Report["verdict"]'),
        "APPLICABILITY": (wording.APPLICABILITY, 'Fix["applicability"]'),
        "EDGE_MEANING": (palette.EDGE_MEANING, 'Edge["status"]'),
    }
    parts = [_head("gradmagic/render/wording.py and palette.py"), 'import type { Edge, Fix, Report, VariableReport } from "./report";\n\n']
    for name, (table, key) in tables.items():
        rows = "".join(f"  {k if k.isidentifier() else json.dumps(k)}: {json.dumps(v, ensure_ascii=False)},\n" for k, v in table.items())
        parts.append(f"export const {name}: Record<{key}, string> = {{\n{rows}}};\n\n")
    parts.append(f"export const NOTHING = {json.dumps(wording.NOTHING, ensure_ascii=False)};\n")
    return "".join(parts)


def _head(origin: str) -> str:
    return f"// Generated from {origin} by generate_report_ts.py: change it there.\n\n"


SOURCES = {"report.ts": report_source, "vocabulary.ts": vocabulary_source}


if __name__ == "__main__":
    for name, source in SOURCES.items():
        (Path(__file__).parent / "src" / name).write_text(source(), encoding="utf-8")
