"""A variable takes part in the forward pass and would get a gradient, but nothing asks for it.

What it finds
    A trainable variable that a Keras model computes with and does not count among its weights, so that `model.trainable_variables` leaves it out. Also a model, or a
    part of one, that leads to the loss and that no gradient call asks for: an encoder in front of a decoder whose variables alone are trained. In a loop of one's own that is a note.

Why it happens
    Keras 3 keeps track of weights that `add_weight` makes and of layers that are attributes. A plain `tf.Variable`, and a layer inside a closure, are used and never trained.

Example
    import tensorflow as tf
    class Shifted(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = tf.keras.layers.Dense(1)
            self.shift = tf.Variable(0.5)
        def call(self, inputs):
            return self.dense(inputs) + self.shift
    net, x = Shifted(), tf.ones([2, 3])
    for step in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - tf.constant([[1.0], [2.0]])))
        grads = tape.gradient(loss, net.trainable_variables)
        tf.keras.optimizers.SGD(0.1).apply_gradients(zip(grads, net.trainable_variables))

Use instead
    import tensorflow as tf
    class Shifted(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = tf.keras.layers.Dense(1)
            self.shift = self.add_weight(shape=(), initializer=tf.keras.initializers.Constant(0.5), name="shift")
        def call(self, inputs):
            return self.dense(inputs) + self.shift
    net, x = Shifted(), tf.ones([2, 3])
    optimizer = tf.keras.optimizers.SGD(0.1)
    for step in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - tf.constant([[1.0], [2.0]])))
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))

Fix safety
    The variable is then trained, as is meant.

Not a problem when
    The variable is meant to stay: then make it with `trainable=False`, or set `trainable = False` on the layer or model.
"""

from __future__ import annotations

from gradmagic.assignments import made_at_line
from gradmagic.fixes.asked_of_another import is_asked_twice, of_its_own_model
from gradmagic.fixes.by_path import chosen_by_path
from gradmagic.fixes.code import dotted
from gradmagic.fixes.companions import beside_the_network, is_a_term_too
from gradmagic.fixes.filled_later import filled_first, filled_late
from gradmagic.fixes.holders import asked_too, part_asked_too, tracked_holder
from gradmagic.fixes.lambda_layers import called_outside, layers_in
from gradmagic.fixes.layers_in_call import made_beforehand, made_in_call
from gradmagic.fixes.layers_of_modules import layers_asked_too
from gradmagic.fixes.loss_weights import held_by_the_loss
from gradmagic.fixes.made_anew import is_made_anew, made_in_init
from gradmagic.fixes.tracking import added_weight, layer_itself
from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Layer, ModelCall, Recording, Variable
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing, name_of


def explain(fault: Fault, recording: Recording) -> Finding | None:
    variable, model = fault.detail.get("variable"), fault.detail.get("model")
    if fault.cause == "unasked" and isinstance(variable, Variable) and fault.run is not None:
        return _unasked(fault, variable, recording)
    if fault.cause == "left part" and fault.run is not None:
        return _left_part(fault, fault.run, recording)
    if fault.cause != "untracked" or not isinstance(variable, Variable) or not isinstance(model, Layer) or fault.run is None:
        return None
    every: tuple[Variable, ...] = fault.detail["all"]  # type: ignore[assignment]
    name, one = listing([name_of(v) for v in every]), len(every) == 1
    are, it, it_ = ("is", "It is", "it") if one else ("are", "They are", "them")
    read = fault.op.span if fault.op is not None else None
    # A layer makes its weights when it first runs: the line that reads them says more.
    plain = not model.keras
    remade = is_made_anew(recording, variable)
    made = variable.created_at if remade else variable.created_at or made_at_line(recording, variable.id) if "/" not in variable.path else None
    owned = "keep the layer that owns it where Keras looks: in an attribute of the model, or in an object that is a Keras `Layer` itself"
    if read is not None and layers_in(recording, read):
        owned = "call the layer outside of the `Lambda`, or write a `Layer` subclass that holds it: Keras does not look into the function of a `Lambda`"
    late = filled_late(recording, read) if "/" in variable.path and not plain else None
    if late is not None:
        owned = f"fill the lists that {code(dotted(late[2].targets[0].target))} holds first, and make it an attribute then: Keras looks into a list once, when it is given it, and not into what is added further inside"
    anew = made_in_call(recording, fault.op) if made is None else None
    if anew is not None:
        owned = f"make the layer once, in `__init__`, as an attribute of {code(anew.owner.name.value)}, and only call it in `{anew.method.name.value}`"
    often = " The line makes a new layer, with new weights, each time it runs." if anew is not None else " The line makes a new variable each time it runs." if remade else ""
    added = (
        "make it once, in `__init__`, with `self.add_weight(…)`, and read it in the forward pass"
        if remade
        else "make it with `self.add_weight(…)`, or make the layer that owns it an attribute of the model"
    )
    return finding(
        "step/untracked-variable",
        fault,
        f"{name} {are} used by {code(model.name)} and {are} not among its trainable variables",
        made or read,
        f"{'made' if made is not None else 'read'} here, and not tracked by {code(model.name)}",
        f"{code(model.name)} (a {code(model.type)}) computes with {name}, which {are} trainable and would get a gradient. {it} not in the model's `variables`, the gradient call does not ask for {it_}, and no update changes {it_} in this cell.{often}",
        others=[(read, "read here"), (fault.run.span, "asked for without it")] if read is not None else [],
        severity="warning",
        help=f"add `trainable_variables` of each layer to the list, or make `{model.type}` a `keras.Model`: a `tf.Module` finds variables of TensorFlow and other modules, and a layer of Keras 3 is neither"
        if plain and "/" in variable.path
        else f"make the class that holds it a `tf.Module` as well: {code(model.type)} looks into attributes, lists and dicts for variables and modules, and not into plain objects"
        if plain
        else f"{owned if '/' in variable.path and made is None else added}; if it is meant to stay, make it with `trainable=False`",
        variables=tuple(name_of(v) for v in every),
    )


def _unasked(fault: Fault, variable: Variable, recording: Recording) -> Finding:
    assert fault.run is not None
    name, model = code(name_of(variable)), code(str(fault.detail["model"]))
    read = fault.op.span if fault.op is not None else None
    said, beside = bool(fault.detail["meant"]), beside_the_network(recording, fault.run, variable, fault.op)
    meant = said or beside is not None
    # What an object that is no layer holds (a loss) is read far from where it is made.
    made = None if said else variable.created_at or (made_at_line(recording, variable.id) if any("." in n for n in variable.names) else None)
    return finding(
        "step/untracked-variable",
        fault,
        f"{name} is trainable and leads to the loss, and no gradient call asks for it",
        made or fault.span,
        "is trainable, and is trained by nothing" if said or made is not None else "read here",
        f"The gradient call asks for the variables of {model}. {name} is none of them, although it is trainable and the loss is computed with it; no gradient call of this cell asks for it, and no update changes it.",
        others=[(read, "read here"), (fault.run.span, "asked for without it")],
        severity="warning" if meant else "note",
        help=f"add it to the sources, and to the variables that the optimizer is given (`+ [{beside}]`); if it is meant to stay, make it with `trainable=False`"
        if beside is not None
        else f"make it a weight of {model} (`add_weight` of one of its layers), or train it in a loop of your own that asks for it too; if it is meant to stay, make it with `trainable=False`",
        variables=(name.strip("`"),),
    )


def _left_part(fault: Fault, run: GradientRun, recording: Recording) -> Finding:
    call, held = fault.detail["call"], bool(fault.detail["held"])
    assert isinstance(call, ModelCall)
    left: tuple[int, ...] = fault.detail["weights"]  # type: ignore[assignment]
    variables, whole = [recording.variables[k] for k in left if k in recording.variables], len(left) == len(call.weights)
    of_layer = _layers_of([recording.variables[k] for k in call.weights if k in recording.variables])
    layers, many = {of_layer[v.id] for v in variables}, len(left) > 1
    # A layer of which a part is asked for is not what was left out.
    one = whole or (many and len(layers) == 1 and not any(of_layer[k] in layers for k in of_layer if k not in left))
    name = code(call.name) if whole else f"{code(next(iter(layers)))} in {code(call.name)}" if one else listing([name_of(v) for v in variables])
    count = f"{len(left)} trainable variables" if many else "trainable variable"
    return finding(
        "step/untracked-variable",
        fault,
        f"{name} {'is' if one or not many else 'are'} trainable and {'leads' if one or not many else 'lead'} to the loss, and no gradient call asks for {'its variables' if one else 'them' if many else 'it'}",
        run.span,
        f"asks for {len(run.sources)} variable{'s' if len(run.sources) > 1 else ''}, and {'none of them is of ' + name if one else 'not for ' + name}",
        f"The loss is computed with {name} under the tape, so {'its' if one else 'these' if many else 'this'} {count} would get a gradient. No gradient call of this cell asks for {'them' if many else 'it'}, "
        "and at the end of the cell they hold the same bits as before.",
        others=[(call.span, "used here")] if call.span is not None else [],
        # A model that leaves a part of itself behind while `fit` trains it hardly means to; in a loop of one's own it may be the plan.
        severity="warning" if held and whole else "note",
        certainty="likely",
        help=f"add `{call.name}.trainable_variables` to the sources, and give the optimizer the same list; if it is meant to stay, say so: `{call.name}.trainable = False`"
        if whole
        else f"ask for `{call.name}.trainable_variables`, and give the optimizer the same list; layers that are meant to stay say so by `trainable = False`",
        variables=tuple(name_of(v) for v in variables),
    )


def _layers_of(variables: list[Variable]) -> dict[int, str]:
    """By variable the layer of a model that holds it: the first part of its path that is not common to all."""
    parts = {v.id: v.path.split("/") for v in variables}
    common = next((i for i, names in enumerate(zip(*parts.values(), strict=False)) if len(set(names)) > 1), 0)
    return {key: path[min(common, len(path) - 1)] for key, path in parts.items()}


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    variable, model = fault.detail.get("variable"), fault.detail.get("model")
    if fault.cause == "left part":
        if is_asked_twice(recording, fault.run):
            # The model would be trained by every one of those losses.
            return of_its_own_model(recording, fault.run, fault.detail["call"])
        return chosen_by_path(recording, fault.run, None) or part_asked_too(recording, fault.run, fault.detail["call"])
    if not isinstance(variable, Variable):
        return ()
    if fault.cause == "unasked":
        held = held_by_the_loss(recording, variable) if fault.run is not None and fault.run.kind.startswith("keras") else ()
        others: tuple[Variable, ...] = fault.detail["others"]  # type: ignore[assignment]
        beside = beside_the_network(recording, fault.run, variable, fault.op)
        sure = beside is not None or bool(fault.detail["meant"]) or any(n.isidentifier() for n in variable.names) or is_a_term_too(recording, fault.run, variable)
        return held or (asked_too(recording, fault.run, variable, str(model), beside, others) if sure else ())
    if isinstance(model, Layer) and not model.keras and "/" in variable.path:
        every: tuple[Variable, ...] = fault.detail["all"]  # type: ignore[assignment]
        return layers_asked_too(recording, fault.run, model, every)
    if is_made_anew(recording, variable):
        return made_in_init(recording, variable)
    late = filled_first(recording, found.location) if "/" in variable.path else ()
    own = made_beforehand(recording, fault.op) or late or layer_itself(recording, found.location) or called_outside(recording, found.location) or added_weight(recording, found.location, variable)
    return own or (tracked_holder(recording, found.location, variable, model) if isinstance(model, Layer) else ())
