"""A `tf.function` that goes on with what it was traced with is made anew behind the change, with an optimizer for the variables that there are then."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, fix, last_name, parse, walk
from gradmagic.fixes.flow import assigned, assignments_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

LISTS = ("trainable_variables", "trainable_weights")
APPLYING = ("apply_gradients", "apply", "minimize")


def traced_anew(recording: Recording, function: str, expression: str, other_variables: bool = False) -> tuple[Fix, ...]:
    """A new trace of a function of the notebook's, after the statement of the cell that gave what it keeps another value.

    Where the function trains other variables from then on, its Keras optimizer is made anew too: one that is built takes no others.
    """
    code, tf = parse("current", recording.code.get("current", "")), names_of(recording).tf
    ours = [(c, f) for c in cells(recording) for f in c.all(cst.FunctionDef) if f.name.value == function and c.function(f) is None and c.enclosing(f, cst.ClassDef) is None]
    if code is None or tf is None or not ours:
        return ()
    last = expression.rpartition(".")[2]
    changes = changes_of(recording, code, "trainable" if last in LISTS else last)
    known = _known_as(recording, tf, *ours[0])
    if not changes or known is None:
        return ()
    name, made = known
    line = behind(code, changes[-1], name)
    optimizer = _optimizer(recording, code, ours[0][1], line) if other_variables else None
    lines = [f"{optimizer} = {optimizer}.from_config({optimizer}.get_config())"] if optimizer is not None else []
    title = f"trace `{name}` anew after the change" + (f", with an `{optimizer}` that is built for the variables of now" if optimizer is not None else "")
    return fix(title, "unsafe", (code, Change().insert_after(line, *[code.line(n) for n in (*lines, f"{name} = {made}")])))


def changes_of(recording: Recording, code: Code, wanted: str) -> list[cst.CSTNode]:
    """What gives a name or attribute another value in a cell: assignments, else calls of functions that hold one."""
    found: list[cst.CSTNode] = [a for a in code.all(cst.Assign) if last_name(a.targets[0].target) == wanted and code.function(a) is None]
    if found or wanted != "trainable":
        return found
    setting = {f.name.value for c in cells(recording) for f in c.all(cst.FunctionDef) if any(last_name(a.targets[0].target) == wanted for a in c.all(cst.Assign, f))}
    return [e for e in code.all(cst.Expr) if isinstance(e.value, cst.Call) and isinstance(e.value.func, cst.Name) and e.value.func.value in setting and code.function(e) is None]


def _known_as(recording: Recording, tf: str, code: Code, function: cst.FunctionDef) -> tuple[str, str] | None:
    """The name that a traced function is called by, and what makes it anew: `step = tf.function(train_step)`, or the decorated one itself."""
    name = function.name.value
    if any(last_name(d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator) == "function" for d in function.decorators):
        return name, f"{tf}.function({name}.python_function)"
    made = [
        (t.target, c.text(a.value))
        for c in cells(recording)
        for a in c.all(cst.Assign)
        for t in a.targets
        if isinstance(a.value, cst.Call)
        and last_name(a.value.func) == "function"
        and a.value.args
        and isinstance(a.value.args[0].value, cst.Name)
        and a.value.args[0].value.value == name
        # Inside of a function the name is a local one.
        and c.function(a) is None
    ]
    if len(made) != 1 or not isinstance(made[0][0], cst.Name):
        return None
    # The name of the plain function may be the traced one by now.
    return (name, f"{tf}.function({name}.python_function)") if made[0][0].value == name else (made[0][0].value, made[0][1])


def behind(code: Code, changed: cst.CSTNode, *functions: str) -> cst.CSTNode:
    """The statement behind which nothing changes any more before one of the functions is called."""
    around = [n for n in (changed, *code.around(changed)) if isinstance(n, (cst.SimpleStatementLine, cst.For, cst.While, cst.If))]
    calls = {id(n) for c in code.all(cst.Call) if last_name(c.func) in functions for n in code.around(c)}
    # A loop that both changes it and calls the function traces anew in each turn.
    free = [n for n in around if id(n) not in calls]
    # In a loop, what is changed in one turn only is not made anew in all of them.
    while len(free) > 1 and isinstance(free[-1], cst.If) and free[-1].orelse is None and any(isinstance(n, (cst.For, cst.While)) for n in code.around(free[-1])):
        free.pop()
    return free[-1] if free else around[0]


def _optimizer(recording: Recording, code: Code, function: cst.FunctionDef, behind: cst.CSTNode) -> str | None:
    """The Keras optimizer of the notebook's that a function applies gradients with, unless the cell makes another one behind a line."""
    calls = [n.func.value for n in walk(function) if isinstance(n, cst.Call) and isinstance(n.func, cst.Attribute) and n.func.attr.value in APPLYING and isinstance(n.func.value, cst.Name)]
    names = {n.value for n in calls if isinstance(n, cst.Name)} - assigned(function.body) - {p.name.value for p in function.params.params}
    name = next(iter(names)) if len(names) == 1 else None
    if name is None or any(code.start(a) > code.end(behind) and code.function(a) is None for a in assignments_of(code, name)):
        return None
    made = [a.value for c in cells(recording) for a in assignments_of(c, name) if c.function(a) is None]
    of_keras = [isinstance(v, cst.Call) and ".optimizers." in f".{names_of(recording).module(v.func)}" for v in made]
    return name if of_keras and all(of_keras) else None
