"""A layer that a class makes where it calls it: with new weights each time, and where Keras does not look."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, fix, last_name, names_in
from gradmagic.fixes.flow import assigned, assignments_of
from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.names import new_name
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix
from gradmagic.syntax import snake

SETTING_UP = ("__init__", "build")


@dataclasses.dataclass(frozen=True)
class Made:
    """A call that makes a layer in a method of a class, and the method."""

    code: Code
    call: cst.Call
    method: cst.FunctionDef
    owner: cst.ClassDef


def made_in_call(recording: Recording, op: Op | None) -> Made | None:
    """Where a method other than `__init__` and `build` makes the layer of an op."""
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    found = layer_of(recording, op) if layer is not None and layer.made_at is not None else None
    if found is None:
        return None
    code, call = found
    method, owner = code.function(call), code.enclosing(call, cst.ClassDef)
    inside = method is not None and owner is not None and code.parent(method) is owner.body
    return Made(code, call, method, owner) if inside and method is not None and owner is not None and method.name.value not in SETTING_UP else None


def made_beforehand(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`Dense(self.units)(x)` in `call` → `self.dense = Dense(self.units)` in `__init__` and `self.dense(x)`, with all others of the method that have weights."""
    first = made_in_call(recording, op)
    if first is None:
        return ()
    calls = {id(first.call): first.call}
    for key in sorted(recording.untracked):
        for user in recording.consumers.get(key, ()):
            other = made_in_call(recording, user)
            if other is not None and other.method is first.method:
                calls[id(other.call)] = other.call
    start = next((f for f in first.code.all(cst.FunctionDef, first.owner) if f.name.value == "__init__" and first.code.parent(f) is first.owner.body), None)
    mine = [f.params.params[0].name.value if f.params.params else "" for f in (start, first.method) if f is not None]
    if not mine[0] or len(set(mine)) != 1 or (start is None and not first.owner.bases) or any(not is_known_before(recording, first, call, mine[0]) for call in calls.values()):
        return ()
    code, change, given, lines = first.code, Change(), set[str](), list[str]()
    for call in sorted(calls.values(), key=code.start):
        assign = code.parent(call)
        local = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
        wanted = local.value if isinstance(local, cst.Name) else snake(last_name(call.func))
        name = free_attribute(first, wanted, given)
        given.add(name)
        lines.append(f"{mine[0]}.{name} = {code.bare(call)}")
        change.replace(call, code.expression(f"{mine[0]}.{name}"))
    if start is not None:
        change.insert_after(start.body.body[-1], *(code.line(line) for line in lines))
    else:
        body = "".join(f"\n    {line}" for line in lines)
        # Keras' own take no more than names; another class may be made with what it has no name for.
        given_on = "**kwargs" if all(last_name(b.value) in ("Layer", "Model") for b in first.owner.bases) else "*args, **kwargs"
        written = code.line(f"def __init__({mine[0]}, {given_on}):\n    super().__init__({given_on}){body}")
        assert isinstance(written, cst.FunctionDef)
        # A method has a blank line above.
        change.insert_before(first.method, written.with_deep_changes(written.body, footer=[cst.EmptyLine(indent=False)]))
    many = len(calls) > 1
    return fix(f"make the layer{'s' if many else ''} once, in `__init__`, where Keras finds {'them' if many else 'it'}", "unsafe", (code, change))


def free_attribute(made: Made, wanted: str, given: set[str]) -> str:
    """A name for an attribute that neither the class nor what is given in the same edit has."""
    taken = given | {a.attr.value for a in made.code.all(cst.Attribute, made.owner)} | {f.name.value for f in made.code.all(cst.FunctionDef, made.owner)}
    if wanted not in taken:
        return wanted
    return next(n for i in range(2, 1000) if (n := new_name(made.code, f"{wanted}_{i}")) not in taken)


def is_known_before(recording: Recording, made: Made, call: cst.Call, mine: str) -> bool:
    """Whether a layer is made of what `__init__` knows at its end, and just one of it where the method runs."""
    code = made.code
    for around in code.around(call):
        if around is made.method:
            break
        if isinstance(around, (cst.For, cst.While, cst.Lambda, cst.BaseComp)):
            return False
    local = {p.name.value for p in (*made.method.params.params, *made.method.params.kwonly_params)} | assigned(made.method.body)
    if names_in(call) & (local - {mine}):
        return False
    attributes = {a.attr.value for a in code.all(cst.Attribute, call) if isinstance(a.value, cst.Name) and a.value.value == mine}
    for function in code.all(cst.FunctionDef, made.owner):
        stored = {t.target.attr.value for a in code.all(cst.Assign, function) for t in a.targets if isinstance(t.target, cst.Attribute)}
        if function.name.value != "__init__" and stored & attributes:
            return False
    used = names_in(call) - {mine}
    # What a later cell gives a value is not there yet when an object is made, or is another value then.
    return all(len(assignments_of(c, n, c.module)) <= 1 for c in cells(recording) for n in used)
