"""Two losses whose gradients are asked of the same model, while another model that leads to them is asked for by nobody."""

from __future__ import annotations

import re

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, dotted, fix, last_name, names_in, same
from gradmagic.fixes.flow import targets_of
from gradmagic.locate.exchanged import callee_at
from gradmagic.recording import GradientRun, ModelCall, Recording
from gradmagic.report import Fix

LISTS = ("trainable_variables", "trainable_weights", "variables", "weights")
NO_NAMES = frozenset({"loss", "tape", "grads", "gradients", "model", "net", "network", "optimizer", "opt", "of", "self"})


def is_asked_twice(recording: Recording, run: GradientRun | None) -> bool:
    """Whether the sources of a gradient call are those of another call too, whose target is another loss."""
    return len(_alike(recording, run)) > 1


def of_its_own_model(recording: Recording, run: GradientRun | None, call: object) -> tuple[Fix, ...]:
    """`gradient(gen_loss, critic.trainable_variables)` → `gradient(gen_loss, generator.trainable_variables)`, and so where it is applied, if the names say which loss is whose."""
    if not isinstance(call, ModelCall) or call.span is None:
        return ()
    used, left, found = code_at(recording, call.span), callee_at(recording, call) or call.name, []
    for one in _alike(recording, run):
        asked = asking(recording, one)
        listed = argument(asked[1], 1, "sources") if asked is not None else None
        target = argument(asked[1], 0, "target") if asked is not None else None
        if asked is None or listed is None or target is None or not isinstance(listed.value, cst.Attribute) or listed.value.attr.value not in LISTS:
            return ()
        code, wanted = asked[0], _words(last_name(target.value))
        if _belongs(wanted, left) and not _belongs(wanted, dotted(listed.value.value)):
            found.append((code, asked[1], listed.value))
    line = used.statement_at(call.span) if used is not None else None
    if used is None or line is None or len(found) != 1 or left.partition(".")[0] not in names_in(line):
        return ()
    code, gradient, asked_for = found[0]
    # The model has the same name in both places: those of one class, or of one function.
    if used is not code or (code.function(gradient) is not used.function(line) and not left.startswith("self.")):
        return ()
    change = Change()
    for node in (asked_for, *_applied(code, gradient, asked_for)):
        change.replace(node, code.expression(f"{left}.{asked_for.attr.value}"))
    return fix(f"ask for the gradients of `{left}`, whose loss this is", "unsafe", (code, change))


def _alike(recording: Recording, run: GradientRun | None) -> list[GradientRun]:
    """The first runs of the calls that ask for what a run asks for, each for a target of its own."""
    if run is None:
        return []
    sources, found = [s.id for s in run.sources], dict[tuple[int, ...], GradientRun]()
    places = {run.span}
    for other in recording.runs:
        if [s.id for s in other.sources] == sources and other.site != run.site and other.span not in places:
            places.add(other.span)
            found.setdefault(tuple(t.id for t in other.targets), other)
    return [run, *found.values()]


def _applied(code: Code, gradient: cst.Call, asked_for: cst.Attribute) -> list[cst.BaseExpression]:
    """The same list beside the name of the gradients, where they are applied."""
    line = code.parent(gradient)
    names = targets_of(line.targets[0].target) if isinstance(line, cst.Assign) else set[str]()
    scope = code.scope(gradient)
    pairs = [c for c in code.all(cst.Call, scope) if last_name(c.func) in ("zip", "apply") and len(c.args) == 2 and isinstance(c.args[0].value, cst.Name) and c.args[0].value.value in names]
    return [c.args[1].value for c in pairs if same(c.args[1].value, asked_for)]


def _words(name: str) -> set[str]:
    return {w for w in re.split(r"_|\d|(?<=[a-z])(?=[A-Z])", name.lower() if name.islower() or name.isupper() else name) if w} - NO_NAMES


def _belongs(words: set[str], model: str) -> bool:
    """Whether one of the words begins like the name of a model, or the other way round: `gen` and `generator`, `d` and `disc_net`."""
    own = _words(model.rpartition(".")[2]) or {model.rpartition(".")[2]}
    return any(a.lower().startswith(b.lower()) or b.lower().startswith(a.lower()) for a in words for b in own)
