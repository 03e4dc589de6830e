"""Lists of the variables of layers that had none yet, because nothing had called them: made where they are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.blocks import ASKING, asking
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import pairs_of, reads_of
from gradmagic.fixes.kept import as_property
from gradmagic.fixes.listed_early import LISTS
from gradmagic.fixes.optimizers import APPLYING
from gradmagic.fixes.source_lists import is_something_frozen
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Fix


def listed_when_built(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`self.new = self.head.trainable_variables` of a `head` that nothing has called → a property; under a plain name the list is made in front of the gradient call."""
    found, made = _given(recording, place), _made(recording, place)
    if found is None or made is None:
        return ()
    code, assign, owners = made
    title = f"list the variables of {' and '.join(f'`{o}`' for o in owners)} when there are some: a layer has none before its first call"
    if isinstance(found[1], cst.Attribute):
        # The object is made anew, and with it whatever it makes of random numbers.
        return tuple(dataclasses.replace(f, title=title) for f in as_property(recording, code.span(assign), alone=True))
    return _listed_again(recording, found[0], found[1], code, assign, title)


def listed_unbuilt(recording: Recording, place: Place) -> tuple[Span, list[str]] | None:
    """Where the empty list that an optimizer is given was made of the variables of layers, or models, that have some by now; and what these are called there."""
    made = _made(recording, place)
    return (made[0].span(made[1]), made[2]) if made is not None else None


def _made(recording: Recording, place: Place) -> tuple[Code, cst.Assign, list[str]] | None:
    found = _given(recording, place)
    made = [(c, a, v) for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if found is not None and dotted(t) == dotted(found[1])]
    if len(made) != 1 or len(pairs_of(made[0][1])) != 1:
        return None
    code, assign, value = made[0]
    owners = _owners(value)
    variables = {key for owner in owners for key in _variables_of(recording, owner)}
    # With a frozen layer the list was empty for another reason; and what the list held, a gradient call that is given it was asked for.
    asked = {s.id for r in recording.runs for s in r.sources}
    empty = any(_is_asked_for(recording, run, dotted(found[1])) for run in recording.runs) and not variables & asked if found is not None else False
    return (code, assign, owners) if variables and empty and not is_something_frozen(recording) else None


def _is_asked_for(recording: Recording, run: GradientRun, name: str) -> bool:
    found = asking(recording, run)
    return found is not None and any(dotted(n) == name for a in found[1].args for n in found[0].all(cst.BaseExpression, a))


def _given(recording: Recording, place: Place) -> tuple[Code, cst.BaseExpression] | None:
    """The name or attribute under which an optimizer, or a gradient call, is given its variables."""
    code = code_at(recording, place)
    call = code.call_at(place, (*APPLYING, *ASKING)) if code is not None and place is not None else None
    if code is None or call is None:
        return None
    if last_name(call.func) in ASKING:
        sources = argument(call, 1, "sources")
        return (code, sources.value) if sources is not None and isinstance(sources.value, (cst.Name, cst.Attribute)) and dotted(sources.value) else None
    first = argument(call, 0, "grads_and_vars")
    pairs = first.value if first is not None and isinstance(first.value, cst.Call) and last_name(first.value.func) == "zip" else None
    given = argument(pairs or call, 1, "trainable_variables")
    return (code, given.value) if given is not None and isinstance(given.value, (cst.Name, cst.Attribute)) and dotted(given.value) else None


def _owners(value: cst.BaseExpression) -> list[str]:
    """`rnn` and `head` of `rnn.trainable_variables + list(head.trainable_variables)`; none where there is more to it."""
    parts = list(_parts(value))
    return [o for o in parts if o is not None] if all(parts) else []


def _parts(value: cst.BaseExpression) -> Iterator[str | None]:
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Add):
        yield from _parts(value.left)
        yield from _parts(value.right)
    elif isinstance(value, cst.Call) and last_name(value.func) in ("list", "tuple") and len(value.args) == 1:
        yield from _parts(value.args[0].value)
    elif isinstance(value, (cst.List, cst.Tuple)) and value.elements and all(isinstance(e, cst.StarredElement) for e in value.elements):
        for element in value.elements:
            yield from _parts(element.value)
    else:
        yield dotted(value.value) if isinstance(value, cst.Attribute) and last_name(value) in LISTS else None


def _variables_of(recording: Recording, owner: str) -> set[int]:
    """The variables to train that a layer or model of this name has by the end of the run: as what holds them, or what was called and read them."""
    last = owner.rpartition(".")[2]
    trained = {key: v for key, v in recording.variables.items() if v.trainable}
    held = {key for key, v in trained.items() if last in v.holders or any(n.startswith((f"{owner}.", f"{last}.")) for n in v.names)}
    held |= {key for m in recording.models if m.name == last for key in m.weights if key in trained}
    if held:
        return held
    reads = (op for op in recording.ops if op.phase == "forward" and trained.keys() & set(op.inputs))
    return {key for op in reads if _called_at(recording, op.span) == last for key in op.inputs if key in trained}


def _called_at(recording: Recording, place: Place) -> str:
    code = code_at(recording, place)
    node = next(iter(code.expressions_at(place)), None) if code is not None and place is not None else None
    return last_name(node.func) if isinstance(node, cst.Call) else ""


def _listed_again(recording: Recording, code: Code, given: cst.BaseExpression, where: Code, assign: cst.Assign, title: str) -> tuple[Fix, ...]:
    """The line that makes a list moved in front of the gradient call that is given it; it stays where it is too if others read it."""
    name, scope, line = dotted(given), code.scope(given), where.statement(assign)
    asked = [c for c in code.all(cst.Call, scope) if last_name(c.func) in ASKING and code.start(c) <= code.start(given)]
    behind = code.statement(asked[-1]) if asked else None
    known = where.function(assign) is None or where.scope(assign) is scope
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1 or not isinstance(behind, cst.SimpleStatementLine) or not known:
        return ()
    reads = [(c, n) for c in cells(recording) for n in reads_of(c, name, c.module)]
    others = [(c, n) for c, n in reads if c is not code or c.scope(n) is not scope or code.start(n) < code.start(behind)]
    if scope is not code.module and any(c is code and c.scope(n) is scope for c, n in others):
        # In a function, a name that is given a value is not known before that.
        return ()
    moved = line.with_changes(leading_lines=[])
    here, there = Change().insert_before(behind, moved), Change()
    if not others:
        (here if where is code else there).remove(line)
    return fix(title, "unsafe", *([(code, here)] if where is code else [(code, here), (where, there)]))
