"""Programs in many forms: what must be found, on which line, with which statuses, and what must stay silent."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import fastjsonschema  # type: ignore[import-untyped, unused-ignore]
import pytest

from gradmagic.render.html import to_html
from gradmagic.rules import CATALOGUE
from gradmagic.schema import report_schema
from tests.casefiles import FOLDER, Case, differences, pending, read_cases

WRONG_SO_FAR = pending()
# Of the drafts that differ nothing is used; this one takes a thousandth of a second, where `jsonschema` takes twenty.
validate = fastjsonschema.compile({key: value for key, value in report_schema().items() if key != "$schema"})
CASES = [pytest.param(case, id=case.id, marks=[pytest.mark.xfail(strict=True, reason=WRONG_SO_FAR[case.id])] if case.id in WRONG_SO_FAR else []) for case in read_cases()]


@pytest.mark.parametrize("case", CASES)
def test_case(case: Case, notebook: Any, tmp_path: Path, monkeypatch: Any) -> None:
    if case.files:
        monkeypatch.syspath_prepend(tmp_path)
        for name, text in case.files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
            monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
        importlib.invalidate_caches()
    count = notebook.shell.execution_count
    result = notebook.run(case.setup)
    assert result.success, f"the setup failed: {result.error_in_exec or result.error_before_exec}"
    report = notebook.check(case.check, case.options)
    validate(report.to_dict())
    assert to_html(report)
    error = notebook.result.error_in_exec or notebook.result.error_before_exec
    said = differences(case, report, count, type(error).__name__ if error else None)
    if said:
        pytest.fail("\n".join([case.id, *said]), pytrace=False)


def test_pending_cases_exist() -> None:
    ids = [case.id for case in read_cases()]
    assert len(ids) == len(set(ids))
    assert {i for i in WRONG_SO_FAR if not i.startswith("planted/")} <= set(ids)


@pytest.mark.parametrize("rule", CATALOGUE)
def test_every_rule_has_its_case_file(rule: str) -> None:
    text = (FOLDER / f"{rule.replace('-', '_')}.py").read_text(encoding="utf-8")
    names = re.findall(r"^# %% (.+)$", text, flags=re.M)
    if rule in ("none/unexplained", "nonfinite/unexplained", "scale/unexplained", "wrong/unexplained"):
        assert any("near" in n for n in names)
    elif rule == "step/silently-skipped":
        assert "a note beside the cause" in names
    else:
        assert f"expect: {rule}" in text or f"note: {rule}" in text
        assert rule.endswith("/unexplained") or any("near" in n for n in names)
