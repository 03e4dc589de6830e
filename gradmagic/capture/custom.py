"""Each custom gradient by itself: at its real inputs against central differences, and against what TensorFlow makes of the forward function.

The differences decide whether it is wrong. TensorFlow's own derivative of the forward function, where it has one, tells in which way: a factor, a sign, a
transposed matrix, a sum that is missing, another input's gradient; or that the deviation is one that people write on purpose.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record
from tensorflow.python.ops import custom_gradient

from gradmagic.capture.custom_verdict import Checked, array64, is_float, same_values, weights_for
from gradmagic.capture.session import Session
from gradmagic.capture.slopes import Slope, slope

FIRST, THEN = 3, 25
# How far beside a kink a custom gradient is looked at again, in parts of its inputs' size.
BESIDE = 0.03


def install(session: Session) -> None:
    """Look at the first runs of each custom gradient, and at some of the later ones; for those in graphs, note where they begin."""
    from gradmagic.capture.numeric import unnoticed

    original, in_graph = custom_gradient._eager_mode_decorator, custom_gradient._graph_mode_decorator
    ran: dict[Any, int] = {}

    def decorator(f: Any, args: Any, kwargs: Any) -> Any:
        result = original(f, args, kwargs)
        inner = getattr(f, "__wrapped__", f)
        key = getattr(inner, "__code__", inner)
        ran[key] = ran.get(key, 0) + (not session.busy)
        if not session.busy and (ran[key] <= FIRST or ran[key] % THEN == 0):
            op = session.ops[-1].seq if session.ops and session.ops[-1].type == "CustomGradient" else None
            try:
                with unnoticed(session), session.with_own_tapes():
                    _Called(session, f, args, kwargs, op).check()
            except Exception as error:
                session.failed(f"check the custom gradient of `{getattr(f, '__name__', 'a function')}` numerically", error)
        return result

    def graph_decorator(f: Any, args: Any, kwargs: Any) -> Any:
        begin = session.next()
        result = in_graph(f, args, kwargs)
        if not session.busy and session.ops and session.ops[-1].type == "CustomGradient" and session.ops[-1].seq > begin:
            raw = session.ops[-1]
            session.traced_customs[raw.outputs[0]] = (begin, raw)
        return result

    session.patches.set(custom_gradient, "_eager_mode_decorator", decorator)
    session.patches.set(custom_gradient, "_graph_mode_decorator", graph_decorator)


class _Called(Checked):
    """One eager call: the user's function runs again, with other inputs."""

    def __init__(self, session: Session, f: Any, args: Any, kwargs: Any, op: int | None) -> None:
        super().__init__(session, getattr(f, "__name__", "custom gradient"), op, None)
        self.f, self.args, self.kwargs = f, args, kwargs
        flat = tf.nest.flatten(args)
        self.places = [i for i, a in enumerate(flat) if is_float(a)]
        self.inputs = [tf.identity(a) if i in self.places else a for i, a in enumerate(flat)]

    def _call(self, values: list[Any]) -> tuple[list[Any], Any]:
        result, grad = self.f(*tf.nest.pack_sequence_as(self.args, values), **self.kwargs)
        return [tf.convert_to_tensor(r) for r in tf.nest.flatten(result)], grad

    def check(self) -> None:
        """Compare every input's gradient and put down what was found."""
        if not self.places:
            return
        from gradmagic.capture.custom_traced import check_in_graph

        with record.VariableWatcher() as watcher:
            self.outputs, grad = self._call(self.inputs)
        self.weights = weights_for(self.outputs)
        passed = {id(v) for v in tf.nest.flatten(self.args)}
        variables = [v for v in watcher.watched_variables() if id(v) not in passed]
        if not self._same_again():
            # What it draws can be held in a graph of its own.
            check_in_graph(self.session, self, self.f, tf.nest.pack_sequence_as(self.args, self.inputs))
            return
        self.gradient = functools.partial(grad, variables=variables) if variables else grad
        given = self._given(self.weights)
        code = getattr(grad, "__code__", None)
        user = code is not None and self.session.spans.is_user_file(code.co_filename)
        self.place = (code, -1, code.co_firstlineno) if code is not None and user else None
        truths = self._truths()
        verdicts = set()
        for position in self.places:
            mine = given[position] if position < len(given) else None
            if mine is not None:
                here = self.places.index(position)
                verdict = self.compare(position, tf.convert_to_tensor(mine), truths[here], [t for i, t in enumerate(truths) if i != here])
                verdicts.add(verdict)
        if "kink" in verdicts and not self.beside:
            # At a kink every slope between those of the two sides is right; beside it only one is.
            rng = np.random.default_rng(7)
            moved = [
                tf.cast(array64(v) + BESIDE * max(float(np.abs(array64(v)).max(initial=0.0)), 1e-3) * rng.standard_normal(tuple(v.shape)), v.dtype) if i in self.places else v
                for i, v in enumerate(self.inputs)
            ]
            other = _Called(self.session, self.f, tf.nest.pack_sequence_as(self.args, moved), self.kwargs, self.op)
            other.beside = True
            other.check()
        if variables and not self.beside and not self.kwargs:
            check_in_graph(self.session, self, self.f, tf.nest.pack_sequence_as(self.args, self.inputs), variables_only=True)

    def _given(self, weights: list[Any]) -> list[Any]:
        found = self.gradient(*weights)
        return tf.nest.flatten(found[0] if isinstance(self.gradient, functools.partial) else found)  # type: ignore[no-any-return]

    def at(self, position: int, value: Any) -> list[Any]:
        """The outputs for another value of one input (an array of float64)."""
        return self._call([tf.cast(tf.constant(value), v.dtype) if i == position else v for i, v in enumerate(self.inputs)])[0]

    def _same_again(self) -> bool:
        again, _ = self._call(self.inputs)
        return all(same_values(a, b) or not is_float(a) or bool(np.array_equal(array64(a), array64(b), equal_nan=True)) for a, b in zip(again, self.outputs, strict=True))

    def stronger(self, position: int, factor: float) -> Any:
        """The gradient of one input when what comes from above is so many times as strong."""
        return tf.convert_to_tensor(self._given([w * tf.cast(factor, w.dtype) for w in self.weights])[position])

    def _truths(self) -> list[Any]:
        """What TensorFlow makes of the forward function; None for an input where it finds nothing."""
        try:
            watched = [self.inputs[i] for i in self.places]
            with tf.GradientTape() as tape:
                tape.watch(watched)
                results, _ = self._call(self.inputs)
                total = tf.add_n([tf.reduce_sum(tf.cast(r * w, tf.float64)) for r, w in zip(results, self.weights, strict=True) if is_float(r)])
            found = tape.gradient(total, watched)
        except Exception:
            found = [None] * len(self.places)
        return [None if g is None else array64(g) for g in found]

    def slope(self, position: int, direction: Any, analytic: float) -> Slope:
        """In float64 where the function can be computed in it, else in its own precision."""
        x = self.inputs[position]
        base = array64(x)
        wide = [tf.cast(v, tf.float64) if i in self.places else v for i, v in enumerate(self.inputs)]
        for dtype, inputs in (("float64", wide), (x.dtype.name, self.inputs)):
            kind = inputs[position].dtype

            def value(step: float, inputs: list[Any] = inputs, kind: Any = kind) -> float:
                moved = [tf.cast(tf.constant(base + step * direction), kind) if i == position else v for i, v in enumerate(inputs)]
                results, _ = self._call(moved)
                return float(sum(np.sum(array64(r) * array64(w)) for r, w in zip(results, self.weights, strict=True) if is_float(r)))

            try:
                results, _ = self._call(inputs)
                if dtype == "float64" and any(is_float(r) and r.dtype != tf.float64 for r in results):
                    continue
                magnitude = float(sum(np.abs(array64(r)).sum() for r in results if is_float(r)))
                return slope(value, analytic, dtype, magnitude, blur={"float16": 2e-2, "bfloat16": 5e-2}.get(x.dtype.name, 0.0))
            except Exception:
                if dtype == x.dtype.name:
                    raise
        raise AssertionError("no precision was tried")
