"""TensorFlow's own numeric debuggers on the same cells. Neither can be switched off cleanly, so each has a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.notebook import Cost, TimedNotebook
from tests.benchmarks.ratios import Ratio, median
from tests.benchmarks.work import WORKS, Work

ROOT = Path(__file__).resolve().parents[2]
RIVALS = ("check_numerics", "full_health")


def rival_ratio(rival: str, work: Work, rounds: int) -> Ratio | None:
    """What `work` costs under a debugger of TensorFlow's; None, with the reason printed, where it does not run under it."""
    command = [sys.executable, "-m", "tests.benchmarks", "--rival", rival, "--only", work.name, "--rounds", str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{rival} on {work.name}: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}", file=sys.stderr)
        return None
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return Ratio(work.name, rival, Cost(*answer["plain"]), Cost(*answer["with_tool"]))


def run_rival(rival: str, name: str, rounds: int) -> None:
    """In a process of its own: the cell without, then with the debugger; the two costs go to the standard output."""
    import tensorflow as tf

    work = next(w for w in WORKS if w.name == name)
    notebook = TimedNotebook()
    notebook.prepare(work)
    plain = [notebook.measure(work, False) for _ in range(rounds + 1)][1:]
    with tempfile.TemporaryDirectory() as folder:
        if rival == "check_numerics":
            tf.debugging.enable_check_numerics()
        else:
            tf.debugging.experimental.enable_dump_debug_info(folder, tensor_debug_mode="FULL_HEALTH")
        # What was traced before knows nothing of the debugger.
        notebook.prepare(work)
        watched = [notebook.measure(work, False) for _ in range(rounds + 1)][1:]
        costs = {key: (c.seconds, c.peak) for key, c in (("plain", median(plain)), ("with_tool", median(watched)))}
        print(json.dumps(costs), flush=True)
