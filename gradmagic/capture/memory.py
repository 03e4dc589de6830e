"""Where the values of variables lie in memory: by it a tensor that TensorFlow's C++ code read from a variable is known again."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
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


class Memory:
    """Which variables lie where. `forget` is called when something may have been written; until then every variable is read once only."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._tables: dict[Any, tuple[int, dict[int, list[int]], set[float]]] = {}

    def forget(self, key: int | None = None) -> None:
        """A variable may have been written to: the one with this handle, or where that is not known any."""
        self.session.changes.forget(key)
        if self._tables:
            self._tables.clear()

    def owners(self, array: Any, kind: Any, keys: list[int], known: dict[int, Known]) -> list[int]:
        """Those of the variables `keys`, all of one kind, whose value is this very array."""
        count, table, numbers = self._tables.get(kind, (-1, {}, set()))
        if count != len(keys):
            table, numbers = self._read(keys, known)
            self._tables[kind] = len(keys), table, numbers
        if array.ndim == 0 and array.dtype.kind == "f" and array == array and float(array) not in numbers:
            return []
        return [key for key in table.get(_address(array), ()) if known[key].ref() is not None]

    def _read(self, keys: list[int], known: dict[int, Known]) -> tuple[dict[int, list[int]], set[float]]:
        """The variables by the address of their values, and the values of those that are single numbers."""
        table: dict[int, list[int]] = {}
        numbers: set[float] = set()
        variables = {key: ref() for key in keys if (ref := known[key].ref) is not None}
        for key, tensor in self.session.changes.now(k for k, v in variables.items() if isinstance(v, resource_variable_ops.BaseResourceVariable)).items():
            value = memory_of(tensor)
            if value is not None:
                table.setdefault(_address(value), []).append(key)
                if value.ndim == 0 and value.dtype.kind == "f":
                    numbers.add(float(value))
        return table, numbers


def memory_of(tensor: Any) -> Any:
    """A NumPy view of the very memory of an eager tensor, for a single number as well; None where there is none."""
    try:
        return np.asarray(memoryview(tensor))
    except (TypeError, ValueError, BufferError, RuntimeError):
        array = array_of(tensor)
        return None if array is None else np.asarray(array)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
