"""Where a gradient became too small or too large: its way back from the target, step by step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from gradmagic.locate.backward import Backward, Link, backward_of
from gradmagic.locate.fault import Fault
from gradmagic.locate.grown import GREW, MULTIPLIES, grown_through_layers, grown_values
from gradmagic.locate.paths import Paths
from gradmagic.locate.returning import grown_back
from gradmagic.locate.summed_shares import total_of
from gradmagic.recording import Op, Recording, Span
from gradmagic.sizes import NOISE, starved
from gradmagic.syntax import spot

# Sums of many terms, which may cancel; what they shrink by a factor like this in one step is what is left after cancelling.
SUMS = frozenset({"AddV2", "Add", "BiasAdd", "Sub", "Mul", "MatMul", "BatchMatMulV2", "Einsum", "Conv2D", "Conv1D", "Conv3D", "DepthwiseConv2dNative", "Tile", "BroadcastTo", "AddN", "GatherV2"})
CANCELLED = 1e-5
BROADCASTS = frozenset({"AddV2", "Add", "BiasAdd", "Sub", "Mul", "Tile", "BroadcastTo"})
NEARLY = 0.01
# How many times the rounding of one term the rounding of a sum may be.
ULPS = 4.0
# The mean over the rows of a softmax of the sum of squares; it is 1 where each decides for one class.
DECIDED = 0.9
NEAR = 1e-3
LOOPS = frozenset({"While", "StatelessWhile"})
# Where they have come to an end of their range next to nothing comes back.
FLAT_ENDS = frozenset({"Sigmoid", "Tanh", "Softmax"})
FLAT = 1e-6
RECIPROCALS = frozenset({"Rsqrt", "Reciprocal", "Inv"})
SINGULAR = frozenset(
    {
        "Rsqrt",
        "Sqrt",
        "RealDiv",
        "Div",
        "Reciprocal",
        "Inv",
        "Pow",
        "Log",
        "Log1p",
        "Xlogy",
        "Acos",
        "Asin",
        "Atanh",
        "L2Loss",
        "Norm",
        "Cholesky",
        "MatrixInverse",
        "Svd",
        "SelfAdjointEigV2",
        "DivNoNan",
    }
)


def is_cancelled(backward: Backward, index: int) -> bool:
    """Whether a tiny gradient is what rounding left of terms that cancel: it became tiny in one sum, not little by little."""
    return backward.any_link(index, _cancels) is not False


def _cancels(link: Link) -> bool:
    # A product with something tiny is tiny without any cancelling.
    return link.factor < CANCELLED * min(1.0, link.slope) and (link.op is None or link.op.type in SUMS)


def drowned(backward: Backward, index: int) -> Op | None:
    """The op behind which nothing but rounding is left of a gradient: what came back to its result sums to 0 (a softmax that is summed, a single number that is normalised); None where there is none.

    Sums over the uses of the source itself do not count: they cancel at every minimum.
    """
    numbers, largest = backward.run.gradients[index].numbers, backward.largest
    eps = NOISE.get(backward.run.sources[index].dtype, 0.0)
    if numbers is None or not numbers.norm or numbers.norm > CANCELLED * largest:
        return None
    after: float | None = None
    for link in backward.chain(index):
        if after is not None and link.sent and after < ULPS * eps * link.sent:
            return link.op
        if (
            link.op is not None
            and link.op.type == "Softmax"
            and link.factor < ULPS * eps
            and (_is_undecided(backward.recording, link.op) or total_of(backward.recording, backward.run, link.op) is not None)
        ):
            return link.op
        after = link.received
    return None


def _is_undecided(recording: Recording, op: Op) -> bool:
    """Whether a softmax spreads what it gives: where it decides for one class, its derivative is small by itself."""
    made = recording.tensors.get(op.outputs[0])
    if made is None or not made.shape or not made.shape[-1] or made.root_mean_square is None:
        return False
    return made.root_mean_square**2 * made.shape[-1] < DECIDED


def is_summed_away(backward: Backward, index: int) -> bool:
    """Whether most of a tiny gradient was lost where a broadcast is summed back: terms that nearly cancel (a shift before a softmax), not a long way."""
    return bool(backward.any_link(index, _sums_away))


def _sums_away(link: Link) -> bool:
    return link.factor < NEARLY and link.op is not None and link.op.type in BROADCASTS


def locate_scale(paths: Paths, indices: Iterable[int], status: str) -> list[Fault]:
    """A fault for each place that explains why gradients vanish or explode."""
    backward = backward_of(paths.recording, paths.run)
    small = starved(paths.run.sources, paths.run.gradients) if status == "vanishing" else set()
    starving = _starved(paths, backward, small)
    faults = [dataclasses.replace(starving, sources=(i,)) if starving is not None and i in small else _fault(paths, backward, i, status) for i in indices]
    deep = next((f for f in faults if f.cause == "depth"), None)
    if deep is None or deep.op is None:
        return faults
    # Weights that every turn uses get one large term from a turn; what made that term large is the same line.
    return [dataclasses.replace(deep, sources=f.sources) for f in faults]


def _starved(paths: Paths, backward: Backward, small: set[int]) -> Fault | None:
    """Layers in a row whose weights are next to nothing: the product that takes most of the gradient away, which is small for all of them for one reason."""
    links = max((backward.chain(i) for i in small), key=len, default=[])
    products = [link for link in links if link.op is not None and link.op.type in MULTIPLIES]
    if not products:
        return None
    worst = min(products, key=lambda link: link.factor)
    kernels = tuple(i for i in sorted(small) if len(paths.run.sources[i].shape or ()) > 1)
    detail = {"status": "vanishing", "links": tuple(links), "key": ("vanishing", "starved"), "kernels": kernels, "count": len(products), "steps": len(links), "loop": False}
    return Fault("scale", "depth", paths.run, tuple(sorted(small)), worst.op, worst.input, step=worst.step, detail=detail)


def _fault(paths: Paths, backward: Backward, index: int, status: str) -> Fault:
    run, recording = paths.run, paths.recording
    links = backward.chain(index)
    sign = 1.0 if status == "exploding" else -1.0
    weights = [(sign * math.log(link.factor), link) for link in links if link.factor > 0 and math.isfinite(link.factor)]
    moving = [(w, link) for w, link in weights if w > math.log(1.3)]
    total = sum(w for w, _ in moving)
    detail: dict[str, object] = {"status": status, "links": tuple(links)}
    if not moving or total <= 0:
        loop_, entering = _unseen_loop(paths, index)
        numbers = run.gradients[index].numbers
        if loop_ is not None and numbers is not None and entering and sign * math.log(numbers.norm / entering) > math.log(GREW):
            detail |= {"key": (status, "loop", loop_.seq), "count": 1, "steps": 1, "loop": True, "through": (entering, numbers.norm)}
            return Fault("scale", "depth", run, (index,), _inside(recording, loop_), detail=detail)
        return Fault("scale", "unknown", run, (index,), span=run.span, detail=detail | {"key": status})
    strongest = max(moving, key=lambda item: item[0])
    places: dict[object, float] = {}
    for w, link in moving:
        place = _place(recording, link)
        places[place] = places.get(place, 0.0) + w
    main = max(places, key=lambda p: places[p])
    worst = max((item for item in moving if (_place(recording, item[1])) == main), key=lambda item: item[0])
    loop = worst[1].op is not None and (worst[1].op.type in LOOPS or any(label == "body" for _, label in worst[1].op.branches))
    same = [link for _, link in moving if link.op is not None and _place(recording, link) == main]
    depth = loop or (len(moving) >= 4 and strongest[0] < 0.34 * total)
    chosen = worst[1] if depth else strongest[1]
    detail |= {"key": (status, depth, _place(recording, chosen)), "count": len(same), "steps": len(moving), "factor": chosen.factor, "loop": loop}
    singular = status == "exploding" and chosen.op is not None and _is_near_pole(recording, chosen.op)
    back = grown_back(links) if status == "exploding" and not depth else None
    if back is not None:
        detail |= {"back": back[1], "key": (status, "back", _place(recording, back[0]))}
        return Fault("scale", "depth", run, (index,), back[0].op, back[0].input, step=back[0].step, detail=detail)
    grown = grown_values(recording, chosen) if status == "exploding" and not depth else None
    if grown is not None:
        detail["grown"] = grown[1]
    elif status == "exploding" and not depth and (layers := grown_through_layers(recording, chosen)) is not None:
        widest, *detail["layers"] = layers
        return Fault("scale", "depth", run, (index,), widest, step=chosen.step, detail=detail)
    if status == "vanishing" and not depth and chosen.op is not None and chosen.op.type in FLAT_ENDS and chosen.factor < FLAT:
        return Fault("zero", "faint", run, (index,), chosen.op, chosen.input, step=chosen.step, detail=detail | {"norms": (chosen.received, chosen.sent)})
    cause = "depth" if depth else "singular" if singular else "factor"
    if grown is not None:
        return Fault("scale", "depth", run, (index,), grown[0], step=chosen.step, detail=detail)
    op = _inside(recording, chosen.op) if depth and chosen.op is not None and chosen.op.type in LOOPS else chosen.op
    return Fault("scale", cause, run, (index,), op, chosen.input, step=chosen.step, detail=detail)


def _place(recording: Recording, link: Link) -> Span | None:
    return spot(recording, link.op) if link.op is not None else None


def _unseen_loop(paths: Paths, index: int) -> tuple[Op | None, float]:
    """The loop of a graph that a gradient came back through unseen, and the norm that it had before."""
    run, recording = paths.run, paths.recording
    # Of the turns of a loop at most one is known.
    steps = {s.op: s for s in run.steps if s.op is not None and not _is_in_loop(recording, s.op)}
    source = run.sources[index].id
    waiting = [source, *(k for k, t in recording.tensors.items() if t.variable == source)]
    seen, entering, loops = set(waiting), 0.0, dict[int, Op]()
    while waiting:
        key = waiting.pop()
        for op in recording.consumers.get(key, ()):
            step = steps.get(op.seq)
            if step is not None:
                sent = [f.norm for before, f in zip(op.inputs, step.sent, strict=False) if before == key and f is not None and f.norm]
                entering = max([entering, *sent])
                continue
            around = [recording.by_seq[seq] for seq, label in op.branches if label == "body" and seq in recording.by_seq]
            loops |= {o.seq: o for o in around if o.type in LOOPS}
            for out in op.outputs:
                if out not in seen and out in paths.ancestors:
                    seen.add(out)
                    waiting.append(out)
    return (next(iter(loops.values())) if loops else None), entering


def _is_in_loop(recording: Recording, seq: int) -> bool:
    return seq in recording.by_seq and any(label == "body" for _, label in recording.by_seq[seq].branches)


def _is_near_pole(recording: Recording, op: Op) -> bool:
    """Whether an op whose derivative has a pole at 0 ran on values next to it."""
    if op.type not in SINGULAR | {"Mul"} or not op.inputs:
        return False
    if op.type == "Mul":
        made = [recording.producer.get(key) for key in op.inputs]
        return any(before is not None and before.type in SINGULAR and _is_near_pole(recording, before) for before in made)
    out = recording.tensors.get(op.outputs[0]) if op.type in RECIPROCALS and op.outputs else None
    if out is not None and out.norm is not None and out.norm * NEAR > math.sqrt(math.prod(d or 1 for d in out.shape or ())):
        return True
    tensor = recording.tensors.get(op.inputs[1 if op.type in ("RealDiv", "Div", "DivNoNan") and len(op.inputs) > 1 else 0])
    if tensor is None or tensor.norm is None:
        return False
    size = math.prod(d or 1 for d in tensor.shape or ())
    return tensor.norm < NEAR * math.sqrt(size or 1)


def _inside(recording: Recording, loop: Op) -> Op:
    """The product in the body of a loop that its turns repeat."""
    body = [op for op in recording.ops if (loop.seq, "body") in op.branches and op.span is not None and op.span != loop.span]
    products = [op for op in body if op.type in MULTIPLIES]
    return products[-1] if products else loop
