"""Calls that are handed to threads, where no tape of this thread sees them, made in this thread."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, fix, last_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

POOLS = ("ThreadPoolExecutor", "ThreadPool", "Pool")


def in_this_thread(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`pool.map(f, xs)` and `pool.submit(f, x)` under a tape as `map(f, xs)` and `f(x)`; a pool that is left with nothing to do goes."""
    found = tape_block(recording, run)
    if found is None:
        return ()
    code, block, _ = found
    scope = code.scope(block)
    change, pools = Change(), _pools(code, scope)
    for call in code.all(cst.Call, block.body):
        pool, method = (call.func.value, last_name(call.func)) if isinstance(call.func, cst.Attribute) else (None, "")
        if not isinstance(pool, cst.Name) or pool.value not in pools or method not in ("map", "submit") or not call.args or any(a.keyword is not None or a.star for a in call.args):
            continue
        if method == "map":
            # A single call may stand inside of another one; `map` of Python takes the same arguments.
            change.replace(call.func, cst.Name("map"))
        else:
            change.replace(call, call.with_changes(func=call.args[0].value, args=call.args[1:]))
    submitted = any(isinstance(node, cst.Call) for node in change.replaced)
    for call in code.all(cst.Call, scope) if submitted else ():
        if isinstance(call.func, cst.Attribute) and last_name(call.func) == "result" and not call.args and isinstance(call.func.value, (cst.Name, cst.Subscript)):
            change.replace(call, call.func.value)
    if not change.replaced:
        return ()
    for opened in code.all(cst.With, scope):
        names = {i.asname.name.value for i in opened.items if i.asname is not None and isinstance(i.asname.name, cst.Name)}
        if len(opened.items) == 1 and names & pools:
            _unwrap(change, opened)
    return fix("compute this in the thread of the tape", "safe", (code, change))


def _pools(code: Code, scope: cst.CSTNode) -> set[str]:
    """The names of thread pools."""
    opened: list[tuple[cst.CSTNode, cst.CSTNode]] = [(i.item, i.asname.name) for w in code.all(cst.With, scope) for i in w.items if i.asname is not None]
    opened += [(a.value, a.targets[0].target) for a in code.all(cst.Assign)]
    return {name.value for value, name in opened if isinstance(value, cst.Call) and last_name(value.func) in POOLS and isinstance(name, cst.Name)}


def _unwrap(change: Change, opened: cst.With) -> None:
    """A `with` statement gives way to its body."""

    def bare(node: cst.CSTNode) -> cst.CSTNode:
        assert isinstance(node, cst.With)
        first, *rest = node.body.body
        assert isinstance(first, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
        return cst.FlattenSentinel([first.with_changes(leading_lines=[*node.leading_lines, *first.leading_lines]), *rest])  # type: ignore[return-value]

    change.replace(opened, bare)
