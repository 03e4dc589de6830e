"""What was done with gradients: updates, and what became of the variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradmagic.recording.gradients import Raised
from gradmagic.recording.values import Span


@dataclass(frozen=True, slots=True)
class PutBack:
    """How often a variable was given another value after an update: `unread` times before anything read it, `used` times after a layer or a compiled function did, or after the value left TensorFlow."""

    unread: int
    used: int
    span: Span | None


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """A line that assigns to these trained variables, and reads them and no others."""

    span: Span
    variables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """One (gradient, variable) pair as an optimizer was given it. `gradient_of` is the variable the gradient was computed for, if it is known.

    `apart` says of another variable than the one that is updated whether the two never had the same value, as a copy and its original do: they are farther apart than the updates went, and point elsewhere.
    """

    variable: int
    gradient: int | None
    gradient_of: int | None
    run: int | None
    changed: bool | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """A place that changes variables, as it first did so and how often (`count`): an optimizer (`kind` ``"optimizer"`` or ``"keras.fit"``) or ``"assign"``.

    `type` is the optimizer's class, `learning_rate` what it is at the end; `repeated` counts the times that it was given gradients that it had been given before,
    `fresh` those for which the optimizer was another object than at the last one, with no step of its own yet. `added_up` is there for an optimizer that adds gradients up
    and updates with every so many of them. `clips` is how it bounds the gradients, as it was given: ``"clipnorm=1.0"``.
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
    added_up: AddedUp | None = None
    clips: str = ""


@dataclass(frozen=True, slots=True)
class AddedUp:
    """Keras' `gradient_accumulation_steps`: an optimizer updates with every `every`-th gradient that it is given; it had been given `before` of them when the cell first used it, and `after` at the end."""

    every: int
    before: int
    after: int


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
    """A call of a whole Keras model from the user's code: `weights` are its variables' ids, `trains` whether a tape was recording or `fit` ran it, `infers` whether it was called with `training=False`."""

    seq: int
    name: str
    span: Span | None
    weights: tuple[int, ...]
    trains: bool
    infers: bool = False


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object that a traced function works with, known by itself and not by its content: a model, a layer, an optimizer, a variable. `is_layer` is set for the first two."""

    type: str
    kept: Callable[[], object]
    is_layer: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeptObject) and self.kept() is other.kept()

    def __hash__(self) -> int:
        return hash(self.type)


@dataclass(frozen=True, slots=True)
class StaleRead:
    """A Python value that a traced function keeps: what the user's code calls it, its value when the function was traced, and now.

    `counted_at` is the line of the function that counts a number up, which ran when it was traced and in none of its calls.
    """

    function: str
    expression: str
    traced: object
    now: object
    span: Span | None
    calls: int
    counted_at: Span | None = None
