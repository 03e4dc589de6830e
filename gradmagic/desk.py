"""The kernel's end of *Try it* in JupyterLab's extension: a comm that takes two numbers and says which report they are about. The other end is labextension/src/asking.ts.

The extension opens a comm of the target `TARGET` for each trial, with ``{"type": "try", "finding": int, "fix": int, "cell": {"id", "execution_count", "source"}}`` as its data, where `cell`
is that of the report on screen. One message answers it, as `gradmagic.widget.trials` describes, and the comm is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TARGET = "gradmagic.try"
GONE = "the state before this cell is gone: run the cell again to try its fixes"


def open_desk(shell: Any) -> None:
    """From now on the shell's kernel answers. Without a kernel, as in a terminal, nothing happens."""
    manager = _manager(shell)
    if manager is not None:
        manager.register_target(TARGET, serve)


def close_desk(shell: Any) -> None:
    """The kernel answers no more."""
    manager = _manager(shell)
    if manager is not None and TARGET in getattr(manager, "targets", {}):
        manager.unregister_target(TARGET, serve)


def serve(comm: Any, message: Any) -> None:
    """Answer the question that a comm was opened with."""
    try:
        comm.send(reply(message["content"]["data"]))
    finally:
        comm.close()


def reply(asked: Any) -> dict[str, Any] | None:
    """What came of the trial that was asked for; None for a message that asks for none."""
    from gradmagic.state import last_report
    from gradmagic.tried import try_fix
    from gradmagic.widget.trials import answer, refusal

    report = last_report()
    cell = asked.get("cell") if isinstance(asked, Mapping) else None
    if report is not None and isinstance(cell, Mapping) and all(cell.get(name) == getattr(report.cell, name) for name in ("id", "execution_count", "source")):
        return answer(asked, report, try_fix)
    return refusal(asked, GONE)


def _manager(shell: Any) -> Any:
    return getattr(getattr(shell, "kernel", None), "comm_manager", None)
