"""Arguments that switch a branch on."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, parameters_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix
from gradmagic.syntax import is_exact


def switched_on(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """A branch under `if training:` in a function that the block of the tape calls without `training`: the call says it."""
    found, code = tape_block(recording, run), code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    function = code.function(statement) if code is not None and statement is not None else None
    if found is None or code is None or statement is None or function is None:
        return ()
    condition = next((c for c in _conditions(code, statement, function) if _flag(c, function) is not None), None)
    flag = _flag(condition, function) if condition is not None else None
    if flag is None:
        return ()
    name, default = flag
    owner = code.enclosing(function, cst.ClassDef)
    here, block, _ = found
    calls = [c for c in here.all(cst.Call, block.body) if _calls(recording, c, function, owner)]
    positions = parameters_of(function)
    position = positions.index(name) if name in positions else None
    if not calls and name == "training" and owner is not None:
        # Keras hands it on from the model that is called to each layer in it.
        calls, position = _of_models(recording, run, here, block.body), None
    given = [argument(c, position, name) for c in calls]
    texts = {here.text(g.value) if g is not None else default for g in given}
    if len(calls) != 1 or not texts <= {"True", "False", "None", "0", "1"}:
        return ()
    value = cst.Name("False" if texts & {"True", "1"} else "True")
    change = Change().replace(given[0].value, value) if given[0] is not None else Change().replace(calls[0], with_keyword(calls[0], name, value))
    return fix(f"call it with `{name}={value.value}`", "unsafe", (here, change))


def _of_models(recording: Recording, run: GradientRun | None, code: Code, block: cst.CSTNode) -> list[cst.Call]:
    """The calls in a block of models that hold a source."""
    wanted = {s.id for s in run.sources} if run is not None else set()
    models = [m for m in recording.models if m.span is not None and m.span.cell == code.cell and wanted & set(m.weights)]
    exact = {(m.span.line, m.span.column) for m in models if m.span is not None and is_exact(m.span)}
    called = {(m.span.line, m.name.rpartition(".")[2]) for m in models if m.span is not None and not is_exact(m.span)}
    return [c for c in code.all(cst.Call, block) if code.start(c) in exact or (code.start(c)[0], last_name(c.func)) in called]


def _conditions(code: Code, statement: cst.CSTNode, function: cst.FunctionDef) -> list[cst.BaseExpression]:
    """The conditions that a statement begins with or stands under, the innermost first."""
    around = [n for n in (statement, *code.around(statement)) if isinstance(n, cst.If) and code.function(n) is function]
    return [n.test for n in around]


def _flag(condition: cst.BaseExpression, function: cst.FunctionDef) -> tuple[str, str] | None:
    """The parameter that a condition is about, and its default."""
    inner = condition.expression if isinstance(condition, cst.UnaryOperation) and isinstance(condition.operator, cst.Not) else condition
    for parameter in (*function.params.params, *function.params.kwonly_params):
        if isinstance(inner, cst.Name) and parameter.name.value == inner.value and isinstance(parameter.default, cst.Name):
            return inner.value, parameter.default.value
    return None


def _calls(recording: Recording, call: cst.Call, function: cst.FunctionDef, owner: cst.ClassDef | None) -> bool:
    """Whether a call runs a function: by its name, or the `call` of a layer under the name that it was given."""
    if function.name.value not in ("call", "__call__") or owner is None:
        return last_name(call.func) == function.name.value
    made = {last_name(a.targets[0].target) for c in cells(recording) for a in c.all(cst.Assign) if isinstance(a.value, cst.Call) and last_name(a.value.func) == owner.name.value}
    return last_name(call.func) in made - {""}
