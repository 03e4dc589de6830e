"""Recordings built by hand: a small language for ops, variables and a gradient call."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from gradmagic.recording import BackwardStep, Cell, Flow, Gradient, GradientRun, Numbers, Op, Recording, Site, Source, Span, Tape, Tensor, Variable

TAPE = 1


def span(line: int) -> Span:
    code = f"line {line}"
    return Span("current", None, line, 0, line, len(code), code)


def numbers(value: float, size: int = 1) -> Numbers:
    return Numbers(size, abs(value) * size**0.5, value, 0.0, value, value, size if value == 0 else 0, size if value != value else 0, 0)


@dataclass
class Builder:
    """Ops in order; every method returns the id of what it makes."""

    ops: list[Op] = field(default_factory=list)
    tensors: dict[int, Tensor] = field(default_factory=dict)
    variables: dict[int, Variable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ids, self.seqs = itertools.count(100), itertools.count(10)

    def variable(self, name: str, trainable: bool = True) -> int:
        key = next(self.ids)
        self.variables[key] = Variable(key, name, "float32", (), trainable, (name,))
        self.tensors[key] = Tensor(key, "resource", (), "unknown")
        return key

    def constant(self, dtype: str = "float32", finite: bool = True, norm: float | None = None) -> int:
        key = next(self.ids)
        self.tensors[key] = Tensor(key, dtype, (), "constant", finite=finite, norm=norm)
        return key

    def op(self, type_: str, *inputs: int, dtype: str = "float32", differentiable: str = "yes", recorded: bool = True, line: int | None = None, **more: object) -> int:
        out, seq = next(self.ids), next(self.seqs)
        self.tensors[out] = Tensor(out, dtype, (), finite=bool(more.pop("finite", True)), all_zero=bool(more.pop("zero", False)), norm=more.pop("norm", None))  # type: ignore[arg-type]
        place = span(line if line is not None else seq)
        self.ops.append(Op(seq, type_, inputs, (out,), place, "", None, frozenset({TAPE}) if recorded else frozenset(), differentiable, **more))  # type: ignore[arg-type]
        return out

    def read(self, variable: int, recorded: bool = True) -> int:
        return self.op("ReadVariableOp", variable, recorded=recorded)

    def recording(self, target: int, sources: list[int], values: list[float | None], steps: tuple[BackwardStep, ...] = (), **more: object) -> Recording:
        seq = next(self.seqs)
        found = tuple(
            Source(s, "variable", self.variables[s].names[0], "float32", (), self.variables[s].trainable) if s in self.variables else Source(s, "tensor", f"t{s}", self.tensors[s].dtype, ())
            for s in sources
        )
        gradients = tuple(Gradient(v is None, None, None if v is None else numbers(v)) for v in values)
        run = GradientRun(seq, 0, 0, "tape.gradient", span(90), TAPE, (self.tensors[target],), found, gradients, steps)
        tape = Tape(TAPE, span(1), False, True, ((5, seq),), frozenset(more.pop("watched", ())))  # type: ignore[call-overload]
        return Recording(
            Cell(None, 1, "\n".join(f"line {i}" for i in range(100))),
            tuple(self.ops),
            self.tensors,
            self.variables,
            tapes={TAPE: tape},
            runs=(run,),
            sites=(Site(0, "tape.gradient", span(90), 1, None),),
            **more,  # type: ignore[arg-type]
        )


def step(op: Op, received: float, *sent: float | None) -> BackwardStep:
    def flow(value: float | None) -> Flow | None:
        return None if value is None else Flow(None, abs(value), value == value and abs(value) != float("inf"), value == 0)

    return BackwardStep(op.seq + 1000, op.type, op.seq, (flow(received),), tuple(flow(s) for s in sent))
