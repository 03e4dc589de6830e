"""Attributes replaced for a while and put back exactly, whatever happens in between."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

from tensorflow.python.autograph.impl.api import autograph_artifact

_ABSENT = object()


class Patches:
    """A stack of replaced attributes. `undo` puts all of them back in reverse order; it can be called twice."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Replace ``owner.name``. An attribute that was inherited is inherited again afterwards."""
        function = getattr(value, "__func__", value)
        if isinstance(function, FunctionType) and function.__module__.startswith("gradmagic."):
            # AutoGraph would translate it, and all that it calls, wherever a `tf.function` calls what it stands for.
            autograph_artifact(function)
            replaced = getattr(owner, name, None)
            if callable(replaced) and not hasattr(function, "__wrapped__"):
                # `inspect` and a notebook's own help show what it stands for.
                functools.update_wrapper(function, replaced, updated=())
        before = vars(owner).get(name, _ABSENT)
        setattr(owner, name, value)

        def back() -> None:
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

        self._undo.append(back)

    def on_undo(self, action: Callable[[], None]) -> None:
        """Have `action` called when everything is put back."""
        self._undo.append(action)

    def undo(self) -> None:
        failure: BaseException | None = None
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:
                failure = error
        if failure is not None:
            raise failure
