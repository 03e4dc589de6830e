"""Keeps gradmagic's own lines out of what TensorFlow says about where an op of a graph was made."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path
from typing import Any

from tensorflow.python.autograph.pyct import error_utils
from tensorflow.python.util import tf_stack

import gradmagic
from gradmagic.capture.session import Session
from gradmagic.capture.spans import PACKAGE


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
    _unseen_in_messages(session)


def _unseen_in_messages(session: Session) -> None:
    """AutoGraph writes the frames between an error and the user's code into its message: none of them is to be ours."""
    original = error_utils._stack_trace_inside_mapped_code

    def without_ours(frames: Any, *args: Any) -> Any:
        return original([frame for frame in frames if not frame[0].startswith(PACKAGE)], *args)

    session.patches.set(error_utils, "_stack_trace_inside_mapped_code", without_ours)
