"""The state that a cell can change, so that it can be put back: names, objects, arrays, variables, random numbers, iterators, lookup tables.

What cannot be put back (files, sockets, the screen, a generator's place, a queue) is not here: `gradmagic.trial` does not run cells that touch it.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import io
import random
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.data.ops import iterator_ops
from tensorflow.python.eager import context
from tensorflow.python.ops import data_flow_ops, gen_lookup_ops, lookup_ops, resource_variable_ops

MOST_OBJECTS = 50_000
MOST_BYTES = 512 << 20
LARGEST_ARRAY = 64 << 20
LARGEST_TABLE = 1_000_000
SKIP = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
# Libraries whose objects hold nothing of the user's model; TensorFlow's own are met through variables and Keras.
FOREIGN = frozenset({"builtins", "IPython", "ipykernel", "traitlets", "zmq", "threading", "logging", "matplotlib", "asyncio", "gradmagic", "types", "functools", "weakref", "numpy", "pathlib", "re"})
Variable = resource_variable_ops.BaseResourceVariable


class Snapshot:
    """The state as it is now. `restore` puts every object back in place, to the last bit; it may be called more than once.

    With `everything`, variables that no name of the notebook leads to and the places of dataset iterators are kept as well, which takes longer.
    `unrestorable` holds, by the name that leads to it, what nobody can put back: ``"a generator whose place"``.
    `values` is False where the variables were too large to be kept: then `restore` leaves their values alone.
    """

    def __init__(self, namespace: dict[str, Any], *, everything: bool = False, most_bytes: int = MOST_BYTES) -> None:
        self.namespace = namespace
        self._names = dict(namespace)
        self._undo: list[Callable[[], object]] = []
        self._variables: dict[int, Any] = {}
        self._everything = everything
        self.unrestorable: dict[str, str] = {}
        self._seen: set[int] = {id(namespace)}
        self._walk((name, value) for name, value in list(namespace.items()) if not name.startswith("_") and name not in SKIP)
        if everything:
            for found in gc.get_objects():
                if isinstance(found, Variable):
                    self._variables.setdefault(id(found), found)
        self._undo.extend(_random_state())
        self.values = True
        self._kept: list[tuple[Any, Any]] = []
        self._keep_values(most_bytes)
        self._seen.clear()

    def _keep_values(self, most_bytes: int) -> None:
        variables = [v for v in self._variables.values() if getattr(v, "dtype", None) not in (tf.resource, tf.variant)]
        size = sum(v.dtype.size * (v.shape.num_elements() or 0) for v in variables if v.shape.rank is not None)
        if size > most_bytes:
            self.values = False
            self._variables.clear()
            return
        for variable in variables:
            # A variable that is written while its old value is held gets new memory: this costs nothing until then.
            with contextlib.suppress(Exception):
                self._kept.append((variable, resource_variable_ops.gen_resource_variable_ops.read_variable_op(variable.handle, variable.dtype)))
        self._variables.clear()

    def _walk(self, roots: Iterable[tuple[str, Any]]) -> None:
        waiting = collections.deque((value, name) for name, value in roots)
        while waiting and len(self._seen) < MOST_OBJECTS:
            value, name = waiting.popleft()
            if value is None or isinstance(value, (str, bytes, int, float, complex, types.ModuleType, tf.Tensor)) or id(value) in self._seen:
                continue
            self._seen.add(id(value))
            waiting.extend((child, name) for child in self._note(value, name))

    def _note(self, value: Any, name: str) -> Iterable[Any]:
        """Remember one object; what it holds."""
        kind = type(value)
        inner = getattr(value, "_value", None) if hasattr(value, "_value") and kind.__module__.startswith("keras") else None
        if isinstance(value, Variable) or isinstance(inner, Variable):
            found = value if isinstance(value, Variable) else inner
            self._variables[id(found)] = found
            return self._attributes(value) if found is not value else ()
        if isinstance(value, np.ndarray):
            self._array(value)
            return list(value.flat) if value.dtype == object and value.size < 1000 else ()
        if issubclass(kind, (list, dict, set, collections.deque)):
            return (*self._container(value, kind), *(self._attributes(value) if kind not in (list, dict, set, collections.deque) else ()))
        if issubclass(kind, (tuple, frozenset)):
            return tuple(value)
        return self._object(value, name, kind)

    def _container(self, value: Any, kind: type) -> Iterable[Any]:
        """A list, dict, set or deque, or one that reports its changes (as Keras's and TensorFlow's do): put back without a report."""
        if issubclass(kind, dict):
            entries = dict(dict.items(value))
            self._undo.append(lambda: _same_entries(value, entries) or (dict.clear(value), dict.update(value, entries)))
            return tuple(entries.values())
        if issubclass(kind, set):
            members = set(set.__iter__(value))
            self._undo.append(lambda: (set.clear(value), set.update(value, members)))
            return tuple(members)
        if issubclass(kind, list):
            items = list.__getitem__(value, slice(None))
            self._undo.append(lambda: _same_items(list.__getitem__(value, slice(None)), items) or list.__setitem__(value, slice(None), items))
            return items
        queue = list(value)
        self._undo.append(lambda: (value.clear(), value.extend(queue)))
        return queue

    def _object(self, value: Any, name: str, kind: type) -> Iterable[Any]:
        if isinstance(value, (np.random.Generator, np.random.RandomState)):
            state: Any = value.bit_generator.state if isinstance(value, np.random.Generator) else value.get_state()
            self._undo.append(lambda: setattr(value.bit_generator, "state", state) if isinstance(value, np.random.Generator) else value.set_state(state))
            return ()
        if isinstance(value, random.Random):
            python = value.getstate()
            self._undo.append(lambda: value.setstate(python))
            return ()
        if isinstance(value, iterator_ops.OwnedIterator):
            self._iterator(value, name)
            return ()
        if isinstance(value, (types.GeneratorType, types.AsyncGeneratorType)) or (kind.__module__ in ("builtins", "itertools") and hasattr(value, "__next__")):
            self.unrestorable[name] = "a generator whose place"
            return ()
        if isinstance(value, io.IOBase):
            self._file(value, name)
            return ()
        if isinstance(value, lookup_ops.LookupInterface):
            self._table(value, name)
            return ()
        if isinstance(value, data_flow_ops.QueueBase):
            self.unrestorable[name] = "a queue whose content"
            return ()
        if isinstance(value, tf.summary.SummaryWriter):
            self.unrestorable[name] = "a summary writer whose file"
            return ()
        if isinstance(value, type):
            return self._class(value)
        if kind.__name__ in ("_DictWrapper", "_TupleWrapper"):
            return (value.__wrapped__,)
        module = kind.__module__.partition(".")[0]
        if module in FOREIGN or (module == "tensorflow" and not isinstance(value, tf.Module)):
            return ()
        return self._attributes(value)

    def _attributes(self, value: Any) -> Iterable[Any]:
        attributes = getattr(value, "__dict__", None)
        if not isinstance(attributes, dict):
            return ()
        kept, kind = dict(attributes), type(value)

        def undo() -> None:
            if type(value) is not kind:
                object.__setattr__(value, "__class__", kind)
            if not _same_entries(attributes, kept):
                attributes.clear()
                attributes.update(kept)

        self._undo.append(undo)
        return tuple(kept.values())

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

        self._undo.append(undo)
        return tuple(kept.values())

    def _array(self, value: Any) -> None:
        if not value.flags.writeable or value.nbytes > LARGEST_ARRAY or value.dtype == object:
            return
        copy = value.copy()

        def undo() -> None:
            np.copyto(value, copy)

        self._undo.append(undo)

    def _iterator(self, value: Any, name: str) -> None:
        if not self._everything:
            return
        try:
            saved = value._serialize_to_tensors()
        except Exception:
            self.unrestorable[name] = "an iterator whose place"
            return
        self._undo.append(lambda: value._restore_from_tensors(saved))

    def _table(self, value: Any, name: str) -> None:
        """A lookup table: a mutable one gets its content back, the others never change."""
        if not hasattr(value, "export"):
            return
        try:
            kept = [t.numpy() for t in value.export()] if int(value.size()) <= LARGEST_TABLE else None
        except Exception:
            kept = None
        if kept is None:
            self.unrestorable[name] = "a lookup table whose content"
            return
        tensors = [tf.constant(k) for k in kept]

        def undo() -> None:
            if not all(np.array_equal(now.numpy(), then) for now, then in zip(value.export(), kept, strict=True)):
                gen_lookup_ops.lookup_table_import_v2(value.resource_handle, *tensors)

        self._undo.append(undo)

    def _file(self, value: Any, name: str) -> None:
        try:
            place = value.tell() if value.readable() and value.seekable() and not value.writable() else None
        except (OSError, ValueError):
            # A closed file has no place.
            return
        if place is None:
            self.unrestorable[name] = "a file whose content"
        else:
            self._undo.append(lambda: None if value.closed else value.seek(place))

    def restore(self) -> None:
        """Put everything back."""
        if not _same_entries(self.namespace, self._names):
            self.namespace.clear()
            self.namespace.update(self._names)
        for undo in self._undo:
            with contextlib.suppress(ReferenceError):
                undo()
        with tf.init_scope():
            for variable, value in self._kept:
                # Not `assign`: whatever hooks or constraints stand around it, the old bits come back.
                resource_variable_ops.gen_resource_variable_ops.assign_variable_op(variable.handle, value)


def _same_items(now: Any, before: list[Any]) -> bool:
    return len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))


def _same_entries(now: dict[Any, Any], before: dict[Any, Any]) -> bool:
    return len(now) == len(before) and all(k in now and now[k] is v for k, v in before.items()) and list(now) == list(before)


def _random_state() -> list[Callable[[], object]]:
    """How to put back Python's, NumPy's, TensorFlow's and Keras's random state, and Keras's counters for names."""
    python, legacy, ctx = random.getstate(), np.random.get_state(), context.context()
    ctx.ensure_initialized()
    generator = getattr(ctx, "_rng", None)
    seed, state = ctx._seed, generator.getstate() if generator is not None else None

    def tensorflow() -> None:
        ctx._seed = seed
        if generator is None:
            ctx._rng = None
        else:
            ctx._rng = generator
            generator.setstate(state)

    found: list[Callable[[], object]] = [lambda: random.setstate(python), lambda: np.random.set_state(legacy), tensorflow]
    with contextlib.suppress(ImportError, AttributeError):
        from keras.src.backend.common.global_state import GLOBAL_STATE_TRACKER as tracker

        kept = dict(vars(tracker))
        inner = [(v, dict(v) if isinstance(v, dict) else list(v)) for v in kept.values() if isinstance(v, (dict, list))]

        def keras() -> None:
            vars(tracker).clear()
            vars(tracker).update(kept)
            for value, content in inner:
                if isinstance(value, dict):
                    value.clear()
                    value.update(content)
                else:
                    value[:] = content

        found.append(keras)
    return found
