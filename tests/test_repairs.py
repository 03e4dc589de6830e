"""Programs whose first fix, tried by `--fix`, holds and is the edit that is written beside them.

A file under `repairs/` is a row of parts like a case file: `# %% setup`, then `# %% NAME` cells. In a cell a comment `# fix: RULE` names the finding, and each
`# becomes: TEXT` is a line (without its indentation) that the first fix of that finding must write. `# none: RULE` says that the finding has no fix.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "repairs"


def programs() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        setup = ""
        for title, text in zip(*[iter(re.split(r"^# %% (.+)\n", path.read_text(encoding="utf-8"), flags=re.M)[1:])] * 2, strict=True):
            if title.strip() == "setup":
                setup = text
            else:
                found.append(pytest.param(setup, text, id=f"{path.stem}/{title.strip().replace(' ', '-')}"))
    return found


@pytest.mark.parametrize(("setup", "cell"), programs())
def test_the_first_fix_holds(setup: str, cell: str, notebook: Any) -> None:
    assert notebook.run(setup).success
    wanted, rule = re.findall(r"^\s*# becomes: (.*)$", cell, flags=re.M), re.search(r"# (fix|none|by hand): ([a-z/-]+)", cell)
    assert rule is not None
    report = notebook.check(re.sub(r"^\s*# (fix|none|by hand|becomes): .*\n", "", cell, flags=re.M), "--fix")
    assert not [f for f in report.failures if "write a fix" in f], report.failures
    finding = next((f for f in report.findings if f.rule == rule.group(2)), None)
    assert finding is not None, [(f.rule, f.message) for f in report.findings]
    if rule.group(1) == "none":
        assert finding.fixes == ()
        return
    assert finding.fixes, finding.message
    fix = finding.fixes[0]
    written = [line.strip() for edit in fix.edits for line in edit.replacement.split("\n")]
    assert not [line for line in wanted if line not in written], written
    assert wanted
    assert (fix.applicability == "display-only") if rule.group(1) == "by hand" else fix.verified is not None
