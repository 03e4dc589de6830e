"""Cells with a custom gradient, as the tests of `--numeric` check them."""

from __future__ import annotations


def asking_cell(inputs: str, forward: str, gradient: str, *, before: str = "pass", watched: str = "") -> str:
    """A cell that asks for the gradient of a function `f` with a custom gradient.

    Args:
        inputs: an assignment of the arguments of `f`; forward, gradient: expressions in them, `gradient` in `dy` too.
        before: what `f` does first; watched: the arguments that the tape watches, all where it is empty.
    """
    names = ", ".join(n.strip() for part in inputs.split(";") for n in part.partition("=")[0].split(",") if n.strip() != "array")
    watched = watched or names
    return f"""{inputs}
@tf.custom_gradient
def f({names}):
    {before}
    def grad(dy):
        return {gradient}
    return {forward}, grad
with tf.GradientTape() as tape:
    tape.watch([{watched}])
    loss = tf.reduce_sum(tf.cast(f({names}), tf.float32))
grads = tape.gradient(loss, [{watched}])
"""
