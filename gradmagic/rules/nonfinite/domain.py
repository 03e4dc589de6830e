"""What goes into a function that is not defined for all of it: how many elements are outside, how far, and what keeps them inside."""

from __future__ import annotations

from gradmagic.fixes.definite import decomposed, is_nearly_definite
from gradmagic.fixes.masked_rows import divided_by_a_mask
from gradmagic.fixes.numerics import takes_negatives
from gradmagic.fixes.pixel_targets import pixel_targets
from gradmagic.fixes.positive_outputs import raw_rate
from gradmagic.locate.makers import maker_behind
from gradmagic.recording import Numbers, Op, Recording
from gradmagic.rules.nonfinite.too_large import is_over_nothing
from gradmagic.rules.phrasing import number

QUOTIENTS = frozenset({"RealDiv", "Div", "Reciprocal", "Inv"})
ROOTS = frozenset({"Sqrt", "EuclideanNorm", "Pow"})
SAME_VALUES = frozenset({"Identity", "Reshape", "Cast", "Merge", "ExpandDims", "Squeeze"})
RANGES = frozenset({"Acos", "Asin", "Acosh", "Atanh", "Log1p", "Pow"})
HELP = {
    "Log": "keep the input above 0: add a small constant, use `tf.maximum`, or a loss on logits",
    "RealDiv": "use `tf.math.divide_no_nan`, or add a small constant below",
    "Pow": "keep the base above 0 before a fractional power",
    "Sqrt": "keep the input above 0: at 0 the derivative is infinite",
}
SINGULAR = (
    "add a small constant to the diagonal: equal or nearly equal rows leave an eigenvalue of 0, which rounding puts below it; where the data are measured, the variance of their noise belongs there"
)
INDEFINITE = (
    "the matrix is not positive definite, and not by rounding alone: make it as a product, `L @ transpose(L)` with a positive diagonal in `L`, or look at the kernel or the update that it comes from"
)
NOTHING = "a selection that may pick no element at all (none of a class in a batch) needs a mean of its own for that: `tf.math.divide_no_nan` of the sum and the count is 0 there"
SCALED = "divide the targets by 255: a mask that is read from a picture holds 0 and 255, and a score of overlaps made of that is no longer between 0 and 1"
RATE = "a logarithm is defined above 0, and what it is taken of here may be any number: an activation such as `softplus` or `exp` where it is computed keeps it above 0"
# Where numbers below 0 come in, a small constant more does not help.
BELOW = {
    "Log": "numbers below 0 come in, and a logarithm is defined above it: look at the scale, the sign or the bound of what they are computed from; `tf.maximum` makes it finite, and no more",
    "Sqrt": "numbers below 0 come in: `tf.maximum` keeps them at it; a variance that is the difference of two large squares is rounded below 0, the mean of squared differences is not",
}


def outside(op: Op, recording: Recording) -> str:
    """A sentence about the elements for which an op is not defined, and one about the targets that they come from; empty where their numbers are not known."""
    pixels = pixel_targets(recording, op)
    compared = f"a root mean square of {number(pixels.size)}), and are compared with a {pixels.function}, which lies between 0 and 1." if pixels is not None else ""
    return _elements(op, recording) + (f" The targets are of the size of pixels ({compared}" if compared else "")


def _elements(op: Op, recording: Recording) -> str:
    if is_over_nothing(recording, op):
        return f" What goes in has the shape {recording.tensors[op.inputs[0]].shape}: a mean over nothing is 0 divided by 0."
    given, made = _numbers(recording, op.inputs[-1:] if op.type in QUOTIENTS else op.inputs[:1]), _numbers(recording, op.outputs[:1])
    if given is None or not given.finite:
        return ""
    matrix = decomposed(recording, op)
    if matrix is not None and matrix.eigenvalues is not None:
        least, most = matrix.eigenvalues
        return f" A Cholesky decomposition exists for a positive definite matrix only; the smallest eigenvalue of this one is {number(least)}, the largest {number(most)}."
    if op.type in QUOTIENTS and given.zeros:
        return " The divisor is 0." if given.size == 1 else f" {_of(given.zeros, given)} of the divisor {_are(given.zeros)} 0."
    if made is None or made.finite:
        return ""
    if op.type in ("Log", "Sqrt", "Rsqrt") and made.size == given.size:
        negative, zeros = made.nans if given.min < 0 else 0, given.zeros if op.type != "Sqrt" else 0
        if given.size == 1 and (negative or zeros):
            return f" What goes in is {number(given.min)}."
        parts = [f"{_of(negative, given)} that go in {_are(negative)} negative, the smallest is {number(given.min)}"] if negative else []
        parts += [f"{zeros if parts else _of(zeros, given) + ' that go in'} {_are(zeros)} 0"] if zeros else []
        return f" {'; '.join(parts)}." if parts else ""
    return f" What goes in {f'is {number(given.min)}' if given.size == 1 else f'lies between {number(given.min)} and {number(given.max)}'}." if op.type in RANGES else ""


def how_to_stay_inside(op: Op, recording: Recording) -> str | None:
    """What keeps the input where the op is defined, and its derivative finite."""
    made = recording.producer.get(op.inputs[0]) if op.inputs else None
    if is_over_nothing(recording, op):
        return NOTHING
    if op.type == "Log" and made is not None and made.type == "MatrixDeterminant":
        return "a determinant is soon too small or too large for its dtype: use `tf.linalg.slogdet` or `tf.linalg.logdet`, which never form it"
    if decomposed(recording, op) is not None:
        return SINGULAR if is_nearly_definite(recording, op) else INDEFINITE
    if pixel_targets(recording, op) is not None:
        return SCALED
    if divided_by_a_mask(recording, op) is not None:
        return "leave rows that are masked from end to end out of the data (with a padding of 0: `x[(x != 0).any(axis=1)]`, and the same labels), or give each of them a step that counts"
    if raw_rate(recording, op) is not None:
        return RATE
    if op.type == "RealDiv" and _is_root(recording, op.inputs[-1]):
        return "add a small constant under the root: at 0 its derivative is infinite, so a constant added to the root, or `tf.math.divide_no_nan`, makes the value finite and not the gradient"
    return BELOW.get(op.type, HELP.get(op.type)) if takes_negatives(recording, op) else HELP.get(op.type)


def is_below(recording: Recording, op: Op | None) -> bool:
    """Whether a root is taken of numbers below 0."""
    return op is not None and op.type in ("Sqrt", "Rsqrt") and takes_negatives(recording, op)


def _is_root(recording: Recording, key: int) -> bool:
    made = maker_behind(recording, recording.producer.get(key), SAME_VALUES)
    return made is not None and made.type in ROOTS


def _numbers(recording: Recording, keys: tuple[int, ...]) -> Numbers | None:
    tensor = recording.tensors.get(keys[0]) if keys else None
    return tensor.numbers if tensor is not None else None


def _of(count: int, numbers: Numbers) -> str:
    return f"{count} of {numbers.size} elements"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
