"""A schedule that is given the rate of the turn before and takes it for the first one: its decay is applied to what it has decayed already."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.optimizers import optimizer_calls
from gradmagic.recording import Recording
from gradmagic.report import Fix

RATES = ("learning_rate", "lr")


def compounds(recording: Recording) -> bool:
    """Whether a schedule of the notebook's multiplies the rate of the turn before with what depends on the epoch."""
    return bool(_found(recording))


def from_the_first_rate(recording: Recording) -> tuple[Fix, ...]:
    """`def schedule(epoch, lr): return lr * 0.5 ** epoch` → `return 0.05 * 0.5 ** epoch`, with the rate that the optimizer is made with."""
    found, rates = _found(recording), _rates(recording)
    if len({id(n) for _, n in found}) != 1 or len(rates) != 1:
        return ()
    code, rate = found[0]
    return fix("let the schedule begin at the first rate: it is given the rate that it gave before", "unsafe", (code, Change().replace(rate, code.expression(rates.pop()))))


def _found(recording: Recording) -> list[tuple[Code, cst.Name]]:
    found = []
    for code in cells(recording):
        for call in code.all(cst.Call):
            given = argument(call, 0, "schedule") if last_name(call.func) == "LearningRateScheduler" else None
            if given is not None:
                found += _compounded(recording, code, given.value)
    return found


def _compounded(recording: Recording, code: Code, given: cst.BaseExpression) -> list[tuple[Code, cst.Name]]:
    """The factor that stands for the rate, beside one that the number of the epoch is in."""
    if isinstance(given, cst.Lambda):
        return _factor(code, given, given.body)
    functions = [(c, f) for c in cells(recording) for f in c.all(cst.FunctionDef) if isinstance(given, cst.Name) and f.name.value == given.value]
    if len(functions) != 1:
        return []
    where, function = functions[0]
    returned = [r.value for r in where.all(cst.Return, function) if r.value is not None and where.function(r) is function]
    return [f for value in returned for f in _factor(where, function, value)]


def _factor(code: Code, function: cst.FunctionDef | cst.Lambda, value: cst.BaseExpression) -> list[tuple[Code, cst.Name]]:
    parameters = [p.name.value for p in function.params.params]
    if len(parameters) != 2:
        return []
    epoch, rate = parameters
    if isinstance(value, cst.Call) and last_name(value.func) in ("float", "max") and value.args:
        value = value.args[0].value
    if isinstance(value, cst.Name) and isinstance(function, cst.FunctionDef):
        made = assignments_of(code, value.value, function)
        value = made[0].value if len(made) == 1 else value
    reads = reads_of(code, rate, function.body)
    factors = _factors(value)
    first = next((n for n, power in factors if isinstance(n, cst.Name) and n.value == rate and power > 0), None)
    others = {name for n, _ in factors if n is not first for name in names_in(n)}
    return [(code, first)] if isinstance(first, cst.Name) and len(reads) == 1 and epoch in others else []


def _factors(node: cst.BaseExpression, power: int = 1) -> list[tuple[cst.BaseExpression, int]]:
    """The factors of a product, and its divisors (-1)."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Multiply, cst.Divide)):
        return [*_factors(node.left, power), *_factors(node.right, power if isinstance(node.operator, cst.Multiply) else -power)]
    return [(node, power)]


def _rates(recording: Recording) -> set[str]:
    """The rates that optimizers are made with, where they are numbers."""
    rates = [(code, rate.value) for code, call in optimizer_calls(recording) if (rate := argument(call, 0, *RATES)) is not None]
    plain = all(isinstance(rate, (cst.Float, cst.Integer, cst.Name)) for _, rate in rates)
    return {code.text(rate) for code, rate in rates} if plain else set()
