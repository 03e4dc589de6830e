"""Losses that are proportional to a huge constant: a modulus in pascal, a conductivity, a price. They are divided by it."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, dotted, fix, last_name
from gradmagic.fixes.degrees import Degrees
from gradmagic.fixes.equations import NEAR, constants
from gradmagic.fixes.flow import assignments_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

Loss = tuple[Code, cst.BaseExpression]


def divided_by_its_scale(recording: Recording, run: GradientRun | None, factor: float | None) -> tuple[Fix, ...]:
    """`loss = energy(x)` → `loss = energy(x) / E`, where every term of the loss holds `E` in the same power and `E` is about as large as what was measured."""
    if run is None or factor is None:
        return ()
    large = {text: abs(value) for text, value in constants(recording) if 1.0 / NEAR <= abs(factor / value) <= NEAR}
    losses = list(_losses(recording, run))
    if len(losses) != 1:
        return ()
    code, loss = losses[0]
    single = {text: Degrees(recording, frozenset([text])).of(code, loss) for text in large}
    powers = {text: d for text, d in single.items() if d in (1.0, 2.0)}
    # Two moduli of one material are in one unit: each term of a loss may hold another.
    mixed = [text for text, d in single.items() if d is None]
    if not powers and len(mixed) > 1 and (together := Degrees(recording, frozenset(mixed)).of(code, loss)) in (1.0, 2.0):
        powers = {max(mixed, key=large.__getitem__): together}
    text, power = next(iter(powers.items())) if len(powers) == 1 else ("", None)
    place = _where_known(recording, code, loss, text) if text else None
    if place is None:
        return ()
    by = text if power == 1.0 else f"{text} ** 2"
    new = place[0].expression(f"{atom(place[0].text(place[1]))} / {by}")
    return fix(f"divide the loss by `{by}`, which every term of it holds", "unsafe", (place[0], Change().replace(place[1], new)))


def _losses(recording: Recording, run: GradientRun) -> Iterator[Loss]:
    """The expression of what is differentiated: what the target's name is given, or what the loss function returns that `compile` is given."""
    found = asking(recording, run)
    target = argument(found[1], 0, "target", "ys") if found is not None else None
    if found is not None and target is not None:
        code, value = found[0], target.value
        made = assignments_of(code, value.value, code.scope(value)) if isinstance(value, cst.Name) else []
        before = [a for a in made if code.start(a) < code.start(value)]
        yield from [(code, before[-1].value)] if before and len(before) == len(made) else []
        return
    for code in cells(recording):
        for call in code.all(cst.Call) if run.kind.startswith("keras") else ():
            loss = argument(call, 1, "loss") if last_name(call.func) == "compile" else None
            yield from _returns(recording, last_name(loss.value)) if loss is not None else ()


def _returns(recording: Recording, name: str) -> list[Loss]:
    functions = [(c, f) for c in cells(recording) for f in c.all(cst.FunctionDef) if f.name.value == name]
    return [(c, r.value) for c, f in functions for r in c.all(cst.Return, f.body) if r.value is not None and c.function(r) is f] if len(functions) == 1 else []


def _where_known(recording: Recording, code: Code, node: cst.BaseExpression, constant: str) -> Loss | None:
    """A loss where its constant has that name: here, else in the function that computes it."""
    if _is_known(recording, code, node, constant):
        return code, node
    inner = _returns(recording, last_name(node.func)) if isinstance(node, cst.Call) else []
    return inner[0] if len(inner) == 1 and _is_known(recording, *inner[0], constant) else None


def _is_known(recording: Recording, code: Code, node: cst.BaseExpression, constant: str) -> bool:
    own, _, name = constant.rpartition(".")
    for other in cells(recording):
        for assign in other.all(cst.Assign):
            if any(dotted(n) == constant for t in assign.targets for n in other.all(cst.Attribute if name and own else cst.Name, t.target)):
                if own:
                    owner = code.enclosing(node, cst.ClassDef)
                    return own == "self" and owner is not None and owner is other.enclosing(assign, cst.ClassDef)
                return other.function(assign) is None or other.scope(assign) is code.scope(node)
    return False
