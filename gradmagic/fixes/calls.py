"""A call that gives way to its argument, to another call, or to the same value with a gradient."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Fix, Location

Place = Span | Location | None


def without_stop_gradient(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """Take `stop_gradient(…)` away around its argument; the value stays the same."""
    code = code_at(recording, place)
    call = code.call_at(place, ("stop_gradient",)) if code is not None and place is not None else None
    if code is not None and call is None and place is not None:
        return _with_back_prop(code, place)
    if code is None or call is None or len(call.args) != 1:
        return ()
    return fix("take `stop_gradient` away", "safe", (code, Change().replace(call, call.args[0].value)))


def _with_back_prop(code: Code, place: Span | Location) -> tuple[Fix, ...]:
    """`map_fn(…, back_prop=False)`, which stops the gradient of its result, without that argument."""
    call = code.call_at(place, ("map_fn", "while_loop", "scan", "foldl", "foldr"))
    off = argument(call, None, "back_prop") if call is not None else None
    if call is None or off is None:
        return ()
    return fix("take `back_prop=False` away", "safe", (code, Change().replace(call, without_argument(call, off))))


def straight_through(recording: Recording, place: Place, functions: tuple[str, ...], input_position: int = 0) -> tuple[Fix, ...]:
    """`f(x)` → `x + stop_gradient(f(x) - x)`: the same value going forward, the gradient of `x` going backward."""
    code = code_at(recording, place)
    call = code.call_at(place, functions) if code is not None and place is not None else None
    inner = argument(call, input_position, "x", "t", "value", "input", "image", "images") if call is not None else None
    stop = names_of(recording).function("stop_gradient", call.func) if call is not None else None
    # What is compared afterwards has no gradient that could pass.
    if code is None or call is None or inner is None or stop is None or code.enclosing(call, cst.Comparison) is not None:
        return ()
    title = f"let the gradient pass `{last_name(call.func)}` unchanged (straight-through)"
    statement = line_of(code, call) if code.all(cst.Call, inner.value) else None
    if statement is None:
        x = atom(code.text(inner.value))
        return fix(title, "safe", (code, Change().replace(call, code.expression(f"{x} + {stop}({code.text(call)} - {x})"))))
    # A layer runs once, and what it draws is the same on both sides.
    soft = new_name(code, "soft")
    hard = code.text(call.deep_replace(inner.value, cst.Name(soft)))  # type: ignore[arg-type]
    change = Change().insert_before(statement, code.line(f"{soft} = {code.text(inner.value)}"))
    change.replace(call, code.expression(f"{soft} + {stop}({hard} - {soft})"))
    earlier = any(code.end(other) <= code.start(call) for other in code.all(cst.Call, statement))
    return fix(title, "unsafe" if earlier else "safe", (code, change))


def there_and_back(recording: Recording, place: Place, op: Op) -> tuple[Fix, ...]:
    """A call inside of which floats become whole numbers and floats of the same shape again (a picture that is compressed) → the same value, with the gradient of what goes in."""
    code = code_at(recording, place)
    call = next((n for n in code.expressions_at(place) if isinstance(n, cst.Call)), None) if code is not None and place is not None else None
    inside = [o for o in recording.ops if o.span == op.span and o.phase == op.phase and o.seq >= op.seq]
    given, made = (recording.tensors.get(key) for key in (op.inputs[0], inside[-1].outputs[0])) if inside and op.inputs and inside[-1].outputs else (None, None)
    if call is None or given is None or made is None or given.shape != made.shape or not made.dtype.startswith("float") or last_name(call.func) in ("cast", "saturate_cast"):
        return ()
    return straight_through(recording, place, (last_name(call.func),))


def line_of(code: Code, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
    """The statement that evaluates an expression just once and whatever it contains, so that a part of it can be computed before."""
    for around in code.around(node):
        if isinstance(around, (cst.Lambda, cst.BaseComp, cst.IfExp, cst.BooleanOperation)):
            return None
        if isinstance(around, cst.SimpleStatementLine):
            return around if len(around.body) == 1 and isinstance(code.parent(around), (cst.IndentedBlock, cst.Module)) else None
    return None


def call_of(code: Code | None, place: Place, functions: tuple[str, ...]) -> cst.Call | None:
    """The call of one of these functions at a place."""
    return code.call_at(place, functions) if code is not None and place is not None else None


def text_of(code: Code, call: cst.Call, position: int, *keywords: str) -> str | None:
    """The code of an argument."""
    found = argument(call, position, *keywords)
    return None if found is None else code.text(found.value)


def rest_of(code: Code, call: cst.Call, skip: int, *without: str) -> str:
    """The arguments behind the first `skip`, as they were written, with a comma before them."""
    kept = [a for i, a in enumerate(call.args) if not (i < skip and a.keyword is None) and not (a.keyword is not None and a.keyword.value in without)]
    return "".join(", " + code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in kept)


def keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    """`name=value` as an argument."""
    return cst.Arg(value, cst.Name(name), cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")))


def with_keyword(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """The call with a keyword argument set."""
    if any(a.keyword is not None and a.keyword.value == name for a in call.args):
        return call.with_changes(args=[a.with_changes(value=value) if a.keyword is not None and a.keyword.value == name else a for a in call.args])
    args = list(call.args)
    if args and isinstance(args[-1].comma, cst.MaybeSentinel):
        args[-1] = args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return call.with_changes(args=[*args, keyword(name, value)])


def without_argument(call: cst.Call, arg: cst.Arg) -> cst.Call:
    """The call without one of its arguments."""
    kept = [a for a in call.args if a is not arg]
    if kept and call.args[-1] is arg:
        kept[-1] = kept[-1].with_changes(comma=arg.comma)
    return call.with_changes(args=kept)


def given_first(code: Code, node: cst.BaseExpression) -> cst.Call | None:
    """The call that an expression is the first argument of."""
    arg = code.parent(node)
    call = code.parent(arg) if isinstance(arg, cst.Arg) else None
    return call if isinstance(call, cst.Call) and call.args[0] is arg else None
