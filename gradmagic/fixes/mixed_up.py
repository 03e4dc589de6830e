"""One name in the place of another: an argument that is read twice while its neighbour is not read at all, a target or a model of the wrong name."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, body_of, tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, names_in, same
from gradmagic.fixes.flow import assignments_of, functions_run, reads_of
from gradmagic.fixes.names import is_known_at
from gradmagic.locate.paths import values_behind
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def unread_parameter(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`net(tf.concat([x, x], axis=1))` in a function of `x` and `t` that never reads `t`: the second one is `t`."""
    ran = functions_run(recording)
    found: list[tuple[Code, cst.Name, str]] = []
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            parameters = [p.name.value for p in function.params.params]
            unread = [p for p in parameters if p not in ("self", "cls", "training", "mask", "_") and not reads_of(code, p, function.body)]
            if (code.cell, function.name.value) in ran and len(unread) == 1:
                found += [(code, twin, unread[0]) for p in parameters if p not in unread for twin in _twin(code, reads_of(code, p, function.body))]
    if len(found) != 1:
        return ()
    code, node, name = found[0]
    return fix(f"use `{name}` here, which is never read", "unsafe", (code, Change().replace(node, cst.Name(name))))


def unread_result(recording: Recording, run: GradientRun, place: Place) -> tuple[Fix, ...]:
    """`pred = model(x)` and `loss = mse(y, y)`: what was computed and never read in the place of the second of two equal names."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    block = tape_block(recording, run)
    candidates = [(code, statement)] if code is not None and isinstance(statement, cst.SimpleStatementLine) else []
    if block is not None:
        candidates += [(block[0], s) for s in body_of(block[1]) if isinstance(s, cst.SimpleStatementLine)]
    for where, step in candidates:
        assign = step.body[0]
        target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
        if not isinstance(target, cst.Name) or [n for n in reads_of(where, target.value, where.scope(step)) if where.start(n) > where.end(step)]:
            continue
        for later in _behind(where, step):
            for name in sorted({n.value for n in where.all(cst.Name, later)} - {target.value}):
                twins = _twin(where, [n for n in where.all(cst.Name, later) if n.value == name])
                if len(twins) == 1 and name in names_in(later):
                    return fix(f"use `{target.value}` here, which is never read", "unsafe", (where, Change().replace(twins[0], cst.Name(target.value))))
    return ()


def _behind(code: Code, statement: cst.CSTNode) -> list[cst.SimpleStatementLine]:
    siblings = list(getattr(code.parent(statement), "body", ()))
    return [s for s in siblings[siblings.index(statement) + 1 :] if isinstance(s, cst.SimpleStatementLine)] if statement in siblings else []


def _twin(code: Code, reads: list[cst.Name]) -> list[cst.Name]:
    """The second of two reads of a name that stand side by side: in a list, as both operands, as arguments of one call, or of two equal calls."""
    if len(reads) != 2:
        return []
    first, second = reads
    one, two = (code.parent(n) for n in reads)
    if isinstance(one, (cst.Element, cst.Arg)) and isinstance(two, (cst.Element, cst.Arg)):
        if code.parent(one) is code.parent(two):
            return [second]
        left, right = code.parent(one), code.parent(two)
        if isinstance(left, cst.Call) and isinstance(right, cst.Call) and same(left, right) and code.statement(first) is not code.statement(second):
            return [second]
    return [second] if isinstance(one, cst.BinaryOperation) and one is two and isinstance(one.operator, cst.Subtract) else []


def meant_target(recording: Recording, run: GradientRun, place: Place) -> tuple[Fix, ...]:
    """A target that no source leads to, beside a single number under the tape that nothing reads: that one is the target."""
    found, block = asking(recording, run), tape_block(recording, run)
    wanted = argument(found[1], 0, "target", "ys") if found is not None else None
    if found is None or block is None or wanted is None or block[0] is not found[0] or not isinstance(wanted.value, cst.Name) or any(not g.missing for g in run.gradients):
        return ()
    code, unread = found[0], []
    for step in body_of(block[1]):
        assign = step.body[0] if isinstance(step, cst.SimpleStatementLine) else None
        target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
        # Its name may be read afterwards, to be printed or returned, but not under the tape.
        if isinstance(target, cst.Name) and not [n for n in reads_of(code, target.value, block[1].body) if code.start(n) > code.end(step)]:
            unread.append((step, target.value))
    made = {id(s) for a in assignments_of(code, wanted.value.value, block[1].body) if (s := code.statement(a)) is not None}
    here = code.statement_at(place) if place is not None else None
    others = [name for step, name in unread if name != wanted.value.value]
    if len(others) != 1 or made or not any(step is here and name == others[0] for step, name in unread):
        return ()
    return fix(f"ask for the gradient of `{others[0]}`", "unsafe", (code, Change().replace(wanted.value, cst.Name(others[0]))))


def meant_model(recording: Recording, run: GradientRun) -> tuple[Fix, ...]:
    """The variables of one model are asked for, and the target was computed by another: those of that one, here and where the result is applied."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    if found is None or wanted is None or not isinstance(wanted.value, cst.Attribute) or any(not g.missing for g in run.gradients) or not run.targets:
        return ()
    code, asked = found[0], dotted(wanted.value.value)
    behind = set(values_behind(recording, run.targets[0].id))
    reached = behind | {t.variable for key in behind if (t := recording.tensors.get(key)) is not None and t.variable is not None}
    models = {c.name for c in recording.models if reached & set(c.weights) and c.name.isidentifier() and not any(s.id in c.weights for s in run.sources)}
    if len(models) != 1 or not asked.isidentifier():
        return ()
    model = models.pop()
    if not is_known_at(recording, code, found[1], model):
        return ()
    assign = code.enclosing(found[1], cst.Assign)
    result = dotted(assign.targets[0].target) if assign is not None else ""
    change, new = Change(), wanted.value.with_changes(value=cst.Name(model))
    for node in code.all(cst.Attribute, code.scope(found[1])):
        if same(node, wanted.value) and (node is wanted.value or (result and (s := code.statement(node)) is not None and code.start(s) > code.start(found[1]) and result in names_in(s))):
            change.replace(node, new)
    return fix(f"ask for the variables of `{model}`, which computed the target", "unsafe", (code, change))
