"""Probabilities that leave TensorFlow so that NumPy can draw by them: the tensor is kept, and only the draw gets its numbers."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, given_first
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.leavings import is_recorded
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.numbers_taken import leaving, whole_number
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

# What chooses by numbers, or shows them; none of it has a derivative.
DRAWS = ("choice", "choices", "multinomial", "argmax", "argmin", "print", "format")
ARRAYS = ("numpy", "scipy", "math", "random")


def numbers_for_draws(recording: Recording, place: Place, run: GradientRun | None) -> tuple[Fix, ...]:
    """`p = policy(s).numpy()[0]`, `np.random.choice(n, p=p)` and `tf.math.log(p[a])` → `p = policy(s)[0]` and `np.random.choice(n, p=p.numpy())`."""
    code, names = code_at(recording, place), names_of(recording)
    call = leaving(code, place) if code is not None else None
    if code is None or call is None or run is None or not isinstance(call.func, cst.Attribute) or last_name(call.func) != "numpy" or not is_recorded(recording, run, code, call):
        return ()
    whole = whole_number(code, call)
    assign = code.parent(whole)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if not isinstance(target, cst.Name) or len(assignments_of(code, target.value, code.scope(whole))) != 1:
        return ()
    reads = [n for n in reads_of(code, target.value, code.scope(whole)) if code.start(n) > code.end(whole)]
    draws = [n for n in reads if _is_for_a_draw(code, n)]
    if not draws or len(draws) == len(reads) or any(_stays_an_array(code, names, n) for n in reads if n not in draws):
        return ()
    change = Change().replace(call, call.func.value)
    # Its length a tensor tells as well.
    for read in (n for n in draws if (outer := given_first(code, n)) is None or last_name(outer.func) != "len"):
        change.replace(read, code.expression(f"{target.value}.numpy()"))
    return fix(f"keep the tensor in `{target.value}`, and take its numbers out for the draw only", "unsafe", (code, change))


def _is_for_a_draw(code: Code, node: cst.CSTNode) -> bool:
    """Whether a value is read by what draws, chooses or shows, on whatever way inside of that call."""
    return any(isinstance(n, cst.FormattedStringExpression) or (isinstance(n, cst.Call) and last_name(n.func) in DRAWS) for n in _inside_statement(code, node))


def _stays_an_array(code: Code, names: Names, node: cst.CSTNode) -> bool:
    """Whether a value is read by what takes it for an array: a function of NumPy, or a method of it."""
    parent = code.parent(node)
    return isinstance(parent, cst.Attribute) or any(isinstance(n, cst.Call) and names.module(n.func).partition(".")[0] in ARRAYS for n in _inside_statement(code, node))


def _inside_statement(code: Code, node: cst.CSTNode) -> list[cst.CSTNode]:
    found = []
    for around in code.around(node):
        if isinstance(around, (cst.BaseSmallStatement, cst.BaseCompoundStatement)):
            break
        found.append(around)
    return found
