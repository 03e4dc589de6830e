"""With which power of some constants an expression grows, as far as its code says: 1 for a value that is proportional to them, 0 for one that does not hold them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.code import Code, cells, dotted, last_name, number_of
from gradmagic.fixes.flow import pairs_of, targets_of
from gradmagic.recording import Recording

# Of their first argument the result has the degree; what else they are given says only how.
LINEAR = frozenset(
    [
        "reduce_sum",
        "reduce_mean",
        "reduce_max",
        "reduce_min",
        "sum",
        "mean",
        "max",
        "min",
        "abs",
        "absolute",
        "reshape",
        "transpose",
        "cast",
        "expand_dims",
        "squeeze",
        "trace",
        "norm",
        "add_n",
        "convert_to_tensor",
        "constant",
        "float",
        "identity",
        "gather",
        "boolean_mask",
        "stack",
        "concat",
        "concatenate",
        "relu",
        "negative",
        "cumsum",
        "broadcast_to",
        "repeat",
        "tile",
        "stop_gradient",
    ]
)
PRODUCTS = frozenset(["multiply", "matmul", "matvec", "tensordot", "dot"])
ALIKE = frozenset(["add", "subtract", "maximum", "minimum"])
POWERS = {"square": 2.0, "sqrt": 0.5, "reciprocal": -1.0}
DEEP = 30


class Degrees:
    """The degrees of expressions in some constants, known by their names. None stands for an expression that has none: a sum of terms that grow in different ways, or a function that is not known."""

    def __init__(self, recording: Recording, constants: frozenset[str]) -> None:
        self._recording, self._constants = recording, constants
        self._known: dict[cst.CSTNode, float | None] = {}

    def of(self, code: Code, node: cst.BaseExpression, depth: int = 0) -> float | None:
        """The degree of an expression where it stands."""
        if node not in self._known and depth <= DEEP:
            # A name that is computed from itself comes back to this.
            self._known[node] = None
            self._known[node] = self._worked_out(code, node, depth)
        return self._known.get(node)

    def _worked_out(self, code: Code, node: cst.BaseExpression, depth: int) -> float | None:
        if isinstance(node, (cst.Name, cst.Attribute)) and dotted(node):
            return 1.0 if dotted(node) in self._constants else self._of_name(code, node, depth + 1)
        if isinstance(node, cst.Subscript):
            return self.of(code, node.value, depth + 1)
        if isinstance(node, cst.UnaryOperation):
            return self.of(code, node.expression, depth + 1)
        if isinstance(node, cst.BinaryOperation):
            return self._of_operation(code, node, depth + 1)
        if isinstance(node, cst.Call):
            return self._of_call(code, node, depth + 1)
        if isinstance(node, (cst.Tuple, cst.List)):
            return self._common(code, [e.value for e in node.elements], depth + 1)
        if isinstance(node, cst.IfExp):
            return self._common(code, [node.body, node.orelse], depth + 1)
        inner = [n for n in code.all(cst.BaseExpression, node) if isinstance(n, (cst.Name, cst.Attribute))]
        return 0.0 if all(self.of(code, n, depth + 1) == 0.0 for n in inner) else None

    def _common(self, code: Code, nodes: list[cst.BaseExpression], depth: int) -> float | None:
        """The degree that all of some values have; a 0 that is written has any."""
        degrees = {self.of(code, n, depth) for n in nodes if number_of(code.text(n)) != 0.0}
        return degrees.pop() if len(degrees) == 1 else None if degrees else 0.0

    def _of_operation(self, code: Code, node: cst.BinaryOperation, depth: int) -> float | None:
        if isinstance(node.operator, (cst.Add, cst.Subtract)):
            return self._common(code, [node.left, node.right], depth)
        left, right = self.of(code, node.left, depth), self.of(code, node.right, depth)
        if left is None or right is None:
            return None
        if isinstance(node.operator, (cst.Multiply, cst.MatrixMultiply)):
            return left + right
        if isinstance(node.operator, cst.Divide):
            return left - right
        power = number_of(code.bare(node.right)) if isinstance(node.operator, cst.Power) else None
        return left * power if power is not None else 0.0 if left == right == 0.0 else None

    def _of_call(self, code: Code, call: cst.Call, depth: int) -> float | None:
        name, values = last_name(call.func), [a.value for a in call.args if a.keyword is None]
        given = [self.of(code, a.value, depth) for a in call.args]
        if any(d is None for d in given):
            return None
        rest = any(d != 0.0 for d in given[1:])
        if name == "gradient" and isinstance(call.func, cst.Attribute) and len(given) >= 2:
            return (given[0] or 0.0) - (given[1] or 0.0)
        if name in PRODUCTS:
            return sum(d or 0.0 for d in given)
        if name in ALIKE:
            return self._common(code, values, depth)
        if not values and isinstance(call.func, cst.Attribute) and name in LINEAR:
            return self.of(code, call.func.value, depth)
        if values and not rest and name in LINEAR:
            return given[0]
        if values and not rest and name in POWERS:
            return (given[0] or 0.0) * POWERS[name]
        if any(d != 0.0 for d in given):
            return None
        returned = self._returned(name)
        return self._agreed([self.of(c, n, depth) for c, n in returned]) if returned else 0.0

    def _returned(self, name: str) -> list[tuple[Code, cst.BaseExpression]]:
        """What a function of the user's returns."""
        return [(c, r.value) for c in cells(self._recording) for f in c.all(cst.FunctionDef) if f.name.value == name for r in c.all(cst.Return, f.body) if r.value is not None and c.function(r) is f]

    def _of_name(self, code: Code, node: cst.BaseExpression, depth: int) -> float | None:
        """The degree of what a name or an attribute is given: in its function, else in the cells. A name that is given nothing is a parameter, or a module."""
        name, scope = dotted(node), code.scope(node)
        given = _given(code, name, scope) if isinstance(node, cst.Name) else []
        if not given and isinstance(scope, cst.FunctionDef) and any(p.name.value == name for p in scope.params.params):
            return 0.0
        given = given or [(c, v) for c in cells(self._recording) for v in (v for _, v in _given(c, name, c.module)) if isinstance(node, cst.Attribute) or c.function(v) is None]
        return self._agreed([self.of(c, v, depth) for c, v in given if number_of(c.text(v)) != 0.0])

    @staticmethod
    def _agreed(degrees: list[float | None]) -> float | None:
        found = set(degrees)
        return found.pop() if len(found) == 1 else None if found else 0.0


def _given(code: Code, name: str, within: cst.CSTNode) -> list[tuple[Code, cst.BaseExpression]]:
    """The values that a name is given, or that are added to it."""
    found = [(code, v) for a in code.all(cst.Assign, within) for t, v in pairs_of(a) if dotted(t) == name or name in targets_of(t)]
    return found + [(code, a.value) for a in code.all(cst.AugAssign, within) if dotted(a.target) == name]
