"""Copies of a trained model that were made without its weights, and are used as if they had them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gradmagic.locate.fault import Fault
from gradmagic.recording import ModelCall, Recording, Span, Update, Variable
from gradmagic.syntax import call_at, last_name, tree_at, tree_of

# What makes a model of the same layers, with weights of its own.
COPYING = ("clone_model", "from_config", "model_from_json")
# Names that say that the weights of the trained model are meant; those that say so where nothing is looked at beside them; and those of a model that is to have new ones, or gets them later.
MEANT = frozenset(
    {"best", "copy", "copied", "backup", "saved", "snapshot", "snap", "checkpoint", "trained", "final", "kept", "deployed", "deploy", "production", "export", "exported", "frozen"}
)  # fmt: skip
ALIKE = frozenset(
    {"clone", "cloned", "clones", "twin", "duplicate", "inference", "serving", "server", "predictor", "restored", "loaded"}
)  # fmt: skip
NEW = frozenset(
    {"fresh", "new", "untrained", "random", "init", "initial", "blank", "empty", "scratch", "baseline", "naive", "null", "chance", "start", "reset", "reference", "control", "before", "dummy", "shuffled", "lottery", "comparison", "student", "learner", "template", "architecture", "structure", "skeleton"}
)  # fmt: skip
ASSIGNING = ("assign", "assign_add", "assign_sub", "set_weights")
KEPT = ("save", "save_model", "export", "save_weights")


@dataclass(frozen=True)
class Clone:
    """A copy as it was made, what the code calls it and what it was made of, and where it is used after the training."""

    made: Span
    how: str
    name: str
    of: str
    used: Span | None
    saved: bool


def locate_cloned(recording: Recording) -> list[Fault]:
    """A model that was made of a trained one after its training had begun, was given no weights since, and is evaluated or saved behind the training."""
    if recording.raised is not None:
        return []
    updated = {p.variable: u for u in recording.updates if u.raised is None for p in u.pairs}
    trained = [c for c in recording.models if c.trains and c.weights and set(c.weights) <= updated.keys()]
    if not trained:
        return []
    for mine in {c.weights: c for c in reversed(trained)}.values():
        for keys in _copies(recording, mine):
            clone = _clone(recording, mine, trained, keys, updated.keys())
            if clone is not None:
                update: Update = updated[mine.weights[0]]
                return [Fault("step", "cloned", None, (), span=clone.made, update=update, detail={"clone": clone, "key": clone.made})]
    return []


def _copies(recording: Recording, mine: ModelCall) -> Iterator[tuple[int, ...]]:
    """The weights that one line made in a row, each of the same layer and shape as one of the trained model's."""
    wanted = [_kind(v) for k in mine.weights if (v := recording.variables.get(k)) is not None]
    if len(wanted) < len(mine.weights):
        return
    rows: dict[Span, list[int]] = {}
    for variable in sorted(recording.variables.values(), key=lambda v: v.created or 0):
        if variable.created is not None and variable.created_at is not None and variable.id not in mine.weights and _kind(variable) in wanted:
            rows.setdefault(variable.created_at, []).append(variable.id)
    for row in rows.values():
        # The latest one: a loop makes a copy in each of its turns.
        last = tuple(row[-len(wanted) :])
        if sorted(map(str, (_kind(recording.variables[k]) for k in last))) == sorted(map(str, wanted)):
            yield last


def _kind(variable: Variable) -> tuple[str, object]:
    """A weight by its name in its layer and by its shape; the model's own name stands before that, or it does not."""
    return "/".join(variable.path.split("/")[-2:]), variable.shape


def _clone(recording: Recording, mine: ModelCall, trained: list[ModelCall], keys: tuple[int, ...], updated: object) -> Clone | None:
    made, created = recording.variables[keys[0]].created_at, recording.variables[keys[0]].created or 0
    call = call_at(recording, made, COPYING) if made is not None else None
    own = [c for c in trained if c.weights == mine.weights]
    if made is None or call is None or not call.args or created < own[0].seq or any(k in updated for k in keys) or is_given_weights(recording, keys):  # type: ignore[operator]
        return None
    uses = [c for c in recording.models if set(keys) <= set(c.weights) and c.span != made]
    behind = [c for c in uses if c.seq > own[-1].seq]
    target = assigned_name(recording, made)
    name = target or (behind[0].name if behind else "")
    saved = _saved(recording, made, target) if target else None
    if any(c.trains for c in uses) or not name or not (behind or saved):
        return None
    words = words_of(name)
    looked_at = any(c.weights == mine.weights and c.seq > own[-1].seq and not c.trains for c in recording.models)
    meant = words & MEANT or saved or _is_chosen(recording, made)
    if words & NEW or not (meant or (words & ALIKE and not looked_at)) or _is_assigned_unseen(recording):
        return None
    of = next((ast.unparse(n) for n in ast.walk(call.args[0]) if isinstance(n, (ast.Name, ast.Attribute)) and not _is_called(call.args[0], n)), mine.name)
    return Clone(made, last_name(call.func), name, of, behind[0].span if behind else saved, not behind)


def is_given_weights(recording: Recording, keys: tuple[int, ...]) -> bool:
    """Whether any of some variables was written to after its first value."""
    # An assignment in a turn of a loop that was forgotten is counted all the same.
    first = {key: (recording.variables[key].created or 0) + 1 for key in keys}
    return any(recording.variables[key].written > 1 for key in keys) or any(a.variable in first and a.seq > first[a.variable] for a in recording.assignments)


def _is_assigned_unseen(recording: Recording) -> bool:
    """Whether a compiled function of the code gives variables their values: to which ones is not noted."""
    for source in recording.code.values():
        for node in ast.walk(tree) if (tree := tree_of(source)) is not None else ():
            compiled = isinstance(node, ast.FunctionDef) and any(last_name(d.func if isinstance(d, ast.Call) else d) == "function" for d in node.decorator_list)
            if compiled and any(isinstance(n, ast.Call) and last_name(n.func) in ASSIGNING for n in ast.walk(node)):
                return True
    return False


def _is_called(root: ast.expr, node: ast.expr) -> bool:
    return any(isinstance(n, ast.Call) and n.func is node for n in ast.walk(root))


def assigned_name(recording: Recording, made: Span) -> str:
    """What the statement that makes a copy calls it."""
    for node in ast.walk(tree) if (tree := tree_at(recording, made)) is not None else ():
        if isinstance(node, ast.Assign) and node.lineno <= made.line <= (node.end_lineno or node.lineno) and len(node.targets) == 1 and isinstance(node.targets[0], (ast.Name, ast.Attribute)):
            return ast.unparse(node.targets[0])
    return ""


def words_of(name: str) -> set[str]:
    """The words that a name is made of."""
    return set(re.split(r"[^a-z]+", name.lower()))


def _saved(recording: Recording, made: Span, name: str) -> Span | None:
    """Where the code behind a line writes the copy to a file."""
    for node in ast.walk(tree) if (tree := tree_at(recording, made)) is not None else ():
        if isinstance(node, ast.Call) and node.lineno > made.line and last_name(node.func) in KEPT:
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if (owner is not None and ast.unparse(owner) == name) or any(ast.unparse(a) == name for a in node.args):
                source = (recording.code.get(made.cell if made.cell is not None else made.file or "") or "").split("\n")
                line = source[node.lineno - 1] if node.lineno <= len(source) else ""
                return Span(made.cell, made.file, node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0, line, made.function)
    return None


def _is_chosen(recording: Recording, made: Span) -> bool:
    """Whether a copy is made under a condition inside a loop: of the best state so far."""
    tree = tree_at(recording, made)
    around = [n for n in ast.walk(tree) if isinstance(n, (ast.If, ast.For, ast.While)) and n.lineno < made.line <= (n.end_lineno or n.lineno)] if tree is not None else []
    conditions = [n for n in around if isinstance(n, ast.If) and any(isinstance(c, ast.Compare) for c in ast.walk(n.test))]
    return any(isinstance(n, (ast.For, ast.While)) and n.lineno < c.lineno for c in conditions for n in around)
