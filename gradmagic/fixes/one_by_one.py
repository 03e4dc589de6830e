"""Updates that are written one by one, for some of the variables that gradients were asked for: all of them get theirs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping

import libcst as cst

from gradmagic.definitions import passed_as
from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, key_of, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import new_name
from gradmagic.fixes.numerics import value_of
from gradmagic.fixes.optimizers import APPLYING
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

ASSIGNING = ("assign_sub", "assign_add", "assign")
VARIABLE, GRADIENT = "variable", "gradient"


@dataclasses.dataclass(frozen=True)
class _Line:
    """A statement that updated variables, by their positions among the sources."""

    code: Code
    statement: cst.SimpleStatementLine
    call: cst.Call
    updated: frozenset[int]


@dataclasses.dataclass(frozen=True)
class _Member:
    """An update of `variables[key]` with `gradients[key]`, and its code with names in the place of the two."""

    variables: str
    gradients: str
    key: cst.BaseExpression
    nodes: dict[cst.CSTNode, str]


def all_of_them(recording: Recording, run: GradientRun | None, left: Iterable[int]) -> tuple[Fix, ...]:
    """`params[0].assign_sub(rate * grads[0])` for some of `params` → a loop over all; a line more for each variable that goes by a name of its own."""
    found = asking(recording, run)
    lines = _lines(recording, run) if run is not None else []
    if found is None or run is None or not lines or not argument(found[1], 1, "sources"):
        return ()
    if len(lines) == 1 and last_name(lines[0].call.func) in APPLYING:
        return _all_pairs(recording, run, lines[0], found, sorted(left))
    if any(last_name(line.call.func) not in ASSIGNING for line in lines):
        return ()
    return _looped(recording, lines, found) or _further(recording, run, lines, found, sorted(left))


def is_one_by_one(recording: Recording, run: GradientRun | None) -> bool:
    """Whether the variables that were updated each have a line of their own."""
    lines = _lines(recording, run) if run is not None else []
    return bool(lines) and all(last_name(line.call.func) in ASSIGNING and len(line.updated) == 1 for line in lines)


def _lines(recording: Recording, run: GradientRun) -> list[_Line]:
    """The statements that updated sources of a run; none where one of them is something else than a call."""
    position = {s.id: i for i, s in enumerate(run.sources)}
    found = []
    for update in recording.updates:
        updated = frozenset(position[p.variable] for p in update.pairs if p.variable in position)
        code = code_at(recording, update.span)
        statement = code.statement_at(update.span) if code is not None and update.span is not None else None
        if not updated:
            continue
        step = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
        call = step.value if isinstance(step, cst.Expr) else None
        if code is None or not isinstance(statement, cst.SimpleStatementLine) or not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
            return []
        found.append(_Line(code, statement, call, updated))
    return sorted(found, key=lambda line: line.code.start(line.statement))


def _looped(recording: Recording, lines: list[_Line], found: tuple[Code, cst.Call]) -> tuple[Fix, ...]:
    """Updates of members of one list or dict, which all stand in a row, as a loop; a loop that ends too early goes to the end."""
    members = [_member(line) for line in lines]
    first = members[0]
    if first is None or any(m is None or (m.variables, m.gradients) != (first.variables, first.gradients) for m in members) or not _are_meant(recording, first, found):
        return ()
    if len(lines) == 1 and isinstance(first.key, cst.Name):
        return _to_the_end(lines[0], first)
    code, written = lines[0].code, {_without_spaces(_with_names(line.code, line.call, m.nodes)) for line, m in zip(lines, members, strict=True) if m is not None}
    if len(written) != 1 or not _stand_in_a_row(lines):
        return ()
    names = {word: _unused(code, word) for word in (VARIABLE, GRADIENT)}
    if isinstance(first.key, cst.Integer):
        # To update the last layers only may be the plan.
        if any(not isinstance(m.key, cst.Integer) or line.updated != {m.key.evaluated_value} for line, m in zip(lines, members, strict=True) if m is not None) or 0 not in lines[0].updated:
            return ()
        target, over = f"{names[VARIABLE]}, {names[GRADIENT]}", f"zip({first.variables}, {first.gradients})"
        values = {node: names[word] for node, word in first.nodes.items()}
    elif all(m is not None and isinstance(m.key, cst.SimpleString) for m in members):
        target, over = _unused(code, "name"), first.variables
        values = {node: f"{first.variables if word == VARIABLE else first.gradients}[{target}]" for node, word in first.nodes.items()}
    else:
        return ()
    statement = lines[0].statement
    body = statement.with_changes(leading_lines=[], body=[cst.Expr(code.expression(_with_names(code, lines[0].call, values)))])
    loop = cst.For(code.expression(target), code.expression(over), cst.IndentedBlock([body]), leading_lines=statement.leading_lines)  # type: ignore[arg-type]
    change = Change().replace(statement, loop)
    for line in lines[1:]:
        change.remove(line.statement)
    return fix(f"update all of `{first.variables}`, in a loop", "unsafe", (code, change))


def _member(line: _Line) -> _Member | None:
    assert isinstance(line.call.func, cst.Attribute)
    owner = line.call.func.value
    key = _key(owner)
    if key is None or not isinstance(owner, cst.Subscript):
        return None
    text = line.code.text(key)
    alike = [n for n in line.code.all(cst.Subscript, line.call) if (k := _key(n)) is not None and line.code.text(k) == text]
    variables = dotted(owner.value)
    gradients = {dotted(n.value) for n in alike} - {variables}
    if not variables or len(gradients) != 1 or "" in gradients:
        return None
    return _Member(variables, gradients.pop(), key, {n: VARIABLE if dotted(n.value) == variables else GRADIENT for n in alike})


def _unused(code: Code, name: str) -> str:
    """A name that stands for nothing in the cell; the name of a method may be the same."""
    return name if name not in names_in(code.module) else new_name(code, name)


def _key(node: cst.CSTNode) -> cst.BaseExpression | None:
    """`0` of `a[0]`, `"w"` of `a["w"]` and `i` of `a[i]`."""
    return key if isinstance(key := key_of(node), (cst.Integer, cst.SimpleString, cst.Name)) else None


def _are_meant(recording: Recording, member: _Member, found: tuple[Code, cst.Call]) -> bool:
    """Whether the members are those of the list that was asked for, and of what came out, here or in a function that is handed the two."""
    code, call = found
    assign, wanted = code.parent(call), argument(call, 1, "sources")
    result = dotted(assign.targets[0].target) if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else ""
    asked = dotted(wanted.value) if wanted is not None else ""
    if not result or not asked or wanted is None:
        return False
    known = member.gradients == result or member.gradients in passed_as(recording, {result})
    return known and (member.variables == asked or member.variables in passed_as(recording, {last_name(wanted.value)}))


def _to_the_end(line: _Line, member: _Member) -> tuple[Fix, ...]:
    """`for i in range(2)` → `for i in range(len(params))`."""
    loop = line.code.enclosing(line.statement, cst.For)
    over = loop.iter if loop is not None and isinstance(loop.target, cst.Name) and loop.target.value == line.code.text(member.key) else None
    if not isinstance(over, cst.Call) or last_name(over.func) != "range" or len(over.args) != 1:
        return ()
    return fix(f"update all of `{member.variables}`", "unsafe", (line.code, Change().replace(over.args[0].value, line.code.expression(f"len({member.variables})"))))


def _stand_in_a_row(lines: list[_Line]) -> bool:
    block = lines[0].code.parent(lines[0].statement)
    steps = list(getattr(block, "body", ()))
    places = [steps.index(line.statement) if line.code is lines[0].code and line.statement in steps else -1 for line in lines]
    return -1 not in places and all(b == a + 1 for a, b in itertools.pairwise(places))


def _further(recording: Recording, run: GradientRun, lines: list[_Line], found: tuple[Code, cst.Call], left: list[int]) -> tuple[Fix, ...]:
    """`b.assign_sub(rate * db)` below `w.assign_sub(rate * dw)`, for each variable that has no such line."""
    code = found[0]
    texts = _texts(recording, run, found)
    if texts is None or any(line.code is not code or code.scope(line.statement) is not code.scope(found[1]) or len(line.updated) != 1 for line in lines):
        return ()
    written = set()
    for line in lines:
        variable, gradient = texts[next(iter(line.updated))]
        nodes = {**_reads(code, line.call, gradient, GRADIENT), **_reads(code, line.call, variable, VARIABLE)}
        if len(set(nodes.values())) != 2:
            return ()
        written.add(_without_spaces(_with_names(code, line.call, nodes)))
    last = lines[-1].statement
    if len(written) != 1 or any(code.parent(line.statement) is not code.parent(last) for line in lines):
        return ()
    model = lines[-1]
    variable, gradient = texts[next(iter(model.updated))]
    new = []
    for i in left:
        values = {**_reads(code, model.call, gradient, texts[i][1]), **_reads(code, model.call, variable, texts[i][0])}
        new.append(code.line(_with_names(code, model.call, values)))
    return fix(f"update {' and '.join(f'`{texts[i][0]}`' for i in left)} too", "unsafe", (code, Change().insert_after(last, *new)))


def _all_pairs(recording: Recording, run: GradientRun, line: _Line, found: tuple[Code, cst.Call], left: list[int]) -> tuple[Fix, ...]:
    """`apply_gradients([(grads[0], params[0]), …])` → `apply_gradients(zip(grads, params))`; a pair more for each variable with a name of its own."""
    code, listed = line.code, line.call.args[0].value if line.call.args else None
    pairs = [e.value for e in listed.elements] if isinstance(listed, (cst.List, cst.Tuple)) else []
    written = [(p.elements[0].value, p.elements[1].value) for p in pairs if isinstance(p, cst.Tuple) and len(p.elements) == 2]
    if not isinstance(listed, (cst.List, cst.Tuple)) or not written or len(written) != len(pairs) or code is not found[0]:
        return ()
    members = [(dotted(g.value), dotted(v.value)) if _same_key(code, g, v) and isinstance(g, cst.Subscript) and isinstance(v, cst.Subscript) else ("", "") for g, v in written]
    gradients, variables = members[0]
    if gradients and variables and len(set(members)) == 1 and _are_meant(recording, _Member(variables, gradients, written[0][0], {}), found):
        return fix(f"update all of `{variables}`", "unsafe", (code, Change().replace(listed, code.expression(f"zip({gradients}, {variables})"))))
    texts = _texts(recording, run, found)
    if texts is None or {(code.text(v), code.text(g)) for g, v in written} != {texts[i] for i in line.updated} or code.scope(line.call) is not code.scope(found[1]):
        return ()
    comma = next((e.comma for e in listed.elements if isinstance(e.comma, cst.Comma)), cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    elements = [e.with_changes(comma=comma) for e in listed.elements] + [cst.Element(code.expression(f"({texts[i][1]}, {texts[i][0]})"), comma) for i in left]
    elements[-1] = elements[-1].with_changes(comma=listed.elements[-1].comma)
    return fix(f"update {' and '.join(f'`{texts[i][0]}`' for i in left)} too", "unsafe", (code, Change().replace(listed, listed.with_changes(elements=elements))))


def _same_key(code: Code, left: cst.BaseExpression, right: cst.BaseExpression) -> bool:
    one, two = _key(left), _key(right)
    return isinstance(one, cst.Integer) and isinstance(two, cst.Integer) and one.value == two.value


def _texts(recording: Recording, run: GradientRun, found: tuple[Code, cst.Call]) -> list[tuple[str, str]] | None:
    """What each source is called, and its gradient; None where that is not written."""
    code, call = found
    assign, wanted = code.parent(call), argument(call, 1, "sources")
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and len(assign.targets) == 1 else None
    listed = wanted.value if wanted is not None else None
    if isinstance(listed, cst.Name):
        made = [a.value for c in cells(recording) for a in assignments_of(c, listed.value) if c.function(a) is None]
        listed = value_of(code, listed) or (made[0] if len(made) == 1 else None)
    if not isinstance(listed, (cst.List, cst.Tuple)) or len(listed.elements) != len(run.sources):
        return None
    variables = [cst.Module([]).code_for_node(e.value) for e in listed.elements]
    if isinstance(target, (cst.Tuple, cst.List)):
        gradients = [e.value.value if isinstance(e.value, cst.Name) else "_" for e in target.elements]
    else:
        gradients = [f"{target.value}[{i}]" for i in range(len(variables))] if isinstance(target, cst.Name) else []
    # What is named `_` is not wanted.
    return list(zip(variables, gradients, strict=True)) if len(gradients) == len(variables) and "_" not in gradients else None


def _reads(code: Code, call: cst.Call, text: str, new: str) -> dict[cst.CSTNode, str]:
    """Where an expression of this text stands in a call, and what is to stand there."""
    nodes = [n for n in code.all(cst.BaseExpression, call) if isinstance(n, (cst.Name, cst.Attribute, cst.Subscript)) and code.text(n) == text]
    return {n: new for n in nodes if not isinstance(p := code.parent(n), (cst.Attribute, cst.Arg)) or p.value is n}


def _without_spaces(text: str) -> str:
    return "".join(text.split())


def _with_names(code: Code, call: cst.Call, values: Mapping[cst.CSTNode, str]) -> str:
    """The code of a call with other code in the place of some of its nodes."""

    class Put(cst.CSTTransformer):
        def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> object:  # type: ignore[override]
            return cst.parse_expression(values[original_node]) if original_node in values else updated_node

    return code.text(call.visit(Put()))  # type: ignore[arg-type]
