"""One run of a custom gradient compared with differences, and in which way it is wrong, or differs on purpose."""

from __future__ import annotations

import abc
from typing import Any

import numpy as np
import tensorflow as tf

from gradmagic.capture.session import Session
from gradmagic.capture.slopes import Slope
from gradmagic.recording import NumericCheck

# How well a right gradient and TensorFlow's own agree.
EXACT = {"float64": 1e-7, "float32": 5e-4, "float16": 2e-2, "bfloat16": 5e-2}
RANK = {"differs": 5, "agrees": 2, "kink": 1, "jump": 1, "rounding": 0, "not finite": 0}


def is_float(value: Any) -> bool:
    """Whether a value is a tensor, variable or array of a real float dtype."""
    return hasattr(value, "dtype") and getattr(value.dtype, "name", str(value.dtype)) in ("float16", "bfloat16", "float32", "float64") and hasattr(value, "shape")


def array64(value: Any) -> Any:
    """A value as an array of float64."""
    return np.asarray(tf.cast(tf.convert_to_tensor(value), tf.float64).numpy())


def weights_for(outputs: list[Any]) -> list[Any]:
    """What each output is weighed with, so that no two of their elements can cancel by chance."""
    rng = np.random.default_rng(0)
    return [tf.cast(rng.uniform(0.5, 1.5, tuple(o.shape)), o.dtype) if is_float(o) else tf.zeros_like(o) for o in outputs]


class Checked(abc.ABC):
    """One run of a function with a custom gradient.

    Args:
        name: what the user calls the function; op: the `seq` of its op; place: where its gradient function stands.
        inputs: the values it ran with; outputs: what it gave; weights: what the outputs are weighed with.
        input_names: what the inputs are called that are not arguments, by position.
    """

    inputs: list[Any]
    outputs: list[Any]
    weights: list[Any]

    def __init__(self, session: Session, name: str, op: int | None, place: Any) -> None:
        self.session, self.name, self.op, self.place = session, name, op, place
        self.input_names: dict[int, str] = {}
        self.beside = False

    @abc.abstractmethod
    def slope(self, position: int, direction: Any, analytic: float) -> Slope:
        """Central differences of the weighed outputs along a direction of one input, against the analytic derivative."""

    @abc.abstractmethod
    def at(self, position: int, value: Any) -> list[Any]:
        """The outputs for another value of one input (an array of float64)."""

    def _passes_on(self, position: int) -> bool:
        """Whether the function hands an input on as it is: here, and somewhere else."""
        x = self.inputs[position]
        if not any(same_values(o, x) for o in self.outputs):
            return False
        moved = np.random.default_rng(2).standard_normal(tuple(x.shape)) - 1.5 * array64(x)
        return any(tuple(o.shape) == tuple(x.shape) and np.allclose(array64(o), moved, rtol=1e-2) for o in self.at(position, moved) if is_float(o))

    def compare(self, position: int, given: Any, truth: Any, others: list[Any]) -> str:
        """Compare the gradient that was given for one input, put down what was found, and give the verdict.

        Args:
            truth: what TensorFlow makes of the forward function, as an array, or None; others: the same for the other inputs.
        """
        x = self.inputs[position]
        if tuple(given.shape) != tuple(x.shape):
            how = _shape_story(array64(given), truth, tuple(x.shape))
            self._note(position, Slope("differs", 0.0, 0.0, 0.0), None, f"shape {tuple(given.shape)} for an input of shape {tuple(x.shape)}{how}")
            return "differs"
        mine = array64(given)
        if not np.isfinite(mine).all():
            return "not finite"
        found = []
        for turn in range(max(1, self.session.numeric)):
            direction = np.random.default_rng((1, turn)).standard_normal(mine.shape) * min(max(float(np.abs(array64(x)).max(initial=0.0)), 1e-3) or 1.0, 1e3)
            found.append(self.slope(position, direction, float(np.sum(mine * direction))))
        worst, by_itself = max(found, key=lambda s: (RANK[s.verdict], s.error)), True
        if worst.verdict == "differs" and truth is not None and truth.shape == mine.shape and np.allclose(truth, mine, rtol=EXACT[x.dtype.name], atol=1e-6 * float(np.abs(truth).max(initial=0.0))):
            # TensorFlow's own derivative says the same: a kink between the points of the difference, not an error.
            worst, by_itself = Slope("kink", worst.analytic, worst.numeric, worst.error), False
        ratios = [s.analytic / s.numeric for s in found if s.numeric and np.isfinite(s.numeric)]
        steady = bool(ratios) and max(ratios) - min(ratios) <= 0.02 * max(abs(r) for r in ratios)
        ratio = ratios[0] if steady else None
        text: str = "" if worst.verdict in ("agrees", "differs") else worst.verdict
        if worst.verdict in ("jump", "kink") and (truth is None or not truth.any()):
            # A step function with a gradient of its own.
            text = "meant: straight-through"
            worst = Slope("differs", worst.analytic, 0.0, 1.0)
        elif worst.verdict == "differs":
            text = _story(mine, truth, others, ratio, worst.verdict == "differs" and self._passes_on(position), worst.flat)
            if not text and truth is not None and truth.shape == mine.shape and self._is_clipped(position, mine, truth):
                text = "meant: clipped"
        if given.dtype != x.dtype and not text.startswith("meant"):
            text = f"dtype {given.dtype.name} for an input of dtype {x.dtype.name}"
            worst = Slope("differs", worst.analytic, worst.numeric, worst.error)
        self._note(position, worst, ratio, text)
        return worst.verdict if by_itself else "agrees"

    @abc.abstractmethod
    def stronger(self, position: int, factor: float) -> Any:
        """The gradient of one input when what comes from above is so many times as strong."""

    def _is_clipped(self, position: int, mine: Any, truth: Any) -> bool:
        """Whether the gradient is right where it is small and stays at a bound elsewhere, however strong what comes from above is."""
        bound = float(np.abs(mine).max(initial=0.0))
        close: dict[str, Any] = {"rtol": 1e-3, "atol": 1e-6 * float(np.abs(truth).max(initial=0.0))}
        held: Any = np.isclose(np.abs(mine), bound, rtol=1e-6) & (np.sign(mine) == np.sign(truth)) & (np.abs(truth) >= bound * (1 - 1e-6))
        if not bound or mine.size < 2 or not held.any() or held.all() or not np.all(held | np.isclose(mine, truth, **close)):
            return False
        again = array64(self.stronger(position, 4.0))
        return bool(np.allclose(np.abs(again[held]), bound, rtol=1e-6))

    def _note(self, position: int, found: Slope, ratio: float | None, text: str) -> None:
        if self.beside and found.verdict != "differs":
            return
        agrees = True if found.verdict == "agrees" else False if found.verdict == "differs" else None
        self.session.numeric_checks.append(
            NumericCheck(
                -1,
                position,
                self.op,
                self.name,
                found.analytic,
                found.numeric,
                found.error,
                agrees,
                ratio,
                text,
                self.session.spans.span(self.place),
                input_name=self.input_names.get(position, ""),
                beside=self.beside,
            )
        )


def same_values(a: Any, b: Any) -> bool:
    """Whether two values are the same to the bit, NaN apart."""
    return hasattr(b, "shape") and tuple(a.shape) == tuple(b.shape) and a.dtype == b.dtype and bool(np.array_equal(np.asarray(a), np.asarray(b)))


def _shape_story(given: Any, truth: Any, wanted: tuple[int, ...]) -> str:
    """In which way a gradient of another shape goes wrong."""
    lead = given.ndim - len(wanted)
    if lead > 0 and given.shape[lead:] == wanted:
        return ": the sum over the first axis is missing" if lead == 1 else f": the sum over the first {lead} axes is missing"
    if given.ndim == len(wanted) and all(w in (1, g) for g, w in zip(given.shape, wanted, strict=True)):
        axes = [i for i, (g, w) in enumerate(zip(given.shape, wanted, strict=True)) if g != w]
        return f": the sum over axis {axes[0]} is missing" if len(axes) == 1 else f": the sum over the axes {axes} is missing"
    if given.ndim == 2 and given.shape[::-1] == wanted:
        return ": it is transposed"
    return ""


def _story(mine: Any, truth: Any, others: list[Any], ratio: float | None, identity: bool, flat: bool) -> str:
    """In which way a gradient of the right shape goes wrong; ``"meant: …"`` for what people write on purpose."""
    if identity:
        return "meant: reversed" if ratio is not None and ratio < 0 else "meant: the values pass unchanged"
    if (truth is None or not truth.any()) and flat:
        return "meant: straight-through"
    if truth is None or truth.shape != mine.shape:
        return ""
    scale = float(np.abs(truth).max(initial=0.0)) or 1.0
    close: dict[str, Any] = {"rtol": 1e-3, "atol": 1e-6 * scale}
    if truth.ndim == 2 and truth.shape[0] == truth.shape[1] and truth.shape[0] > 1 and np.allclose(mine, truth.T, **close):
        return "it is transposed"
    if any(o is not None and o.shape == mine.shape and np.allclose(mine, o, **close) for o in others):
        return "it is the gradient of another input"
    return ""
