"""Python numbers that are kept in a list and made a tensor further on: the tensors are kept, and stacked there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.calls import Place, given_first
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import assigned, assignments_of, reads_of
from gradmagic.fixes.leavings import is_recorded
from gradmagic.fixes.listed_numbers import made_constant, stacked_on_the_spot, stacked_text
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numbers_taken import leaving, tensor_of, whole_number
from gradmagic.fixes.reached import functions_in, handed_to
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

MOST = 40
# What needs no more of a list than that its items are numbers, and gives no tensor.
READING = ("len", "array", "asarray", "print", "mean", "std", "sum", "min", "max")
FILLING = ("append", "clear", "extend", "pop")
Read = tuple[Code, cst.BaseExpression]


@dataclasses.dataclass(frozen=True)
class _Holder:
    """What a list is called: a name in a function, or in the cells where `scope` is none, or an attribute of the objects of a class."""

    name: str
    scope: cst.CSTNode | None
    owner: cst.ClassDef | None = None
    # Where the list is one of rows, the item of each row.
    item: int | None = None


def kept_as_tensors(recording: Recording, place: Place, op: Op | None, run: GradientRun | None) -> tuple[Fix, ...]:
    """`values.append(float(v))` and `tf.constant(values)` → `values.append(v)` and `tf.stack(values)`, also where the list is handed on in between."""
    found, names = _kept_number(recording, place), names_of(recording)
    if found is None and run is not None:
        return stacked_on_the_spot(recording, place, run, names)
    if found is None or run is None or names.tf is None or not is_recorded(recording, run, found[0], found[1]):
        return ()
    code, call, number, holder = found
    reads, plain = _reads(recording, code, holder)
    made = [c for read in reads if (c := made_constant(*read, names)) is not None]
    if len(made) > 1:
        here = code_at(recording, op.span) if op is not None else None
        made = [(c, n) for c, n in made if c is here and op is not None and op.span is not None and c.start(n)[0] in range(op.span.line, op.span.end_line + 1)]
    changes: dict[int, tuple[Code, Change]] = {id(code): (code, Change().replace(number, code.expression(tensor_of(recording, code, number, call, names.tf))))}
    for other, constant in made:
        new = stacked_text(recording, other, constant, code, call, names.tf)
        if new is None:
            return ()
        changes.setdefault(id(other), (other, Change()))[1].replace(constant, other.expression(new))
    return fix("keep the tensors, and stack them where they become one again", "safe" if plain else "unsafe", *changes.values()) if made else ()


def _kept_number(recording: Recording, place: Place) -> tuple[Code, cst.Call, cst.BaseExpression, _Holder] | None:
    """The call that takes a value out of TensorFlow at a place, the whole expression of the number, and the list that it goes to."""
    code = code_at(recording, place)
    call = leaving(code, place) if code is not None else None
    if code is None or call is None:
        return None
    number = whole_number(code, call)
    holder = _holder(code, number) or _of_its_name(code, number)
    return (code, call, number, holder) if holder is not None else None


def _holder(code: Code, number: cst.BaseExpression) -> _Holder | None:
    """The list that a number is appended to, alone or as an item of a row, or that a comprehension makes of it."""
    whole = number
    while isinstance(around := code.parent(whole), (cst.BinaryOperation, cst.UnaryOperation)):
        whole = around
    parent, item = _position(code, whole)
    call = code.parent(parent) if isinstance(parent, cst.Arg) else None
    if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and last_name(call.func) == "append":
        return _called(code, call.func.value, item)
    assign = code.parent(parent) if isinstance(parent, cst.ListComp) and parent.elt is whole else None
    return _called(code, assign.targets[0].target, None) if isinstance(assign, cst.Assign) and item is None else None


def _of_its_name(code: Code, number: cst.BaseExpression) -> _Holder | None:
    """The list that a number is appended to by the name that it is given first, where that name is for nothing else."""
    assign = code.parent(number)
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    if not isinstance(target, cst.Name) or len(assignments_of(code, target.value, code.scope(number))) != 1:
        return None
    reads = reads_of(code, target.value, code.scope(number))
    return _holder(code, reads[0]) if len(reads) == 1 else None


def _position(code: Code, node: cst.BaseExpression) -> tuple[cst.CSTNode | None, int | None]:
    """What holds an expression; where that is a tuple, what holds the tuple, and the place in it."""
    parent = code.parent(node)
    row = code.parent(parent) if isinstance(parent, cst.Element) else None
    return (code.parent(row), [e.value for e in row.elements].index(node)) if isinstance(row, (cst.Tuple, cst.List)) else (parent, None)


def _called(code: Code, node: cst.CSTNode, item: int | None) -> _Holder | None:
    if isinstance(node, cst.Name):
        function = code.function(node)
        local = function is not None and (node.value in assigned(function.body) or any(p.name.value == node.value for p in function.params.params))
        return _Holder(node.value, function if local else None, None, item)
    owner = code.enclosing(node, cst.ClassDef)
    return _Holder(node.attr.value, None, owner, item) if isinstance(node, cst.Attribute) and dotted(node.value) == "self" and owner is not None else None


def _reads(recording: Recording, code: Code, first: _Holder) -> tuple[list[Read], bool]:
    """Where a list is read, under all names that functions hand it on by, and whether it is only read whole and only by what gives numbers or tensors."""
    waiting, seen, found, plain = [(code, first)], [first], list[Read](), True
    while waiting and len(found) < MOST:
        where, holder = waiting.pop()
        for other, node in _of_holder(recording, where, holder):
            read = _sliced(other, node)
            more = list(_handed_on(recording, other, read, holder.item))
            found += [(other, read)] if holder.item is None else []
            plain = plain and bool(more or _is_plain(other, read))
            for step in more:
                if isinstance(step[1], _Holder):
                    if step[1] not in seen:
                        seen.append(step[1])
                        waiting.append((step[0], step[1]))
                else:
                    found.append((step[0], step[1]))
    return found, plain


def _of_holder(recording: Recording, code: Code, holder: _Holder) -> Iterator[Read]:
    if holder.scope is not None:
        yield from ((code, n) for n in reads_of(code, holder.name, holder.scope.body if isinstance(holder.scope, cst.FunctionDef) else holder.scope))
        return
    for other in cells(recording):
        if holder.owner is not None:
            made = {n for a in other.all(cst.Assign) if isinstance(a.value, cst.Call) and last_name(a.value.func) == holder.owner.name.value for n in assigned(cst.SimpleStatementLine([a]))}
            for node in other.all(cst.Attribute):
                inside = dotted(node.value) == "self" and other.enclosing(node, cst.ClassDef) is holder.owner
                if node.attr.value == holder.name and (inside or dotted(node.value) in made) and not isinstance(other.parent(node), cst.AssignTarget):
                    yield other, node
            continue
        for name in reads_of(other, holder.name, other.module):
            function = other.function(name)
            if function is None or (holder.name not in assigned(function.body) and all(p.name.value != holder.name for p in function.params.params)):
                yield other, name


def _sliced(code: Code, node: cst.BaseExpression) -> cst.BaseExpression:
    parent = code.parent(node)
    return parent if isinstance(parent, cst.Subscript) and parent.value is node and isinstance(parent.slice[0].slice, cst.Slice) else node


def _handed_on(recording: Recording, code: Code, node: cst.BaseExpression, item: int | None) -> Iterator[tuple[Code, _Holder | cst.BaseExpression]]:
    """What a list is called next: the result of a function, a parameter of one, another name, the columns of `zip(*rows)`."""
    parent, position = _position(code, node)
    function = code.function(node)
    if isinstance(parent, cst.Return) and function is not None:
        for other in cells(recording):
            for call in other.all(cst.Call):
                if last_name(call.func) == function.name.value:
                    yield from _named(other, call, position, item)
    elif isinstance(parent, cst.Assign) and position is None:
        yield from ((code, h) for t in parent.targets if (h := _called(code, t.target, item)) is not None)
    outer = code.parent(parent) if isinstance(parent, cst.Arg) else None
    if not isinstance(outer, cst.Call) or not isinstance(parent, cst.Arg):
        return
    if parent.star == "*" and last_name(outer.func) == "zip" and item is not None and len(outer.args) == 1:
        yield from _named(code, outer, item, None)
    for other, inner in functions_in(tuple(cells(recording))).called(outer):
        yield from ((other, _Holder(name, inner, None, item)) for name, value in handed_to(inner, outer) if value is node)


def _named(code: Code, call: cst.Call, position: int | None, item: int | None) -> Iterator[tuple[Code, _Holder | cst.BaseExpression]]:
    """The name that a result, or one part of it, is given; the call itself where the whole is used on the spot."""
    assign = code.parent(call)
    target: cst.CSTNode | None = assign.targets[0].target if isinstance(assign, cst.Assign) else None
    if position is None and target is None:
        yield code, call
    if position is not None:
        parts = target.elements if isinstance(target, (cst.Tuple, cst.List)) else ()
        target = parts[position].value if position < len(parts) else None
    holder = _called(code, target, item) if target is not None else None
    if holder is not None:
        yield code, holder


def _is_plain(code: Code, node: cst.BaseExpression) -> bool:
    """Whether a list is read by what needs its numbers only, filled, or made a tensor."""
    parent = code.parent(node)
    call = code.parent(parent) if isinstance(parent, (cst.Arg, cst.Attribute)) else None
    return isinstance(call, cst.Call) and (last_name(call.func) in (*READING, "constant", "convert_to_tensor") if isinstance(parent, cst.Arg) else last_name(call.func) in FILLING)


def becomes_an_array(recording: Recording, place: Place) -> bool:
    """Whether the list that keeps a number is made an array in another function than that which fills it: a tensor in it would be a number again there."""
    found, names = _kept_number(recording, place), names_of(recording)
    if found is None:
        return False
    code, call, _, holder = found
    made = [(c, m) for c, n in _reads(recording, code, holder)[0] if c.scope(n) is not code.scope(call) and (m := given_first(c, n)) is not None]
    return any(names.module(m.func).startswith("numpy.") for _, m in made) and not any(names.module(m.func).startswith("tensorflow.") for _, m in made)
