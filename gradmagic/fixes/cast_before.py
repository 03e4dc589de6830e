"""A source of whole numbers that was not made in these cells, such as the pixels of a picture: a float before the tape is opened."""

from __future__ import annotations

from gradmagic.fixes.blocks import asking, body_of, tape_block, tape_name
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, fix, names_in
from gradmagic.fixes.dtypes import selects
from gradmagic.fixes.flow import assigned, reads_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.watches import watching
from gradmagic.recording import GradientRun, Recording, has_gradient_dtype
from gradmagic.report import Fix


def cast_before_the_tape(recording: Recording, run: GradientRun | None, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """`picture = tf.cast(picture, tf.float32)` in front of the block that reads `picture`, and `tape.watch(picture)` where it is not there yet."""
    found, block, tf = asking(recording, run), tape_block(recording, run), names_of(recording).tf
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    if run is None or found is None or block is None or wanted is None or tf is None or block[0] is not found[0] or block[0].scope(block[1]) is not block[0].scope(found[1]):
        return ()
    code, opened = block[0], block[1]
    tape = tape_name(opened)
    names = [run.sources[i].name for i in sources]
    for index, name in zip(sources, names, strict=True):
        source = run.sources[index]
        whole = source.kind == "tensor" and not has_gradient_dtype(source.dtype) and source.dtype not in ("string", "bool") and not selects(recording, source.id)
        if not whole or not name.isidentifier() or name not in names_in(wanted.value) or name in assigned(opened.body) or tape is None:
            return ()
        watches = watching(code, opened, name)
        if not [n for n in reads_of(code, name, opened.body) if not any(c in watches for c in code.around(n))]:
            # What was computed from it before would still be a constant.
            return ()
    change, first = Change(), body_of(opened)[0]
    for name in names:
        change.insert_before(opened, code.line(f"{name} = {tf}.cast({name}, {tf}.float32)"))
        if not watching(code, opened, name):
            change.insert_before(first, code.line(f"{tape}.watch({name})"))
    listed = " and ".join(f"`{n}`" for n in names)
    return fix(f"make {listed} a float before the tape is opened", "unsafe", (code, change))
