"""Steps that train: what a traced function may change, rates and precisions, recurrences, data."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix


def number_as_variable(recording: Recording, place: Place, expression: str | None) -> tuple[Fix, ...]:
    """A Python number that a traced function reads becomes a variable, and is assigned to where it changes."""
    code, names = code_at(recording, place), names_of(recording)
    tf = names.tf
    if code is None or place is None or tf is None:
        return ()
    wanted = (expression or "").rpartition(".")[2] or _changing(recording, code, place)
    if not wanted:
        return ()
    changes, made = [], False
    for cell in _since_it_was_bound(recording, code, wanted):
        change = Change()
        for part, value in [pair for assign in cell.all(cst.Assign) if isinstance(assign.targets[0].target, cst.Tuple) for pair in pairs_of(assign)]:
            if last_name(part) == wanted and not made:
                change.replace(value, cell.expression(f"{tf}.Variable({_as_float(cell, value)})"))
                made = True
        for assign in cell.all(cst.Assign):
            # A local name for an attribute (`lam = self.lam`) is a read of it.
            if last_name(assign.targets[0].target) != wanted or ("." in (expression or "") and isinstance(assign.targets[0].target, cst.Name)):
                continue
            value, target = assign.value, cell.text(assign.targets[0].target)
            if not made:
                change.replace(value, cell.expression(f"{tf}.Variable({_as_float(cell, value)})"))
                made = True
            else:
                change.replace(assign, cst.Expr(cell.expression(f"{target}.assign({cell.text(value)})")))
        for step in cell.all(cst.AugAssign):
            method = {cst.AddAssign: "assign_add", cst.SubtractAssign: "assign_sub"}.get(type(step.operator))
            if last_name(step.target) == wanted:
                name = cell.text(step.target)
                sign = cell.text(step.operator).strip().rstrip("=")
                new = f"{name}.{method}({cell.text(step.value)})" if method else f"{name}.assign({name} {sign} {atom(cell.text(step.value))})"
                change.replace(step, cst.Expr(cell.expression(new)))
        for call in cell.all(cst.Call):
            if isinstance(call.func, cst.Name) and call.func.value in ("min", "max") and any(n.value == wanted for n in cell.all(cst.Name, call)):
                change.replace(call.func, cell.expression(f"{tf}.{call.func.value}imum"))
        if change.replaced:
            changes.append((cell, change))
    return fix(f"keep `{wanted}` in a variable, which the traced function reads anew", "unsafe", *changes) if made else ()


def _as_float(code: Code, value: cst.BaseExpression) -> str:
    return f"{value.value}.0" if isinstance(value, cst.Integer) else code.text(value)


def _since_it_was_bound(recording: Recording, code: Code, name: str) -> list[Code]:
    """The cells, oldest first, from the one that gave a name or attribute its value for the function in `code`."""
    ordered = cells(recording)[::-1]
    binding = [i for i, cell in enumerate(ordered) if any(last_name(target) == name for a in cell.all(cst.Assign) for target, _ in pairs_of(a))]
    own = next((i for i, cell in enumerate(ordered) if cell.cell == code.cell), len(ordered))
    return ordered[max((i for i in binding if i <= own), default=min(binding, default=0)) :]


def _changing(recording: Recording, code: Code, place: Place) -> str:
    """A name or attribute that the traced function reads and that another line counts up."""
    statement = code.statement_at(place) if place is not None else None
    function = code.function(statement) if statement is not None else None
    if function is None:
        return ""
    read = {n.attr.value for n in code.all(cst.Attribute, function)} | names_in(function.body)
    for cell in cells(recording):
        for step in cell.all(cst.AugAssign):
            if last_name(step.target) in read and cell.function(step) is not function:
                return last_name(step.target)
    return ""


def trainable_while(recording: Recording, place: Place, model: str | None) -> tuple[Fix, ...]:
    """A model that is frozen for another one is trainable while it is trained itself."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None or not model or not model.replace(".", "").isidentifier():
        return ()
    change = Change().insert_before(statement, code.line(f"{model}.trainable = True")).insert_after(statement, code.line(f"{model}.trainable = False"))
    return fix(f"let `{model}` be trainable while it is trained", "unsafe", (code, change))


def mixed_precision(recording: Recording) -> tuple[Fix, ...]:
    """Layers in pure half precision keep their variables in float32."""
    changes = []
    for code in cells(recording):
        change = Change()
        for call in code.all(cst.Call):
            kind = argument(call, None, "dtype")
            if kind is None or last_name(call.func) in ("Input", "constant", "cast", "Variable", "zeros", "ones") or not last_name(call.func)[:1].isupper():
                continue
            if isinstance(kind.value, cst.SimpleString) and kind.value.evaluated_value in ("float16", "bfloat16"):
                change.replace(kind.value, cst.SimpleString(f"{kind.value.quote}mixed_{kind.value.evaluated_value}{kind.value.quote}"))
        if change.replaced:
            changes.append((code, change))
    if not changes:
        return single_precision(recording)
    return fix("compute in half precision, and keep the variables in float32", "unsafe", *changes)


def single_precision(recording: Recording) -> tuple[Fix, ...]:
    """float32 wherever the cells say float16."""
    changes = []
    for code in cells(recording):
        change = Change()
        for node in code.all(cst.Attribute):
            if node.attr.value in ("float16", "half", "bfloat16"):
                change.replace(node, node.with_changes(attr=cst.Name("float32")))
        for text in code.all(cst.SimpleString):
            if text.evaluated_value in ("float16", "bfloat16"):
                change.replace(text, cst.SimpleString(f"{text.quote}float32{text.quote}"))
        if change.replaced:
            changes.append((code, change))
    return fix("keep the numbers in float32", "unsafe", *changes)


def next_block(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """A slice that is taken twice: the second time the block behind it is meant. A single one is widened to the end."""
    code = code_at(recording, place)
    if code is None or place is None:
        return ()
    nodes = [n for n in code.expressions_at(place) if isinstance(n, cst.Subscript)]
    for node in nodes:
        twins = [n for n in code.all(cst.Subscript, code.scope(node)) if code.text(n) == code.text(node)]
        for index, element in enumerate(node.slice):
            part = element.slice
            if isinstance(part, cst.Slice) and part.upper is None and part.lower is not None and len(twins) == 1:
                slices = [s.with_changes(slice=part.with_changes(lower=None, upper=part.lower)) if i == index else s for i, s in enumerate(node.slice)]
                return fix("select up to there, and not from there on", "unsafe", (code, Change().replace(node, node.with_changes(slice=slices))))
            if isinstance(part, cst.Slice) and part.upper is not None:
                new = part.with_changes(lower=part.upper, upper=None) if len(twins) > 1 and node is not twins[0] else part.with_changes(upper=None)
                title = "select the block behind it" if len(twins) > 1 and node is not twins[0] else "select up to the end"
                slices = [s.with_changes(slice=new) if i == index else s for i, s in enumerate(node.slice)]
                return fix(title, "unsafe", (code, Change().replace(node, node.with_changes(slice=slices))))
    return ()
