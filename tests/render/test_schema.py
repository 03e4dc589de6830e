"""The committed schema is the generated one, and every report fits it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import pytest

from gradmagic.schema import PATH, report_schema, schema_text
from tests.render import samples

VALIDATOR = jsonschema.Draft202012Validator(report_schema())


def test_committed_schema_is_the_generated_one(bless: bool) -> None:
    if bless:
        PATH.write_text(schema_text(), encoding="utf-8", newline="\n")
    assert PATH.read_text(encoding="utf-8") == schema_text()


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(report_schema())


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_reports_fit(name: str) -> None:
    VALIDATOR.validate(json.loads(json.dumps(samples.SAMPLES[name]().to_dict(), allow_nan=False)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "fine"),
        (("schema",), "gradmagic.report/2"),
        (("calls", 0, "variables", 0, "status"), "None"),
        (("calls", 0, "variables", 0, "grad"), 0),
        (("overhead", "cell_seconds"), "NaN"),
        (("findings", 0, "location", "line"), "4"),
        (("findings", 0, "location", "line"), 4.5),
    ],
)
def test_damage_is_seen(path: tuple[str | int, ...], value: Any) -> None:
    data: Any = samples.stop_gradient().to_dict()
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    assert not VALIDATOR.is_valid(data)


def test_a_missing_field_is_seen_and_an_added_one_allowed() -> None:
    data = samples.stop_gradient().to_dict()
    assert VALIDATOR.is_valid({**data, "later": 1})
    del data["summary"]
    assert not VALIDATOR.is_valid(data)
