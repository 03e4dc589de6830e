"""A table that NumPy interpolates in, as one expression with a gradient."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.code import Code, argument, dotted, names_in
from gradmagic.fixes.names import Names

PARTS = (("x",), ("xp",), ("fp",))


def is_table(call: cst.Call, name: str) -> bool:
    """Whether a call of NumPy is `interp(x, xp, fp)` with the ends that it has by itself, and the table stands under names."""
    parts = [argument(call, i, *keywords) for i, keywords in enumerate(PARTS)]
    return name == "interp" and len(call.args) == 3 and None not in parts and all(p is not None and dotted(p.value) for p in parts[1:])


def sum_of_steps(code: Code, names: Names, call: cst.Call, arrays: set[str]) -> tuple[str, str] | None:
    """`np.interp(x, xp, fp)`: the first value, and of each piece the part that lies below `x`. With the function that sums them up; None where the table is no constant."""
    x, xs, ys = (argument(call, i, *keywords) for i, keywords in enumerate(PARTS))
    if x is None or xs is None or ys is None or arrays & (names_in(xs.value) | names_in(ys.value)):
        return None
    like = None if names.tf else call.func
    total, clip, expand = (names.function(n, like) for n in ("reduce_sum", "clip", "expand_dims"))
    along, values = code.text(xs.value), code.text(ys.value)
    if total is None or names.numpy is None:
        return None
    widths = f"{names.numpy}.diff({along})"
    inside = f"{clip}({expand}({code.text(x.value)}, -1) - {along}[:-1], 0.0, {widths})"
    return f"({values}[0] + {total}({names.numpy}.diff({values}) / {widths} * {inside}, axis=-1))", total
