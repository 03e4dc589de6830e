"""A tape that is asked a second time: kept for further calls, or opened anew for each."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, body_of, tape_block
from gradmagic.fixes.calls import with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import fix
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def persistent(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """Open the tape with `persistent=True`; where a loop over batches stands inside the tape, turn the two round."""
    call = asking(recording, run)
    found = tape_block(recording, run)
    if found is None:
        return ()
    code, block, opened = found
    fixes = fix("keep what the tape recorded for further calls", "safe", (code, Change().replace(opened, with_keyword(opened, "persistent", cst.Name("True")))))
    inner = list(body_of(block))
    if call is None or call[0] is not code or len(inner) != 1 or not isinstance(inner[0], cst.For) or len(block.items) != 1:
        return fixes
    loop = inner[0]
    statement = code.statement(call[1])
    steps = list(loop.body.body)
    if statement not in steps or not steps.index(statement):
        return fixes
    split = steps.index(statement)
    turned = loop.with_changes(
        body=loop.body.with_changes(body=[block.with_changes(leading_lines=[], body=loop.body.with_changes(body=steps[:split])), *steps[split:]]), leading_lines=block.leading_lines
    )
    return (*fix("open a tape for each turn of the loop", "safe", (code, Change().replace(block, turned))), *fixes)
