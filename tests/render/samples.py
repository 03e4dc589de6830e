"""Reports built by hand, one for each kind of thing that the views have to show."""

from __future__ import annotations

import math
from dataclasses import replace

from gradmagic.report import (
    CellInfo,
    Edge,
    Edit,
    Finding,
    Fix,
    FlowGraph,
    GradientCall,
    GradientStats,
    Histogram,
    Label,
    Location,
    Node,
    Overhead,
    Raised,
    Report,
    RuleInfo,
    Target,
    Trial,
    Update,
    ValueStats,
    VariableReport,
    Versions,
)

VERSIONS = Versions("0.1.0", "2.21.0", "3.15.0", "3.11.7")
COST = Overhead(cell_seconds=0.184, check_seconds=0.021, ops_recorded=214, ops_dropped=0)


def at(cell: CellInfo, line: int, code: str, function: str | None = None) -> Location:
    """The first place of `code` on a line of the cell."""
    text = cell.source.split("\n")[line - 1]
    start = text.index(code)
    return Location("current", None, line, start, line, start + len(code), text, function)


def stats(norm: float, *, size: int = 4, zeros: int = 0, nans: int = 0, history: tuple[float, ...] = ()) -> GradientStats:
    """Gradient statistics with a plausible histogram."""
    half = max(size - zeros - nans, 0) // 2
    histogram = Histogram((-norm, -norm / 2, 0.0, norm / 2, norm), (1, half, zeros, half)) if math.isfinite(norm) else None
    return GradientStats(norm, 0.01, norm / 2, -norm, norm, zeros, nans, 0, False, histogram, history)


def variable(name: str, shape: tuple[int, ...], norm: float = 0.1, finding: int | None = None) -> VariableReport:
    """A healthy variable."""
    return VariableReport(
        name,
        shape,
        "float32",
        True,
        "ok",
        stats(norm, size=math.prod(shape)),
        ValueStats(1.0, -0.5, 0.5, 0, 0),
        norm,
        () if finding is None else (finding,),
    )


def missing(name: str, shape: tuple[int, ...], finding: int) -> VariableReport:
    """A variable whose gradient is None."""
    return VariableReport(name, shape, "float32", True, "none", None, ValueStats(1.0, -0.5, 0.5, 0, 0), None, (finding,))


def stop_gradient() -> Report:
    """Two of six gradients are None because of a `tf.stop_gradient` in a function of the same cell."""
    cell = CellInfo(
        "a1b2",
        12,
        "%%gradcheck\n"
        "def predict(x):\n"
        "    h = encoder(x)\n"
        "    g = tf.stop_gradient(gate(h))\n"
        "    return head(h * g)\n"
        "\n"
        "with tf.GradientTape() as tape:\n"
        "    loss = tf.reduce_mean((predict(x) - y) ** 2)\n"
        "grads = tape.gradient(loss, model.trainable_variables)\n",
    )
    cut = at(cell, 4, "tf.stop_gradient(gate(h))", "predict")
    fix = Fix(
        "remove `tf.stop_gradient`",
        (Edit("current", 4, 4, "    g = gate(h)"),),
        "safe",
        Trial({"gate/kernel": "ok", "gate/bias": "ok"}, 0.4817, 0.4817),
    )
    finding = Finding(
        "none/stop-gradient",
        "error",
        "2 gradients are None: `tf.stop_gradient` cuts the only path from `gate` to `loss`",
        cut,
        (
            Label(cut, "nothing flows back through here", True),
            Label(at(cell, 4, "gate(h)", "predict"), "`gate/kernel` and `gate/bias` are used here"),
            Label(at(cell, 8, "predict(x)"), "the only path to `loss`"),
        ),
        "`tf.stop_gradient` hands its input on unchanged and tells the tape that its output depends on nothing. Every path "
        "from `gate/kernel` and `gate/bias` to `loss` goes through it, so the tape has no path to follow and returns None for "
        "both. The optimizer skips them: they keep their initial values however long training runs.",
        ("the other 4 variables reach `loss` by `encoder` and `head` and are not affected",),
        "if the gate is meant to stay fixed, leave its variables out of the list of sources",
        "certain",
        ("gate/kernel", "gate/bias"),
        0,
        (fix,),
    )
    graph = FlowGraph(
        (
            Node("v1", "variable", "encoder", "kernel, bias", None, "ok"),
            Node("v2", "variable", "gate", "kernel, bias", None, "none"),
            Node("v3", "variable", "head", "kernel, bias", None, "ok"),
            Node("g1", "group", "encoder", "line 3"),
            Node("g2", "group", "gate", "line 4"),
            Node("c1", "cut", "tf.stop_gradient", "line 4", cut),
            Node("o1", "op", "multiply", "line 5"),
            Node("g3", "group", "head", "line 5"),
            Node("o2", "op", "mean of squares", "line 8"),
            Node("x", "input", "x", "(32, 8)"),
            Node("t", "target", "loss", "0.482"),
        ),
        (
            Edge("x", "g1", "unused"),
            Edge("v1", "g1", "flows", 0.0021),
            Edge("v2", "g2", "cut"),
            Edge("g1", "g2", "cut"),
            Edge("g2", "c1", "cut"),
            Edge("c1", "o1", "cut"),
            Edge("g1", "o1", "flows", 0.19),
            Edge("o1", "g3", "flows", 0.4),
            Edge("v3", "g3", "flows", 0.73),
            Edge("g3", "o2", "flows", 1.2),
            Edge("o2", "t", "flows", 1.0),
        ),
    )
    call = GradientCall(
        "tape.gradient",
        at(cell, 9, "tape.gradient(loss, model.trainable_variables)"),
        1,
        None,
        Target("loss", (), "float32", 0.4817),
        (
            variable("encoder/kernel", (8, 16), 0.0021),
            variable("encoder/bias", (16,), 0.0009),
            missing("gate/kernel", (16, 16), 0),
            missing("gate/bias", (16,), 0),
            variable("head/kernel", (16, 1), 0.73),
            variable("head/bias", (1,), 0.55),
        ),
        graph,
    )
    return Report(
        VERSIONS,
        cell,
        "error",
        "2 of 6 variables get no gradient: line 4 stops it before it reaches `gate`",
        (call,),
        (),
        (finding,),
        {"none/stop-gradient": RuleInfo("every path goes through tf.stop_gradient", "What it finds\n=============\n\nA cut.")},
        None,
        COST,
    )


def where_trap() -> Report:
    """The example of the documentation: a NaN that `tf.where` hides going forward only."""
    cell = CellInfo(
        "c3d4",
        7,
        "%%gradcheck\n"
        "rate = tf.Variable([0.5, 0.0, 4.0])\n"
        "with tf.GradientTape() as tape:\n"
        "    score = tf.where(rate > 0, tf.math.log(rate), 0.0)\n"
        "    loss = tf.reduce_sum(score)\n"
        "tape.gradient(loss, rate)",
    )
    guilty = at(cell, 4, "tf.math.log(rate)")
    fix = Fix(
        "give `log` a harmless input wherever the mask is false",
        (Edit("current", 4, 4, "    score = tf.where(rate > 0, tf.math.log(tf.where(rate > 0, rate, 1.0)), 0.0)"),),
        "safe",
        Trial({"rate": "ok"}, 0.6931472, 0.6931472),
    )
    finding = Finding(
        "nonfinite/where-trap",
        "error",
        "gradient of `rate` is NaN: `tf.where` hides the value of `log`, not its gradient",
        guilty,
        (
            Label(guilty, "going backward, the first NaN is made here", True),
            Label(at(cell, 4, "tf.where"), "hides values only"),
        ),
        "`tf.where` computes both of its branches and then picks one per element. Going forward, the `log` of 0.0 is "
        "thrown away, and the loss is a healthy 0.693. Going backward, the thrown-away branch is not skipped: it is sent "
        "a gradient of 0. The gradient of `log` is 1 / x, so at x = 0.0 the tape computes\n\n"
        "    0 × (1 / 0.0)  =  0 × inf  =  NaN",
        ("1 of 3 elements of the gradient is NaN; the next optimizer step would write NaN into `rate`",),
        None,
        "certain",
        ("rate",),
        0,
        (fix,),
    )
    rate = VariableReport("rate", (3,), "float32", True, "nan", stats(math.nan, size=3, nans=1), ValueStats(4.03, 0.0, 4.0, 0, 0), math.nan, (0,))
    graph = FlowGraph(
        (
            Node("v", "variable", "rate", "(3,)", None, "nan"),
            Node("o1", "op", "log", "line 4", guilty, "nan"),
            Node("o2", "op", "where", "line 4"),
            Node("o3", "op", "reduce_sum", "line 5"),
            Node("t", "target", "loss", "0.693"),
        ),
        (
            Edge("v", "o1", "bad", math.nan),
            Edge("o1", "o2", "zero", 0.0),
            Edge("o2", "o3", "flows", 1.73),
            Edge("o3", "t", "flows", 1.0),
        ),
    )
    call = GradientCall(
        "tape.gradient",
        at(cell, 6, "tape.gradient(loss, rate)"),
        1,
        None,
        Target("loss", (), "float32", 0.6931472),
        (rate,),
        graph,
    )
    return Report(
        VERSIONS,
        cell,
        "error",
        "the gradient of `rate` is NaN: line 4 multiplies 0 by inf on the way back",
        (call,),
        (),
        (finding,),
        {},
        None,
        COST,
    )


def all_ok() -> Report:
    """A training loop of 100 steps in which all is well."""
    cell = CellInfo(
        None,
        3,
        "%%gradcheck\nfor x, y in data:\n    with tf.GradientTape() as tape:\n        loss = loss_fn(y, model(x))\n"
        "    grads = tape.gradient(loss, model.trainable_variables)\n"
        "    optimizer.apply_gradients(zip(grads, model.trainable_variables))",
    )
    names = ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")
    shapes = ((4, 8), (8,), (8, 1), (1,))
    variables = tuple(
        replace(
            variable(n, s, norm),
            grad=stats(norm, size=math.prod(s), history=(norm * 3, norm * 2, norm * 1.2, norm)),
            applied=True,
        )
        for n, s, norm in zip(names, shapes, (0.31, 0.12, 0.8, 0.9), strict=True)
    )
    graph = FlowGraph(
        (
            Node("v1", "variable", "dense", "kernel, bias", None, "ok"),
            Node("v2", "variable", "dense_1", "kernel, bias", None, "ok"),
            Node("g1", "group", "dense", "line 4"),
            Node("g2", "group", "dense_1", "line 4"),
            Node("t", "target", "loss", "0.21"),
        ),
        (
            Edge("v1", "g1", "flows", 0.33),
            Edge("g1", "g2", "flows", 0.5),
            Edge("v2", "g2", "flows", 1.2),
            Edge("g2", "t", "flows", 1.0),
        ),
    )
    call = GradientCall(
        "tape.gradient",
        at(cell, 5, "tape.gradient(loss, model.trainable_variables)"),
        100,
        None,
        Target("loss", (), "float32", 0.21),
        variables,
        graph,
    )
    update = Update("apply_gradients", at(cell, 6, "optimizer.apply_gradients"), 100, names, "Adam", changed=len(names))
    return Report(
        VERSIONS,
        cell,
        "ok",
        "all 4 variables get a gradient, in all 100 runs",
        (call,),
        (update,),
        overhead=Overhead(2.4, 0.31, 21400, 1200),
    )


def many_variables() -> Report:
    """300 variables, 40 of them None behind one cast, in a file."""
    file = "/home/ada/project/models/tower.py"
    code = "        ids = tf.cast(self.blocks(x), tf.int32)"
    cast = Location(None, file, 118, 14, 118, 47, code, "call")
    cell = CellInfo("e5", 21, "%%gradcheck\nmodel.fit(train, epochs=1)")
    bad = tuple(missing(f"tower/blocks/{i}/attention/{part}", (64, 64), 0) for i in range(20) for part in ("query", "key"))
    good = tuple(variable(f"tower/stem/{i}/kernel", (3, 3, 64, 64), 10 ** (-i / 100)) for i in range(260))
    finding = Finding(
        "none/non-float-dtype",
        "error",
        "40 gradients are None: `tf.cast` to int32 cuts every path from `tower/blocks` to the loss",
        cast,
        (Label(cast, "integers carry no gradient", True),),
        "A gradient says how the loss changes when a value changes a little, and an integer cannot change a little. All 40 variables reach the loss through this cast only.",
        (),
        None,
        "certain",
        tuple(v.name for v in bad),
        0,
        (Fix("keep the scores in float32 and cast a copy for the lookup", (), "display-only"),),
    )
    nodes = [
        Node("t", "target", "loss", "2.31"),
        Node("c", "cut", "tf.cast", "tower.py:118", cast),
        Node("b", "group", "blocks", "20"),
    ]
    edges = [Edge("b", "c", "cut"), Edge("c", "t", "cut")]
    for i, v in enumerate((*bad, *good)):
        nodes.append(Node(f"v{i}", "variable", v.name, "", None, v.status))
        edges.append(
            Edge(
                f"v{i}",
                "b" if v.status == "none" else "t",
                "cut" if v.status == "none" else "flows",
                v.grad.norm if v.grad else None,
            )
        )
    call = GradientCall(
        "keras.fit",
        at(cell, 2, "model.fit(train, epochs=1)"),
        1000,
        0,
        Target("loss", (), "float32", 2.31),
        (*good[:200], *bad, *good[200:]),
        FlowGraph(tuple(nodes), tuple(edges)),
    )
    skipped = tuple(v.name for v in bad)
    update = Update("keras.fit", at(cell, 2, "model.fit(train, epochs=1)"), 1000, tuple(v.name for v in good), "AdamW", skipped, changed=len(good) - len(skipped) - 1)
    return Report(
        VERSIONS,
        cell,
        "error",
        "40 of 300 variables get no gradient: line 118 of tower.py turns the scores into integers",
        (call,),
        (update,),
        (finding,),
        {},
        None,
        Overhead(61.2, 0.93, 100000, 48213),
    )


def raised() -> Report:
    """The gradient call itself raised: a tape used twice, with the first use in another cell."""
    cell = CellInfo("f6", 9, "%%gradcheck\n\ngrad_b = tape.gradient(loss, b)\nprint(grad_b)")
    second = at(cell, 3, "tape.gradient(loss, b)")
    first = Location(8, None, 4, 9, 4, 31, "grad_w = tape.gradient(loss, w)")
    opened = Location(8, None, 1, 5, 1, 22, "with tf.GradientTape() as tape:")
    fixes = (
        Fix(
            "ask for both gradients in one call",
            (Edit(8, 4, 4, "grad_w, grad_b = tape.gradient(loss, [w, b])"), Edit("current", 3, 3, "")),
            "safe",
        ),
        Fix("keep the tape with `persistent=True`", (Edit(8, 1, 1, "with tf.GradientTape(persistent=True) as tape:"),), "safe"),
    )
    finding = Finding(
        "error/tape-used-twice",
        "error",
        "`tape.gradient` raises: this tape was used up by an earlier `gradient` call",
        second,
        (
            Label(second, "the second call", True),
            Label(first, "the first call, which lets go of what the tape recorded"),
            Label(opened, "not persistent"),
        ),
        "A tape that is not persistent frees its recording with the first `gradient` call, to save memory.",
        fixes=fixes,
        variables=("b",),
        call=0,
    )
    call = GradientCall(
        "tape.gradient",
        second,
        1,
        0,
        Target("loss", (), "float32", None),
        (VariableReport("b", (1,), "float32", True, "error", None, ValueStats(0.0, 0.0, 0.0, 0, 0), None, (0,)),),
    )
    message = "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
    return Report(
        VERSIONS,
        cell,
        "error",
        "`tape.gradient` on line 3 raises: the tape of cell [8] has been used already",
        (call,),
        (),
        (finding,),
        {},
        Raised("RuntimeError", message, second),
        COST,
    )


def hostile() -> Report:
    """Names, code, messages and files that try to break out of every view."""
    evil = "<img src=x onerror=alert(1)>\"'`</pre></script><script>alert(2)</script>"
    escape = "\x1b[31mred\x1b[0m\x07\x9b2J\u202eevil\x00"
    long_code = "y = " + " + ".join(f"w{i}" for i in range(900)) + evil + escape
    long_code = (long_code + "x" * 5000)[:5000]
    source = f"%%gradcheck\n{long_code}\n\tz = f(漢字, '\t{evil}') # {escape}\n" + "\n".join(f"line {i}" for i in range(20))
    cell = CellInfo(evil, 1, source)
    far = Location("current", None, 2, 2500, 2, 2506, long_code, evil + "\n" + escape)
    wide = at(cell, 3, "漢字")
    outside = Location(None, f"/tmp/{evil}\n{escape}.py", 10**9, 0, 10**9 + 40, 3, evil, None)
    wrong_columns = Location(escape, None, 3, 90, 1, -7, "short", None)
    finding = Finding(
        f"none/{evil}",
        "error",
        f"{evil}\n{escape}" + "m" * 5000,
        far,
        (
            Label(far, evil + "\nsecond line " + escape, True),
            Label(wide, "wide " * 60),
            Label(at(cell, 3, "f("), ""),
            Label(outside, "t" * 5000),
            Label(wrong_columns, evil),
        ),
        f"{evil}\n\n    {escape}\n\n" + "b" * 5000 + "\n\n    " + "f" * 5000,
        (evil, escape),
        evil + escape,
        "likely",
        (evil, escape),
        7,
        (
            Fix(evil + escape, (Edit("current", 2, 3, f"{evil}\n{escape}"), Edit(evil, 5, 4, "q" * 5000)), "unsafe", None),
            Fix("tried", (Edit("current", 4, 9999, ""),), "safe", Trial({evil: escape, "w": "none"}, math.nan, math.inf)),
        ),
    )
    names = (evil, escape, "n" * 5000, "漢字/カーネル", "a\nb")
    variables = tuple(replace(missing(n, (2, 2), 0), dtype=evil, findings=(0, 99)) for n in names)
    nodes = tuple(Node(f"{evil}{i}", "variable", n, n, far, "none") for i, n in enumerate(names))
    loop = (Node("a", "op", evil, escape), Node("b", "cut", "c" * 5000), Node("lonely", "target", evil))
    edges = (
        *(Edge(node.id, "a", "cut", math.inf) for node in nodes),
        Edge("a", "b", "bad", math.nan),
        Edge("b", "a", "flows", -1.0),
        Edge("a", "a", "zero", 0.0),
        Edge("a", "nowhere", "unused"),
    )
    call = GradientCall(evil, far, 3, 2, Target(escape, (None, 3), evil, math.nan), variables, FlowGraph((*nodes, *loop), edges))
    update = Update(evil, outside, 2, (evil, *names), escape, names, raised=evil)
    return Report(
        Versions(evil, escape, None, "3"),
        cell,
        "error",
        evil + escape,
        (call,),
        (update,),
        (finding,),
        {evil: RuleInfo(evil, evil)},
        Raised(evil, escape, outside),
        Overhead(math.nan, -1.0, 0, 10**12),
        (evil + escape,),
    )


def accepted() -> Report:
    """A frozen encoder that the user has accepted, and a note."""
    base = stop_gradient()
    note = Finding(
        "step/silently-skipped",
        "note",
        "the optimizer leaves `gate/kernel` and `gate/bias` as they are",
        base.calls[0].location,
        (),
        "",
        ("their gradient is None, see none/stop-gradient",),
        None,
        "likely",
        ("gate/kernel", "gate/bias"),
        0,
    )
    summary = "4 of 6 variables get a gradient; 2 get none, as accepted on line 4"
    return replace(base, verdict="ok", summary=summary, findings=(replace(base.findings[0], accepted=True), note))


SAMPLES = {build.__name__: build for build in (stop_gradient, where_trap, all_ok, many_variables, raised, hostile, accepted)}
