"""The line of the user's cells that made data which are not finite of data that are: a quotient, or a logarithm, of 0."""

from __future__ import annotations

import builtins
import dataclasses
import math
from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.calls import Place, rest_of, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, cells, code_at, fix, last_name, names_in
from gradmagic.fixes.data import given, one_more
from gradmagic.fixes.flow import targets_of, values_of
from gradmagic.fixes.mapped import FAR, LEAST, LOGARITHMS, called_from, is_reduced, steps_in
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.negative_powers import base_of, is_defined, powers_in, zero_at_zero
from gradmagic.fixes.reached import handed_to
from gradmagic.recording import Numbers, Recording, Span, Tensor
from gradmagic.report import Fix

SPREADS = ("std", "nanstd", "ptp", "reduce_std", "norm")
# What else makes NaN or infinities of finite numbers, by their sign or size or by what is missing.
RISKY = frozenset(
    {"sqrt", "power", "pow", "float_power", "exp", "expm1", "exp2", "log1p", "divide", "true_divide", "reciprocal", "inv", "solve"}
    | {"arcsin", "arccos", "arctanh", "arccosh", "asin", "acos", "atanh", "acosh"}
    | {"pct_change", "shift", "rolling", "reindex", "merge", "join", "pivot", "resample", "interp", "corrcoef", "corr", "concat", "loadtxt", "genfromtxt", "read_csv", "load", "map_coordinates"}
)


@dataclasses.dataclass(frozen=True)
class Step:
    """What is not finite at 0. `seen` is the name of an array that holds the 0; `local` is set in a function that the line calls."""

    code: Code
    node: cst.Call | cst.BinaryOperation | cst.AugAssign
    seen: str | None
    local: bool


@dataclasses.dataclass(frozen=True)
class _Line:
    """An assignment whose result may be the first that is not finite; `closed` where all that it computes with is known to be finite."""

    code: Code
    node: cst.BaseExpression | cst.AugAssign
    closed: bool


def first_not_finite(recording: Recording, training: Place, reader: Place, tensor: Tensor | None) -> Step | None:
    """The one step that can have made the data of a training call, or of the line that reads them, not finite."""
    if not recording.arrays:
        return None
    code = code_at(recording, reader)
    statement = code.statement_at(reader) if code is not None and reader is not None else None
    names = given(recording, training) | ({tensor.name} if tensor is not None and tensor.name else set())
    if code is not None and statement is not None:
        names |= {n for loop in (statement, *code.around(statement)) if isinstance(loop, cst.For) for n in names_in(loop.iter)}
        names |= _spoiled(recording, names_in(statement) | _handed_in(recording, code, statement))
    lines = list(_lines(recording, names, set()))
    steps = [s for line in lines for s in _steps(recording, line)]
    seen = [s for s in steps if s.seen is not None]
    if seen:
        return seen[0] if len({id(s.node) for s in seen}) == 1 else None
    if len(lines) != 1 or not lines[0].closed:
        return None
    line = lines[0]
    data = [recording.arrays[n] for n in names_in(line.node) if n in recording.arrays]
    steps = [s for s in steps if base_of(s.node) is None or is_defined(s.code, s.node, data)]  # type: ignore[arg-type]
    if any(_is_risky(c, n, [s.node for s in steps]) for c, n in [(line.code, line.node), *called_from(recording, _called(line))]):
        return None
    numbers = tensor.numbers if tensor is not None else None
    infinite = bool(numbers.infs) if numbers is not None else tensor is not None and tensor.norm == math.inf
    logarithms = [s for s in steps if isinstance(s.node, cst.Call)]
    if len(logarithms) == 1 and infinite:
        # Of finite positive numbers a quotient is infinite, too; the logarithm of it is what 0 makes infinite.
        steps = logarithms
    return steps[0] if len(steps) == 1 else None


def _spoiled(recording: Recording, names: set[str]) -> set[str]:
    return {n for n in names if (numbers := recording.arrays.get(n)) is not None and not numbers.finite}


def _handed_in(recording: Recording, code: Code, statement: cst.CSTNode) -> set[str]:
    """The names outside of all functions that the parameters in a statement of a function stand for."""
    found, waiting, known = set[str](), [(code.function(statement), names_in(statement))], cells(recording)
    for _ in range(FAR):
        more = []
        for function, names in waiting:
            if function is None:
                continue
            for other, call in [(o, c) for o in known for c in o.all(cst.Call) if last_name(c.func) == function.name.value]:
                given = {n for name, value in handed_to(function, call) if name in names for n in names_in(value)}
                found |= given
                more.append((other.function(call), given))
        waiting = more
    return found


def made_here(step: Step, recording: Recording) -> tuple[Span, str]:
    """The place of a step, and what is known of it."""
    place = step.code.span(step.node)
    power = isinstance(step.node, cst.BinaryOperation) and isinstance(step.node.operator, cst.Power)
    what = f"`{last_name(step.node.func)}` of 0 is infinite" if isinstance(step.node, cst.Call) else "a negative power of 0 is infinite" if power else "a division by 0 is not finite"
    if step.seen is None:
        return place, f"the arrays that come in here are finite, and {what}"
    numbers = recording.arrays[step.seen]
    return place, f"`{step.seen}` is 0 in {numbers.zeros} of {numbers.size} elements, and {what}"


def guarded(recording: Recording, step: Step | None) -> tuple[Fix, ...]:
    """The divisor, or what a logarithm is taken of, kept away from 0."""
    if step is None:
        return ()
    code, node, names = step.code, step.node, names_of(recording)
    mixed = names.tf is not None and names.tf in names_in(code.function(node) or code.statement(node) or node)
    if base_of(node) is not None and not isinstance(node, cst.AugAssign):
        return zero_at_zero(code, node, names) if not mixed else ()
    if isinstance(node, cst.Call):
        return _logarithm(code, node, names, step)
    divisor = node.value if isinstance(node, cst.AugAssign) else node.right
    new = _divisor(code, divisor, names)
    if new is None or mixed:
        return ()
    if isinstance(node, cst.AugAssign):
        new = code.bare(code.expression(new))
    return fix("keep the divisor away from 0", "unsafe", (code, Change().replace(divisor, code.expression(new))))


def of_one_more(recording: Recording, step: Step | None) -> tuple[Fix, ...]:
    """The logarithm of an array of counts, which holds 0, as that of one more."""
    numbers = recording.arrays.get(step.seen) if step is not None and step.seen is not None else None
    if step is None or numbers is None or numbers.min < 0.0 or not isinstance(step.node, cst.Call) or base_of(step.node) is not None or len(step.node.args) != 1:
        return ()
    return one_more(step.code, step.node)


def _logarithm(code: Code, node: cst.Call, names: Names, step: Step) -> tuple[Fix, ...]:
    root, x = names.module(node.func).partition(".")[0], text_of(code, node, 0, "x")
    # The logarithm of one more is another number for all elements: it is meant for counts, which begin at 0.
    if x is None or (not step.local and step.seen is not None):
        return ()
    largest = {"numpy": f"{names.numpy}.maximum", "tensorflow": names.function("maximum", node.func), "math": "max"}.get(root)
    if largest is None:
        return ()
    new = f"{code.text(node.func)}({largest}({x}, {LEAST}){rest_of(code, node, 1, 'x')})"
    return fix(f"keep the argument of `{last_name(node.func)}` above 0", "unsafe", (code, Change().replace(node, code.expression(new))))


def _divisor(code: Code, divisor: cst.BaseExpression, names: Names) -> str | None:
    text = code.bare(divisor)
    spread = divisor.operator if isinstance(divisor, cst.BinaryOperation) else None
    if isinstance(spread, cst.Subtract) or is_reduced(code, divisor) or _is_spread(code, divisor):
        return f"({text if isinstance(spread, cst.Subtract) else atom(text)} + 1e-8)"
    if code.all(cst.Call, divisor) or names.numpy is None:
        return None
    return f"{names.numpy}.where({atom(text)} == 0, 1, {text})"


def _is_spread(code: Code, divisor: cst.BaseExpression) -> bool:
    """Whether a name is given the result of a function that measures a spread, also beside others."""
    made = [v for t, v in values_of(code, divisor.value) if isinstance(t, cst.Name)] if isinstance(divisor, cst.Name) else []
    return bool(made) and all(isinstance(v, cst.Call) and last_name(v.func) in SPREADS for v in made)


def _lines(recording: Recording, names: set[str], seen: set[str]) -> Iterator[_Line]:
    """The assignments behind names that are not known to be finite, back to where all operands are."""
    known = names_of(recording)
    functions = {f.name.value for c in cells(recording) for f in c.all(cst.FunctionDef)} | {k.name.value for c in cells(recording) for k in c.all(cst.ClassDef)}
    plain = set(known.aliases) | functions | set(dir(builtins))
    for name in sorted(names - plain):
        if name in seen:
            continue
        seen.add(name)
        numbers = recording.arrays.get(name)
        if numbers is not None and numbers.finite:
            continue
        made: list[tuple[Code, cst.BaseExpression | cst.AugAssign]]
        made = [(c, v) for c in cells(recording) for _, v in values_of(c, name) if c.function(v) is None]
        # `x /= std` has the result that `x = x / std` has.
        made += [(c, a) for c in cells(recording) for a in c.all(cst.AugAssign) if c.function(a) is None and name in targets_of(a.target)]
        for code, value in made:
            operands = names_in(value) - plain - _own(code, value)
            spoiled = {n for n in operands - {name} if (of := recording.arrays.get(n)) is not None and not of.finite}
            if spoiled:
                yield from _lines(recording, spoiled, seen)
                continue
            unknown = operands - set(recording.arrays)
            yield _Line(code, value, len(made) == 1 and name not in operands and bool(operands) and not unknown)
            yield from _lines(recording, unknown, seen)


def _own(code: Code, value: cst.CSTNode) -> set[str]:
    """The names that comprehensions and lambdas of an expression make for themselves."""
    loops = {n for c in code.all(cst.CompFor, value) for n in names_in(c.target)}
    return loops | {p.name.value for p in code.all(cst.Param, value)}


def _steps(recording: Recording, line: _Line) -> Iterator[Step]:
    code = line.code
    unseen = dict.fromkeys([*steps_in(code, code.module, line.node), *powers_in(code, code.module, line.node)])
    yield from (Step(code, n, None, local=False) for n in unseen if _operand(recording, n)[0] is None)
    for node in (*code.all(cst.Call, line.node), *code.all(cst.BinaryOperation, line.node), *code.all(cst.AugAssign, line.node)):
        numbers, name = _operand(recording, node)
        if numbers is not None and (numbers.zeros or (isinstance(node, cst.Call) and numbers.min < 0.0)):
            yield Step(code, node, name if numbers.zeros else None, local=False)  # type: ignore[arg-type]
    for where, function in called_from(recording, _called(line)):
        for node in dict.fromkeys([*steps_in(where, function), *powers_in(where, function)]):
            yield Step(where, node, None, local=True)


def _is_risky(code: Code, node: cst.CSTNode, steps: list[cst.CSTNode]) -> bool:
    """Whether something in an expression or a function makes numbers not finite in another way than by one of the steps."""
    known = [*steps, *(s.right for s in steps if isinstance(s, cst.BinaryOperation) and base_of(s) is not None)]
    return any(last_name(c.func) in RISKY and c not in known for c in code.all(cst.Call, node)) or any(
        isinstance(n.operator, cst.Power) and not isinstance(n.right, cst.Integer) and n not in known for n in code.all(cst.BinaryOperation, node)
    )


def _called(line: _Line) -> set[str]:
    """What a line mentions, and the functions and methods that it calls."""
    return names_in(line.node) | {last_name(c.func) for c in line.code.all(cst.Call, line.node)}


def _operand(recording: Recording, node: cst.CSTNode) -> tuple[Numbers | None, str | None]:
    """What is known of the divisor, or of what a logarithm is taken of: the array of a name that is given a value once."""
    operand = base_of(node)
    if isinstance(node, cst.Call) and last_name(node.func) in LOGARITHMS and node.args:
        operand = node.args[0].value
    elif operand is None and isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
        operand = node.right
    elif isinstance(node, cst.AugAssign) and isinstance(node.operator, cst.DivideAssign):
        operand = node.value
    if not isinstance(operand, cst.Name):
        return None, None
    made = [v for c in cells(recording) for v in values_of(c, operand.value)]
    return (recording.arrays.get(operand.value), operand.value) if len(made) == 1 else (None, None)
