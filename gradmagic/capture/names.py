"""Variables and tensors -> what the user calls them."""

from __future__ import annotations

import math
import re
import sys
import weakref
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops as framework_ops
from tensorflow.python.ops.resource_variable_ops import ResourceVariable

from gradmagic.capture.events import RawTensor
from gradmagic.capture.memory import Memory, memory_of
from gradmagic.capture.numbers import array_of, dtype_name, kind_of, number_of, quick, shape_of
from gradmagic.capture.replicas import copies_of, is_alone, whole_of
from gradmagic.capture.spans import Place

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

LIMIT = 5_000
SKIP = frozenset({"In", "Out", "get_ipython", "exit", "quit", "_oh", "_dh", "_ih"})


class Known:
    """A variable that was met: its handle's id, a weak reference, and the names found for it."""

    __slots__ = ("calls", "created", "dtype", "holders", "made_by", "names", "owner", "path", "place", "ref", "shape", "trainable", "written")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.path, self.dtype = "", "unknown"
        self.owner: str | None = None
        self.shape: tuple[int | None, ...] | None = None
        self.trainable = True
        self.ref: Any = None
        self.created: int | None = None
        self.place: Place | None = None
        self.made_by: tuple[Place, ...] = ()
        self.holders: set[str] = set()
        self.calls: set[tuple[tuple[int, ...], Place, str]] = set()
        self.written = 0


class Variables:
    """Every variable met so far, by the id of its handle, and the names of tensors."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.known: dict[int, Known] = {}
        self.tensor_names: dict[int, str] = {}
        self._by_kind: dict[tuple[str, Any], list[int]] = {}
        self._seen: set[int] = set()
        self.memory = Memory(session)
        self.doubtful: dict[int, tuple[list[int], float | None]] = {}

    @staticmethod
    def unwrap(value: Any) -> Any:
        """The TensorFlow variable inside a Keras variable; of one that a strategy keeps several copies of, the first copy."""
        inner = getattr(value, "_value", None)
        if isinstance(inner, tf.Variable):
            value = inner
        if is_alone(value):
            return value
        copies = copies_of(value)
        return copies[0] if copies else value

    def is_variable(self, value: Any) -> bool:
        # A tensor answers in Python for what it does not have, which takes long.
        if type(value) is framework_ops.EagerTensor:
            return False
        if type(getattr(value, "_value", value)) is ResourceVariable:
            return True
        # AutoGraph's stand-in for a name without a value answers to every attribute.
        return not type(value).__module__.startswith("tensorflow.python.autograph") and hasattr(self.unwrap(value), "handle") and hasattr(value, "dtype") and hasattr(value, "assign")

    def key(self, value: Any) -> int | None:
        """The id that the recording knows a tensor or variable by; None for anything else."""
        if type(value) is framework_ops.EagerTensor:
            return value._id  # type: ignore[no-any-return]
        inner = getattr(value, "_value", value)
        if is_alone(inner):
            return inner._handle._id  # type: ignore[no-any-return]
        if type(value).__module__.startswith("tensorflow.python.autograph"):
            return None
        value = self.unwrap(whole_of(self.unwrap(value)))
        if hasattr(value, "handle") and hasattr(value, "assign"):
            return getattr(value.handle, "_id", None)
        if isinstance(value, tf.IndexedSlices):
            value = value.values
        return getattr(value, "_id", None) if isinstance(value, tf.Tensor) else None

    def add(self, variable: Any, name: str | None = None, owner: str | None = None) -> int | None:
        """Make a variable known, under the user's name for it if there is one."""
        inner = getattr(variable, "_value", variable)
        if is_alone(inner):
            key = inner._handle._id
        else:
            key, inner = self.key(variable), self.unwrap(variable)
        if key is None:
            return None
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = Known()
        if known.ref is None:
            known.dtype, known.shape = dtype_name(inner), shape_of(inner)
            known.path = str(getattr(variable, "path", "") or getattr(inner, "name", "")).removesuffix(":0")
            known.ref = weakref.ref(inner)
            self._by_kind.setdefault((known.dtype, known.shape), []).append(key)
        known.trainable = bool(getattr(inner, "trainable", True))
        if variable is not inner and (path := getattr(variable, "path", None)):
            known.path = path
        if name and name not in known.names:
            known.names.append(name)
        if owner and not known.owner:
            known.owner = owner
        return key

    def copies(self) -> dict[int, int]:
        """Of every copy that a strategy keeps of a variable besides the first one: its id and that of the first."""
        found: dict[int, int] = {}
        for known in list(self.known.values()):
            variable = known.ref() if known.ref is not None else None
            if variable is None or is_alone(variable):
                continue
            first, *others = [c.handle._id for c in copies_of(whole_of(variable))] or [0]
            found.update(dict.fromkeys(others, first))
        return found

    def created(self, key: int, seq: int, place: Place | None) -> None:
        """A handle was made: the variable itself is met when it is first read or named."""
        known = self.known[key] = self.known.get(key) or Known()
        known.created, known.place = seq, place
        known.made_by = self.session.spans.places(sys._getframe(2))

    def written(self, key: int) -> None:
        """A variable was given a value, its first one or another."""
        known = self.known.get(key)
        if known is not None:
            known.written += 1

    def name(self, key: int) -> str:
        """What the user would call a variable: their own name for it, or the Keras path."""
        known = self.known.get(key)
        if known is None:
            return f"variable {key}"
        plain = [n for n in known.names if n.isidentifier()]
        keras = "/" in known.path
        if not plain and not keras and known.ref is not None:
            # Known by a list of a function's so far, it may have a name of its own in the notebook.
            variable = known.ref()
            plain = [n for n, v in list(self.session.namespace.items()) if variable is not None and not n.startswith("_") and (v is variable or getattr(v, "_value", None) is variable)][:1]
            known.names[:0] = plain
        if plain and not keras:
            return plain[0]
        if keras:
            return known.path
        return known.names[0] if known.names else known.path or f"variable {key}"

    def scan_namespace(self) -> None:
        """Meet the variables of the notebook's namespace, and those inside its lists, dicts, layers, modules and objects."""
        for name, value in list(self.session.namespace.items()):
            if not name.startswith("_") and name not in SKIP:
                self.look_at(name, value)

    def look_around(self, frame: FrameType | None) -> None:
        """Meet the variables in the locals of the user's frame and, for a method, of its object."""
        if frame is None:
            return
        values = frame.f_locals if frame.f_code.co_name != "<module>" else {}
        for name, value in list(values.items()):
            self.look_at(name, value)
        if frame.f_globals is not self.session.namespace or frame.f_code.co_name.startswith("<"):
            for name, value in list(frame.f_globals.items()):
                if not name.startswith("_") and name not in SKIP:
                    self.look_at(name, value)

    def look_at(self, name: str, value: Any, depth: int = 0) -> None:
        """Meet `value` if it is a variable, and what it holds if it is a container or an object of the user's."""
        if type(value) is framework_ops.EagerTensor or isinstance(value, (str, bytes, int, float, np.ndarray, type)) or value is None:
            return
        if self.is_variable(value):
            self.add(value, name)
            return
        if id(value) in self._seen or depth > 3 or len(self._seen) > LIMIT:
            return
        if isinstance(value, (list, tuple)):
            if len(value) <= 1000:
                for index, item in enumerate(value):
                    self.look_at(f"{name}[{index}]", item, depth + 1)
            return
        if isinstance(value, dict):
            if len(value) <= 1000:
                for key, item in list(value.items()):
                    self.look_at(f"{name}[{key!r}]", item, depth + 1)
            return
        self._look_inside(name, value, depth)

    def _look_inside(self, name: str, value: Any, depth: int) -> None:
        kind = type(value)
        if kind.__module__.partition(".")[0] in ("builtins", "numpy", "types", "functools", "tensorflow", "IPython") and not isinstance(value, tf.Module):
            return
        self._seen.add(id(value))
        if hasattr(value, "trainable_variables") and hasattr(value, "non_trainable_variables") and hasattr(value, "layers"):
            for variable in list(value.trainable_variables) + list(value.non_trainable_variables):
                self.add(variable, owner=name)
        if hasattr(value, "trainable_variables") and hasattr(value, "add_weight") and not getattr(value, "layers", None):
            for variable in list(value.variables):
                key = self.add(variable)
                if key is not None:
                    self.known[key].holders.add(name.rpartition(".")[2].partition("[")[0])
        attributes = getattr(value, "__dict__", None)
        if isinstance(attributes, dict) and len(attributes) <= 500:
            for attribute, item in list(attributes.items()):
                if not attribute.startswith("_"):
                    self.look_at(f"{name}.{attribute}", item, depth + 1)

    def identify(self, tensor: Any) -> RawTensor:
        """What a value without an op behind it is: a variable that TensorFlow's C++ code read by itself, a constant, or a value from before."""
        dtype, shape = kind_of(tensor)
        if dtype in ("resource", "variant", "string"):
            return RawTensor(dtype, shape, origin="unknown")
        kind = dtype, shape
        alike = self._by_kind.get(kind)
        if shape == () and (number := number_of(tensor)) is not None and (not alike or (number == number and number not in self.memory.numbers(kind, alike, self.known))):
            norm = abs(number)
            return RawTensor(dtype, shape, norm < math.inf, norm == 0.0, norm, "unknown")
        raw = RawTensor(dtype, shape, origin="unknown")
        # Only what could be a variable's value has to be found in memory, which takes longer than to look at it.
        array = memory_of(tensor) if alike else array_of(tensor)
        if array is None:
            return raw
        if array.dtype.kind in "fc" or dtype == "bfloat16":
            raw.norm, raw.finite, raw.zero = quick(array)
        elif array.size == 1 and array.dtype.kind in "biu":
            raw.norm, raw.finite, raw.zero = float(array.reshape(-1)[0]), True, not array.reshape(-1)[0]
        matches = self.memory.owners(array, kind, alike, self.known) if alike else []
        if matches:
            matches = list(dict.fromkeys(self.key(self.known[m].ref()) or m for m in matches))
            raw.origin, raw.variable = "variable", matches[0]
            if len(matches) > 1 or array.size == 1:
                # TensorFlow keeps one copy of a small constant: variables that begin with the same number, and the number itself, share it.
                self.doubtful[tensor._id] = (matches, float(array.real.reshape(-1)[0]) if array.size == 1 else None)
        return raw

    def settle(self, key: int, code: str) -> int | None:
        """Which variable a doubtful value is, by the code that uses it; None where it is the number itself."""
        matches, number = self.doubtful[key]
        words = set(re.findall(r"[A-Za-z_]\w*", code))
        if any(getattr(self.session.namespace.get(word), "_id", None) == key for word in words):
            return None
        called = []
        for match in matches:
            known = self.known[match]
            names = known.names or [known.path.rpartition("/")[2]]
            if any(_is_called(name, code, words) for name in names):
                called.append(match)
        if called:
            # Of several variables that one name stood for, the one that was made last.
            return max(called, key=lambda key: self.known[key].created or 0)
        if number is not None and any(float(n) == number for n in re.findall(r"(?<![\w.])\d+\.?\d*(?:e-?\d+)?", code)):
            return None
        return matches[0] if len(matches) == 1 else None

    def name_tensors(self, frame: FrameType | None, wanted: dict[int, Any]) -> None:
        """Find the user's names for tensors among the names that their frame sees."""
        for key, value in wanted.items():
            if key not in self.tensor_names:
                name = self.local_name(frame, value)
                if name:
                    self.tensor_names[key] = name

    def local_name(self, frame: FrameType | None, value: Any) -> str | None:
        """The name under which a frame of the user's (or the notebook) knows a value."""
        spaces = [] if frame is None else [frame.f_locals, frame.f_globals]
        for space in [*spaces, self.session.namespace]:
            for name, item in list(space.items()):
                if item is value and not name.startswith("_"):
                    return name
        for space in spaces[:1] or [self.session.namespace]:
            for name, item in list(space.items()):
                if isinstance(item, (list, tuple)) and len(item) <= 1000 and not name.startswith("_"):
                    index = next((i for i, inner in enumerate(item) if inner is value), None)
                    if index is not None:
                        return f"{name}[{index}]"
                elif isinstance(item, dict) and len(item) <= 1000 and not name.startswith("_"):
                    key = next((k for k, inner in item.items() if inner is value), None)
                    if key is not None:
                        return f"{name}[{key!r}]"
        return None


def _is_called(name: str, code: str, words: set[str]) -> bool:
    """Whether code speaks of a variable by this name; of an element of a list only where the code names no other one."""
    if name in words or name in code:
        return True
    base, _, rest = name.partition("[")
    if rest and re.search(re.escape(base) + r"\[\s*[\d'\"]", code):
        return False
    return (base.rpartition(".")[2] if not rest else base) in words
