"""Strategies: two replicas in one process, two workers in two. Each needs processes of its own."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.casefiles import read_cases
from tests.replicas import FOLDER

ROOT = Path(__file__).parent.parent
CASES = [case.id for case in read_cases(FOLDER)]


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the checks on two replicas say, by the case; made once, by whichever process of the test run comes first."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        return _replicas()
    shared = tmp_path_factory.getbasetemp().parent
    result = shared / f"replicas-{run}.json"
    try:
        (shared / f"replicas-{run}.claimed").touch(exist_ok=False)
    except FileExistsError:
        for _ in range(400):
            if result.exists():
                return json.loads(result.read_text(encoding="utf-8"))
            time.sleep(1)
        pytest.fail("the process that was first to check on replicas did not finish")
    try:
        found = _replicas()
    except BaseException:
        # Nobody is to wait for it.
        result.write_text("{}", encoding="utf-8")
        raise
    written = result.with_suffix(".part")
    written.write_text(json.dumps(found), encoding="utf-8")
    written.replace(result)
    return found


def _replicas() -> dict[str, Any]:
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


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two workers, each a process with a notebook's shell, says of every cell."""
    with socket.socket() as one, socket.socket() as two:
        for listener in (one, two):
            listener.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{listener.getsockname()[1]}" for listener in (one, two)]
    folder, running = tmp_path_factory.mktemp("workers"), []
    for index in range(2):
        config = json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
        settings = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CONFIG": config}
        # Into files: a worker that waits for its output to be read keeps the other one waiting.
        with open(folder / f"{index}.out", "w") as out, open(folder / f"{index}.err", "w") as errors:
            running.append(subprocess.Popen([sys.executable, "-m", "tests.workers"], cwd=ROOT, env=settings, stdout=out, stderr=errors))
    found = []
    try:
        for index, process in enumerate(running):
            assert process.wait(timeout=400) == 0, (folder / f"{index}.err").read_text()[-2000:]
            lines = (folder / f"{index}.out").read_text(encoding="utf-8").splitlines()
            found.append({entry["cell"]: entry for entry in (json.loads(line) for line in lines if line.startswith("{"))})
    finally:
        for process in running:
            process.kill()
    return found


@pytest.mark.parametrize("cell", ["loop", "cut", "eager"])
def test_each_worker_reports_and_says_which_it_is(cell: str, workers: list[dict[str, Any]]) -> None:
    for number, entries in enumerate(workers, 1):
        entry = entries[cell]
        assert entry["raised"] == "None" and not entry["report"]["failures"]
        assert entry["report"]["summary"].startswith(f"Worker {number} of 2: ")
        assert f"Worker {number} of 2: " in entry["text"] and f"Worker {number} of 2: " in entry["html"]


def test_workers_find_the_same(workers: list[dict[str, Any]]) -> None:
    for cell in ("loop", "cut", "eager"):
        first, second = (entries[cell] for entries in workers)
        assert first["weights"] == second["weights"]
        assert [[row["status"] for row in call["variables"]] for call in first["report"]["calls"]] == [[row["status"] for row in call["variables"]] for call in second["report"]["calls"]]
    for entries in workers:
        assert entries["loop"]["report"]["verdict"] == entries["eager"]["report"]["verdict"] == "ok"
        [found] = [f for f in entries["cut"]["report"]["findings"] if f["severity"] != "note"]
        assert (found["rule"], found["location"]["line"]) == ("none/stop-gradient", 6)
    # Each worker has its own half of the data.
    norms = [entries["loop"]["report"]["calls"][0]["variables"][0]["grad"]["norm"] for entries in workers]
    assert norms[0] != norms[1]
