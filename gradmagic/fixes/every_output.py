"""A list of outputs that a loop goes through by its index, and not to its end: the others reach no target."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, parameters_of, same
from gradmagic.fixes.flow import reads_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix
from gradmagic.short_zips import ShortZip


def to_the_last(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """`for i in range(n)` that reads `outputs[i]` of what a model gave → `for i in range(len(outputs))`."""
    code, block = code_at(recording, place), tape_block(recording, run)
    call = next((n for n in code.expressions_at(place) if isinstance(n, cst.Call)), None) if code is not None and place is not None else None
    assign = code.parent(call) if code is not None and call is not None else None
    if code is None or block is None or not isinstance(assign, cst.Assign) or len(assign.targets) != 1 or not isinstance(assign.targets[0].target, cst.Name):
        return ()
    name, scope = assign.targets[0].target.value, code.scope(assign)
    found: dict[int, tuple[Code, cst.BaseExpression, str]] = {}
    for where, local, within in [(code, name, scope), *_handed(recording, code, name, scope)]:
        reads = [n for n in reads_of(where, local, within) if n is not assign.targets[0].target]
        loops = [_loop_of(where, n) for n in reads if not _is_handed_on(where, n)]
        stops = {id(s): s for s in loops if s is not None}
        # Another line that reads it may read the outputs that the loop leaves out.
        if loops and (None in loops or len(stops) != 1):
            return ()
        found |= {key: (where, stop, local) for key, stop in stops.items()}
    if len(found) != 1:
        return ()
    where, stop, local = next(iter(found.values()))
    new = where.expression(f"len({local})")
    if same(stop, new):
        return ()
    return fix(f"go through all of `{local}`", "unsafe", (where, Change().replace(stop, new)))


def as_many_as_results(recording: Recording, short: ShortZip) -> tuple[Fix, ...]:
    """A list that `zip` goes through beside the results of a call, as long as those are: its last element stands for the others too."""
    code = code_at(recording, short.listed)
    listed = next((n for n in code.expressions_at(short.listed) if isinstance(n, (cst.List, cst.Tuple))), None) if code is not None else None
    if code is None or listed is None or not listed.elements or not isinstance(listed.elements[-1].value, (cst.BaseNumber, cst.Name, cst.UnaryOperation, cst.Attribute)):
        return ()
    last = code.text(listed.elements[-1].value)
    before, after = ("[", "]") if isinstance(listed, cst.List) else ("(", ")")
    new = before + ", ".join([code.text(e.value) for e in listed.elements] + [last] * short.left) + after
    which = "the last result" if short.left == 1 else f"the last {short.left} results"
    return fix(f"give {which} an element too: here that of the one before, which is yours to choose", "unsafe", (code, Change().replace(listed, code.expression(new))))


def _handed(recording: Recording, code: Code, name: str, scope: cst.CSTNode) -> list[tuple[Code, str, cst.CSTNode]]:
    """The functions of the cells that are handed a name, and what they call it."""
    found: list[tuple[Code, str, cst.CSTNode]] = []
    for call in code.all(cst.Call, scope):
        for other in cells(recording):
            for function in other.all(cst.FunctionDef):
                parameters = parameters_of(function) if function.name.value == last_name(call.func) else []
                for position, parameter in enumerate(parameters):
                    given = argument(call, position, parameter)
                    if given is not None and isinstance(given.value, cst.Name) and given.value.value == name:
                        found.append((other, parameter, function))
    return found


def _is_handed_on(code: Code, node: cst.Name) -> bool:
    """Whether a name is an argument of a call, other than of one that goes through all of it where it stands."""
    arg = code.parent(node)
    call = code.parent(arg) if isinstance(arg, cst.Arg) else None
    return isinstance(call, cst.Call) and last_name(call.func) not in ("zip", "enumerate", "list", "tuple")


def _loop_of(code: Code, node: cst.Name) -> cst.BaseExpression | None:
    """The number of turns of the loop whose index a name is read with."""
    item = code.parent(node)
    index = item.slice[0].slice if isinstance(item, cst.Subscript) and item.value is node and len(item.slice) == 1 else None
    if not isinstance(index, cst.Index) or not isinstance(index.value, cst.Name):
        return None
    for step in code.around(node):
        if isinstance(step, cst.FunctionDef):
            return None
        loop = step.for_in if isinstance(step, (cst.GeneratorExp, cst.ListComp)) else step
        if isinstance(loop, (cst.For, cst.CompFor)) and isinstance(loop.target, cst.Name) and loop.target.value == index.value.value:
            turns = loop.iter
            plain = isinstance(turns, cst.Call) and last_name(turns.func) == "range" and len(turns.args) == 1 and turns.args[0].keyword is None
            return turns.args[0].value if plain and isinstance(turns, cst.Call) else None
    return None
