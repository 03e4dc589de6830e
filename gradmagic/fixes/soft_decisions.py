"""What is counted of decisions (an index of the largest score, a rounded probability) counted of the probabilities that they are made of.

With `and` as a product, `or` as the probabilistic sum and `not` as the complement (the product t-norm of fuzzy logic: Hájek 1998, Metamathematics of Fuzzy Logic).
"""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, number_of
from gradmagic.fixes.flow import reads_of
from gradmagic.fixes.names import Names, names_of, new_name
from gradmagic.fixes.right_answers import counts_up
from gradmagic.locate.makers import maker_behind
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

CASTS = ("cast", "to_float", "to_int32", "to_int64", "astype")
PASSING = ("Identity", "Cast", "Reshape", "Squeeze", "ClipByValue", "Maximum", "Minimum")
BOTH, EITHER, NOT = ("logical_and", "multiply"), ("logical_or",), ("logical_not",)


@dataclasses.dataclass
class Decision:
    """A name for decisions: by classes (`shares[..., c]` is the probability of class `c`), or by two sides, where `shares` is that of the upper one."""

    assign: cst.Assign
    shares: str
    classes: bool


def softly_decided(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`cast((y == 1) & (argmax(p, -1) == 1), float32)` → `cast(y == 1, float32) * p[..., 1]`, for all that a function computes of the decision."""
    code, names = code_at(recording, place), names_of(recording)
    node = next(iter(code.expressions_at(place)), None) if code is not None and place is not None else None
    if code is None or node is None or names.tf is None:
        return ()
    scope = code.scope(node)
    for assign in code.all(cst.Assign, scope):
        target = assign.targets[0].target
        if len(assign.targets) == 1 and isinstance(target, cst.Name) and code.scope(assign) is scope and (decided := _decided(recording, code, assign, names, op)) is not None:
            change = _Softened(code, names, scope, target.value, decided).change()
            if change is not None:
                return fix("count the probabilities in the place of the decisions that are made of them", "unsafe", (code, change))
    return ()


def _decided(recording: Recording, code: Code, assign: cst.Assign, names: Names, op: Op | None) -> Decision | None:
    """The decision that a line makes: `argmax(p, -1)`, `round(p)`, `cast(p > 0.5, …)`."""
    value = _uncast(assign.value)
    if isinstance(value, cst.Call) and last_name(value.func) == "argmax":
        scores, axis = text_of(code, value, 0, "input", "x", "a"), text_of(code, value, 1, "axis")
        made = op if op is not None and op.type == "ArgMax" else next((o for o in recording.ops if o.type == "ArgMax" and o.span is not None and o.span.line == code.start(assign)[0]), None)
        entering = recording.tensors.get(made.inputs[0]) if made is not None else None
        last = len(entering.shape) - 1 if entering is not None and entering.shape is not None else -1
        if scores is None or made is None or axis not in ("-1", str(last)):
            return None
        maker = maker_behind(recording, recording.producer.get(made.inputs[0]), PASSING)
        return Decision(assign, scores if maker is not None and maker.type in ("Softmax", "Sigmoid") else f"{names.tf}.nn.softmax({scores}, axis=-1)", True)
    if isinstance(value, cst.Call) and last_name(value.func) in ("round", "rint") and len(value.args) == 1:
        inner = value.args[0].value
        clipped = isinstance(inner, cst.Call) and last_name(inner.func) in ("clip", "clip_by_value") and inner.args
        return Decision(assign, code.text(inner.args[0].value if clipped and isinstance(inner, cst.Call) else inner), False)
    if isinstance(value, cst.Comparison) and len(value.comparisons) == 1 and isinstance(value.comparisons[0].operator, (cst.GreaterThan, cst.GreaterThanEqual)):
        return Decision(assign, code.text(value.left), False) if number_of(code.text(value.comparisons[0].comparator)) == 0.5 else None
    return None


def _uncast(node: cst.BaseExpression) -> cst.BaseExpression:
    while isinstance(node, cst.Call) and last_name(node.func) in CASTS and node.args:
        node = node.func.value if last_name(node.func) == "astype" and isinstance(node.func, cst.Attribute) else node.args[0].value
    return node


class _Softened:
    """The change of a function in which everything that is made of a decision is made of its probabilities; None where something else is done with it."""

    def __init__(self, code: Code, names: Names, scope: cst.CSTNode, name: str, decision: Decision) -> None:
        self.code, self.names, self.scope, self.name, self.decision = code, names, scope, name, decision
        self.soft: set[str] = set()
        self.done: list[cst.CSTNode] = []

    def change(self) -> Change | None:
        code, change = self.code, Change()
        statement = code.statement(self.decision.assign)
        if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
            return None
        shares = self.decision.shares
        if shares.replace("_", "").isalnum():
            # The name may be given to the decision itself: `p = round(p)`.
            change.remove(statement)
        else:
            new = new_name(code, "shares")
            change.replace(self.decision.assign, cst.Assign([cst.AssignTarget(cst.Name(new))], code.expression(shares)))
            self.decision.shares = new
        waiting = {self.name}
        while waiting:
            name = waiting.pop()
            first = code.end(self.decision.assign) if name == self.name else (0, 0)
            for read in reads_of(code, name, self.scope):
                if code.start(read) < first or any(n in self.done for n in (read, *code.around(read))):
                    continue
                whole = self._number_around(read)
                if whole is None:
                    return None
                node, given = whole
                text = self._of(node)
                if text is None:
                    return None
                self.done.append(node)
                outer = self._cast_around(node)
                change.replace(outer or node, code.expression(text if outer is not None or given is not None else f"({text})"))
                if given is not None and outer is None and given not in self.soft:
                    self.soft.add(given)
                    waiting.add(given)
        return change if self.done else None

    def _number_around(self, read: cst.Name) -> tuple[cst.BaseExpression, str | None] | None:
        """The whole truth value that a name is a part of, and the name that it is given, if it is."""
        node: cst.BaseExpression = read
        while True:
            around = self.code.parent(node)
            call = self.code.parent(around) if isinstance(around, cst.Arg) else None
            if isinstance(around, cst.ComparisonTarget):
                around = self.code.parent(around)
            if (
                isinstance(around, cst.Comparison)
                or (isinstance(around, cst.BinaryOperation) and isinstance(around.operator, (cst.BitAnd, cst.BitOr)))
                or (isinstance(around, cst.UnaryOperation) and isinstance(around.operator, cst.BitInvert))
            ):
                node = around
            elif (isinstance(call, cst.Call) and last_name(call.func) in ("equal", "not_equal", *BOTH, *EITHER, *NOT) and len(call.args) <= 2) or (
                isinstance(call, cst.Call) and last_name(call.func) in CASTS and call.args[0] is around and node is read and read.value == self.name
            ):
                node = call
            else:
                break
        given = self.code.parent(self._cast_around(node) or node)
        name = given.targets[0].target.value if isinstance(given, cst.Assign) and len(given.targets) == 1 and isinstance(given.targets[0].target, cst.Name) else None
        inside = self._cast_around(node) is not None or (node is read and read.value in self.soft)
        return (node, name) if inside or name is not None else None

    def _cast_around(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """The cast to a number that a truth value stands in."""
        around = self.code.parent(node)
        call = self.code.parent(around) if isinstance(around, cst.Arg) else None
        return call if isinstance(call, cst.Call) and last_name(call.func) in ("cast", "to_float") and call.args[0] is around else None

    def _of(self, node: cst.BaseExpression) -> str | None:
        """The probability of a truth value."""
        code = self.code
        if isinstance(node, cst.Name) and node.value in self.soft:
            return node.value
        if not any(n.value in {self.name, *self.soft} for n in code.all(cst.Name, node)):
            return f"{self.names.tf}.cast({code.bare(node)}, {self.names.tf}.float32)"
        sides = self._sides(node)
        if sides is not None:
            kind, left, right = sides
            parts = [self._of(n) for n in (left, right)]
            if None in parts:
                return None
            one, two = (atom(str(p)) if kind == "&" else str(p) for p in parts)
            return f"{one} * {two}" if kind == "&" else f"1.0 - (1.0 - {atom(one)}) * (1.0 - {atom(two)})"
        if isinstance(node, cst.UnaryOperation) or (isinstance(node, cst.Call) and last_name(node.func) in NOT):
            inner = self._of(node.expression if isinstance(node, cst.UnaryOperation) else node.args[0].value)
            return f"1.0 - {atom(inner)}" if inner is not None else None
        return self._compared(node)

    def _sides(self, node: cst.BaseExpression) -> tuple[str, cst.BaseExpression, cst.BaseExpression] | None:
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.BitAnd, cst.BitOr)):
            return "&" if isinstance(node.operator, cst.BitAnd) else "|", node.left, node.right
        if isinstance(node, cst.Call) and last_name(node.func) in (*BOTH, *EITHER) and len(node.args) == 2:
            return "&" if last_name(node.func) in BOTH else "|", node.args[0].value, node.args[1].value
        return None

    def _compared(self, node: cst.BaseExpression) -> str | None:
        """`pred == c` and `pred != c` as the probability of a class or of a side."""
        if isinstance(node, cst.Comparison) and len(node.comparisons) == 1:
            target = node.comparisons[0]
            pair, equal = (node.left, target.comparator), {cst.Equal: True, cst.NotEqual: False}.get(type(target.operator))
        elif isinstance(node, cst.Call) and last_name(node.func) in ("equal", "not_equal") and len(node.args) == 2:
            pair, equal = (node.args[0].value, node.args[1].value), last_name(node.func) == "equal"
        else:
            return None
        mine = [i for i, n in enumerate(pair) if isinstance(_uncast(n), cst.Name) and _uncast(n).value == self.name]  # type: ignore[attr-defined]
        other = pair[1 - mine[0]] if len(mine) == 1 else None
        if equal is None or other is None:
            return None
        text = self.code.text(_uncast(other))
        if self.decision.classes:
            # Labels in the place of a class would pick every class for every example.
            if not (isinstance(_uncast(other), cst.Integer) or (isinstance(_uncast(other), cst.Name) and counts_up(self.code, text))):
                return None
            share = f"{self.decision.shares}[..., {text}]"
        else:
            side = number_of(text)
            if side not in (0.0, 1.0):
                return None
            share = self.decision.shares if side == 1.0 else f"1.0 - {atom(self.decision.shares)}"
        if equal:
            return share
        return share.removeprefix("1.0 - ") if share.startswith("1.0 - ") else f"1.0 - {share}"


def expected_entries(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`gather_nd(costs, stack([labels, argmax(scores)], axis=-1))` → the mean of the row of each label, weighted by the probabilities."""
    code, names = code_at(recording, place), names_of(recording)
    choice = code.call_at(place, ("argmax",)) if code is not None and place is not None else None
    assign = code.enclosing(choice, cst.Assign) if code is not None and choice is not None else None
    target = assign.targets[0].target if assign is not None else None
    if code is None or assign is None or not isinstance(target, cst.Name) or names.tf is None:
        return ()
    decided = _decided(recording, code, assign, names, op)
    reads = [n for n in reads_of(code, target.value, code.scope(assign)) if code.start(n) > code.end(assign)]
    pair = next((n for n in code.around(reads[0]) if isinstance(n, (cst.List, cst.Tuple))), None) if len(reads) == 1 else None
    call = next((c for c in code.around(pair) if isinstance(c, cst.Call) and last_name(c.func) == "gather_nd"), None) if pair is not None else None
    table, statement = argument(call, 0, "params") if call is not None else None, code.statement(assign)
    if decided is None or pair is None or call is None or table is None or len(pair.elements) != 2 or not isinstance(statement, cst.SimpleStatementLine):
        return ()
    if not (isinstance(last := _uncast(pair.elements[1].value), cst.Name) and last.value == target.value):
        return ()
    labels = code.text(pair.elements[0].value)
    new = f"{names.tf}.reduce_sum({names.tf}.gather({code.text(table.value)}, {labels}) * {atom(decided.shares)}, axis=-1)"
    return fix("take the mean over what each class would give, weighted by its probability", "unsafe", (code, Change().remove(statement).replace(call, code.expression(new))))
