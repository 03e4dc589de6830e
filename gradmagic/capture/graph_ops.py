"""The graphs of a function, and kinds of graph ops: what calls another graph, and what a second run would repeat."""

from __future__ import annotations

from typing import Any

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
CONDITIONALS = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
LOOPS = frozenset({"While", "StatelessWhile"})
SILENT = frozenset({"NoOp", "Assert", "PrintV2", "Print", "WriteSummary", "WriteScalarSummary", "WriteHistogramSummary", "FlushSummaryWriter", "CheckNumerics", "ControlTrigger"})
RANDOM = ("Random", "Multinomial", "TruncatedNormal", "ParameterizedTruncatedNormal", "Dropout")
# What they give follows from the shapes of their inputs, not from the values.
SHAPES = frozenset({"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "VariableShape", "BroadcastGradientArgs"})
# Stateful only in that they keep the order; a second run gives the same.
REPEATABLE = frozenset(
    {"ReadVariableOp", "ResourceGather", "ResourceGatherNd", "AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "VarIsInitializedOp", "VariableShape", "ResourceScatterUpdate"}
    | {"ResourceScatterAdd", "ResourceScatterSub", "ResourceStridedSliceAssign", "StatefulPartitionedCall", "PartitionedCall", "If", "While", "Case", "ResourceApplyGradientDescent"}
) | SILENT  # fmt: skip
# What they are given cannot be kept, what they give can.
OF_AN_ITERATOR = frozenset({"OptionalGetValue", "OptionalHasValue"})


def graphs_of(function: Any) -> list[Any]:
    """The graphs of a `tf.function`. TensorFlow's own list of them begins with a trace where the function has a fixed signature, as a method without arguments has."""
    return [concrete.graph for concrete in function._function_cache.values()]


def is_dataset(op: Any) -> bool:
    """Whether a graph op is a dataset or goes through one."""
    return "Dataset" in op.type


def functions_of(op: Any) -> list[Any]:
    """The functions that a graph op runs, by name, as its attributes hold them."""
    given = op.node_def.attr
    named = [given[a.name] for a in op.op_def.attr if a.type in ("func", "list(func)") and a.name in given]
    return [f for value in named for f in ([value.func] if value.HasField("func") else value.list.func)]


def is_repeatable(op: Any) -> bool:
    """Whether running a graph op again on the same inputs and the same variables gives the same result."""
    if op.type in OF_AN_ITERATOR:
        return False
    return op.type in REPEATABLE or op.type == "Placeholder" or op.type.startswith("Stateless") or not op.op_def.is_stateful
