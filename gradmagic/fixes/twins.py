"""A layer or network that is made beside another one of its kind and never called, while that one is called twice."""

from __future__ import annotations

import re

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, dotted, fix, last_name
from gradmagic.fixes.flow import pairs_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

NOT_MADE = ("Variable", "add_weight", "Input", "constant", "convert_to_tensor")


def second_of_two(recording: Recording) -> tuple[Fix, ...]:
    """`u = self.user_tower(users)` and `v = self.user_tower(items)` beside a `self.item_tower` that no line calls: `v = self.item_tower(items)`."""
    ran = {(op.span.cell, line) for op in recording.ops if op.phase == "forward" and op.span is not None for line in range(op.span.line, op.span.end_line + 1)}
    made: dict[str, tuple[str, cst.ClassDef | None]] = {}
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            for target, value in pairs_of(assign):
                if isinstance(value, cst.Call) and last_name(value.func) not in NOT_MADE and dotted(target):
                    made.setdefault(dotted(target), (code.text(value.func), code.enclosing(assign, cst.ClassDef)))
    used: dict[str, list[tuple[Code, cst.Call]]] = {}
    handed: set[str] = set()
    for code in cells(recording):
        for call in code.all(cst.Call):
            used.setdefault(dotted(call.func), []).append((code, call))
            # In a list of layers, or as an argument, it may be called by another name.
            handed |= {dotted(a.value) for a in call.args}
        handed |= {dotted(e.value) for e in code.all(cst.Element) if code.enclosing(e, cst.AssignTarget) is None} | {dotted(e.value) for e in code.all(cst.DictElement)}
    found = []
    for name in made:
        if name in used or name in handed:
            continue
        for twin, maker in made.items():
            calls = used.get(twin, [])
            inside = {code.scope(call) for code, call in calls}
            if twin == name or maker != made[name] or len(calls) != 2 or len(inside) != 1 or name.rpartition(".")[0] != twin.rpartition(".")[0] or twin in handed:
                continue
            if all(call.args and (code.cell, code.start(call)[0]) in ran for code, call in calls):
                found.append((calls[0][0], name, twin, [c for _, c in calls]))
    if len(found) != 1:
        return ()
    code, name, twin, both = found[0]
    meant = [_alike(name, twin, code.text(c.args[0].value)) for c in both]
    call = both[0] if meant[0] > meant[1] else both[1]
    return fix(f"call `{name}` here, which is never called", "unsafe", (code, Change().replace(call.func, code.expression(name))))


def _alike(name: str, twin: str, argument: str) -> int:
    """How much an argument is called like one of two names and not like the other: `items` for `item_tower` beside `user_tower`."""
    own, other = (set(re.split(r"[_.\W]+", n.lower())) - {"", "self"} for n in (name, twin))
    words = set(re.split(r"[_.\W]+", argument.lower())) - {"", "self"}

    def near(parts: set[str]) -> int:
        return sum(len(p) > 2 and (w.startswith(p) or p.startswith(w)) and len(w) > 2 for p in parts for w in words)

    return near(own - other) - near(other - own)
