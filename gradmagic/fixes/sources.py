"""What is passed as the sources of a gradient call."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block, tape_name
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, same
from gradmagic.fixes.flow import reads_of, use_result
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numerics import value_of
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

OWNERS = ("Sequential", "Functional", "Model", "Layer", "Module")
NO_OWNERS = ("ndarray", "KerasTensor", "str", "float", "int", "bool", "NoneType", "list", "tuple", "dict", "function", "method")
TOO_MANY = ("variables", "weights", "non_trainable_variables", "global_variables")


def without_sources(recording: Recording, run: GradientRun, unused: Iterable[int]) -> tuple[Fix, ...]:
    """Leave sources that nothing uses out of the list in the gradient call, and out of the same list behind it in `zip`."""
    found, gone = asking(recording, run), set(unused)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    if found is None or wanted is None:
        return ()
    code, call = found
    listed = wanted.value
    if isinstance(listed, cst.Name):
        listed = value_of(code, listed) or listed
    if not isinstance(listed, (cst.List, cst.Tuple)) or len(listed.elements) != len(run.sources) or len(gone) >= len(run.sources):
        return ()
    assign = code.enclosing(call, cst.Assign)
    if assign is not None and isinstance(assign.targets[0].target, (cst.Tuple, cst.List)):
        return ()
    change = Change()
    for node in code.all(type(listed)):
        if same(node, listed) and (node is listed or code.start(node) >= code.start(call)):
            change.replace(node, _shorter(listed, gone))
    return fix("leave the unused variable out of the sources, where it is not meant to be trained", "unsafe", (code, change))


def _shorter(listed: cst.List | cst.Tuple, gone: set[int]) -> cst.List | cst.Tuple:
    kept = [e for i, e in enumerate(listed.elements) if i not in gone]
    if kept:
        kept[-1] = kept[-1].with_changes(comma=listed.elements[-1].comma)
    return listed.with_changes(elements=kept)


def sibling(recording: Recording, run: GradientRun, unused: tuple[int, ...]) -> tuple[Fix, ...]:
    """A member of a dict or list that is never read while its neighbour of the same shape is read twice: the second time it is meant."""
    if len(unused) != 1:
        return ()
    source = run.sources[unused[0]]
    variable = recording.variables.get(source.id)
    names = (source.name, *(variable.names if variable is not None else ()))
    member = next((m for n in names if (m := re.fullmatch(r"(\w+)\[(['\"]?)(\w+)\2\]", n))), None)
    twin_keys = _twins(recording, source.id, source.shape, member.group(1)) if member is not None else set()
    if member is None or not twin_keys:
        return ()
    container, key = member.group(1), member.group(3)
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            reads = [(n, _key(n)) for n in code.all(cst.Subscript, function) if isinstance(n.value, cst.Name) and n.value.value == container]
            if any(k == key for _, k in reads):
                continue
            for twin in twin_keys:
                twice = [n for n, k in reads if k == twin]
                if len(twice) == 2:
                    node = _best(code, twice, key)
                    quote = code.text(node)[len(container) + 1 : -1].replace(twin, key)
                    return fix(f"use `{container}[{quote}]` here, which is of the same shape", "unsafe", (code, Change().replace(node, code.expression(f"{container}[{quote}]"))))
    return ()


def _twins(recording: Recording, key: int, shape: object, container: str) -> set[str]:
    found = set()
    for variable in recording.variables.values():
        if variable.id != key and variable.shape == shape:
            for name in variable.names:
                match = re.fullmatch(r"(?:\w+\[.*\])?(\w+)?\[(['\"]?)(\w+)\2\]", name)
                if match and (name.startswith(container + "[")):
                    found.add(match.group(3))
    return found


def _key(node: cst.Subscript) -> str:
    first = node.slice[0].slice
    return str(first.value.evaluated_value) if isinstance(first, cst.Index) and isinstance(first.value, cst.SimpleString) else cst.Module([]).code_for_node(first)


def _best(code: Code, twice: list[cst.Subscript], key: str) -> cst.Subscript:
    """Of two uses the one in the statement that mentions the number of the key, else the second."""
    number = "".join(c for c in key if c.isdigit())
    for node in twice:
        statement = code.statement(node)
        if number and statement is not None and re.search(rf"[a-z_]{number}\b", code.text(statement)):
            return node
    return twice[-1]


def trainable_variables(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`model.variables` → `model.trainable_variables`, in the gradient call and where the same list is used again."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    if found is None or wanted is None:
        return ()
    code = found[0]
    listed = wanted.value
    if isinstance(listed, cst.Name):
        listed = value_of(code, listed) or listed
    lists = [n for n in code.all(cst.Attribute, listed) if n.attr.value in TOO_MANY]
    if not lists:
        return ()
    change = Change()
    scope = code.scope(found[1])
    for node in code.all(cst.Attribute, scope):
        if any(same(node, one) for one in lists):
            change.replace(node, node.with_changes(attr=cst.Name("trainable_variables")))
    return fix("ask for the trainable variables only", "safe", (code, change))


def variables_of(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """A model or layer as the source: `model` → `model.trainable_variables`."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    if found is None or wanted is None or run is None:
        return ()
    code = found[0]
    listed = _of_a_list(code, wanted.value)
    if listed:
        return listed
    change = Change()
    if any(s.kind == "other" and not _has_variables(recording, s.python_type) for s in run.sources):
        return _of_the_model(code, wanted.value) or _of_an_array(recording, run, code, wanted.value)
    nodes = [wanted.value] if not isinstance(wanted.value, (cst.List, cst.Tuple)) else [e.value for e in wanted.value.elements]
    others = [i for i, s in enumerate(run.sources) if s.kind == "other"]
    if len(nodes) == 1 and not isinstance(wanted.value, (cst.List, cst.Tuple)):
        change.replace(nodes[0], code.expression(f"{code.text(nodes[0])}.trainable_variables"))
    elif len(nodes) == len(run.sources) and others:
        if len(nodes) == 1:
            change.replace(wanted.value, code.expression(f"{code.text(nodes[0])}.trainable_variables"))
        else:
            parts = [f"{code.text(n)}.trainable_variables" if i in others else f"[{code.text(n)}]" for i, n in enumerate(nodes)]
            change.replace(wanted.value, code.expression(" + ".join(parts)))
    else:
        return ()
    return fix("pass the trainable variables", "safe", (code, change))


def _of_an_array(recording: Recording, run: GradientRun, code: Code, wanted: cst.BaseExpression) -> tuple[Fix, ...]:
    """A NumPy array as the source: a tensor of it, made before the tape and watched."""
    block, tf = tape_block(recording, run), names_of(recording).tf
    name = tape_name(block[1]) if block is not None else None
    if block is None or block[0] is not code or name is None or tf is None or not isinstance(wanted, cst.Name) or any(s.python_type != "ndarray" for s in run.sources):
        return ()
    first = block[1].body.body[0]
    change = Change().insert_before(block[1], code.line(f"{wanted.value} = {tf}.convert_to_tensor({wanted.value})")).insert_before(first, code.line(f"{name}.watch({wanted.value})"))
    return fix(f"make a tensor of `{wanted.value}`, and let the tape watch it", "safe", (code, change))


def _of_a_list(code: Code, wanted: cst.BaseExpression) -> tuple[Fix, ...]:
    """`model.layers` and `[v.name for v in model.trainable_variables]`: the variables themselves."""
    if isinstance(wanted, cst.Attribute) and wanted.attr.value == "layers":
        new = wanted.with_changes(attr=cst.Name("trainable_variables"))
        return fix(f"pass the trainable variables of `{code.text(wanted.value)}`", "safe", (code, Change().replace(wanted, new)))
    if isinstance(wanted, cst.ListComp) and isinstance(wanted.elt, cst.Attribute) and wanted.elt.attr.value in ("name", "path", "shape", "dtype") and same(wanted.elt.value, wanted.for_in.target):
        kept = wanted.with_changes(elt=wanted.elt.value) if wanted.for_in.ifs else wanted.for_in.iter
        return fix("pass the variables themselves", "safe", (code, Change().replace(wanted, kept)))
    return ()


def _has_variables(recording: Recording, kind: str) -> bool:
    """Whether objects of a type have `trainable_variables`: a model, a layer, a module of the user's."""
    if kind in NO_OWNERS:
        return False
    for code in cells(recording):
        for node in code.all(cst.ClassDef):
            if node.name.value == kind:
                bases = [last_name(b.value) for b in node.bases]
                return any(b.endswith(("Model", "Layer", "Module", "Sequential", "Cell")) or (b != kind and _has_variables(recording, b)) for b in bases)
    return kind in OWNERS or any(kind == layer.type for layer in recording.layers.values())


def _of_the_model(code: Code, wanted: cst.BaseExpression) -> tuple[Fix, ...]:
    """`model.get_weights()`, copies of the values, gives way to the variables themselves."""
    made = value_of(code, wanted) if isinstance(wanted, cst.Name) else wanted
    if not isinstance(made, cst.Call) or last_name(made.func) != "get_weights" or not isinstance(made.func, cst.Attribute):
        return ()
    model = code.text(made.func.value)
    return fix(f"ask for the variables of `{model}`", "unsafe", (code, Change().replace(wanted, code.expression(f"{model}.trainable_variables"))))


def result_used(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """Go on with the result that was computed and then forgotten."""
    code = code_at(recording, place)
    if code is None or place is None:
        return ()
    statement = code.statement_at(place)
    start = next((a for a in code.all(cst.Assign, statement) if statement is not None), None)
    if start is None:
        for node in code.expressions_at(place):
            start = code.enclosing(node, cst.Assign)
            if start is not None:
                break
    found = use_result(code, start) if start is not None else None
    if found is None:
        # The guilty line may be the one that goes on with the input: then the forgotten result stands before it.
        found = _forgotten(code, place)
    if found is None:
        return ()
    name, reads = found
    change = Change()
    for read in reads:
        change.replace(read, cst.Name(name))
    return fix(f"go on with `{name}`", "unsafe", (code, change))


def taken_in(recording: Recording, op: Op | None, found: Fix) -> bool:
    """Whether the line that an edit lets go on with a result takes in something of its shape and dtype now."""
    result = recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
    places = {(e.cell, line) for e in found.edits for line in range(e.start_line, e.end_line + 1)}
    there = [o for o in recording.ops if o.span is not None and (o.span.cell, o.span.line) in places and o.phase == "forward"]
    known = [t for o in there for i in o.inputs if (t := recording.tensors.get(i)) is not None]
    return result is not None and result.shape is not None and any((t.shape, t.dtype) == (result.shape, result.dtype) for t in known)


def meant(recording: Recording, run: GradientRun) -> tuple[Fix, ...]:
    """A result under the tape that nobody reads, where a line below reads the name that its own name ends with: `new_actions` beside `actions`."""
    found = tape_block(recording, run)
    if found is None:
        return ()
    code, block, _ = found
    pairs = []
    for assign in code.all(cst.Assign, block.body):
        target = assign.targets[0].target
        if not isinstance(target, cst.Name) or "_" not in target.value or [n for n in reads_of(code, target.value, code.scope(block)) if code.start(n) > code.start(assign)]:
            continue
        later = {n.value for n in code.all(cst.Name, block.body) if code.start(n) > code.end(assign) and target.value.endswith("_" + n.value)}
        pairs += [(target.value, name, [n for n in reads_of(code, name, block.body) if code.start(n) > code.end(assign)]) for name in later]
    if len(pairs) != 1 or not pairs[0][2]:
        return ()
    change = Change()
    for read in pairs[0][2]:
        change.replace(read, cst.Name(pairs[0][0]))
    return fix(f"go on with `{pairs[0][0]}` in the place of `{pairs[0][1]}`", "unsafe", (code, change))


def _forgotten(code: Code, place: Place) -> tuple[str, list[cst.Name]] | None:
    assert place is not None
    statement = code.statement_at(place)
    if statement is None:
        return None
    scope = code.scope(statement)
    for assign in reversed([a for a in code.all(cst.Assign, scope) if code.end(a) < code.start(statement)]):
        target = assign.targets[0].target
        if isinstance(target, cst.Name) and not [n for n in reads_of(code, target.value, scope) if code.start(n) > code.start(assign)]:
            found = use_result(code, assign)
            if found is not None and code.statement(found[1][0]) is statement:
                return found
    return None
