"""FACTS: what happened while a cell ran, as plain frozen values. No TensorFlow objects, no conclusions.

Nobody changes a fact. Those of which there are many thousands (`Tensor`, `Op`, `Flow`, `BackwardStep`) are not frozen by Python, which would take three times as long to make them.

Everything has a place in one order of events: `seq` counts ops, tape openings, gradient calls, assignments and escapes with one counter, so that
"before", "after" and "while" are comparisons of integers. A value is known by the integer `id` of its tensor; ids are never used twice.
Calls of a `tf.function` are unrolled: the ops of its graph stand in the recording as if they had run in the place of the call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Differentiable = Literal["yes", "none", "missing", "custom"]
Phase = Literal["forward", "backward", "update"]
Origin = Literal["op", "variable", "constant", "input", "unknown"]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the user's code: cell ``"current"``, another cell (execution count) or a file. Columns are 0, 0 where only the line is known."""

    cell: str | int | None
    file: str | None
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    id: str | None
    execution_count: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """An array in numbers. `norm` is Euclidean over the finite elements; `zeros`, `nans` and `infs` count elements; `size` is their number."""

    size: int
    norm: float
    mean: float
    std: float
    min: float
    max: float
    zeros: int
    nans: int
    infs: int
    histogram: tuple[tuple[float, ...], tuple[int, ...]] | None = None

    @property
    def finite(self) -> bool:
        return not (self.nans or self.infs)

    @property
    def all_zero(self) -> bool:
        return self.size > 0 and self.zeros == self.size


@dataclass(frozen=True, slots=True)
class Extent:
    """The size, the Euclidean norm and the range of an array, over its finite elements; `nans` and `infs` count the others."""

    size: int
    norm: float
    min: float
    max: float
    nans: int
    infs: int

    @property
    def finite(self) -> bool:
        return not (self.nans or self.infs)

    @property
    def all_zero(self) -> bool:
        return self.size > 0 and self.finite and self.min == self.max == 0.0


@dataclass(slots=True, unsafe_hash=True)
class Tensor:
    """One value. `numbers` is there where the capture looked closely; `finite`, `all_zero` and the Euclidean `norm` are None where it could not look.

    The norm of a value with an infinity and no NaN is infinite, of one with a NaN it is NaN; of a single integer or bool it is its absolute value.
    `faded` is there for a product that is stored as zeros and is not zero: the largest magnitude of its elements (of their terms, for a matrix product).
    """

    id: int
    dtype: str
    shape: tuple[int | None, ...] | None
    origin: Origin = "op"
    name: str | None = None
    variable: int | None = None
    finite: bool | None = None
    all_zero: bool | None = None
    numbers: Numbers | None = None
    norm: float | None = None
    faded: float | None = None


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
    """A variable, known by the id of its handle. `value` is that at the end, where it is not finite; `names` are the user's own expressions for it, `holders` the attributes that hold the layer it belongs to, `path` the Keras path or TensorFlow name."""

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


@dataclass(frozen=True, slots=True)
class Tape:
    """A `tf.GradientTape`. `recording` holds the intervals of `seq` in which it recorded; an end of None means it was still open."""

    id: int
    span: Span | None
    persistent: bool
    watch_accessed_variables: bool
    recording: tuple[tuple[int, int | None], ...]
    watched: frozenset[int] = frozenset()
    resets: tuple[tuple[int, Span | None], ...] = ()
    watches: Mapping[int, tuple[int, Span | None]] = field(default_factory=dict)
    stops: tuple[tuple[int, int, Span | None], ...] = ()

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
class PutBack:
    """How often a variable was given another value after an update: `unread` times before anything read it, `used` times after a layer or a compiled function did, or after the value left TensorFlow."""

    unread: int
    used: int
    span: Span | None


@dataclass(frozen=True, slots=True)
class Applied:
    """One (gradient, variable) pair as an optimizer was given it. `gradient_of` is the variable the gradient was computed for, if it is known."""

    variable: int
    gradient: int | None
    gradient_of: int | None
    run: int | None
    changed: bool | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A place that changes variables, as it first did so and how often (`count`): an optimizer (`kind` ``"optimizer"`` or ``"keras.fit"``) or ``"assign"``.

    `type` is the optimizer's class, `learning_rate` what it is at the end; `repeated` counts the times that it was given gradients that it had been given before,
    `fresh` those for which the optimizer was another object than at the last one, with no step of its own yet.
    """

    seq: int
    kind: str
    span: Span | None
    optimizer: str | None
    pairs: tuple[Applied, ...]
    skipped: tuple[int, ...] = ()
    raised: Raised | None = None
    count: int = 1
    in_graph: bool = False
    type: str = ""
    learning_rate: float | None = None
    repeated: int = 0
    fresh: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a source between the first gradient call that named it and the end of the cell.

    `same` means the same bits; `norm` is that of the first value, `farthest` the longest of the first few single updates.
    """

    same: bool
    norm: float
    farthest: float | None
    finite: bool


@dataclass(frozen=True, slots=True)
class TrainingCall:
    """A call of Keras' `fit` or `train_on_batch`: the numbers of weights that the model trains and that it has."""

    name: str
    span: Span | None
    model: str
    trainable: int
    weights: int
    raised: Raised | None = None


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A call of a whole Keras model from the user's code: `weights` are its variables' ids, `trains` whether a tape was recording or `fit` ran it."""

    seq: int
    name: str
    span: Span | None
    weights: tuple[int, ...]
    trains: bool


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object that a traced function works with, known by itself and not by its content: a model, a layer, an optimizer, a variable."""

    type: str
    kept: Callable[[], object]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeptObject) and self.kept() is other.kept()

    def __hash__(self) -> int:
        return hash(self.type)


@dataclass(frozen=True, slots=True)
class StaleRead:
    """A Python value that a traced function keeps: what the user's code calls it, its value when the function was traced, and now."""

    function: str
    expression: str
    traced: object
    now: object
    span: Span | None
    calls: int


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


@dataclass(frozen=True)
class Recording:
    """Everything that is known of one run of a cell.

    `ops` are in the order of `seq`; those of long healthy loops were dropped on the way, `ops_dropped` says how many. `code` maps a cell (or file) to its text.
    `untracked` maps a variable that a model read, or holds, to that model, where it is not among the model's variables; `unasked` one that was made by hand to the model whose variables were asked for instead. `failures` are whole sentences about what gradmagic could not do, and name it.
    """

    cell: Cell
    ops: tuple[Op, ...] = ()
    tensors: Mapping[int, Tensor] = field(default_factory=dict)
    variables: Mapping[int, Variable] = field(default_factory=dict)
    tapes: Mapping[int, Tape] = field(default_factory=dict)
    runs: tuple[GradientRun, ...] = ()
    sites: tuple[Site, ...] = ()
    updates: tuple[Update, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    escapes: tuple[Escape, ...] = ()
    numeric: tuple[NumericCheck, ...] = ()
    changes: Mapping[int, Change] = field(default_factory=dict)
    training: tuple[TrainingCall, ...] = ()
    stale: tuple[StaleRead, ...] = ()
    models: tuple[ModelCall, ...] = ()
    untracked: Mapping[int, Layer] = field(default_factory=dict)
    unasked: Mapping[int, str] = field(default_factory=dict)
    code: Mapping[str | int, str] = field(default_factory=dict)
    raised: Raised | None = None
    ops_recorded: int = 0
    ops_dropped: int = 0
    failures: tuple[str, ...] = ()
    cell_seconds: float = 0.0
    layers: Mapping[int, Layer] = field(default_factory=dict)
    worker: str = ""
    put_back: Mapping[int, PutBack] = field(default_factory=dict)
    # The functions that ask for gradients in graphs of an earlier cell, which cannot be read.
    unseen: tuple[str, ...] = ()
    # Variables that the function of a dataset reads, with the line of that function.
    piped: Mapping[int, Span] = field(default_factory=dict)

    @functools.cached_property
    def searched(self) -> dict[int, Any]:
        """What a search has worked out of each run, by the `id` of the run, for those that come after it."""
        return {}

    @functools.cached_property
    def by_seq(self) -> dict[int, Op]:
        """The ops by their `seq`."""
        return {op.seq: op for op in self.ops}

    @functools.cached_property
    def producer(self) -> dict[int, Op]:
        """Which op made a tensor (the last one that claimed it, as the tape sees it: a custom gradient takes over its results)."""
        return {out: op for op in self.ops for out in op.outputs}

    @functools.cached_property
    def consumers(self) -> dict[int, tuple[Op, ...]]:
        """Which ops read a tensor, in order."""
        found: dict[int, list[Op]] = {}
        for op in self.ops:
            for tensor in dict.fromkeys(op.inputs):
                found.setdefault(tensor, []).append(op)
        return {tensor: tuple(ops) for tensor, ops in found.items()}

    def has_changed(self, variable: int) -> bool | None:
        """Whether a variable held another value at any look at it; None where that was not looked at."""
        change = self.changes.get(variable)
        trails = [s.trail for s in self.sites if s.trail is not None and variable in s.trail.moved]
        if any(t.moved[variable] for t in trails) or (change is not None and (not change.same or bool(change.farthest))):
            return True
        return False if change is not None or any(variable not in t.sampled for t in trails) else None

    def runs_of(self, site: int) -> Iterator[GradientRun]:
        """The runs of one place that were kept, in order."""
        return (run for run in self.runs if run.site == site)


FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128", "float8_e5m2", "float8_e4m3fn"})


def has_gradient_dtype(dtype: str) -> bool:
    """Whether TensorFlow differentiates values of this dtype (resources and variants pass gradients on as well)."""
    return dtype in FLOATS or dtype in ("resource", "variant")


# What gives a variable, a table or a queue a value: the state is the first input, the value the last.
WRITES = frozenset(
    {"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "ResourceStridedSliceAssign", "LookupTableInsert", "LookupTableInsertV2", "QueueEnqueueV2", "QueueEnqueueManyV2", "StackPushV2"}
    | {f"ResourceScatter{how}" for how in ("Update", "Add", "Sub", "Mul", "Div", "Min", "Max", "NdUpdate", "NdAdd", "NdSub", "NdMin", "NdMax")}
)
