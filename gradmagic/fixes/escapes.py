"""Values that left TensorFlow: the tensor itself, and the TensorFlow counterpart of what NumPy did with it."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.calls import Place, keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, children_of, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.interpolation import is_table, sum_of_steps
from gradmagic.fixes.leavings import FLAT, calls_beside, has_several_uses, to_integers, unwrapped, written_into
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.numpy_table import LEAVING_METHODS, MATH, METHODS, counterpart
from gradmagic.fixes.places_and_sizes import must_be_whole
from gradmagic.leaving import LIBRARIES
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

PREDICTS = ("predict", "predict_on_batch")
TO_NUMPY = ("convert_to_numpy", "asnumpy", "get_value")
NUMPY = ("numpy", "scipy", "math")
FLATTENING = ("ravel", "flatten")


def stay_in_tensorflow(recording: Recording, place: Place, run: GradientRun | None) -> tuple[Fix, ...]:
    """Use tensors, and TensorFlow's own functions, from the place where the value left to where the target is made."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None:
        return ()
    found = code.expressions_at(place)
    call = next((n for n in found if isinstance(n, cst.Call) and _leaves(n, names)), None)
    if call is None:
        call = next((n for n in code.all(cst.Call) if place.line <= code.start(n)[0] <= place.end_line and _leaves(n, names)), None)
    if call is None:
        return ()
    own = _of_its_function(recording, code, names, call)
    if own:
        return own
    region = _region(code, call, run)
    translation = _Translation(code, names, region, call, beside=calls_beside(recording, code, names, region, run))
    called = _called_functions(recording, code, names, translation, call)
    if not translation.possible or not translation.count or called is None or written_into(code, region, translation.arrays) or must_be_whole(recording, code, translation.whole):
        return ()
    if called:
        changes = {id(code): (code, translation.change)}
        for other, inner in called:
            kept = changes.setdefault(id(other), (other, inner.change))[1]
            kept.replaced.update(inner.change.replaced)
        return fix("compute with tensors, also in the function that is called", "unsafe", *changes.values())
    title = (
        f"use the tensor itself, without {translation.what}"
        if not translation.functions
        else f"use {', '.join(f'`{f}`' for f in translation.functions[:3])} in the place of {'`math`' if names.module(call.func).startswith('math.') else 'NumPy'}"
    )
    # Without `int()` the fraction is kept.
    sure = not translation.functions and not translation.whole and last_name(call.func) not in PREDICTS and not has_several_uses(code, call)
    return fix(title, "safe" if sure else "unsafe", (code, translation.change))


def _called_functions(recording: Recording, code: Code, names: Names, translation: _Translation, guilty: cst.Call) -> list[tuple[Code, _Translation]] | None:
    """The functions of the notebook's that are handed the value and compute in NumPy, in TensorFlow; None where one of them cannot be translated."""
    found: list[tuple[Code, _Translation]] = []
    for call in code.all(cst.Call, code.statement(guilty) or guilty):
        handed = [i for i, a in enumerate(call.args) if a.keyword is None and (guilty in code.all(cst.Call, a.value) or names_in(a.value) & translation.arrays)]
        for other in cells(recording) if handed and isinstance(call.func, cst.Name) else ():
            for function in other.all(cst.FunctionDef):
                parameters = [p.name.value for p in function.params.params]
                inner = [c for c in other.all(cst.Call, function.body) if names.module(c.func).partition(".")[0] in NUMPY]
                inner += [
                    c
                    for c in other.all(cst.Call, function.body)
                    if isinstance(c.func, cst.Attribute) and last_name(c.func) in METHODS and isinstance(c.func.value, cst.Name) and c.func.value.value in parameters
                ]
                if not isinstance(call.func, cst.Name) or function.name.value != call.func.value or not inner:
                    continue
                first = min(inner, key=other.start)
                one = _Translation(other, names, function.body, first, [parameters[i] for i in handed if i < len(parameters)])
                if not one.possible or any(f.rpartition(".")[2] in FLAT for f in one.functions) or must_be_whole(recording, other, one.whole):
                    return None
                if one.count:
                    found.append((other, one))
    return found


def _of_its_function(recording: Recording, code: Code, names: Names, call: cst.Call) -> tuple[Fix, ...]:
    """`tf.numpy_function(f, [x], dtype)` of a NumPy function of the notebook's: the function in TensorFlow, called itself."""
    if last_name(call.func) not in ("numpy_function", "py_function", "py_func") or len(call.args) < 2 or not isinstance(call.args[0].value, cst.Name) or names.tf is None:
        return ()
    inputs = call.args[1].value
    if not isinstance(inputs, (cst.List, cst.Tuple)):
        return ()
    for other in cells(recording):
        for function in other.all(cst.FunctionDef):
            inner = [c for c in other.all(cst.Call, function.body) if names.module(c.func).partition(".")[0] in NUMPY]
            if function.name.value != call.args[0].value.value or not inner:
                continue
            translation = _Translation(other, names, function.body, inner[0], [p.name.value for p in function.params.params])
            if not translation.possible or not translation.count or any(f.rpartition(".")[2] in FLAT for f in translation.functions):
                return ()
            new = code.expression(f"{function.name.value}({', '.join(code.text(e.value) for e in inputs.elements)})")
            change = translation.change if other is code else Change()
            change.replace(call, new)
            changes = [(code, change)] if other is code else [(other, translation.change), (code, change)]
            return fix(f"write `{function.name.value}` in TensorFlow, and call it", "unsafe", *changes)
    return ()


def _leaves(call: cst.Call, names: Names) -> bool:
    name = last_name(call.func)
    if isinstance(call.func, cst.Attribute) and (name in LEAVING_METHODS or name in PREDICTS):
        return True
    if isinstance(call.func, cst.Name) and name in ("float", "int"):
        return bool(call.args)
    return name in TO_NUMPY or names.module(call.func).partition(".")[0] in NUMPY or name in ("numpy_function", "py_function", "py_func")


def _region(code: Code, call: cst.Call, run: GradientRun | None) -> cst.CSTNode:
    """What is translated together: the function that holds the call, else the block of the tape, else the statement."""
    function = code.function(call)
    block = code.enclosing(call, cst.With)
    if block is not None and any(isinstance(i.item, cst.Call) and last_name(i.item.func) == "GradientTape" for i in block.items):
        return block.body
    if function is not None and not any(isinstance(n, cst.Call) and last_name(n.func) == "GradientTape" for n in code.all(cst.Call, function)):
        return function.body
    statement = code.statement(call)
    assert statement is not None
    return statement


class _Translation:
    """Follows the values that come from `.numpy()` and the like through a region and writes what is done with them in TensorFlow."""

    def __init__(self, code: Code, names: Names, region: cst.CSTNode, guilty: cst.Call, arrays: Iterable[str] = (), beside: Iterable[cst.Call] = ()) -> None:
        self.code, self.names, self.change = code, names, Change()
        self.possible, self.count, self.functions, self.what = True, 0, list[str](), "`.numpy()`"
        self.arrays = set(arrays)
        self.keras = names.tf is None
        self.guilty, self.leaving, self.whole = guilty, {guilty, *beside}, list[cst.Call]()
        for statement in code.all(cst.SimpleStatementLine, region) if not isinstance(region, cst.SimpleStatementLine) else [region]:
            if code.start(statement) >= code.start(code.statement(guilty) or guilty) or self._mentions_leaving(statement):
                self._statement(statement)

    def _mentions_leaving(self, statement: cst.SimpleStatementLine) -> bool:
        return any(c in self.leaving or (isinstance(c.func, cst.Attribute) and last_name(c.func) in LEAVING_METHODS) for c in self.code.all(cst.Call, statement))

    def _statement(self, statement: cst.SimpleStatementLine) -> None:
        if any(isinstance(c.func, cst.Name) and c.func.value in ("print", "format") for c in self.code.all(cst.Call, statement)):
            return
        for call in self.code.all(cst.Call, statement):
            # What is collected in a list goes on from there.
            if (
                isinstance(call.func, cst.Attribute)
                and last_name(call.func) == "append"
                and isinstance(call.func.value, cst.Name)
                and (self.guilty in self.code.all(cst.Call, call) or names_in(call) & self.arrays)
            ):
                self.arrays.add(call.func.value.value)
        touched = False
        for step in statement.body:
            for child in children_of(step):
                if isinstance(child, cst.AssignTarget):
                    continue
                expression = child if isinstance(child, cst.BaseExpression) else None
                if expression is not None:
                    touched = self._translate(expression) or touched
        if touched or names_in(statement) & self.arrays & names_in(statement):
            for step in statement.body:
                if isinstance(step, cst.Assign) and (touched or names_in(step.value) & self.arrays):
                    for target in step.targets:
                        self.arrays |= targets_of(target.target)

    def _translate(self, root: cst.BaseExpression) -> bool:
        """Replace the outermost expressions of `root` that have to change; whether there was one."""
        new = self._new(root)
        if new is None:
            return False
        self.change.replace(root, self.code.expression(new))
        self.count += 1
        return True

    def _new(self, root: cst.BaseExpression) -> str | None:
        visitor = _Rewriter(self)
        result = root.visit(visitor)
        return None if not visitor.changed or not isinstance(result, cst.BaseExpression) else self.code.text(result) if root.lpar else self.code.bare(result)  # type: ignore[attr-defined]


class _Rewriter(cst.CSTTransformer):
    def __init__(self, translation: _Translation) -> None:
        super().__init__()
        self.t, self.changed = translation, False
        self.done = set[cst.Call]()

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        new = self._instead(original_node, updated_node)
        if new is not updated_node:
            self.done.add(original_node)
        return new

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        sum_ = isinstance(updated_node.value, cst.BinaryOperation) and original_node.value in self.done
        return updated_node.with_changes(value=updated_node.value.with_changes(lpar=[], rpar=[])) if sum_ else updated_node

    def _instead(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        t, name = self.t, last_name(original_node.func)
        call = updated_node
        module = t.names.module(original_node.func)
        root = module.partition(".")[0]
        if isinstance(call.func, cst.Attribute) and name in LEAVING_METHODS and not call.args:
            self.changed = True
            t.what = f"`.{name}()`"
            return call.func.value
        if isinstance(call.func, cst.Name) and name in ("float", "int") and len(call.args) == 1 and (original_node in t.leaving or self._touches(original_node)):
            self.changed = True
            t.what = f"`{name}()`"
            t.whole += [original_node] if name == "int" else []
            return call.args[0].value
        if isinstance(call.func, cst.Attribute) and name in PREDICTS and call.args:
            self.changed = True
            t.what = f"`.{name}()`"
            return call.with_changes(func=call.func.value, args=[unwrapped(call.args[0], t.names).with_changes(comma=cst.MaybeSentinel.DEFAULT)])
        if name in TO_NUMPY and call.args:
            self.changed = True
            t.what = f"`{name}()`"
            return call.args[0].value
        if name == "constant" and root == "tensorflow" and call.args and self._touches(original_node.args[0]):
            self.changed = True
            return call.args[0].value
        if name in ("numpy_function", "py_func") and len(call.args) >= 2:
            return self._function_inside(call)
        if root in LIBRARIES - set(NUMPY) and self._touches(original_node):
            # What another library is handed comes back as an array all the same.
            t.possible = False
        if root in NUMPY and (original_node in t.leaving or self._touches(original_node)):
            return self._numpy(call, module.partition(".")[2] if root != "math" else name if name in MATH else "?")
        if isinstance(call.func, cst.Attribute) and name in METHODS and self._touches(original_node.func):
            return self._method(call, call.func, name)
        if isinstance(call.func, cst.Attribute) and name == "astype" and call.args and self._touches(original_node.func):
            cast = f"{t.names.ops}.cast" if t.keras else f"{t.names.tf}.cast"
            self.changed = True
            if to_integers(call.args[0].value):
                # The cast would end the gradient at once.
                t.possible = False
                return call
            kind = t.code.text(call.args[0].value).replace(f"{t.names.numpy}.", f"{t.names.tf}." if t.names.tf and not t.keras else f"{t.names.numpy}.")
            return cst.parse_expression(f"{cast}({t.code.bare(call.func.value)}, {kind})")
        return call

    def _touches(self, node: cst.CSTNode) -> bool:
        return bool(names_in(node) & self.t.arrays) or any(c in self.done for c in self.t.code.all(cst.Call, node))

    def _function_inside(self, call: cst.Call) -> cst.BaseExpression:
        inner = call.args[1].value
        if not isinstance(inner, (cst.List, cst.Tuple)):
            return call
        function = self.t.code.text(call.args[0].value)
        name = self.t.names.module(call.args[0].value)
        found = counterpart(name.partition(".")[2], self.t.names.tf, self.t.names.ops, self.t.keras) if name.partition(".")[0] in NUMPY else None
        if found is None and dotted(call.args[0].value).partition(".")[0] != "tf":
            self.t.possible = False
            return call
        self.changed = True
        self.t.functions.append(found or function)
        return cst.parse_expression(f"{found or function}({', '.join(self.t.code.text(e.value) for e in inner.elements)})")

    def _numpy(self, call: cst.Call, name: str) -> cst.BaseExpression:
        t = self.t
        written = sum_of_steps(t.code, t.names, call, t.arrays) if is_table(call, name) else None
        if written is not None:
            self.changed = True
            t.functions.append(written[1])
            return cst.parse_expression(written[0])
        found = counterpart(name, t.names.tf, t.names.ops, t.keras)
        if found is None:
            t.possible = False
            return call
        self.changed = True
        t.functions.append(found)
        new = call.with_changes(func=cst.parse_expression(found))
        if name in FLATTENING:
            return new if t.keras else new.with_changes(args=[new.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT), cst.Arg(cst.parse_expression("[-1]"))])
        if name in ("array", "asarray"):
            kept = [a for a in new.args if a.keyword is None or a.keyword.value == "dtype"]
            if len(kept) == 2 and not t.keras:
                # `tf.cast` takes what is of another dtype, `convert_to_tensor` does not.
                return new.with_changes(func=cst.parse_expression(f"{t.names.tf}.cast"), args=kept)
            return new.with_changes(args=kept)
        if found.endswith(".tensordot"):
            return new.with_changes(args=[*[a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in new.args], keyword("axes", cst.Integer("1"))])
        return new

    def _method(self, call: cst.Call, function: cst.Attribute, name: str) -> cst.BaseExpression:
        t = self.t
        found = counterpart(name, t.names.tf, t.names.ops, t.keras)
        if found is None:
            return call
        self.changed = True
        t.functions.append(found)
        args = ", ".join(t.code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in call.args)
        if name == "reshape" and len(call.args) > 1:
            args = f"({args})"
        if name in FLATTENING and not t.keras:
            args = "[-1]"
        return cst.parse_expression(f"{found}({t.code.bare(function.value)}{', ' + args if args else ''})")
