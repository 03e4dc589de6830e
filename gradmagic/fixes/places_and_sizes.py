"""Numbers that say where, how large or how often: Python and TensorFlow take whole ones only, which have no gradient."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.code import Code, cells, code_at, last_name, names_in, parameters_of
from gradmagic.fixes.flow import pairs_of, reads_of, targets_of
from gradmagic.recording import Recording

# Which positional argument is a shape, a size or a number of repetitions.
SIZES = {
    **dict.fromkeys(("zeros", "ones", "empty", "fill", "full", "normal", "uniform", "truncated_normal", "eye", "identity"), 0),
    **dict.fromkeys(("reshape", "broadcast_to", "tile", "repeat", "one_hot", "pad", "roll", "top_k", "gather", "take", "slice", "split", "insert"), 1),
}
SIZE_NAMES = ("shape", "depth", "k", "indices", "begin", "size", "multiples", "repeats", "paddings", "shift", "num_or_size_splits", "maxlen")
COUNTING = ("range", "arange", "sequence_mask", "crop_to_bounding_box", "pad_to_bounding_box", "resize")
DEEP = 3


def says_where(recording: Recording, place: Place) -> bool:
    """Whether the number that leaves at a place is used as an index, a size or a count."""
    code = code_at(recording, place)
    calls = code.expressions_at(place) if code is not None and place is not None else []
    call = next((c for c in calls if isinstance(c, cst.Call) and last_name(c.func) == "int"), None)
    return code is not None and call is not None and must_be_whole(recording, code, [call])


def must_be_whole(recording: Recording, code: Code, nodes: Iterable[cst.BaseExpression], deep: int = DEEP) -> bool:
    """Whether a number, or what is computed from it under a name, in its function or one that is handed it, stands where only a whole one may."""
    waiting: list[cst.BaseExpression] = list(nodes)
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if _is_place_or_size(code, node) or (deep and _handed_on(recording, code, node, deep)):
            return True
        for name in _names_given(code, node) - seen:
            seen.add(name)
            waiting += [n for n in reads_of(code, name, code.scope(node)) if code.start(n) > code.end(node)]
    return False


def _is_place_or_size(code: Code, node: cst.CSTNode) -> bool:
    inner: cst.CSTNode = node
    for around in code.around(node):
        if isinstance(around, cst.SubscriptElement):
            return True
        if isinstance(around, cst.Call) and isinstance(inner, cst.Arg):
            name, arg = last_name(around.func), inner
            if name in COUNTING or (arg.keyword is not None and arg.keyword.value in SIZE_NAMES):
                return True
            if arg.keyword is None and name in SIZES and SIZES[name] < len(around.args) and around.args[SIZES[name]] is arg:
                return True
        if isinstance(around, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            return False
        inner = around
    return False


def _names_given(code: Code, node: cst.CSTNode) -> set[str]:
    """The names that an expression gives its value to."""
    assign = code.enclosing(node, cst.Assign)
    if assign is not None:
        return {n for target, value in pairs_of(assign) if node is value or any(a is value for a in code.around(node)) for n in targets_of(target)}
    one = code.enclosing(node, cst.AugAssign)
    return targets_of(one.target) if one is not None else set()


def _handed_on(recording: Recording, code: Code, node: cst.CSTNode, deep: int) -> bool:
    """Whether a function of the notebook's that is handed the number uses it so."""
    arg = next((n for n in (node, *code.around(node)) if isinstance(n, cst.Arg)), None)
    call = code.parent(arg) if arg is not None else None
    if arg is None or not isinstance(call, cst.Call) or not isinstance(call.func, (cst.Name, cst.Attribute)):
        return False
    for other in cells(recording):
        for function in other.all(cst.FunctionDef):
            if function.name.value != last_name(call.func):
                continue
            parameters = parameters_of(function)
            at = [a for a in call.args if a.keyword is None]
            name = arg.keyword.value if arg.keyword is not None else parameters[at.index(arg)] if at.index(arg) < len(parameters) else None
            reads = reads_of(other, name, function.body) if name is not None else []
            if reads and name not in {n for a in other.all(cst.Assign, function.body) if other.start(a) < other.start(reads[0]) for t in a.targets for n in names_in(t.target)}:
                return must_be_whole(recording, other, reads, deep - 1)
    return False
