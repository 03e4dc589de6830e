"""A model of Keras that is trained on after `trainable` was set is compiled again first: `compile` makes the training step anew, for the weights of then."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, call_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assigned, assignments_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.traced_anew import behind, changes_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

TRAINING = ("fit", "train_on_batch")


def compiled_again(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`base.trainable = True`, `model.fit(…)` → `model.compile(…)` between them, as it was compiled, with an optimizer of its own."""
    code = code_at(recording, place)
    call = call_of(code, place, TRAINING)
    if code is None or call is None or not isinstance(call.func, cst.Attribute) or code.function(call) is not None:
        return ()
    model = dotted(call.func.value)
    compiled = _compiled(recording, code, call, model) if model else None
    if compiled is None:
        return ()
    around = [n for n in code.around(call) if isinstance(n, cst.BaseStatement)]
    line = code.line(compiled)
    changes = [c for c in changes_of(recording, code, "trainable") if code.start(c) < code.start(call)]
    if argument(call, None, "callbacks") is not None and any(_in_a_class(c) for c in cells(recording)):
        # A callback sets it, while the call runs.
        return ()
    between = bool(changes) and not any(code.start(changes[-1]) < code.start(c) < code.start(call) and _trains(c, model) for c in code.all(cst.Call))
    change = Change().insert_after(behind(code, changes[-1], *TRAINING), line) if between else Change().insert_before(around[-1], line)
    return fix(f"compile `{model}` again, which makes its training step anew", "unsafe", (code, change))


def _in_a_class(code: Code) -> bool:
    return any(last_name(a.targets[0].target) == "trainable" and code.enclosing(a, cst.ClassDef) is not None for a in code.all(cst.Assign))


def _trains(call: cst.Call, model: str) -> bool:
    return last_name(call.func) in TRAINING and isinstance(call.func, cst.Attribute) and dotted(call.func.value) == model


def _compiled(recording: Recording, code: Code, training: cst.Call, model: str) -> str | None:
    """The text of a call that compiles a model as it was compiled last; None where that cannot be told, or names what only a function knows."""
    found = [(c, n) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == "compile" and isinstance(n.func, cst.Attribute) and dotted(n.func.value) == model]
    found = [(c, n) for c, n in found if c is not code or c.start(n) < c.start(training)]
    if not found:
        return None
    other, call = max(found, key=lambda f: (f[0] is code, f[0].start(f[1])))
    function = other.function(call)
    if function is not None and names_in(call) & (assigned(function.body) | {p.name.value for p in function.params.params}) - {model}:
        return None
    given = argument(call, 0, "optimizer")
    if given is not None and isinstance(given.value, cst.Name):
        # An optimizer that is built takes no other variables.
        name = given.value.value
        made = [a.value for c in cells(recording) for a in assignments_of(c, name) if c.function(a) is None]
        if not made or not all(isinstance(v, cst.Call) and ".optimizers." in f".{names_of(recording).module(v.func)}" for v in made):
            return None
        own = given.with_changes(value=other.expression(f"{name}.from_config({name}.get_config())"))
        return other.text(call.with_changes(args=[own if a is given else a for a in call.args]))
    return other.text(call) if given is None or isinstance(given.value, (cst.Call, cst.SimpleString)) else None
