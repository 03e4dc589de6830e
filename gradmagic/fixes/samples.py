"""Samples that are drawn around a mean: one that is never read, while what follows goes on with the mean, and one that moves along with it."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in, parameters_of, same
from gradmagic.fixes.flow import assigned, assignments_of, draws, reads_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Fix

DRAWING = ("normal", "uniform", "truncated_normal", "stateless_normal")
Unread = tuple[Code, cst.Assign, str, cst.Name]


def drawn_and_unread(recording: Recording, sources: Iterable[int]) -> tuple[str, Span] | None:
    """The name of a sample that is computed from some variables and that no line reads, though a line behind it reads its mean; and where it is drawn."""
    found = _found(recording, sources)
    if found is None:
        return None
    code, assign, name, _ = found
    return name, code.span(assign)


def sample_for_mean(recording: Recording, sources: Iterable[int]) -> tuple[Fix, ...]:
    """`decoder(mean)` → `decoder(z)`."""
    found = _found(recording, sources)
    if found is None:
        return ()
    code, _, name, read = found
    return fix(f"go on with the sample `{name}`, not with `{read.value}`", "unsafe", (code, Change().replace(read, cst.Name(name))))


def _found(recording: Recording, sources: Iterable[int]) -> Unread | None:
    names, found = names_of(recording), []
    ran = {(op.span.cell, op.span.function) for op in recording.ops if op.span is not None}
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            target, function = assign.targets[0].target, code.function(assign)
            runs = (code.cell, function.name.value) in ran if function is not None else code.cell == "current"
            scope = code.scope(assign)
            if not runs or len(assign.targets) != 1 or not isinstance(target, cst.Name) or reads_of(code, target.value, scope):
                continue
            means = _means(code, assign, names)
            calls = [
                (call.args[0].value, code.start(call))
                for call in code.all(cst.Call, scope)
                if means and len(call.args) and isinstance(call.args[0].value, cst.Name) and call.args[0].value.value in means and _is_own(call, names) and code.start(call) > code.end(assign)
            ]
            here = {(code.cell, n) for n in range(code.start(assign)[0], code.end(assign)[0] + 1)}
            if len(calls) == 1 and isinstance(read := calls[0][0], cst.Name) and _lines_behind(recording, sources) & here:
                found.append((code, assign, target.value, read))
    return found[0] if len(found) == 1 else None


def _lines_behind(recording: Recording, sources: Iterable[int]) -> set[tuple[str | int | None, int]]:
    """The lines whose ops compute with what comes from these variables."""
    waiting, seen, lines = list(sources), set(sources), set()
    while waiting:
        for op in recording.consumers.get(waiting.pop(), ()):
            if op.phase == "forward" and op.span is not None:
                lines.add((op.span.cell, op.span.line))
            waiting += [o for o in op.outputs if o not in seen]
            seen |= set(op.outputs)
    return lines


def _means(code: Code, assign: cst.Assign, names: Names) -> set[str]:
    """The names that noise is added to in `mean + scale * noise`, with the noise drawn there or in a line of its own."""
    value, scope = assign.value, code.scope(assign)
    if not isinstance(value, cst.BinaryOperation) or not isinstance(value.operator, cst.Add):
        return set()
    sides = ((value.left, value.right), (value.right, value.left))
    drawn = {a.targets[0].target.value for a in code.all(cst.Assign, scope) if isinstance(a.targets[0].target, cst.Name) and draws(a.value)}
    return {n for mean, noise in sides if isinstance(mean, cst.Name) and (_draws(code, noise, names) or drawn & names_in(noise)) for n in names_in(mean)}


def _draws(code: Code, node: cst.BaseExpression, names: Names) -> bool:
    return any(last_name(c.func) in DRAWING and "random" in names.module(c.func) for c in code.all(cst.Call, node))


def _is_own(call: cst.Call, names: Names) -> bool:
    """Whether a call is of something of the user's: a model, a layer, a function, and none of a library."""
    return dotted(call.func).partition(".")[0] not in names.aliases


def held_sample(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """`action = mean + std * tf.random.normal(…)` whose own density is differentiated → `action = tf.stop_gradient(…)`: a sample that moves along with the mean has the same density everywhere."""
    found, stop = tape_block(recording, run), names_of(recording).function("stop_gradient")
    if found is None or stop is None:
        return ()
    drawn = [(found[0], a) for a in found[0].all(cst.Assign, found[1].body) if _is_shifted(a) and draws(a.value)] or _compared_with_its_mean(recording, place)
    if len(drawn) != 1:
        return () if drawn else _held_where_judged(recording, found[0], found[1], stop) or _held_of_object(found[0], found[1], stop, names_of(recording))
    code, assign = drawn[0]
    name = code.text(assign.targets[0].target)
    return fix(f"hold `{name}` as it was drawn", "unsafe", (code, Change().replace(assign.value, code.expression(f"{stop}({code.bare(assign.value)})"))))


def _is_shifted(assign: cst.Assign) -> bool:
    return isinstance(assign.value, cst.BinaryOperation) and isinstance(assign.value.operator, cst.Add) and isinstance(assign.targets[0].target, cst.Name)


def _compared_with_its_mean(recording: Recording, place: Place) -> list[tuple[Code, cst.Assign]]:
    """`action = mean + spread * noise` in the function of a place that takes the mean away again: `action - mean`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None:
        return []
    scope = code.scope(statement)
    differences = [n for n in code.all(cst.BinaryOperation, scope) if isinstance(n.operator, cst.Subtract) and isinstance(n.left, cst.Name) and isinstance(n.right, cst.Name)]
    found: list[tuple[Code, cst.Assign]] = []
    for difference in differences:
        made = assignments_of(code, code.text(difference.left), scope)
        value = made[0].value if len(made) == 1 and _is_shifted(made[0]) else None
        if isinstance(value, cst.BinaryOperation) and any(same(side, difference.right) for side in (value.left, value.right)) and (code, made[0]) not in found and _is_weighed(code, difference):
            found.append((code, made[0]))
    return found


def _is_weighed(code: Code, difference: cst.BinaryOperation) -> bool:
    """Whether the density in which a difference stands is multiplied by something, such as a return: of the density alone the mean has no gradient, and needs none."""
    statement = code.statement(difference)
    names = assigned(statement) if statement is not None else set[str]()
    for product in code.all(cst.BinaryOperation, code.scope(difference)):
        sides = (product.left, product.right)
        if isinstance(product.operator, cst.Multiply) and any(names_in(a) & names and names_in(b) - names for a, b in (sides, sides[::-1])):
            return True
    return False


def _held_where_judged(recording: Recording, code: Code, block: cst.With, stop: str) -> tuple[Fix, ...]:
    """`mean, action = policy.act(x)` and `log_prob(mean, action)`, which takes the mean away → `log_prob(mean, tf.stop_gradient(action))`."""
    together = [assigned(a) for a in code.all(cst.Assign, block.body) if isinstance(a.targets[0].target, cst.Tuple) and isinstance(a.value, cst.Call)]
    found: list[cst.Name] = []
    for call in code.all(cst.Call, block.body):
        names = {n.value: n for a in call.args if isinstance(n := a.value, cst.Name)}
        if len(names) < 2 or not any(set(names) <= t for t in together):
            continue
        for other in cells(recording):
            for function in other.all(cst.FunctionDef):
                if function.name.value != last_name(call.func):
                    continue
                given = {p: g.value for i, p in enumerate(parameters_of(function)) if (g := argument(call, i, p)) is not None}
                for difference in other.all(cst.BinaryOperation, function):
                    sample, mean = (given.get(last_name(side)) for side in (difference.left, difference.right))
                    if isinstance(difference.operator, cst.Subtract) and isinstance(sample, cst.Name) and isinstance(mean, cst.Name) and sample not in found:
                        found.append(sample)
    product = code.enclosing(found[0], cst.BinaryOperation) if len(found) == 1 else None
    if product is None or not isinstance(product.operator, cst.Multiply):
        return ()
    name = found[0].value
    return fix(f"hold `{name}` as it was drawn", "unsafe", (code, Change().replace(found[0], code.expression(f"{stop}({name})"))))


def _held_of_object(code: Code, block: cst.With, stop: str, names: Names) -> tuple[Fix, ...]:
    """`action = dist.sample()` and `dist.log_prob(action)`, two methods of one object → `action = tf.stop_gradient(dist.sample())`."""
    found = []
    for assign in code.all(cst.Assign, block.body):
        target, value = assign.targets[0].target, assign.value
        if len(assign.targets) != 1 or not isinstance(target, cst.Name) or not isinstance(value, cst.Call) or not isinstance(value.func, cst.Attribute):
            continue
        judged = [
            call
            for call in code.all(cst.Call, block.body)
            if isinstance(call.func, cst.Attribute)
            and same(call.func.value, value.func.value)
            and last_name(call.func) != last_name(value.func)
            and any(isinstance(a.value, cst.Name) and a.value.value == target.value for a in call.args)
        ]
        if judged and _is_own(value, names) and not same(value.func.value, cst.Name("self")):
            found.append(assign)
    if len(found) != 1:
        return ()
    name = code.text(found[0].targets[0].target)
    return fix(f"hold `{name}` as it was drawn", "unsafe", (code, Change().replace(found[0].value, code.expression(f"{stop}({code.bare(found[0].value)})"))))
