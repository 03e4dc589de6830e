"""What was computed from a source before the check began, and enters the target as a constant."""

from __future__ import annotations

from gradmagic.computed_early import Check, Source, computed_at
from gradmagic.locate.escaped import entries, words_for
from gradmagic.locate.paths import STATE, Paths, paths_of
from gradmagic.recording import GradientRun, Recording, Span


def computed_before(paths: Paths, index: int) -> Span | None:
    """The line of an earlier cell that computed from the source what enters the target as a constant."""
    variable = paths.recording.variables.get(paths.run.sources[index].id)
    if variable is not None and variable.created is not None:
        # Nothing was computed from it before the check began: it was not there.
        return None
    return computed_at(paths.recording, paths.recording.once(paths.run, _check), _known(paths, index))


def read_before(paths: Paths, index: int) -> Span | None:
    """The line of an earlier cell that read the source into a tensor, which has the value of the source and is what the target was computed from."""
    if paths.run.sources[index].kind != "variable":
        return None
    check = paths.recording.once(paths.run, _check).at(op.span for op in paths.reads(index))
    return computed_at(paths.recording, check, _known(paths, index))


def _known(paths: Paths, index: int) -> Source:
    variable = paths.recording.variables.get(paths.run.sources[index].id)
    words = words_for(paths, index)
    held = set(variable.holders) if variable is not None else set()
    part = variable.path.rpartition("/")[2].partition(":")[0] if variable is not None else ""
    return Source(
        paths.run.sources[index].id,
        frozenset(words - held),
        frozenset((holder, part) for holder in held),
        variable.path if variable is not None else "",
        (variable.owner or "") if variable is not None else "",
    )


def _check(recording: Recording, run: GradientRun) -> Check:
    """The code behind a run: where constants come in, by what is known of them or by what a graph captured that never ran."""
    paths = paths_of(recording, run)
    known = recording.tensors.keys() | recording.variables.keys() | paths.producer.keys()
    captured = [op for op in paths.ops if op.in_graph and op.type not in STATE and not known.issuperset(op.inputs) and any(out in paths.ancestors for out in op.outputs)]
    # A target without an op behind it was made before the check began: the line that asks for its gradient reads it.
    asked = [] if any(t in paths.producer for t in paths.targets) else [run.span]
    return Check(recording, (*asked, *(op.span for op in (*entries(paths), *captured))), (op.span for op in paths.ops))
