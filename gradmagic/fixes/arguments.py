"""The order of the arguments of a gradient call."""

from __future__ import annotations

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, fix
from gradmagic.locate.paths import values_behind
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def swapped(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`tape.gradient(x, y)` where `y` is computed from the variable `x`: the target comes first."""
    found = asking(recording, run)
    if found is None or run is None or not is_swapped(recording, run):
        return ()
    code, call = found
    first, second = argument(call, 0, "target"), argument(call, 1, "sources")
    if first is None or second is None or first.keyword is not None or second.keyword is not None:
        return ()
    return fix("put the target first and the source second", "unsafe", (code, Change().replace(first.value, second.value).replace(second.value, first.value)))


def is_swapped(recording: Recording, run: GradientRun) -> bool:
    """Whether the one source was computed from the one target."""
    if len(run.targets) != 1 or len(run.sources) != 1 or run.sources[0].kind != "tensor":
        return False
    target = run.targets[0]
    return any(
        key == target.id or key == target.variable or ((t := recording.tensors.get(key)) is not None and t.variable is not None and t.variable == target.variable)
        for key in values_behind(recording, run.sources[0].id)
    )
