"""A place where gradients go bad, and what was found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradmagic.recording import BackwardStep, GradientRun, NumericCheck, Op, Span, Update

Kind = Literal["none", "zero", "nonfinite", "wrong", "error", "step", "scale"]


@dataclass(frozen=True)
class Fault:
    """One root cause for the `sources` (indices) of one run.

    `cause` names what the search found: ``cut`` (an op ends the gradient), ``outside`` (the tape did not record an op of the path), ``unwatched``,
    ``escaped``, ``assigned``, ``discarded``, ``unread``, ``constant``, ``died`` (a backward step made zeros), ``cancelled``, ``branch``, ``born``
    (a backward step made a value that is not finite), ``forward`` (a forward op did), ``value`` (it was there before), ``raised`` …
    `hidden` is set where TensorFlow put zeros in the place of None.
    """

    kind: Kind
    cause: str
    run: GradientRun | None
    sources: tuple[int, ...]
    op: Op | None = None
    input: int | None = None
    ops: tuple[Op, ...] = ()
    step: BackwardStep | None = None
    span: Span | None = None
    update: Update | None = None
    numeric: NumericCheck | None = None
    hidden: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What the user calls the sources."""
        return tuple(self.run.sources[i].name for i in self.sources) if self.run else ()
