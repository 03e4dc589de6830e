"""The catalogue: every rule in the order in which it is asked. The first that recognises a fault explains it.

A rule is a module with its page as docstring, `explain(fault, recording) -> Finding | None` and, where there is an edit that repairs it,
`fixes(fault, recording, found) -> tuple[Fix, ...]`.
"""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix

# The most specific rule of each family first, the honest one that knows nothing last.
CATALOGUE = (
    "error/graph-api-in-eager",  # tf.gradients raises before anything is differentiated
    "error/tape-used-twice",  # the tape is empty: nothing about the path can be known
    "error/source-not-tensor",  # TensorFlow fails on the source before it looks at the target
    "error/target-not-recorded",
    "error/no-gradient-registered",  # an op of the path
    "error/no-gradients-provided",  # the optimizer, after a gradient call that went well
    "error/unknown-variable",
    "error/gradient-shape-mismatch",
    "error/no-loss",
    "error/unexplained",
    "zero/hidden-none",  # a None in disguise: names the rule under it
    "none/stop-gradient",  # one op, one meaning
    "none/left-tensorflow",  # py_function and escapes before the general rule for ops
    "none/non-float-dtype",  # a cast says more than "not differentiable"
    "none/non-differentiable-op",
    "none/custom-gradient-none",  # the op has a gradient, this input has none
    "none/state-assignment",
    "none/variable-replaced",  # before not-watched: the tensor is not watched because it is no variable any more
    "none/different-object",
    "none/outside-tape",
    "none/not-watched",
    "none/branch-not-taken",  # before unused-variable: it says why the variable was not read
    "none/constant-target",
    "none/discarded-result",
    "none/unused-variable",
    "none/unexplained",
    "zero/untaken-graph-branch",
    "zero/single-unit-softmax",  # before saturation: its output is always 1
    "zero/dead-activation",
    "zero/rows-not-selected",
    "zero/underflow",  # before stationary: the true product is not zero
    "zero/clipped",
    "zero/zero-derivative-op",
    "zero/saturated-activation",
    "zero/masked-out",
    "zero/stationary-point",
    "zero/unexplained",
    "nonfinite/bad-variable-value",  # it was bad before this step
    "nonfinite/loss-only",
    "nonfinite/overflow",  # before the general rules: the true value exists and is too large
    "nonfinite/where-trap",  # before those that follow: the same numbers and a selection behind them
    "nonfinite/bad-input-data",
    "nonfinite/invalid-forward-value",
    "nonfinite/infinite-derivative",
    "nonfinite/unexplained",
    "scale/vanishing-through-depth",
    "scale/exploding-through-depth",
    "scale/near-singular",  # before the general factor: it names the point
    "scale/unscaled-loss-or-data",
    "scale/unexplained",
    "wrong/custom-gradient-mismatch",
    "wrong/nonsmooth-point",
    "wrong/unexplained",
    "step/gradients-zipped-out-of-order",
    "step/silently-skipped",
    "step/gradients-not-applied",
    "step/skipped-by-loss-scale",
    "step/untracked-variable",
    "step/trained-another-object",
    "step/update-without-effect",
    "step/recreated-every-step",
    "step/updated-twice",
    "step/stale-capture",
    "step/update-destroys-weights",
)


def module_of(rule: str) -> ModuleType:
    """The module of a rule."""
    return importlib.import_module("gradmagic.rules." + rule.replace("/", ".").replace("-", "_"))


def pages() -> dict[str, str]:
    """The long page of every rule."""
    return {rule: inspect.cleandoc(module_of(rule).__doc__ or "") for rule in CATALOGUE}


def summary_of(rule: str) -> str:
    """The first line of a rule's page."""
    return inspect.cleandoc(module_of(rule).__doc__ or "").partition("\n")[0]


def explain(fault: Fault, recording: Recording) -> Finding | None:
    """The first answer of the catalogue's rules for this kind of fault."""
    for rule in CATALOGUE:
        family = rule.partition("/")[0]
        if family != fault.kind and not (family == "zero" and fault.kind == "none" and fault.hidden):
            continue
        found: Finding | None = module_of(rule).explain(fault, recording)
        if found is not None:
            return found
    return None


def fixes_of(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that a rule offers for what it found, best first, each once."""
    make = getattr(module_of(found.rule), "fixes", None)
    return tuple({f.edits: f for f in reversed(make(fault, recording, found))}.values())[::-1] if make is not None else ()
