"""A tape in the place of the graph API, which asks for gradients without one."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, fix, last_name, names_in
from gradmagic.fixes.flow import assigned
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def tape_for_graph_api(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`y = …; z = tf.gradients(y, xs)` as a tape around the statements that make `y`."""
    found = asking(recording, run)
    tf = names_of(recording).tf
    if found is None or tf is None:
        return ()
    code, call = found
    statement = code.statement(call)
    target, sources = argument(call, 0, "ys"), argument(call, 1, "xs")
    block = code.parent(statement) if statement is not None else None
    if statement is None or target is None or sources is None or last_name(call.func) != "gradients":
        return ()
    siblings: list[cst.CSTNode] = list(getattr(block, "body", ()))
    before = siblings[: siblings.index(statement)] if statement in siblings else []
    names, asked = set(names_in(sources.value)), names_in(target.value)
    made: list[cst.CSTNode] = []
    for step in reversed(before):
        if isinstance(step, cst.SimpleStatementLine) and assigned(step) & asked and not any(_makes_source(s, names) for s in (step,)):
            made.insert(0, step)
            asked = asked | names_in(step)
    name = new_name(code, "tape")
    watch = [code.line(f"{name}.watch({code.text(sources.value)})")] if run is not None and any(s.kind == "tensor" for s in run.sources) else []
    inner: list[cst.CSTNode] = [*watch, *(s.with_changes(leading_lines=[]) for s in made if isinstance(s, cst.SimpleStatementLine))]
    change = Change()
    asks = f"{name}.gradient({code.text(target.value)}, {code.text(sources.value)})"
    if not isinstance(target.value, (cst.Name, cst.List, cst.Tuple)):
        local = new_name(code, "y")
        inner.append(code.line(f"{local} = {code.text(target.value)}"))
        asks = f"{name}.gradient({local}, {code.text(sources.value)})"
    if not inner:
        return ()
    shell = code.line(f"with {tf}.GradientTape() as {name}:\n    pass")
    assert isinstance(shell, cst.With)
    opened = shell.with_changes(
        body=cst.IndentedBlock(inner),  # type: ignore[arg-type]
        leading_lines=made[0].leading_lines if made and isinstance(made[0], cst.SimpleStatementLine) else [],
    )
    parent = code.parent(call)
    indexed = isinstance(parent, cst.Subscript) and code.text(parent).endswith("[0]") and not isinstance(sources.value, (cst.List, cst.Tuple))
    change.replace(parent if indexed and parent is not None else call, code.expression(asks))
    for step in made[1:] if made else []:
        change.remove(step)
    if made:
        change.replace(made[0], opened)
    else:
        change.insert_before(statement, opened)
    return fix("record the target under a tape", "safe", (code, change))


def _makes_source(statement: cst.CSTNode, names: set[str]) -> bool:
    return bool(assigned(statement) & names)
