"""What all tests share: the IPython shell in which cells run as a person runs them."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")
# `jsonschema` would build grammars of addresses for two seconds when it is imported, in each process; no report has any.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write the blessed texts anew")
    parser.addoption("--short", action="store_true", help="of the case files only one guilty and one innocent program each, and the forms")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--short"):
        from tests.casefiles import chosen, read_cases

        ids = chosen(read_cases())
        left = [item for item in items if item.path.name == "test_cases.py" and (case := getattr(item, "callspec", None)) is not None and "case" in case.params and case.params["case"].id not in ids]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


# After how many tests what is left of them is set aside.
FROZEN = 25
_used = itertools.count()


@dataclass
class Notebook:
    """A shell with the extension loaded; `check` runs a cell under the magic and gives its report."""

    shell: Any

    def run(self, cell: str) -> Any:
        return self.shell.run_cell(cell, store_history=True)

    def check(self, cell: str, line: str = "") -> Any:
        import gradmagic

        before = gradmagic.last_report()
        self.result = self.run(f"%%gradcheck {line}\n{cell}")
        report = gradmagic.last_report()
        assert report is not None and report is not before, "the cell gave no report"
        return report


def fresh_notebook() -> Notebook:
    """The shell, without what ran in it before."""
    import keras
    from IPython.core.interactiveshell import InteractiveShell

    from gradmagic import state

    # What other tests have run is not to be compared with.
    state._earlier.clear()
    first = not InteractiveShell.initialized()
    shell = InteractiveShell.instance()
    # The reset of a shell and the end of Keras' session collect garbage twice; a short walk is enough most of the times.
    with mock.patch.object(gc, "collect"):
        shell.reset(new_session=False)
        keras.backend.clear_session()
    count = next(_used)
    gc.collect(2 if count % FROZEN == 0 else 1)
    shell.compile._filename_map.clear()
    if first:
        shell.run_cell("%load_ext gradmagic")
        # The pictures of tracebacks with their surroundings take a second each.
        shell.InteractiveTB.set_mode("Plain")
    keras.utils.set_random_seed(0)
    if count % FROZEN == 0:
        # What was imported, and what the tests before have left for good, need not be walked again.
        gc.freeze()
    return Notebook(shell)


@pytest.fixture
def notebook() -> Notebook:
    return fresh_notebook()
