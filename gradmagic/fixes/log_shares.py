"""The logarithm of a share of exponentials, written as a difference of logarithms of sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from gradmagic.fixes.code import argument, atom, last_name

if TYPE_CHECKING:
    from gradmagic.fixes.formulas import Formulas

# What takes elements out of a tensor, by the names of the tensor among its arguments: the logarithm of what is taken is taken of the logarithm.
TAKING = {"diag_part": "input", "gather": "params", "gather_nd": "params", "boolean_mask": "tensor", "squeeze": "input", "reshape": "tensor", "expand_dims": "input"}
SUMMING = ("reduce_sum", "sum")


class LogShare:
    """`log(diag_part(e) / reduce_sum(e, 1))` with `e = exp(s)` as `diag_part(s) - reduce_logsumexp(s, 1)`: its text, and what the exponentials are of."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas, self.of = formulas, list[cst.BaseExpression]()

    def text(self, quotient: tuple[cst.BaseExpression, cst.BaseExpression]) -> str | None:
        """The logarithm of a quotient, None where one of its halves is not made of exponentials alone."""
        above, below = (self._log(half) for half in quotient)
        return f"{above} - {atom(below)}" if above is not None and below is not None and self.of else None

    def _log(self, node: cst.BaseExpression) -> str | None:
        formulas, code = self.formulas, self.formulas.code
        exponent = formulas.exponent(node)
        if exponent is not None:
            self.of.append(exponent)
            return code.bare(exponent)
        node = formulas.meaning(node)
        if isinstance(node, cst.Subscript):
            inner = self._log(node.value)
            return f"{atom(inner)}{code.text(node)[len(code.text(node.value)) :]}" if inner is not None else None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            return self._log_of_sum(node)
        if not isinstance(node, cst.Call) or not node.args or not formulas.is_known(node):
            return None
        name = last_name(node.func)
        given = argument(node, 0, TAKING.get(name, "input_tensor"))
        inner = self._log(given.value) if given is not None and (name in TAKING or name in SUMMING) else None
        if inner is None or given is not node.args[0]:
            return None
        rest = "".join(f", {code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT))}" for a in node.args[1:])
        if name in TAKING:
            return f"{code.text(node.func)}({inner}{rest})"
        total = formulas.function("reduce_logsumexp", node)
        return f"{total}({inner}{rest})"

    def _log_of_sum(self, node: cst.BinaryOperation) -> str | None:
        """The logarithm of `a + b`."""
        both = [self._log(side) for side in (node.left, node.right)]
        if None in both:
            return None
        return f"{self.formulas.function('logaddexp', node)}({both[0]}, {both[1]})"
