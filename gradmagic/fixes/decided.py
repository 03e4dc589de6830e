"""An `if` about a number that a step counts in Python, which is asked once while the step is traced: counted in a variable, asked by `tf.cond` in every run."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, dotted, fix, last_name, same
from gradmagic.fixes.flow import assigned, pairs_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix

LEAVES: tuple[type[cst.CSTNode], ...] = (cst.Return, cst.Break, cst.Continue)
Slot = tuple[cst.BaseExpression, cst.BaseExpression]


def counted_in_the_graph(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`self.n += 1` and `if self.n % every == 0: …` → a variable that is counted up, and `tf.cond`."""
    code, names = code_at(recording, place), names_of(recording)
    branch = next((b for b in code.all(cst.If) if place is not None and code.start(b)[0] <= place.line <= code.end(b)[0] and b.orelse is None), None) if code is not None else None
    function = code.function(branch) if code is not None and branch is not None else None
    if code is None or branch is None or function is None or names.tf is None or not isinstance(branch.body, cst.IndentedBlock):
        return ()
    asked = [a for a in code.all(cst.Attribute, branch.test) if dotted(a).startswith("self.")]
    up = [(n, u) for n in asked for u in code.all(cst.AugAssign, function) if same(u.target, n) and isinstance(u.operator, cst.AddAssign) and isinstance(u.value, cst.Integer)]
    if len(up) != 1 or any(code.all(kind, branch.body) for kind in LEAVES) or _keeps(code, function, branch):
        return ()
    counter, counting = up[0]
    owner = code.enclosing(function, cst.ClassDef)
    starts, resets = list[Slot](), list[Slot]()
    classes = _with_bases(code, owner)
    for target, value in (pair for each in classes for a in code.all(cst.Assign, each) for pair in pairs_of(a)):
        if same(target, counter):
            around = code.function(target)
            (starts if around is not None and around.name.value == "__init__" else resets).append((target, value))
    if len(starts) != 1 or any(code.enclosing(target, cst.If) is not branch or code.function(target) is not function for target, _ in resets):
        return ()
    known = {counting.target, *(a for a in asked), *(target for target, _ in starts + resets)}
    if any(same(a, counter) and a not in known for each in classes for a in code.all(cst.Attribute, each)) or not isinstance(starts[0][1], cst.Integer):
        return ()
    name = code.text(counter)
    change = Change().replace(starts[0][1], code.expression(f"{names.tf}.Variable({code.text(starts[0][1])}, trainable=False)"))
    change.replace(counting, cst.Expr(code.expression(f"{name}.assign_add({code.text(counting.value)})")))
    lone = _lone_call(branch.body)
    if lone is not None and not resets:
        change.replace(branch, code.line(f"{names.tf}.cond({code.text(branch.test)}, {code.text(lone)}, lambda: None)").with_changes(leading_lines=branch.leading_lines))
    else:
        inner = new_name(code, "apply_now")
        body = branch.body.visit(_Resets(code, [target for target, _ in resets], name))
        made = cst.ensure_type(code.line(f"def {inner}():\n    pass"), cst.FunctionDef).with_changes(body=body, leading_lines=branch.leading_lines)
        change.insert_before(branch, made).replace(branch, code.line(f"{names.tf}.cond({code.text(branch.test)}, {inner}, lambda: None)"))
    return fix(f"count `{name}` in a variable, and ask it in every run of the graph", "unsafe", (code, change))


def _with_bases(code: Code, owner: cst.ClassDef | None) -> list[cst.ClassDef]:
    """A class and those of the same cell that it is derived from."""
    found = [owner] if owner is not None else []
    for each in found:
        bases = {last_name(base.value) for base in each.bases}
        found += [c for c in code.all(cst.ClassDef) if c.name.value in bases and c not in found]
    return found


def _keeps(code: Code, function: cst.FunctionDef, branch: cst.If) -> bool:
    """Whether the branch gives a local name a value: in a function of its own it would be another name."""
    made, inside = assigned(branch.body), set(code.all(cst.Name, branch))
    return any(n.value in made and n not in inside for n in code.all(cst.Name, function))


def _lone_call(body: cst.IndentedBlock) -> cst.BaseExpression | None:
    """The function that a branch calls without arguments, where it does nothing else."""
    if len(body.body) != 1 or not isinstance(line := body.body[0], cst.SimpleStatementLine) or len(line.body) != 1 or not isinstance(expression := line.body[0], cst.Expr):
        return None
    call = expression.value
    return call.func if isinstance(call, cst.Call) and not call.args else None


class _Resets(cst.CSTTransformer):
    """`self.n = 0` → `self.n.assign(0)`."""

    def __init__(self, code: Code, targets: list[cst.BaseExpression], name: str) -> None:
        super().__init__()
        self.code, self.targets, self.name = code, targets, name

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.BaseSmallStatement:
        if len(original_node.targets) == 1 and original_node.targets[0].target in self.targets:
            return cst.Expr(self.code.expression(f"{self.name}.assign({self.code.text(original_node.value)})"))
        return updated_node
