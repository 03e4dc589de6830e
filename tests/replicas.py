"""Runs the case files in `distributed/` on two virtual CPUs, which a process can only be given before it uses TensorFlow: `python -m tests.replicas [TEXT …]`.

The cells find a `strategy` over both, and what `SETUP` makes with it; TensorFlow has room for one per process, whose collective ops are numbered from its beginning.
Prints one line of JSON per case (those with TEXT in their id): what contradicts its truth, and its report.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "distributed"
SETUP = """\
import keras
import numpy as np
import tensorflow as tf

x = np.arange(24, dtype="float32").reshape(8, 3) / 24
y = np.arange(8, dtype="float32").reshape(8, 1) / 8
data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(4))
with strategy.scope():
    w = tf.Variable(tf.ones((3, 1)), name="w")
    b = tf.Variable(tf.zeros((1,)), name="b")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh", name="hidden"), keras.layers.Dense(1, name="out")])
    optimizer = keras.optimizers.SGD(0.1)
"""


def outcome(shell: Any, strategy: Any, setup: str, check: str) -> Any:
    """What a cell leaves in `outcome`, run anew after its setup; None where it leaves nothing."""
    import keras

    shell.reset(new_session=False)
    shell.user_ns["strategy"] = strategy
    keras.utils.set_random_seed(0)
    keras.backend.clear_session()
    shell.run_cell(setup, store_history=True).raise_error()
    shell.last = shell.run_cell(check, store_history=True)
    return shell.user_ns.get("outcome")


def judged(shell: Any, strategy: Any, case: Any) -> dict[str, Any]:
    """The differences of one case from its truth, and its report."""
    import numpy as np

    import gradmagic
    from tests.casefiles import differences

    plain = outcome(shell, strategy, SETUP + case.setup, "#\n" + case.check) if "outcome" in case.check else None
    before = gradmagic.last_report()
    checked = outcome(shell, strategy, SETUP + case.setup, "%%gradcheck\n" + case.check)
    report, error = gradmagic.last_report(), shell.last.error_in_exec
    if report is None or report is before:
        return {"said": [f"no report; the cell raised {error!r}"], "report": None}
    said = differences(case, report, shell.execution_count - 2, type(error).__name__ if error else None)
    if plain is not None and not all(np.array_equal(a, b) for a, b in zip(plain, checked, strict=True)):
        said.append("the cell gives something else under the magic")
    return {"said": said, "report": report.to_dict()}


def run(texts: list[str]) -> Iterator[dict[str, Any]]:
    import tensorflow as tf

    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
    from IPython.core.interactiveshell import InteractiveShell

    from tests.casefiles import read_cases

    shell = InteractiveShell.instance()
    shell.run_cell("%load_ext gradmagic").raise_error()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for case in read_cases(FOLDER):
        if not texts or any(text in case.id for text in texts):
            sink = io.StringIO()
            with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
                found = judged(shell, strategy, case)
            yield {"id": case.id, **found, "printed": sink.getvalue()}


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for found in run(sys.argv[1:]):
        print(json.dumps(found), flush=True)
