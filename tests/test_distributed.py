"""Strategies: two replicas in one process, two workers in two. Each needs processes of its own."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.casefiles import read_cases
from tests.replicas import FOLDER

ROOT = Path(__file__).parent.parent
CASES = [case.id for case in read_cases(FOLDER)]


@pytest.fixture(scope="module")
def replicas() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "tests.replicas"], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=400, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0 and found, done.stderr[-2000:]
    return {entry["id"]: entry for entry in found}


@pytest.mark.parametrize("case", CASES)
def test_case_on_two_replicas(case: str, replicas: dict[str, Any]) -> None:
    if replicas[case]["said"]:
        pytest.fail("\n".join([case, *replicas[case]["said"]]), pytrace=False)


def test_a_variable_is_named_once(replicas: dict[str, Any]) -> None:
    for entry in replicas.values():
        for call in entry["report"]["calls"]:
            names = [row["name"] for row in call["variables"]]
            assert len(set(names)) == len(names) and not any("replica" in name for name in names), (entry["id"], names)
        for update in entry["report"]["updates"]:
            assert len(set(update["variables"])) == len(update["variables"]), entry["id"]


def test_norms_are_those_of_the_replicas(replicas: dict[str, Any]) -> None:
    [call] = replicas["healthy/eager-step"]["report"]["calls"]
    x = np.arange(24, dtype="float32").reshape(8, 3) / 24
    y = np.arange(8, dtype="float32").reshape(8, 1) / 8
    # Two batches of four, halved over two replicas: four calls, each with a gradient of its own.
    parts = [(x[i : i + 2], y[i : i + 2]) for i in range(0, 8, 2)]
    wanted = [float(np.linalg.norm(a.T @ (a.sum(1, keepdims=True) - b))) for a, b in parts]
    history = call["variables"][0]["grad"]["norm_history"]
    assert call["count"] == 4 and all(math.isclose(a, b, rel_tol=1e-5) for a, b in zip(history, wanted, strict=True))
