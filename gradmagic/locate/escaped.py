"""Values that left TensorFlow and came back as constants: proven by the code between, or by the value itself."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence

from gradmagic.called_objects import leaving_in_objects
from gradmagic.definitions import is_compared, line_of, passed_as, predictions, statements_ahead, statements_behind, within
from gradmagic.leaving import calls_outside, writes_into_arrays
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import STATE, Paths
from gradmagic.recording import Escape, Op, Span, has_gradient_dtype
from gradmagic.syntax import made_at

Behind = Sequence[tuple[Op | None, list[tuple[str | int, ast.stmt]]]]
# How many of the values that left are compared with those that come in.
MOST_VALUES = 100


def locate_escape(paths: Paths, index: int) -> Fault | None:
    """A value made from the source left TensorFlow, and later a constant came in that the target was computed from."""
    left = [e for e in paths.recording.escapes if e.seq < paths.run.seq and paths.mask.get(e.tensor, 0) >> index & 1]
    # A loop hands out values at one place again and again.
    first = {e.span: e for e in reversed(left)}
    leaving = sorted((e for e in first.values() if _may_come_back(paths, e)), key=lambda e: e.seq)
    came_in, run = entries(paths), paths.run

    def fault(returned: Op | None, span: Span | None, how: str) -> Fault:
        return Fault("none", "escaped", paths.run, (index,), returned, span=span, detail={"how": how, "key": span})

    # Values leave for many reasons. The one that came back is found where the code made the constant that comes in.
    known = {span: list(statements_behind(paths.recording, span)) for span in {op.span for op in came_in} if span is not None}
    behind = [(op, known[op.span]) for op in came_in if op.span is not None]
    for returned, statements in reversed(behind):
        for key, statement in statements:
            here = [e for e in leaving if e.seq < returned.seq and within(e.span, key, statement)]
            if here:
                # Several ops behind the same code take in constants: the one that takes in this value is meant.
                same = next((op for op, code in behind if here[-1].seq < op.seq and any(within(here[-1].span, *c) for c in code) and _brings_back(paths, op, here[-1])), returned)
                return fault(same, here[-1].span, here[-1].how)
    # NumPy reads a tensor unseen. What is computed from the result has the source's name behind it too: the first call is the cut.
    own, passed = _names_made(paths, index)
    # A function that is handed an array gets it from the call that made the array.
    candidates = _calls(paths, behind, own, index) or _calls(paths, behind, passed, index)
    if candidates:
        return fault(*_first_of(candidates), "NumPy")
    # Where the code that leads to the target does not tell, the value itself can, or the code that it led to.
    meant = {e.span for e in leaving}
    for last in reversed([e for e in left if e.span in meant][-MOST_VALUES:]):
        came_back = next((op for op in came_in if op.seq > last.seq and _brings_back(paths, op, last)), None)
        if came_back is not None:
            return fault(came_back, last.span, last.how)
    for last in reversed(leaving):
        later = [op for op in came_in if op.seq > last.seq]
        for key, statement, unknown in statements_ahead(paths.recording, last.span) if last.span is not None else ():
            came_back = next((op for op in later if unknown or within(op.span, key, statement)), None)
            if came_back is not None or ((unknown or within(run.span, key, statement)) and not any(t in paths.producer for t in paths.targets)):
                return fault(came_back, last.span, last.how)
    # Of a target that no op made, or a variable made of it, the code that asks for its gradient leads to what made it.
    if not came_in and run.span is not None and all(t not in paths.producer or paths.producer[t].type in ("VarHandleOp", "ReadVariableOp") for t in paths.targets):
        made: Behind = [(None, list(statements_behind(paths.recording, run.span)))]
        inside = [e for e in leaving if any(within(e.span, key, statement) for key, statement in made[0][1])]
        if inside:
            return fault(None, inside[-1].span, inside[-1].how)
        candidates = _calls(paths, made, own, index) or _calls(paths, made, passed, index)
    return fault(*_first_of(candidates), "NumPy") if candidates else _in_object(paths, index, came_in, own, fault) or _by_choice(paths, leaving, came_in, fault)


def _first_of(candidates: list[tuple[Op | None, Span]]) -> tuple[Op | None, Span]:
    """The first call, in the order of the text, of those in one cell or file."""
    where = (candidates[0][1].cell, candidates[0][1].file)
    return min((c for c in candidates if (c[1].cell, c[1].file) == where), key=lambda c: (c[1].line, c[1].column))


def _in_object(paths: Paths, index: int, came_in: list[Op], names: set[str], fault: Callable[[Op | None, Span | None, str], Fault]) -> Fault | None:
    """NumPy in the `call` of an object that is handed the value: nothing in the code that calls the object says so."""
    made = [op for op in paths.ops if paths.bits(op) >> index & 1]
    later = [op for op in came_in if made and (op.seq > made[0].seq or op.in_graph)]
    places = {op.span for op in made if op.span is not None and op.span.end_column}
    left = leaving_in_objects(paths.recording, names, places) if later else []
    return fault(later[0], left[0][0], "NumPy") if left else None


def _by_choice(paths: Paths, leaving: list[Escape], came_in: list[Op], fault: Callable[[Op | None, Span | None, str], Fault]) -> Fault | None:
    """A value that is not computed with, and picks what comes in, as the action that an environment is given."""
    for returned in reversed(came_in):
        for key, statement in statements_behind(paths.recording, returned.span, choices=True) if returned.span is not None else ():
            here = [e for e in leaving if e.seq < returned.seq and within(e.span, key, statement)]
            if here:
                return fault(returned, here[-1].span, here[-1].how)
    return None


def _calls(paths: Paths, behind: Behind, names: set[str], index: int) -> list[tuple[Op | None, Span]]:
    """The calls that hand one of the names to NumPy, and the places of arrays that it is put into, in the code behind the ops through which values come in."""
    calls: dict[str | int, list[Span]] = {}
    places = {op.span for op in paths.ops if op.span is not None and paths.bits(op) >> index & 1}
    found: list[tuple[Op | None, Span]] = []
    for returned, statements in behind:
        for key, statement in statements:
            if key not in calls:
                calls[key] = calls_outside(paths.recording, here := line_of(key, statement), names) + writes_into_arrays(paths.recording, here, names, places)
            found += [(returned, c) for c in calls[key] if within(c, key, statement)]
    return found


def _may_come_back(paths: Paths, left: Escape) -> bool:
    if left.how in ("bool()", "str", "repr", "format"):
        return False
    tensor = paths.recording.tensors.get(left.tensor)
    return tensor is None or tensor.shape != () or left.span is None or not is_compared(paths.recording, left.span)


def _brings_back(paths: Paths, op: Op, left: Escape) -> bool:
    """Whether an op takes in a constant of the shape and size of the value that left, which is not written down beside it."""
    tensors = paths.recording.tensors
    gone = tensors.get(left.tensor)
    if gone is None or not gone.norm:
        return False
    alike = [
        t for key in op.inputs if key not in paths.producer and (t := tensors.get(key)) is not None and t.shape == gone.shape and t.norm is not None and math.isclose(t.norm, gone.norm, rel_tol=1e-6)
    ]
    written = {float(n) for n in re.findall(r"\d+\.?\d*(?:e[-+]?\d+)?", op.span.code)} if op.span is not None else set()
    return any(t.shape != () or t.norm not in written for t in alike)


def _names_made(paths: Paths, index: int) -> tuple[set[str], set[str]]:
    """What the code calls the source and the values that were computed from it, without and with the parameters that functions get them as."""
    found = words_for(paths, index)
    places = {op.span for op in paths.reads(index)}
    for span in places:
        if span is not None:
            found |= made_at(paths.recording, span)
    if paths.run.kind.startswith("keras"):
        found |= predictions(paths.recording, {op.span.function for op in entries(paths) if op.span is not None and op.span.function})
    return found, passed_as(paths.recording, found, places)


def entries(paths: Paths) -> list[Op]:
    """The ops through which a value without an op of its own enters the target."""
    found = []
    for op in paths.ops:
        if op.type not in STATE and any(out in paths.ancestors for out in op.outputs):
            for key in op.inputs:
                tensor = paths.recording.tensors.get(key)
                if key not in paths.producer and tensor is not None and tensor.origin in ("unknown", "constant") and has_gradient_dtype(tensor.dtype) and tensor.dtype != "resource":
                    found.append(op)
                    break
    return found


def words_for(paths: Paths, index: int) -> set[str]:
    """What the code calls a source."""
    variable = paths.recording.variables.get(paths.run.sources[index].id)
    names = {paths.run.sources[index].name, *(variable.names if variable else ())}
    words = {n.rpartition(".")[2].partition("[")[0] for n in names if n and "/" not in n}
    # The attribute that holds a layer speaks for its weights (`kernel` and `bias` name those of every layer).
    return set(variable.holders) if variable is not None and variable.holders else words
