"""A learning rate that code of the user's gives the optimizer, turn after turn: a callback's function, an assignment."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, dotted, fix, last_name
from gradmagic.fixes.flow import assignments_of, pairs_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.whole_numbers import KEEPS, with_fraction
from gradmagic.recording import Recording, Span
from gradmagic.report import Fix

RATES = ("learning_rate", "lr")
Given = tuple[Code, cst.BaseExpression]


def rate_set_by(recording: Recording) -> tuple[str, Span] | None:
    """What sets the rate of an optimizer that was made with one above 0, as code and place; None where nothing or more than one does."""
    found = _setters(recording)
    if len(found) != 1 or not all(_is_above_zero(recording, code, call) for code, call in _made(recording)):
        return None
    code, node = found[0]
    text = code.text(node)
    return text if len(text) <= 60 else text[:59] + "…", code.span(node)


def fraction_kept(recording: Recording) -> tuple[Fix, ...]:
    """`base * (epoch // warmup)`, a rate of 0 for all of the warm-up → `base * ((epoch + 1) / warmup)`; `base * 0.5 ** epoch // 10` → `base * 0.5 ** (epoch // 10)`."""
    found = _only_division(recording)
    if found is None:
        return ()
    code, division, function = found
    exponent = _last_exponent(division.left)
    if exponent is not None:
        change = Change().replace(exponent, code.expression(f"({atom(code.bare(exponent))} // {code.text(division.right)})"))
        return fix("divide the exponent alone, and not what it makes", "unsafe", (code, change.replace(division, lambda n: n.left)))  # type: ignore[attr-defined]
    if _is_decay(code, division.left):
        return ()
    change = Change().replace(division, lambda n: with_fraction(n))  # type: ignore[arg-type]
    first = function.params.params[0].name.value if isinstance(function, (cst.FunctionDef, cst.Lambda)) and function.params.params else ""
    # Keras counts epochs from 0, where the fraction would still be 0.
    for node in _factors(division.left):
        if isinstance(node, cst.Name) and node.value == first:
            change.replace(node, code.expression(f"({first} + 1)"))
    return fix(KEEPS, "unsafe", (code, change))


def how_it_is_zero(recording: Recording) -> str | None:
    """What a division by `//` does to the rate; None where there is not just one."""
    found = _only_division(recording)
    if found is None:
        return None
    code, division, _ = found
    exponent = _last_exponent(division.left)
    below = code.text(division.right)
    if exponent is not None:
        return f"`//` divides all of `{code.bare(division.left)}`, which is rounded down to 0 where it is below `{below}`: in parentheses, `({code.bare(exponent)} // {below})` is the exponent alone"
    return f"`{code.bare(division)}` is 0 as long as `{code.bare(division.left)}` is below `{below}`: `/` keeps the fraction"


def _only_division(recording: Recording) -> tuple[Code, cst.BinaryOperation, cst.CSTNode] | None:
    divisions = {id(n): (code, n, f) for setter in _setters(recording) for code, n, f in _whole_factors(recording, *setter)}
    return next(iter(divisions.values())) if len(divisions) == 1 else None


def _factors(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    return [*_factors(node.left), *_factors(node.right)] if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply) else [node]


def _last_exponent(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """The exponent that stands right before what comes behind an expression, without a parenthesis between the two."""
    last = _factors(node)[-1]
    if node.lpar or not isinstance(last, cst.BinaryOperation) or not isinstance(last.operator, cst.Power) or last.lpar:
        return None
    return last.right if not isinstance(last.right, cst.BaseNumber) else None


def _is_decay(code: Code, node: cst.BaseExpression) -> bool:
    """Whether a power makes an expression smaller and smaller: what is to be divided, it or its exponent, is the author's to say."""
    powers = [n for n in code.all(cst.BinaryOperation, node) if isinstance(n.operator, cst.Power)]
    return bool(powers) or any(last_name(c.func) in ("pow", "power", "exp") for c in code.all(cst.Call, node))


def _setters(recording: Recording) -> list[Given]:
    """The functions of `LearningRateScheduler`, what a `LearningRateSchedule` gives, and the values that `optimizer.learning_rate` is given."""
    found: list[Given] = []
    for code in cells(recording):
        for call in code.all(cst.Call):
            if last_name(call.func) == "LearningRateScheduler" and (schedule := argument(call, 0, "schedule")) is not None:
                found.append((code, schedule.value))
            elif last_name(call.func) == "assign" and isinstance(call.func, cst.Attribute) and isinstance(call.func.value, cst.Attribute) and call.func.value.attr.value in RATES and call.args:
                found.append((code, call.args[0].value))
        for owner in code.all(cst.ClassDef):
            if any(last_name(b.value) == "LearningRateSchedule" for b in owner.bases):
                called = [f for f in code.all(cst.FunctionDef, owner) if f.name.value == "__call__"]
                found += [(code, r.value) for f in called for r in code.all(cst.Return, f) if r.value is not None and code.function(r) is f]
        for assign in code.all(cst.Assign):
            target = assign.targets[0].target
            if isinstance(target, cst.Attribute) and target.attr.value in RATES and "optimizer" in dotted(target.value):
                found.append((code, assign.value))
    return found


def _whole_factors(recording: Recording, code: Code, node: cst.BaseExpression, depth: int = 0) -> list[tuple[Code, cst.BinaryOperation, cst.CSTNode]]:
    """The divisions by `//` that are factors of a value, or the value itself, through names and functions of the notebook's."""
    if isinstance(node, cst.BinaryOperation):
        if isinstance(node.operator, cst.FloorDivide):
            return [(code, node, next((n for n in code.around(node) if isinstance(n, (cst.FunctionDef, cst.Lambda))), code.module))]
        if isinstance(node.operator, cst.Multiply):
            return [f for side in (node.left, node.right) for f in _whole_factors(recording, code, side, depth)]
        return []
    if depth > 4:
        return []
    if isinstance(node, cst.Lambda):
        return _whole_factors(recording, code, node.body, depth + 1)
    name = last_name(node.func) if isinstance(node, cst.Call) else last_name(node)
    if isinstance(node, cst.Call) and name == "cast" and node.args:
        return _whole_factors(recording, code, node.args[0].value, depth + 1)
    found = []
    for other in cells(recording) if name else ():
        for function in other.all(cst.FunctionDef):
            if function.name.value == name:
                returns = [r.value for r in other.all(cst.Return, function) if r.value is not None and other.function(r) is function]
                found += [f for r in returns for f in _whole_factors(recording, other, r, depth + 1)]
    if isinstance(node, cst.Name):
        for assign in assignments_of(code, name, code.scope(node)):
            found += _whole_factors(recording, code, assign.value, depth + 1)
    return found


def _made(recording: Recording) -> list[tuple[Code, cst.Call]]:
    names = names_of(recording)
    return [(code, c) for code in cells(recording) for c in code.all(cst.Call) if (module := names.module(c.func).split(".")) and "optimizers" in module and "schedules" not in module]


def _is_above_zero(recording: Recording, code: Code, call: cst.Call) -> bool:
    """Whether an optimizer is made with a rate above 0 as far as the code shows: a number, a name for one, or none, which is the default."""
    rate = argument(call, 0, *RATES)
    if rate is None:
        return True
    values = [rate.value]
    if isinstance(rate.value, cst.Name):
        values = [v for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if dotted(t) == rate.value.value]
    return bool(values) and all(isinstance(v, (cst.Float, cst.Integer)) and float(v.value) > 0.0 for v in values)
