"""Networks whose output is an exponent, on inputs far from 1: counts and other amounts go in as their logarithms, the rest is brought to mean 0 and spread 1."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, same
from gradmagic.fixes.far_data import far_behind
from gradmagic.fixes.flow import reads_of
from gradmagic.fixes.magnitudes import kind_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.origins import Made, origin
from gradmagic.fixes.standard import TRAINING, standardised_behind
from gradmagic.recording import GradientRun, Numbers, Op, Recording
from gradmagic.report import Fix

EXPONENTIALS = ("Exp", "Expm1")
RUNNING = (*TRAINING, "predict", "evaluate", "predict_on_batch", "test_on_batch")


def smaller_inputs(recording: Recording, run: GradientRun | None, op: Op | None) -> tuple[Fix, ...]:
    """`model.fit(counts, counts)` → `model.fit(np.log1p(counts), counts)`, where weights of ordinary size made an exponent of more than 88 of what goes in."""
    if run is None or run.turn or op is None or op.type not in EXPONENTIALS or (data := far_behind(recording, op.inputs[0])) is None:
        return ()
    given = _given(recording, run)
    made = origin(recording, *given) if given is not None else None
    numbers = recording.arrays.get(made.name) if made is not None else None
    if given is None or made is None or numbers is None:
        return ()
    if _is_an_amount(numbers):
        return _logarithms(recording, given, made)
    return standardised_behind(recording, made, len(data.shape or ())) if not _is_read_otherwise(given) else ()


def _given(recording: Recording, run: GradientRun) -> tuple[Code, cst.Name] | None:
    """The name that a model is given as its one input: by a training call, or where the model is called."""
    places = [run.span] if run.kind.startswith("keras") else [m.span for m in recording.models if m.seq < run.seq]
    found: dict[cst.CSTNode, tuple[Code, cst.Name]] = {}
    for place in places:
        code = code_at(recording, place)
        for call in code.expressions_at(place)[:1] if code is not None and place is not None else ():
            first = argument(call, 0, "x", "inputs") if isinstance(call, cst.Call) else None
            if code is not None and first is not None and isinstance(first.value, cst.Name):
                found[first.value] = (code, first.value)
    return next(iter(found.values())) if len(found) == 1 else None


def _is_an_amount(numbers: Numbers) -> bool:
    """Whether an array is one of counts, sizes or prices: never below 0, and spread over more than one order."""
    return numbers.min >= 0.0 and numbers.std > numbers.mean / 2.0


def _model_of(call: cst.Call) -> cst.BaseExpression:
    return call.func.value if isinstance(call.func, cst.Attribute) and call.func.attr.value in RUNNING else call.func


def _logarithms(recording: Recording, given: tuple[Code, cst.Name], made: Made) -> tuple[Fix, ...]:
    """The logarithm of one more, which is 0 at 0, wherever the same model is given the same name."""
    code, name = given
    call = code.enclosing(name, cst.Call)
    names = names_of(recording)
    inside = call is not None and last_name(call.func) not in TRAINING
    whole = "tensor" if inside else kind_of(recording, names, made.assign.value)
    log = f"{names.tf}.math.log1p" if whole == "tensor" and names.tf else f"{names.numpy}.log1p" if whole == "array" and names.numpy else None
    if call is None or log is None:
        return ()
    changes: dict[int, tuple[Code, Change]] = {}
    for other in cells(recording):
        for again in other.all(cst.Call):
            first = argument(again, 0, "x", "inputs")
            if (
                first is not None
                and same(first.value, name)
                and same(_model_of(again), _model_of(call))
                and (last_name(again.func) in RUNNING or not isinstance(again.func, cst.Attribute) or again is call)
            ):
                changes.setdefault(id(other), (other, Change()))[1].replace(first.value, other.expression(f"{log}({name.value})"))
    return fix(f"give `{dotted(_model_of(call))}` the logarithms of `{name.value}`", "unsafe", *changes.values())


def _is_read_otherwise(given: tuple[Code, cst.Name]) -> bool:
    """Whether the call, or the block of the tape around it, reads the name of an input besides: as a target."""
    code, name = given
    scope = code.enclosing(name, cst.With) or code.enclosing(name, cst.Call)
    return scope is not None and any(node is not name for node in reads_of(code, name.value, scope))
