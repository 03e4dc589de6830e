"""A second derivative from the tape of the first one: a tape around both."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block, tape_name
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, fix, last_name
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.names import new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def tape_around(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`dy = tape.gradient(y, x)` and `tape.gradient(dy, x)` → a second tape that records the first call, and is asked for the second one."""
    found, opened = asking(recording, run), tape_block(recording, run)
    if found is None or opened is None or opened[0] is not found[0]:
        return ()
    code, call = found
    block, name = opened[1], tape_name(opened[1])
    siblings = list(getattr(code.parent(block), "body", ()))
    target = argument(call, 0, "target")
    if target is None or not isinstance(target.value, cst.Name) or name is None or block not in siblings or code.statement(call) not in siblings:
        return ()
    lines = siblings[siblings.index(block) + 1 : siblings.index(code.statement(call))]
    first = next((i for i, line in enumerate(lines) if target.value.value in _gradients_of(code, line, name)), None)
    if first is None or any(not isinstance(line, (cst.SimpleStatementLine, cst.BaseCompoundStatement)) for line in lines[: first + 1]):
        return ()
    outer = new_name(code, "outer")
    opening = code.text(block.items[0].item)
    # A tape of its own watches what the inner one was told to.
    watched = [s.with_deep_changes(s.body[0].value.func.value, value=outer) for s in block.body.body if _is_watching(s, name)]  # type: ignore[union-attr,attr-defined]
    body = [*watched, block.with_changes(leading_lines=[]), *lines[: first + 1]]
    whole = code.line(f"with {opening} as {outer}:\n    pass")
    assert isinstance(whole, cst.With) and isinstance(call.func, cst.Attribute)
    whole = whole.with_changes(leading_lines=block.leading_lines, body=whole.body.with_changes(body=body))
    change = Change().replace(block, whole).replace(call.func.value, cst.Name(outer))
    for line in lines[: first + 1]:
        change.remove(line)
    return fix("record the first derivative by a tape of its own, and ask that one", "unsafe", (code, change))


def _gradients_of(code: Code, line: cst.CSTNode, tape: str) -> set[str]:
    """The names that a line gives what a tape answers."""
    step = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    value = step.value if isinstance(step, cst.Assign) else None
    asked = isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and last_name(value.func) == "gradient" and code.text(value.func.value) == tape
    return {n for t in step.targets for n in targets_of(t.target)} if asked and isinstance(step, cst.Assign) else set()


def _is_watching(line: cst.CSTNode, tape: str) -> bool:
    step = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
    call = step.value if isinstance(step, cst.Expr) else None
    return isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and call.func.attr.value == "watch" and isinstance(call.func.value, cst.Name) and call.func.value.value == tape
