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
from gradmagic.strict_json import field_types

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
            fields = field_types(kind)
            rows = "".join(f"  {f.name}: {type_name(fields[f.name])};\n" for f in dataclasses.fields(kind))
            parts.append(f"export interface {name} {{\n{rows}}}\n\n")
    return "".join(parts).rstrip("\n") + "\n"


def vocabulary_source() -> str:
    """The text of `vocabulary.ts`. Icons stay as they are; words are looked up in the reader's language whenever they are read."""
    icons: dict[str, tuple[dict[Any, str], str]] = {
        "ICONS": (wording.ICONS, 'VariableReport["status"]'),
        "VERDICT_ICONS": (wording.VERDICT_ICONS, 'Report["verdict"] | "not judged"'),
    }
    words: dict[str, tuple[dict[Any, str], str]] = {
        "WORDS": (wording.WORDS, 'VariableReport["status"]'),
        "APPLICABILITY": (wording.APPLICABILITY, 'Fix["applicability"]'),
        "EDGE_MEANING": (palette.EDGE_MEANING, 'Edge["status"]'),
    }
    parts = [_head("gradmagic/render/wording.py and palette.py"), 'import type { Edge, Fix, Report, VariableReport } from "./report";\nimport { trans } from "./view/language";\n\n']
    for name, (table, key) in icons.items():
        rows = "".join(f"  {_key(k)}: {_quoted(v)},\n" for k, v in table.items())
        parts.append(f"export const {name}: Record<{key}, string> = {{\n{rows}}};\n\n")
    for name, (table, key) in words.items():
        rows = "".join(f"  get {_key(k)}() {{\n    return trans.__({_quoted(v)});\n  }},\n" for k, v in table.items())
        parts.append(f"export const {name}: Readonly<Record<{key}, string>> = {{\n{rows}}};\n\n")
    parts.append(f"export const NOTHING = {_quoted(wording.NOTHING)};\n")
    return "".join(parts)


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _head(origin: str) -> str:
    return f"// Generated from {origin} by generate_report_ts.py: change it there.\n\n"


SOURCES = {"report.ts": report_source, "vocabulary.ts": vocabulary_source}


if __name__ == "__main__":
    for name, source in SOURCES.items():
        (Path(__file__).parent / "src" / name).write_text(source(), encoding="utf-8")
