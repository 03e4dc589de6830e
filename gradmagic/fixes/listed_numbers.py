"""Lists of Python numbers that are made a tensor: the tensors that the numbers were, stacked."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from gradmagic.fixes.calls import Place, given_first
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name
from gradmagic.fixes.leavings import is_recorded, taken_by
from gradmagic.fixes.names import Names
from gradmagic.fixes.numbers_taken import keeps_dtype, leaves, leaving, tensor_of, whole_number
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

ARRAYS = ("array", "asarray", "stack")
LISTED = "_listed_"


def stacked_on_the_spot(recording: Recording, place: Place, run: GradientRun, names: Names) -> tuple[Fix, ...]:
    """`tf.constant([float(v) for v in values])` → `tf.stack([v for v in values])`, and the same of numbers that are listed one by one."""
    code = code_at(recording, place)
    call = leaving(code, place) if code is not None else None
    if code is None or call is None or names.tf is None or not is_recorded(recording, run, code, call):
        return ()
    number = whole_number(code, call)
    parent = code.parent(number)
    listed = parent if isinstance(parent, cst.ListComp) and parent.elt is number else code.parent(parent) if isinstance(parent, cst.Element) else None
    constant = made_constant(code, listed, names, ("constant", "convert_to_tensor", "stack")) if isinstance(listed, (cst.List, cst.ListComp)) else None
    if constant is None or not isinstance(listed, (cst.List, cst.ListComp)):
        return ()
    numbers = [n for e in ([listed.elt] if isinstance(listed, cst.ListComp) else [e.value for e in listed.elements]) if (n := _number_in(code, e)) is not None]
    change = Change()
    for each, out in numbers:
        change.replace(each, code.expression(tensor_of(recording, code, each, out, names.tf)))
    # The list stands inside of the call, so it is written once its own numbers are replaced.
    written = stacked_text(recording, code, constant[1], code, call, names.tf, LISTED)
    if written is None:
        return ()

    def stack(made: cst.CSTNode) -> cst.CSTNode:
        return code.expression(written.replace(LISTED, cst.Module([]).code_for_node(_innermost(made))))

    return fix("keep the tensors, and stack them", "safe", (code, change.replace(constant[1], stack)))


def _innermost(made: cst.CSTNode) -> cst.CSTNode:
    """The list in `tf.constant([…])` and `tf.constant(np.array([…]))`."""
    while isinstance(made, cst.Call):
        made = made.args[0].value
    return made


def _number_in(code: Code, element: cst.BaseExpression) -> tuple[cst.BaseExpression, cst.Call] | None:
    """An element that is taken out of TensorFlow as a whole, and the innermost call that does so."""
    calls = [c for c in code.all(cst.Call, element) if leaves(c) and whole_number(code, c) is element]
    return (element, max(calls, key=code.start)) if calls else None


def made_constant(code: Code, node: cst.BaseExpression, names: Names, makers: Collection[str] = ("constant",)) -> tuple[Code, cst.Call] | None:
    """`tf.constant(values)`, also of the array that NumPy makes of them on the spot."""
    call, making = given_first(code, node), {*makers}
    if call is not None and last_name(call.func) in ARRAYS and names.module(call.func).startswith("numpy."):
        call, making = given_first(code, call), {"constant", "convert_to_tensor"}
    return (code, call) if call is not None and last_name(call.func) in making and names.module(call.func).startswith("tensorflow.") else None


def stacked_text(recording: Recording, code: Code, constant: cst.Call, where: Code, call: cst.Call, tf: str, listed: str = "") -> str | None:
    """`tf.constant(values, dtype)` as a stack, of another dtype where the numbers were of one. `listed` is what the values are written as now, where they stand on the spot."""
    values, dtype, usual = constant.args[0].value, argument(constant, 1, "dtype"), "float32"
    if len(constant.args) > (2 if dtype is not None else 1):
        return None
    if isinstance(values, cst.Call) and last_name(values.func) in ARRAYS:
        # An array of Python numbers is of this dtype, a constant of them of that one.
        usual, inner = "float64", argument(values, 1, "dtype")
        if len(values.args) > (2 if inner is not None else 1):
            return None
        dtype, values = dtype or inner, values.args[0].value
    stack = f"{tf}.stack({listed or code.text(values)})"
    known = {t.dtype for e in taken_by(recording, where, call) if (t := recording.tensors.get(e)) is not None}
    if len(known) == 1 and keeps_dtype(where, whole_number(where, call)):
        (usual,) = known
    if dtype is None:
        return stack if known == {usual} else f"{tf}.cast({stack}, {tf}.{usual})"
    text = code.text(dtype.value)
    return stack if {text.strip("'\"").rpartition(".")[2]} == known else f"{tf}.cast({stack}, {text})"
