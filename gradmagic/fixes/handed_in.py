"""A word, a flag or a key that a traced function looked up once: handed to it as an argument, for which it is traced anew."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import assigned
from gradmagic.recording import Recording, StaleRead
from gradmagic.report import Fix

CALLED_BY_KERAS = ("train_step", "test_step", "predict_step", "call", "__call__", "compute_loss")


def as_argument(recording: Recording, place: Place, read: StaleRead) -> tuple[Fix, ...]:
    """`self.task` in a traced method → a parameter `task`, and `trainer.task` in every call of it."""
    code = code_at(recording, place)
    found = [] if code is None or place is None else [n for n in code.expressions_at(place) if dotted(n) == read.expression]
    function = code.function(found[0]) if code is not None and found else None
    if code is None or function is None or function.name.value != read.function.rpartition(".")[2] or function.name.value in CALLED_BY_KERAS or not _is_choice(code, function, read):
        return ()
    name, method = last_name(found[0]), code.enclosing(function, cst.ClassDef, cst.FunctionDef)
    owner = read.expression.rpartition(".")[0]
    first = function.params.params[0].name.value if function.params.params else ""
    if isinstance(method, cst.FunctionDef) or (owner and (owner != first or not isinstance(method, cst.ClassDef))) or name in _own_names(function) or _is_assigned(code, function, read.expression):
        return ()
    if _is_read_further_in(recording, code, function, read.expression):
        return ()
    calls = _calls(recording, function.name.value)
    plain = not function.params.star_kwarg and isinstance(function.params.star_arg, cst.MaybeSentinel) and not function.params.kwonly_params and all(p.default is None for p in function.params.params)
    if not calls or any(a.star for _, call in calls for a in call.args):
        return ()
    changes: dict[int, tuple[Code, Change]] = {id(code): (code, Change())}
    for other, call in calls:
        value = name
        if owner:
            if not isinstance(call.func, cst.Attribute) or not dotted(call.func.value):
                return ()
            value = f"{dotted(call.func.value)}.{name}"
        elif other.function(call) is function or name in _own_names(other.function(call)):
            return ()
        positional = plain and all(a.keyword is None for a in call.args)
        arg = cst.Arg(other.expression(value)) if positional else keyword(name, other.expression(value))
        changes.setdefault(id(other), (other, Change()))[1].replace(call, _Longer(arg))
    change = changes[id(code)][1]
    for node in code.all(type(found[0]), function.body) if owner else ():
        if dotted(node) == read.expression:
            change.replace(node, cst.Name(name))
    change.replace(function.params, _with_parameter(function.params, name, plain))
    return fix(f"hand `{name}` to `{function.name.value}`, which is traced anew for another one", "safe", *changes.values())


class _Longer:
    """A call with an argument more; its other arguments may have changed by then."""

    def __init__(self, arg: cst.Arg) -> None:
        self.arg = arg

    def __call__(self, call: cst.CSTNode) -> cst.CSTNode:
        assert isinstance(call, cst.Call)
        args = list(call.args)
        if args and isinstance(args[-1].comma, cst.MaybeSentinel):
            args[-1] = args[-1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        return call.with_changes(args=[*args, self.arg])


def _with_parameter(params: cst.Parameters, name: str, plain: bool) -> cst.Parameters:
    if plain:
        return params.with_changes(params=[*params.params, cst.Param(cst.Name(name))])
    star = params.star_arg if not isinstance(params.star_arg, cst.MaybeSentinel) else cst.ParamStar()
    return params.with_changes(star_arg=star, kwonly_params=[*params.kwonly_params, cst.Param(cst.Name(name))])


def _is_choice(code: Code, function: cst.FunctionDef, read: StaleRead) -> bool:
    """Whether a value says which way to go, and is no number to compute with: a word, a flag, a key, or what is compared for equality."""
    if isinstance(read.traced, (str, bool)) or isinstance(read.now, (str, bool)):
        return True
    if not isinstance(read.traced, int):
        return False
    for node in (*code.all(cst.Attribute, function.body), *code.all(cst.Name, function.body)):
        parent = code.parent(node) if dotted(node) == read.expression else None
        if isinstance(parent, cst.Index):
            return True
        if isinstance(parent, cst.Comparison) and all(isinstance(c.operator, (cst.Equal, cst.NotEqual, cst.In, cst.NotIn)) for c in parent.comparisons):
            return True
    return False


def _is_read_further_in(recording: Recording, code: Code, function: cst.FunctionDef, expression: str) -> bool:
    """Whether a function that is called from here reads the same."""
    called = {last_name(c.func) for c in code.all(cst.Call, function.body)} - {""}
    others = [(c, f) for c in cells(recording) for f in c.all(cst.FunctionDef) if f is not function and f.name.value in called]
    return any(dotted(n) == expression for c, f in others for n in (*c.all(cst.Attribute, f.body), *c.all(cst.Name, f.body)))


def _is_assigned(code: Code, function: cst.FunctionDef, expression: str) -> bool:
    targets = [t.target for a in code.all(cst.Assign, function.body) for t in a.targets] + [a.target for a in code.all(cst.AugAssign, function.body)]
    return any(dotted(t) == expression for t in targets)


def _own_names(function: cst.FunctionDef | None) -> set[str]:
    """The names that a function has for itself."""
    return set() if function is None else assigned(function.body) | {p.name.value for p in (*function.params.params, *function.params.kwonly_params, *function.params.posonly_params)}


def _calls(recording: Recording, name: str) -> list[tuple[Code, cst.Call]]:
    """Every call of a function, also by a name that `tf.function` gave it; none where it is handed on, or where its arguments are written down."""
    known = cells(recording)
    names, seen = {name}, set[cst.CSTNode]()
    for code in known:
        for call in code.all(cst.Call):
            if last_name(call.func) == "function":
                wrapped = call.args and last_name(call.args[0].value) == name
                if any(a.keyword is not None and a.keyword.value == "input_signature" for a in call.args):
                    return []
                assign = code.enclosing(call, cst.Assign)
                if wrapped and (assign is None or assign.value is not call or not last_name(assign.targets[0].target)):
                    return []
                if wrapped and assign is not None:
                    names.add(last_name(assign.targets[0].target))
                    seen |= {call.args[0].value, assign.targets[0].target}
    found = []
    for code in known:
        for call in code.all(cst.Call):
            if last_name(call.func) in names:
                found.append((code, call))
                seen.add(call.func)
        for node in (*code.all(cst.Attribute), *code.all(cst.Name)):
            parent = code.parent(node)
            if last_name(node) in names and node not in seen and not isinstance(parent, (cst.FunctionDef, cst.Attribute, cst.Arg)):
                return []
            if last_name(node) in names and node not in seen and isinstance(parent, (cst.Arg, cst.Attribute)) and (getattr(parent, "value", None) is node):
                return []
    return found
