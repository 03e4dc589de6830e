"""Sources that TensorFlow calls alike are told apart, and a cause stands in the rows that it is about."""

from __future__ import annotations

from typing import Any

SETUP = """
import keras
import tensorflow as tf
class Two(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = keras.layers.Dense(3), keras.layers.Dense(1)
    def call(self, x):
        return self.second(tf.round(self.first(x)))
two = Two()
"""
CELL = """
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(two(tf.ones((2, 4))))
grads = tape.gradient(loss, [v.value for v in two.trainable_variables], unconnected_gradients="zero")
"""


def test_weights_passed_as_tensorflow_knows_them(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(CELL)
    rows = report.calls[0].variables
    assert len({row.name for row in rows}) == 4
    assert [bool(row.findings) for row in rows] == [row.status == "zero" for row in rows] == [True, True, False, False]
    assert set(report.findings[0].variables) == {row.name for row in rows if row.status == "zero"}


def test_variables_of_one_name(notebook: Any) -> None:
    report = notebook.check(
        "import tensorflow as tf\npair = [tf.Variable(1.0, name='w'), tf.Variable(2.0, name='w')]\n"
        "with tf.GradientTape() as tape:\n    loss = pair[0] ** 2\ngrads = tape.gradient(loss, list({v.ref(): v for v in pair}.values()))\n"
    )
    first, second = report.calls[0].variables
    assert first.name != second.name
    assert (first.status, second.status) == ("ok", "none")
    assert second.findings and not first.findings
