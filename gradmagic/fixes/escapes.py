"""Values that left TensorFlow: the tensor itself, and the TensorFlow counterpart of what NumPy did with it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.leavings import FLAT, calls_beside, has_several_uses, is_recorded, written_into
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.numpy_table import LEAVING_METHODS, METHODS, counterpart
from gradmagic.fixes.places_and_sizes import must_be_whole
from gradmagic.fixes.reached import reached
from gradmagic.fixes.translation import CONVERTS, NUMPY, PREDICTS, TO_NUMPY, Translation
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def stay_in_tensorflow(recording: Recording, place: Place, run: GradientRun | None) -> tuple[Fix, ...]:
    """Use tensors, and TensorFlow's own functions, from the place where the value left to where the target is made."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None:
        return ()
    found = code.expressions_at(place)
    call = next((n for n in found if isinstance(n, cst.Call) and _leaves(n, names)), None)
    if call is None:
        call = next((n for n in code.all(cst.Call) if place.line <= code.start(n)[0] <= place.end_line and _leaves(n, names)), None)
    if call is None or (run is not None and not is_recorded(recording, run, code, call)):
        return ()
    if last_name(call.func) in FLAT and names.module(call.func).partition(".")[0] in NUMPY:
        return ()
    own = _of_its_function(recording, code, names, call)
    if own:
        return own
    region = _region(code, call, run)
    translation = _translation(recording, code, names, region, call, run)
    called = _called_functions(recording, code, names, translation, call, region)
    if not translation.possible or not translation.count or called is None or written_into(code, region, translation.arrays) or must_be_whole(recording, code, translation.whole):
        return ()
    if called:
        changes = {id(code): (code, translation.change)}
        for other, inner in called:
            kept = changes.setdefault(id(other), (other, inner.change))[1]
            kept.replaced.update(inner.change.replaced)
        return fix("compute with tensors, also in the function that is called", "unsafe", *changes.values())
    title = (
        f"use the tensor itself, without {translation.what}"
        if not translation.functions
        else f"use {', '.join(f'`{f}`' for f in list(dict.fromkeys(translation.functions))[:3])} in the place of {_libraries(code, names, translation)}"
    )
    # Without `int()` the fraction is kept.
    sure = not translation.functions and not translation.whole and last_name(call.func) not in PREDICTS and not has_several_uses(code, call)
    return fix(title, "safe" if sure else "unsafe", (code, translation.change))


def _translation(recording: Recording, code: Code, names: Names, region: cst.CSTNode, call: cst.Call, run: GradientRun | None) -> Translation:
    """The lines of a region with tensors; in a function also what NumPy makes of the parameters that are handed them, where all of that has a counterpart."""
    beside = [*calls_beside(recording, code, names, region, run), *_handed_first(code, names, call)]
    function = code.function(call)
    handed = reached(recording, run).handed(code, function) if run is not None and function is not None and region is function.body else []
    if handed:
        whole = Translation(code, names, region, call, handed, beside, like=handed[0])
        if whole.possible and not any(f.rpartition(".")[2] in FLAT for f in whole.functions):
            return whole
    return Translation(code, names, region, call, beside=beside)


def _libraries(code: Code, names: Names, translation: Translation) -> str:
    """Whose functions a translation replaced."""
    roots = {names.module(c.func).partition(".")[0] for c in translation.translated}
    return "`math`" if "math" in roots and "numpy" not in roots else "NumPy"


def _handed_first(code: Code, names: Names, call: cst.Call) -> list[cst.Call]:
    """The calls of NumPy inside of a guilty one, as in `np.mean(np.square(truth - guess))` and `critic.predict(np.hstack([states, actions]))`: they got the tensors first, which nothing shows."""
    if (names.module(call.func).partition(".")[0] not in NUMPY and last_name(call.func) not in PREDICTS) or not call.args:
        return []
    found = []
    for inner in (c for a in call.args for c in code.all(cst.Call, a.value)):
        module, _, name = names.module(inner.func).partition(".")
        if module == "numpy" and name not in CONVERTS and counterpart(name, names.tf, names.ops, names.tf is None) is not None and inner.args and not _is_of_numpy(code, names, inner):
            found.append(inner)
    return found


def _is_of_numpy(code: Code, names: Names, call: cst.Call) -> bool:
    """Whether a call is given numbers only, and names that NumPy's functions gave."""
    given = {n.value for a in call.args for n in code.all(cst.Name, a.value)}
    made = {n: assignments_of(code, n, code.scope(call)) for n in given}
    return all(made[n] and all(isinstance(a.value, cst.Call) and names.module(a.value.func).startswith("numpy.") for a in made[n]) for n in given if n != names.numpy)


def _called_functions(recording: Recording, code: Code, names: Names, translation: Translation, guilty: cst.Call, region: cst.CSTNode) -> list[tuple[Code, Translation]] | None:
    """The functions of the notebook's that are handed the value and compute in NumPy, in TensorFlow; None where one of them cannot be translated."""
    found: list[tuple[Code, Translation]] = []
    ends = {guilty, *translation.translated}
    for call in code.all(cst.Call, region):
        handed = [i for i, a in enumerate(call.args) if a.keyword is None and (any(n in ends for n in code.all(cst.Call, a.value)) or names_in(a.value) & translation.arrays)]
        for other in cells(recording) if handed and isinstance(call.func, cst.Name) else ():
            for function in other.all(cst.FunctionDef):
                parameters = [p.name.value for p in function.params.params]
                inner = [c for c in other.all(cst.Call, function.body) if names.module(c.func).partition(".")[0] in NUMPY]
                inner += [
                    c
                    for c in other.all(cst.Call, function.body)
                    if isinstance(c.func, cst.Attribute) and last_name(c.func) in METHODS and isinstance(c.func.value, cst.Name) and c.func.value.value in parameters
                ]
                if not isinstance(call.func, cst.Name) or function.name.value != call.func.value or not inner:
                    continue
                first = min(inner, key=other.start)
                one = Translation(other, names, function.body, first, [parameters[i] for i in handed if i < len(parameters)])
                if not one.possible or any(f.rpartition(".")[2] in FLAT for f in one.functions) or must_be_whole(recording, other, one.whole):
                    return None
                if one.count:
                    found.append((other, one))
    return found


def _of_its_function(recording: Recording, code: Code, names: Names, call: cst.Call) -> tuple[Fix, ...]:
    """`tf.numpy_function(f, [x], dtype)` of a NumPy function of the notebook's: the function in TensorFlow, called itself."""
    if last_name(call.func) not in ("numpy_function", "py_function", "py_func") or len(call.args) < 2 or not isinstance(call.args[0].value, cst.Name) or names.tf is None:
        return ()
    inputs = call.args[1].value
    if not isinstance(inputs, (cst.List, cst.Tuple)):
        return ()
    for other in cells(recording):
        for function in other.all(cst.FunctionDef):
            inner = [c for c in other.all(cst.Call, function.body) if names.module(c.func).partition(".")[0] in NUMPY]
            if function.name.value != call.args[0].value.value or not inner:
                continue
            translation = Translation(other, names, function.body, inner[0], [p.name.value for p in function.params.params])
            if not translation.possible or not translation.count or any(f.rpartition(".")[2] in FLAT for f in translation.functions):
                return ()
            new = code.expression(f"{function.name.value}({', '.join(code.text(e.value) for e in inputs.elements)})")
            change = translation.change if other is code else Change()
            change.replace(call, new)
            changes = [(code, change)] if other is code else [(other, translation.change), (code, change)]
            return fix(f"write `{function.name.value}` in TensorFlow, and call it", "unsafe", *changes)
    return ()


def _leaves(call: cst.Call, names: Names) -> bool:
    name = last_name(call.func)
    if isinstance(call.func, cst.Attribute) and (name in LEAVING_METHODS or name in PREDICTS):
        return True
    if isinstance(call.func, cst.Name) and name in ("float", "int"):
        return bool(call.args)
    if name == "constant" and names.module(call.func).startswith("tensorflow."):
        return bool(call.args) and not isinstance(call.args[0].value, (cst.List, cst.Tuple))
    return name in TO_NUMPY or names.module(call.func).partition(".")[0] in NUMPY or name in ("numpy_function", "py_function", "py_func")


def _region(code: Code, call: cst.Call, run: GradientRun | None) -> cst.CSTNode:
    """What is translated together: the function that holds the call, else the block of the tape, else the statement."""
    function = code.function(call)
    block = code.enclosing(call, cst.With)
    if block is not None and any(isinstance(i.item, cst.Call) and last_name(i.item.func) == "GradientTape" for i in block.items):
        return block.body
    if function is not None and not any(isinstance(n, cst.Call) and last_name(n.func) == "GradientTape" for n in code.all(cst.Call, function)):
        return function.body
    statement = code.statement(call)
    assert statement is not None
    return statement
