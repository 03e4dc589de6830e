"""Properties that make what they return anew."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix
from gradmagic.fixes.names import names_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def maker(recording: Recording, run: GradientRun | None) -> tuple[Code, cst.FunctionDef] | None:
    """The `@property` that a gradient call's sources are an attribute of, where it calls something to make what it returns."""
    found = asking(recording, run)
    wanted = argument(found[1], 1, "sources") if found is not None else None
    attributes = {a.attr.value for a in found[0].all(cst.Attribute, wanted.value)} if found is not None and wanted is not None else set()
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            is_property = any(dotted(d.decorator) == "property" for d in function.decorators)
            if is_property and function.name.value in attributes and any(isinstance(r.value, cst.Call) for r in code.all(cst.Return, function.body)):
                return code, function
    return None


def kept_property(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """A property that makes a model at every access keeps the first one."""
    found = maker(recording, run)
    if found is None:
        return ()
    code, function = found
    decorator = next(d for d in function.decorators if dotted(d.decorator) == "property")
    names, change = names_of(recording), Change()
    module = names.of("functools")
    direct = names.of("functools.cached_property")
    change.replace(decorator.decorator, code.expression(direct or f"{module or 'functools'}.cached_property"))
    if direct is None and module is None:
        first = code.module.body[0]
        change.insert_before(first, code.line("import functools"))
    return fix(f"make `{function.name.value}` once for each object", "unsafe", (code, change))
