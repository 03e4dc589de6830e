"""The notes taken while the cell runs: ids, places and two bits per value, never a tensor that would be kept alive."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from gradmagic.capture.spans import Place


class RawOp:
    """An op as noted by the callback; what is costly to work out is left for later."""

    __slots__ = ("__dict__", "attrs", "inputs", "layer", "outputs", "phase", "place", "scope", "seq", "tapes", "type")

    # What few ops have is set for those alone: hundreds of thousands are made.
    unnoted = by_user = in_graph = False
    gradient: Place | None = None
    name: str | None = None
    span: Any = None
    branches: tuple[tuple[int, str], ...] = ()

    def __init__(
        self,
        seq: int,
        type_: str,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        place: Place | None,
        scope: str,
        tapes: frozenset[int],
        phase: str,
        attrs: tuple[Any, ...] = (),
        layer: Any = None,
        **rare: Any,
    ) -> None:
        self.seq, self.type, self.inputs, self.outputs = seq, type_, inputs, outputs
        self.place, self.scope, self.tapes, self.phase, self.attrs, self.layer = place, scope, tapes, phase, attrs, layer
        if rare:
            self.__dict__.update(rare)


class RawTensor:
    """dtype and shape of a value, and whether it was finite and all zero where that was looked at."""

    __slots__ = ("__dict__", "dtype", "finite", "norm", "origin", "shape", "zero")

    # Of few values.
    variable: int | None = None
    numbers: Any = None

    def __init__(
        self,
        dtype: str,
        shape: tuple[int | None, ...] | None,
        finite: bool | None = None,
        zero: bool | None = None,
        norm: float | None = None,
        origin: str = "op",
    ) -> None:
        self.dtype, self.shape, self.finite, self.zero, self.norm, self.origin = dtype, shape, finite, zero, norm, origin


class RawStep:
    """A gradient function as it ran. Ids are those of the gradients that came in (per output) and went out (per input).

    `as_one` is the `seq` of the op that stands for all that the function computed, None where that was noted op by op.
    """

    __slots__ = ("__dict__", "as_one", "inputs", "op", "outputs", "received", "sent", "seq", "skipped", "type")

    # Replaced where a close look finds something.
    close: tuple[tuple[Any, ...], tuple[Any, ...]] = ((), ())
    examples: dict[str, Any] = {}

    def __init__(
        self,
        seq: int,
        type_: str,
        inputs: tuple[int | None, ...] | None,
        outputs: tuple[int | None, ...] | None,
        received: tuple[int | None, ...],
        sent: tuple[int | None, ...],
        op: int | None = None,
        skipped: tuple[int, ...] = (),
        as_one: int | None = None,
    ) -> None:
        self.seq, self.type, self.inputs, self.outputs, self.received, self.sent = seq, type_, inputs, outputs, received, sent
        self.op, self.skipped, self.as_one = op, skipped, as_one


@dataclass
class RawTape:
    id: int
    place: Place | None
    persistent: bool
    watch_accessed: bool
    recording: list[tuple[int, int | None]] = field(default_factory=list)
    watched: set[int] = field(default_factory=set)
    watch_places: dict[int, tuple[int, Place | None]] = field(default_factory=dict)
    resets: list[tuple[int, Place | None]] = field(default_factory=list)
    stops: list[tuple[int, int, Place | None]] = field(default_factory=list)
    used: bool = False
    in_graph: bool = False
    # Of a tape that was opened before the check: what the notebook calls it.
    name: str | None = None


@dataclass
class RawRun:
    """One gradient call: what it was asked for and, per source, what came out (`flows`: id, norm, finite, zero)."""

    seq: int
    site: int
    turn: int
    kind: str
    place: Place | None
    tape: int | None
    targets: tuple[int, ...]
    target_type: str
    sources: tuple[Any, ...]
    gradients: tuple[Any, ...] = ()
    steps: list[RawStep] = field(default_factory=list)
    flows: dict[int, tuple[float, bool, bool]] = field(default_factory=dict)
    raised: Any = None
    in_graph: bool = False
    unconnected_zero: bool = False
    target_value: float | None = None
    look: bool = True
    ran: bool = False
    # While the gradients are computed: products and selections, each with the values that went into the op.
    hiding: list[tuple[RawStep, Any]] = field(default_factory=list)
    # Of a Jacobian meanwhile: the steps that were traced for one row, each with what its gradient function was handed and gave.
    traced: list[tuple[RawStep, Any, Any, Any, Any]] = field(default_factory=list)
    # Also meanwhile: the ids of the results of a `tf.function`, the gradients of them, those of its inputs, and how many steps were noted before.
    entering: list[tuple[tuple[int, ...], Any, Any, int]] = field(default_factory=list)

    @property
    def lost(self) -> bool:
        """Whether the target is known not to be finite."""
        return self.target_value is not None and not math.isfinite(self.target_value)


@dataclass
class RawSite:
    id: int
    kind: str
    place: Place | None
    count: int = 0
    first_bad: int | None = None
    worst: int = 0
    lost: bool = False
    norms: list[list[float | None]] = field(default_factory=list)
    limits: tuple[float, ...] = ()
    ids: frozenset[int] = frozenset()
    last: int = 0
    renewed: int = 0
    opened: int = 0
    trail: Any = None


@dataclass
class RawUpdate:
    seq: int
    kind: str
    place: Place | None
    optimizer: str | None
    pairs: list[tuple[int, int | None]]
    skipped: tuple[int, ...] = ()
    raised: Any = None
    count: int = 1
    in_graph: bool = False
    type: str = ""
    optimizer_ref: Any = None
    repeated: int = 0
    fresh: int = 0
    given: set[int] = field(default_factory=set)
    # Each trace gives the optimizer other tensors: those of every trace, with the gradient calls of the same graph.
    traces: list[tuple[list[tuple[int, int | None]], list[Any]]] = field(default_factory=list)
    begun: int | None = None
    # How many gradients an optimizer that adds them up had been given before.
    given_before: int | None = None
    # Of a loop what the last turn gave is kept longest.
    latest: list[tuple[int, int | None]] = field(default_factory=list)
