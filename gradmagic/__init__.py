"""Why is this gradient None (or zero, NaN, wrong), which line did it, and what do I change?"""

from __future__ import annotations

from typing import Any

from gradmagic.errors import GradientProblem
from gradmagic.report import Report
from gradmagic.state import last_report
from gradmagic.strict_json import ReportFormatError

__version__ = "0.1.0"
__all__ = ["GradientProblem", "Report", "ReportFormatError", "last_report"]


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext gradmagic`."""
    from gradmagic.magic import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext gradmagic`."""
    from gradmagic.magic import unload_ipython_extension as unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "@gradmagic/labextension"}]
