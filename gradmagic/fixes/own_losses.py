"""A loss that a layer brings along and that nothing calls, while the model is trained on another one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name, parameters_of
from gradmagic.fixes.flow import assignments_of, pairs_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.never_read import weights_in
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

LOSS = re.compile(r"loss|nll|likelihood|log_?prob|cost|elbo", re.I)
LARGER_IS_BETTER = re.compile(r"likelihood|log_?prob|elbo", re.I)
TURNED_ROUND = re.compile(r"neg|nll|loss|cost|minus", re.I)
LABELS = frozenset({"y", "true", "tags", "tag", "labels", "label", "targets", "target", "truth", "gold", "classes"})
GUESSES = frozenset({"pred", "preds", "predicted", "prediction", "hat", "logits", "scores", "out"})
# Called by Keras itself.
OWN = frozenset({"compute_loss", "add_loss", "get_losses", "train_step", "test_step", "call", "build"})


@dataclasses.dataclass(frozen=True)
class _Loss:
    """A method that gives a loss, its class, its two parameters, which of them the labels are, and whether more of it is better."""

    owner: cst.ClassDef
    name: str
    parameters: tuple[str, str]
    labels: int
    negative: bool

    def call(self, path: str, labels: str, prediction: str) -> str:
        given = [prediction, prediction]
        given[self.labels] = labels
        return f"{'-' if self.negative else ''}{path}.{self.name}({', '.join(given)})"


def own_loss(recording: Recording, run: GradientRun, sources: Iterable[int]) -> tuple[Fix, ...]:
    """`compile("adam", loss=…)` → `compile("adam", loss=lambda tags, scores: -model.crf.log_likelihood(scores, tags))`, where that method reads what gets no gradient."""
    weights = {run.sources[i].name.rpartition("/")[2].rpartition(".")[2] for i in sources}
    found = [loss for code in cells(recording) for loss in _losses(recording, code, weights)]
    if len(found) != 1:
        return ()
    if run.kind.startswith("keras"):
        return _compiled(recording, found[0])
    return _under_the_tape(recording, run, found[0])


def _losses(recording: Recording, code: Code, weights: set[str]) -> list[_Loss]:
    called = {a.attr.value for c in cells(recording) for a in c.all(cst.Attribute)}
    found = []
    for owner in code.all(cst.ClassDef):
        held = {dotted(a.targets[0].target) for a, name in weights_in(code, owner) if name in weights or last_name(a.targets[0].target) in weights}
        for method in code.all(cst.FunctionDef, owner):
            parameters, name = parameters_of(method), method.name.value
            mine = method.params.params[0].name.value if method.params.params else ""
            if mine != "self" or len(parameters) != 2 or name in called or name in OWN or not LOSS.search(name) or code.enclosing(method, cst.ClassDef) is not owner:
                continue
            labels = [i for i, p in enumerate(parameters) if LABELS & (words := set(p.lower().split("_"))) and not GUESSES & words]
            read = _read(code, owner, method)
            returned = [r.value for r in code.all(cst.Return, method.body)]
            single = len(returned) == 1 and returned[0] is not None and not isinstance(returned[0], cst.Tuple)
            if held and held <= read and len(labels) == 1 and single and len(held) == len(weights):
                negative = bool(LARGER_IS_BETTER.search(name)) and not TURNED_ROUND.search(name)
                found.append(_Loss(owner, name, (parameters[0], parameters[1]), labels[0], negative))
    return found


def _read(code: Code, owner: cst.ClassDef, method: cst.FunctionDef) -> set[str]:
    """What a method reads of its object, by itself and in the methods of the class that it calls."""
    methods = {f"self.{f.name.value}": f for f in code.all(cst.FunctionDef, owner)}
    read, waiting = set[str](), [method]
    while waiting:
        mentioned = {dotted(a) for a in code.all(cst.Attribute, waiting.pop().body)}
        waiting += [methods[m] for m in mentioned - read if m in methods]
        read |= mentioned
    return read


def _compiled(recording: Recording, loss: _Loss) -> tuple[Fix, ...]:
    calls = [(c, n) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == "compile" and isinstance(n.func, cst.Attribute)]
    found = []
    for code, call in calls:
        given = argument(call, 1, "loss")
        path = _path(recording, code, call, dotted(call.func.value), loss) if isinstance(call.func, cst.Attribute) else None
        if given is not None and path is not None and not isinstance(given.value, (cst.List, cst.Dict, cst.Tuple)):
            found.append((code, given.value, path))
    if len(found) != 1:
        return ()
    code, value, path = found[0]
    labels, prediction = loss.parameters[loss.labels], loss.parameters[1 - loss.labels]
    plain = loss.labels == 0 and not loss.negative
    new = f"{path}.{loss.name}" if plain else f"lambda {labels}, {prediction}: {loss.call(path, labels, prediction)}"
    return fix(f"train on `{loss.name}`, which nothing calls", "unsafe", (code, Change().replace(value, code.expression(new))))


def _under_the_tape(recording: Recording, run: GradientRun, loss: _Loss) -> tuple[Fix, ...]:
    """`loss = cross_entropy(y, model(x))` → `loss = tf.reduce_mean(-model.crf.log_likelihood(model(x), y))`."""
    block, mean = tape_block(recording, run), names_of(recording).function("reduce_mean")
    if block is None or mean is None:
        return ()
    code, names = block[0], names_of(recording)
    made = {dotted(t): v for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a)}
    found = []
    for call in code.all(cst.Call, block[1].body):
        function = made.get(dotted(call.func))
        module = names.module(function.func if isinstance(function, cst.Call) else call.func)
        if "losses" not in module.split(".") or len(call.args) != 2 or any(a.keyword is not None or a.star for a in call.args):
            continue
        models = sorted({name for n in code.all(cst.Call, code.scope(call)) if (name := dotted(n.func))}) if call.args else []
        paths = {path for name in models if (path := _path(recording, code, call, name, loss)) is not None}
        if len(paths) == 1:
            found.append((call, paths.pop()))
    if len(found) != 1:
        return ()
    call, path = found[0]
    labels, prediction = (code.text(a.value) for a in call.args)
    new = code.expression(f"{mean}({loss.call(path, labels, prediction)})")
    return fix(f"train on `{loss.name}`, which nothing calls", "unsafe", (code, Change().replace(call, new)))


def _path(recording: Recording, code: Code, place: cst.CSTNode, model: str, loss: _Loss) -> str | None:
    """What the object of the loss is called at a place, where a model is known by its name there: `model.crf`, or a name of its own."""
    name, owner = loss.owner.name.value, code.enclosing(place, cst.ClassDef)
    kinds = {owner.name.value} if model == "self" and owner is not None else _kinds(recording, model)
    if name in kinds:
        return model if len(kinds) == 1 else None
    made = [(c, a, t) for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if isinstance(v, cst.Call) and last_name(v.func) == name and dotted(t)]
    if len(made) != 1:
        return None
    where, assign, target = made[0]
    holder = where.enclosing(assign, cst.ClassDef)
    if dotted(target).startswith("self.") and holder is not None:
        return f"{model}.{dotted(target).removeprefix('self.')}" if kinds == {holder.name.value} else None
    function = where.function(assign)
    seen = function is None or (where is code and function is code.function(place))
    local = code.function(place)
    hidden = function is None and local is not None and bool(assignments_of(code, dotted(target), local))
    # A name of its own may belong to another model than the one at hand.
    return dotted(target) if seen and not hidden and isinstance(target, cst.Name) and _is_a_model(kinds) else None


def _kinds(recording: Recording, name: str) -> set[str]:
    """The classes and functions that a name is made by."""
    made = (v for c in cells(recording) for a in c.all(cst.Assign) for t, v in pairs_of(a) if name and dotted(t) == name)
    return {last_name(v.func) for v in made if isinstance(v, cst.Call)}


def _is_a_model(kinds: set[str]) -> bool:
    return bool(kinds) and kinds <= {"Model", "Sequential", "Functional"}
