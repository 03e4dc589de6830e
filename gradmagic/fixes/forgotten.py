"""Layers and weights that were made and then left out of the forward pass."""

from __future__ import annotations

import re

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

FORWARD = ("call", "__call__", "forward", "encode", "predict")
Shape = tuple[int | None, ...]


def used_after_all(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """A layer of a class that its `call` leaves out, between its neighbours; a bias added where its matrix multiplies."""
    shapes = {i: run.sources[i].shape for i in sources}
    if all(s is not None and len(s) == 1 for s in shapes.values()):
        return _bias(recording, run, sources[0], shapes[sources[0]]) or _layer(recording, run, sources)
    return _layer(recording, run, sources) or (_square(recording) if all(s is not None and len(s) == 2 and s[0] == s[1] for s in shapes.values()) else ())


def _square(recording: Recording) -> tuple[Fix, ...]:
    """A square weight that no method reads, beside a line that gives the input another name: that line was to be their product."""
    names = names_of(recording)
    for code in cells(recording):
        for name in sorted(_attribute_of(code)):
            for assign in code.all(cst.Assign):
                function, value, target = code.function(assign), assign.value, assign.targets[0].target
                owner = code.enclosing(assign, cst.ClassDef)
                if function is None or owner is None or function.name.value not in FORWARD or not isinstance(value, cst.Name) or not isinstance(target, cst.Name):
                    continue
                matmul = names.function("matmul", next((c.func for c in code.all(cst.Call, function)), None))
                if matmul is not None and value.value in {p.name.value for p in function.params.params} and name in code.text(owner):
                    return fix(f"multiply by `{name}`", "unsafe", (code, Change().replace(value, code.expression(f"{matmul}({name}, {value.value})"))))
    return ()


def _layer(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    made_by = {v.holders[-1] for i in sources if (v := recording.variables.get(run.sources[i].id)) is not None and v.holders}
    made_by |= {m.group(1) for i in sources if (v := recording.variables.get(run.sources[i].id)) is not None for n in v.names if (m := re.search(r"\.(\w+)(?:\.[\w]+)$", n))}
    ran = {(op.span.cell, op.span.function) for op in recording.ops if op.span is not None}
    for code in cells(recording):
        for owner in code.all(cst.ClassDef):
            order = _attributes(code, owner)
            call = next((f for f in code.all(cst.FunctionDef, owner) if f.name.value in FORWARD), None)
            used = [] if call is None else [c for c in code.all(cst.Call, call) if isinstance(c.func, cst.Attribute) and isinstance(c.func.value, cst.Name) and c.func.value.value == "self" and c.args]
            mentioned = set() if call is None else {a.attr.value for a in code.all(cst.Attribute, call)}
            missing = [n for n in order if n not in mentioned and (not made_by or n in made_by)]
            if call is None or len(missing) != 1 or (not made_by and len(order) < 2) or (code.cell, call.name.value) not in ran:
                continue
            name, at = missing[0], order.index(missing[0])
            calls = {n: [c for c in used if last_name(c.func) == n] for n in order}
            before, after = order[at - 1] if at else None, order[at + 1] if at + 1 < len(order) else None
            if before is not None and len(calls[before]) == 1:
                old = calls[before][0]
                new, title = f"self.{name}({code.text(old)})", f"use `self.{name}` behind `self.{before}`"
                return fix(title, "unsafe", (code, Change().replace(old, code.expression(new))))
            if after is not None and len(calls[after]) == 1:
                inner = calls[after][0].args[0].value
                new, title = f"self.{name}({code.text(inner)})", f"use `self.{name}` in front of `self.{after}`"
                return fix(title, "unsafe", (code, Change().replace(inner, code.expression(new))))
    return ()


def _attributes(code: Code, owner: cst.ClassDef) -> list[str]:
    """The attributes that are layers by the way they are made in `__init__`, in order."""
    found = []
    for function in code.all(cst.FunctionDef, owner):
        for assign in code.all(cst.Assign, function) if function.name.value == "__init__" else ():
            found += [
                t.attr.value
                for t, v in pairs_of(assign)
                if isinstance(t, cst.Attribute) and isinstance(v, cst.Call) and last_name(v.func)[:1].isupper() and last_name(v.func) not in ("Variable", "Input")
            ]
    return found


def _bias(recording: Recording, run: GradientRun, index: int, shape: Shape | None) -> tuple[Fix, ...]:
    """`x @ w` → `x @ w + b` for a vector that is as long as the matrix is wide."""
    source, names = run.sources[index], names_of(recording)
    variable = recording.variables.get(source.id)
    called = {source.name, *(variable.names if variable is not None else ())}
    called |= {n for code in cells(recording) for n in _attribute_of(code)} if variable is not None and "/" in variable.path else set()
    if shape is None or len(shape) != 1:
        return ()
    widths = {n: v.shape[-1] for v in recording.variables.values() if v.shape is not None and len(v.shape) == 2 for n in v.names}
    found = []
    for code in cells(recording):
        for node in (*code.all(cst.BinaryOperation), *code.all(cst.Call)):
            matrix = _matrix(code, node, names)
            if matrix is None or isinstance(code.parent(node), cst.BinaryOperation):
                continue
            name = _neighbour(code, code.text(matrix), called)
            wide = [w for n, w in widths.items() if _same_name(n, code.text(matrix))]
            function = code.function(node)
            if name is not None and (not wide or shape[0] in wide) and not (function is not None and name in code.text(function.body)):
                found.append((code, node, name))
    if len(found) > 1:
        number = re.search(r"\d+", source.name)
        found = [f for f in found if number is not None and number.group() in f[0].text(f[1])]
    if len(found) != 1:
        return ()
    code, node, name = found[0]
    return fix(f"add `{name}`", "unsafe", (code, Change().replace(node, code.expression(f"{code.text(node)} + {name}"))))


def _attribute_of(code: Code) -> set[str]:
    """Weights of classes that are made without a name and that no method reads."""
    found = set()
    for owner in code.all(cst.ClassDef):
        stored = {
            t.target.attr.value: t.target
            for a in code.all(cst.Assign, owner)
            if isinstance(a.value, cst.Call) and last_name(a.value.func) in ("add_weight", "Variable")
            for t in a.targets
            if isinstance(t.target, cst.Attribute)
        }
        read = [a for a in code.all(cst.Attribute, owner) if a.attr.value in stored and a not in stored.values()]
        found |= {f"self.{n}" for n in stored if not any(a.attr.value == n for a in read)}
    return found


def _matrix(code: Code, node: cst.CSTNode, names: Names) -> cst.BaseExpression | None:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.MatrixMultiply):
        return node.right
    if isinstance(node, cst.Call) and last_name(node.func) in ("matmul", "dot"):
        second = argument(node, 1, "b", "x2", "y")
        return second.value if second is not None else None
    return None


def _neighbour(code: Code, matrix: str, called: set[str]) -> str | None:
    """What a vector is called where its matrix is called so: `self.b` beside `self.w`, `params["b"]` beside `params["W"]`."""
    base, dot, _ = matrix.rpartition(".")
    for name in sorted(called):
        plain = name.rpartition(".")[2]
        member = re.fullmatch(r"(\w+)\[(['\"])(\w+)\2\]", name)
        outer = re.fullmatch(r"(\w+)\[(['\"])\w+\2\]", matrix)
        if member is not None and outer is not None and member.group(1) == outer.group(1):
            return f"{outer.group(1)}[{outer.group(2)}{member.group(3)}{outer.group(2)}]"
        if dot and "." in name and plain.isidentifier() and "[" not in name and "/" not in name and (name == f"self.{plain}" or base == "self"):
            return f"{base}.{plain}"
        if not dot and name.isidentifier() and matrix.isidentifier():
            return name
    return None


def _same_name(known: str, text: str) -> bool:
    return known.replace('"', "'") == text.replace('"', "'") or known.rpartition(".")[2] == text.rpartition(".")[2]
