"""Calls that ask for gradients, and what came of each on the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradmagic.recording.values import Extent, Numbers, Span, Tensor


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a gradient call, in the order of `tf.nest.flatten`. `id` is a variable's or a tensor's id."""

    id: int
    kind: Literal["variable", "tensor", "other"]
    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    trainable: bool | None = None
    value: Extent | None = None
    python_type: str = ""


@dataclass(frozen=True, slots=True)
class Gradient:
    """What came out for one source. `missing` means None; `filled` a zero that TensorFlow put in place of None on request."""

    missing: bool
    id: int | None = None
    numbers: Numbers | None = None
    sparse: bool = False
    filled: bool = False
    shape: tuple[int | None, ...] | None = None


@dataclass(slots=True, unsafe_hash=True)
class Flow:
    """A gradient on its way, in the two bits and one number that a pass over it yields."""

    id: int | None
    norm: float | None
    finite: bool | None
    zero: bool | None


@dataclass(slots=True, unsafe_hash=True)
class BackwardStep:
    """One op's gradient function as it ran: what came in for each output, what went out for each input (None: no gradient).

    `op` is the `seq` of the forward op. `inputs` and `outputs` are numbers about the forward values, there for steps that made a gradient bad
    (zero or not finite) out of a good one; `skipped` are the inputs that the tape asked no gradient for; `examples` then holds, for the first bad element, what the values were there.
    """

    seq: int
    type: str
    op: int | None
    received: tuple[Flow | None, ...]
    sent: tuple[Flow | None, ...]
    inputs: tuple[Numbers | None, ...] = ()
    outputs: tuple[Numbers | None, ...] = ()
    examples: Mapping[str, object] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    type: str
    message: str
    span: Span | None
    op: str | None = None


@dataclass(frozen=True, slots=True)
class GradientRun:
    """One call for gradients. `site` numbers the place in the code; `turn` counts the runs of that place from 0."""

    seq: int
    site: int
    turn: int
    kind: str
    span: Span | None
    tape: int | None
    targets: tuple[Tensor, ...]
    sources: tuple[Source, ...]
    gradients: tuple[Gradient, ...]
    steps: tuple[BackwardStep, ...] = ()
    raised: Raised | None = None
    target_type: str = ""
    in_graph: bool = False
    unconnected_zero: bool = False
    target_value: float | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the code that asks for gradients, over all its runs.

    `renewed` counts the runs whose sources are all other objects than those of the run before, made in between. `norms` holds, per source, the norm of each run that was looked at (None for no gradient); `first_bad` is the turn of the first run with a
    gradient that was None, zero, NaN or infinite, or that raised.
    """

    id: int
    kind: str
    span: Span | None
    count: int
    first_bad: int | None
    norms: tuple[tuple[float | None, ...], ...] = ()
    renewed: int = 0
    trail: Trail | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """The values of a place's sources from turn to turn: `looks` is how often they were looked at, the last time at the end of the cell.

    `moved` says, per variable, how often it was another than at the look before; `resting` is the turn since which none moved (None where the last look saw one move). `returns` counts the turns at which all
    held the very bits of one earlier turn, `repeats` those of them that had the same gradients and went on the same way. Of the `sampled` ones only some elements were looked at.
    """

    looks: int
    moved: Mapping[int, int]
    resting: int | None
    returns: int = 0
    repeats: int = 0
    sampled: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class NumericCheck:
    """Analytic against numerical derivative along one random direction; `custom` names the custom gradient that was checked by itself.

    `through` holds the `op`s of the custom gradients on the way from the source to the target, where the way is in a graph. `input_name` is what the input of a
    custom gradient is called that is not one of its arguments; `beside` is set where it was looked at close to its real inputs, which stand at a kink.
    """

    run: int
    source: int | None
    op: int | None
    custom: str | None
    analytic: float
    numeric: float
    error: float
    agrees: bool | None
    ratio: float | None = None
    note: str = ""
    span: Span | None = None
    through: tuple[int, ...] = ()
    input_name: str = ""
    beside: bool = False
