"""Where a gradient goes bad, on recordings built by hand."""

from __future__ import annotations

import random
import sys

import pytest

from gradmagic.diagnose import diagnose
from gradmagic.locate import locate
from gradmagic.recording import Assignment, Escape
from gradmagic.report import Versions
from tests.recordings import Builder, span, step

CUTS = {
    "StopGradient": ("none", "none/stop-gradient"),
    "ArgMax": ("none", "none/non-differentiable-op"),
    "Greater": ("none", "none/non-differentiable-op"),
    "Cast": ("yes", "none/non-float-dtype"),
}


def rules(recording: object) -> list[str]:
    return [f.rule for f in diagnose(recording, versions=Versions("0", None, None, "3")).findings]  # type: ignore[arg-type]


@pytest.mark.parametrize("type_", CUTS)
def test_the_op_that_cuts_is_blamed(type_: str) -> None:
    b = Builder()
    w = b.variable("w")
    h = b.op("Mul", b.read(w), b.constant())
    cut = b.op(type_, h, dtype="float32" if type_ == "StopGradient" else "int32", differentiable=CUTS[type_][0])
    y = b.op("Cast", cut) if type_ != "StopGradient" else b.op("Square", cut)
    recording = b.recording(b.op("Sum", y), [w], [None])
    (fault,) = locate(recording)
    assert fault.op is not None and fault.op.outputs == (cut,)
    assert rules(recording) == [CUTS[type_][1]]


def test_the_cut_nearest_to_the_target_is_blamed() -> None:
    b = Builder()
    w = b.variable("w")
    first = b.op("StopGradient", b.read(w), differentiable="none")
    second = b.op("StopGradient", b.op("Mul", first, b.constant()), differentiable="none")
    (fault,) = locate(b.recording(b.op("Sum", second), [w], [None]))
    assert fault.op is not None and fault.op.outputs == (second,)


def test_one_fault_for_many_variables_behind_one_cut() -> None:
    b = Builder()
    variables = [b.variable(f"w{i}") for i in range(40)]
    total = b.constant()
    for w in variables:
        total = b.op("AddV2", total, b.read(w))
    recording = b.recording(b.op("Sum", b.op("StopGradient", total, differentiable="none")), variables, [None] * 40)
    (fault,) = locate(recording)
    assert fault.sources == tuple(range(40))


def test_paths_beside_a_cut_are_not_blamed() -> None:
    b = Builder()
    a, w = b.variable("a"), b.variable("w")
    cut = b.op("StopGradient", b.read(a), differentiable="none")
    y = b.op("Mul", b.read(w), cut)
    assert [f.sources for f in locate(b.recording(y, [a, w], [None, 2.0]))] == [(0,)]


def test_unused_discarded_outside_unwatched() -> None:
    b = Builder()
    unused, dropped, early, frozen = (b.variable(n, n != "frozen") for n in ("unused", "dropped", "early", "frozen"))
    before = b.op("Mul", b.read(early, recorded=False), b.constant(), recorded=False)
    b.op("Mul", b.read(dropped), b.constant())
    y = b.op("AddV2", before, b.read(frozen))
    causes = {f.names[0]: f.cause for f in locate(b.recording(y, [unused, dropped, early, frozen], [None] * 4))}
    assert causes == {"unused": "unread", "dropped": "discarded", "early": "outside", "frozen": "unwatched"}


def test_escape_and_assignment_are_proven_by_what_came_back() -> None:
    for norm, rule in ((3.25, "none/left-tensorflow"), (7.5, "none/discarded-result")):
        b = Builder()
        w = b.variable("w")
        h = b.op("Mul", b.read(w), b.constant(), norm=3.25)
        seq = next(b.seqs)
        y = b.op("Mul", b.constant(norm=norm), b.constant(), line=50)
        assert rules(b.recording(y, [w], [None], escapes=(Escape(seq, h, ".numpy()", span(40)),))) == [rule]
    b = Builder()
    w, cache = b.variable("w"), b.variable("cache")
    h = b.op("Mul", b.read(w), b.constant())
    seq = next(b.seqs)
    y = b.op("Square", b.read(cache))
    assert rules(b.recording(y, [w], [None], assignments=(Assignment(seq, cache, "AssignVariableOp", h, span(40)),))) == ["none/state-assignment"]


def test_nan_is_blamed_on_the_step_that_made_it_and_zero_on_the_step_that_made_it() -> None:
    b = Builder()
    w = b.variable("w")
    root = b.op("Sqrt", b.read(w))
    y = b.op("Sum", root)
    recording = b.recording(y, [w], [float("nan")], (step(b.ops[2], 1.0, 1.0), step(b.ops[1], 1.0, float("inf"))))
    (fault,) = locate(recording)
    assert fault.cause == "born" and fault.op is b.ops[1]
    b = Builder()
    w = b.variable("w")
    relu = b.op("Relu", b.read(w), zero=True)
    y = b.op("Sum", relu)
    recording = b.recording(y, [w], [0.0], (step(b.ops[2], 1.0, 1.0), step(b.ops[1], 1.0, 0.0)))
    assert rules(recording) == ["zero/dead-activation"]


def test_first_forward_op_that_is_not_finite() -> None:
    b = Builder()
    w = b.variable("w")
    log = b.op("Log", b.read(w), finite=False)
    y = b.op("Sum", log, finite=False)
    (fault,) = locate(b.recording(y, [w], [float("nan")]))
    assert fault.cause == "forward" and fault.op is not None and fault.op.type == "Log"
    bad = Builder()
    w = bad.variable("w")
    y = bad.op("Mul", bad.read(w), bad.constant(finite=False), finite=False)
    assert rules(bad.recording(y, [w], [float("nan")])) == ["nonfinite/bad-input-data"]


@pytest.mark.parametrize("seed", range(200))
def test_planted_cut_in_a_random_graph(seed: int) -> None:
    rng = random.Random(seed)
    b = Builder()
    variables = [b.variable(f"w{i}") for i in range(rng.randint(1, 5))]
    live = [b.read(w) for w in variables]
    hidden = rng.randrange(len(variables))
    trunk = b.op(rng.choice(("Mul", "Tanh")), live[hidden])
    for _ in range(rng.randint(0, 20)):
        trunk = b.op(rng.choice(("Mul", "Tanh", "AddV2")), trunk, b.constant())
    planted = b.op("StopGradient", trunk, differentiable="none")
    pool = [planted, *(t for i, t in enumerate(live) if i != hidden), b.constant()]
    for _ in range(rng.randint(1, 120)):
        pool.append(b.op(rng.choice(("Mul", "AddV2", "Sub")), rng.choice(pool), rng.choice(pool)))
    total = pool[0]
    for tensor in pool[1:]:
        total = b.op("AddV2", total, tensor)
    values = [None if i == hidden else 1.0 for i in range(len(variables))]
    (fault,) = locate(b.recording(total, variables, values))
    assert fault.op is not None and fault.op.outputs == (planted,) and fault.sources == (hidden,)


def test_linear_in_the_number_of_ops() -> None:
    def calls(count: int) -> int:
        b = Builder()
        w = b.variable("w")
        x = b.op("StopGradient", b.read(w), differentiable="none")
        for _ in range(count):
            x = b.op("Tanh", x)
        recording = b.recording(x, [w], [None])
        found = 0

        def count_call(frame: object, event: str, argument: object) -> None:
            nonlocal found
            found += event in ("call", "c_call")

        sys.setprofile(count_call)
        try:
            faults = locate(recording)
        finally:
            sys.setprofile(None)
        assert len(faults) == 1
        return found

    assert calls(20_000) < 11 * calls(2_000)
