"""Calls that hand values to libraries that compute without TensorFlow."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Collection, Iterable

from gradmagic.definitions import place_of
from gradmagic.recording import Recording, Span
from gradmagic.syntax import holds, is_exact, last_name, mentions, source_of, span_at, text_at, tree_at, tree_of

LIBRARIES = frozenset({"numpy", "scipy", "math", "cmath", "statistics", "sklearn", "pandas", "xarray", "torch", "jax", "cupy", "numba", "cv2", "skimage", "PIL", "librosa", "statsmodels", "networkx"})
# What these libraries are called where no import is in sight.
USUAL = frozenset({"np", "numpy", "scipy", "sp", "math"})
LEAVING = frozenset({"numpy_function", "py_func", "convert_to_numpy", "predict", "predict_on_batch"})


def calls_outside(recording: Recording, span: Span, names: set[str]) -> list[Span]:
    """Calls of functions of such libraries (and others that hand values to NumPy) that are given one of the names, or the span's own expression."""
    tree = tree_at(recording, span)
    found = []
    modules, functions = imported_outside(tuple(recording.code.values()))
    lines = (source_of(recording, span) or "").split("\n")
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.Call):
            continue
        root = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        leaves = isinstance(root, ast.Name) and root.id in (modules if isinstance(node.func, ast.Attribute) else functions)
        if not leaves and last_name(node.func) not in LEAVING:
            continue
        around = is_exact(span) and any(holds(a, span) for a in node.args)
        if around or mentions([*node.args, *(k.value for k in node.keywords)], names):
            found.append(dataclasses.replace(span_at(span, node), code=lines[node.lineno - 1] if node.lineno <= len(lines) else ""))
    return found


def copies_values(recording: Recording, span: Span) -> bool:
    """Whether an expression takes values out of variables and computes nothing: `w.numpy()`, `np.array(w)`, `model.get_weights()`, `[v.numpy() for v in weights]`."""
    try:
        node = ast.parse(text_at(recording, span).strip(), mode="eval").body
    except SyntaxError:
        return False
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and all(isinstance(g.iter, (ast.Name, ast.Attribute)) for g in node.generators):
        node = node.elt
    elif isinstance(node, ast.DictComp) and all(isinstance(g.iter, (ast.Name, ast.Attribute)) for g in node.generators):
        node = node.value
    if not isinstance(node, ast.Call):
        return False
    plain = (ast.Name, ast.Attribute, ast.Subscript)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("numpy", "get_weights", "tolist"):
        return not node.args and isinstance(node.func.value, plain)
    modules, _ = imported_outside(tuple(recording.code.values()))
    root = node.func.value if isinstance(node.func, ast.Attribute) else None
    copied = isinstance(root, ast.Name) and root.id in modules and last_name(node.func) in ("array", "asarray", "copy")
    return (copied or (isinstance(node.func, ast.Name) and node.func.id in ("float", "int"))) and len(node.args) == 1 and isinstance(node.args[0], plain)


def writes_into_arrays(recording: Recording, span: Span, names: set[str], places: Collection[Span]) -> list[Span]:
    """The targets of assignments that put one of the names, or the expression at one of the places, into an array that such a library made: `rows[i] = h`."""
    tree, key = tree_at(recording, span), span.cell if span.cell is not None else span.file
    modules, functions = imported_outside(tuple(recording.code.values()))
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AugAssign) else None
        if not isinstance(target, ast.Subscript) or not isinstance(node, (ast.Assign, ast.AugAssign)):
            continue
        given = mentions([node.value], names) or any((p.cell, p.file) == (span.cell, span.file) and is_exact(p) and holds(node.value, p) for p in places)
        base: ast.expr = target
        while isinstance(base, ast.Subscript):
            base = base.value
        around = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.lineno <= node.lineno <= (n.end_lineno or n.lineno)] if isinstance(base, ast.Name) and tree is not None else []
        # A plain name is that of its function; an attribute is known wherever the code reaches the object.
        known: list[ast.AST] = [*around[-1:]] or [t for source in recording.code.values() if (t := tree_of(source)) is not None]
        if given and _is_array(known, ast.unparse(base), modules, functions):
            found.append(place_of(recording, key or "current", target))
    return found


def _is_array(known: Iterable[ast.AST], name: str, modules: frozenset[str], functions: frozenset[str]) -> bool:
    """Whether every assignment of a name or attribute that is known makes it by a call of such a library."""
    made = [n.value for root in known for n in ast.walk(root) if isinstance(n, ast.Assign) and any(ast.unparse(t) == name for t in n.targets)]

    def outside(value: ast.expr) -> bool:
        root = value.func if isinstance(value, ast.Call) else value
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(value, ast.Call) and isinstance(root, ast.Name) and root.id in (modules if isinstance(value.func, ast.Attribute) else functions)

    return bool(made) and all(map(outside, made))


@functools.lru_cache(maxsize=32)
def imported_outside(sources: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The names under which the code has such libraries, and functions and classes of theirs."""
    modules, functions = set(USUAL), set()
    for tree in map(tree_of, sources):
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                modules |= {(a.asname or a.name).partition(".")[0] for a in node.names if a.name.partition(".")[0] in LIBRARIES}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LIBRARIES:
                # Of what comes from a package, one cannot tell modules from functions by the name.
                functions |= {a.asname or a.name for a in node.names}
    return frozenset(modules | functions), frozenset(functions)
