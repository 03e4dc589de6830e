"""Gradients were computed, and nothing was ever updated with them.

What it finds
    A place that computes gradients of trainable variables turn after turn, while no variable is changed in the whole cell and the gradients are not used for anything else, or lead to an update under a condition that no run fulfilled.

Why it happens
    `tape.gradient` only computes. An optimizer, or an assignment, changes the variables.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = w * w
        grads = tape.gradient(loss, [w])

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = w * w
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Fix safety
    The variables change, as is meant: unsafe.

Not a problem when
    The gradients are only looked at.
"""

from __future__ import annotations

from gradmagic.fixes.accumulation import at_the_last_too
from gradmagic.fixes.decided import counted_in_the_graph
from gradmagic.fixes.early_return import left_early, return_behind_the_loop
from gradmagic.fixes.one_by_one import all_of_them, is_one_by_one
from gradmagic.fixes.optimizers import applied, read_twice
from gradmagic.fixes.state import kept
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding, listing


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.run is None or fault.cause not in ("unapplied", "leftover", "left-out"):
        return None
    count = fault.detail["count"]
    if fault.cause == "leftover":
        early = left_early(recording, fault.run)
        return finding(
            "step/gradients-not-applied",
            fault,
            f"the {'gradient' if len(fault.names) == 1 else 'gradients'} of {listing(fault.names)} {'is' if len(fault.names) == 1 else 'are'} computed {count} times and never applied",
            fault.span,
            "updates the other variables only",
            f"The call asks for {len(fault.run.sources)} gradients, and {len(fault.run.sources) - len(fault.sources)} of them are applied. Those of {listing(fault.names)} are there and finite, nothing reads them, and "
            "the variables hold the same bits at the end of the cell as before.",
            others=[(place, text) for place, text in ((fault.run.span, "computed here"), (early, "leaves the loop over the gradients in its first turn")) if place is not None],
            severity="warning",
            help="return behind the loop: what is returned in its first turn holds the first gradient only, and `zip` ends with the shorter list"
            if early is not None
            else "update every variable that was asked for, in a loop: `for variable, gradient in zip(variables, gradients)`. If these are meant to stay, leave them out of the gradient call"
            if is_one_by_one(recording, fault.run)
            else "a `zip` can be read once: make it a list (`list(zip(gradients, variables))`) before it is read a second time. If these variables are meant to stay, leave them out of the gradient call",
        )
    if fault.cause == "left-out":
        return finding(
            "step/gradients-not-applied",
            fault,
            f"gradients are computed {count} times and never applied: the update is no part of the traced function",
            fault.span,
            "false while the function was traced, and not asked again",
            f"This condition looks at a Python number. It was looked at once, while the function was traced, when it was not fulfilled; the update under it is not in the graph, and no later run of the graph asks again. After {count} runs all variables hold the same bits as before.",
            others=[(place, text) for place, text in ((fault.run.span, "the gradients are computed here"), (fault.detail.get("call"), "never runs")) if isinstance(place, Span)],
            help="count in a `tf.Variable` and decide with `tf.cond` (in a function that AutoGraph converts, an `if` about a tensor is one), or let the optimizer accumulate: `gradient_accumulation_steps=…`",
        )
    if fault.detail.get("unreached"):
        return finding(
            "step/gradients-not-applied",
            fault,
            f"gradients are computed {count} times and never applied: this line never ran",
            fault.span,
            "the update, which no run reached",
            f"The gradients of {listing(fault.names)} were computed {count} times and lead to this line, which stands under a condition that was not fulfilled once. No optimizer was called, and no variable was assigned.",
            others=[(fault.run.span, "the gradients are computed here")] if fault.run.span is not None else [],
            severity="warning",
            help="look at the condition around this line: a counter that begins anew too early, or a number of steps that is not reached",
        )
    if fault.detail.get("lazy"):
        return finding(
            "step/gradients-not-applied",
            fault,
            f"gradients are computed {count} times and never applied: nothing goes through what this line makes",
            fault.span,
            "an iterator that nobody asks for its elements",
            f"The gradients of {listing(fault.names)} were computed {count} times and lead to this line. `map`, `filter` and generator expressions compute an element when it is asked for, and nothing asks: "
            "the update in here did not run once. All variables hold the same bits at the end of the cell as before.",
            others=[(fault.run.span, "the gradients are computed here")] if fault.run.span is not None else [],
            help="write a `for` loop: `for variable, gradient in zip(variables, gradients): variable.assign_sub(rate * gradient)`",
        )
    thrown = fault.detail.get("thrown")
    if isinstance(thrown, Span):
        return finding(
            "step/gradients-not-applied",
            fault,
            f"gradients are computed {count} times, and what is made of them is thrown away",
            thrown,
            "a new value that nothing keeps: the variable stays as it is",
            f"The gradients of {listing(fault.names)} were computed {count} times. This line computes new values with them; a name, or a copy, gets the new value, and no variable does. All of them hold the same bits at the end of the cell as before.",
            others=[(fault.span, "computed here")] if fault.span is not None else [],
            help="assign to the variable: `variable.assign_sub(rate * gradient)`, or hand the gradients to an optimizer: `optimizer.apply_gradients(zip(gradients, variables))`",
        )
    return finding(
        "step/gradients-not-applied",
        fault,
        f"gradients are computed {count} times and nothing is updated with them",
        fault.span,
        "computed here, used nowhere",
        f"This call ran {count} times for {listing(fault.names)}. In the whole cell no optimizer was called and no variable assigned, and the result is not read again: the model stays as it was.",
        help="hand them to the optimizer: `optimizer.apply_gradients(zip(gradients, variables))`",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.detail.get("unreached"):
        return at_the_last_too(recording, found.location)
    if fault.detail.get("lazy"):
        return ()
    if fault.cause == "left-out":
        return counted_in_the_graph(recording, found.location)
    if fault.cause == "leftover":
        # To apply all of them would apply some twice.
        return return_behind_the_loop(recording, fault.run) or all_of_them(recording, fault.run, fault.sources) or read_twice(recording)
    return (kept(recording, found.location) if fault.detail.get("thrown") is not None else ()) or applied(recording, fault.run)
