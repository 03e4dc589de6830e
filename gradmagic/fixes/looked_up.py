"""Words as numbers, whose derivative is asked for: that of the vectors which an embedding looks up for them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, body_of, tape_block, tape_name
from gradmagic.fixes.calls import line_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name
from gradmagic.fixes.flow import assignments_of, pairs_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.fixes.soft_lookup import LOOKUPS
from gradmagic.fixes.watches import watching
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

INPUTS = ("Input", "InputLayer")


def at_the_embedding(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """`model(words)` and `tape.gradient(score, words)` → the embedding before the tape, the rest of the model under it, and the gradient of what was looked up."""
    found, opened, keras = asking(recording, run), tape_block(recording, run), names_of(recording).keras
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    looking = [layer for layer in recording.layers.values() if layer.library and layer.type == "Embedding"]
    if found is None or opened is None or wanted is None or opened[0] is not found[0] or len(run.sources) != 1 or not sources:
        return ()
    code, block, tape = found[0], opened[1], tape_name(opened[1])
    if not isinstance(wanted.value, cst.Name) or tape is None or code.scope(block) is not code.scope(found[1]):
        return ()
    words = wanted.value.value
    watches = watching(code, block, words)
    reads = [n for n in reads_of(code, words, block.body) if not any(c in watches for c in code.around(n))]
    arg = code.parent(reads[0]) if len(reads) == 1 else None
    call = code.parent(arg) if isinstance(arg, cst.Arg) else None
    if isinstance(call, cst.Call) and isinstance(arg, cst.Arg) and (alone := _by_itself(recording, code, call, arg, words)):
        vectors, line = new_name(code, "embedded"), line_of(code, call)
        statements = [s for c in watches if isinstance(s := code.statement(c), cst.SimpleStatementLine) and len(s.body) == len(c.args) == 1 and isinstance(c.args[0].value, cst.Name)]
        if line is None or len(statements) != len(watches):
            return ()
        change = Change().insert_before(line, code.line(f"{vectors} = {alone}"), code.line(f"{tape}.watch({vectors})"))
        for statement in statements:
            change.remove(statement)
        change.replace(call, cst.Name(vectors)).replace(wanted.value, cst.Name(vectors))
        return fix(f"ask for the gradient of the vectors that `{words}` selects", "unsafe", (code, change))
    model = call.func.value if isinstance(call, cst.Call) and call.args[0] is arg and isinstance(call.func, cst.Name) else None
    layer = _embedding_of(recording, keras, model) if model is not None and keras is not None and len(looking) == 1 else None
    if layer is None or not isinstance(call, cst.Call) or not isinstance(arg, cst.Arg) or any(len(c.args) != 1 or not isinstance(c.args[0].value, cst.Name) for c in watches):
        return ()
    embedding, rest, vectors = (new_name(code, n) for n in ("embedding", "after_embedding", "embedded"))
    change = Change().insert_before(
        block,
        code.line(f"{embedding} = {layer}"),
        code.line(f"{rest} = {keras}.Model({embedding}.output, {model}.outputs[0])"),
        code.line(f"{vectors} = {embedding}({words})"),
    )
    change.replace(call.func, cst.Name(rest)).replace(reads[0], cst.Name(vectors)).replace(wanted.value, cst.Name(vectors))
    for watch in watches:
        change.replace(watch.args[0].value, cst.Name(vectors))
    if not watches:
        change.insert_before(body_of(block)[0], code.line(f"{tape}.watch({vectors})"))
    return fix(f"ask for the gradient of the vectors that `{words}` selects", "unsafe", (code, change))


def _by_itself(recording: Recording, code: Code, call: cst.Call, words: cst.Arg, name: str) -> str | None:
    """The text of a call that only looks words up: of an embedding, or in a table."""
    looks = last_name(call.func) in LOOKUPS and argument(call, 1, "indices", "ids") is words
    made = [v for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if dotted(t) == dotted(call.func)] if dotted(call.func) else []
    embeds = call.args[0] is words and bool(made) and all(isinstance(v, cst.Call) and last_name(v.func) == "Embedding" for v in made)
    return code.text(call) if looks or embeds else None


def _embedding_of(recording: Recording, keras: str, model: str) -> str | None:
    """How the embedding of a model is reached, where the rest of the model can be run from there on."""
    made = [a.value for c in cells(recording) for a in assignments_of(c, model)]
    value = made[0] if len(made) == 1 else None
    if not isinstance(value, cst.Call) or last_name(value.func) not in ("Sequential", "Model"):
        return None
    looking = [call for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == "Embedding"]
    if len(looking) != 1 or argument(looking[0], None, "mask_zero") is not None:
        # A mask is made of the words, and cannot be had from the vectors.
        return None
    if last_name(value.func) == "Sequential":
        return _in_a_row(value, model, looking[0])
    outputs = argument(value, 1, "outputs")
    single = outputs is not None and not isinstance(outputs.value, (cst.List, cst.Tuple, cst.Dict))
    return f"next(layer for layer in {model}.layers if isinstance(layer, {keras}.layers.Embedding))" if single else None


def _in_a_row(made: cst.Call, model: str, embedding: cst.Call) -> str | None:
    listed = argument(made, 0, "layers")
    calls = [e.value for e in listed.value.elements] if listed is not None and isinstance(listed.value, cst.List) else []
    begins = bool(calls) and isinstance(calls[0], cst.Call) and last_name(calls[0].func) in INPUTS
    behind = [c for c in calls if not (isinstance(c, cst.Call) and last_name(c.func) in INPUTS)]
    # Without its input a model has no outputs before it is called.
    return f"{model}.layers[{behind.index(embedding)}]" if begins and embedding in behind else None
