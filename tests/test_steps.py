"""What a report says of the training step: how often it ran, what it was given and what it changed."""

from __future__ import annotations

from typing import Any

import pytest

from gradmagic.render.text import to_text

SETUP = """
import numpy as np
import tensorflow as tf
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = np.ones((32, 1), "float32")
def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
net, other = make(), make()
w = tf.Variable([1.0, 2.0], name="w")
"""


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_compiled_fit_counts_its_steps(notebook: Any, optimizer: str) -> None:
    notebook.run(SETUP)
    report = notebook.check(f"net.compile({optimizer!r}, 'mse')\nhistory = net.fit(x, y, batch_size=8, epochs=3, verbose=0)")
    (call,), (update,) = report.calls, report.updates
    assert (call.count, update.count, update.changed) == (12, 12, 4)
    assert [v.applied for v in call.variables] == [True] * 4
    assert "12 runs, 4 variables changed" in to_text(report)


@pytest.mark.parametrize("turns", [1, 2, 7])
def test_steps_by_hand_are_counted(notebook: Any, turns: int) -> None:
    notebook.run(SETUP)
    step = "    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(w ** 2)\n    w.assign_sub(0.1 * tape.gradient(loss, w))"
    report = notebook.check(f"for turn in range({turns}):\n{step}")
    assert [(c.count, u.count) for c, u in zip(report.calls, report.updates, strict=True)] == [(turns, turns)]


def test_folds_count_their_own_steps(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(
        "models = []\nfor fold in range(3):\n    model = make()\n    model.compile('adam', 'mse')\n    history = model.fit(x, y, batch_size=16, epochs=2 + fold, verbose=0)\n    models.append(model)"
    )
    assert [c.count for c in report.calls] == [18]
    assert [(u.count, u.changed) for u in report.updates] == [(4, 4), (6, 4), (8, 4)]


def test_traced_step_with_slots_is_applied(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(
        """
opt = keras.optimizers.Adam()
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads, norm = tf.clip_by_global_norm(tape.gradient(loss, net.trainable_variables), 1.0)
    opt.apply_gradients(zip(grads, net.trainable_variables))
for _ in range(5):
    step()
"""
    )
    (call,), (update,) = report.calls, report.updates
    assert (call.count, update.count, update.changed) == (5, 5, 4)
    assert [v.applied for v in call.variables] == [True] * 4


def test_training_again_traces_once(notebook: Any) -> None:
    notebook.run(SETUP + "\nnet.compile('adam', 'mse')\nhistory = net.fit(x, y, batch_size=16, verbose=0)\nbefore = net.train_function")
    report = notebook.check("traces = []\nfor _ in range(4):\n    loss = net.train_on_batch(x, y)\n    traces.append(id(net.train_function))")
    assert len(set(notebook.shell.user_ns["traces"])) == 1
    assert report.updates[0].count == report.calls[0].count == 4
    assert notebook.shell.user_ns["net"].train_function is notebook.shell.user_ns["before"]


def test_model_compiled_anew_keeps_its_new_training_function(notebook: Any) -> None:
    notebook.run(SETUP + "\nnet.compile('sgd', 'mse')\nhistory = net.fit(x, y, verbose=0)\nbefore = net.train_function")
    notebook.check("loss = net.train_on_batch(x, y)\nnet.compile('adam', 'mse')\nhistory = net.fit(x, y, verbose=0)")
    assert notebook.shell.user_ns["net"].train_function is not notebook.shell.user_ns["before"]


def test_an_update_of_zeros_changes_nothing(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w * 0.0)\nkeras.optimizers.SGD(0.1).apply_gradients([(tape.gradient(loss, w), w)])")
    assert report.updates[0].changed == 0
    assert "none of 1 variable changed" in to_text(report)


def test_an_update_that_raises_changes_nothing(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w * 2.0)\nopt = keras.optimizers.Adam()\nopt.build([w])\nopt.apply_gradients([(tape.gradient(loss, w), tf.Variable([0.0, 0.0]))])"
    )
    (update,) = report.updates
    assert update.raised == "ValueError" and update.changed is None
    assert "raised ValueError" in to_text(report)
    assert report.calls[0].variables[0].applied is False


def test_variables_that_are_not_sources_are_only_said_to_be_given(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(
        "t = tf.constant([1.0, 2.0])\nwith tf.GradientTape() as tape:\n    tape.watch(t)\n    loss = tf.reduce_sum(t * t)\nkeras.optimizers.SGD(0.1).apply_gradients([(tape.gradient(loss, t), w)])"
    )
    assert report.updates[0].changed is None
    assert "1 variable given" in to_text(report)


def test_a_tape_of_tensorflows_own_is_no_call_of_the_users(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(
        """
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.py_function(lambda v: v * v, [w], tf.float32))
grads = tape.gradient(loss, w)
"""
    )
    assert [c.location.line for c in report.calls] == [5]
    assert report.calls[0].variables[0].status == "ok"


def test_descents_one_after_the_other_are_not_called_made_anew(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(
        """
def descend(begin):
    v = tf.Variable(begin)
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v)
        v.assign_sub(0.1 * tape.gradient(loss, v))
ends = [descend([1.0, -2.0]), descend([3.0, 1.0])]
"""
    )
    assert report.findings == ()


def test_a_loss_weight_is_a_note_unless_it_is_said_to_be_trained(notebook: Any) -> None:
    notebook.run(SETUP + "\nweight = tf.Variable(0.5, name='weight')\ndef loss(a, b):\n    return weight * tf.reduce_mean((a - b) ** 2)\nnet.compile('sgd', loss)")
    report = notebook.check("history = net.fit(x, y, verbose=0)")
    assert [(f.rule, f.severity, f.variables) for f in report.findings] == [("step/untracked-variable", "note", ("weight",))]


LOOP = """
optimizer = keras.optimizers.SGD(rate)
w = tf.Variable([1.0, 2.0])
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    optimizer.apply(tape.gradient(loss, [w]), [w])
"""


@pytest.mark.parametrize(("rate", "looks", "rules"), [(0.1, [True, False, False, False], []), (0.0, [True] * 4, ["step/update-without-effect"])])
def test_what_an_optimizer_adds_is_looked_at_until_the_variable_has_moved(notebook: Any, monkeypatch: Any, rate: float, looks: list[bool], rules: list[str]) -> None:
    from gradmagic.capture import ops

    original, seen = ops.note_tensor, []

    def note_tensor(session: Any, tensor: Any, origin: str = "op", look: bool = True) -> Any:
        if session.doing.by_library and tensor.shape == (2,):
            seen.append(look)
        return original(session, tensor, origin, look)

    monkeypatch.setattr(ops, "note_tensor", note_tensor)
    notebook.run(f"import keras\nimport tensorflow as tf\nrate = {rate}")
    report = notebook.check(LOOP)
    assert seen == looks
    assert [f.rule for f in report.findings] == rules


def test_every_turn_of_a_loop_inside_a_function_is_a_run(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(
        """
opt = keras.optimizers.SGD(0.1)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(32).batch(8)
@tf.function
def train():
    turn = 0
    for xb, yb in data.repeat(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(xb) - yb) ** 2) * tf.sqrt(7.5 - tf.cast(turn, tf.float32))
        opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
        turn += 1
train()
"""
    )
    (call,) = report.calls
    assert (call.count, call.first_bad) == (12, 8)
    assert {v.status for v in call.variables} == {"nan"}
    assert report.failures == ()
