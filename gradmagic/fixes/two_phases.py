"""A callback that sets `trainable` in the middle of `fit`: two calls of `fit`, and `compile` between them, which makes the training step anew."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place, call_of, with_keyword, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in, same
from gradmagic.recording import Recording
from gradmagic.report import Fix


@dataclasses.dataclass(frozen=True)
class _Switch:
    """What a callback does, and after how many epochs it does it."""

    epochs: int
    lines: list[cst.SimpleStatementLine]


def compiled_between(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`fit(…, epochs=4, callbacks=[Unfreeze(2)])` → `fit(…, epochs=2)`, what the callback does, `compile(…)`, `fit(…, epochs=4, initial_epoch=2)`."""
    code = code_at(recording, place)
    call = call_of(code, place, ("fit",))
    statement = code.statement(call) if code is not None and call is not None else None
    if code is None or call is None or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1 or not isinstance(call.func, cst.Attribute):
        return ()
    step = statement.body[0]
    model, last, given = dotted(call.func.value), argument(call, None, "epochs"), argument(call, None, "callbacks")
    compiled = _compiling(recording, model)
    if not isinstance(step, (cst.Expr, cst.Assign)) or step.value is not call or last is None or given is None or compiled is None or argument(call, None, "initial_epoch") is not None:
        return ()
    listed = given.value
    switches = [(e, s) for e in (listed.elements if isinstance(listed, cst.List) else ()) if (s := _switch(recording, e.value, model)) is not None]
    if len(switches) != 1 or not isinstance(listed, cst.List) or not isinstance(last.value, cst.Integer) or not 0 < switches[0][1].epochs < int(last.value.value):
        return ()
    element, switch = switches[0]
    others = [e for e in listed.elements if e is not element]
    if others:
        kept = listed.with_changes(elements=[*others[:-1], others[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)])
        rest = with_keyword(call, "callbacks", kept)
    else:
        rest = without_argument(call, given)
    first = with_keyword(rest, "epochs", cst.Integer(str(switch.epochs)))
    second = with_keyword(rest, "initial_epoch", cst.Integer(str(switch.epochs)))
    lines = [cst.SimpleStatementLine([cst.Expr(first)]), *switch.lines, cst.SimpleStatementLine([cst.Expr(compiled)])]
    change = Change().insert_before(statement, *lines).replace(call, second)
    return fix("compile between two calls of `fit`, in the place of the callback", "unsafe", (code, change))


def _compiling(recording: Recording, model: str) -> cst.Call | None:
    """The one call that compiles a model, where it can be made again: what it is given is made in it, and is no object that was used already."""
    made = [call for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == "compile" and isinstance(call.func, cst.Attribute) and dotted(call.func.value) == model]
    optimizer = argument(made[0], 0, "optimizer") if len(made) == 1 else None
    return made[0] if optimizer is not None and isinstance(optimizer.value, (cst.Call, cst.SimpleString)) and model else None


def _switch(recording: Recording, made: cst.BaseExpression, model: str) -> _Switch | None:
    """What a callback of the user's does, if it does nothing but set `trainable` at one epoch."""
    if not isinstance(made, cst.Call) or not isinstance(made.func, cst.Name):
        return None
    found = [(c, o) for c in cells(recording) for o in c.all(cst.ClassDef) if o.name.value == made.func.value]
    if len(found) != 1:
        return None
    code, owner = found[0]
    methods = {f.name.value: f for f in code.all(cst.FunctionDef, owner) if code.enclosing(f, cst.ClassDef) is owner}
    name = next(iter(set(methods) - {"__init__"}), "")
    if len(set(methods) - {"__init__"}) != 1 or name not in ("on_epoch_begin", "on_epoch_end"):
        return None
    method = methods[name]
    self_, epoch = [p.name.value for p in method.params.params[:2]]
    condition = method.body.body[0] if len(method.body.body) == 1 else None
    if not isinstance(condition, cst.If) or condition.orelse is not None or not isinstance(condition.test, cst.Comparison):
        return None
    test = condition.test
    if len(test.comparisons) != 1 or not isinstance(test.comparisons[0].operator, cst.Equal) or not same(test.left, cst.Name(epoch)):
        return None
    at = _number(code, methods.get("__init__"), made, test.comparisons[0].comparator, self_)
    lines = [s for s in condition.body.body if isinstance(s, cst.SimpleStatementLine)]
    sets = [a for s in lines for a in code.all(cst.Assign, s) if last_name(a.targets[0].target) == "trainable"]
    if at is None or not sets or len(lines) != len(condition.body.body):
        return None
    written = [s.visit(_OfTheModel(self_, model)) for s in lines]
    if any({self_, epoch} & names_in(s) for s in written if isinstance(s, cst.CSTNode)):
        return None
    return _Switch(at + (name == "on_epoch_end"), [s for s in written if isinstance(s, cst.SimpleStatementLine)])


def _number(code: Code, init: cst.FunctionDef | None, made: cst.Call, value: cst.BaseExpression, self_: str) -> int | None:
    """A number that is written in the method, or handed to the object, which keeps it under an attribute."""
    if isinstance(value, cst.Integer):
        return int(value.value)
    if init is None or not (isinstance(value, cst.Attribute) and same(value.value, cst.Name(self_))):
        return None
    kept = [a.value for a in code.all(cst.Assign, init) for t in a.targets if same(t.target, value)]
    parameters = [p.name.value for p in init.params.params][1:]
    name = kept[0].value if len(kept) == 1 and isinstance(kept[0], cst.Name) else ""
    given = argument(made, parameters.index(name), name) if name in parameters else None
    return int(given.value.value) if given is not None and isinstance(given.value, cst.Integer) else None


class _OfTheModel(cst.CSTTransformer):
    """`self.model` by the name that the model has outside."""

    def __init__(self, self_: str, model: str) -> None:
        super().__init__()
        self.self_, self.model = self_, model

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        own = original_node.attr.value == "model" and isinstance(original_node.value, cst.Name) and original_node.value.value == self.self_
        return cst.parse_expression(self.model) if own else updated_node
