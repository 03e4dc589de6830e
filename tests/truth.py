"""Checks the hand-written statuses and exceptions of the case files without gradmagic: `python -m tests.truth [TEXT …]`.

Runs every case (or those with TEXT in their id) in a plain IPython shell and compares what TensorFlow really gives: in graphs, with the
values written out by `tf.numpy_function`; in XLA only whether a gradient is None. Prints each contradiction; the exit code is 1 if there is one.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

import keras
import numpy as np
import tensorflow as tf
from IPython.core.interactiveshell import InteractiveShell

from tests.casefiles import Case, Place, read_cases

WORST = ["nan", "inf", "none", "zero", "ok", "symbolic"]
Seen = dict[Place, list[list[str]]]


def status(gradient: Any) -> str:
    if gradient is None:
        return "none"
    values = np.asarray(gradient)
    return "nan" if np.isnan(values).any() else "inf" if np.isinf(values).any() else "ok" if values.any() else "zero"


def dense(gradient: Any) -> Any:
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


@contextlib.contextmanager
def recorded(seen: Seen, files: dict[str, Place]) -> Any:
    """Notes the status of each source at each call of a tape's `gradient` that stands in the case."""
    originals = {name: getattr(tf.GradientTape, name) for name in ("gradient", "jacobian")}
    busy = [False]

    def place() -> Place | None:
        frame = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_filename
            if name in files:
                return files[name][0], frame.f_lineno
            if Path(name).name in files:
                return Path(name).name, frame.f_lineno
            frame = frame.f_back
        return None

    def wrap(original: Any) -> Any:
        def gradient(self: Any, target: Any, sources: Any, *args: Any, **kwargs: Any) -> Any:
            if busy[0]:
                return original(self, target, sources, *args, **kwargs)
            busy[0] = True
            try:
                result = original(self, target, sources, *args, **kwargs)
            finally:
                busy[0] = False
            where = place()
            if where is None:
                return result
            found = [dense(g) for g in tf.nest.flatten(result)]
            if tf.executing_eagerly():
                seen.setdefault(where, []).append([status(g) for g in found])
            else:
                present = [g for g in found if g is not None]

                def note(*values: Any) -> np.ndarray:
                    rest = iter(values)
                    seen.setdefault(where, []).append(["none" if g is None else status(next(rest)) for g in found])
                    return np.int32(0)

                seen.setdefault(where, []).append(["none" if g is None else "symbolic" for g in found])
                with contextlib.suppress(Exception):
                    tf.numpy_function(note, present, tf.int32)
            return result

        return gradient

    for name, original in originals.items():
        setattr(tf.GradientTape, name, wrap(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(tf.GradientTape, name, original)


def worst(rows: list[list[str]]) -> list[str]:
    sizes = [len(r) for r in rows]
    return [min(column, key=WORST.index) for column in zip(*[r for r in rows if len(r) == max(sizes)], strict=True)]


def contradictions(case: Case, shell: Any) -> list[str]:
    shell.reset(new_session=False)
    keras.utils.set_random_seed(0)
    keras.backend.clear_session()
    seen: Seen = {}
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        for name, text in case.files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
            sys.modules.pop(name.removesuffix(".py"), None)
        importlib.invalidate_caches()
        sink = io.StringIO()
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            files = {shell.compile.cache(case.setup, shell.execution_count): ("setup", 0), **{name: (name, 0) for name in case.files}}
            setup = shell.run_cell(case.setup, store_history=True)
            body = "#\n" + case.check
            files[shell.compile.cache(body, shell.execution_count)] = ("check", 0)
            with recorded(seen, files):
                result = shell.run_cell(body, store_history=True)
        sys.path.remove(folder)
    if not setup.success:
        return [f"the setup raised {setup.error_in_exec!r}"]
    said = []
    error = result.error_in_exec or result.error_before_exec
    raised = type(error).__name__ if error else None
    if raised != case.raises:
        said.append(f"raised {raised}, not {case.raises}: {str(error)[:200]}")
    for place, wanted in case.statuses.items():
        # AutoGraph runs code of its own making: there the line is that of the call.
        rows = seen.get(place) or next((r for r in seen.values() if len(worst(r)) == len(wanted) and "symbolic" not in worst(r)), None)
        if rows is None:
            said.append(f"no gradient call at {place}; seen: {sorted(seen)}")
            continue
        got = worst(rows)
        if len(got) != len(wanted) or not all(g == "symbolic" or w <= {"wrong", "exploding", "vanishing"} or g in w for g, w in zip(got, wanted, strict=True)):
            said.append(f"statuses at {place[0]}:{place[1]} are {got}, not {' '.join('|'.join(sorted(w)) for w in wanted)}")
    return said


def main(texts: list[str]) -> int:
    shell = InteractiveShell.instance()
    cases = [c for c in read_cases() if not texts or any(t in c.id for t in texts)]
    wrong = 0
    for case in cases:
        for sentence in contradictions(case, shell):
            wrong += 1
            print(f"{case.id}: {sentence}", flush=True)
    print(f"{len(cases)} cases, {wrong} contradictions")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
