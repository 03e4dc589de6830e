"""The derivative of a forward function as code, for functions that are simple enough to be differentiated by hand."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.code import Code, argument, atom, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import Names

# f(x): f'(x), with {x} the argument and {f} the call itself.
UNARY = {
    "exp": "{f}",
    "log": "1.0 / {x}",
    "log1p": "1.0 / (1.0 + {x})",
    "expm1": "{exp}({x})",
    "sin": "{cos}({x})",
    "cos": "-{sin}({x})",
    "tanh": "(1.0 - {f} ** 2)",
    "sigmoid": "{f} * (1.0 - {f})",
    "sqrt": "0.5 / {f}",
    "square": "2.0 * {x}",
    "abs": "{sign}({x})",
    "softplus": "{sigmoid}({x})",
    "relu": "{cast}({x} > 0, {x}.dtype)",
    "sinh": "{cosh}({x})",
    "cosh": "{sinh}({x})",
    "reciprocal": "(-{f} ** 2)",
    "rsqrt": "(-0.5 * {f} ** 3)",
}
# Their gradient passes unchanged: roundings that a custom gradient is written for, and functions that only relabel.
THROUGH = ("round", "rint", "floor", "ceil", "identity", "convert_to_tensor", "quantize")
TWO_INPUTS = ("multiply", "add", "subtract", "divide", "matmul")
MOST_TERMS = 6


class NotSimple(Exception):
    """The function holds something that is not differentiated here."""


class Derivation:
    """Goes back from the result of a forward function to one of its parameters, writing what the chain rule asks for."""

    def __init__(self, code: Code, function: cst.FunctionDef, result: cst.BaseExpression, upstream: str, names: Names) -> None:
        self.code, self.function, self.result, self.upstream, self.names = code, function, result, upstream, names
        self.terms: list[str] = []
        self.wanted = ""

    def gradient(self, parameter: str) -> str | None:
        """The gradient for a parameter as code, before any sum over broadcast axes; None where the function is not simple."""
        self.terms, self.wanted = [], parameter
        try:
            self._back(self.result, self.upstream, 0)
        except NotSimple:
            return None
        return " + ".join(self.terms).replace("+ -", "- ") if self.terms else None

    def depends(self, parameter: str) -> bool:
        """Whether the result is computed with a parameter."""
        self.wanted = parameter
        return self._depends(self.result)

    def _depends(self, node: cst.BaseExpression, depth: int = 0) -> bool:
        if self.wanted in names_in(node):
            return True
        return depth < 5 and any(self._depends(a.value, depth + 1) for n in names_in(node) for a in self._made(n))

    def _made(self, name: str) -> list[cst.Assign]:
        return [a for a in assignments_of(self.code, name, self.function.body) if self.code.function(a) is self.function]

    def _back(self, node: cst.BaseExpression, up: str, depth: int) -> None:
        if not self._depends(node):
            return
        if depth > 12 or len(self.terms) >= MOST_TERMS:
            raise NotSimple
        if isinstance(node, cst.Name):
            if node.value == self.wanted:
                self.terms.append(up)
                return
            made = self._made(node.value)
            if len(made) != 1:
                raise NotSimple
            self._back(made[0].value, up, depth + 1)
        elif isinstance(node, cst.BinaryOperation):
            self._binary(node, up, depth)
        elif isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
            self._back(node.expression, f"-{atom(up)}", depth + 1)
        elif isinstance(node, cst.Call):
            self._call(node, up, depth)
        else:
            raise NotSimple

    def _binary(self, node: cst.BinaryOperation, up: str, depth: int) -> None:
        left, right = node.left, node.right
        a, b = (atom(self.code.text(n)) for n in (left, right))
        kind = node.operator
        if isinstance(kind, cst.Add):
            self._back(left, up, depth + 1)
            self._back(right, up, depth + 1)
        elif isinstance(kind, cst.Subtract):
            self._back(left, up, depth + 1)
            self._back(right, f"-{atom(up)}", depth + 1)
        elif isinstance(kind, cst.Multiply):
            self._back(left, f"{_factor(up)} * {b}", depth + 1)
            self._back(right, f"{_factor(up)} * {a}", depth + 1)
        elif isinstance(kind, cst.Divide):
            self._back(left, f"{_factor(up)} / {b}", depth + 1)
            self._back(right, f"-{_factor(up)} * {a} / {b} ** 2", depth + 1)
        elif isinstance(kind, cst.Power) and isinstance(right, (cst.Integer, cst.Float)):
            self._power(left, self.code.text(right), up, depth)
        elif isinstance(kind, cst.MatrixMultiply):
            self._matmul(left, right, up, depth, False, False)
        else:
            raise NotSimple

    def _power(self, base: cst.BaseExpression, exponent: str, up: str, depth: int) -> None:
        x = atom(self.code.text(base))
        number = float(exponent)
        rest = x if number == 2 else f"{x} ** {int(number - 1) if number.is_integer() else number - 1}"
        self._back(base, f"{exponent} * {rest} * {_factor(up)}", depth + 1)

    def _call(self, node: cst.Call, up: str, depth: int) -> None:
        name = last_name(node.func)
        first = argument(node, 0, "x", "features", "input_tensor", "a", "t", "value")
        if first is None:
            raise NotSimple
        x = first.value
        text = self.code.text(x)
        # What depends on the parameter in another place than the ones differentiated below has a derivative of its own.
        beside = [a for a in node.args if a is not first and self._depends(a.value)]
        if beside and name not in (*TWO_INPUTS, "clip_by_value", "clip"):
            raise NotSimple
        if name in THROUGH:
            self._back(x, up, depth + 1)
        elif name in UNARY:
            self._back(x, f"{_factor(up)} * {atom_factor(self._slope(name, node, atom(text)))}", depth + 1)
        elif name in ("pow", "power") and (second := argument(node, 1, "y", "x2")) is not None and isinstance(second.value, (cst.Integer, cst.Float)):
            self._power(x, self.code.text(second.value), up, depth)
        elif name in TWO_INPUTS[:4] and (second := argument(node, 1, "y", "x2")) is not None:
            operator = {"multiply": cst.Multiply(), "add": cst.Add(), "subtract": cst.Subtract(), "divide": cst.Divide()}[name]
            self._binary(cst.BinaryOperation(x, operator, second.value), up, depth)
        elif name == "matmul" and (second := argument(node, 1, "b", "x2")) is not None:
            flags = [argument(node, None, f"transpose_{k}") for k in "ab"]
            self._matmul(x, second.value, up, depth, *(f is not None and self.code.text(f.value) == "True" for f in flags))
        elif name in ("clip_by_value", "clip") and len(node.args) >= 3:
            low, high = (self.code.text(a.value) for a in node.args[1:3])
            cast = f"{self.names.tf}.cast" if self.names.tf else f"{self.names.ops}.cast"
            self._back(x, f"{_factor(up)} * {cast}(({atom(text)} >= {low}) & ({atom(text)} <= {high}), {self.upstream}.dtype)", depth + 1)
            self._back(node.args[1].value, f"{_factor(up)} * {cast}({atom(text)} < {low}, {self.upstream}.dtype)", depth + 1)
            self._back(node.args[2].value, f"{_factor(up)} * {cast}({atom(text)} > {high}, {self.upstream}.dtype)", depth + 1)
        elif name in ("reduce_sum", "sum") and len(node.args) == 1:
            self._back(x, f"{_factor(up)} * {self._like('ones_like')}({text})", depth + 1)
        elif name == "softmax" and len(node.args) == 1 and (total := self.names.function("reduce_sum")) is not None:
            p = self.code.text(node)
            self._back(x, f"{p} * ({up} - {total}({_factor(up)} * {p}, axis=-1, keepdims=True))", depth + 1)
        elif name in ("transpose", "matrix_transpose") and len(node.args) == 1:
            self._back(x, f"{self.code.text(node.func)}({up})", depth + 1)
        else:
            raise NotSimple

    def _matmul(self, a: cst.BaseExpression, b: cst.BaseExpression, up: str, depth: int, ta: bool, tb: bool) -> None:
        if self.names.tf is None or ta or tb:
            raise NotSimple
        mul = f"{self.names.tf}.matmul"
        if self._depends(a):
            self._back(a, f"{mul}({up}, {self.code.text(b)}, transpose_b=True)", depth + 1)
        if self._depends(b):
            self._back(b, f"{mul}({self.code.text(a)}, {up}, transpose_a=True)", depth + 1)

    def _slope(self, name: str, node: cst.Call, x: str) -> str:
        other = {k: self._like(k) for k in ("exp", "sin", "cos", "sinh", "cosh", "sign", "sigmoid", "cast")}
        return UNARY[name].format(x=x, f=self.code.text(node), **other)

    def _like(self, name: str) -> str:
        found = self.names.function(name) if name not in ("sinh", "cosh") else f"{self.names.tf}.{name}" if self.names.tf else f"{self.names.ops}.{name}"
        if found is None:
            raise NotSimple
        return found


def _factor(text: str) -> str:
    """A text as a factor of a product: sums in parentheses, products as they are."""
    node = cst.parse_expression(text)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Multiply, cst.Divide)):
        return text
    return text if isinstance(node, cst.UnaryOperation) else atom(text)


def atom_factor(text: str) -> str:
    """A text behind `*`: quotients and products need no parentheses on the right only when they are products."""
    node = cst.parse_expression(text)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        return text
    return atom(text)
