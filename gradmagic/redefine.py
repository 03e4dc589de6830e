"""What has to run again when a definition of an earlier cell is edited: the definition itself, and what was made with it."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# A layer that has been built is not built again.
CONSTRUCTING = frozenset({"__init__", "__new__", "__post_init__", "build"})
# They change the weights that they begin with.
TRAINING = frozenset({"fit", "train_on_batch"})


@dataclass
class Again:
    """`statements` run again, in order; `swapped` names classes whose living objects get the new methods and stay otherwise as they are; `texts` holds the cell that each stands in."""

    statements: list[ast.stmt] = field(default_factory=list)
    swapped: set[str] = field(default_factory=set)
    texts: dict[ast.stmt, str] = field(default_factory=dict)


def again(old: str, new: str, cells: Iterable[str] = ()) -> Again:
    """What an edit of a cell asks for. `cells` are those that ran after it and before the checked one.

    Raises:
        SyntaxError: the edited cell cannot be parsed.
    """
    before, after = statements_of(old), statements_of(new)
    known = {ast.dump(s) for s in before}
    left = {ast.dump(s) for s in after}
    changed = [s for s in after if ast.dump(s) not in known]
    gone = [s for s in before if ast.dump(s) not in left]
    if not changed and not gone:
        changed = _moved(before, after)
    classes = {s.name: s for s in gone if isinstance(s, ast.ClassDef)}
    result = Again()
    following = list(cells)
    later = [statements_of(text) for text in following]
    result.texts = {s: text for text, statements in zip([new, *following], [after, *later], strict=True) for s in statements}
    spoiled: set[str] = set()
    makes_anew = False
    for statement in [*changed, *gone]:
        if isinstance(statement, ast.ClassDef) and statement.name in classes and statement in changed:
            if _changed_methods(classes[statement.name], statement) & CONSTRUCTING:
                spoiled.add(statement.name)
            else:
                result.swapped.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)) or (isinstance(statement, ast.ClassDef) and statement.name in classes):
            continue
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            # A function is looked up when it is called: what calls it need not be made again, unless it was called to make something.
            spoiled.add(statement.name)
        else:
            changes = _changed_in_place(statement) or (set() if stored(statement) else _roots(statement))
            spoiled |= stored(statement) | changes
            makes_anew = makes_anew or bool(changes) or not stored(statement)
    # A class that is derived from one that is made anew has to be made anew too, and so does what was made of it.
    while derived := {name for name in result.swapped if {n.id for base in classes[name].bases for n in ast.walk(base) if isinstance(n, ast.Name)} & spoiled}:
        result.swapped -= derived
        spoiled |= derived
    spoiled |= _makers([*after, *(s for statements in later for s in statements)], spoiled & set(classes))
    made = set(changed)
    functions = {s.name for s in changed if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))}
    for index, statement in enumerate(after):
        late = makes_anew or any(index > after.index(c) for c in changed) or bool(gone)
        if statement in made or (late and _concerned(statement, spoiled, functions)):
            result.statements.append(statement)
            if statement not in made or not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                spoiled |= stored(statement)
    if any(_trains(s) for s in result.statements):
        # Training that is run again begins where it began: with what the cell made of its seed.
        result.statements = [s for s in after if s in made or not isinstance(s, ast.ClassDef) or s.name not in result.swapped]
        spoiled |= {name for s in after for name in stored(s)}
    for statements in later:
        for statement in statements:
            if _concerned(statement, spoiled, functions):
                result.statements.append(statement)
                spoiled |= stored(statement)
    return result


def _moved(before: list[ast.stmt], after: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that stand behind others now that they stood in front of."""
    matcher = difflib.SequenceMatcher(None, [ast.dump(s) for s in before], [ast.dump(s) for s in after], autojunk=False)
    kept = {i for block in matcher.get_matching_blocks() for i in range(block.b, block.b + block.size)}
    return [s for i, s in enumerate(after) if i not in kept]


def _trains(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    return any(isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr in TRAINING for n in ast.walk(statement))


def _makers(statements: list[ast.stmt], classes: set[str]) -> set[str]:
    """The classes that make an object of one of these when they are made themselves, and the functions that make one."""
    found: set[str] = set()
    while classes:
        more = set()
        for statement in statements:
            if isinstance(statement, ast.ClassDef):
                bodies: list[ast.stmt] = [s for s in statement.body if isinstance(s, ast.FunctionDef) and s.name in CONSTRUCTING]
            elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                bodies = [statement]
            else:
                continue
            called = {n.func.id for b in bodies for n in ast.walk(b) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
            if called & classes and statement.name not in found:
                more.add(statement.name)
        found |= more
        classes = more
    return found


def statements_of(source: str) -> list[ast.stmt]:
    """The statements of a cell, at their places in it; magics and shell commands are left out.

    Raises:
        SyntaxError: the cell cannot be parsed.
    """
    lines = ["#" + line if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n")]
    return ast.parse("\n".join(lines)).body


def _changed_methods(old: ast.ClassDef, new: ast.ClassDef) -> set[str]:
    def methods(node: ast.ClassDef) -> Mapping[str, str]:
        return {s.name: ast.dump(s) for s in node.body if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))}

    a, b = methods(old), methods(new)
    return {name for name in (*a, *b) if a.get(name) != b.get(name)}


def stored(statement: ast.stmt) -> set[str]:
    """The names that a statement gives something to."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
        return {statement.name}
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _changed_in_place(statement: ast.stmt) -> set[str]:
    """`model` of `model.trainable = False`, of `rows[0] = 1.0`, and of `for layer in model.layers: layer.trainable = False`: what is given other parts."""
    stores = [n for n in ast.walk(statement) if isinstance(n, (ast.Attribute, ast.Subscript)) and isinstance(n.ctx, ast.Store)]
    roots: set[str] = set()
    for store in stores:
        node: ast.expr = store
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        roots |= {node.id} if isinstance(node, ast.Name) else set()
    loops = [n for n in ast.walk(statement) if isinstance(n, ast.For)]
    for loop in loops:
        if roots & _stored_in(loop.target):
            roots |= {n.id for n in ast.walk(loop.iter) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return roots - {name for loop in loops for name in _stored_in(loop.target)}


def _stored_in(target: ast.expr) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}


def _roots(statement: ast.stmt) -> set[str]:
    """`model` of `model.add(…)`: what a call changes."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            root: ast.expr = node.func
            while isinstance(root, (ast.Attribute, ast.Call, ast.Subscript)):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name):
                found.add(root.id)
            break
    return found


def _concerned(statement: ast.stmt, names: set[str], functions: set[str]) -> bool:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)):
        # Definitions look names up when they are used; only a base class or a decorator is read at once.
        parts: list[ast.AST] = [] if isinstance(statement, (ast.Import, ast.ImportFrom)) else [*statement.decorator_list, *(statement.bases if isinstance(statement, ast.ClassDef) else ())]
    else:
        parts = [statement]
    used = {n.id for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)}
    return bool(used & names)
