"""Cells in many forms: what must be found, on which line, and what must stay silent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradmagic.render.html import to_html
from gradmagic.schema import report_schema

FOLDER = Path(__file__).parent / "cases"
EXPECT = re.compile(r"#\s*expect:\s*([a-z]+/[a-z-]+)")


def cells() -> list[Any]:
    """Each file holds a setup cell and check cells, parted by `# %% name` lines."""
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        parts = re.split(r"^# %% (.+)\n", path.read_text(encoding="utf-8"), flags=re.M)
        for name, cell in zip(parts[1::2], parts[2::2], strict=True):
            found.append(pytest.param(parts[0], cell, id=f"{path.stem}-{name.strip().replace(' ', '-')}"))
    return found


def expected(setup: str, cell: str) -> set[tuple[str, str, int]]:
    found = set()
    for place, text, shift in (("setup", setup, 1), ("check", cell, 2)):
        for number, line in enumerate(text.split("\n")):
            found |= {(rule, place, number + shift) for rule in EXPECT.findall(line)}
    return found


@pytest.mark.parametrize(("setup", "cell"), cells())
def test_case(setup: str, cell: str, notebook: Any) -> None:
    wanted = expected("", cell)
    used = expected(setup, "")
    count = notebook.shell.execution_count
    assert notebook.run(setup).success
    report = notebook.check(cell)
    jsonschema.validate(report.to_dict(), report_schema())
    assert to_html(report) and not report.failures
    got = set()
    for f in report.findings:
        if f.severity == "note":
            continue
        assert f.location is not None
        got.add((f.rule, "check" if f.location.cell == "current" else "setup" if f.location.cell == count else "elsewhere", f.location.line))
    here = {g for g in got if g[1] == "check"}
    assert here == wanted
    assert got - here <= used
    if not wanted and "expect setup" in cell:
        assert got & used
