"""Each custom gradient that stands in a graph, by itself: at the values that a call of the graph had, against central differences of its own ops."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import func_graph
from tensorflow.python.framework import ops as framework_ops
from tensorflow.python.ops import custom_gradient, gradients_util

from gradmagic.capture.custom_verdict import Checked, array64, is_float, weights_for
from gradmagic.capture.evaluate import Evaluation
from gradmagic.capture.execution import Unrepeatable
from gradmagic.capture.frames import Frame, Place
from gradmagic.capture.numeric import deadline
from gradmagic.capture.replay import snapshot
from gradmagic.capture.slopes import Slope, slope
from gradmagic.capture.twins import NOTES

if TYPE_CHECKING:
    from gradmagic.capture.session import Session


def gradient_name(op: Any) -> str | None:
    """Under which name the gradient of a custom gradient's op is registered; None for another op."""
    if op.type != "IdentityN":
        return None
    try:
        name = op.get_attr("_gradient_op_type").decode()
    except ValueError:
        return None
    return name if name.startswith("CustomGradient") else None


class Traced(Checked):
    """One custom gradient as a call of its graph ran it.

    Raises:
        LookupError: TensorFlow does not know its gradient function any more.
        Unrepeatable: what its gradient function needs is not known.
    """

    def __init__(self, session: Session, evaluation: Evaluation, frame: Frame, op: Any) -> None:
        name = gradient_name(op)
        assert name is not None
        self.rule: Any = framework_ops.gradient_registry.lookup(name)
        inner = inspect.getclosurevars(self.rule).nonlocals
        closure = inspect.getclosurevars(inner["tape_grad_fn"]).nonlocals if "tape_grad_fn" in inner else inner
        count, variables = closure.get("flat_result_len"), list(closure.get("variables") or ())
        count = len(closure["flat_result"]) if count is None else count
        user = closure["grad_fn"]
        self.begin, raw = session.traced_customs.get(op.outputs[0]._id, (0, None))
        code = getattr(user, "__code__", None)
        place = raw.gradient if raw is not None and raw.gradient is not None else (code, -1, code.co_firstlineno) if code is not None and session.spans.is_user_file(code.co_filename) else None
        called = raw.name if raw is not None and raw.name else getattr(user, "__qualname__", "custom gradient").partition(".")[0]
        super().__init__(session, called, raw.seq if raw is not None else -op.outputs[0]._id, place)
        self.evaluation, self.frame, self.node, self.count = evaluation, frame, op, count
        self.results = list(op.inputs)[:count]
        self.tensors = list(op.inputs)[count:]
        self.arguments = len(self.tensors) - len(variables)
        self.outputs = [evaluation.find(frame, t) for t in self.results]
        self.inputs = [evaluation.find(frame, t) for t in self.tensors]
        self.weights = weights_for(self.outputs)
        for i, variable in enumerate(variables):
            self.input_names[self.arguments + i] = f"the variable `{getattr(variable, 'path', None) or variable.name.partition(':')[0]}`"

    def check(self, *, variables_only: bool = False) -> None:
        """Compare every input's gradient and put down what was found."""
        given = self._given(self.weights)
        places = [i for i, t in enumerate(self.tensors) if is_float(self.inputs[i])]
        try:
            truths = self._from(lambda ys: gradients_util._GradientsHelper(self.results, [self.tensors[i] for i in places], grad_ys=ys, src_graph=self.frame.graph), self.weights)
        except Exception:
            # An op of the forward function has no gradient of TensorFlow's own.
            truths = [None] * len(places)
        known = dict(zip(places, [None if t is None else array64(t) for t in truths], strict=True))
        done = set[int]()
        for position in (p for p in places if p >= self.arguments or not variables_only):
            same = [i for i in places if self.tensors[i]._id == self.tensors[position]._id and i < self.arguments]
            if position in done or position >= len(given) or given[position] is None:
                continue
            done.update(same)
            # One tensor in two places moves in both: the sum of their gradients is what can be compared.
            mine = given[position] if len(same) < 2 else tf.add_n([given[i] for i in same if given[i] is not None])
            self.compare(position, tf.convert_to_tensor(mine), known[position], [t for i, t in known.items() if i not in (position, *same)])

    def _given(self, weights: list[Any]) -> list[Any]:
        return self._from(lambda ys: list(self.rule(self.node, *ys))[self.count :], weights)

    def stronger(self, position: int, factor: float) -> Any:
        """The gradient of one input when what comes from above is so many times as strong."""
        return self._given([w * tf.cast(factor, w.dtype) for w in self.weights])[position]

    def _from(self, build: Any, weights: list[Any]) -> list[Any]:
        """What a function makes of the weights when it is traced beside the graph, as values."""
        with self.frame.graph.as_default():
            side = func_graph.FuncGraph("gradmagic")
        with side.as_default(), self.session.with_own_tapes():
            made = build([tf.constant(w.numpy(), w.dtype) for w in weights])
            found = [None if m is None else tf.convert_to_tensor(m) for m in made]
        known = {inner._id: self._outside(outer) for outer, inner in side.captures}
        frame = Frame(side, (*self.frame.path, id(side)), known, set(), self.frame)
        frame.table = self.frame.table
        values = self.evaluation.again(frame, {}, known, [t for t in found if t is not None], wide=False)
        rest = iter(values)
        return [None if t is None else next(rest)[0] for t in found]

    def _outside(self, tensor: Any) -> Any:
        if hasattr(tensor, "numpy") or not hasattr(tensor, "graph"):
            return Place(tensor._id) if tensor._id in self.evaluation.table else tensor
        return self.evaluation.find(self.frame, tensor)

    def at(self, position: int, value: Any) -> list[Any]:
        """The outputs for another value of one input (an array of float64)."""
        moved = tf.cast(tf.constant(value), self.inputs[position].dtype)
        return [v for v, _ in self.evaluation.again(self.frame, {}, {self.tensors[position]._id: moved}, self.results, lambda frame, op: False, wide=False)]

    def slope(self, position: int, direction: Any, analytic: float) -> Slope:
        """In float64 where the ops of the function can be computed in it, else in their own precision."""
        tensor, base = self.tensors[position], array64(self.inputs[position])
        notes = NOTES.get(self.frame.graph, {})
        variable = self._variable(position)

        def held(frame: Frame, op: Any) -> bool:
            return frame.graph is self.frame.graph and op.name in notes and notes[op.name][0] < self.begin

        def value(step: float) -> float:
            moved = tf.constant(base + step * direction, tf.float64)
            state, tensors = ({variable: moved}, {}) if variable is not None else ({}, {tensor._id: moved})
            found = self.evaluation.again(self.frame, state, tensors, self.results, held)
            return float(sum(np.sum(array64(v) * array64(w)) for (v, _), w in zip(found, self.weights, strict=True) if is_float(v)))

        self.evaluation.narrow, self.evaluation.blur = False, 0.0
        value(0.0)
        magnitude = float(sum(np.abs(array64(o)).sum() for o in self.outputs if is_float(o)))
        return slope(value, analytic, "float32" if self.evaluation.narrow else "float64", magnitude, blur=self.evaluation.blur)

    def _variable(self, position: int) -> int | None:
        """The variable whose value an input is, where the function itself reads it."""
        source = self.tensors[position].op
        if position < self.arguments or source.type != "ReadVariableOp":
            return None
        handle = self.evaluation.find(self.frame, source.inputs[0])
        return handle.key if isinstance(handle, Place) else None


def check_in_graph(session: Session, called: Checked, f: Any, args: Any, *, variables_only: bool = False) -> None:
    """An eager custom gradient in a graph of its own, where the variables it reads can move without being written to, and the random numbers it draws stay."""
    graph = func_graph.FuncGraph("gradmagic")
    with graph.as_default():
        custom_gradient._graph_mode_decorator(f, args, {})
    op = next(op for op in reversed(graph.get_operations()) if gradient_name(op) is not None)
    handles = [outer for outer, _ in graph.captures if outer.dtype == tf.resource]
    evaluation = Evaluation({h._id: value for h, value in snapshot(handles)}, {}, deadline())
    traced = Traced(session, evaluation, evaluation.run(graph, [outer for outer, _ in graph.captures], list(op.inputs)), op)
    traced.name, traced.op, traced.place = called.name, called.op, called.place
    traced.check(variables_only=variables_only)


__all__ = ["Traced", "Unrepeatable", "gradient_name"]
