"""The list of variables that a gradient call is given, wherever it is written: in the call, under a name, by who calls the function, and once more where the gradients are applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from gradmagic.fixes.blocks import ASKING, asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name, parameters_of, same
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.known_as import known_at, names_of_variable
from gradmagic.locate.paths import paths_of
from gradmagic.recording import GradientRun, Recording, Variable, has_gradient_dtype
from gradmagic.report import Fix

LISTS = ("trainable_variables", "trainable_weights")
GIVEN_TO = ("zip", "apply_gradients", "apply", "minimize", "build", *ASKING)
MOST = 8


def with_list(recording: Recording, found: tuple[Code, cst.Call], title: str, written: Callable[[Code, cst.BaseExpression], str | None]) -> tuple[Fix, ...]:
    """Another list of sources in a gradient call and where its gradients are applied; `written` says how it is written in the place of an expression."""
    place = _written_at(recording, *found)
    if place is None:
        return ()
    code, listed = place
    changes: dict[int, tuple[Code, Change]] = {}
    nodes = [place, *((code, n) for n in _again(code, listed, code.scope(listed)) if n is not listed)]
    if not any(_is_applied(c, n) for c, n in nodes) and isinstance(code.parent(listed), cst.Arg):
        nodes += _applied_elsewhere(recording, code, listed)
    for where, node in nodes:
        new = written(where, node)
        if new is None:
            return ()
        changes.setdefault(id(where), (where, Change()))[1].replace(node, where.expression(new))
    return fix(title, "unsafe", *changes.values())


def _written_at(recording: Recording, code: Code, call: cst.Call, depth: int = 0) -> tuple[Code, cst.BaseExpression] | None:
    """The expression that makes the list: the argument itself, what its name is given, or what the one call of the function gives its parameter."""
    wanted = argument(call, 1, "sources")
    if wanted is None or not isinstance(wanted.value, cst.Name):
        return (code, wanted.value) if wanted is not None else None
    name, function = wanted.value.value, code.function(call)
    if function is not None and name in parameters_of(function) and not assignments_of(code, name, function):
        position = parameters_of(function).index(name)
        given = [(c, a.value) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == function.name.value and (a := argument(n, position, name)) is not None]
        if len(given) != 1 or not isinstance(given[0][1], cst.Name):
            return given[0] if len(given) == 1 else None
        (code, node), name = given[0], given[0][1].value
        function = code.function(node)
    own = assignments_of(code, name, function) if function is not None else []
    made = [(code, a.value) for a in own] or [(c, a.value) for c in cells(recording) for a in assignments_of(c, name) if c.function(a) is None]
    return made[0] if len(made) == 1 else None


def _again(code: Code, listed: cst.BaseExpression, scope: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """The same list where a function is given it that applies gradients, pairs them or asks for them."""
    for node in code.all(cst.BaseExpression, scope):
        call = code.parent(p) if isinstance(p := code.parent(node), cst.Arg) else None
        if isinstance(call, cst.Call) and last_name(call.func) in GIVEN_TO and _is_alike(node, listed):
            yield node


def _is_alike(node: cst.BaseExpression, listed: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Attribute) and isinstance(listed, cst.Attribute) and {last_name(node), last_name(listed)} <= {*LISTS}:
        return same(node.value, listed.value)
    return not isinstance(node, cst.Name) and type(node) is type(listed) and same(node, listed)


def _is_applied(code: Code, node: cst.BaseExpression) -> bool:
    call = code.enclosing(node, cst.Call)
    return call is not None and last_name(call.func) not in ASKING


def _applied_elsewhere(recording: Recording, code: Code, listed: cst.BaseExpression) -> list[tuple[Code, cst.BaseExpression]]:
    """The same list in another function, to which the gradients are handed."""
    scope, owner = code.scope(listed), code.enclosing(listed, cst.ClassDef)
    if dotted(listed).startswith("self."):
        return [(code, n) for n in _again(code, listed, owner) if code.scope(n) is not scope and _is_applied(code, n)] if owner is not None else []
    return [(c, n) for c in cells(recording) for n in _again(c, listed, c.module) if c.scope(n) is not scope and _is_applied(c, n)]


def computed_with(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`tape.gradient(loss, distribution.trainable_variables)` of an object that holds none → `[beta]`: the variables that the target was computed with."""
    found = asking(recording, run)
    if found is None or run is None or run.sources or not run.targets:
        return ()
    paths = paths_of(recording, run)
    reached = paths.alike(paths.walk[0])
    variables = [v for key, v in sorted(recording.variables.items()) if key in reached and v.trainable and has_gradient_dtype(v.dtype)]
    models = [c for c in {c.weights: c for c in recording.models}.values() if reached & set(c.weights)]
    place = _written_at(recording, *found)
    # Of a list that was chosen, others were meant; and the tape follows the weights of a frozen layer all the same.
    if place is None or not isinstance(place[1], cst.Attribute) or last_name(place[1]) not in (*LISTS, "variables", "weights") or (models and is_something_frozen(recording)):
        return ()
    names = _names_at(recording, *place, variables, [(c.name, c.weights) for c in models])
    if not names:
        return ()
    lists, single = [n for n in names if n.endswith(LISTS)], [n for n in names if not n.endswith(LISTS)]
    text = " + ".join(lists) if not single else f"[{', '.join([*(f'*{n}' for n in lists), *single])}]"
    known = " and ".join(f"`{n}`" for n in names) if len(names) < 4 else f"the {len(names)} variables"
    # Seen from another function, the variables may have other names.
    return with_list(recording, found, f"ask for {known}, which the target is computed with", lambda code, node: text if code.scope(node) is place[0].scope(place[1]) else None)


def is_something_frozen(recording: Recording) -> bool:
    """Whether the user's code sets `trainable = False` on anything."""
    return any(last_name(t.target) == "trainable" and c.text(a.value) == "False" for c in cells(recording) for a in c.all(cst.Assign) for t in a.targets)


def _names_at(recording: Recording, code: Code, node: cst.BaseExpression, variables: list[Variable], models: list[tuple[str, tuple[int, ...]]]) -> list[str]:
    """What all of some variables are called at a node, those of a model by its list; none where one has no name there."""
    found: list[str] = []
    for variable in variables:
        owners = [name for name, weights in models if variable.id in weights]
        known = known_at(recording, code, node, owners)
        name = f"{known}.trainable_variables" if known is not None else known_at(recording, code, node, names_of_variable(recording, variable))
        if name is None:
            return []
        found += [name] if name not in found else []
    return found if len(found) <= MOST else []
