"""Tensors that an object, a name or a closure keeps from before the tape was opened: computed anew where they are read."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import at_its_beginning, substituted, tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, cells, code_at, fix, last_name, names_in, same
from gradmagic.fixes.flow import DRAWN, assigned, assignments_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

WEIGHTS = ("add_weight", "Variable")
# What a list can be given to any number of times.
PLAIN = ("len", "list", "tuple", "zip")
NO_VALUES = ("Variable", "add_weight", "numpy", "GradientTape", "append", "SGD", "Adam", "compile")


def as_property(recording: Recording, place: Place, *, alone: bool = False) -> tuple[Fix, ...]:
    """`self.scale = tf.exp(log_scale)` of `__init__` → a property that computes it anew whenever it is read.

    What it is computed from becomes one too, unless it is asked for `alone`.
    """
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    return _property(code, statement, alone) if code is not None and isinstance(statement, cst.SimpleStatementLine) else ()


def made_from(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """What an earlier cell computed from a source that nothing reads under the tape: by the class of an object that it was handed to, else by a line of its own."""
    names = {run.sources[i].name for i in sources if run.sources[i].name.isidentifier()}
    found = tape_block(recording, run)
    read = _read_by(recording, found[1]) if found is not None and found[0].function(found[1]) is None else None
    fixes: tuple[Fix, ...] = ()
    for code in cells(recording):
        for call in code.all(cst.Call):
            statement = code.statement(call) if names & names_in(call) and code.function(call) is None else None
            if statement is None or (read is not None and not assigned(statement) & read):
                continue
            for name in sorted(names):
                made = _kept_of(recording, code, call, name)
                fixes = fixes or (_property(*made) if made is not None else ())
    return (*fixes, *_line_again(recording, run, names))


def _read_by(recording: Recording, block: cst.With) -> set[str]:
    """The names that a block, and the functions that it calls by name, mention."""
    names = set(names_in(block.body))
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            if function.name.value in names:
                names |= names_in(function.body)
    return names


def _kept_of(recording: Recording, code: Code, call: cst.Call, name: str) -> tuple[Code, cst.SimpleStatementLine] | None:
    """The statement of a class's `__init__` that computes something from the argument of this name."""
    handed = [(i, a) for i, a in enumerate(call.args) if isinstance(a.value, cst.Name) and a.value.value == name and not a.star]
    if not handed or not isinstance(call.func, cst.Name):
        return None
    for other in cells(recording):
        for owner in other.all(cst.ClassDef):
            first = next((f for f in other.all(cst.FunctionDef, owner) if f.name.value == "__init__"), None) if owner.name.value == call.func.value else None
            if first is None:
                continue
            position, arg = handed[0]
            parameters = [p.name.value for p in first.params.params][1:]
            parameter = arg.keyword.value if arg.keyword is not None else parameters[position] if position < len(parameters) else None
            for statement in other.all(cst.SimpleStatementLine, first):
                assign = statement.body[0]
                if isinstance(assign, cst.Assign) and parameter in names_in(assign.value) and not isinstance(assign.value, (cst.Name, cst.List, cst.Tuple, cst.Dict)):
                    return other, statement
    return None


def _property(code: Code, statement: cst.SimpleStatementLine, alone: bool = False) -> tuple[Fix, ...]:
    function = code.function(statement)
    owner = code.enclosing(function, cst.ClassDef) if function is not None else None
    if owner is None or function is None or function.name.value != "__init__" or code.parent(statement) is not function.body:
        return ()
    self_ = function.params.params[0].name.value if function.params.params else ""
    first = _attribute(statement, self_)
    if first is None:
        return ()
    wanted, chosen = {first}, [statement]
    if not alone:
        _upstream(code, function, self_, wanted, chosen)
    # What is computed from a property has to be one too.
    for step in function.body.body:
        name = _attribute(step, self_) if isinstance(step, cst.SimpleStatementLine) and step is not statement else None
        if name is None or name in wanted or not isinstance(step, cst.SimpleStatementLine) or not isinstance(step.body[0], cst.Assign):
            continue
        if any(isinstance(n.value, cst.Name) and n.value.value == self_ and n.attr.value in wanted for n in code.all(cst.Attribute, step.body[0].value)):
            if alone and any(last_name(c.func) not in PLAIN for c in code.all(cst.Call, step)):
                return ()
            wanted.add(name)
            chosen.append(step)
    stores = [t.target for a in code.all(cst.Assign, owner) for t in a.targets if isinstance(t.target, cst.Attribute) and t.target.attr.value in wanted]
    stores += [a.target for a in code.all(cst.AugAssign, owner) if isinstance(a.target, cst.Attribute) and a.target.attr.value in wanted]
    if len(stores) != len(chosen) or any(last_name(c.func) in (*NO_VALUES, *DRAWN) for s in chosen for c in code.all(cst.Call, s)):
        return ()
    kept = {v.value: a.attr.value for s in code.all(cst.Assign, function) for a, v in [(s.targets[0].target, s.value)] if isinstance(a, cst.Attribute) and isinstance(v, cst.Name)}
    parameters = {p.name.value for p in (*function.params.params[1:], *function.params.kwonly_params)}
    change, methods, new = Change(), list[cst.CSTNode](), dict[str, str]()
    for step in chosen:
        assign = step.body[0]
        assert isinstance(assign, cst.Assign)
        value = without_locals(code, function, assign.value, parameters)
        if value is None:
            return ()
        needed = names_in(value) & parameters
        for name in sorted(needed - set(kept) - set(new)):
            new[name] = name
            change.insert_before(step, code.line(f"{self_}.{name} = {name}"))
        text = substituted(code, value, {n: f"{self_}.{kept.get(n, n)}" for n in needed})
        name = _attribute(step, self_)
        methods.append(code.line(f"@property\ndef {name}({self_}):\n    return {text}").with_changes(leading_lines=[cst.EmptyLine(indent=False)]))
        change.remove(step)
    if set(new) & wanted:
        return ()
    change.insert_after(function, *methods)
    return fix(f"compute `{first}` anew whenever it is read, as a property", "safe", (code, change))


def _upstream(code: Code, function: cst.FunctionDef, self_: str, wanted: set[str], chosen: list[cst.SimpleStatementLine]) -> None:
    """The attributes that a chosen one is computed from, where they are computed themselves."""
    computed = {n: s for s in function.body.body if isinstance(s, cst.SimpleStatementLine) and (n := _attribute(s, self_)) is not None}
    waiting = list(chosen)
    while waiting:
        for node in code.all(cst.Attribute, waiting.pop()):
            step = computed.get(node.attr.value) if isinstance(node.value, cst.Name) and node.value.value == self_ and node.attr.value not in wanted else None
            value = step.body[0].value if step is not None and isinstance(step.body[0], cst.Assign) else None
            makes = isinstance(value, cst.Call) and (last_name(value.func)[:1].isupper() or last_name(value.func) in NO_VALUES)
            if step is not None and isinstance(value, (cst.Call, cst.BinaryOperation, cst.UnaryOperation)) and not makes:
                wanted.add(node.attr.value)
                chosen.append(step)
                waiting.append(step)


def without_locals(code: Code, function: cst.FunctionDef, value: cst.BaseExpression, parameters: set[str], depth: int = 0) -> cst.BaseExpression | None:
    """A value with the local names of its function written out; None where one of them is not a plain computation."""
    local = (names_in(value) & assigned(function.body)) - parameters
    if not local:
        return value
    values = {}
    for name in local:
        made = assignments_of(code, name, function)
        if depth > 3 or len(made) != 1 or code.enclosing(made[0], cst.IndentedBlock) is not function.body:
            return None
        inner = without_locals(code, function, made[0].value, parameters, depth + 1)
        if inner is None:
            return None
        values[name] = atom(code.text(inner))
    return code.expression(substituted(code, value, values))


def _attribute(statement: cst.CSTNode, self_: str) -> str | None:
    """`a` of a line `self.a = …` with nothing else on it."""
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    return target.attr.value if isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name) and target.value.value == self_ else None


def _line_again(recording: Recording, run: GradientRun, names: set[str]) -> tuple[Fix, ...]:
    """A line of an earlier cell that computes what the block of the tape reads by name, repeated under the tape."""
    found = tape_block(recording, run)
    if found is None or not names:
        return ()
    code, block, _ = found
    for other in cells(recording):
        for statement in other.all(cst.SimpleStatementLine):
            assign = statement.body[0]
            if not isinstance(assign, cst.Assign) or len(statement.body) > 1 or other.function(statement) is not None or other.cell == code.cell:
                continue
            computes = isinstance(assign.value, (cst.BinaryOperation, cst.UnaryOperation, cst.Subscript)) or (isinstance(assign.value, cst.Call) and not last_name(assign.value.func)[:1].isupper())
            calls = {last_name(c.func) for c in other.all(cst.Call, statement)}
            if not computes or not names_in(assign.value) & names or calls & {*NO_VALUES, "float", "int", "stop_gradient"}:
                continue
            if assigned(statement) & names_in(block.body):
                change = at_its_beginning(code, block, statement.with_changes(leading_lines=[]))
                return fix("run this line under the tape", "unsafe", (code, change))
            found_in = _reader(recording, block, assigned(statement))
            if found_in is not None:
                change = Change().insert_before(found_in[1].body.body[0], statement.with_changes(leading_lines=[]))
                return fix(f"run this line in `{found_in[1].name.value}`, which the tape records", "unsafe", (found_in[0], change))
    return ()


def _reader(recording: Recording, block: cst.With, names: set[str]) -> tuple[Code, cst.FunctionDef] | None:
    """The one function that a block calls and that reads a name of the notebook's."""
    called = names_in(block.body)
    found = []
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            own = {p.name.value for p in function.params.params} | assigned(function.body)
            if function.name.value in called and code.function(function) is None and names_in(function.body) & names and not own & names:
                found.append((code, function))
    return found[0] if len(found) == 1 else None


def as_local(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`self.w = f(self.w)` in a method, where `self.w` is a weight: the new value gets a name of its own, and the weight keeps its."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    function = code.function(statement) if code is not None and statement is not None else None
    owner = code.enclosing(function, cst.ClassDef) if code is not None and function is not None else None
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if code is None or function is None or owner is None or not isinstance(assign, cst.Assign) or len(assign.targets) != 1:
        return ()
    target = assign.targets[0].target
    made = [a.value for a in code.all(cst.Assign, owner) for t in a.targets if same(t.target, target) and a is not assign]
    weight = any(isinstance(v, cst.Call) and last_name(v.func) in WEIGHTS for v in made)
    if not isinstance(target, cst.Attribute) or not weight or not any(same(n, target) for n in code.all(cst.Attribute, assign.value)):
        return ()
    name = target.attr.value.lstrip("_")
    later = [n for n in code.all(cst.Attribute, function) if same(n, target) and n is not target and code.start(n) > code.end(assign)]
    # What no line of the method reads, another method does.
    if not later or name in names_in(function.body) | {p.name.value for p in function.params.params}:
        return ()
    change = Change().replace(target, cst.Name(name))
    for node in later:
        change.replace(node, cst.Name(name))
    return fix(f"give the new value a name of its own, and leave `{code.text(target)}` the weight", "safe", (code, change))
