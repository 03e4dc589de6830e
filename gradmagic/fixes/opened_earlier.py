"""The block of a tape that begins too late: what the target is computed from ran in lines above it."""

from __future__ import annotations

import dataclasses
import itertools

import libcst as cst

from gradmagic.called_objects import CALLED
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, fix, last_name, names_in
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.moved_lines import move_in
from gradmagic.locate.paths import paths_of
from gradmagic.locate.shapes import SHAPE_ONLY
from gradmagic.recording import GradientRun, Op, Recording, Span
from gradmagic.report import Fix

UPDATES = ("apply_gradients", "apply", "minimize", "assign", "assign_add", "assign_sub", "set_weights", "fit", "train_on_batch", "load_weights")
FAR = 3
Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


def recorded_from_the_first(recording: Recording, run: GradientRun, code: Code, block: cst.With, op: Op | None, asked: set[str]) -> tuple[Fix, ...]:
    """Plain lines move into the block, the first one that reads a source at their head; where a loop, or another block, is among them, the tape is opened above it."""
    scope, around = code.scope(block), list(code.around(block))
    way = way_to(recording, run, op) if op is not None else []
    siblings = list(getattr(code.parent(block), "body", ()))
    above = siblings[: siblings.index(block)] if block in siblings else []
    plain: list[cst.SimpleStatementLine] = []
    lines_only = bool(way)
    for span in way:
        statement = code.statement_at(span) if span.cell == code.cell else None
        if isinstance(statement, cst.SimpleStatementLine) and code.scope(statement) is scope and code.start(statement) < code.start(block) and code.parent(statement) in around:
            plain.append(statement)
        else:
            lines_only = False
    moved = move_in(code, block, min(plain, key=code.start), asked) if lines_only else ()
    return moved or _opened_above(recording, code, block, above, way)


def way_to(recording: Recording, run: GradientRun, op: Op) -> list[Span]:
    """The places of the ops that lead from the sources to an op, each once."""
    paths = paths_of(recording, run)
    waiting, seen, found = [op], set[int](), dict[Span, None]()
    while waiting:
        step = waiting.pop()
        if step.seq in seen or not paths.bits(step):
            continue
        seen.add(step.seq)
        if step.span is not None:
            found.setdefault(dataclasses.replace(step.span, column=0, end_column=0, code=""))
        waiting.extend(made for key in step.inputs if (made := paths.producer.get(key)) is not None and made.type not in SHAPE_ONLY and not paths.records(made))
    return list(found)


def _opened_above(recording: Recording, code: Code, block: cst.With, above: list[Statement], way: list[Span]) -> tuple[Fix, ...]:
    """`with tf.GradientTape()` above the first statement beside it that computes, and all that stands between them in its block."""
    callers = {name: callers_of(recording, name) for name in {s.function for s in way}}
    held = [{i for i, s in enumerate(above) if runs(code, s, span, callers[span.function])} for span in way]
    if len(block.items) != 1 or not held or not all(held) or not isinstance(block.body, cst.IndentedBlock):
        return ()
    moved = above[min(i for h in held for i in h) :]
    tape = block.items[0].asname
    if any(last_name(c.func) in UPDATES for s in moved for c in code.all(cst.Call, s)) or (tape is not None and any(names_in(tape.name) & names_in(s) for s in moved)):
        return ()
    first, (inner, *others) = moved[0], block.body.body
    blank = list(itertools.takewhile(lambda line: line.comment is None, first.leading_lines))
    # What is said above the `with` is said of the lines that it held.
    commented = inner.with_changes(leading_lines=[*block.leading_lines, *getattr(inner, "leading_lines", ())])
    body = [first.with_changes(leading_lines=first.leading_lines[len(blank) :]), *moved[1:], commented, *others]
    opened = block.with_changes(leading_lines=blank, body=block.body.with_changes(body=body))
    change = Change().replace(block, opened)
    for statement in moved:
        change.remove(statement)
    return fix("open the tape above the lines that it is to record", "safe", (code, change))


def runs(code: Code, statement: Statement, span: Span, callers: set[str]) -> bool:
    """Whether a statement holds a line, or calls what runs the function that holds it."""
    here = code.statement_at(span) if span.cell == code.cell else None
    if here is not None and code.function(here) is code.function(statement):
        return code.start(statement)[0] <= span.line <= code.end(statement)[0]
    return not isinstance(statement, (cst.FunctionDef, cst.ClassDef)) and any(last_name(call.func) in callers for call in code.all(cst.Call, statement))


def callers_of(recording: Recording, function: str | None) -> set[str]:
    """The names whose call runs a function: its own, or that of an object of the class, and those of the functions that call it."""
    if function is None:
        return set()
    known, names = cells(recording), {function} - set(CALLED)
    if not names:
        names = {m.name.rpartition(".")[2] for m in recording.models}
        names |= {n for c in known for a in c.all(cst.Assign) if isinstance(a.value, cst.Call) and last_name(a.value.func)[:1].isupper() for n in targets_of(a.targets[0].target)}
    for _ in range(FAR):
        names |= {f.name.value for c in known for f in c.all(cst.FunctionDef) if any(last_name(call.func) in names for call in c.all(cst.Call, f))}
    return names
