"""Operations, what they read and write, and the tapes that look on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradmagic.recording.values import Numbers, Span

Differentiable = Literal["yes", "none", "missing", "custom"]
Phase = Literal["forward", "backward", "update"]


@dataclass(slots=True, unsafe_hash=True)
class Op:
    """One operation as TensorFlow ran or traced it.

    `seq` is also its identity. `recorded_by` names the tapes that were recording when it ran (whether they recorded it depends on what they
    watch). `differentiable`: ``"yes"`` a gradient function is registered; ``"none"`` it is registered as None; ``"missing"`` there is no entry,
    which raises; ``"custom"`` a `tf.custom_gradient`. `branches` lists, outermost first, the conditional bodies the op stands in, as
    (seq of the `If`/`While` op, ``"then" | "else" | "body" | "cond" | index``). `unnoted` is set where it is not known which tapes recorded, in a
    graph that was traced before the check. `rule_at` is where the gradient function of a custom gradient returns.
    """

    seq: int
    type: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    span: Span | None
    scope: str = ""
    name: str | None = None
    recorded_by: frozenset[int] = frozenset()
    differentiable: Differentiable = "yes"
    phase: Phase = "forward"
    in_graph: bool = False
    branches: tuple[tuple[int, str], ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    layer: int | None = None
    unnoted: bool = False
    rule_at: Span | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A Keras layer that ran. `library` is true for a class of Keras itself; `made_at` is the expression that made the layer, where it is known. Without `keras` it is a `tf.Module`."""

    id: int
    name: str
    type: str
    library: bool
    made_at: Span | None = None
    keras: bool = True


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, known by the id of its handle. `value` is that at the end, where it is not finite; `names` are the user's own expressions for it, `holders` the attributes that hold the layer it belongs to, `path` the Keras path or TensorFlow name. `written` is how often the cell gave it a value, its first one included. `calls` says when the user's layers that hold it were called, with the first line of the layer's `call` and the attribute that holds it; only where a gradient is missing."""

    id: int
    path: str
    dtype: str
    shape: tuple[int | None, ...] | None
    trainable: bool
    names: tuple[str, ...] = ()
    owner: str | None = None
    created: int | None = None
    created_at: Span | None = None
    value: Numbers | None = None
    created_by: tuple[Span, ...] = ()
    holders: tuple[str, ...] = ()
    written: int = 0
    calls: tuple[tuple[tuple[int, ...], Span, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tape:
    """A `tf.GradientTape`. `recording` holds the intervals of `seq` in which it recorded; an end of None means it was still open.

    Of a tape that an earlier cell opened there are none, and `name` is what the notebook calls it.
    """

    id: int
    span: Span | None
    persistent: bool
    watch_accessed_variables: bool
    recording: tuple[tuple[int, int | None], ...]
    watched: frozenset[int] = frozenset()
    resets: tuple[tuple[int, Span | None], ...] = ()
    watches: Mapping[int, tuple[int, Span | None]] = field(default_factory=dict)
    stops: tuple[tuple[int, int, Span | None], ...] = ()
    name: str | None = None

    @property
    def opened(self) -> int:
        return self.recording[0][0] if self.recording else 0

    def recording_at(self, seq: int) -> bool:
        return any(start <= seq and (end is None or seq < end) for start, end in self.recording)


@dataclass(frozen=True, slots=True)
class Escape:
    """A value left TensorFlow: `how` is what did it (``".numpy()"``, ``"float()"``, ``"numpy_function"``, ``"np.exp"``)."""

    seq: int
    tensor: int
    how: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable was given a value: `value` is the id of the tensor (None where it is unknown), `how` the op (``"AssignVariableOp"`` …)."""

    seq: int
    variable: int
    how: str
    value: int | None
    span: Span | None


# What writes a part of a variable: the numbers beside it stay.
IN_PLACE = frozenset({"ResourceStridedSliceAssign"} | {f"ResourceScatter{how}" for how in ("Update", "Add", "Sub", "Mul", "Div", "Min", "Max", "NdUpdate", "NdAdd", "NdSub", "NdMin", "NdMax")})
# What gives a variable, a table or a queue a value: the state is the first input, the value the last.
WRITES = frozenset({"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "LookupTableInsert", "LookupTableInsertV2", "QueueEnqueueV2", "QueueEnqueueManyV2", "StackPushV2"}) | IN_PLACE
