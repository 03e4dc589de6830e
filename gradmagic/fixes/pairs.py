"""The pairs of gradients and variables that an optimizer takes: turned round, not paired at all, or with what a function returned beside the gradients."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.optimizers import APPLYING
from gradmagic.recording import Recording
from gradmagic.report import Fix

# Functions of TensorFlow that return their result and something beside it.
PAIRS = ("clip_by_global_norm",)


def taken_whole(recording: Recording, place: Place) -> tuple[Code, cst.AssignTarget, cst.Call] | None:
    """Where the gradients that an update zips with its variables are the pair that a function returned."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None:
        return None
    given = [c.args[0].value for c in code.all(cst.Call, statement) if last_name(c.func) == "zip" and c.args]
    for name in (n.value for n in given if isinstance(n, cst.Name)):
        before = [a for a in assignments_of(code, name, code.scope(statement)) if code.start(a) < code.start(statement)]
        value = before[-1].value if before else None
        if isinstance(value, cst.Call) and last_name(value.func) in PAIRS:
            return code, before[-1].targets[0], value
    return None


def unpacked(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`clipped = tf.clip_by_global_norm(…)` → `clipped, _ = …`."""
    found = taken_whole(recording, place)
    if found is None:
        return ()
    code, target, call = found
    pair = cst.Tuple([cst.Element(target.target), cst.Element(cst.Name("_"))], lpar=[], rpar=[])  # type: ignore[arg-type]
    return fix(f"unpack what `{last_name(call.func)}` returns", "unsafe", (code, Change().replace(target.target, pair)))


def gradients_first(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`apply_gradients(zip(variables, gradients))` with the gradients first."""
    code = code_at(recording, place)
    call = code.call_at(place, APPLYING) if code is not None and place is not None else None
    zipped = next((c for c in code.all(cst.Call, call) if last_name(c.func) == "zip" and len(c.args) == 2), None) if code is not None and call is not None else None
    if code is None or zipped is None:
        return ()
    first, second = zipped.args
    made = {n for a in code.all(cst.Assign, code.scope(zipped)) if any(last_name(c.func) == "gradient" for c in code.all(cst.Call, a.value)) for t in a.targets for n in names_in(t.target)}
    if not (isinstance(second.value, cst.Name) and second.value.value in made) or (isinstance(first.value, cst.Name) and first.value.value in made):
        return ()
    new = zipped.with_changes(args=[first.with_changes(value=second.value), second.with_changes(value=first.value)])
    return fix("put the gradients first and the variables second", "unsafe", (code, Change().replace(zipped, new)))


def unpaired_gradients(recording: Recording, place: Place) -> tuple[Code, cst.Call, cst.Name, cst.BaseExpression] | None:
    """A call of `apply_gradients` that is given the list of gradients alone, or beside that of the variables; with the list, and the variables that they were asked for."""
    code = code_at(recording, place)
    call = code.call_at(place, ("apply_gradients",)) if code is not None and place is not None else None
    given = argument(call, 0, "grads_and_vars") if call is not None else None
    if code is None or call is None or given is None or not isinstance(given.value, cst.Name):
        return None
    made = [a for a in assignments_of(code, given.value.value, code.scope(call)) if code.start(a) < code.start(call)]
    asked = made[-1].value if made else None
    sources = argument(asked, 1, "sources") if isinstance(asked, cst.Call) and last_name(asked.func) == "gradient" else None
    return (code, call, given.value, sources.value) if sources is not None else None


def paired(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`apply_gradients(grads)` and `apply_gradients(grads, variables)` → `apply_gradients(zip(grads, variables))`."""
    found = unpaired_gradients(recording, place)
    if found is None:
        return ()
    code, call, gradients, sources = found
    second = argument(call, 1, "trainable_variables")
    variables = code.text(second.value if second is not None else sources)
    # A parameter may well be a list: what was asked for tells.
    several = bool(recording.runs) and len(recording.runs[-1].sources) > 1
    one = isinstance(sources, cst.Name) and second is None and not several and not _is_list(code, sources)
    pairs = f"[({gradients.value}, {variables})]" if one else f"zip({gradients.value}, {variables})"
    kept = [a for a in call.args if a is not second][1:]
    first = cst.Arg(code.expression(pairs), comma=cst.MaybeSentinel.DEFAULT if not kept else call.args[0].comma)
    return fix("pair each gradient with its variable", "unsafe", (code, Change().replace(call, call.with_changes(args=[first, *kept]))))


def _is_list(code: Code, name: cst.Name) -> bool:
    """Whether a name is given a list, or the variables of a model."""
    values = [a.value for a in assignments_of(code, name.value)]
    return any(isinstance(v, (cst.List, cst.Tuple, cst.ListComp, cst.BinaryOperation)) or last_name(v).endswith(("variables", "weights")) for v in values)
