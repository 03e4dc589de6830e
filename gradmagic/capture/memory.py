"""Where the values of variables lie in memory: by it a tensor that TensorFlow's C++ code read from a variable is known again."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from tensorflow.python.eager import context
from tensorflow.python.framework import op_def_registry
from tensorflow.python.ops import resource_variable_ops

from gradmagic.capture.numbers import array_of

if TYPE_CHECKING:
    from gradmagic.capture.names import Known
    from gradmagic.capture.session import Session

_READS = frozenset({"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp", "VarHandleOp"})


@functools.cache
def may_write(op_type: str) -> bool:
    """Whether an op could give a variable another value, and with it other memory: every op with a state that is no plain read, and every function."""
    if op_type in _READS:
        return False
    definition = op_def_registry.get(op_type)
    return definition is None or definition.is_stateful or any(a.type in ("func", "list(func)") for a in definition.attr)


class Table:
    """The variables of one kind by the address of their values, and the values of those that are single numbers."""

    __slots__ = ("addresses", "numbers", "owners", "read", "stale", "values")

    def __init__(self) -> None:
        # How many of the kind were read so far, and which of them may have been written to since.
        self.read = 0
        self.stale: set[int] = set()
        self.owners: dict[int, list[int]] = {}
        self.addresses: dict[int, int] = {}
        self.values: dict[int, float] = {}
        self.numbers: set[float] = set()

    def put(self, key: int, value: Any) -> None:
        """A variable holds this array now; None where it has no value."""
        before = self.addresses.pop(key, None)
        if before is not None:
            self.owners[before].remove(key)
        self.values.pop(key, None)
        if value is not None:
            address = self.addresses[key] = _address(value)
            self.owners.setdefault(address, []).append(key)
            if value.ndim == 0 and value.dtype.kind == "f":
                self.values[key] = float(value)


class Memory:
    """Which variables lie where. `forget` is called when something may have been written; until then every variable is read once only."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._tables: dict[Any, Table] = {}
        # Once an op has written into its memory, TensorFlow hands out copies of a variable: they lie elsewhere.
        self.in_place: set[int] = set()

    def forget(self, key: int | None = None) -> None:
        """A variable may have been written to: the one with this handle, or where that is not known any."""
        self.session.changes.forget(key)
        if self._tables:
            known = self.session.variables.known.get(key)  # type: ignore[arg-type]
            if known is None:
                self._tables.clear()
            elif key is not None and (table := self._tables.get((known.dtype, known.shape))) is not None:
                table.stale.add(key)

    def numbers(self, kind: Any, keys: list[int], known: dict[int, Known]) -> set[float]:
        """The values of those of the variables `keys`, all of one kind, that are single numbers."""
        return self._table(kind, keys, known).numbers

    def owners(self, array: Any, kind: Any, keys: list[int], known: dict[int, Known]) -> list[int]:
        """Those of the variables `keys`, all of one kind, whose value is this very array."""
        found = self._table(kind, keys, known).owners.get(_address(array), []) or self._copied(array, keys, known)
        return [key for key in (found if len(found) < 2 else keys) if key in found and known[key].ref() is not None]

    def _copied(self, array: Any, keys: list[int], known: dict[int, Known]) -> list[int]:
        """Those of the variables that are handed out as copies whose value is the same as this one, number by number."""
        refs = {key: ref() for key in keys if key in self.in_place and (ref := known[key].ref) is not None}
        # What is filled with one number, as a constant of zeros is, may be equal by chance.
        if not refs or array.size < 2 or (array == array.reshape(-1)[0]).all() or not context.executing_eagerly():
            return []
        values = self.session.changes.now(k for k, v in refs.items() if isinstance(v, resource_variable_ops.BaseResourceVariable))
        return [key for key, value in values.items() if (held := memory_of(value)) is not None and np.array_equal(held, array)]

    def _table(self, kind: Any, keys: list[int], known: dict[int, Known]) -> Table:
        table = self._tables.get(kind)
        if table is None or table.stale or table.read != len(keys):
            if not context.executing_eagerly():
                # Nothing can be read now, and all of it later.
                return Table()
            if table is None:
                table = self._tables[kind] = Table()
            due = [*table.stale, *keys[table.read :]]
            table.stale.clear()
            table.read = len(keys)
            variables = {key: ref() for key in due if (ref := known[key].ref) is not None}
            values = self.session.changes.now(k for k, v in variables.items() if isinstance(v, resource_variable_ops.BaseResourceVariable))
            for key in due:
                table.put(key, memory_of(values[key]) if key in values else None)
            table.numbers = set(table.values.values())
        return table


def memory_of(tensor: Any) -> Any:
    """A NumPy view of the very memory of an eager tensor, for a single number as well; None where there is none."""
    try:
        return np.asarray(memoryview(tensor))
    except (TypeError, ValueError, BufferError, RuntimeError):
        array = array_of(tensor)
        return None if array is None else np.asarray(array)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
