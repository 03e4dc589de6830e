"""Formulas that leave the range of the dtype on the way, although their value lies in it: the same function in the form that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import libcst as cst

from gradmagic.fixes.calls import Place, rest_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, code_at, fix, last_name, names_in, same
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.log_shares import LogShare
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

OPERATORS: dict[type[cst.BaseBinaryOp], tuple[str, ...]] = {
    cst.Add: ("add",),
    cst.Subtract: ("subtract",),
    cst.Divide: ("divide", "truediv", "divide_no_nan"),
    cst.Multiply: ("multiply",),
}
LIBRARIES = ("tensorflow", "keras", "tf_keras")
OTHERS = ("numpy", "math", "scipy", "self", "cls")
LOG_2 = "0.6931471805599453"


@dataclass(frozen=True)
class Stable:
    """What takes the place of a formula, what it is a function of, and what it is called."""

    text: str
    of: tuple[cst.BaseExpression, ...]
    name: str


def in_stable_form(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`1 / (1 + exp(-x))` → `sigmoid(x)`, `log(cosh(x))`, `sinh(x) / cosh(x)`, `log(1 - sigmoid(x))` and their like, also where a part has a name of its own."""
    code, names = code_at(recording, place), names_of(recording)
    at = code.expressions_at(place) if code is not None and place is not None else []
    guilty = next((n for n in at if isinstance(n, (cst.Call, cst.BinaryOperation))), None)
    if code is None or guilty is None:
        return ()
    formulas = Formulas(code, names, code.scope(guilty))
    found: dict[cst.BaseExpression, Stable] = {}
    first: Stable | None = None
    # The largest one stands for all that lies inside it.
    for node in code.all(cst.BaseExpression, formulas.scope):
        if isinstance(node, (cst.Call, cst.BinaryOperation)) and code.scope(node) is formulas.scope and not any(p in found for p in code.around(node)):
            stable = formulas.stable(node)
            if stable is not None:
                found[node] = stable
                if first is None and formulas.holds(node, guilty) and not any(formulas.holds(part, guilty) for part in stable.of):
                    first = stable
    if first is None:
        return ()
    change = Change()
    for node, stable in found.items():
        # Its neighbours of the same argument, such as the two logarithms of a cross-entropy, go along.
        if stable is first or {code.text(p) for p in stable.of} & {code.text(p) for p in first.of}:
            change.replace(node, code.expression(stable.text))
    return fix(f"{first.name}, which is the same and stays in the range of the dtype", "safe", (code, change))


class Formulas:
    """The formulas of one function, written with the names that the cells have."""

    def __init__(self, code: Code, names: Names, scope: cst.CSTNode) -> None:
        self.code, self.names, self.scope = code, names, scope

    def stable(self, node: cst.BaseExpression) -> Stable | None:
        """The stable form of an expression, if it is one of the known formulas."""
        tests: tuple[Callable[[cst.BaseExpression], Stable | None], ...] = (self._logarithm, self._tanh, self._sigmoid, self._ratio)
        return next((found for test in tests if (found := test(node)) is not None), None)

    def meaning(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """What a name stands for, where it is given one value only and nothing that this is made of changes behind it."""
        if not isinstance(node, cst.Name):
            return node
        made = assignments_of(self.code, node.value, self.scope)
        if len(made) != 1 or self.code.start(made[0]) > self.code.start(node) or not isinstance(made[0].targets[0].target, cst.Name) or self.code.scope(made[0]) is not self.code.scope(node):
            return node
        later = [a for n in names_in(made[0].value) for a in assignments_of(self.code, n, self.scope) if self.code.start(a) >= self.code.start(made[0])]
        return node if later or not isinstance(made[0].value, (cst.Call, cst.BinaryOperation, cst.UnaryOperation)) else made[0].value

    def holds(self, node: cst.CSTNode, inner: cst.CSTNode, depth: int = 0) -> bool:
        """Whether an expression is made of another one, directly or through names."""
        if self.code.start(node) <= self.code.start(inner) and self.code.end(inner) <= self.code.end(node):
            return True
        meant = [self.meaning(n) for n in self.code.all(cst.Name, node)] if depth < 4 else []
        return any(self.holds(m, inner, depth + 1) for m in meant if not isinstance(m, cst.Name))

    def _call(self, node: cst.BaseExpression, *functions: str) -> cst.BaseExpression | None:
        """The argument of a call of one of these functions of TensorFlow or Keras, where it has one only."""
        call = self.meaning(node)
        if not isinstance(call, cst.Call) or last_name(call.func) not in functions or len(call.args) != 1 or call.args[0].star:
            return None
        return call.args[0].value if self.is_known(call) else None

    def is_known(self, call: cst.Call) -> bool:
        """Whether a call is one of TensorFlow's or Keras': a function of the user's own may be called `sigmoid` and be another one."""
        root = self.names.module(call.func).partition(".")[0]
        return root in LIBRARIES or (isinstance(call.func, cst.Attribute) and root not in OTHERS)

    def exponent(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """`x` of `exp(x)`."""
        return self._call(node, "exp")

    def _two(self, node: cst.BaseExpression, kind: type[cst.BaseBinaryOp]) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
        """The operands of `a / b`, and of `tf.divide(a, b)`."""
        node = self.meaning(node)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, kind):
            return node.left, node.right
        if isinstance(node, cst.Call) and last_name(node.func) in OPERATORS[kind] and len(node.args) == 2 and not any(a.star or a.keyword for a in node.args):
            return node.args[0].value, node.args[1].value
        return None

    def _minus(self, node: cst.BaseExpression) -> str:
        """The code of `-x`; of `-x` it is that of `x`."""
        node = self.meaning(node) if isinstance(self.meaning(node), cst.UnaryOperation) else node
        if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
            return self.code.bare(node.expression)
        inner = self._call(node, "negative", "neg")
        if inner is not None:
            return self.code.bare(inner)
        # Of a product or quotient the first factor has the sign.
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Multiply, cst.Divide)) and isinstance(node.left, cst.UnaryOperation) and isinstance(node.left.operator, cst.Minus):
            return self.code.bare(node.with_changes(left=node.left.expression))
        return f"-{atom(self.code.bare(node))}"

    def _opposite(self, a: cst.BaseExpression, b: cst.BaseExpression) -> bool:
        return same(cst.parse_expression(self._minus(a)), cst.parse_expression(self.code.bare(b))) or same(cst.parse_expression(self._minus(b)), cst.parse_expression(self.code.bare(a)))

    def function(self, name: str, node: cst.BaseExpression) -> str:
        """How to call a function here: beside `keras.ops` as that has it."""
        inside = [c.func for c in self.code.all(cst.Call, node)] + [c.func for n in self.code.all(cst.Name, node) if isinstance(m := self.meaning(n), cst.Call) for c in [m]]
        like = next((f for f in inside if self.names.is_keras_ops(f)), None)
        return self.names.function(name, like) or name

    def _logarithm(self, node: cst.BaseExpression) -> Stable | None:
        if not isinstance(node, cst.Call):
            return None
        inner = self._call(node, "log")
        whole = self._call(node, "log1p")
        if whole is not None and (x := self.exponent(whole)) is not None:
            return self._softplus(node, x)
        if inner is None:
            return None
        halves = self._two(inner, cst.Divide)
        if halves is not None and (text := (share := LogShare(self)).text(halves)) is not None:
            return Stable(text, tuple(share.of), "take the logarithms of both sides of the quotient in their own way")
        if (x := self._call(inner, "cosh")) is not None:
            return self._log_cosh(node, x)
        if (x := self._call(inner, "exp")) is not None:
            return Stable(self.code.bare(x), (x,), "leave the exponential and its logarithm out")
        if (x := self._call(inner, "sigmoid")) is not None:
            return Stable(f"{self.function('log_sigmoid', node)}({self.code.bare(x)})", (x,), "take the logarithm of the sigmoid in one step")
        if (x := self._call(inner, "expm1")) is not None:
            return self._log_expm1(node, x)
        summed = self.meaning(inner)
        if isinstance(summed, cst.Call) and last_name(summed.func) in ("reduce_sum", "sum") and summed.args and (x := self.exponent(summed.args[0].value)) is not None:
            return Stable(f"{self.function('reduce_logsumexp', node)}({self.code.bare(x)}{rest_of(self.code, summed, 1)})", (x,), "sum in the logarithm's own way")
        if isinstance(summed, cst.Call) and last_name(summed.func) in ("reduce_mean", "mean") and len(summed.args) == 1 and (x := self.exponent(summed.args[0].value)) is not None:
            return self._log_mean_exp(node, x)
        if halves is not None and _number(halves[1]) == 2.0 and (x := self._cosh_sum(halves[0])) is not None:
            return self._log_cosh(node, x)
        parts, rest = self._two(inner, cst.Add), self._two(inner, cst.Subtract)
        if parts is not None:
            for one, other in (parts, parts[::-1]):
                if _number(one) == 1.0 and (x := self.exponent(other)) is not None:
                    return self._softplus(node, x)
            a, b = self.exponent(parts[0]), self.exponent(parts[1])
            if a is not None and b is not None:
                text = self.code.bare(a)
                return Stable(f"{text} + {self.function('softplus', node)}({self.code.bare(b)} - {atom(text)})", (a, b), "add in the logarithm's own way")
        if rest is not None and _number(rest[1]) == 1.0 and (x := self.exponent(rest[0])) is not None:
            return self._log_expm1(node, x)
        if rest is not None and _number(rest[0]) == 1.0:
            if (x := self._call(rest[1], "sigmoid")) is not None:
                return Stable(f"-{self.function('softplus', node)}({self.code.bare(x)})", (x,), "take the logarithm of the complement in one step")
            if (x := self._squared_tanh(rest[1])) is not None:
                log_cosh = self._log_cosh(node, x).text
                return Stable(f"-2.0 * ({log_cosh})", (x,), "take the logarithm of `1 - tanh(x)²` in one step")
        # The sigmoid itself, written out.
        sigmoid = self._sigmoid_of(inner)
        if sigmoid is not None and sigmoid[0] is None:
            return Stable(f"{self.function('log_sigmoid', node)}({sigmoid[1]})", sigmoid[2], "take the logarithm of the sigmoid in one step")
        return None

    def _softplus(self, node: cst.BaseExpression, x: cst.BaseExpression) -> Stable:
        return Stable(f"{self.function('softplus', node)}({self.code.bare(x)})", (x,), "use `softplus`")

    def _log_expm1(self, node: cst.BaseExpression, x: cst.BaseExpression) -> Stable:
        text = f"{self.code.bare(x)} + {self.function('log', node)}(-{self.function('expm1', node)}({self._minus(x)}))"
        return Stable(text, (x,), "take the large part out of the logarithm")

    def _log_cosh(self, node: cst.BaseExpression, x: cst.BaseExpression) -> Stable:
        text, log_2 = atom(self.code.bare(x)), f"{self.names.numpy}.log(2.0)" if self.names.numpy else LOG_2
        return Stable(f"{text} + {self.function('softplus', node)}(-2.0 * {text}) - {log_2}", (x,), "take the logarithm of `cosh` in one step")

    def _log_mean_exp(self, node: cst.BaseExpression, x: cst.BaseExpression) -> Stable | None:
        """The mean over all elements, which are counted; of a name only, whose dtype can be asked for."""
        tf = self.names.tf
        if tf is None or not isinstance(x, cst.Name) or self.function("reduce_logsumexp", node) != f"{tf}.reduce_logsumexp":
            return None
        return Stable(f"{tf}.reduce_logsumexp({x.value}) - {tf}.math.log({tf}.cast({tf}.size({x.value}), {x.value}.dtype))", (x,), "take the mean in the logarithm's own way")

    def _cosh_sum(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """`x` of `exp(x) + exp(-x)`."""
        parts = self._two(node, cst.Add)
        a, b = (self.exponent(p) for p in parts) if parts is not None else (None, None)
        return a if a is not None and b is not None and self._opposite(a, b) else None

    def _squared_tanh(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """`x` of `tanh(x) ** 2` and of `square(tanh(x))`."""
        inner = self._call(node, "square")
        node = self.meaning(node)
        if inner is None and isinstance(node, cst.BinaryOperation):
            power = isinstance(node.operator, cst.Power) and _number(node.right) == 2.0
            twice = isinstance(node.operator, cst.Multiply) and same(node.left, node.right)
            inner = node.left if power or twice else None
        return self._call(inner, "tanh") if inner is not None else None

    def _tanh(self, node: cst.BaseExpression) -> Stable | None:
        quotient = self._two(node, cst.Divide) if not isinstance(node, cst.Name) else None
        if quotient is None:
            return None
        above, below = quotient
        a, b = self._call(above, "sinh"), self._call(below, "cosh")
        if a is not None and b is not None and same(a, b):
            return self._as_tanh(node, self.code.bare(a), a)
        difference, total = self._two(above, cst.Subtract), self._two(below, cst.Add)
        if difference is None or total is None:
            return None
        first, second = (self.exponent(p) for p in difference)
        plus, other = (self.exponent(p) for p in total)
        # (exp(x) - exp(-x)) / (exp(x) + exp(-x)), whatever the order of the sum.
        if first is not None and second is not None and plus is not None and other is not None and self._opposite(first, second):
            return self._as_tanh(node, self.code.bare(first), first) if {self.code.bare(plus), self.code.bare(other)} == {self.code.bare(first), self.code.bare(second)} else None
        one = plus if _number(total[1]) == 1.0 else other if _number(total[0]) == 1.0 else None
        # (exp(2x) - 1) / (exp(2x) + 1) and (1 - exp(-2x)) / (1 + exp(-2x)).
        for exponent, unit in ((first, difference[1]), (second, difference[0])):
            if exponent is not None and one is not None and _number(unit) == 1.0 and same(exponent, one):
                return self._as_tanh(node, self._half(exponent if exponent is first else cst.parse_expression(self._minus(exponent))), exponent)
        return None

    def _half(self, node: cst.BaseExpression) -> str:
        blank = cst.Module([])
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply) and _number(node.left) == 2.0:
            return blank.code_for_node(node.right.with_changes(lpar=[], rpar=[]))
        return f"0.5 * {atom(blank.code_for_node(node.with_changes(lpar=[], rpar=[])))}"

    def _as_tanh(self, node: cst.BaseExpression, text: str, x: cst.BaseExpression) -> Stable:
        return Stable(f"{self.function('tanh', node)}({text})", (x,), "use `tanh`")

    def _sigmoid_of(self, node: cst.BaseExpression) -> tuple[cst.BaseExpression | None, str, tuple[cst.BaseExpression, ...]] | None:
        """The factor before a sigmoid (None for 1), the code of its argument, and the parts of that."""
        quotient = self._two(node, cst.Divide)
        above, below = quotient if quotient is not None else (None, self._call(node, "reciprocal"))
        total = self._two(below, cst.Add) if below is not None else None
        if total is None:
            return None
        a, b = self.exponent(total[0]), self.exponent(total[1])
        top = self.exponent(above) if above is not None else None
        if a is not None and b is not None:
            if top is None or not (same(top, a) or same(top, b)):
                return None
            x, y = (a, b) if same(top, a) else (b, a)
            return None, f"{self.code.bare(x)} - {atom(self.code.bare(y))}", (x, y)
        exponent = a if _number(total[1]) == 1.0 else b if _number(total[0]) == 1.0 else None
        if exponent is None:
            return None
        if top is not None and same(top, exponent):
            return None, self.code.bare(exponent), (exponent,)
        if above is not None and any(self.exponent(c) is not None for c in self.code.all(cst.Call, above)):
            return None
        return (None if above is None or _number(above) == 1.0 else above), self._minus(exponent), (exponent,)

    def _sigmoid(self, node: cst.BaseExpression) -> Stable | None:
        found = self._sigmoid_of(node) if not isinstance(node, cst.Name) else None
        if found is None:
            return None
        factor, text, parts = found
        sigmoid = f"{self.function('sigmoid', node)}({text})"
        return Stable(sigmoid if factor is None else f"{atom(self.code.bare(factor))} * {sigmoid}", parts, "use `sigmoid`")

    def _ratio(self, node: cst.BaseExpression) -> Stable | None:
        """`exp(a) / exp(b)` → `exp(a - b)`."""
        quotient = self._two(node, cst.Divide)
        above, below = (self.exponent(p) for p in quotient) if quotient is not None else (None, None)
        if above is None or below is None:
            return None
        return Stable(f"{self.function('exp', node)}({self.code.bare(above)} - {atom(self.code.bare(below))})", (above, below), "subtract in the exponent")


def _number(node: cst.BaseExpression) -> float | None:
    return float(node.value.replace("_", "")) if isinstance(node, (cst.Float, cst.Integer)) and not node.value.startswith("0x") else None
