"""The other calls beside one that takes a value out of TensorFlow: an edit that leaves them would not hold."""

from __future__ import annotations

import libcst as cst

from gradmagic.definitions import leads_to
from gradmagic.fixes.code import Code, last_name, names_in
from gradmagic.fixes.flow import reads_of, targets_of
from gradmagic.fixes.interpolation import is_table
from gradmagic.fixes.names import Names
from gradmagic.fixes.numpy_table import MATH, counterpart
from gradmagic.fixes.places_and_sizes import must_be_whole
from gradmagic.locate.paths import paths_of, values_behind
from gradmagic.recording import GradientRun, Recording

# What has no gradient in TensorFlow either.
FLAT = ("argsort", "argmax", "argmin", "sign", "round", "floor", "ceil", "heaviside")


def calls_beside(recording: Recording, code: Code, names: Names, region: cst.CSTNode, run: GradientRun | None) -> list[cst.Call]:
    """The calls of `math` and NumPy, of `float` and `int`, in a region that were handed tensors, whose result goes on to the target, and for which there is something with a gradient."""
    if run is None or run.span is None:
        return []
    handed = {s: (s.line, s.column, s.end_line, s.end_column) for e in recording.escapes if (s := e.span) is not None and s.cell == code.cell}
    places = {place: span for span, place in handed.items()}
    used = [run.span, *(op.span for t in run.targets for key in values_behind(recording, t.id) if (op := recording.producer.get(key)) is not None)]
    found = []
    for call in code.all(cst.Call, region):
        span = places.get((*code.start(call), *code.end(call)))
        module, _, name = names.module(call.func).partition(".")
        known = name in MATH if module == "math" else module in ("numpy", "scipy")
        known = known and last_name(call.func) not in FLAT and (counterpart(name, names.tf, names.ops, names.tf is None) is not None or is_table(call, name))
        known = known or (isinstance(call.func, cst.Name) and (call.func.value == "float" or (call.func.value == "int" and not must_be_whole(recording, code, [call]))))
        if span is not None and known and leads_to(recording, span, used):
            found.append(call)
    return found


def taken_by(recording: Recording, code: Code, call: cst.Call) -> list[int]:
    """The tensors that a call took out of TensorFlow."""
    place = (*code.start(call), *code.end(call))
    return [e.tensor for e in recording.escapes if (s := e.span) is not None and s.cell == code.cell and (s.line, s.column, s.end_line, s.end_column) == place]


def is_recorded(recording: Recording, run: GradientRun, code: Code, call: cst.Call) -> bool:
    """Whether the tape of a run recorded what made the tensors that a call took out: where it did not, they have no gradient inside of TensorFlow either."""
    paths = paths_of(recording, run)
    made = [op for key in taken_by(recording, code, call) if (op := paths.producer.get(key)) is not None]
    return not made or any(paths.records(op) for op in made)


def written_into(code: Code, region: cst.CSTNode, arrays: set[str]) -> bool:
    """Whether an array that is to become a tensor is written into by its items, which a tensor does not allow."""
    names = set(arrays)
    for loop in code.all(cst.For, region):
        names |= targets_of(loop.target) if names_in(loop.iter) & names else set()
    targets = [t.target for a in code.all(cst.Assign, region) for t in a.targets] + [a.target for a in code.all(cst.AugAssign, region)]
    return any(isinstance(t, cst.Subscript) and bool(names_in(t.value) & names) for t in targets)


def to_integers(dtype: cst.BaseExpression) -> bool:
    """Whether a dtype as it is written has no gradient: `int`, `np.int64`, `"uint8"`, `bool`."""
    name = str(dtype.evaluated_value) if isinstance(dtype, cst.SimpleString) else last_name(dtype)
    return name.startswith(("int", "uint", "bool"))


def has_several_uses(code: Code, call: cst.Call) -> bool:
    """Whether the number that left is read by several statements: in some of them it may be meant as a constant."""
    assign = code.enclosing(call, cst.Assign)
    name = assign.targets[0].target if assign is not None else None
    if assign is None or not isinstance(name, cst.Name):
        return False
    return len({code.statement(n) for n in reads_of(code, name.value, code.scope(call)) if code.start(n) > code.end(assign)}) > 1


def unwrapped(arg: cst.Arg, names: Names) -> cst.Arg:
    """`tf.convert_to_tensor(x)` as an argument is `x`."""
    value = arg.value
    if isinstance(value, cst.Call) and last_name(value.func) in ("convert_to_tensor", "asarray", "array") and len(value.args) == 1:
        return arg.with_changes(value=value.args[0].value)
    return arg
