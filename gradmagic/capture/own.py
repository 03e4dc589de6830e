"""The magic's own tape: for cells that ask for no gradient themselves, and for `%%gradcheck TARGET`."""

from __future__ import annotations

import ast
import threading
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from gradmagic.capture.asking import ask, flatten
from gradmagic.capture.tapes import tape_of
from gradmagic.recording import has_gradient_dtype

if TYPE_CHECKING:
    from gradmagic.capture.session import Session
    from gradmagic.options import Options

USUAL_NAMES = ("loss", "total_loss", "loss_value", "cost", "objective", "error")


class OwnTape:
    """A persistent tape around the cell. It gives way as soon as the cell opens a tape itself, unless a target was named."""

    def __init__(self, session: Session, *, insist: bool) -> None:
        self.session, self.insist, self.gave_way = session, insist, False
        self._thread = threading.get_ident()
        self.tape: Any = tf.GradientTape(persistent=True)
        self.tape.__enter__()
        self.note = tape_of(session, self.tape)
        # It was opened by no line of the user's.
        self.note.place = None
        session.own, session.own_tape = self, self.note.id

    def give_way(self) -> None:
        """Record nothing more: the cell asks for its gradients itself, and a function that a tape sees runs in another form, with random numbers of its own."""
        if not self.insist and self.tape._recording and threading.get_ident() == self._thread:
            self.gave_way = True
            self.tape.__exit__(None, None, None)

    def _is_wanted(self) -> bool:
        others = [t for t in self.session.tapes.values() if t.id != self.note.id]
        return self.insist or not (self.gave_way or others or self.session.runs or self.session.keras.stack)

    def ask(self, options: Options, shell: Any, names: tuple[str, ...], result: Any, succeeded: bool) -> None:
        """Differentiate the target with respect to the sources, as the cell would have done."""
        try:
            if not succeeded or not self._is_wanted():
                return
            target, label = self._target(options, shell, names, result)
            if target is None:
                return
            sources = self._sources(options, shell)
        finally:
            if self.tape._recording:
                self.tape.__exit__(None, None, None)
        if not sources:
            return
        if label:
            key = self.session.variables.key(target)
            if key is not None:
                self.session.variables.tensor_names.setdefault(key, label)
        original = type(self.tape).gradient
        gradient = getattr(original, "without_comparing", original)
        place = self._place(shell)
        ask(self.session, "gradcheck", self.note, target, sources, lambda: gradient(self.tape, target, sources), None, place=place)

    def _place(self, shell: Any) -> Any:
        ran = [op.place for op in self.session.ops if op.place is not None]
        return ran[-1] if ran else None

    def _target(self, options: Options, shell: Any, names: tuple[str, ...], result: Any) -> tuple[Any, str | None]:
        if options.target:
            return self._evaluate(options.target, shell, "TARGET"), options.target
        if _differentiable(result):
            return result, None
        for name in (*USUAL_NAMES, *names):
            value = shell.user_ns.get(name)
            if name in names and _differentiable(value) and (name in USUAL_NAMES or value.shape.rank == 0):
                return value, name
        return None, None

    def _sources(self, options: Options, shell: Any) -> list[Any]:
        if options.wrt:
            value = self._evaluate(options.wrt, shell, "--wrt")
            return list(getattr(value, "trainable_variables", None) or flatten(value)) if value is not None else []
        return list(self.tape.watched_variables())

    def _evaluate(self, expression: str, shell: Any, what: str) -> Any:
        try:
            code = compile(ast.parse(expression.strip(), mode="eval"), f"<{what}>", "eval")
            value = eval(code, shell.user_global_ns, shell.user_ns)
        except SyntaxError:
            self._say(f"`{expression}` ({what}) is no Python expression")
        except NameError as error:
            self._say(f"`{expression}` ({what}) cannot be evaluated after the cell: {error}")
        except Exception as error:
            self._say(f"`{expression}` ({what}) raises {type(error).__name__} after the cell: {str(error).splitlines()[0] if str(error) else ''}")
        else:
            if what == "TARGET" and not (_differentiable(value) or (isinstance(value, (list, tuple)) and all(map(_differentiable, value)))):
                self._say(f"`{expression}` (TARGET) is a {type(value).__name__}, not a tensor of a float dtype: name a loss or another tensor")
                return None
            return value
        return None

    def _say(self, sentence: str) -> None:
        print(f"gradmagic: {sentence}")
        self.session.failures.append(f"gradmagic: {sentence}")


def _differentiable(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and has_gradient_dtype(value.dtype.name) and hasattr(value, "_numpy_internal")
