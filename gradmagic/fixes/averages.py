"""Moving averages that are computed and not assigned, or in which the trained weights are missing."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of, reads_of, targets_of
from gradmagic.recording import Recording
from gradmagic.report import Fix


def assigned_average(recording: Recording, place: Place, left: bool) -> tuple[Fix, ...]:
    """`ws = [a * t + (1 - a) * s for t, s in zip(…)]` → a loop that assigns each `t`, and `t = a * t + (1 - a) * s` in a loop → `t.assign(…)`; `left` says on which side `t` stands."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    step = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    target = step.targets[0].target if isinstance(step, cst.Assign) and len(step.targets) == 1 else None
    if code is None or statement is None or not isinstance(step, cst.Assign) or not isinstance(target, cst.Name):
        return ()
    value, scope = step.value, code.scope(statement)
    comprehension = value.for_in if isinstance(value, cst.ListComp) else None
    loop = code.enclosing(statement, cst.For)
    total = value.elt if isinstance(value, cst.ListComp) else value
    bound = targets_of(comprehension.target) if comprehension is not None else targets_of(loop.target) if loop is not None else set()
    if not isinstance(total, cst.BinaryOperation) or not isinstance(total.operator, cst.Add):
        return ()
    mine = names_in(total.left if left else total.right) & bound
    if len(mine) != 1 or (comprehension is not None and (comprehension.ifs or comprehension.inner_for_in is not None)):
        return ()
    name = mine.pop()
    assign = f"{name}.assign({code.text(total)})"
    if comprehension is None:
        if target.value != name:
            return ()
        return fix("assign the average to the variable", "unsafe", (code, Change().replace(step, cst.Expr(code.expression(assign)))))
    read = [n for n in reads_of(code, target.value, scope) if code.start(n) > code.end(statement)]
    before = [a for a in assignments_of(code, target.value, scope) if code.end(a) < code.start(statement)]
    if read and not before:
        return ()
    new = cst.parse_statement(f"for {code.text(comprehension.target)} in {code.text(comprehension.iter)}:\n    {assign}\n", config=code.module.config_for_parsing)
    return fix("assign the average to the variables", "unsafe", (code, Change().insert_before(statement, new).remove(statement)))


def with_the_other(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`a * old[i] + b * old[i]` beside `new = model.get_weights()`, which nothing reads: `a * old[i] + b * new[i]`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None:
        return ()
    scope = code.scope(statement)
    taken = [a for a in code.all(cst.Assign, scope) if isinstance(a.value, cst.Call) and last_name(a.value.func) == "get_weights" and len(a.targets) == 1]
    names = [a.targets[0].target.value for a in taken if isinstance(a.targets[0].target, cst.Name)]
    unread = [n for n in names if not reads_of(code, n, scope)]
    for total in code.all(cst.BinaryOperation, scope) if len(unread) == 1 else ():
        both = names_in(total.left) & names_in(total.right) & set(names)
        twins = [n for n in code.all(cst.Name, total.right) if n.value in both]
        if isinstance(total.operator, cst.Add) and len(twins) == 1:
            return fix(f"take the second share from `{unread[0]}`, which is never read", "unsafe", (code, Change().replace(twins[0], cst.Name(unread[0]))))
    return ()
