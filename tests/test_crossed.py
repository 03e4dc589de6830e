"""Guilty lines in the forms in which people write a step: a sample of them. `GRADMAGIC_CROSSED=1400 python -m pytest tests/test_crossed.py`, or `python -m tests.crossed`, runs all."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.casefiles import Case
from tests.crossed import contradictions, programs, sample

PROGRAMS = int(os.environ.get("GRADMAGIC_CROSSED", "20"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in sample(PROGRAMS)])
def test_what_is_found_does_not_depend_on_the_form(case: Case, notebook: Any) -> None:
    said = contradictions(case, notebook)
    if said:
        pytest.fail("\n".join([case.id, *said]), pytrace=False)


def test_every_program_has_a_truth() -> None:
    every = list(programs())
    assert len({case.id for case in every}) == len(every) > 1000
    assert all(case.marks or "healthy" in case.id for case in every)
    assert not [case.id for case in every if "BODY" in case.setup + case.check or "CALL" in case.setup + case.check]
