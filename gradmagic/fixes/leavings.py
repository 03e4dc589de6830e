"""The other calls beside one that takes a value out of TensorFlow: an edit that leaves them would not hold."""

from __future__ import annotations

import libcst as cst

from gradmagic.definitions import leads_to
from gradmagic.fixes.code import Code, last_name
from gradmagic.fixes.names import Names
from gradmagic.fixes.numpy_table import MATH, counterpart
from gradmagic.locate.paths import values_behind
from gradmagic.recording import GradientRun, Recording

# What has no gradient in TensorFlow either.
FLAT = ("argsort", "argmax", "argmin", "sign", "round", "floor", "ceil", "heaviside")


def calls_beside(recording: Recording, code: Code, names: Names, region: cst.CSTNode, run: GradientRun | None) -> list[cst.Call]:
    """The calls of `math` and NumPy in a region that were handed tensors, whose result goes on to the target, and for which there is a function with a gradient."""
    if run is None or run.span is None:
        return []
    handed = {s: (s.line, s.column, s.end_line, s.end_column) for e in recording.escapes if (s := e.span) is not None and s.cell == code.cell}
    places = {place: span for span, place in handed.items()}
    used = [run.span, *(op.span for t in run.targets for key in values_behind(recording, t.id) if (op := recording.producer.get(key)) is not None)]
    found = []
    for call in code.all(cst.Call, region):
        span = places.get((*code.start(call), *code.end(call)))
        module, _, name = names.module(call.func).partition(".")
        known = name in MATH if module == "math" else module in ("numpy", "scipy")
        if span is not None and known and last_name(call.func) not in FLAT and counterpart(name, names.tf, names.ops, names.tf is None) is not None and leads_to(recording, span, used):
            found.append(call)
    return found
