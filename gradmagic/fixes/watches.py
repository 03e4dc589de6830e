"""What a tape has to be told to watch."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, body_of, tape_block, tape_name
from gradmagic.fixes.calls import without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, fix, last_name, names_in, parameters_of
from gradmagic.fixes.flow import assigned
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def watched(recording: Recording, run: GradientRun | None, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """`tape.watch(x)` before the first use of what is not watched."""
    found, call = tape_block(recording, run), asking(recording, run)
    name = tape_name(found[1]) if found is not None else None
    if found is None or call is None or name is None or run is None:
        return ()
    code, block, _ = found
    wanted = argument(call[1], 1, "sources", "xs", "source")
    if wanted is None:
        return ()
    texts = [run.sources[i].name for i in sources]
    given = wanted.value
    if len(sources) == len(run.sources) and isinstance(given, (cst.Name, cst.Attribute, cst.Call)):
        text = call[0].text(given)
    elif isinstance(given, (cst.List, cst.Tuple)) and len(given.elements) == len(run.sources):
        chosen = [call[0].text(given.elements[i].value) for i in sources]
        text = chosen[0] if len(chosen) == 1 else "[" + ", ".join(chosen) + "]"
    elif all(t.isidentifier() or (isinstance(given, cst.Name) and t.startswith(f"{given.value}[") and _is_entry(code, t)) for t in texts):
        text = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    else:
        return ()
    known = _before_it_is_handed(code, block, call, text)
    if known is None:
        return ()
    text = known
    line = code.line(f"{name}.watch({text})")
    used = names_in(code.expression(text))
    steps = list(body_of(block))
    made = [s for s in steps if isinstance(s, cst.SimpleStatementLine) and assigned(s) & used]
    change = Change()
    if made:
        change.insert_after(made[0], line)
    else:
        change.insert_before(steps[0], line)
    # What another tape goes on with is no longer what stood in for a gradient that was None.
    goes_on = any(t.id != run.tape and t.recording_at(run.seq) for t in recording.tapes.values())
    return fix(f"let the tape watch `{text}`", "unsafe" if goes_on else "safe", (code, change))


def _before_it_is_handed(code: Code, block: cst.With, call: tuple[Code, cst.Call], text: str) -> str | None:
    """What the function around a block calls the source that another function, which it calls, asks for: the argument in the place of the parameter; None where that is not one."""
    asking_function, around = call[0].function(call[1]), code.function(block)
    if asking_function is None or asking_function is around:
        return text
    parameters = parameters_of(asking_function)
    handed = {
        code.text(a.value)
        for c in code.all(cst.Call, around)
        if last_name(c.func) == asking_function.name.value and text in parameters and (a := argument(c, parameters.index(text), text)) is not None
    }
    return handed.pop() if len(handed) == 1 else None


def _is_entry(code: Code, text: str) -> bool:
    """Whether the name of a source is the code of an entry: `params['scale']`."""
    try:
        return isinstance(code.expression(text), cst.Subscript)
    except cst.ParserSyntaxError:
        return False


def watching_by_itself(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """A tape without `watch_accessed_variables=False`, so that it records what reads a variable."""
    found = tape_block(recording, run)
    off = argument(found[2], None, "watch_accessed_variables") if found is not None else None
    if found is None or off is None or run is None or any(s.kind != "variable" for s in run.sources):
        return ()
    return fix("let the tape watch the variables by itself", "safe", (found[0], Change().replace(found[2], without_argument(found[2], off))))


def watching(code: Code, block: cst.With, name: str) -> list[cst.Call]:
    """The calls in a block by which the tape watches a name."""
    return [c for c in code.all(cst.Call, block.body) if last_name(c.func) == "watch" and name in names_in(c)]
