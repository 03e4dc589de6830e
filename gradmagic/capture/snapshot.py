"""The state that a cell can change, so that it can be put back: names, objects, arrays, variables, random numbers, iterators, lookup tables.

What cannot be put back (files, sockets, the screen, a generator's place, a queue) is not here: `gradmagic.trial` does not run cells that touch it.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import gc
import io
import math
import random
import types
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.data.ops import iterator_ops
from tensorflow.python.eager.polymorphic_function import polymorphic_function
from tensorflow.python.ops import data_flow_ops, lookup_ops, resource_variable_ops

from gradmagic.capture.putting_back import file_place, put_attributes_back, put_entries_back, put_items_back, put_members_back, put_queue_back, same_entries, table_content
from gradmagic.capture.random_state import random_state

MOST_OBJECTS = 50_000
MOST_BYTES = 512 << 20
LARGEST_ARRAY = 64 << 20
SKIP = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
# Libraries whose objects hold nothing of the user's model; TensorFlow's own are met through variables and Keras.
FOREIGN = frozenset({"builtins", "IPython", "ipykernel", "traitlets", "zmq", "threading", "logging", "matplotlib", "asyncio", "gradmagic", "types", "functools", "weakref", "numpy", "pathlib", "re"})
# What Keras makes once for every layer and never changes again.
SETTLED = {
    f"keras.src.{name}" for name in ("backend.common.keras_tensor.KerasTensor", "ops.node.KerasHistory", "ops.node.Node", "ops.symbolic_arguments.SymbolicArguments", "layers.input_spec.InputSpec")
} | {
    "keras.src.initializers.constant_initializers.Zeros",
    "keras.src.initializers.constant_initializers.Ones",
    "keras.src.saving.serialization_lib.SerializableDict",
    "inspect.Signature",
}
# Besides what they hold they know only whom they report to, which never changes.
REPORTING = frozenset(f"keras.src.utils.tracking.Tracked{kind}" for kind in ("List", "Dict", "Set"))
PLAIN = (type(None), str, bytes, int, float, complex, bool)
STATEFUL = (
    np.random.Generator,
    np.random.RandomState,
    random.Random,
    iterator_ops.OwnedIterator,
    io.IOBase,
    lookup_ops.LookupInterface,
    data_flow_ops.QueueBase,
    tf.summary.SummaryWriter,
    type,
)
Variable = resource_variable_ops.BaseResourceVariable


def _with_subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(_with_subclasses, kind.__subclasses__()))


class Snapshot:
    """The state as it is now. `restore` puts every object back in place, to the last bit; it may be called more than once.

    With `everything`, variables that no name of the notebook leads to and the places of dataset iterators are kept as well, which takes longer.
    `unrestorable` holds, by the name that leads to it, what nobody can put back: ``"a generator whose place"``.
    `values` is False where the variables were too large to be kept, or `most_bytes` is 0: then `restore` leaves their values alone.
    """

    def __init__(self, namespace: dict[str, Any], *, everything: bool = False, most_bytes: int = MOST_BYTES) -> None:
        self.namespace = namespace
        self._names = dict(namespace)
        # What to call, and with what: closures would be many more objects for the collector to go through.
        self._undo: list[tuple[Any, ...]] = []
        self._variables: dict[int, Any] = {}
        self._everything = everything
        self.unrestorable: dict[str, str] = {}
        self._seen: set[int] = {id(namespace)}
        self._walk((name, value) for name, value in list(namespace.items()) if not name.startswith("_") and name not in SKIP)
        if everything:
            # Of hundreds of thousands of objects, each would be asked what it is an instance of.
            kinds = _with_subclasses(Variable)
            self._variables.update((id(found), found) for found in gc.get_objects() if type(found) in kinds)
        self._undo.extend((undo,) for undo in random_state())
        # False where they are too large to be kept.
        self.values = True
        self._kept: list[tuple[Any, Any]] = []
        self._keep_values(most_bytes)
        self._seen.clear()

    def _keep_values(self, most_bytes: int) -> None:
        size = 0
        if not most_bytes:
            self._variables.clear()
        for variable in self._variables.values():
            dtype = getattr(variable, "dtype", None)
            if dtype in (tf.resource, tf.variant):
                continue
            # A variable that is written while its old value is held gets new memory: this costs nothing until then.
            with contextlib.suppress(Exception):
                value = resource_variable_ops.gen_resource_variable_ops.read_variable_op(variable.handle, dtype)
                self._kept.append((variable, value))
                size += _bytes_of(dtype) * math.prod(value._shape_tuple())
        self._variables.clear()
        if size > most_bytes:
            self.values = False
            self._kept.clear()

    def _walk(self, roots: Iterable[tuple[str, Any]]) -> None:
        way_of: Any = _way
        waiting = collections.deque((value, name, way_of(type(value))) for name, value in roots)
        seen, undo = self._seen, self._undo
        while waiting and len(seen) < MOST_OBJECTS:
            value, name, way = waiting.popleft()
            if way == "nothing" or id(value) in seen:
                continue
            seen.add(id(value))
            children: Any
            # Nearly all are one of these two.
            if type(value) is dict:
                children = value.copy()
                undo.append((put_entries_back, value, children))
                children = children.values()
            elif type(value) is list:
                children = value.copy()
                undo.append((put_items_back, value, children))
            else:
                children = self._note(value, name, way)
            for child in children:
                way = way_of(type(child))
                if way != "nothing":
                    waiting.append((child, name, way))

    def _note(self, value: Any, name: str, way: str) -> Iterable[Any]:
        """Remember one object; what it holds."""
        if way == "attributes":
            return self._attributes(value)
        if way == "container":
            return self._container(value)
        if way == "extended container":
            return (*self._container(value), *self._attributes(value))
        if way == "items":
            return value  # type: ignore[no-any-return]
        if way == "function":
            return self._cells(value)
        if way == "variable":
            self._variables[id(value)] = value
            return ()
        if way == "array":
            self._array(value)
            return list(value.flat) if value.dtype == object and value.size < 1000 else ()
        return self._object(value, name)

    def _container(self, value: Any) -> Iterable[Any]:
        """A list, dict, set or deque, or one that reports its changes (as Keras's and TensorFlow's do): put back without a report."""
        if isinstance(value, dict):
            entries = dict.copy(value)
            self._undo.append((put_entries_back, value, entries))
            return entries.values()
        if isinstance(value, set):
            members = set(set.__iter__(value))
            self._undo.append((put_members_back, value, members))
            return members
        if isinstance(value, list):
            items = list.copy(value)
            self._undo.append((put_items_back, value, items))
            return items
        queue = list(value)
        self._undo.append((put_queue_back, value, queue))
        return queue

    def _object(self, value: Any, name: str) -> Iterable[Any]:
        if isinstance(value, (np.random.Generator, np.random.RandomState)):
            state: Any = value.bit_generator.state if isinstance(value, np.random.Generator) else value.get_state()
            self._undo.append((setattr, value.bit_generator, "state", state) if isinstance(value, np.random.Generator) else (value.set_state, state))
            return ()
        if isinstance(value, random.Random):
            python = value.getstate()
            self._undo.append((value.setstate, python))
            return ()
        if isinstance(value, iterator_ops.OwnedIterator):
            self._iterator(value, name)
            return ()
        if _is_generator(type(value)):
            self.unrestorable[name] = "a generator whose place"
            return ()
        if isinstance(value, (io.IOBase, lookup_ops.LookupInterface)):
            undo = file_place(value) if isinstance(value, io.IOBase) else table_content(value)
            if isinstance(undo, str):
                self.unrestorable[name] = undo
            elif undo is not None:
                self._undo.append((undo,))
            return ()
        if isinstance(value, data_flow_ops.QueueBase):
            self.unrestorable[name] = "a queue whose content"
            return ()
        if isinstance(value, tf.summary.SummaryWriter):
            self.unrestorable[name] = "a summary writer whose file"
            return ()
        if isinstance(value, type):
            return self._class(value)
        return (value.__wrapped__,)

    def _attributes(self, value: Any) -> Iterable[Any]:
        attributes = getattr(value, "__dict__", None)
        if not isinstance(attributes, dict):
            inner = getattr(value, "_value", None)
            if isinstance(inner, Variable):
                self._variables[id(inner)] = inner
            return ()
        kept = dict(attributes)
        self._undo.append((put_attributes_back, value, type(value), attributes, kept))
        return kept.values()

    def _cells(self, value: Any) -> Iterable[Any]:
        """What a function keeps of the function around it, and may assign."""
        plain = getattr(value, "_python_function", value)
        found = []
        for cell in getattr(plain, "__closure__", None) or ():
            with contextlib.suppress(ValueError):
                found.append(cell.cell_contents)
                self._undo.append((setattr, cell, "cell_contents", found[-1]))
        return found

    def _class(self, value: type) -> Iterable[Any]:
        if value.__module__ != "__main__":
            return ()
        kept = {k: v for k, v in vars(value).items() if not k.startswith("__")}

        def undo() -> None:
            for key in [k for k in vars(value) if not k.startswith("__") and k not in kept]:
                with contextlib.suppress(AttributeError, TypeError):
                    delattr(value, key)
            for key, old in kept.items():
                if vars(value).get(key) is not old:
                    setattr(value, key, old)

        self._undo.append((undo,))
        return tuple(kept.values())

    def _array(self, value: Any) -> None:
        if not value.flags.writeable or value.nbytes > LARGEST_ARRAY or value.dtype == object:
            return
        self._undo.append((np.copyto, value, value.copy()))

    def _iterator(self, value: Any, name: str) -> None:
        if not self._everything:
            return
        try:
            saved = value._serialize_to_tensors()
        except Exception:
            self.unrestorable[name] = "an iterator whose place"
            return
        self._undo.append((value._restore_from_tensors, saved))

    def restore(self) -> None:
        """Put everything back."""
        if not same_entries(self.namespace, self._names):
            self.namespace.clear()
            self.namespace.update(self._names)
        for undo, *given in self._undo:
            with contextlib.suppress(ReferenceError):
                undo(*given)
        with tf.init_scope():
            for variable, value in self._kept:
                # Not `assign`: whatever hooks or constraints stand around it, the old bits come back.
                resource_variable_ops.gen_resource_variable_ops.assign_variable_op(variable.handle, value)


def _is_generator(kind: type) -> bool:
    return issubclass(kind, (types.GeneratorType, types.AsyncGeneratorType)) or (kind.__module__ in ("builtins", "itertools") and hasattr(kind, "__next__"))


@functools.cache
def _bytes_of(dtype: Any) -> int:
    return int(dtype.size)


@functools.cache
def _way(kind: type) -> str:
    """How objects of a type are remembered; ``"nothing"`` for those that never change, or that hold nothing of the user's."""
    if issubclass(kind, (*PLAIN, types.ModuleType, tf.Tensor)) or f"{kind.__module__}.{kind.__name__}" in SETTLED:
        return "nothing"
    if issubclass(kind, Variable):
        return "variable"
    if issubclass(kind, np.ndarray):
        return "array"
    if issubclass(kind, (list, dict, set, collections.deque)):
        return "container" if kind in (list, dict, set, collections.deque) or f"{kind.__module__}.{kind.__name__}" in REPORTING else "extended container"
    if issubclass(kind, (tuple, frozenset)):
        return "items"
    if issubclass(kind, (types.FunctionType, polymorphic_function.Function)):
        return "function"
    if issubclass(kind, STATEFUL) or _is_generator(kind) or kind.__name__ in ("_DictWrapper", "_TupleWrapper"):
        return "object"
    module = kind.__module__.partition(".")[0]
    return "nothing" if module in FOREIGN or (module == "tensorflow" and not issubclass(kind, tf.Module)) else "attributes"
