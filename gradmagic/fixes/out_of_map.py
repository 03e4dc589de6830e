"""The function of a dataset whose weights are to be trained: it runs under the tape, on each batch, and the dataset goes without it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import at_its_beginning, tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name, parameters_of
from gradmagic.fixes.flow import pairs_of, targets_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

BATCHING = frozenset({"batch", "padded_batch", "ragged_batch"})
# What may follow a `map` without changing what its elements are.
PASSING = frozenset({"prefetch", "cache", "repeat", "take", "with_options"})


def mapped_under_the_tape(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`dataset.batch(16).map(prepare)` and `for x, y in dataset: …` → `x, y = prepare(x, y)` under the tape, and no `map`."""
    found, functions = tape_block(recording, run), {span.function for span in recording.piped.values()}
    if found is None:
        return ()
    code, block, _ = found
    for where in cells(recording):
        for call in where.all(cst.Call):
            mapped = argument(call, 0, "map_func") if last_name(call.func) == "map" else None
            if mapped is None or not isinstance(mapped.value, cst.Name) or mapped.value.value not in functions or not isinstance(call.func, cst.Attribute) or not _is_batched(call.func.value):
                continue
            name, dataset = mapped.value.value, _dataset(where, call)
            made = [f for c in cells(recording) for f in c.all(cst.FunctionDef) if f.name.value == name]
            given = _elements(recording, code, block, dataset) if dataset is not None and len(made) == 1 else None
            if given is None or len(given) != len(parameters_of(made[0])):
                continue
            listed = ", ".join(given)
            change = at_its_beginning(code, block, code.line(f"{listed} = {name}({listed})"))  # type: ignore[arg-type]
            changes = [(where, Change().replace(call, call.func.value)), (code, change)]
            if where is code:
                changes = [(code, change.replace(call, call.func.value))]
            return fix(f"run `{name}` under the tape, not in the dataset", "unsafe", *changes)
    return ()


def _is_batched(dataset: cst.BaseExpression) -> bool:
    """Whether what a function is mapped over are batches already: it is given the same then."""
    while isinstance(dataset, cst.Call) and isinstance(dataset.func, cst.Attribute):
        if last_name(dataset.func) in BATCHING:
            return True
        if last_name(dataset.func) not in PASSING:
            return False
        dataset = dataset.func.value
    return False


def _dataset(code: Code, call: cst.Call) -> str | None:
    """The name of the dataset that a `map` ends."""
    node: cst.CSTNode = call
    while isinstance(outer := code.parent(node), cst.Attribute) and isinstance(next_ := code.parent(outer), cst.Call) and last_name(outer) in PASSING:
        node = next_
    assign = code.enclosing(node, cst.Assign)
    return next((dotted(t) for t, v in pairs_of(assign) if v is node), None) if assign is not None else None


def _elements(recording: Recording, code: Code, block: cst.With, dataset: str) -> list[str] | None:
    """What the elements of a dataset are called in the block of a tape: the names of the loop around it, or the parameters of its function, which the loop calls."""
    function = code.function(block)
    for where in cells(recording):
        for loop in where.all(cst.For):
            names = [n.value for e in getattr(loop.target, "elements", ()) if isinstance(n := e.value, cst.Name)] or sorted(targets_of(loop.target))
            if not names or dataset not in {dotted(n) for n in (loop.iter, *where.all(cst.Name, loop.iter), *where.all(cst.Attribute, loop.iter))}:
                continue
            if where is code and any(n is loop for n in code.around(block)) and code.function(loop) is function:
                return names
            for call in where.all(cst.Call, loop) if function is not None else ():
                parameters = [p for p in parameters_of(function) if p != "self"] if function is not None else []
                read = [a.value.value if isinstance(a.value, cst.Name) and a.keyword is None else "" for a in call.args]
                if function is not None and last_name(call.func) == function.name.value and read[: len(names)] == names and len(parameters) >= len(names):
                    return parameters[: len(names)]
    return None
