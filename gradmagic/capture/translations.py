"""What AutoGraph makes of the user's functions, and which lines of theirs it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tensorflow.python.autograph.impl import api
from tensorflow.python.autograph.pyct import cache

if TYPE_CHECKING:
    from gradmagic.capture.session import Session


def made_so_far() -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """The files that AutoGraph has written so far, each with what its lines stand for."""
    for made in list(getattr(getattr(getattr(api, "_TRANSPILER", None), "_cache", None), "_cache", {}).values()):
        for factory in list(made.values()):
            module, source_map = getattr(factory, "module", None), getattr(factory, "source_map", None)
            if module is not None and source_map:
                yield module.__file__, source_map


def install(session: Session) -> None:
    """Have functions of cells translated from the cell that they stand in.

    AutoGraph keeps its translations by the code of a function, whatever its file: after a cell has changed below a function and runs again, the function is
    still translated from the cell as it was, and its ops would be told there.
    """
    original = cache.CodeObjectCache.has
    renewed: set[tuple[str, Any]] = set()

    def has(self: Any, entity: Any, subkey: Any) -> bool:
        if not original(self, entity, subkey):
            return False
        code = getattr(entity, "__code__", None)
        if code is None or code.co_filename not in session.spans.cells or (code.co_filename, code) in renewed:
            return True
        if all(origin.loc.filename == code.co_filename for origin in self[entity][subkey].source_map.values()):
            return True
        renewed.add((code.co_filename, code))
        del self[entity][subkey]
        return False

    session.patches.set(cache.CodeObjectCache, "has", has)
