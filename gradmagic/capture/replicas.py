"""Code that runs in several threads at once, as on replicas: what each thread is doing, and which variables are copies of one."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.python.distribute import distribute_utils, mirrored_run
from tensorflow.python.framework import op_callbacks
from tensorflow.python.ops.resource_variable_ops import ResourceVariable

if TYPE_CHECKING:
    from gradmagic.capture.events import RawRun
    from gradmagic.capture.session import Session
    from gradmagic.capture.spans import Place


class Doing(threading.local):
    """What a thread is doing. The replicas of a `tf.distribute.Strategy` take turns: one waits in its optimizer while the next one still goes forward."""

    def __init__(self) -> None:
        self.phase = "forward"
        self.active: frozenset[int] = frozenset()
        self.current_run: RawRun | None = None
        self.layer: Any = None
        self.layer_at: Place | None = None
        # Whether the layer is known to run no code of the user's, and whether it has run some in this call.
        self.plain = self.with_users = False
        self.applying = 0
        # Whether no code of the user's can run in the optimizer's step that is being made.
        self.by_library = False
        # The user's place that made that step.
        self.step_at: Place | None = None
        self.started_at: Place | None = None


def install(session: Session) -> None:
    """Give the threads of replicas the place that started them, and what they do together, in the thread that started them, the phase that they were in."""
    _watch_merging(session)
    _watch_threads(session)
    _watch_own_threads(session)


def _watch_threads(session: Session) -> None:
    thread: Any = mirrored_run._MirroredReplicaThread
    make, run = thread.__init__, thread.run

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self._gradmagic_started_at = session.here()

    def started(self: Any) -> None:
        session.doing.started_at = getattr(self, "_gradmagic_started_at", None)
        run(self)

    session.patches.set(thread, "__init__", __init__)
    session.patches.set(thread, "run", started)


def _watch_own_threads(session: Session) -> None:
    """Note the ops of threads that the cell starts: no tape of another thread records them."""
    start, run = threading.Thread.start, threading.Thread.run

    def started(self: Any) -> None:
        self._gradmagic_started_at = session.here()
        start(self)

    def running(self: Any) -> None:
        note = session.on_op
        if note is None:
            return run(self)
        session.doing.started_at = getattr(self, "_gradmagic_started_at", None)
        op_callbacks.add_op_callback(note)
        try:
            return run(self)
        finally:
            op_callbacks.remove_op_callback(note)

    session.patches.set(threading.Thread, "start", started)
    session.patches.set(threading.Thread, "run", running)


def _watch_merging(session: Session) -> None:
    context_class: Any = mirrored_run._MirroredReplicaContext
    original = context_class._merge_call

    def _merge_call(self: Any, fn: Any, args: Any, kwargs: Any) -> Any:
        doing = vars(session.doing).copy()

        @functools.wraps(fn)
        def merge(*args: Any, **kwargs: Any) -> Any:
            mine = vars(session.doing)
            before = mine.copy()
            mine.update(doing, active=before["active"])
            try:
                return fn(*args, **kwargs)
            finally:
                mine.update(before)

        return original(self, merge, args, kwargs)

    session.patches.set(context_class, "_merge_call", _merge_call)


def copies_of(variable: Any) -> tuple[Any, ...]:
    """The copies of a variable that a strategy keeps, the first one first; () for a plain variable."""
    if isinstance(variable, tf.distribute.DistributedValues) and isinstance(variable, tf.Variable):
        return tuple(variable.values)
    return ()


def is_alone(variable: Any) -> bool:
    """Whether this is a plain variable that is no copy of another one."""
    # A tensor answers in Python for what it does not have, which takes long for a question that is asked of every variable again and again.
    return type(variable) is ResourceVariable and "_distributed_container" not in variable.__dict__ and "_distributed_container" not in variable._handle.__dict__


def whole_of(variable: Any) -> Any:
    """The variable that a strategy keeps this copy for; the variable itself where it is no copy."""
    return distribute_utils.value_container(variable) if hasattr(variable, "handle") else variable


def is_first_replica() -> bool:
    """Whether this is the only replica that runs in this process, or the first of them."""
    here = tf.distribute.get_replica_context() if tf.distribute.has_strategy() else None
    number = None if here is None else tf.get_static_value(here.replica_id_in_sync_group)
    return here is None or number is None or not int(number) % len(here.strategy.extended.worker_devices)


def is_order_to_stop(error: BaseException) -> bool:
    """Whether an exception only ends a replica because another one failed."""
    return isinstance(error, mirrored_run._RequestedStop)


def worker() -> str:
    """Which of several processes this is (``"worker 1 of 2"``), as `TF_CONFIG` says; empty for a process of its own."""
    try:
        cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        kind, number = cluster.task_type, cluster.task_id
        jobs = cluster.cluster_spec().as_dict()
    except Exception:
        # Whoever writes nonsense there is told so by TensorFlow.
        return ""
    if kind not in jobs or number is None or sum(map(len, jobs.values())) < 2:
        return ""
    return f"{kind} {number + 1} of {len(jobs[kind])}"
