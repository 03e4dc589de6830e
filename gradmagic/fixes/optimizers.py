"""What is done with the gradients: the optimizer gets them, in the right order, and knows their variables."""

from __future__ import annotations

import dataclasses
import re

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in, same
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.fixes.numerics import value_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

APPLYING = ("apply_gradients", "apply")


def optimizers(recording: Recording) -> dict[str, tuple[Code, cst.Call]]:
    """The optimizers that the cells make and give a name to, and the calls that make them."""
    found: dict[str, tuple[Code, cst.Call]] = {}
    names = names_of(recording)
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            for name, made in pairs_of(assign):
                if isinstance(made, cst.Call) and "optimizers" in names.module(made.func).split(".") and dotted(name):
                    found.setdefault(dotted(name), (code, made))
    return found


def optimizer_calls(recording: Recording) -> list[tuple[Code, cst.Call]]:
    """All calls of the cells that make an optimizer, named or not."""
    names = names_of(recording)
    modules = ((code, call, names.module(call.func).split(".")) for code in cells(recording) for call in code.all(cst.Call))
    return [(code, call) for code, call, module in modules if "optimizers" in module and "schedules" not in module]


def applied(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """Hand the gradients to the optimizer that the code knows by name; plain steps where there is none."""
    twice = read_twice(recording)
    if twice:
        return twice
    found = asking(recording, run)
    if found is None or run is None:
        return ()
    code, call = found
    statement, assign = code.statement(call), code.enclosing(call, cst.Assign)
    sources = argument(call, 1, "sources")
    if statement is None or sources is None or assign is None or len(assign.targets) != 1 or not isinstance(assign.targets[0].target, cst.Name):
        return ()
    result, listed = assign.targets[0].target.value, code.text(sources.value)
    single = assign.value is call and len(run.sources) == 1 and isinstance(sources.value, cst.Name)
    pairs = f"[({result}, {listed})]" if single else f"zip({result}, {listed})"
    known = [n for n in optimizers(recording) if not n.startswith("self.") or code.function(call) is not None]
    function = code.function(call)
    if function is not None and function.name.value == "train_step" and not any(n.startswith("self.") for n in known):
        # The one that the model is compiled with.
        known = ["self.optimizer"]
    if len(known) > 1:
        near = [n for n in known if any(w in listed or w in result for w in n.replace("self.", "").split("_") if len(w) > 2 and not w.startswith("opt"))]
        known = near[:1] or known
    if isinstance(sources.value, (cst.Dict,)) or code.enclosing(call, cst.Subscript) is not None:
        return ()
    if known:
        fixes: tuple[Fix, ...] = ()
        for name in known:
            fixes += fix(f"apply the gradients with `{name}`", "unsafe", (code, Change().insert_after(statement, code.line(f"{name}.apply_gradients({pairs})"))))
        return fixes
    line = code.line(f"{listed}.assign_sub(0.01 * {result})" if single else f"for variable, gradient in {f'zip({listed}, {result})'}:\n    variable.assign_sub(0.01 * gradient)")
    made = fix("take a plain step of gradient descent; the step size is yours to choose", "display-only", (code, Change().insert_after(statement, line)))
    return made


def read_twice(recording: Recording) -> tuple[Fix, ...]:
    """`apply_gradients` of one's own that goes through its pairs twice: a `zip` is empty the second time."""
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            if function.name.value not in APPLYING:
                continue
            for parameter in function.params.params:
                name = parameter.name.value
                loops = [n.iter for n in code.all(cst.For, function)] + [n.iter for n in code.all(cst.CompFor, function)]
                if sum(isinstance(i, cst.Name) and i.value == name for i in loops) > 1:
                    return fix("keep the pairs in a list, so that they can be read twice", "unsafe", (code, Change().insert_before(function.body.body[0], code.line(f"{name} = list({name})"))))
    return ()


def in_order(recording: Recording, place: Place, run: GradientRun | None) -> tuple[Fix, ...]:
    """Pair the gradients with the very list that they were asked for."""
    asked, code = asking(recording, run), code_at(recording, place)
    sources = argument(asked[1], 1, "sources") if asked is not None else None
    statement = code.statement_at(place) if code is not None and place is not None else None
    if asked is None or sources is None or code is None or statement is None or asked[0] is not code:
        return ()
    assign = code.enclosing(asked[1], cst.Assign)
    result = assign.targets[0].target.value if assign is not None and isinstance(assign.targets[0].target, cst.Name) else None
    zipped = next((c for c in code.all(cst.Call, statement) if last_name(c.func) == "zip" and len(c.args) == 2), None)
    if zipped is None:
        loop = code.enclosing(statement, cst.For)
        zipped = loop.iter if loop is not None and isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "zip" and len(loop.iter.args) == 2 else None
    if zipped is None:
        name = next((a.value for c in code.all(cst.Call, statement) for a in c.args if isinstance(a.value, cst.Name)), None)
        value = value_of(code, name) if name is not None else None
        zipped = next((c for c in ([value, *code.all(cst.Call, value)] if value is not None else []) if isinstance(c, cst.Call) and last_name(c.func) == "zip" and len(c.args) == 2), None)
    if zipped is None:
        return _own_pairs(code, asked[1], statement)
    first, second = zipped.args
    if run is not None and _is_mapping(asked[0], sources.value, run):
        return _flattened(recording, code, zipped, sources.value, result)
    if same(first.value, sources.value) and last_name(_callee(code, zipped)) in APPLYING:
        new = zipped.with_changes(args=[first.with_changes(value=second.value), second.with_changes(value=first.value)])
        return fix("put the gradients first and the variables second", "unsafe", (code, Change().replace(zipped, new)))
    change = Change()
    grads_first = last_name(_callee(code, zipped)) in APPLYING or (result is not None and result in names_in(first.value))
    variables = second if grads_first else first
    gradients = first if grads_first else second
    if not same(variables.value, sources.value):
        own = _result_of(asked[0], asked[1], variables.value)
        if own is not None and result is not None and same(gradients.value, cst.Name(result)) and not _are_paired(code, zipped, own, variables.value):
            return fix("use the gradients of these variables", "unsafe", (code, change.replace(gradients.value, cst.Name(own))))
        if _asked_elsewhere(asked[0], asked[1], sources.value) and not _asked_elsewhere(asked[0], asked[1], variables.value):
            # Another call asks for those already: here they were written by mistake.
            return fix("ask for the gradients of the variables that are updated with them", "unsafe", (code, change.replace(sources.value, variables.value)))
        change.replace(variables.value, sources.value)
    if result is not None and not same(gradients.value, cst.Name(result)) and not _derived(code, gradients.value, result):
        change.replace(gradients.value, cst.Name(result))
    if not change.replaced and result is not None and isinstance(gradients.value, (cst.Call, cst.Subscript)):
        change.replace(gradients.value, cst.Name(result))
    return fix("pair the gradients with the list that they were asked for", "unsafe", (code, change)) if change.replaced else ()


def _asked_elsewhere(code: Code, call: cst.Call, sources: cst.BaseExpression) -> list[cst.Call]:
    """The other gradient calls of the same function that ask for the same list."""
    others = [c for c in code.all(cst.Call, code.scope(call)) if c is not call and last_name(c.func) == last_name(call.func)]
    return [c for c in others if (a := argument(c, 1, "sources")) is not None and same(a.value, sources)]


def _are_paired(code: Code, zipped: cst.Call, gradients: str, variables: cst.BaseExpression) -> bool:
    """Whether another line pairs these gradients with these variables."""
    others = [c for c in code.all(cst.Call, code.scope(zipped)) if c is not zipped and last_name(c.func) == "zip" and len(c.args) == 2]
    return any(isinstance(n := c.args[0].value, cst.Name) and n.value == gradients and same(c.args[1].value, variables) for c in others)


def _result_of(code: Code, call: cst.Call, sources: cst.BaseExpression) -> str | None:
    """The name of the gradients that another call asks for, of this list and of it alone."""
    for other in _asked_elsewhere(code, call, sources):
        assign = code.parent(other)
        if isinstance(assign, cst.Assign) and len(assign.targets) == 1 and isinstance(assign.targets[0].target, cst.Name):
            return assign.targets[0].target.value
    return None


def _own_pairs(code: Code, call: cst.Call, statement: cst.CSTNode) -> tuple[Fix, ...]:
    """`[(ga, b), (gb, a)]` beside `ga, gb = tape.gradient(loss, [a, b])`: each gradient with its own variable."""
    assign, listed = code.enclosing(call, cst.Assign), argument(call, 1, "sources")
    target = assign.targets[0].target if assign is not None else None
    if listed is None or not isinstance(listed.value, (cst.List, cst.Tuple)) or not isinstance(target, (cst.Tuple, cst.List)) or len(target.elements) != len(listed.value.elements):
        return ()
    own = {code.text(t.value): v.value for t, v in zip(target.elements, listed.value.elements, strict=True)}
    change = Change()
    for pair in code.all(cst.Tuple, statement):
        if len(pair.elements) == 2 and (variable := own.get(code.text(pair.elements[0].value))) is not None and not same(variable, pair.elements[1].value):
            change.replace(pair.elements[1].value, variable)
    return fix("pair each gradient with its own variable", "unsafe", (code, change)) if change.replaced else ()


def _is_mapping(code: Code, sources: cst.BaseExpression, run: GradientRun) -> bool:
    """Whether the sources were given as a dict: the gradients are one then, and to go through a dict is to go through its keys."""
    name = code.text(sources)
    return isinstance(sources, cst.Dict) or any(re.fullmatch(re.escape(name) + r"\[(['\"]).*\1\]", s.name) for s in run.sources)


def _flattened(recording: Recording, code: Code, zipped: cst.Call, sources: cst.BaseExpression, result: str | None) -> tuple[Fix, ...]:
    tf = names_of(recording).tf
    if result is None or tf is None or not isinstance(sources, (cst.Name, cst.Attribute)):
        return ()
    pair = [f"{tf}.nest.flatten({n})" for n in (result, code.text(sources))]
    pair = pair if last_name(_callee(code, zipped)) in APPLYING or result in names_in(zipped.args[0].value) else pair[::-1]
    return fix("bring both into the same order", "unsafe", (code, Change().replace(zipped, code.expression(f"zip({', '.join(pair)})"))))


def _derived(code: Code, node: cst.BaseExpression, result: str) -> bool:
    return isinstance(node, cst.Name) and node.value != result and (value := value_of(code, node)) is not None and result in names_in(value)


def _callee(code: Code, node: cst.CSTNode) -> cst.CSTNode:
    outer = code.enclosing(node, cst.Call)
    return outer.func if outer is not None else cst.Name("_")


def one_each(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A second optimizer like the first for the second group of variables."""
    code = code_at(recording, place)
    call = code.call_at(place, (*APPLYING, "minimize")) if code is not None and place is not None else None
    if code is None or call is None or not isinstance(call.func, cst.Attribute):
        return ()
    name = dotted(call.func.value)
    made = optimizers(recording).get(name)
    if made is None or not name.isidentifier():
        return ()
    uses = [c for other in cells(recording) for c in other.all(cst.Call) if last_name(c.func) in (*APPLYING, "minimize") and isinstance(c.func, cst.Attribute) and dotted(c.func.value) == name]
    before = any(u.raised is None and u.span is not None and u.span.cell == code.cell and code.start(call)[0] <= u.span.line <= code.end(call)[0] for u in recording.updates)
    if len(uses) < 2 or before:
        # Under another name the same optimizer would meet the same two lists of variables.
        return _renewed(recording, name, made, code.function(call), (code, call))
    listed = next((n for a in call.args for n in code.all(cst.Attribute, a.value) if n.attr.value.endswith("variables") and isinstance(n.value, cst.Name)), None)
    owner = listed.value.value if listed is not None and isinstance(listed.value, cst.Name) else None
    second, title = new_name(code, f"{owner or 'second'}_{name}"), f"use an optimizer of its own for {f'`{owner}`' if owner is not None else 'these variables'}"
    outer = _outermost(code, call)
    line = code.line(f"{second} = {made[0].text(made[1])}")
    change = Change().insert_before(outer, line).replace(call.func.value, cst.Name(second))
    inside = code.function(call) is not None
    fixes = () if inside else fix(title, "unsafe", (code, change))
    if inside:
        apart = Change().replace(call.func.value, cst.Name(second))
        other = made[0]
        statement = other.statement(made[1])
        if statement is not None:
            line = other.line(f"{second} = {other.text(made[1])}")
            if other is code:
                fixes = fix(title, "unsafe", (code, apart.insert_after(statement, line)))
            else:
                fixes = fix(title, "unsafe", (other, Change().insert_after(statement, line)), (code, apart))
    return tuple(dataclasses.replace(f) for f in fixes)


def _renewed(recording: Recording, name: str, made: tuple[Code, cst.Call], function: cst.FunctionDef | None, applied: tuple[Code, cst.Call]) -> tuple[Fix, ...]:
    """A new optimizer behind the line of the checked cell that made more variables trainable, else in front of what applies; a traced function would keep the old one."""
    if function is not None and function.decorators:
        return ()
    for code in cells(recording)[:1]:
        thawed = [a for a in code.all(cst.Assign) if last_name(a.targets[0].target) == "trainable" and code.text(a.value) == "True" and code.function(a) is None]
        statement = code.statement(thawed[-1]) if code.cell == "current" and thawed else None
        if statement is not None:
            line = code.line(f"{name} = {made[0].text(made[1])}")
            return fix("make a new optimizer for the variables that are trainable now", "unsafe", (code, Change().insert_after(statement, line)))
        if code.cell != "current" or made[0] is code or any(u.optimizer == name and u.raised is None for u in recording.updates):
            continue
        calls = (
            [applied[1]]
            if applied[0] is code and function is None
            else [c for c in code.all(cst.Call) if function is not None and last_name(c.func) == function.name.value and code.function(c) is None]
        )
        if calls:
            line = code.line(f"{name} = {made[0].text(made[1])}")
            return fix("make a new optimizer for the variables that there are now", "unsafe", (code, Change().insert_before(_outermost(code, calls[0]), line)))
    return ()


def _outermost(code: Code, node: cst.CSTNode) -> cst.CSTNode:
    """The outermost loop around a node, else its statement."""
    found = code.statement(node)
    for step in code.around(node):
        if isinstance(step, (cst.For, cst.While)):
            found = step
        if isinstance(step, cst.FunctionDef):
            break
    assert found is not None
    return found
