"""The block of a tape: what moves into it, what is watched in it, how it is opened."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import libcst as cst

from gradmagic.fixes.behind import NAMED, called_behind, moved_back, target_inside
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name, names_in, same
from gradmagic.fixes.flow import assigned, draws
from gradmagic.fixes.moved_lines import move_in
from gradmagic.fixes.numpy_table import LEAVING_METHODS
from gradmagic.fixes.opened_earlier import recorded_from_the_first
from gradmagic.fixes.over_cells import moved_over_cells
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
ASKING = ("gradient", "jacobian", "batch_jacobian", "gradients")


def tape_block(recording: Recording, run: GradientRun | None) -> tuple[Code, cst.With, cst.Call] | None:
    """The cell, the `with` statement that opens a run's tape and the call that opens it."""
    tape = recording.tapes.get(run.tape) if run is not None and run.tape is not None else None
    code = code_at(recording, tape.span if tape is not None else None)
    if code is None or tape is None or tape.span is None:
        return None
    found = None
    for node in code.all(cst.With):
        call = next((i.item for i in node.items if isinstance(i.item, cst.Call) and last_name(i.item.func) == "GradientTape"), None)
        if call is not None and code.start(node)[0] <= tape.span.line <= code.start(node.body)[0]:
            found = (code, node, call)
    return found


def tape_name(block: cst.With) -> str | None:
    """The name behind `as`."""
    for item in block.items:
        if isinstance(item.item, cst.Call) and last_name(item.item.func) == "GradientTape" and item.asname is not None and isinstance(item.asname.name, cst.Name):
            return item.asname.name.value
    return None


def asking(recording: Recording, run: GradientRun | None) -> tuple[Code, cst.Call] | None:
    """The cell and the call that asks for gradients."""
    code = code_at(recording, run.span if run is not None else None)
    call = code.call_at(run.span, ASKING) if code is not None and run is not None and run.span is not None else None
    return (code, call) if code is not None and call is not None else None


def body_of(block: cst.With) -> Sequence[cst.CSTNode]:
    """The statements of a block."""
    return block.body.body


def into_block(recording: Recording, run: GradientRun | None, place: Place, op: Op | None = None) -> tuple[Fix, ...]:
    """Move what the target is computed with into the block of the tape; `op` is the last one that ran outside."""
    found, call, outside = tape_block(recording, run), asking(recording, run), code_at(recording, place)
    if found is None or outside is None or place is None or run is None:
        return ()
    code, block, _ = found
    if outside is code and call is not None and call[0] is code:
        asked = code.statement(call[1])
        target = argument(call[1], 0, "target", "ys")
        statement = code.statement_at(place)
        stopped = code.enclosing(statement, cst.With) if statement is not None else None
        if stopped is not None and any(isinstance(i.item, cst.Call) and last_name(i.item.func) == "stop_recording" for i in stopped.items):
            change = Change().remove(stopped)
            change.insert_after(stopped, *stopped.body.body)
            return fix("let the tape record these lines too", "safe", (code, change))
        if statement is not None and statement is asked and target is not None and not isinstance(target.value, NAMED):
            return target_inside(code, block, call[1], target)
        parent = code.parent(block)
        siblings: list[cst.CSTNode] = list(getattr(parent, "body", ()))
        if statement in siblings and asked is not None and code.start(statement) > code.end(block) and code.start(statement) < code.start(asked):
            behind = [s for s in siblings if code.start(s) > code.end(block) and code.start(s) < code.start(asked)]
            return moved_back(code, block, behind, names_in(target.value) if target is not None else set())
        if isinstance(statement, cst.SimpleStatementLine) and code.start(statement) < code.start(block) and code.scope(statement) is code.scope(block):
            return recorded_from_the_first(recording, run, code, block, op, names_in(target.value) if target is not None else set())
    if call is not None and call[0] is not code and op is not None and _ran_later(recording, run, op):
        later = argument(call[1], 0, "target", "ys")
        return moved_over_cells(recording, code, block, *call, later) if later is not None else ()
    target = argument(call[1], 0, "target", "ys") if call is not None and call[0] is code else None
    asked_for = names_in(target.value) if target is not None else set()
    if call is not None and target is not None and op is not None and _ran_later(recording, run, op):
        return called_behind(recording, code, block, call[1], target, op)
    return (
        _built_once(recording, outside, place)
        or _copied_in(code, block, outside, place)
        or _call_before(code, block, outside, place, asked_for)
        or recorded_from_the_first(recording, run, code, block, op, asked_for)
    )


def _ran_later(recording: Recording, run: GradientRun, op: Op) -> bool:
    """Whether an op ran when a run's tape had recorded; a jacobian lets it record once more."""
    tape = recording.tapes.get(run.tape) if run.tape is not None else None
    return tape is not None and tape.opened < op.seq and not tape.recording_at(op.seq)


def _call_before(code: Code, block: cst.With, outside: Code, place: Place, asked: set[str]) -> tuple[Fix, ...]:
    """The line before the block that calls the function, or the model, in which a place lies, and whose result the block or the target is made of."""
    assert place is not None
    inner = outside.statement_at(place)
    function = inner if isinstance(inner, cst.FunctionDef) else outside.function(inner) if inner is not None else None
    if function is not None and function.name.value == "__init__":
        # To make the object anew under the tape would make its variables anew.
        return ()
    layer = any(isinstance(n, cst.Call) and last_name(n.func)[:1].isupper() for n in outside.expressions_at(place)[:1])
    wanted = {function.name.value} if function is not None else set()
    owner = outside.enclosing(function, cst.ClassDef) if function is not None else None
    wanted |= {owner.name.value} if owner is not None else set()
    found: list[cst.SimpleStatementLine] = []
    for step in code.all(cst.SimpleStatementLine, code.scope(block)):
        assign = step.body[0]
        if not isinstance(assign, cst.Assign) or code.start(step) > code.start(block) or code.parent(step) not in list(code.around(block)) or not assigned(step) & (names_in(block.body) | asked):
            continue
        calls = [c for c in code.all(cst.Call, assign.value) if last_name(c.func) in wanted or (layer and _is_object(code, c.func))]
        objects = owner is not None and any(_is_object(code, c.func) for c in code.all(cst.Call, assign.value))
        if calls or objects:
            found.append(step)
    return move_in(code, block, found[0], asked) if len(found) == 1 else ()


def _is_object(code: Code, called: cst.BaseExpression) -> bool:
    """Whether what is called may be an object of the user's, such as a model: no class, no function of Python's own or of a `def`."""
    return isinstance(called, cst.Name) and not called.value[:1].isupper() and not hasattr(builtins, called.value) and all(f.name.value != called.value for f in code.all(cst.FunctionDef))


def at_its_beginning(code: Code, block: cst.With, line: cst.SimpleStatementLine) -> Change:
    """A line in front of all others in a block, but for those by which the tape watches what it reads."""
    steps, watches = list(body_of(block)), list[cst.CSTNode]()
    for step in steps:
        if not any(last_name(c.func) == "watch" for c in code.all(cst.Call, step)) or not isinstance(step, cst.SimpleStatementLine):
            break
        watches += [step] if names_in(step) & names_in(line) else []
    return Change().insert_after(watches[-1], line) if watches else Change().insert_before(steps[0], line)


def _copied_in(code: Code, block: cst.With, outside: Code, place: Place) -> tuple[Fix, ...]:
    """A line of another cell (or function) whose result the block uses by name."""
    assert place is not None
    statement = outside.statement_at(place)
    if not isinstance(statement, cst.SimpleStatementLine) or outside.function(statement) is not None or not (assigned(statement) & names_in(block.body)):
        return ()
    if any(isinstance(n, cst.Attribute) for s in statement.body if isinstance(s, cst.Assign) for n in (t.target for t in s.targets)):
        return ()
    # What gives arrays gives them under a tape as well.
    if any(last_name(c.func) in (*LEAVING_METHODS, "predict", "predict_on_batch", "get_weights") for c in outside.all(cst.Call, statement)):
        return ()
    change = at_its_beginning(code, block, statement.with_changes(leading_lines=[]))
    # What it draws is drawn anew.
    draws = any(last_name(n) == "random" for n in outside.all(cst.Attribute, statement))
    return fix("run this line under the tape", "unsafe" if draws else "safe", (code, change))


def _built_once(recording: Recording, code: Code, place: Place) -> tuple[Fix, ...]:
    """`self.kernel = …` of `build` or `__init__`, read in `call`: computed in `call` instead."""
    assert place is not None
    statement = code.statement_at(place)
    made_in = code.function(statement) if statement is not None else None
    owner = code.enclosing(made_in, cst.ClassDef) if made_in is not None else None
    if owner is None or made_in is None or not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], cst.Assign):
        return ()
    target = statement.body[0].targets[0].target
    stores = [a for a in code.all(cst.Assign, owner) for t in a.targets if same(t.target, target)]
    # Under a condition, or as one of several values, it is not what `call` could compute by itself.
    if not (isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name)) or len(stores) > 1 or code.parent(statement) is not made_in.body:
        return ()
    reader = next((f for f in code.all(cst.FunctionDef, owner) if f.name.value in ("call", "__call__", "forward") and any(same(n, target) for n in code.all(cst.Attribute, f))), None)
    if reader is None or reader is made_in:
        return ()
    value = _without_locals(code, made_in, reader, statement.body[0].value)
    if value is None:
        return ()
    local = target.attr.value.lstrip("_")
    change = Change().remove(statement)
    body = list(reader.body.body)
    documented = bool(body) and isinstance(body[0], cst.SimpleStatementLine) and isinstance(body[0].body[0], cst.Expr) and isinstance(body[0].body[0].value, cst.BaseString)
    change.insert_before(body[1 if documented and len(body) > 1 else 0], code.line(f"{local} = {value}"))
    for node in code.all(cst.Attribute, reader):
        if same(node, target):
            change.replace(node, cst.Name(local))
    # What is drawn in every call is another number each time.
    return fix(f"compute `{local}` anew in every `{reader.name.value}`", "unsafe" if draws(statement) else "safe", (code, change))


def _without_locals(code: Code, made_in: cst.FunctionDef, reader: cst.FunctionDef, value: cst.BaseExpression) -> str | None:
    """An expression of one method, written with what another method knows."""
    values: dict[str, str] = {}
    parameters = [p.name.value for p in reader.params.params]
    inputs = parameters[1] if len(parameters) > 1 else None
    for parameter in made_in.params.params[1:]:
        if inputs is not None and made_in.name.value == "build":
            values[parameter.name.value] = f"{inputs}.shape"
    for node in code.all(cst.Assign, made_in):
        first = node.targets[0].target
        if isinstance(first, cst.Name) and code.start(node) < code.start(value):
            inner = substituted(code, node.value, values)
            values[first.value] = inner
    local = {p.name.value for p in made_in.params.params[1:]} | {n for node in code.all(cst.Assign, made_in) for n in assigned(cst.SimpleStatementLine([node]))}
    if any(n in local and n not in values for n in names_in(value)):
        return None
    return substituted(code, value, values)


def substituted(code: Code, value: cst.BaseExpression, values: dict[str, str]) -> str:
    class Put(cst.CSTTransformer):
        def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
            return cst.parse_expression(values[updated_node.value]) if updated_node.value in values else updated_node

        def visit_Attribute_attr(self, node: cst.Attribute) -> None:
            return None

        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            return updated_node.with_changes(attr=original_node.attr)

        def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
            return updated_node.with_changes(keyword=original_node.keyword)

    return code.text(value.visit(Put()))  # type: ignore[arg-type]


def tape_after_reset(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """Take `tape.reset()` away."""
    tape = recording.tapes.get(run.tape) if run is not None and run.tape is not None else None
    for _, span in tape.resets if tape is not None else ():
        code = code_at(recording, span)
        call = code.call_at(span, ("reset",)) if code is not None and span is not None else None
        statement = code.statement(call) if code is not None and call is not None else None
        if code is not None and statement is not None:
            return fix("keep what the tape has recorded", "safe", (code, Change().remove(statement)))
    return ()
