"""One gradient call's results at their own variables: the order of the names, of the sources, or of what is written further down."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, fix, key_of, last_name, same
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

Goes = dict[int, set[int]]


@dataclasses.dataclass(frozen=True)
class _Use:
    """A place that brings the gradient of one source to a variable, both by their position among the sources."""

    gradient: int
    variable: int
    node: cst.BaseExpression


@dataclasses.dataclass(frozen=True)
class _Call:
    """A gradient call whose results have names, or one name, and what became of them."""

    code: Code
    call: cst.Call
    target: cst.BaseExpression
    listed: cst.List | cst.Tuple | None
    texts: list[str]
    goes: Goes
    uses: list[_Use]

    @property
    def order(self) -> list[int] | None:
        """The variable of each gradient, where every gradient goes to one and every variable gets one."""
        order = [next(iter(js)) for i in range(len(self.texts)) if len(js := self.goes.get(i, set())) == 1]
        return order if sorted(order) == list(range(len(self.texts))) else None

    @property
    def covered(self) -> bool:
        """Whether the uses that were found are those that ran."""
        return {(u.gradient, u.variable) for u in self.uses} == {(i, j) for i, js in self.goes.items() for j in js}

    @property
    def named(self) -> list[str] | None:
        """The names of the results; None where they have one name, or are not all taken by a name."""
        if not isinstance(self.target, (cst.Tuple, cst.List)) or len(self.target.elements) != len(self.texts):
            return None
        names = [e.value.value for e in self.target.elements if isinstance(e.value, cst.Name)]
        return names if len(set(names)) == len(self.texts) else None


def reordered(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`gb, ga = tape.gradient(loss, [a, b])` with `(ga, a)`: the names, or the sources, in the order of the others."""
    found = _call(recording, run)
    order = found.order if found is not None else None
    if found is None or order is None:
        return ()
    in_sequence = found.covered and [u.gradient for u in found.uses] == sorted(u.gradient for u in found.uses)
    meant = given = 0
    if found.named is not None:
        meant, given = (_alike(found.named, [found.texts[j] for j in way]) for way in (order, range(len(order))))
    if in_sequence and found.listed is not None and meant >= given:
        # What is used in the order in which it was named was named rightly: the sources stand in another order.
        elements = [e.with_changes(value=found.listed.elements[j].value) for e, j in zip(found.listed.elements, order, strict=True)]
        change = Change().replace(found.listed, found.listed.with_changes(elements=elements))
        return fix("ask for the gradients in the order in which they are used", "unsafe", (found.code, change))
    if meant <= given or not isinstance(found.target, (cst.Tuple, cst.List)):
        return ()
    names = [e.with_changes(value=found.target.elements[order.index(i)].value) for i, e in enumerate(found.target.elements)]
    return fix("name the gradients in the order of their sources", "unsafe", (found.code, Change().replace(found.target, found.target.with_changes(elements=names))))


def at_their_own(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`(g[1], a)` beside `g = tape.gradient(loss, [a, b])`: the gradient of that variable, which so far goes to another one, or was forgotten."""
    found = _call(recording, run)
    if found is None:
        return ()
    code, goes = found.code, found.goes
    forgotten = set(range(len(found.texts))) - {i for i, node in _results(code, found.target, code.scope(found.call)) if code.start(node) > code.end(found.call)}
    crossed = [u for u in found.uses if u.gradient != u.variable]
    wanted = {(i, j) for i, js in goes.items() for j in js if i != j}
    if {(u.gradient, u.variable) for u in crossed} != wanted or any(j in goes.get(j, ()) or not (j in goes or j in forgotten) for _, j in wanted):
        return ()
    change = Change()
    for use in crossed:
        if isinstance(use.node, cst.Subscript):
            change.replace(use.node, use.node.with_changes(slice=[cst.SubscriptElement(cst.Index(cst.Integer(str(use.variable))))]))
        elif found.named is not None:
            change.replace(use.node, cst.Name(found.named[use.variable]))
    return fix("use the gradient of the variable itself", "unsafe", (code, change))


def _call(recording: Recording, run: GradientRun | None) -> _Call | None:
    found = asking(recording, run)
    sources = argument(found[1], 1, "sources") if found is not None else None
    assign = found[0].parent(found[1]) if found is not None else None
    if found is None or sources is None or run is None or not isinstance(assign, cst.Assign) or len(assign.targets) != 1:
        return None
    code, call, target = *found, assign.targets[0].target
    listed = sources.value if isinstance(sources.value, (cst.List, cst.Tuple)) and len(sources.value.elements) == len(run.sources) else None
    texts = [code.text(e.value) for e in listed.elements] if listed is not None else [s.name for s in run.sources]
    return _Call(code, call, target, listed, texts, _destinations(recording, run), list(_uses(code, call, target, texts)))


def _destinations(recording: Recording, run: GradientRun) -> Goes:
    """The variables that the gradient of each source was applied to, by position among the sources."""
    position = {s.id: i for i, s in enumerate(run.sources)}
    goes: Goes = {}
    for update in recording.updates:
        for pair in update.pairs:
            if pair.run is not None and recording.runs[pair.run].site == run.site and pair.gradient_of in position and pair.variable in position:
                goes.setdefault(position[pair.gradient_of], set()).add(position[pair.variable])
    return goes


def _uses(code: Code, call: cst.Call, target: cst.BaseExpression, texts: Sequence[str]) -> Iterator[_Use]:
    """The pairs, and the statements, behind a gradient call that hold one of its results and one of its sources."""
    scope, pairs = code.scope(call), list[tuple[cst.CSTNode, cst.CSTNode]]()
    for node in code.all(cst.Tuple, scope):
        if len(node.elements) == 2:
            pairs.append((node.elements[0].value, node.elements[1].value))
    for zipped in code.all(cst.Call, scope):
        lists = [a.value.elements for a in zipped.args if isinstance(a.value, (cst.List, cst.Tuple))] if last_name(zipped.func) == "zip" else []
        if len(lists) == 2 == len(zipped.args) and len(lists[0]) == len(lists[1]):
            pairs += [(left.value, right.value) for left, right in zip(*lists, strict=True)]
    found: dict[cst.CSTNode, _Use] = {}
    for left, right in pairs:
        for one, other in ((left, right), (right, left)):
            variable = next((j for j, text in enumerate(texts) if code.text(other) == text), None)
            results = list(_results(code, target, one))
            if variable is not None and len(results) == 1:
                found[results[0][1]] = _Use(results[0][0], variable, results[0][1])
    for statement in code.all(cst.SimpleStatementLine, scope):
        results = [r for r in _results(code, target, statement) if r[1] not in found]
        parts = [n for n in code.all(cst.BaseExpression, statement) if isinstance(n, (cst.Name, cst.Attribute, cst.Subscript)) and code.text(n) in texts]
        variables = {texts.index(code.text(n)) for n in parts}
        if len(results) == 1 and len(variables) == 1 and code.start(statement) > code.end(call):
            found[results[0][1]] = _Use(results[0][0], variables.pop(), results[0][1])
    return iter(sorted((u for u in found.values() if code.start(u.node) > code.end(call)), key=lambda u: code.start(u.node)))


def _results(code: Code, target: cst.BaseExpression, within: cst.CSTNode) -> Iterator[tuple[int, cst.BaseExpression]]:
    """Where the results of a gradient call are read: by their names, or by the index in the one name that it has."""
    if isinstance(target, (cst.Tuple, cst.List)):
        names = {e.value.value: i for i, e in enumerate(target.elements) if isinstance(e.value, cst.Name)}
        yield from ((names[n.value], n) for n in code.all(cst.Name, within) if n.value in names and not isinstance(code.parent(n), cst.AssignTarget))
    for node in code.all(cst.Subscript, within) if isinstance(target, cst.Name) else ():
        if same(node.value, target) and isinstance(index := key_of(node), cst.Integer):
            yield int(index.value), node


def _alike(results: list[str], sources: list[str]) -> int:
    """How much the names of results are like those of the sources beside them, without what all of them begin and end with."""
    return sum(2 if a == b else int(bool(a and b) and (a.startswith(b) or b.startswith(a))) for a, b in zip(_told_apart(results), _told_apart(sources), strict=True))


def _told_apart(names: list[str]) -> list[str]:
    lower = [n.lower() for n in names]
    begin = _shared(lower)
    end = _shared([n[begin:][::-1] for n in lower])
    return [n[begin : len(n) - end] for n in lower]


def _shared(names: list[str]) -> int:
    """How many characters all of them begin with."""
    return next((i for i, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), min(map(len, names)))
