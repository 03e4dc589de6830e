"""Objects and values that an earlier cell made of variables: made once more, in the block of the tape."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, at_its_beginning, body_of, tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change, at_the_end
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, walk
from gradmagic.fixes.flow import DRAWN, assigned, reads_of
from gradmagic.fixes.kept import NO_VALUES
from gradmagic.fixes.names import names_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

# Whose objects hold what they are given and nothing of their own.
PLAIN = ("tensorflow_probability", "dataclasses", "collections", "types")
FAR = 4
PREDICTING = ("predict", "predict_on_batch")


def remade_in_block(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """`gp = Process(Kernel(width), x)` of an earlier cell, whose class computes from `width`, as the first line of the block that reads `gp`."""
    found, outside = tape_block(recording, run), code_at(recording, place)
    if found is None or outside is None or place is None:
        return ()
    code, block, _ = found
    here = outside.statement_at(place)
    function = outside.function(here) if here is not None else None
    owner = outside.enclosing(function, cst.ClassDef) if function is not None else None
    called = owner.name.value if owner is not None and function is not None and function.name.value == "__init__" else function.name.value if function is not None else None
    lines = [
        (other, step)
        for other in cells(recording)
        for step in other.all(cst.SimpleStatementLine)
        if other.cell != code.cell and other.function(step) is None and len(step.body) == 1 and isinstance(step.body[0], cst.Assign)
        if (step is here if called is None else any(last_name(c.func) == called for c in other.all(cst.Call, step)))
    ]
    if len(lines) != 1:
        return ()
    (other, line), names = lines[0], assigned(lines[0][1])
    read = [n for name in names for n in reads_of(code, name, code.scope(block))]
    inside = [n for n in read if block in list(code.around(n))]
    # In a function a name that gets a value has none of the notebook's above that line.
    early = [n for n in read if n not in inside and code.function(block) is not None]
    asked = asking(recording, run)
    target = argument(asked[1], 0, "target") if asked is not None and asked[0] is code else None
    inside += [n for n in read if target is not None and n is target.value]
    name, again = next(iter(names), ""), _as_tensor(other, line)
    if len(names) != 1 or not inside or early or names & assigned(code.scope(block)) or not _only_computes(recording, other, again):
        return ()
    nothing = all(isinstance(s, cst.SimpleStatementLine) and isinstance(s.body[0], cst.Pass) for s in body_of(block))
    change = at_the_end(Change(), block, again) if nothing else at_its_beginning(code, block, again)
    return fix(f"make `{name}` in the block of the tape", "unsafe", (code, change))


def predicted_in_block(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """`features = base.predict(x)` in front of the block that reads `features` → `features = base(x)` in it."""
    found, outside = tape_block(recording, run), code_at(recording, place)
    if found is None or outside is not found[0] or place is None:
        return ()
    code, block, _ = found
    line = code.statement_at(place)
    above = code.parent(line) in list(code.around(block)) if line is not None else False
    if not isinstance(line, cst.SimpleStatementLine) or not above or len(line.body) != 1 or code.start(line) > code.start(block) or code.scope(line) is not code.scope(block):
        return ()
    again, names = _as_tensor(code, line), assigned(line)
    name = next(iter(names), "")
    read = [n for n in reads_of(code, name, code.scope(block)) if code.start(n) > code.start(line)]
    inside = [n for n in read if block in list(code.around(n))]
    if again.body[0] is line.body[0] or len(names) != 1 or not inside or not _only_computes(recording, code, again):
        return ()
    change = at_its_beginning(code, block, again)
    if len(inside) == len(read):
        change.remove(line)
    return fix(f"compute `{name}` in the block of the tape", "unsafe", (code, change))


def as_variables(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`model.get_weights()` → `model.weights`: the variables themselves in the place of copies."""
    code = code_at(recording, place)
    call = code.call_at(place, ("get_weights",)) if code is not None and place is not None else None
    if code is None or call is None or call.args or not isinstance(call.func, cst.Attribute):
        return ()
    return fix("take the variables themselves, not copies of their values", "unsafe", (code, Change().replace(call, call.func.with_changes(attr=cst.Name("weights")))))


def themselves(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`w0 = w.numpy()`, `np.array(w)` and `[v.numpy() for v in weights]` → `w0 = w`, `[v for v in weights]`."""
    code = code_at(recording, place)
    whole = code.expressions_at(place)[:1] if code is not None and place is not None else []
    change = Change()
    for call in code.all(cst.Call, whole[0]) if code is not None and whole else ():
        if isinstance(call.func, cst.Attribute) and last_name(call.func) in ("numpy", "tolist") and not call.args:
            change.replace(call, call.func.value)
        elif last_name(call.func) in ("array", "asarray", "copy", "float", "int") and len(call.args) == 1:
            change.replace(call, call.args[0].value)
    return fix("take the variable itself, not a copy of its value", "unsafe", (code, change)) if code is not None and change.replaced else ()


def _as_tensor(code: Code, line: cst.SimpleStatementLine) -> cst.SimpleStatementLine:
    """A line of one assignment, with the tensor in the place of the array that is made of it: `model(x).numpy()` and `model.predict(x)` are `model(x)`."""
    assign = line.body[0]
    value = assign.value if isinstance(assign, cst.Assign) else None
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute):
        name, inner = value.func.attr.value, value.func.value
        if name == "numpy" and not value.args:
            return line.with_changes(leading_lines=[], body=[assign.with_changes(value=inner)])
        first = argument(value, 0, "x") if name in PREDICTING else None
        if first is not None:
            return line.with_changes(leading_lines=[], body=[assign.with_changes(value=code.expression(f"{code.text(inner)}({code.text(first.value)})"))])
    return line.with_changes(leading_lines=[])


def _only_computes(recording: Recording, code: Code, node: cst.CSTNode, depth: int = 0) -> bool:
    """Whether code computes and makes objects that keep values: no variables, no layers, nothing that is drawn or counted, as far as known code goes."""
    names = names_of(recording)
    for call in (n for n in walk(node) if isinstance(n, cst.Call)):
        called = last_name(call.func)
        if called in (*NO_VALUES, *DRAWN) or depth > FAR:
            return False
        bodies = [(other, f) for other in cells(recording) for f in other.all(cst.FunctionDef) if _is_called(other, f, called)]
        known = any(c.name.value == called for other in cells(recording) for c in other.all(cst.ClassDef))
        if called[:1].isupper() and not known and not names.module(call.func).startswith(PLAIN):
            return False
        if not all(_only_computes(recording, other, f.body, depth + 1) for other, f in bodies):
            return False
    # What is added to a list, or counted on, is so once more.
    return not any(isinstance(n, (cst.AugAssign, cst.Global)) for n in walk(node))


def _is_called(code: Code, function: cst.FunctionDef, name: str) -> bool:
    owner = code.enclosing(function, cst.ClassDef)
    return (owner is not None and function.name.value == "__init__" and owner.name.value == name) or (function.name.value == name and name != "__init__")
