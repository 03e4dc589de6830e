"""What depends on what in one gradient run: worked out once for all of its sources, in a few passes over the ops."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from gradmagic.locate.shapes import by_shape_alone
from gradmagic.recording import WRITES, GradientRun, Op, Recording, has_gradient_dtype

MOST_BEHIND = 2000
STATE = WRITES | {"VarHandleOp", "VarIsInitializedOp", "DestroyResourceOp"}


def values_behind(recording: Recording, key: int, *, gradients: bool = False) -> Iterator[int]:
    """A value and all that it was computed from, by whatever op; at most `MOST_BEHIND` of them. With `gradients` only what a dtype that has gradients leads to."""
    waiting, seen = [key], set[int]()
    while waiting and len(seen) < MOST_BEHIND:
        current = waiting.pop()
        tensor = recording.tensors.get(current) if gradients else None
        if current not in seen and (tensor is None or has_gradient_dtype(tensor.dtype)):
            seen.add(current)
            yield current
            op = recording.producer.get(current)
            waiting.extend(op.inputs if op is not None else ())


def paths_of(recording: Recording, run: GradientRun) -> Paths:
    """The paths of a run of this recording, worked out once."""
    return recording.once(run, Paths)


class Paths:
    """The ops that a run could see. `mask` has, per tensor, one bit for each source that it was computed from."""

    def __init__(self, recording: Recording, run: GradientRun) -> None:
        self.recording, self.run = recording, run
        self.tape = recording.tapes.get(run.tape) if run.tape is not None else None
        self.targets = tuple(t.id for t in run.targets)
        self._reset = max((seq for seq, _ in self.tape.resets if seq < run.seq), default=0) if self.tape is not None else 0
        # Ops of unrolled graphs are numbered when they are unrolled: their place among the others says nothing.
        known = [op for op in recording.ops if op.in_graph or op.seq < run.seq]
        self.producer = {out: op for op in known for out in op.outputs}
        self.ops = [op for op in known if op.phase == "forward" or (run.tape is not None and run.tape in op.recorded_by) or not self.ancestors.isdisjoint(op.outputs)]
        self._without: dict[int, set[int]] = {}

    @functools.cached_property
    def mask(self) -> dict[int, int]:
        known: dict[int, int] = {}
        for index, source in enumerate(self.run.sources):
            known[source.id] = known.get(source.id, 0) | 1 << index
        for key, tensor in self.recording.tensors.items():
            if tensor.variable is not None and tensor.variable in known:
                known[key] = known.get(key, 0) | known[tensor.variable]
        # Ops that ran have their inputs from ops before them; those of graphs stand in the order in which they were unrolled.
        for _ in range(8 if any(op.in_graph for op in self.ops) else 1):
            changed = False
            for op in self.ops:
                bits = 0
                if by_shape_alone(op, self.producer):
                    continue
                for key in op.inputs:
                    bits |= known.get(key, 0)
                if bits:
                    for key in op.outputs:
                        before = known.get(key, 0)
                        if bits & ~before:
                            known[key] = before | bits
                            changed = True
            if not changed:
                break
        return known

    def bits(self, op: Op) -> int:
        """The sources that the inputs of an op were computed from."""
        found = 0
        for key in () if by_shape_alone(op, self.producer) else op.inputs:
            found |= self.mask.get(key, 0)
        return found

    def shaped_by(self, op: Op) -> int:
        """The sources behind the inputs of an op whose result follows from their shapes only; none for other ops."""
        found = 0
        for key in op.inputs if by_shape_alone(op, self.producer) else ():
            found |= self.mask.get(key, 0)
        return found

    @functools.cached_property
    def ancestors(self) -> set[int]:
        """Every tensor that the target was computed from, by whatever op."""
        seen: set[int] = set()
        waiting = list(self.targets)
        while waiting:
            key = waiting.pop()
            if key in seen:
                continue
            seen.add(key)
            op = self.producer.get(key)
            if op is not None:
                waiting.extend(op.inputs)
        return seen

    @functools.cached_property
    def computed(self) -> set[int]:
        """As `ancestors`, and what functions with a gradient of their own computed inside: the tape sees each of them as one op."""
        makers: dict[int, list[Op]] = {}
        for op in self.ops:
            for out in op.outputs:
                makers.setdefault(out, []).append(op)
        seen: set[int] = set()
        waiting = list(self.targets)
        while waiting:
            key = waiting.pop()
            if key not in seen:
                seen.add(key)
                waiting.extend(i for op in makers.get(key, ()) for i in op.inputs)
        return seen

    @functools.cached_property
    def target_mask(self) -> int:
        found = 0
        for key in self.targets:
            found |= self.mask.get(key, 0)
        return found

    def dtype(self, key: int) -> str:
        tensor = self.recording.tensors.get(key)
        return tensor.dtype if tensor is not None else "float32"

    @functools.cached_property
    def discrete(self) -> set[int]:
        """The tensors of a dtype that has no gradients."""
        return {key for key, tensor in self.recording.tensors.items() if not has_gradient_dtype(tensor.dtype)}

    def records(self, op: Op) -> bool:
        """Whether the run's tape was recording when the op ran; `tf.gradients` sees every op of its graph."""
        if self.run.tape is None or op.type == "Merge":
            return True
        if self._reset and not op.in_graph and op.seq < self._reset:
            return False
        return self.run.tape in op.recorded_by or op.unnoted

    @functools.cached_property
    def walk(self) -> tuple[set[int], list[tuple[Op, int | None, str]]]:
        """The gradient's way back: the tensors it reaches, and the cuts (op, input or None for all of it, kind) it meets."""
        return self._walk(None)

    def reached_without(self, cut: Op, kind: str) -> set[int]:
        """What the gradient would reach if this one op were differentiable in all of its inputs, or if the tape had recorded all that it missed."""
        key = -1 if kind == "outside" else cut.seq
        if key not in self._without:
            self._without[key] = self._walk(key)[0]
        return self._without[key]

    @functools.cached_property
    def _answers(self) -> dict[int, set[int]]:
        """Per op that was stepped through, the inputs for which it sent a gradient, or was not asked for one."""
        found: dict[int, set[int]] = {}
        for step in self.run.steps:
            if step.op is not None:
                known = found.setdefault(step.op, set())
                for index, flow in enumerate(step.sent):
                    if flow is not None:
                        known.add(index)
                known.update(step.skipped)
        return found

    def _walk(self, ignored: int | None) -> tuple[set[int], list[tuple[Op, int | None, str]]]:
        answers = self._answers
        reached: set[int] = set()
        cuts: list[tuple[Op, int | None, str]] = []
        done: set[int] = set()
        waiting = list(self.targets)
        while waiting:
            key = waiting.pop()
            if key in reached:
                continue
            if key in self.discrete:
                if ignored is not None:
                    waiting.extend(self._behind(key, ignored))
                cuts.extend(self.where_it_stopped_being_float(key))
                continue
            reached.add(key)
            op = self.producer.get(key)
            if op is None or op.seq in done:
                continue
            done.add(op.seq)
            if op.seq == ignored:
                waiting.extend(op.inputs)
            elif ignored != -1 and not self.records(op):
                cuts.append((op, None, "outside"))
            elif op.inputs and (op.differentiable == "none" or (op.seq in answers and not answers[op.seq] and op.type != "CustomGradient" and self._all_dependent(op))):
                cuts.append((op, None, "op"))
            else:
                for index, before in enumerate(op.inputs):
                    floats = before not in self.discrete
                    if self._is_only_choice(op, index):
                        cuts.extend((c, i, "choice") for c, i, _ in self.where_it_stopped_being_float(before))
                        continue
                    if floats and op.seq in answers and index not in answers[op.seq] and self.mask.get(before):
                        # None for an input: the gradient function's own answer, or the tape knows of nothing behind it. What lies behind decides.
                        cuts.append((op, index, "partial"))
                    waiting.append(before)
        return reached, cuts

    def _behind(self, key: int, ignored: int) -> tuple[int, ...]:
        """The float values behind a value that is none, if the op that is taken as differentiable is what made it so."""
        seen: set[int] = set()
        waiting = [key]
        while waiting:
            current = waiting.pop()
            op = self.producer.get(current)
            if op is None or current in seen:
                continue
            seen.add(current)
            if op.seq == ignored:
                return op.inputs
            waiting.extend(i for i in op.inputs if i in self.discrete)
        return ()

    def _all_dependent(self, op: Op) -> bool:
        """Whether the op has a single float input, so that a None from its gradient function is about the op and not about an input."""
        return sum(i not in self.discrete for i in op.inputs) == 1

    @staticmethod
    def _is_only_choice(op: Op, index: int) -> bool:
        """Inputs that say where or how (a condition, indices, axes) and never carry a gradient."""
        return op.type in ("SelectV2", "Select", "If", "StatelessIf", "Case") and index == 0

    def where_it_stopped_being_float(self, key: int) -> list[tuple[Op, int | None, str]]:
        """The ops that made something else of the float values of a source, behind a value that is no float."""
        found: list[tuple[Op, int | None, str]] = []
        seen: set[int] = set()
        waiting = [key]
        while waiting:
            current = waiting.pop()
            if current in seen or not self.mask.get(current):
                continue
            seen.add(current)
            op = self.producer.get(current)
            if op is None:
                continue
            if any(i not in self.discrete and self.mask.get(i) and self.dtype(i) != "resource" for i in op.inputs):
                found.append((op, None, "outside" if not self.records(op) else "dtype" if op.type == "Cast" else "op"))
            else:
                waiting.extend(op.inputs)
        return found

    def watches(self, index: int) -> bool:
        """Whether the tape follows a source: a trainable variable that it notices by itself, or what `watch` was called with."""
        source = self.run.sources[index]
        if self.tape is None:
            return True
        if source.kind == "variable":
            return source.id in self.tape.watched or (self.tape.watch_accessed_variables and source.trainable is not False)
        return source.id in self.tape.watched or source.id in self.producer

    def follows(self, index: int) -> bool:
        """Whether a gradient that comes to a source is one that the tape knows of: it watches the source, or recorded how the source was computed from what it watches."""
        source = self.run.sources[index]
        if source.kind == "variable" or self.tape is None or source.id in self.tape.watched:
            return self.watches(index)
        waiting, seen = [source.id], set[int]()
        while waiting:
            key = waiting.pop()
            if key in seen or key in self.discrete:
                continue
            seen.add(key)
            variable = self.recording.variables.get(key)
            if key in self.tape.watched or (variable is not None and self.tape.watch_accessed_variables and variable.trainable is not False):
                return True
            op = self.producer.get(key)
            if op is not None and op.differentiable != "none" and self.records(op):
                waiting.extend(op.inputs)
        return False

    def alike(self, reached: set[int]) -> set[int]:
        """The tensors that were reached, and the variables that some of them are values of."""
        return reached | {t.variable for key in reached if (t := self.recording.tensors.get(key)) is not None and t.variable is not None}

    def reads(self, index: int) -> tuple[Op, ...]:
        """The ops that read a source."""
        return self._reads.get(self.run.sources[index].id, ())

    @functools.cached_property
    def _reads(self) -> dict[int, tuple[Op, ...]]:
        wanted = {source.id for source in self.run.sources}
        alias = {key: t.variable for key, t in self.recording.tensors.items() if t.variable in wanted}
        found: dict[int, list[Op]] = {}
        made = {op.span for op in self.ops if op.type == "VarHandleOp"}
        for op in self.ops:
            # A graph's variable reads itself where it is made, for its own initialisation.
            if op.type in STATE or (op.in_graph and op.span in made and not any(out in self.recording.consumers for out in op.outputs)):
                continue
            for key in {alias.get(i, i) for i in op.inputs}:
                if key in wanted:
                    found.setdefault(key, []).append(op)
        return {key: tuple(ops) for key, ops in found.items()}
