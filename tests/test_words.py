"""What a report calls things: by the user's own names, in the right number, and with the name of the layer or loss where the user's line is a call of `fit`."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from gradmagic.report import Finding, Report


class Words(NamedTuple):
    """A cell, a rule that it gives, and parts of the finding's message, body and help."""

    rule: str
    setup: str
    cell: str
    message: str
    help: str = ""
    never: str = "source 0"


NET = "net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\nx = tf.random.normal((4, 3))\n"
WORDS = {
    "an element of a list": Words(
        "error/source-not-tensor",
        NET,
        "W = net.get_weights()\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ng = tape.gradient(loss, W)",
        "the source `W[0]` is an ndarray",
        "`get_weights()`",
    ),
    "an element of a dict": Words(
        "none/not-watched",
        "p = {'a': tf.constant(2.0)}",
        "with tf.GradientTape() as tape:\n    loss = p['a'] ** 2\ng = tape.gradient(loss, p)",
        "the gradient of `p['a']` is None",
    ),
    "a variable's own name, not that of a helper's list": Words(
        "none/outside-tape",
        "def minimize(loss, var_list):\n    with tf.GradientTape() as tape:\n        value = loss()\n    return tape.gradient(value, var_list)",
        "y_N = tf.Variable([1.0, 2.0])\ncost = tf.reduce_sum(y_N ** 2)\ng = minimize(lambda: cost, [y_N])",
        "the gradient of `y_N` is None",
        never="var_list",
    ),
    "a tensor's name where the tape was handed to a helper": Words(
        "zero/hidden-none",
        "def safe_grad(tape, y, x):\n    return tape.gradient(y, x, unconnected_gradients='zero')",
        "x, t = tf.constant(1.0), tf.constant(2.0)\nwith tf.GradientTape(persistent=True) as tape:\n    tape.watch([x, t])\n    u = x ** 2\nu_x, u_t = safe_grad(tape, u, x), safe_grad(tape, u, t)",
        "the gradient of `t` is zero",
        "use `t` in the computation of `u`",
    ),
    "a tensor's name where the helper opens the tape": Words(
        "none/not-watched",
        "def slope(v):\n    with tf.GradientTape() as tape:\n        y = v ** 2\n    return tape.gradient(y, v)",
        "position = tf.constant(2.0)\ng = slope(position)",
        "the gradient of `v` is None",
        "tape.watch(v)",
    ),
    "a source that is made in the call": Words(
        "none/unused-variable",
        "x = np.ones(3, 'float32')",
        "with tf.GradientTape() as tape:\n    v = tf.constant(x)\n    tape.watch(v)\n    y = tf.reduce_sum(v ** 2)\ng = tape.gradient(y, tf.convert_to_tensor(x))",
        "the gradient of `tf.convert_to_tensor(x)` is None",
    ),
    "no tape in a graph": Words(
        "none/unused-variable",
        NET,
        "@tf.function\ndef f(X):\n    t = X[:, :1]\n    u = net(X)\n    return tf.gradients(u, t)\ng = f(x)",
        "the gradient of `t` is None: `u` does not use it",
        never="opening of the tape",
    ),
    "one variable": Words(
        "error/no-gradients-provided",
        "w, opt = tf.Variable([1.0, 2.0]), keras.optimizers.SGD(0.1)",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.stop_gradient(w))\nopt.apply_gradients([(tape.gradient(loss, w), w)])",
        "the optimizer got None for `w`",
        never="1 variables",
    ),
    "a network that a step was not traced with": Words(
        "step/stale-capture",
        NET + "opt = keras.optimizers.SGD(0.1)\n@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_mean(net(x) ** 2)\n    ws = net.trainable_variables\n"
        "    opt.apply_gradients(zip(tape.gradient(loss, ws), ws))\nopt.build(net.trainable_variables)\nfirst = net",
        "step()\nnet = keras.models.clone_model(net)\nstep()",
        "`step` keeps the `net` that it was traced with",
        "make `step` anew after `net`",
        never="trainable_variables",
    ),
    "a loop of a graph that does not look back": Words(
        "none/stop-gradient",
        "w = tf.Variable([1.0, 2.0])",
        "@tf.function\ndef f():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(tf.map_fn(lambda v: v * v, w * 1.0, back_prop=False))\n    return tape.gradient(loss, w)\ng = f()",
        "the gradient of `w` is None",
        "take `back_prop=False` away",
        never="unchanged",
    ),
    "what is returned": Words(
        "none/non-float-dtype",
        "w = tf.Variable([1.2, 2.0])\ndef whole():\n    return tf.cast(\n        w, tf.int32)",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.cast(whole(), tf.float32))\ng = tape.gradient(loss, w)",
        "the gradient of `w` is None: `tf.cast(",
        never="`return",
    ),
    "a part of the variables of a model": Words(
        "scale/vanishing-through-depth",
        "keras.utils.set_random_seed(1)\ndeep = keras.Sequential([keras.Input((8,)), *[keras.layers.Dense(8, activation='sigmoid') for _ in range(14)], keras.layers.Dense(3)])\n"
        "X, Y = tf.random.normal((32, 8)), tf.random.uniform((32,), maxval=3, dtype=tf.int32)",
        "deep.compile('sgd', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\nh = deep.fit(X, Y, verbose=0)",
        " of the 30 variables of `sequential",
        never="fit(X, Y, verbose=0)` shrinks",
    ),
    "weights that are given to fit": Words(
        "zero/masked-out",
        NET,
        "net.compile('sgd', 'mse')\nh = net.fit(x, x[:, :2], sample_weight=tf.zeros((4,)), verbose=0)",
        "the loss `mse` multiplies them by zeros",
        "look at `sample_weight`",
    ),
    "values collected while no tape was open": Words(
        "none/outside-tape",
        "w, kept = tf.Variable([1.0, 2.0]), []\ndef act():\n    kept.append(tf.reduce_sum(w ** 2))",
        "for _ in range(3):\n    act()\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.stack(kept))\ng = tape.gradient(loss, w)",
        "runs before the tape is opened",
        never="earlier tape",
    ),
    "data that are given to fit": Words(
        "nonfinite/bad-input-data",
        NET,
        "net.compile('sgd', 'mse')\nh = net.fit(x, x[:, :2] / 0.0, verbose=0)",
        "a batch of shape (4, 2) of the data",
    ),
    "two variables for one cause": Words(
        "none/outside-tape",
        "class Scale:\n    def __init__(self, log):\n        self.value = tf.exp(log)\na, b = tf.Variable(1.0), tf.Variable(2.0)",
        "scales = [Scale(a), Scale(b)]\nwith tf.GradientTape() as tape:\n    loss = scales[0].value ** 2 + 3.0 * scales[1].value\ng = tape.gradient(loss, [a, b])",
        "the gradients of `a` and `b` are None",
        "make the object in the `with` block",
    ),
    "a loss that is added to a layer": Words(
        "none/discarded-result",
        "class Penalty(keras.layers.Layer):\n    def __init__(self):\n        super().__init__()\n        self.w = self.add_weight(shape=(3,), initializer='ones')\n"
        "    def call(self, x):\n        self.add_loss(tf.reduce_sum(self.w ** 2))\n        return x\n"
        "net = keras.Sequential([keras.Input((3,)), Penalty(), keras.layers.Dense(1)])\nx = tf.random.normal((4, 3))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ng = tape.gradient(loss, net.trainable_variables)",
        "does not reach `loss`",
        "`sum(model.losses)`",
    ),
    "a metric as the loss": Words(
        "none/state-assignment",
        NET + "mse = keras.metrics.MeanSquaredError()",
        "with tf.GradientTape() as tape:\n    loss = mse(x[:, :2], net(x))\ng = tape.gradient(loss, net.trainable_variables)",
        "writes the value into a variable",
        "train on the loss of that name",
    ),
    "an index": Words(
        "none/non-float-dtype",
        "w, table = tf.Variable([0.2, 1.7]), tf.random.normal((4, 3))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.gather(table, tf.cast(w, tf.int32)))\ng = tape.gradient(loss, w)",
        "turns it into int32",
        "the integers select elements",
    ),
}


def _finding(report: Report, rule: str) -> Finding:
    found = [f for f in report.findings if f.rule == rule]
    assert found, [(f.rule, f.message) for f in report.findings]
    return found[0]


@pytest.mark.parametrize("name", WORDS)
def test_things_are_called_what_the_user_calls_them(name: str, notebook: Any) -> None:
    case = WORDS[name]
    notebook.run("import numpy as np, tensorflow as tf, keras")
    assert notebook.run(case.setup).success
    report = notebook.check(case.cell)
    assert not report.failures
    found = _finding(report, case.rule)
    assert case.message in found.message
    assert case.help in (found.help or "")
    assert case.never not in " ".join([found.message, found.body, found.help or "", *(label.text for label in found.labels)])


def test_the_graph_api_is_not_translated_by_autograph(notebook: Any, monkeypatch: Any) -> None:
    from tensorflow.python.autograph.impl import api

    translated = []
    convert = api._convert_actual
    monkeypatch.setattr(api, "_convert_actual", lambda entity, context: (translated.append(entity), convert(entity, context))[1])
    notebook.run("import tensorflow as tf\nw = tf.Variable([1.0, 2.0])\n@tf.function\ndef f():\n    v = w * 1.0\n    y = tf.reduce_sum(v ** 3)\n    return tf.gradients(y, v) + tf.hessians(y, v)")
    report = notebook.check("g = f()")
    assert [v.status for c in report.calls for v in c.variables] == ["ok", "ok"]
    assert not [t for t in translated if getattr(t, "__module__", "").startswith("gradmagic")]


OUTSIDE = {
    "some below the domain": (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.sqrt(w - [2.0, 2.5, 0.0]))\ng = tape.gradient(loss, w)",
        "2 of 3 elements that go in are negative, the smallest is -1.",
        "numbers below 0 come in",
    ),
    "some at its end": (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.math.log(w - [1.0, 3.0, 0.0]))\ng = tape.gradient(loss, w)",
        "1 of 3 elements that go in is negative, the smallest is -1; 1 is 0.",
        "numbers below 0 come in",
    ),
    "only its end": ("with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.math.log(w - 1.0))\ng = tape.gradient(loss, w)", "1 of 3 elements that go in is 0.", "add a small constant"),
    "a divisor": ("with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w / (w - 2.0))\ng = tape.gradient(loss, w)", "1 of 3 elements of the divisor is 0.", "divide_no_nan`, or add"),
    "a singular matrix": (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.linalg.cholesky(tf.tensordot(w, w, 0)))\ng = tape.gradient(loss, w)",
        "the smallest eigenvalue of this one is",
        "add a small constant to the diagonal",
    ),
    "an indefinite matrix": (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.linalg.cholesky(tf.linalg.diag([1.0, 2.0, -3.0] * w)))\ng = tape.gradient(loss, w)",
        "the smallest eigenvalue of this one is -9",
        "not positive definite, and not by rounding alone",
    ),
    "a root below": (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(w) / tf.math.reduce_std(w - [1.0, 2.0, 3.0])\ng = tape.gradient(loss, w)",
        "The divisor is 0.",
        "add a small constant under the root",
    ),
    "a length below": ("with tf.GradientTape() as tape:\n    v = w * 0.0\n    loss = tf.reduce_sum(w / tf.norm(v))\ng = tape.gradient(loss, w)", "The divisor is 0.", "under the root"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_of_a_domain_is_told_in_numbers(name: str, notebook: Any) -> None:
    cell, numbers, remedy = OUTSIDE[name]
    notebook.run("import tensorflow as tf\nw = tf.Variable([1.0, 2.0, 3.0], name='w')")
    found = next(f for f in notebook.check(cell).findings if f.rule in ("nonfinite/invalid-forward-value", "nonfinite/loss-only"))
    assert numbers in found.body
    assert remedy in (found.help or "")


HEADLINES = {
    "only the loss": ("with tf.GradientTape() as tape:\n    loss = tf.math.log(w[0] - 3.0)\ngs = tape.gradient(loss, [w, u])", "`loss` is NaN although every gradient is finite"),
    "a gradient of another call": (
        "with tf.GradientTape() as tape:\n    depth = tf.math.log(w[0] - 3.0)\ng = tape.gradient(depth, [w])\n"
        "with tf.GradientTape() as tape:\n    loss = u * tf.math.log(w[0] - 3.0)\ng = tape.gradient(loss, [u])",
        "`u` gets a NaN gradient",
    ),
    "two causes": (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.stop_gradient(w)) + 2.0 * tf.round(u)\ng = tape.gradient(loss, [w, u, v])",
        "3 of 3 variables get no gradient; for 1 of them ",
    ),
    "one of two": ("with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w)\ng = tape.gradient(loss, [w, u])", "1 of 2 variables gets no gradient: "),
}


@pytest.mark.parametrize("name", HEADLINES)
def test_the_headline_counts_what_it_is_about(name: str, notebook: Any) -> None:
    cell, headline = HEADLINES[name]
    notebook.run("import tensorflow as tf\nw, u, v = tf.Variable([1.0, 2.0], name='w'), tf.Variable(2.0, name='u'), tf.Variable(1.0, name='v')")
    assert headline in notebook.check(cell).summary


def test_the_cause_comes_before_the_error_that_it_leads_to(notebook: Any) -> None:
    notebook.run("import tensorflow as tf, keras\n" + NET + "loss = lambda teacher, student: tf.reduce_mean((tf.stop_gradient(student) - teacher) ** 2)\nnet.compile('sgd', loss)")
    report = notebook.check("h = net.fit(x, x[:, :2], verbose=0)")
    assert [f.rule for f in report.findings[:2]] == ["none/stop-gradient", "error/no-gradients-provided"]
    assert "every path from the loss passes `tf.stop_gradient(student)`" in report.summary


def test_values_that_one_line_takes_out_are_one_finding(notebook: Any) -> None:
    notebook.run("import tensorflow as tf\na, b = tf.Variable([0.5, 1.0], name='a'), tf.Variable([1.0, 2.0], name='b')")
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.constant(a.numpy() / b.numpy()) ** 2)\ng = tape.gradient(loss, [a, b])")
    found = [f for f in report.findings if f.rule == "none/left-tensorflow"]
    assert len(found) == 1
    assert set(found[0].variables) == {"a", "b"}
    assert sorted(label.text for label in found[0].labels if "leaves" in label.text) == ["leaves TensorFlow here (.numpy())", "leaves TensorFlow here as well"]


SELECTIONS = {
    "nothing is picked": ("loss = tf.reduce_sum(tf.where(w > 9.0, w, 7.0))", "picks the other value for every element"),
    "the other one is picked": ("loss = tf.reduce_sum(tf.where(w < 9.0, 7.0, w))", "picks the other value for every element"),
    "some are picked, and lost later": ("loss = tf.reduce_sum(tf.where(w > 2.5, w, 7.0)[:2])", "picks the other value wherever a gradient comes back"),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_what_a_condition_leaves_is_told_as_it_is(name: str, notebook: Any) -> None:
    line, claim = SELECTIONS[name]
    notebook.run("import tensorflow as tf\nw = tf.Variable([1.0, 2.0, 3.0], name='w')")
    found = [f for f in notebook.check(f"with tf.GradientTape() as tape:\n    {line}\ng = tape.gradient(loss, w)").findings if f.rule == "zero/masked-out"]
    assert len(found) == 1
    assert claim in found[0].message
