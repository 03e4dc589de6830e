"""Programs whose first fix, tried by `--fix`, holds and is the edit that is written beside them. Without `GRADMAGIC_TRIALS=all` a fifth of them is run, and a third of these tried.

A file under `repairs/` is a row of parts like a case file: `# %% setup`, then `# %% NAME` cells. In a cell a comment `# fix: RULE` names the finding, and each
`# becomes: TEXT` is a line (without its indentation) that must stand in the cells after the first fix of that finding, each `# gone: TEXT` one that must not.
`# by hand: RULE` is a finding whose fix has a hole or a number to fill in, `# none: RULE` one that has no fix also where none is tried, `# dropped: RULE` one whose fix
does not hold when it is tried, `# untried: RULE` one whose fix is not tried here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "repairs"
EVERY = os.environ.get("GRADMAGIC_TRIALS") == "all"


def programs() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        setup, count = "", 0
        for title, text in zip(*[iter(re.split(r"^# %% (.+)\n", path.read_text(encoding="utf-8"), flags=re.M)[1:])] * 2, strict=True):
            if title.strip() == "setup":
                setup = text
            else:
                # All of them take longer than the rest of the suite, and a trial runs the cell twice more: every fifth one by default.
                if EVERY or count % 5 == 0:
                    found.append(pytest.param(setup, text, EVERY or count % 15 == 0, id=f"{path.stem}/{title.strip().replace(' ', '-')}"))
                count += 1
    return found


def edited(texts: dict[Any, str], fix: Any) -> list[str]:
    lines = {cell: text.split("\n") for cell, text in texts.items()}
    for edit in sorted(fix.edits, key=lambda e: -e.start_line):
        lines[edit.cell][edit.start_line - 1 : edit.end_line] = edit.replacement.split("\n") if edit.replacement else []
    return [line.strip() for cell in lines.values() for line in cell]


@pytest.mark.parametrize(("setup", "cell", "tried"), programs())
def test_the_first_fix_holds(setup: str, cell: str, tried: bool, notebook: Any) -> None:
    count = notebook.shell.execution_count
    assert notebook.run(setup).success
    wanted, gone = (re.findall(rf"^\s*# {word}: (.*)$", cell, flags=re.M) for word in ("becomes", "gone"))
    kind, rule = re.findall(r"# (fix|none|dropped|by hand|untried): ([a-z/-]+)", cell)[0]
    bare = re.sub(r"^\s*# (fix|none|dropped|by hand|untried|becomes|gone): .*\n", "", cell, flags=re.M)
    tried = tried or kind == "dropped"
    report = notebook.check(bare, ("--fix" if tried and kind not in ("none", "untried") else "") + (" --numeric" if rule.startswith("wrong/") else ""))
    assert not [f for f in report.failures if "write a fix" in f], report.failures
    finding = next((f for f in report.findings if f.rule == rule), None)
    assert finding is not None, [(f.rule, f.message) for f in report.findings]
    if kind in ("none", "dropped"):
        assert finding.fixes == ()
        return
    assert finding.fixes, finding.message
    assert wanted + gone
    texts = {"current": "%%gradcheck\n" + bare, count: setup}
    # An edit in front of the wanted one may be one that its trial drops.
    fix = finding.fixes[0] if tried else next((f for f in finding.fixes if {*wanted} <= {*edited(texts, f)}), finding.fixes[0])
    lines = edited(texts, fix)
    assert not [line for line in wanted if line not in lines], fix.edits
    assert not [line for line in gone if line in lines]
    assert (fix.applicability == "display-only") is (kind == "by hand")
    assert (fix.verified is not None) is (kind == "fix" and tried)
