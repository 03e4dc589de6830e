"""Plain tensors that the code updates like parameters: where they are made, and variables in their place."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, fix, key_of, last_name
from gradmagic.fixes.flow import pairs_of, targets_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Fix

CHANGES = ("assign", "assign_add", "assign_sub")
# What Keras asks a variable for.
OF_AN_OPTIMIZER = ("_unique_id", "assign", "assign_add", "assign_sub")
MAKES_VARIABLES = ("Variable", "add_weight")
DEPTH = 4


@dataclasses.dataclass(frozen=True)
class Given:
    """A value by its place in the code."""

    code: Code
    value: cst.BaseExpression

    @property
    def span(self) -> Span:
        line = self.code.start(self.value)[0]
        return dataclasses.replace(self.code.span(self.value), code=self.code.source.split("\n")[line - 1])


def updated_at(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> Span | None:
    """Where the cell raised since one of these sources, a plain tensor, cannot be updated: by `assign_sub`, or by an optimizer that is given it."""
    raised = recording.raised
    if raised is None or raised.type != "AttributeError" or "Tensor' object has no attribute '" not in raised.message or any(run.sources[i].kind != "tensor" for i in sources):
        return None
    missing = raised.message.partition("has no attribute '")[2].partition("'")[0]
    update = next((u for u in recording.updates if u.raised is not None), None)
    if update is not None:
        return update.span if missing in OF_AN_OPTIMIZER else None
    code = code_at(recording, raised.span) if missing in CHANGES else None
    call = code.call_at(raised.span, (missing,)) if code is not None and raised.span is not None else None
    if code is None or call is None or not isinstance(call.func, cst.Attribute):
        return None
    return raised.span if _may_be(code, call.func.value, [run.sources[i].name for i in sources]) else None


def _may_be(code: Code, node: cst.BaseExpression, names: list[str]) -> bool:
    """Whether an expression is one of the sources by name, or what a loop, a function or an index hands out."""
    if isinstance(node, cst.Subscript):
        return True
    if not isinstance(node, cst.Name):
        return last_name(node) in {n.rpartition(".")[2] for n in names}
    loops = {n for step in code.around(node) if isinstance(step, cst.For) for n in targets_of(step.target)}
    loops |= {n for step in code.around(node) if isinstance(step, (cst.ListComp, cst.GeneratorExp)) for n in targets_of(step.for_in.target)}
    function = code.function(node)
    handed = {p.name.value for p in function.params.params} if function is not None else set()
    return node.value in {*names, *loops, *handed}


def made_as_tensors(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> list[Given]:
    """The expressions that make these sources; none where one of them cannot be told."""
    found = asking(recording, run)
    names, known = names_of(recording), list[Given]()
    for index in sources if found is not None else ():
        made = _made(recording, cst.parse_expression(run.sources[index].name), DEPTH) if _is_code(run.sources[index].name) else None
        if made is None or not _is_first_value(made, names) or (made.code is found[0] and _is_in_the_loop(made, found[1])):  # type: ignore[index]
            return []
        known.append(made)
    return list({id(m.value): m for m in known}.values())


def as_variables(recording: Recording, run: GradientRun, sources: tuple[int, ...]) -> tuple[Fix, ...]:
    """`b = tf.zeros([16])` → `b = tf.Variable(tf.zeros([16]))`, for each of them."""
    made, tf = made_as_tensors(recording, run, sources), names_of(recording).tf
    changes: dict[int, tuple[Code, Change]] = {}
    for given in made if tf is not None else ():
        changes.setdefault(id(given.code), (given.code, Change()))[1].replace(given.value, given.code.expression(f"{tf}.Variable({given.code.bare(given.value)})"))
    names = ", ".join(f"`{run.sources[i].name}`" for i in sources[:3]) + (" and the others" if len(sources) > 3 else "")
    return fix(f"make {names} {'a variable' if len(sources) == 1 else 'variables'}", "safe", *changes.values())


def _is_code(name: str) -> bool:
    try:
        cst.parse_expression(name)
    except cst.ParserSyntaxError:
        return False
    return True


def _made(recording: Recording, node: cst.BaseExpression, depth: int) -> Given | None:
    """The one expression that a name, an attribute or an entry is given in the code."""
    found = [(code, value) for code in cells(recording) for assign in code.all(cst.Assign) if len(assign.targets) == 1 for target, value in pairs_of(assign) if _is_same(target, node)]
    if len(found) > 1 or depth == 0:
        return None
    if found:
        code, value = found[0]
        return _made(recording, value, depth - 1) if isinstance(value, (cst.Name, cst.Attribute, cst.Subscript)) else Given(code, value)
    if not isinstance(node, cst.Subscript):
        return None
    whole, key = _made(recording, node.value, depth - 1), key_of(node)
    return _entry(recording, whole, key, depth) if whole is not None and key is not None else None


def _is_same(target: cst.BaseExpression, node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Attribute):
        return isinstance(target, cst.Attribute) and target.attr.value == node.attr.value
    if isinstance(node, cst.Subscript):
        return isinstance(target, cst.Subscript) and last_name(target.value) == last_name(node.value) and _literal(key_of(target)) == _literal(key_of(node)) is not None
    return isinstance(target, cst.Name) and isinstance(node, cst.Name) and target.value == node.value


def _literal(node: cst.BaseExpression | None) -> object:
    return node.evaluated_value if isinstance(node, (cst.SimpleString, cst.Integer)) else None


def _entry(recording: Recording, whole: Given, key: cst.BaseExpression, depth: int) -> Given | None:
    """The value of a list or dict that is written out, or of a comprehension, under a key."""
    wanted, value, found = _literal(key), whole.value, None
    if isinstance(value, (cst.ListComp, cst.DictComp)):
        found = value.elt if isinstance(value, cst.ListComp) else value.value
    elif isinstance(value, (cst.List, cst.Tuple)) and isinstance(wanted, int) and wanted < len(value.elements):
        found = value.elements[wanted].value if not any(isinstance(e, cst.StarredElement) for e in value.elements) else None
    elif isinstance(value, cst.Dict):
        found = next((e.value for e in value.elements if isinstance(e, cst.DictElement) and _literal(e.key) == wanted is not None), None)
    elif isinstance(value, cst.Call) and last_name(value.func) == "dict":
        found = next((a.value for a in value.args if a.keyword is not None and a.keyword.value == wanted), None)
    if isinstance(found, (cst.Name, cst.Attribute, cst.Subscript)):
        return _made(recording, found, depth - 1)
    return Given(whole.code, found) if found is not None else None


def _is_first_value(given: Given, names: Names) -> bool:
    """Whether an expression makes a tensor with TensorFlow or Keras, and of no variable."""
    calls = given.code.all(cst.Call, given.value)
    outermost = given.value.func if isinstance(given.value, cst.Call) else None
    made = any(names.module(c.func).partition(".")[0] in ("tensorflow", "keras") for c in calls)
    return made and last_name(outermost or given.value) not in MAKES_VARIABLES and not any(last_name(c.func) in MAKES_VARIABLES for c in calls)


def _is_in_the_loop(given: Given, call: cst.Call) -> bool:
    """Whether a value is made anew in each turn that asks for its gradient, or in the block of a tape."""
    code = given.code
    around = {id(n) for n in code.around(call) if isinstance(n, (cst.For, cst.While, cst.FunctionDef))}
    return any(id(n) in around or isinstance(n, cst.With) for n in code.around(given.value))
