"""Reports built by hand, for every view."""

from __future__ import annotations

import math
from dataclasses import replace

from gradmagic.report import (
    CellInfo,
    Change,
    Edge,
    Edit,
    Finding,
    Fix,
    FlowGraph,
    GradientCall,
    GradientStats,
    Label,
    Location,
    Node,
    Overhead,
    Raised,
    Report,
    RuleInfo,
    Since,
    Target,
    VariableReport,
    Versions,
)

VERSIONS = Versions("0.1.0", "2.21.0", "3.15.1", "3.11.7")
HOSTILE = "<img src=x onerror=alert(1)>"


def at(line: int, code: str, start: int, end: int, cell: str | int | None = "current") -> Location:
    return Location(cell, None, line, start, line, end, code)


def stats(norm: float, **more: float) -> GradientStats:
    return GradientStats(norm, 0.1, 0.2, -1.0, 1.0, int(more.get("zeros", 0)), int(more.get("nans", 0)), 0)


def stop_gradient() -> Report:
    code = "    return w * tf.stop_gradient(b)"
    source = f"%%gradcheck\ndef f():\n{code}\n\nwith tf.GradientTape() as tape:\n    loss = f()\ngrads = tape.gradient(loss, [w, b])"
    label = Label(at(3, code, 15, 34), "going backward, the gradient ends here", True)
    fix = Fix("take `stop_gradient` away", (Edit("current", 3, 3, "    return w * b"),), "safe")
    finding = Finding(
        "none/stop-gradient", "error", "the gradient of `b` is None: every path from `loss` passes `tf.stop_gradient(b)`", label.location, (label,),
        "Going forward it hands its value on.\n\n    dy/db  is not recorded", ("an optimizer skips it",), "take it away", "certain", ("b",), 0, (fix,),
    )  # fmt: skip
    graph = FlowGraph(
        (Node("v0", "variable", "w", status="ok"), Node("v1", "variable", "b", status="none"), Node("g", "cut", "tf.stop_gradient(b)", "StopGradient"), Node("t", "target", "loss")),
        (Edge("v0", "t", "flows", 2.0), Edge("v1", "g", "cut"), Edge("g", "t", "cut")),
    )
    rows = (VariableReport("w", (), "float32", True, "ok", stats(2.0), None, 1.0), VariableReport("b", (2, 3), "float32", True, "none", findings=(0,)))
    call = GradientCall("tape.gradient", at(7, "grads = tape.gradient(loss, [w, b])", 8, 35), 1, 0, Target("loss", (), "float32", 2.0), rows, graph)
    return Report(
        VERSIONS, CellInfo("id", 3, source), "error", "1 of 2 variables gets no gradient (line 3).", (call,), (), (finding,),
        {"none/stop-gradient": RuleInfo("Summary.", "Page.")}, None, Overhead(0.01, 0.02, 12, 0),
    )  # fmt: skip


def all_ok() -> Report:
    rows = tuple(VariableReport(f"layer_{i}/kernel", (4, 4), "float32", True, "ok", stats(1.0 + i)) for i in range(3))
    call = GradientCall("keras.fit", at(2, "model.fit(x, y)", 0, 15), 40, None, None, rows)
    return Report(VERSIONS, CellInfo(None, None, "%%gradcheck\nmodel.fit(x, y)"), "ok", "All 3 gradients are there.", (call,))


def many() -> Report:
    rows = tuple(VariableReport(f"block_{i}/kernel", (8, 8), "float32", True, "none" if i < 40 else "ok", None if i < 40 else stats(0.5), findings=(0,) if i < 40 else ()) for i in range(300))
    finding = Finding("none/left-tensorflow", "error", "it left", at(2, "y = np.exp(h)", 4, 13), variables=tuple(f"block_{i}/kernel" for i in range(40)), call=0, certainty="likely")
    call = GradientCall("tape.gradient", at(3, "g = tape.gradient(y, v)", 4, 23), 1, 0, Target("y", (), "float32", math.nan), rows)
    return Report(VERSIONS, CellInfo(None, 1, "%%gradcheck\ny = np.exp(h)\ng = tape.gradient(y, v)"), "error", "40 of 300 variables get no gradient.", (call,), (), (finding,))


def with_variables(amount: int) -> Report:
    """A report of so many variables, each with a node of its own in the flow graph; every tenth gradient is None."""
    report = many()
    call = report.calls[0]
    rows = tuple(replace(call.variables[0 if i % 10 == 0 else -1], name=f"layer_{i}/kernel") for i in range(amount))
    nodes = (Node("t", "target", "loss"), *(Node(f"v{i}", "variable", row.name, "", None, row.status) for i, row in enumerate(rows)))
    edges = tuple(Edge(f"v{i}", "t", "cut" if row.status == "none" else "flows", 1.0) for i, row in enumerate(rows))
    return replace(report, calls=(replace(call, variables=rows, graph=FlowGraph(nodes, edges)),))


def raised() -> Report:
    return Report(VERSIONS, CellInfo(None, 1, "%%gradcheck\n1 / 0"), "ok", "The cell asked for no gradient.", raised=Raised("ZeroDivisionError", "division by zero", at(2, "1 / 0", 0, 5)))


def hostile() -> Report:
    nasty = f"{HOSTILE}\x1b[31mred\x1b[0m\nnext `line` </pre><script>alert(2)</script>"
    long = "x" * 5000 + HOSTILE
    where = Location("current", None, 1, 4900, 1, 5010, long, nasty)
    label = Label(where, nasty, True)
    fix = Fix(nasty, (Edit(7, 1, 2, nasty),))
    finding = Finding(
        "none/unexplained", "warning", nasty, where, (label, Label(Location(None, HOSTILE, 2, 0, 3, 1, "\t\twide 漢字", None), nasty)), nasty, (nasty,), nasty, "likely", (nasty,), 0, (fix,)
    )
    accepted = Finding("none/stop-gradient", "error", nasty, None, accepted=True)
    rows = (VariableReport(nasty, (None, 3), "float32", None, "nan", stats(math.inf, nans=3), findings=(0,)),)
    graph = FlowGraph((Node("v0", "variable", nasty, nasty, where, "nan"), Node("t", "target", long)), (Edge("v0", "t", "bad", math.nan), Edge("v0", "gone", "cut")))
    call = GradientCall(HOSTILE, where, 2, 0, Target(nasty, None, None, -math.inf), rows, graph)
    return Report(VERSIONS, CellInfo(nasty, 1, nasty), "warning", nasty, (call,), (), (finding, accepted), {}, Raised(nasty, nasty), failures=(nasty,))


def changed() -> Report:
    """The cell ran before: one gradient came back, one is gone, and one variable is no longer asked for."""
    changes = (Change("w", 0, "none", "ok", "better"), Change("b", 0, "ok", "none", "worse"), Change("old/kernel", 0, "zero", None, "other"))
    return replace(stop_gradient(), since=Since(2, changes, ("none/unused-variable",), ("none/stop-gradient",)))


ALL = {f.__name__: f for f in (stop_gradient, all_ok, many, raised, hostile, changed)}
