"""Where the value of an expression goes: by names, through the functions of the user's that return it or are handed it."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable

import libcst as cst

from gradmagic.fixes.code import Code, cells, dotted, last_name, parameters_of
from gradmagic.fixes.flow import assigned, assignments_of, pairs_of, reads_of, targets_of
from gradmagic.recording import Recording

Use = tuple[Code, cst.BaseExpression]
MOST = 60
CALLED = ("__call__", "call")
BY_KERAS = ("fit", "evaluate", "predict", "compile", "train_on_batch", "test_on_batch", "predict_on_batch")


class Carried:
    """The last places at which a value is read, `ends`; None of them where it is not sure that they are all.

    `ends_here` says of a place whether the value is to be followed no further.
    """

    def __init__(self, recording: Recording, starts: list[Use], ends_here: Callable[[Code, cst.BaseExpression], bool]) -> None:
        self.codes, self.ends_here = cells(recording), ends_here
        self._seen: set[cst.CSTNode] = set()
        self._handed: dict[tuple[cst.FunctionDef, str], set[cst.CSTNode]] = {}
        found: list[Use] = []
        whole = all(self._follow(*start, found) for start in starts)
        self.ends = found if whole and all(self._by_all(function, given) for (function, _), given in self._handed.items()) else None

    def _follow(self, code: Code, node: cst.BaseExpression, found: list[Use]) -> bool:
        if node in self._seen:
            return True
        self._seen.add(node)
        if len(self._seen) > MOST:
            return False
        parent = code.parent(node)
        if self.ends_here(code, node):
            found.append((code, node))
            return True
        if isinstance(parent, cst.Assign):
            return self._named(code, parent, found)
        if isinstance(parent, cst.Return):
            return self._returned(code, parent, found)
        call = code.parent(parent) if isinstance(parent, cst.Arg) else None
        if isinstance(parent, cst.Arg) and isinstance(call, cst.Call) and self._function(call) is not None:
            return self._handed_on(call, parent, found)
        if isinstance(parent, (cst.Tuple, cst.List, cst.Dict, cst.Element, cst.DictElement, cst.Lambda, cst.StarredElement, cst.Yield)):
            return False
        found.append((code, node))
        return True

    def _named(self, code: Code, assign: cst.Assign, found: list[Use]) -> bool:
        target = assign.targets[0].target
        if len(assign.targets) != 1 or not isinstance(target, cst.Name):
            return False
        name, scope = target.value, code.scope(assign)
        if scope is not code.module:
            return self._alone(code, name, scope) and all(self._follow(code, read, found) for read in reads_of(code, name, scope))
        makers = [c for c in self.codes for a in assignments_of(c, name) if c.scope(a) is c.module]
        if len(makers) != 1 or not self._alone(code, name, scope):
            return False
        return all(self._follow(c, read, found) for c in self.codes for read in reads_of(c, name, c.module) if not _is_local(c, read, name))

    def _alone(self, code: Code, name: str, scope: cst.CSTNode) -> bool:
        """Whether a name is stored at one place of a scope only."""
        stores = [t for kind in (cst.AssignTarget, cst.AugAssign, cst.AnnAssign, cst.NamedExpr, cst.For, cst.CompFor) for t in code.all(kind, scope)]
        return sum(name in targets_of(t.target) and code.scope(t) is scope for t in stores) == 1  # type: ignore[attr-defined]

    def _returned(self, code: Code, line: cst.Return, found: list[Use]) -> bool:
        function = code.function(line)
        if function is None or sum(code.function(r) is function for r in code.all(cst.Return, function)) != 1:
            return False
        owner = code.enclosing(function, cst.ClassDef)
        if owner is not None and function.name.value in CALLED:
            objects = self._of_objects(owner)
            return bool(objects) and all(self._follow(c, call, found) for c, call in objects)
        if len(self._functions[function.name.value]) != 1:
            return False
        calls = self._calls[function.name.value]
        # A function that is handed to something is called there.
        return bool(calls) and len(calls) == self._mentions[function.name.value] and all(self._follow(c, call, found) for c, call in calls)

    def _of_objects(self, owner: cst.ClassDef) -> list[tuple[Code, cst.Call]]:
        """The calls of the objects of a class, by their names and those of the parameters that they are handed to; none where Keras may call them too."""
        names = {dotted(t) for c in self.codes for a in c.all(cst.Assign) for t, v in pairs_of(a) if isinstance(v, cst.Call) and last_name(v.func) == owner.name.value} - {""}
        calls = [(c, call) for c in self.codes for call in c.all(cst.Call)]
        for _ in range(3):
            for _, call in calls:
                function = self._function(call)
                parameters = parameters_of(function[1]) if function is not None else []
                names |= {parameters[i] for i, a in enumerate(call.args) if dotted(a.value) in names and a.keyword is None and i < len(parameters)}
        if any(isinstance(call.func, cst.Attribute) and dotted(call.func.value) in names and call.func.attr.value in BY_KERAS for _, call in calls):
            return []
        return [(c, call) for c, call in calls if dotted(call.func) in names]

    def _handed_on(self, call: cst.Call, arg: cst.Arg, found: list[Use]) -> bool:
        where = self._function(call)
        if where is None or any(a.star for a in call.args):
            return False
        code, function = where
        parameters, position = parameters_of(function), list(call.args).index(arg)
        name = arg.keyword.value if arg.keyword is not None else parameters[position] if position < len(parameters) else None
        if name is None or name not in parameters or name in assigned(function.body):
            return False
        self._handed.setdefault((function, name), set()).add(call)
        return all(self._follow(code, read, found) for read in reads_of(code, name, function.body))

    def _by_all(self, function: cst.FunctionDef, given: set[cst.CSTNode]) -> bool:
        """Whether every call of a function hands the value on, and nothing else may call it."""
        calls = self._calls[function.name.value]
        return all(call in given for _, call in calls) and len(calls) == self._mentions[function.name.value]

    def _function(self, call: cst.Call) -> tuple[Code, cst.FunctionDef] | None:
        found = self._functions[last_name(call.func)]
        plain = isinstance(call.func, cst.Name) or (isinstance(call.func, cst.Attribute) and isinstance(call.func.value, cst.Name) and call.func.value.value == "self")
        return found[0] if len(found) == 1 and plain else None

    @functools.cached_property
    def _functions(self) -> dict[str, list[tuple[Code, cst.FunctionDef]]]:
        found = collections.defaultdict(list)
        for code in self.codes:
            for function in code.all(cst.FunctionDef):
                found[function.name.value].append((code, function))
        return found

    @functools.cached_property
    def _calls(self) -> dict[str, list[tuple[Code, cst.Call]]]:
        found = collections.defaultdict(list)
        for code in self.codes:
            for call in code.all(cst.Call):
                found[last_name(call.func)].append((code, call))
        return found

    @functools.cached_property
    def _mentions(self) -> collections.Counter[str]:
        """How often a name is read, as a name or as an attribute."""
        skipped: set[cst.CSTNode | None] = {f.name for c in self.codes for f in c.all(cst.FunctionDef)}
        skipped |= {a.keyword for c in self.codes for a in c.all(cst.Arg)}
        return collections.Counter(n.value for c in self.codes for n in c.all(cst.Name) if n not in skipped)


def _is_local(code: Code, read: cst.Name, name: str) -> bool:
    """Whether a name means another thing here than in the cell: a parameter, or a name of the function's own."""
    functions = [f for f in code.around(read) if isinstance(f, cst.FunctionDef)]
    return any(name in assigned(f.body) or any(p.name.value == name for p in code.all(cst.Param, f)) for f in functions)
