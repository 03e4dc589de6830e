"""A target that NumPy computed, on the spot or in functions of the notebook's: the same in TensorFlow, so that it is a tensor."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, fix, last_name
from gradmagic.fixes.leavings import FLAT, has_several_uses, written_into
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.numpy_table import LEAVING_METHODS, METHODS
from gradmagic.fixes.places_and_sizes import must_be_whole
from gradmagic.fixes.reached import Function, Reached, reached, statements_behind
from gradmagic.fixes.translation import NUMPY, PREDICTS, TO_NUMPY, Translation
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

FAR = 4
NUMBERS = ("float", "int")


def target_of_tensors(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`loss = np.mean((y - model(x)) ** 2)`, or such a function of the user's: `tf.reduce_mean(…)`, in the lines that lead to the target alone."""
    found, block = asking(recording, run), tape_block(recording, run)
    target = argument(found[1], 0, "target", "ys") if found is not None else None
    if run is None or found is None or block is None or found[0] is not block[0] or target is None or not isinstance(target.value, cst.Name):
        return ()
    code, names, known = found[0], names_of(recording), reached(recording, run)
    scope = code.scope(found[1])
    lines = statements_behind(code, scope, {target.value.value}, code.end(block[1]))
    calls = [c for line in lines for c in code.all(cst.Call, line) if last_name(c.func) in PREDICTS or known.holds(code, c)]
    if not calls:
        return ()
    here = Translation(code, names, block[1], calls[0], known.names(scope), [c for c in calls if known.takes(code, c)], lines)
    called = _functions(names, known, code, calls)
    parts = [here, *called]
    functions = list(dict.fromkeys(f for p in parts for f in p.functions))
    if (
        not all(p.possible and not written_into(p.code, p.region, p.arrays) for p in parts)
        or any(f.rpartition(".")[2] in FLAT for f in functions)
        or any(must_be_whole(recording, p.code, p.whole) for p in parts)
    ):
        return ()
    changes: dict[int, tuple[Code, Change]] = {}
    for part in parts:
        changes.setdefault(id(part.code), (part.code, Change()))[1].replaced.update(part.change.replaced)
    title = f"use {', '.join(f'`{f}`' for f in functions[:3])} in the place of NumPy, so that the target is a tensor" if functions else f"use the tensor itself, without {here.what}"
    sure = not functions and not any(p.whole for p in parts) and not any(last_name(c.func) in PREDICTS or has_several_uses(code, c) for c in calls)
    return fix(title, "safe" if sure else "unsafe", *changes.values())


def _functions(names: Names, known: Reached, code: Code, calls: list[cst.Call]) -> list[Translation]:
    """The functions that these calls run, and those that they call, written with tensors."""
    waiting, seen, found = [(code, c) for c in calls], list[Function](), list[Translation]()
    for _ in range(FAR):
        functions = [f for _, c in waiting for f in known.functions.called(c)]
        waiting = []
        for other, function in functions:
            if any(function is f for f in seen):
                continue
            seen.append(function)
            inner = [c for c in other.all(cst.Call, function.body) if known.holds(other, c)]
            waiting += [(other, c) for c in inner]
            first = next((c for c in inner if _leaves(c, names)), None)
            if first is not None:
                found.append(_in_tensors(names, known, other, function, first))
    return found


def _in_tensors(names: Names, known: Reached, code: Code, function: Function, first: cst.Call) -> Translation:
    handed = known.handed(code, function)
    like = handed[0] if handed else None
    if isinstance(function, cst.Lambda):
        return Translation(code, names, code.statement(function) or function, first, handed, like=like)
    if isinstance(function.body, cst.SimpleStatementSuite):
        return Translation(code, names, function.body, first, handed, like=like)
    needed = {n.value for r in code.all(cst.Return, function) if r.value is not None and code.function(r) is function for n in code.all(cst.Name, r.value)}
    returns = [s for s in code.all(cst.SimpleStatementLine, function) if isinstance(s.body[-1], cst.Return) and code.function(s) is function]
    lines = [*statements_behind(code, function, needed, code.end(function)), *returns]
    return Translation(code, names, function.body, first, handed, statements=sorted({id(s): s for s in lines}.values(), key=code.start), like=like)


def _leaves(call: cst.Call, names: Names) -> bool:
    """Whether a call makes an array, or a Python number, of the tensors that it is handed."""
    name = last_name(call.func)
    if isinstance(call.func, cst.Name) and name in NUMBERS:
        return bool(call.args)
    return name in TO_NUMPY or names.module(call.func).partition(".")[0] in NUMPY or (isinstance(call.func, cst.Attribute) and name in (*LEAVING_METHODS, *PREDICTS, *METHODS))
