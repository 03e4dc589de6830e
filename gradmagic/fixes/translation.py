"""What is done with values that left TensorFlow, written with tensors."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.calls import keyword
from gradmagic.fixes.change import Change, parenthesized
from gradmagic.fixes.code import Code, argument, atom, children_of, dotted, last_name, names_in
from gradmagic.fixes.flow import meant, pairs_of, targets_of
from gradmagic.fixes.interpolation import is_table, sum_of_steps
from gradmagic.fixes.leavings import to_integers, unwrapped
from gradmagic.fixes.names import Names
from gradmagic.fixes.numpy_table import LEAVING_METHODS, MATH, METHODS, counterpart
from gradmagic.fixes.spectra import spectrum
from gradmagic.leaving import LIBRARIES

PREDICTS = ("predict", "predict_on_batch")
TO_NUMPY = ("convert_to_numpy", "asnumpy", "get_value")
NUMPY = ("numpy", "scipy", "math")
FLATTENING = ("ravel", "flatten")
CONVERTS = ("array", "asarray", "asanyarray", "ascontiguousarray")
REDUCING = ("sum", "mean", "average", "max", "amax", "min", "amin", "prod", "std", "var", "median")
# What arrays have, and tensors have not.
OF_ARRAYS = ("T", "size", "flat", "copy", "any", "all", "sort", "argsort", "argmax", "argmin", "nonzero", "fill", "view", "take", "put", "repeat", "swapaxes", "cumprod", "trace", "diagonal", "ptp")
COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
# A line, or what stands behind the colon of a `def` on the same line.
Statement = cst.SimpleStatementLine | cst.SimpleStatementSuite


class Translation:
    """Follows the values that come from `.numpy()` and the like through a region and writes what is done with them in TensorFlow."""

    def __init__(
        self,
        code: Code,
        names: Names,
        region: cst.CSTNode,
        guilty: cst.Call,
        arrays: Iterable[str] = (),
        beside: Iterable[cst.Call] = (),
        statements: Iterable[Statement] | None = None,
        like: str | None = None,
    ) -> None:
        """`arrays` are names that stand for such values from the first, `beside` further calls that take one out; of a region's lines all behind the guilty one, or the
        given ones, are looked at. Arrays that stand beside the tensor `like` are cast to its dtype where NumPy took them in.
        """
        self.code, self.names, self.region, self.change = code, names, region, Change()
        self.possible, self.count, self.functions, self.what = True, 0, list[str](), "`.numpy()`"
        self.arrays, self.like, self.translated = set(arrays), like, set[cst.Call]()
        # The lists of such values, and how often each becomes a tensor.
        self.lists: dict[str, int] = {}
        self.keras = names.tf is None
        self.guilty, self.leaving, self.whole = guilty, {guilty, *beside}, list[cst.Call]()
        lines: list[Statement] = code.all(cst.SimpleStatementLine, region) if not isinstance(region, (cst.SimpleStatementLine, cst.SimpleStatementSuite)) else [region]
        first = code.start(code.statement(guilty) or guilty)
        for statement in statements if statements is not None else [s for s in lines if code.start(s) >= first or self._mentions_leaving(s)]:
            self._statement(statement)

    def _mentions_leaving(self, statement: Statement) -> bool:
        return any(c in self.leaving or (isinstance(c.func, cst.Attribute) and last_name(c.func) in LEAVING_METHODS) for c in self.code.all(cst.Call, statement))

    def _statement(self, statement: Statement) -> None:
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
                self.lists.setdefault(call.func.value.value, 0)
        for step in statement.body:
            for child in children_of(step):
                if isinstance(child, cst.BaseExpression):
                    self._translate(child)
            for target, value in pairs_of(step) if isinstance(step, cst.Assign) else ():
                if names_in(value) & self.arrays or any(c in self.translated for c in self.code.all(cst.Call, value)):
                    self.arrays |= targets_of(target)
                    if isinstance(value, (cst.ListComp, cst.List)):
                        self.lists.update(dict.fromkeys(targets_of(target), 0))

    def _translate(self, root: cst.BaseExpression) -> None:
        """Replace the outermost expressions of `root` that have to change."""
        new = self._new(root)
        if new is not None:
            self.change.replace(root, self.code.expression(new))
            self.count += 1

    def _new(self, root: cst.BaseExpression) -> str | None:
        visitor = _Rewriter(self)
        result = root.visit(visitor)
        return None if not visitor.changed or not isinstance(result, cst.BaseExpression) else self.code.text(result) if root.lpar else self.code.bare(result)  # type: ignore[attr-defined]


def _cast_of(names: Names) -> str:
    """How the code calls the function that gives a tensor another dtype."""
    return f"{names.ops}.cast" if names.tf is None else f"{names.tf}.cast"


def _is_plain(call: cst.Call) -> bool:
    """Whether a reduction is called with what TensorFlow's own takes, too: numbers (a comparison gives none), an axis and `keepdims`."""
    if any(_has_truths(a.value) for a in call.args):
        return False
    positional = [a for a in call.args if a.keyword is None]
    return len(positional) <= 2 and not any(a.star for a in call.args) and all(a.keyword is None or a.keyword.value in ("axis", "keepdims") for a in call.args)


def _has_truths(node: cst.CSTNode) -> bool:
    """Whether a comparison is an operand of an expression; one that only selects or is handed to a function is none."""
    return isinstance(node, cst.Comparison) or (not isinstance(node, (cst.Call, cst.Subscript)) and any(_has_truths(n) for n in children_of(node)))


class _Rewriter(cst.CSTTransformer):
    def __init__(self, translation: Translation) -> None:
        super().__init__()
        self.t, self.changed = translation, False

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        new = self._instead(original_node, updated_node)
        if new is updated_node:
            return new
        self.t.translated.add(original_node)
        return parenthesized(new, original_node, self.t.code.parent(original_node))

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        t, owner = self.t, original_node.value
        if original_node.attr.value in OF_ARRAYS and isinstance(owner, cst.Subscript) and self._touches(owner):
            t.possible = False
        if original_node.attr.value not in OF_ARRAYS or not isinstance(owner, cst.Name) or owner.value not in t.arrays or owner.value in t.lists:
            return updated_node
        turned = counterpart("transpose", t.names.tf, t.names.ops, t.keras) if original_node.attr.value == "T" else None
        if turned is None:
            t.possible = False
            return updated_node
        self.changed = True
        return cst.parse_expression(f"{turned}({owner.value})")

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        """`q[np.arange(n), actions]` and `h[a > 0]`, which tensors do not know."""
        t, places = self.t, [e.slice.value for e in updated_node.slice if isinstance(e.slice, cst.Index)]
        if t.names.tf is not None and len(places) == len(updated_node.slice) == 1 and isinstance(places[0], cst.Comparison) and self._touches(original_node.value):
            self.changed = True
            t.functions.append(f"{t.names.tf}.boolean_mask")
            return cst.parse_expression(f"{t.names.tf}.boolean_mask({t.code.bare(updated_node.value)}, {t.code.bare(places[0])})")
        rows = places[0] if len(places) == 2 and len(updated_node.slice) == 2 else None
        if not isinstance(rows, cst.Call) or last_name(rows.func) not in ("arange", "range") or len(rows.args) != 1 or not self._touches(original_node.value):
            return updated_node
        if t.names.tf is None:
            t.possible = False
            return updated_node
        self.changed = True
        t.functions.append(f"{t.names.tf}.gather")
        return cst.parse_expression(f"{t.names.tf}.gather({t.code.bare(updated_node.value)}, {t.code.text(places[1])}, axis=1, batch_dims=1)")

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        sum_ = isinstance(updated_node.value, cst.BinaryOperation) and original_node.value in self.t.translated
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
        if name == "constant" and root == "tensorflow" and call.args and (self._touches(original_node.args[0]) or original_node in t.leaving):
            self.changed = True
            if isinstance(made := original_node.args[0].value, cst.Name) and made.value in t.lists:
                return self._stacked(call)
            t.what = "`tf.constant`" if original_node is t.guilty else t.what
            shape = argument(call, 2, "shape")
            # One number is repeated, or a tensor gets another shape.
            return cst.parse_expression(f"{t.names.tf}.broadcast_to({t.code.bare(call.args[0].value)}, {t.code.bare(shape.value)})") if shape is not None else call.args[0].value
        if name in ("numpy_function", "py_func") and len(call.args) >= 2:
            return self._function_inside(call)
        if root in LIBRARIES - set(NUMPY) and self._touches(original_node):
            # What another library is handed comes back as an array all the same.
            t.possible = False
        if name in CONVERTS and root == "numpy" and t.like is not None and len(call.args) == 1 and isinstance(call.args[0].value, cst.Name) and not self._touches(original_node):
            self.changed = True
            return call.with_changes(func=cst.parse_expression(_cast_of(t.names)), args=[call.args[0].with_changes(comma=COMMA), cst.Arg(cst.parse_expression(f"{t.like}.dtype"))])
        if root in NUMPY and (original_node in t.leaving or self._touches(original_node)):
            return self._numpy(call, module.partition(".")[2] if root != "math" else name if name in MATH else "?")
        if isinstance(call.func, cst.Attribute) and name in METHODS and self._touches(original_node.func):
            return self._method(call, call.func, name)
        if isinstance(call.func, cst.Attribute) and name == "astype" and call.args and self._touches(original_node.func):
            self.changed = True
            if to_integers(call.args[0].value):
                # The cast would end the gradient at once.
                t.possible = False
                return call
            kind = t.code.text(call.args[0].value).replace(f"{t.names.numpy}.", f"{t.names.tf}." if t.names.tf and not t.keras else f"{t.names.numpy}.")
            return cst.parse_expression(f"{_cast_of(t.names)}({t.code.bare(call.func.value)}, {kind})")
        return call

    def _stacked(self, call: cst.Call) -> cst.BaseExpression:
        """`tf.constant(values)` of a list of tensors."""
        t, name = self.t, last_name(call.args[0].value)
        t.lists[name] += 1
        # Of several constants of the same numbers some are meant as such.
        t.possible = t.possible and t.lists[name] == 1 and t.names.tf is not None and len(call.args) <= 2
        stack, dtype = f"{t.names.tf}.stack({name})", argument(call, 1, "dtype")
        return cst.parse_expression(stack if dtype is None else f"{_cast_of(t.names)}({stack}, {t.code.text(dtype.value)})")

    def _touches(self, node: cst.CSTNode) -> bool:
        return bool(names_in(node) & self.t.arrays) or any(c in self.t.translated for c in self.t.code.all(cst.Call, node))

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
        written = sum_of_steps(t.code, t.names, call, t.arrays) if is_table(call, name) else spectrum(t.code, t.names, call, name)
        if written is not None:
            self.changed = True
            t.functions.append(written[1])
            return cst.parse_expression(written[0])
        if name == "random.normal" and t.names.tf is not None and 2 <= len(call.args) <= 3:
            return self._drawn(call)
        found = counterpart(name, t.names.tf, t.names.ops, t.keras)
        if found is None or (name in REDUCING and not _is_plain(call)):
            t.possible = False
            return call
        self.changed = True
        t.functions.append(found)
        new = call.with_changes(func=cst.parse_expression(found))
        if name in FLATTENING:
            return new if t.keras else new.with_changes(args=[new.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT), cst.Arg(cst.parse_expression("[-1]"))])
        if name in CONVERTS:
            kept = [a for a in new.args if a.keyword is None or a.keyword.value == "dtype"]
            if len(kept) == 2 and not t.keras:
                # `tf.cast` takes what is of another dtype, `convert_to_tensor` does not.
                return new.with_changes(func=cst.parse_expression(f"{t.names.tf}.cast"), args=kept)
            return new.with_changes(args=kept)
        if found.endswith(".tensordot"):
            return new.with_changes(args=[*[a.with_changes(comma=cst.MaybeSentinel.DEFAULT) for a in new.args], keyword("axes", cst.Integer("1"))])
        return new

    def _drawn(self, call: cst.Call) -> cst.BaseExpression:
        """`np.random.normal(mean, spread)` with the noise drawn apart, so that mean and spread have a gradient (Kingma and Welling, 2013: Auto-Encoding Variational Bayes)."""
        t, tf = self.t, self.t.names.tf
        mean, spread = argument(call, 0, "loc"), argument(call, 1, "scale")
        size = argument(call, 2, "size")
        if mean is None or spread is None or len(call.args) != 2 + (size is not None):
            t.possible = False
            return call
        self.changed = True
        t.functions.append(f"{tf}.random.normal")
        shape = t.code.text(size.value) if size is not None else f"{tf}.shape({t.code.text(mean.value)})"
        if size is not None and (isinstance(meant(t.code, size.value)[0], cst.Integer) or (isinstance(size.value, cst.Call) and last_name(size.value.func) == "len")):
            # TensorFlow wants a shape where NumPy takes a number as well.
            shape = f"({shape},)"
        return cst.parse_expression(f"{atom(t.code.text(mean.value))} + {atom(t.code.text(spread.value))} * {tf}.random.normal({shape})")

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
