"""Keeps gradmagic's own lines out of what TensorFlow says about where an op of a graph was made."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Any

from tensorflow.python.util import tf_stack

import gradmagic
from gradmagic.capture.session import Session


@functools.cache
def own_files() -> frozenset[str]:
    """The files of this package whose functions the user's code runs under."""
    package = Path(gradmagic.__file__).parent
    return frozenset(str(path) for path in (*package.glob("*.py"), *(package / "capture").glob("*.py")))


class _Without(tf_stack.StackTraceFilter):  # type: ignore[misc]
    def get_filtered_filenames(self) -> Any:
        return self.parent.get_filtered_filenames() | own_files()


def install(session: Session) -> None:
    """Filter the stacks that are kept with ops, in this thread, until the check ends."""
    kept = _Without()
    kept.__enter__()
    stack = kept._stack_dict[kept._thread_key]

    def undo() -> None:
        # What the cell left on top of it (an interrupted trace) stays.
        with contextlib.suppress(ValueError):
            stack.remove(kept)

    session.patches.on_undo(undo)
