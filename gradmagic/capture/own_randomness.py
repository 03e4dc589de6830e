"""Randomness of its own for what runs aside: random ops, traced functions and datasets that count anew."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.data.ops import iterator_ops
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function import polymorphic_function
from tensorflow.python.ops import gen_random_ops

from gradmagic.capture.patches import Patches
from gradmagic.capture.session import Session

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
SEED = 20_240_229


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
        if session.busy or getattr(self, "_gradmagic_own", False) or (id(self) in session.as_traced and id(self) not in functions):
            return call(self, *args, **kwargs)
        if id(self) not in functions:
            own = self._clone(None)
            own._gradmagic_own = True
            functions[id(self)] = (self, own)
            session.stand_ins[id(self)] = own
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
            session.dataset_copies[variant._id] = dataset._variant_tensor._id
            return tf.data.experimental.from_variant(variant, dataset.element_spec)
    except Exception:
        return dataset


def _ignore() -> Any:
    from tensorflow.python.data.ops import options

    return options.ExternalStatePolicy.IGNORE
