"""How large a gradient is: judged beside its variable, beside the other gradients of its call, and beside what its dtype can tell apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

Size = Literal["noise", "vanishing", "exploding"]

# Half a unit in the last place of 1.0: terms of size 1 that cancel leave no more than this.
NOISE = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 1.2e-7, "float64": 2.3e-16}
# With a learning rate of 0.001 the step would be ten times as long as the variable.
EXPLODING = 1e4
# A hundred million steps with a learning rate of 1 would be as long as the variable, while another variable of the call needs a thousandth of a percent of that.
VANISHING, BESIDE_OTHERS = 1e-8, 1e-5
FAINT = 1e-6
# Of what rounding leaves of terms as large as the target: no sum of rounding errors is as small.
HOPELESS = 1e-5

# Kernels in a row, each with less than the next one; the first of them has next to nothing of what the last one gets.
LAYERS, LESS, THROUGH = 6, 0.9, 1e-4

# A layer whose weights make a tenth of what goes in, and kernels that all get next to nothing of what a bias behind them gets.
GAIN, OF_THE_BIAS = 0.1, 1e-4


def sizes(sources: Sequence[Any], gradients: Sequence[Any], noise: bool = True, target: float | None = None) -> tuple[Size | None, ...]:
    """For each source: whether its gradient is rounding noise, too small or too large to train with; None where it is neither, or cannot be told.

    Args:
        sources: the sources of a gradient call (`Source`), with their values in numbers where those are known.
        gradients: what came out for each (`Gradient`); all-zero, missing and non-finite ones are None in the result.
        noise: whether what is below the rounding noise of the largest gradient is called so, without a look at its variable.
        target: the value of the target, where it is one number: a variable that would not move it by a trace of its rounding if it changed by its own size gets too small a gradient,
            whatever the others get.
    """
    norms = [_norm(g) for g in gradients]
    largest = max((n for n in norms if n is not None), default=0.0)
    beside = lengths(sources)
    relative = [None if n is None or b is None else n / b for n, b in zip(norms, beside, strict=False)]
    biggest = max((r for r in relative if r is not None), default=0.0)
    found: list[Size | None] = []
    faded = _faded(sources, relative) | starved(sources, gradients)
    for index, (source, norm, size, length) in enumerate(zip(sources, norms, relative, beside, strict=False)):
        if norm is None or norm == 0.0:
            found.append(None)
        elif noise and len(norms) > 1 and norm < 0.5 * NOISE.get(source.dtype, 0.0) * largest:
            found.append("noise")
        elif size is not None and size > EXPLODING:
            found.append("exploding")
        elif (size is not None and size < VANISHING and (size < BESIDE_OTHERS * biggest or norm * (length or 0.0) < _unmoved(source.dtype) * abs(target or 0.0))) or index in faded:
            found.append("vanishing")
        else:
            found.append(None)
    return tuple(found)


def _faded(sources: Sequence[Any], relative: Sequence[float | None]) -> set[int]:
    """The sources at the beginning of a chain of layers, in the order in which they are asked for, through which the gradient shrinks layer by layer."""
    kernels = [(i, size) for i, (s, size) in enumerate(zip(sources, relative, strict=False)) if size and s.kind == "variable" and len(s.shape or ()) > 1]
    if len(kernels) < LAYERS:
        return set()
    last = max(range(len(kernels)), key=lambda k: kernels[k][1])
    first = last
    while first and kernels[first - 1][1] < LESS * kernels[first][1]:
        first -= 1
    bound = THROUGH * kernels[last][1]
    small = [i for i, size in kernels[first : last + 1] if size < bound]
    if last - first + 1 < LAYERS or not small:
        return set()
    # The bias of a layer stands behind its kernel.
    end = next(i for i, _ in kernels[first:] if i > small[-1])
    return {i for i in range(kernels[first][0], end) if (size := relative[i]) is not None and size < bound}


def starved(sources: Sequence[Any], gradients: Sequence[Any]) -> set[int]:
    """The sources of layers in a row whose weights are so small that neither the signal nor the gradient comes through: each kernel gets next to nothing of what a bias gets, for which no signal is needed.

    Beside the size of its weights such a gradient may look well: it is as small as they are.
    """
    norms = [_norm(g) or 0.0 for g in gradients]
    kernels = [i for i, s in enumerate(sources) if s.kind == "variable" and len(s.shape or ()) > 1]
    bound = OF_THE_BIAS * max((norms[i] for i in biases(sources)), default=0.0)
    if len(kernels) < 3 or any(not 0.0 < norms[i] < bound for i in kernels) or sum(_gain(sources[i]) < GAIN for i in kernels) < 2:
        return set()
    return {i for i, n in enumerate(norms) if 0.0 < n < bound and sources[i].kind == "variable"}


def biases(sources: Sequence[Any]) -> list[int]:
    """The sources that are the bias of a kernel, as far as their order and their shapes tell: each behind its kernel, or all of them behind all of the kernels."""
    kernels = [i for i, s in enumerate(sources) if s.kind == "variable" and len(s.shape or ()) > 1]
    vectors = [i for i, s in enumerate(sources) if s.kind == "variable" and len(s.shape or ()) == 1]
    behind = {k + 1 for k in kernels}
    beside = [i for i in vectors if i in behind and sources[i - 1].shape[-1] == sources[i].shape[0]]
    if beside:
        return beside
    in_order = len(kernels) == len(vectors) and all(sources[k].shape[-1] == sources[v].shape[0] for k, v in zip(kernels, vectors, strict=True))
    return vectors if in_order else []


def _gain(source: Any) -> float:
    """How large what a layer makes is beside what goes in, as far as its weights tell."""
    size = source.value.size if source.value is not None and source.value.finite else 0
    return float(source.value.norm) / math.sqrt(source.shape[-1]) if size and source.value.norm and source.shape[-1] else 1.0


def sizes_of(run: Any, noise: bool = True) -> tuple[Size | None, ...]:
    """See `sizes`, for a run of a recording."""
    target = run.target_value
    return sizes(run.sources, run.gradients, noise, target if target is not None and math.isfinite(target) else None)


def _unmoved(dtype: str) -> float:
    return HOPELESS * min(NOISE.get(dtype, 0.0), NOISE["float32"])


def are_faint(sources: Sequence[Any], gradients: Sequence[Any]) -> bool:
    """Whether the gradients of a call are all so small beside their variables that nothing but rounding may be left of them, or one is ten times smaller."""
    beside = [n / b for n, b in zip(map(_norm, gradients), lengths(sources), strict=False) if n and b]
    return bool(beside) and (max(beside) < FAINT or min(beside) < 0.1 * FAINT)


def _norm(gradient: Any) -> float | None:
    numbers = gradient.numbers
    if numbers is None or not numbers.finite or not math.isfinite(numbers.norm):
        return None
    return float(numbers.norm)


def limits(sources: Sequence[Any]) -> tuple[float, ...]:
    """For each source the norm above which its gradient counts as exploding; infinite where that cannot be told."""
    return tuple(math.inf if b is None else EXPLODING * b for b in lengths(sources))


def lengths(sources: Sequence[Any]) -> list[float | None]:
    """For each source what the norm of a gradient or a step is compared with: the norm of its variable, or for a variable near zero of one as large as the others of the call are on average."""
    known = [s for s in sources if s.kind == "variable" and s.trainable and s.value is not None and s.value.finite and math.isfinite(s.value.norm)]
    count = sum(s.value.size for s in known)
    typical = math.sqrt(sum(s.value.norm**2 for s in known) / count) if count else 0.0
    typical = typical or 1.0
    is_known = {id(s) for s in known}
    return [max(s.value.norm, typical * math.sqrt(s.value.size)) or None if id(s) in is_known else None for s in sources]
