"""One check: hooks in, cell, hooks out, `Recording`."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from gradmagic.capture.events import RawOp, RawRun, RawSite, RawTape, RawTensor, RawUpdate
from gradmagic.capture.patches import Patches
from gradmagic.capture.replicas import Doing
from gradmagic.capture.spans import Place, Spans, exception_place
from gradmagic.recording import Cell, Recording, Source

MAX_OPS = 200_000
FRESH_IDS = 1 << 40
NEEDED = frozenset({"ops", "tapes", "graphs", "inner_steps", "layers"})


class Session:
    """The state that the hooks share while a cell runs.

    `busy` is true while gradmagic itself calls TensorFlow: every hook then steps aside. Nothing here holds a tensor, except for the functions and graphs
    that the cell itself keeps.
    """

    def __init__(self, cell: Cell, spans: Spans, *, max_ops: int = MAX_OPS, every: int = 1, numeric: int = 0, namespace: dict[str, Any] | None = None):
        self.cell, self.spans, self.max_ops, self.every, self.numeric = cell, spans, max_ops, max(1, every), numeric
        self.namespace = namespace if namespace is not None else {}
        self._counter = itertools.count(1)
        self._fresh = itertools.count(FRESH_IDS)
        self.busy = 0
        self.ops: list[RawOp] = []
        self.tensors: dict[int, RawTensor] = {}
        self.tapes: dict[int, RawTape] = {}
        self.runs: list[RawRun] = []
        self.latest_run: RawRun | None = None
        self.sites: dict[Any, RawSite] = {}
        # The variables that were asked for again, as they are told then.
        self.sources: dict[int, Source] = {}
        self.updates: list[RawUpdate] = []
        self.assignments: list[tuple[int, int, str, int | None, Place | None]] = []
        # By variable and place, how many were forgotten with healthy turns.
        self.assignments_dropped: dict[tuple[int, int, int, int], list[Any]] = {}
        self.escapes: list[tuple[int, int, str, Place | None]] = []
        self.numeric_checks: list[Any] = []
        self.failures: list[str] = []
        self.ops_recorded = self.ops_dropped = 0
        self.kept_until = 0
        self.raised: BaseException | None = None
        self.raised_in: dict[int, int] = {}
        self.training: list[Any] = []
        self.traced: dict[int, Any] = {}
        # The names of functions whose graphs are from before and cannot be read.
        self.unseen: list[str] = []
        self.stale: list[Any] = []
        self.fresh_functions = False
        # The training functions of Keras' that are set aside, by the id of their model.
        self.steps_before: dict[int, Any] = {}
        # The ids of those functions that run in the graphs that they were traced to before also where all others are traced anew.
        self.as_traced: set[int] = set()
        # What stands for a dataset in a run aside, by its id: the id of the user's own.
        self.dataset_copies: dict[int, int] = {}
        # In a trial, by the id of a `tf.function`: the one that runs in its place.
        self.stand_ins: dict[int, Any] = {}
        self.patches = Patches()
        self.doing = Doing()
        self.started = self.cell_seconds = 0.0
        self.graphs: Any = None
        self.keras: Any = None
        self.stands_for: dict[int, int] = {}
        self.layers: Any = None
        self.births = 0
        # By the id of a result that is all zero: the largest magnitude that an element had before it was stored.
        self.faded: dict[int, float] = {}
        self.on_op: Any = None
        self.own: Any = None
        self.own_tape = -1
        self.custom: dict[int, int] = {}
        # By the id of its first result in the graph: the `seq` before the function of a custom gradient was traced, and its op.
        self.traced_customs: dict[int, tuple[int, RawOp]] = {}
        self.open_tapes: list[tuple[Any, int]] = []
        self._alone = False
        from gradmagic.capture.names import Variables

        self.variables = Variables(self)
        from gradmagic.capture.changes import Changes

        self.changes = Changes(self)
        from gradmagic.capture.trail import Visits

        self.visits = Visits()

    def next(self) -> int:
        return next(self._counter)

    def fresh_id(self) -> int:
        """A tensor id that TensorFlow never gives."""
        return next(self._fresh)

    def by_user(self, place: Place | None) -> bool:
        """Whether it is code of the user's that the layer runs at this place, and not its own."""
        at = self.doing.layer_at
        return not (at is place or (at is not None and place is not None and at[0] is place[0] and at[2] == place[2]))

    def here(self, depth: int = 1) -> Place | None:
        """The user's innermost place on the stack."""
        return self.place_of(sys._getframe(depth + 1))

    def place_of(self, frame: FrameType | None) -> Place | None:
        """The user's innermost place from a frame outwards."""
        from tensorflow.python.eager import context

        return (self.spans.place(frame) if context.executing_eagerly() else self.spans.traced_place(frame)) or self.doing.started_at

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """gradmagic's own use of TensorFlow: not recorded by any hook nor by any of the user's tapes."""
        from tensorflow.python.eager import record

        self.busy += 1
        try:
            with record.stop_recording():
                yield
        finally:
            self.busy -= 1

    @contextlib.contextmanager
    def without_tapes(self) -> Iterator[None]:
        """Take the user's tapes off for a while: what runs is not recorded by them."""
        from tensorflow.python import pywrap_tfe

        # TensorFlow counts on a tape being in the set of the thread that it is taken from.
        tapes = [tape._tape._tape for tape, thread in self.open_tapes if thread == threading.get_ident()]
        for tape in tapes:
            pywrap_tfe.TFE_Py_TapeSetRemove(tape)
        try:
            yield
        finally:
            for tape in tapes:
                pywrap_tfe.TFE_Py_TapeSetAdd(tape)

    @contextlib.contextmanager
    def with_own_tapes(self) -> Iterator[None]:
        """Within `aside`, let tapes that are opened now record; those of the user's are set aside meanwhile."""
        from tensorflow.python import pywrap_tfe

        if self._alone:
            yield
            return
        with self.without_tapes():
            pywrap_tfe.TFE_Py_TapeSetRestartOnThread()
            self._alone = True
            try:
                yield
            finally:
                self._alone = False
                pywrap_tfe.TFE_Py_TapeSetStopOnThread()

    def failed(self, what: str, error: BaseException) -> None:
        """Note, once, what could not be done; the cell goes on."""
        sentence = f"gradmagic could not {what}: {type(error).__name__}: {str(error)[:200]}"
        if sentence not in self.failures:
            self.failures.append(sentence)

    def install(self) -> None:
        """Put the hooks in. What cannot be hooked in this TensorFlow is noted in `failures`."""
        try:
            self.variables.scan_namespace()
        except Exception as error:
            self.failed("read the names of the notebook", error)
        modules = {
            "tracebacks": "keep its own lines out of error messages",
            "translations": "have functions translated from the cell that they stand in",
            "ops": "watch ops",
            "tapes": "watch tapes",
            "graphs": "watch `tf.function`",
            "inner_steps": "watch backward passes inside graphs",
            "layers": "watch Keras layers",
            "stale": "watch what a `tf.function` reads",
            "earlier": "look into functions that were traced before",
            "updates": "watch optimizers",
            "escapes": "watch values that leave TensorFlow",
            "replicas": "watch what replicas do together",
        }
        if self.numeric:
            modules["numeric"] = "check custom gradients numerically"
        for name, what in modules.items():
            try:
                importlib.import_module(f"gradmagic.capture.{name}").install(self)
            except Exception as error:
                self.failed(what, error)
                if name in NEEDED:
                    # The others ask what these noted: without them the cell runs as if nothing watched it.
                    self.patches.undo()
                    break
        self.started = time.perf_counter()

    def uninstall(self) -> None:
        """Leave TensorFlow as it was found."""
        if self.started and not self.cell_seconds:
            self.cell_seconds = time.perf_counter() - self.started
        self.busy += 1
        try:
            self.patches.undo()
        except Exception as error:
            self.failed("put every hook back", error)

    def note_exception(self, error: BaseException) -> None:
        """The exception that the cell raised."""
        self.raised = error

    def trim(self, start: int) -> None:
        """Forget the ops since `start` (and since the last run that is kept): they belong to healthy turns of a loop."""
        start = max(start, self.kept_until)
        index = len(self.ops)
        while index and self.ops[index - 1].seq >= start:
            index -= 1
        for op in self.ops[index:]:
            for out in op.outputs:
                self.tensors.pop(out, None)
        self.ops_dropped += len(self.ops) - index
        del self.ops[index:]
        self.escapes = [e for e in self.escapes if e[0] < start]
        for seq, variable, _, _, place in self.assignments:
            if seq >= start and place is not None:
                # A code object is slow to hash, so its identity stands for it.
                self.assignments_dropped.setdefault((variable, id(place[0]), *place[1:]), [place, 0])[1] += 1
        self.assignments = [a for a in self.assignments if a[0] < start]
        self.graphs.calls = [c for c in self.graphs.calls if c[0] < start]

    def bound(self) -> None:
        """Never keep more than `max_ops`: of the ops since the last kept run the oldest half goes."""
        index = next((i for i, op in enumerate(self.ops) if op.seq >= self.kept_until), 0)
        if len(self.ops) - index < self.max_ops // 4:
            index = 0
        end = index + (len(self.ops) - index) // 2
        for op in self.ops[index:end]:
            for out in op.outputs:
                self.tensors.pop(out, None)
        self.ops_dropped += end - index
        del self.ops[index:end]

    def recording(self) -> Recording:
        """The facts as plain values."""
        from gradmagic.capture.finish import recording_of

        if self.numeric and self.graphs is not None:
            from gradmagic.capture.numeric import unseen

            unseen(self)
        return recording_of(self)

    def raised_place(self) -> Place | None:
        return exception_place(self.raised, self.spans) if self.raised is not None else None
