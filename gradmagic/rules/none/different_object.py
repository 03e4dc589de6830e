"""The source is another object than the one that was computed with.

What it finds
    The source was not read, and the target was computed from another variable of the same name and shape: a second model, a rebuilt layer, a clone.

Why it happens
    A gradient belongs to one variable object. Two models built by the same code have variables of the same names and shapes, and no connection.

Example
    import tensorflow as tf
    def make():
        return tf.Variable([1.0, 2.0], name="w")
    trained, used = make(), make()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(used * used)
    grad = tape.gradient(loss, trained)

Use instead
    import tensorflow as tf
    def make():
        return tf.Variable([1.0, 2.0], name="w")
    used = make()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(used * used)
    grad = tape.gradient(loss, used)

Fix safety
    The loss stays the same; other variables are trained.

Not a problem when
    The other object is a target network or a teacher and None is expected.
"""

from __future__ import annotations

from gradmagic.fixes.functional import inner_step
from gradmagic.fixes.listed_before import listed_behind
from gradmagic.fixes.made_of_the_old import made_of_the_new
from gradmagic.fixes.other_object import called_with, name_of, same_object
from gradmagic.fixes.pipelines import kept_object
from gradmagic.fixes.properties import kept_property, maker
from gradmagic.locate.fault import Fault
from gradmagic.rebinding import given_name
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, listing, subject, target_name


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "different" or fault.run is None:
        return None
    twin = recording.variables[int(str(fault.detail["twin"]))]
    given = given_name(recording, twin)
    name = code(twin.names[0] if twin.names else min(given) if given else f"{twin.owner}: {twin.path}" if twin.owner else twin.path)
    made = maker(recording, fault.run)
    if made is not None:
        return _property(fault, made[1].name.value)
    same_name = set(fault.names) & {*twin.names, twin.path, *given}
    mine = recording.variables.get(fault.run.sources[fault.sources[0]].id)
    made_twice = [(v.created_at, note) for v, note in ((twin, "made here, and read"), (mine, "made here, and asked for")) if v is not None and v.created_at is not None]
    trained = any(p.variable in {s.id for s in fault.run.sources} for u in recording.updates for p in u.pairs if p.gradient is not None)
    return finding(
        "none/different-object",
        fault,
        f"{subject(fault, 'None')}: {target_name(fault)} was computed with {'another variable of that name' if same_name else 'the variable of another object'}",
        fault.run.span,
        f"{listing(fault.names)} was not read for {target_name(fault)}",
        f"{target_name(fault)} was computed from {name}, which has the {'name and the shape' if same_name else 'shape'} of {listing(fault.names)} and belongs to another object. A gradient exists only for the object that was read.",
        others=[(span, note) for span, note in made_twice if len({s for s, _ in made_twice}) == 2],
        severity="warning" if trained else "error",
        certainty="likely",
        help="pass the variables of the object that computes the loss",
    )


def _property(fault: Fault, name: str) -> Finding:
    assert fault.run is not None
    return finding(
        "none/different-object",
        fault,
        f"{subject(fault, 'None')}: every access of {code(name)} makes a new one, and {target_name(fault)} was computed with another",
        fault.run.span,
        f"makes {code(name)} once more, with variables of its own",
        f"{code(name)} is a property that returns a new object at each access. {target_name(fault)} was computed with the variables of one, and this line asks for those of the next. A gradient exists only for the object that was read.",
        help="make the object once, in `__init__` or by `functools.cached_property`",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    twin = recording.variables.get(int(str(fault.detail["twin"])))
    mine = recording.variables.get(fault.run.sources[fault.sources[0]].id) if fault.run is not None else None
    asked = next((n for n in (mine.names if mine is not None else ()) if n.isidentifier()), mine.owner if mine is not None else None)
    kept = kept_property(recording, fault.run) or listed_behind(recording, fault.run)
    if kept:
        return kept
    for span in [s for v in (twin, mine) if v is not None for s in (v.created_at, *v.created_by) if s is not None]:
        kept = kept_object(recording, fault.run, span)
        if kept:
            return kept
    # `encoder.cell.kernel` is asked for as a part of `encoder`.
    roots = [n for n in (asked, *(n.partition(".")[0] for n in (mine.names if mine is not None else ()) if "[" not in n.partition(".")[0])) if n]
    used = name_of(recording, twin, fault.run, roots)
    return inner_step(recording, fault.run, asked) or made_of_the_new(recording, [n for n in (used, *called_with(recording, twin)) if n], roots) or same_object(recording, fault.run, used, roots)
