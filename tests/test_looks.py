"""Each value is looked at once: what is told again later is still true."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from gradmagic.capture.numbers import SAMPLE, extent, numbers, quick

LARGE = np.linspace(-3.0, 5.0, 3 * SAMPLE, dtype=np.float32)
ARRAYS = {
    "small": np.array([1.5, -2.0, 0.25], np.float32),
    "large": LARGE,
    "zeros": np.zeros((7, 5), np.float32),
    "tiny": np.full(4, 1e-30, np.float32),
    "one NaN": np.array([1.0, np.nan, 3.0]),
    "infinite, large": np.where(LARGE > 4.9, np.inf, LARGE).astype(np.float32),
    "nothing finite": np.full(3, np.nan),
    "complex": np.array([3 + 4j, 0j], np.complex64),
    "whole": np.arange(-4, 9),
    "empty": np.zeros((0, 3), np.float32),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_the_extent_is_what_the_numbers_say(name: str) -> None:
    found, all_of_it = extent(ARRAYS[name]), numbers(ARRAYS[name])
    assert (found.size, found.nans, found.infs, found.finite, found.all_zero) == (all_of_it.size, all_of_it.nans, all_of_it.infs, all_of_it.finite, all_of_it.all_zero)
    assert [found.norm, found.min, found.max] == pytest.approx([all_of_it.norm, all_of_it.min, all_of_it.max], rel=1e-6, nan_ok=True)


def test_a_norm_that_is_known_changes_no_number() -> None:
    told, plain = numbers(LARGE, histogram=True, norm=quick(LARGE)[0]), numbers(LARGE, histogram=True)
    assert dataclasses.replace(told, std=plain.std) == plain
    assert told.std == pytest.approx(plain.std, rel=1e-12)
    assert told.norm == pytest.approx(math.sqrt(float(np.sum(LARGE.astype(np.float64) ** 2))), rel=1e-6)


WRITTEN = """
with tf.GradientTape() as tape:
    y = tf.reduce_sum(v * v)
first = tape.gradient(y, [v])
{write}
with tf.GradientTape() as tape:
    y = tf.reduce_sum(v * v)
second = tape.gradient(y, [v])
"""


@pytest.mark.parametrize(
    "write", ["v.assign(tf.fill((300, 300), 2.0))", "tf.raw_ops.AssignVariableOp(resource=tf.identity(v.handle), value=tf.fill((300, 300), 2.0))", "tf.function(lambda: v.assign(v * 2.0))()"]
)
def test_a_variable_is_looked_at_anew_when_it_may_have_been_written(notebook: Any, write: str) -> None:
    notebook.run("import tensorflow as tf\nv = tf.Variable(tf.ones((300, 300)))")
    before, after = notebook.check(WRITTEN.format(write=write)).calls
    assert (before.variables[0].value.max, after.variables[0].value.max) == (1.0, 2.0)
    assert after.variables[0].value.norm == pytest.approx(600.0)
    assert notebook.run("float(second[0][0, 0])").result == 4.0


def test_the_constraint_of_the_users_is_still_seen_in_an_optimizers_step(notebook: Any) -> None:
    notebook.run(
        "import keras, tensorflow as tf\nfrom gradmagic.capture.updates import _is_librarys\n"
        "class Unit(keras.constraints.Constraint):\n    def __call__(self, w):\n        return w / tf.norm(w)\n"
        "class Mine(keras.optimizers.SGD):\n    pass\n"
        "free, bound = keras.Variable([1.0, 2.0]), keras.Variable([1.0, 2.0])\nbound.constraint = Unit()"
    )
    asked = ["keras.optimizers.SGD(0.1), [free]", "keras.optimizers.SGD(0.1), [free, bound]", "Mine(0.1), [free]", "keras.optimizers.LossScaleOptimizer(Mine(0.1)), [free]"]
    assert [notebook.run(f"_is_librarys({a})").result for a in asked] == [True, False, False, False]
