"""How often two numbers have the same sign: counted softly, by a sigmoid of what is computed and the sign that it should have."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name
from gradmagic.fixes.flow import meant
from gradmagic.fixes.names import names_of
from gradmagic.locate.paths import paths_of
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix


def agreeing_softly(recording: Recording, place: Place, op: Op | None, run: GradientRun | None) -> tuple[Fix, ...]:
    """`cast(equal(sign(y), sign(p)), "float32")` → `sigmoid(sign(y) * p)`, where the gradient is wanted for what `p` comes from."""
    code = code_at(recording, place)
    if code is None or place is None or op is None or run is None or op.type not in ("Equal", "NotEqual") or len(op.inputs) != 2:
        return ()
    compared = next(((n, sides) for n in code.expressions_at(place) if (sides := _sides(n)) is not None), None)
    cast = code.enclosing(compared[0], cst.Call) if compared is not None else None
    if compared is None or cast is None or last_name(cast.func) not in ("cast", "astype") or not cast.args or cast.args[0].value is not compared[0]:
        return ()
    signs = [_sign_of(code, side) for side in compared[1]]
    mask = paths_of(recording, run).mask
    wanted = [bool(mask.get(key)) for key in op.inputs]
    sigmoid = names_of(recording).function("sigmoid", cast.func)
    if None in signs or wanted.count(True) != 1 or sigmoid is None:
        return ()
    computed, given = signs[wanted.index(True)], compared[1][wanted.index(False)]
    assert computed is not None
    minus = "-" if op.type == "NotEqual" else ""
    new = code.expression(f"{sigmoid}({minus}{atom(code.text(given))} * {atom(code.text(computed))})")
    return fix("count the same sign softly, by a sigmoid", "unsafe", (code, Change().replace(cast, new)))


def _sides(node: cst.CSTNode) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """The two sides of `tf.equal(a, b)`, `a == b` and their opposites."""
    if isinstance(node, cst.Comparison) and len(node.comparisons) == 1 and isinstance(node.comparisons[0].operator, (cst.Equal, cst.NotEqual)):
        return node.left, node.comparisons[0].comparator
    if isinstance(node, cst.Call) and last_name(node.func) in ("equal", "not_equal"):
        first, second = argument(node, 0, "x", "x1"), argument(node, 1, "y", "x2")
        return (first.value, second.value) if first is not None and second is not None else None
    return None


def _sign_of(code: Code, node: cst.BaseExpression) -> cst.BaseExpression | None:
    """What a sign is taken of, also behind a name."""
    value = meant(code, node)[0]
    return value.args[0].value if isinstance(value, cst.Call) and last_name(value.func) == "sign" and len(value.args) == 1 else None
