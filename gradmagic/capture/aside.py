"""A cell run once more, aside: hooked as a checked cell is, and unseen. Output, pictures and log lines go nowhere, the time is bounded."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import linecache
import logging
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.data.ops import iterator_ops
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function import polymorphic_function
from tensorflow.python.ops import gen_random_ops

from gradmagic.capture.patches import Patches
from gradmagic.capture.session import Session
from gradmagic.capture.spans import Spans
from gradmagic.capture.statements import asks_itself, assigned_names
from gradmagic.recording import Cell, Recording

STATEFUL = (
    "random_standard_normal",
    "random_uniform",
    "random_uniform_int",
    "truncated_normal",
    "parameterized_truncated_normal",
    "random_shuffle",
    "multinomial",
    "random_gamma",
    "random_poisson_v2",
)
# Those that draw by what they are given: a value comes in, and its history ends here.
OF_VALUES = {"multinomial": "Multinomial", "random_shuffle": "RandomShuffle", "random_poisson_v2": "RandomPoissonV2"}
_numbers = itertools.count(1)
SEED = 20_240_229


class OutOfTime(BaseException):
    """The time of a trial is over. Not an `Exception`, so that the cell's own handlers let it pass."""


class Unprepared(Exception):
    """What had to run before the cell raised something; the message is its name and text."""


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the main thread after some time. Elsewhere (and on Windows) the bound is looked at between the ops only."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(signum: int, frame: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    rest, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if rest:
            signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - started), 1e-3), interval)


@contextlib.contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Hold Ctrl-C back while the state is put back, and let it through afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = [False]
    try:
        before = signal.signal(signal.SIGINT, lambda *_: came.__setitem__(0, True))
    except (ValueError, OSError):
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came[0]:
        raise KeyboardInterrupt


@contextlib.contextmanager
def unseen(shell: Any) -> Iterator[None]:
    """Nothing is printed, displayed, plotted, logged or warned about."""
    patches = Patches()
    publisher = getattr(shell, "display_pub", None)
    if publisher is not None:
        patches.set(publisher, "publish", lambda *args, **kwargs: None)
        if hasattr(publisher, "clear_output"):
            patches.set(publisher, "clear_output", lambda *args, **kwargs: None)
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot is not None else set()
    if pyplot is not None:
        patches.set(pyplot, "show", lambda *args, **kwargs: None)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        patches.undo()
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            for number in set(pyplot.get_fignums()) - figures:
                pyplot.close(number)


@contextlib.contextmanager
def own_randomness(session: Session) -> Iterator[None]:
    """Random ops, traced functions and datasets count anew, apart from those of the notebook.

    TensorFlow keeps a counter in the kernel of every random op, in each traced function and in each shuffled dataset. It cannot be read or put back, so the
    cell is given ops, functions and datasets of its own, which begin where those of a fresh process begin.
    """
    patches = Patches()
    made: dict[Any, Any] = {}
    functions: dict[int, tuple[Any, Any]] = {}
    for name in STATEFUL:
        patches.set(gen_random_ops, name, _counting_anew(session, name, getattr(gen_random_ops, name), made))
    call = polymorphic_function.Function.__call__

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or getattr(self, "_gradmagic_own", False):
            return call(self, *args, **kwargs)
        if id(self) not in functions:
            own = self._clone(None)
            own._gradmagic_own = True
            functions[id(self)] = (self, own)
        return call(functions[id(self)][1], *args, **kwargs)

    patches.set(polymorphic_function.Function, "__call__", __call__)
    iterate = iterator_ops.OwnedIterator.__init__
    datasets: dict[int, tuple[Any, Any]] = {}

    def __init__(self: Any, dataset: Any = None, *args: Any, **kwargs: Any) -> None:
        if dataset is not None and not session.busy and context.executing_eagerly():
            if id(dataset) not in datasets:
                datasets[id(dataset)] = (dataset, _copied(session, dataset))
            dataset = datasets[id(dataset)][1]
        iterate(self, dataset, *args, **kwargs)

    patches.set(iterator_ops.OwnedIterator, "__init__", __init__)
    ctx = context.context()
    if ctx._seed is None:
        ctx._seed = SEED
        ctx._rng = random.Random(SEED)
    try:
        yield
    finally:
        patches.undo()


def _counting_anew(session: Session, name: str, original: Any, made: dict[Any, Any]) -> Any:
    def op(*args: Any, **kwargs: Any) -> Any:
        if session.busy or not context.executing_eagerly():
            return original(*args, **kwargs)
        rest = {k: v for k, v in kwargs.items() if k != "name"}
        fixed = {k: v for k, v in rest.items() if not isinstance(v, tf.Tensor)}
        moving = {k: v for k, v in rest.items() if isinstance(v, tf.Tensor)}
        session.busy += 1
        try:
            tensors = [tf.convert_to_tensor(a) if not isinstance(a, tf.DType) else a for a in args]
            signature = tuple((t.dtype, tuple(t.shape)) if isinstance(t, tf.Tensor) else t for t in tensors)
            key = (name, signature, tuple(moving), tuple(sorted((k, str(v)) for k, v in fixed.items())))
            if key not in made:
                made[key] = tf.function(lambda *a, **k: original(*a, **k, **fixed), autograph=False)
                made[key]._gradmagic_own = True
            drawn = made[key](*tensors, **moving)
        except (TypeError, ValueError):
            return original(*args, **kwargs)
        finally:
            session.busy -= 1
        given = [t for t in tensors if isinstance(t, tf.Tensor)]
        if name in OF_VALUES and session.on_op is not None:
            # The function ran unseen, and what was drawn would seem to come from nowhere.
            session.on_op(OF_VALUES[name], given, (), [drawn])
        return drawn

    return op


def _copied(session: Session, dataset: Any) -> Any:
    """A dataset built anew from its own graph, whose shuffles begin anew; the very one where that is not possible (Python generators)."""
    try:
        with session.aside():
            graph = graph_pb2.GraphDef.FromString(dataset._as_serialized_graph(external_state_policy=_ignore()).numpy())
            seeds = {n.name: n.attr["value"].tensor.int64_val[:1] or [0] for n in graph.node if n.op == "Const" and n.attr["dtype"].type == tf.int64.as_datatype_enum}
            for nodes in (graph.node, *(f.node_def for f in graph.library.function)):
                for node in nodes:
                    if node.op == "ShuffleDatasetV3":
                        # The first version of the op has a counter of its own in the place of one that is shared with the user's dataset.
                        node.op = "ShuffleDataset"
                        del node.input[4:]
                        if all(seeds.get(name) == [0] for name in node.input[2:4]):
                            fixed = graph.node.add(name=f"{node.name}/seed", op="Const")
                            fixed.attr["dtype"].type = tf.int64.as_datatype_enum
                            fixed.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(SEED, tf.int64))
                            node.input[2:4] = [fixed.name, fixed.name]
            variant = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
            return tf.data.experimental.from_variant(variant, dataset.element_spec)
    except Exception:
        return dataset


def _ignore() -> Any:
    from tensorflow.python.data.ops import options

    return options.ExternalStatePolicy.IGNORE


def compiled(shell: Any, source: str, name: str) -> tuple[ast.Module, str]:
    """The syntax tree of a cell as IPython would run it, and the file name it is compiled under.

    Raises:
        SyntaxError: the cell cannot be compiled, or it awaits at its top level.
    """
    filename, text = _shown(shell.transform_cell(source), f"<ipython-input-{name}-{next(_numbers)}>")
    return ast.parse(text, filename), filename


def _shown(text: str, filename: str) -> tuple[str, str]:
    """Make code readable for tracebacks and for AutoGraph, which reads the source of functions."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    return filename, text


def run_aside(shell: Any, source: str, before: list[tuple[list[ast.stmt], Callable[[], None] | None]], options: Any, seconds: float) -> Recording:
    """Run a cell under a capture of its own in the notebook's namespace; the state afterwards is the caller's business.

    `before` holds definitions that run first, outside the capture, each with what is to be done after it. What the cell raises is in the recording.

    Raises:
        Unprepared: a definition that was to run first raised something.
        OutOfTime: the time was over.
        KeyboardInterrupt: Ctrl-C.
    """
    tree, filename = compiled(shell, source, "aside")
    cells: dict[str, str | int] = dict(getattr(shell.compile, "_filename_map", {}))
    cells[filename] = "current"
    spans = Spans(cells)
    session = Session(Cell(None, None, source), spans, max_ops=options.max_ops, every=options.every, numeric=options.numeric, namespace=shell.user_ns)
    session.fresh_functions = True
    own: Any = None
    result: Any = None
    with unseen(shell), own_randomness(session), bounded(seconds):
        for index, (definitions, then) in enumerate(before):
            name = _shown(ast.unparse(ast.Module(definitions, [])), f"{filename}-{index}")
            try:
                exec(compile(name[1], name[0], "exec"), shell.user_ns)
            except Exception as error:
                raise Unprepared(f"{type(error).__name__}: {error}") from error
            cells[name[0]] = -1 - index
            if then is not None:
                then()
        try:
            session.install()
            if options.target or not asks_itself(tree.body):
                from gradmagic.capture.own import OwnTape

                own = OwnTape(session, insist=bool(options.target))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            try:
                exec(compile(tree, filename, "exec"), shell.user_ns)
                if isinstance(last, ast.Expr):
                    result = eval(compile(ast.Expression(last.value), filename, "eval"), shell.user_ns)
            except Exception as error:
                session.note_exception(error)
            if own is not None:
                stand_in = SimpleNamespace(user_ns=shell.user_ns, user_global_ns=shell.user_ns)
                own.ask(options, stand_in, tuple(assigned_names(tree.body)), result, session.raised is None)
        finally:
            if own is not None and own.tape._recording:
                own.tape.__exit__(None, None, None)
            session.uninstall()
        recording = session.recording()
    linecache.cache.pop(filename, None)
    return recording


def patient(action: Callable[[], None]) -> None:
    """Run something that Ctrl-C must not cut in two."""
    with deaf_to_ctrl_c():
        action()
