"""A Cholesky decomposition of a matrix that is positive definite but for rounding: a small multiple of the identity more makes it so."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, atom, code_at, dotted, fix, last_name
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import GradientRun, Numbers, Op, Recording
from gradmagic.report import Fix

# Of the largest eigenvalue: what rounding leaves below 0, and what lifts it above, with room for the steps that follow.
ROUNDING = {"float32": 1e-4, "float64": 1e-10}
LIFT = {"float32": 1e-6, "float64": 1e-12}


def decomposed(recording: Recording, op: Op | None) -> Numbers | None:
    """The matrix that a Cholesky decomposition failed for, where its eigenvalues are known."""
    given = recording.tensors.get(op.inputs[0]) if op is not None and op.type == "Cholesky" else None
    return given.numbers if given is not None and given.numbers is not None and given.numbers.eigenvalues is not None else None


def is_nearly_definite(recording: Recording, op: Op | None) -> bool:
    """Whether no more than rounding keeps the matrix of a decomposition from being positive definite."""
    matrix, given = decomposed(recording, op), recording.tensors.get(op.inputs[0]) if op is not None and op.inputs else None
    if matrix is None or matrix.eigenvalues is None or given is None:
        return False
    least, most = matrix.eigenvalues
    return given.dtype in ROUNDING and most > 0.0 and least >= -ROUNDING[given.dtype] * most


def lifted_diagonal(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`cholesky(K)` → `cholesky(K + 1e-5 * tf.eye(tf.shape(K)[-1]))`."""
    code, names, matrix = code_at(recording, place), names_of(recording), decomposed(recording, op)
    call = code.call_at(place, ("cholesky", "logdet")) if code is not None and place is not None else None
    given = argument(call, 0, "input", "matrix", "x") if call is not None else None
    eye = names.function("eye", call.func) if call is not None else None
    if code is None or call is None or op is None or matrix is None or matrix.eigenvalues is None or given is None or eye is None or not is_nearly_definite(recording, op):
        return ()
    dtype = recording.tensors[op.inputs[0]].dtype
    least, most = matrix.eigenvalues
    power = math.ceil(math.log10(max(LIFT[dtype] * most, -10.0 * least)))
    shown = f"1e{power}"
    change, text = Change(), code.text(given.value)
    if not isinstance(given.value, (cst.Name, cst.Attribute)):
        statement, name = code.statement(call), new_name(code, "covariance", code.scope(call))
        if not isinstance(statement, cst.SimpleStatementLine):
            return ()
        change.insert_before(statement, code.line(f"{name} = {text}"))
        text = name
    size = f"{text}.shape[-1]" if names.is_keras_ops(call.func) else f"{names.tf}.shape({text})[-1]"
    kind = f", dtype={text}.dtype" if dtype != "float32" else ""
    change.replace(given.value, code.expression(f"{atom(text)} + {shown} * {eye}({size}{kind})"))
    return fix(f"add {shown} to the diagonal", "unsafe", (code, change))


def positive_noise(recording: Recording, run: GradientRun | None, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`K + noise * tf.eye(n)` with a noise that is below 0 → `tf.math.softplus(noise) * tf.eye(n)`."""
    code, names = code_at(recording, place), names_of(recording)
    softplus = names.function("softplus")
    call = code.call_at(place, ("cholesky", "logdet")) if code is not None and place is not None else None
    if code is None or call is None or op is None or run is None or op.type != "Cholesky" or softplus is None:
        return ()
    below = {s.name.rpartition(".")[2] for s in run.sources if s.value is not None and s.value.size == 1 and s.value.max is not None and s.value.max < 0.0}
    found = []
    for product in code.all(cst.BinaryOperation, code.scope(call)):
        sides = ((product.left, product.right), (product.right, product.left))
        found += [
            factor for factor, eye in sides if isinstance(product.operator, cst.Multiply) and isinstance(eye, cst.Call) and last_name(eye.func) == "eye" and dotted(factor).rpartition(".")[2] in below
        ]
    if len(found) != 1:
        return ()
    return fix(f"take the softplus of `{code.text(found[0])}`, which is above 0", "unsafe", (code, Change().replace(found[0], code.expression(f"{softplus}({code.text(found[0])})"))))
