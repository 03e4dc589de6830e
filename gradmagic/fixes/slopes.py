"""The value and the derivative of a formula at a number, as far as it is made of known functions: where it is finite, and where not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import libcst as cst

from gradmagic.fixes.code import Code, cells, last_name, number_of
from gradmagic.fixes.flow import meant, stores_of
from gradmagic.recording import Recording

NAN = math.nan
DEEP = 30


class NotKnown(Exception):
    """The formula holds something that is not computed here."""


@dataclass(frozen=True)
class Slope:
    """A value, and its derivative for the one input that varies."""

    value: float
    slope: float = 0.0

    @property
    def finite(self) -> bool:
        return math.isfinite(self.value) and math.isfinite(self.slope)


# What a function gives, and its derivative there.
FUNCTIONS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "rsqrt": (lambda x: x**-0.5 if x > 0 else NAN, lambda x: -0.5 * x**-1.5),
    "reciprocal": (lambda x: 1.0 / x, lambda x: -1.0 / x**2),
    "log": (math.log, lambda x: 1.0 / x),
    "log1p": (math.log1p, lambda x: 1.0 / (1.0 + x)),
    "exp": (math.exp, math.exp),
    "expm1": (math.expm1, math.exp),
    "square": (lambda x: x * x, lambda x: 2.0 * x),
    "abs": (abs, lambda x: math.copysign(1.0, x) if x else 0.0),
    "negative": (lambda x: -x, lambda x: -1.0),
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tan": (math.tan, lambda x: 1.0 + math.tan(x) ** 2),
    "sinh": (math.sinh, math.cosh),
    "cosh": (math.cosh, math.sinh),
    "tanh": (math.tanh, lambda x: 1.0 - math.tanh(x) ** 2),
    "asin": (math.asin, lambda x: 1.0 / math.sqrt(1.0 - x * x)),
    "acos": (math.acos, lambda x: -1.0 / math.sqrt(1.0 - x * x)),
    "atan": (math.atan, lambda x: 1.0 / (1.0 + x * x)),
    "asinh": (math.asinh, lambda x: 1.0 / math.sqrt(1.0 + x * x)),
    "acosh": (math.acosh, lambda x: 1.0 / math.sqrt(x * x - 1.0)),
    "atanh": (math.atanh, lambda x: 1.0 / (1.0 - x * x)),
    "lgamma": (math.lgamma, lambda x: (math.lgamma(x + 1e-6) - math.lgamma(x - 1e-6)) / 2e-6),
}
SPELLED = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "neg": "negative", "absolute": "abs"}
OPERATORS: dict[type[cst.BaseBinaryOp], tuple[str, ...]] = {
    cst.Add: ("add",),
    cst.Subtract: ("subtract",),
    cst.Multiply: ("multiply",),
    cst.Divide: ("divide", "truediv", "true_divide"),
    cst.Power: ("pow", "power"),
}
SAME = ("identity", "cast", "constant", "convert_to_tensor", "float", "float32", "float64")
CONSTANTS = {"pi": math.pi, "e": math.e}


@dataclass
class Formula:
    """Computes formulas of a notebook with numbers in the place of the names that are not defined in it (`others`), and notes where finite numbers gave what is not finite."""

    recording: Recording
    others: float = 1.0
    steep: list[cst.BaseExpression] = field(default_factory=list)

    def at(self, code: Code, node: cst.BaseExpression, known: Mapping[str, Slope], depth: int = 0) -> Slope:
        """What an expression gives, where some names are known.

        Raises:
            NotKnown: it holds something else than numbers, names, arithmetic and functions that are known here.
        """
        if depth > DEEP:
            raise NotKnown
        if isinstance(node, (cst.Integer, cst.Float)):
            return Slope(number_of(node.value.replace("_", "")) or 0.0)
        if isinstance(node, cst.Name):
            if node.value in known:
                return known[node.value]
            value, line = meant(code, node)
            number = constant(self.recording, node.value) if line is None else None
            return self.at(code, value, known, depth + 1) if line is not None else Slope(self.others if number is None else number)
        if isinstance(node, cst.Attribute):
            return Slope(CONSTANTS.get(node.attr.value, self.others))
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, (cst.Minus, cst.Plus)):
            inner = self.at(code, node.expression, known, depth + 1)
            return inner if isinstance(node.operator, cst.Plus) else Slope(-inner.value, -inner.slope)
        if isinstance(node, cst.BinaryOperation) and type(node.operator) in OPERATORS:
            a, b = (self.at(code, side, known, depth + 1) for side in (node.left, node.right))
            return self._noted(node, (a, b), _combined(type(node.operator), a, b))
        if isinstance(node, cst.Call):
            return self._call(code, node, known, depth)
        raise NotKnown

    def _call(self, code: Code, node: cst.Call, known: Mapping[str, Slope], depth: int) -> Slope:
        name = SPELLED.get(last_name(node.func), last_name(node.func))
        own = [(c, f) for c in cells(self.recording) for f in c.all(cst.FunctionDef) if f.name.value == name] if isinstance(node.func, cst.Name) else []
        if name in SAME and not own and node.args:
            return self.at(code, node.args[0].value, known, depth + 1)
        if any(a.star or (a.keyword is not None and not own) for a in node.args):
            raise NotKnown
        given = [self.at(code, a.value, known, depth + 1) for a in node.args]
        if len(own) == 1:
            return self._own(*own[0], node, given, depth)
        if own:
            raise NotKnown
        kind = next((k for k, names in OPERATORS.items() if name in names), None)
        if kind is not None and len(given) == 2:
            return self._noted(node, tuple(given), _combined(kind, *given))
        if name not in FUNCTIONS or len(given) != 1:
            raise NotKnown
        function, derivative = FUNCTIONS[name]
        return self._noted(node, tuple(given), Slope(_number(function, given[0].value), given[0].slope * _number(derivative, given[0].value) if given[0].slope else 0.0))

    def _own(self, code: Code, function: cst.FunctionDef, node: cst.Call, given: list[Slope], depth: int) -> Slope:
        """A function of the user's that ends in its only `return`."""
        returns = code.all(cst.Return, function.body)
        names = [p.name.value for p in function.params.params]
        if len(returns) != 1 or returns[0].value is None or code.parent(code.statement(returns[0]) or returns[0]) is not function.body or len(given) > len(names):
            raise NotKnown
        bound = {a.keyword.value if a.keyword is not None else names[i]: g for i, (a, g) in enumerate(zip(node.args, given, strict=True))}
        left_out = {p.name.value: p.default for p in function.params.params if p.default is not None and p.name.value not in bound}
        return self.at(code, returns[0].value, bound | {n: self.at(code, d, {}, depth + 1) for n, d in left_out.items()}, depth + 1)

    def _noted(self, node: cst.BaseExpression, given: tuple[Slope, ...], result: Slope) -> Slope:
        if all(g.finite for g in given) and not result.finite and node not in self.steep:
            self.steep.append(node)
        return result


def constant(recording: Recording, name: str) -> float | None:
    """The number that a line of a cell gives a name, where it is the only one that gives it a value."""
    given = [(s, code) for code in cells(recording) for s in stores_of(code, name, code.module) if code.function(s) is None]
    line = given[0][0] if len(given) == 1 else None
    return number_of(line.value.value.replace("_", "")) if isinstance(line, cst.Assign) and isinstance(line.value, (cst.Integer, cst.Float)) else None


def _number(function: Callable[[float], float], x: float) -> float:
    try:
        return float(function(x)) if math.isfinite(x) else NAN
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):
        return NAN


def _combined(kind: type[cst.BaseBinaryOp], a: Slope, b: Slope) -> Slope:
    x, y = a.value, b.value
    try:
        if kind is cst.Add:
            return Slope(x + y, a.slope + b.slope)
        if kind is cst.Subtract:
            return Slope(x - y, a.slope - b.slope)
        if kind is cst.Multiply:
            return Slope(x * y, a.slope * y + b.slope * x)
        if kind is cst.Divide:
            return Slope(x / y, (a.slope * y - b.slope * x) / y**2)
        along = y * x ** (y - 1.0) * a.slope if a.slope else 0.0
        across = math.log(x) * x**y * b.slope if b.slope else 0.0
        power, slope = x**y, along + across
        return Slope(float(power), float(slope)) if isinstance(power, (int, float)) and isinstance(slope, (int, float)) else Slope(NAN, NAN)
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):
        return Slope(NAN, NAN)
