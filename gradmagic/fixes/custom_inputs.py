"""Which inputs of a custom gradient need a gradient: None is right for a number, and for what only the gradient function reads."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.code import Code, parameters_of
from gradmagic.fixes.derive import Derivation
from gradmagic.locate.paths import values_behind
from gradmagic.recording import Op, Recording, has_gradient_dtype


def with_none(recording: Recording, code: Code, function: cst.FunctionDef, result: Derivation, given: list[cst.BaseExpression], op: Op | None) -> str | None:
    """The gradients that are returned, each for its input, and None for the other inputs; nothing where it is not sure which is for which."""
    if op is None or not given or function.params.star_arg is not cst.MaybeSentinel.DEFAULT or function.params.kwonly_params:
        return None
    inputs = list(zip(parameters_of(function), op.inputs, strict=False))
    needed = [parameter for parameter, key in inputs if result.depends(parameter) and _varies(recording, key)]
    if len(needed) != len(given) or len(needed) == len(inputs):
        return None
    rest = iter(given)
    return ", ".join(code.bare(next(rest)) if parameter in needed else "None" for parameter, _ in inputs)


def _varies(recording: Recording, key: int) -> bool:
    """Whether an input is a float that a source of a gradient call, or a variable, is behind."""
    tensor = recording.tensors.get(key)
    if tensor is not None and not has_gradient_dtype(tensor.dtype):
        return False
    sources = {s.id for run in recording.runs for s in run.sources}
    return any(i in sources or i in recording.variables or ((t := recording.tensors.get(i)) is not None and t.variable is not None) for i in values_behind(recording, key))
