"""An update under a condition on the number of the batch that no batch fulfils: made at the last batch too."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix
from gradmagic.sums import Sum

# Datasets that know their length, by the methods that make them; after `filter`, `repeat` and the like they do not.
COUNTED = ("from_tensor_slices", "from_tensors", "range", "batch", "map", "shuffle", "prefetch", "cache", "take", "skip", "zip", "enumerate", "with_options", "padded_batch")
LISTED = ("list", "tuple", "range", "split", "array_split", "array", "normal", "uniform", "zeros", "ones")
SHOWN = ("tqdm", "trange", "track")


def at_the_last_too(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`if (step + 1) % n == 0:` in `for step, batch in enumerate(data):` → `or step + 1 == len(data)`, where `data` has a length."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    branch = code.enclosing(statement, cst.If) if code is not None and statement is not None else None
    loop = code.enclosing(branch, cst.For) if code is not None and branch is not None else None
    if code is None or branch is None or loop is None or code.all(cst.Break, loop) or code.function(loop) is not code.function(branch):
        return ()
    counter = loop.target.elements[0].value if isinstance(loop.target, cst.Tuple) else loop.target
    counted = _counted(recording, code, loop)
    if counted is None or not isinstance(counter, cst.Name) or counter.value in {t.target.value for a in code.all(cst.Assign, loop.body) for t in a.targets if isinstance(t.target, cst.Name)}:
        return ()
    length, first = counted
    number = counter.value if first == 1 else f"{counter.value} + 1"
    if not _is_every_nth(code, branch.test, counter.value, first):
        return ()
    change = Change().replace(branch.test, code.expression(f"{code.text(branch.test)} or {number} == {length}"))
    return fix("apply what is left at the last batch too", "unsafe", (code, change))


def set_back(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`optimizer.apply_gradients(zip(sums, variables))` → behind it `for s in sums: s.assign(tf.zeros_like(s))`."""
    code, zeros = code_at(recording, place), names_of(recording).function("zeros_like")
    call = code.call_at(place, ("apply_gradients", "apply")) if code is not None and place is not None else None
    statement = code.statement(call) if code is not None and call is not None else None
    given = call.args[0].value if call is not None and call.args else None
    if isinstance(given, cst.Call) and last_name(given.func) == "zip" and given.args:
        given = given.args[0].value
    if isinstance(given, (cst.ListComp, cst.GeneratorExp)):
        given = given.for_in.iter
    if code is None or statement is None or zeros is None or not isinstance(given, (cst.Name, cst.Attribute)):
        return ()
    one = new_name(code, "kept")
    line = code.line(f"for {one} in {code.text(given)}:\n    {one}.assign({zeros}({one}))")
    return fix("set the sums back to 0 behind the update", "unsafe", (code, Change().insert_after(statement, line)))


def begun_again(recording: Recording, place: Place, total: Sum) -> tuple[Fix, ...]:
    """`optimizer.apply_gradients(zip(sums, variables))` → behind it `sums = [tf.zeros_like(s) for s in sums]`."""
    code, zeros = code_at(recording, place), names_of(recording).function("zeros_like")
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None or zeros is None:
        return ()
    line = code.line(f"{total.name} = {in_zeros(total, zeros)}")
    return fix(f"begin `{total.name}` again behind the update", "unsafe", (code, Change().insert_after(statement, line)))


def in_zeros(total: Sum, zeros: str) -> str:
    """A sum that has nothing in it yet, as code."""
    if total.kind == "items":
        return "[]"
    one = total.name[0] if total.name[0] != total.name else "s"
    return f"[{zeros}({one}) for {one} in {total.name}]" if total.kind == "list" else f"{zeros}({total.name})"


def _counted(recording: Recording, code: Code, loop: cst.For) -> tuple[str, int] | None:
    """How many turns a loop has, as code, and the number of its first turn; None where that is not known."""
    made = loop.iter
    if not isinstance(made, cst.Call):
        return None
    if last_name(made.func) == "range" and len(made.args) == 1 and isinstance(loop.target, cst.Name):
        return code.text(made.args[0].value), 0
    data, start = argument(made, 0, "iterable"), argument(made, 1, "start")
    if last_name(made.func) != "enumerate" or data is None or not isinstance(loop.target, cst.Tuple):
        return None
    first = 0 if start is None else int(start.value.value) if isinstance(start.value, cst.Integer) else -1
    inner = data.value
    if isinstance(inner, cst.Call) and last_name(inner.func) in SHOWN and inner.args:
        inner = inner.args[0].value
    return (f"len({code.text(inner)})", first) if first in (0, 1) and isinstance(inner, cst.Name) and _has_length(recording, code, inner) else None


def _has_length(recording: Recording, code: Code, name: cst.Name, depth: int = 0) -> bool:
    """Whether what a name, or the argument that a function gets under it, stands for is made so that it has a length."""
    function = code.function(name)
    parameters = [p.name.value for p in function.params.params] if function is not None else []
    if function is not None and name.value in parameters:
        calls = [(c, call) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == function.name.value]
        given = [(c, argument(call, parameters.index(name.value), name.value)) for c, call in calls]
        names = [(c, a.value) for c, a in given if a is not None and isinstance(a.value, cst.Name)]
        return bool(calls) and len(names) == len(calls) and depth < 3 and all(_has_length(recording, c, n, depth + 1) for c, n in names)
    made = [a.value for c in cells(recording) for a in assignments_of(c, name.value)]
    return bool(made) and all(_is_countable(value) for value in made)


def _is_countable(value: cst.BaseExpression) -> bool:
    if isinstance(value, (cst.List, cst.Tuple, cst.ListComp)):
        return True
    known = False
    while isinstance(value, cst.Call):
        name = last_name(value.func)
        if name in LISTED and not known:
            return name != "range" or isinstance(value.func, cst.Name) or "Dataset" in cst.Module([]).code_for_node(value.func)
        if name not in COUNTED:
            return False
        known = True
        value = value.func.value if isinstance(value.func, cst.Attribute) else value.func
    return known and last_name(value) == "Dataset"


def _is_every_nth(code: Code, test: cst.BaseExpression, counter: str, first: int) -> bool:
    """`(step + 1) % n == 0` and `step % n == n - 1`; `step % n == 0` where the first turn has the number 1."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1 or not isinstance(test.comparisons[0].operator, cst.Equal):
        return False
    left, right = test.left, "".join(code.text(test.comparisons[0].comparator).split())
    if not isinstance(left, cst.BinaryOperation) or not isinstance(left.operator, cst.Modulo):
        return False
    number, every = ("".join(code.text(n).split()).strip("()") for n in (left.left, left.right))
    if first == 1:
        return number == counter and right == "0"
    return (number in (f"{counter}+1", f"1+{counter}") and right == "0") or (number == counter and right in (f"{every}-1", _less(every)))


def _less(number: str) -> str:
    return str(int(number) - 1) if number.isdigit() else "?"


def every_step(recording: Recording) -> tuple[Fix, ...]:
    """An optimizer that adds up more steps than there are: without `gradient_accumulation_steps`."""
    found = [(code, call, given) for code in cells(recording) for call in code.all(cst.Call) if (given := argument(call, None, "gradient_accumulation_steps")) is not None]
    if len(found) != 1:
        return ()
    code, call, given = found[0]
    return fix("update with the gradients of each step", "unsafe", (code, Change().replace(call, without_argument(call, given))))


def kept_sums(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`for total, g in zip(totals, grads): total = total + g` → `totals = [total + g for total, g in zip(totals, grads)]`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    loop = code.enclosing(statement, cst.For) if code is not None and statement is not None else None
    step = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if code is None or loop is None or loop.orelse is not None or len(loop.body.body) != 1 or not isinstance(step, (cst.Assign, cst.AugAssign)):
        return ()
    target = step.target if isinstance(step, cst.AugAssign) else step.targets[0].target if len(step.targets) == 1 else None
    if not isinstance(target, cst.Name) or (isinstance(step, cst.AugAssign) and not isinstance(step.operator, cst.AddAssign)):
        return ()
    name, value = target.value, code.text(step.value)
    listed = _list_of(loop, name)
    if listed is None:
        return ()
    new = value if isinstance(step, cst.Assign) else f"{name} + {value if isinstance(step.value, (cst.Name, cst.Call, cst.Attribute, cst.Subscript)) else f'({value})'}"
    line = code.line(f"{code.text(listed)} = [{new} for {code.text(loop.target)} in {code.text(loop.iter)}]")
    kept = line.with_changes(leading_lines=loop.leading_lines, trailing_whitespace=statement.trailing_whitespace) if isinstance(line, cst.SimpleStatementLine) else line  # type: ignore[union-attr]
    return fix(f"keep the sums in `{code.text(listed)}`", "unsafe", (code, Change().replace(loop, kept)))


def _list_of(loop: cst.For, name: str) -> cst.Name | cst.Attribute | None:
    """The list that a loop takes one of its names from: directly, or as an argument of `zip`."""
    given: cst.BaseExpression | None = loop.iter if isinstance(loop.target, cst.Name) and loop.target.value == name else None
    if isinstance(loop.target, cst.Tuple) and isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "zip" and len(loop.iter.args) == len(loop.target.elements):
        given = next((a.value for e, a in zip(loop.target.elements, loop.iter.args, strict=True) if isinstance(e.value, cst.Name) and e.value.value == name), None)
    return given if isinstance(given, (cst.Name, cst.Attribute)) else None
