"""Compiled gradients against the truth: tapes inside graphs, compiled functions under a tape, Keras training; and custom gradients that stand in graphs."""

from __future__ import annotations

from typing import Any

import pytest

from gradmagic.capture import numeric
from gradmagic.recording import NumericCheck

START = "import numpy as np, tensorflow as tf, keras\nfrom keras import layers\nkeras.utils.set_random_seed(3)\nx, y = tf.random.normal((8, 3)), tf.random.normal((8, 1))\n"
NET = "net = keras.Sequential([keras.Input((3,)), layers.Dense(5, activation='tanh'), {}layers.Dense(1)])\n"
STEP = """
@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = {loss}
    return tape.gradient(loss, {sources})
grads = step(x, y)
"""


def _step(loss: str, sources: str = "net.trainable_variables") -> str:
    return STEP.format(loss=loss, sources=sources)


W = "w = tf.Variable([0.3, -1.2])\n"
COMPARED = {
    "a tape in a graph": (NET.format(""), _step("tf.reduce_mean((net(x) - y) ** 2)")),
    "relu": (
        "net = keras.Sequential([keras.Input((3,)), *[layers.Dense(16, activation='relu') for _ in range(6)], layers.Dense(1)])",
        _step("tf.reduce_mean((net(x) - y) ** 2)"),
    ),
    "dropout": (NET.format("layers.Dropout(0.5), "), _step("tf.reduce_mean((net(x, training=True) - y) ** 2)")),
    "batch normalisation": (NET.format("layers.BatchNormalization(), "), _step("tf.reduce_mean((net(x, training=True) - y) ** 2)")),
    "embedding": (
        "net = keras.Sequential([layers.Embedding(9, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)])\nx = tf.constant([[1, 2], [3, 3]] * 4)\nnet(x)",
        _step("tf.reduce_mean((net(x) - y) ** 2)"),
    ),
    "an LSTM": ("net = keras.Sequential([keras.Input((4, 3)), layers.LSTM(3), layers.Dense(1)])\nx = tf.random.normal((8, 4, 3))", _step("tf.reduce_mean((net(x) - y) ** 2)")),
    "convolution": (
        "net = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(1)])\nx = tf.random.normal((8, 6, 6, 1))",
        _step("tf.reduce_mean((net(x) - y) ** 2)"),
    ),
    "attention": (
        "i = keras.Input((4, 3))\nnet = keras.Model(i, layers.Dense(1)(layers.Flatten()(layers.MultiHeadAttention(2, 3)(i, i))))\nx = tf.random.normal((8, 4, 3))",
        _step("tf.reduce_mean((net(x) - y) ** 2)"),
    ),
    "noise": (W, _step("tf.reduce_sum(w * tf.random.normal((2,))) + tf.reduce_sum(w ** 2)", "w")),
    "a loop": (
        W,
        "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        h = tf.ones((2,))\n        for t in tf.range(4):\n            h = tf.tanh(h * w) + 0.1\n        loss = tf.reduce_sum(h)\n    return tape.gradient(loss, w)\nstep()",
    ),
    "a tensor array": (
        W,
        "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        parts = tf.TensorArray(tf.float32, 3)\n        for t in tf.range(3):\n            parts = parts.write(t, w ** 2 * tf.cast(t, tf.float32))\n"
        "        loss = tf.reduce_sum(parts.stack() ** 2)\n    return tape.gradient(loss, w)\nstep()",
    ),
    "a branch": (
        W,
        "@tf.function\ndef step(q):\n    with tf.GradientTape() as tape:\n        if q > 0:\n            loss = tf.reduce_sum(w ** 3)\n        else:\n            loss = tf.reduce_sum(w)\n    return tape.gradient(loss, w)\nstep(tf.constant(1.0))",
    ),
    "stop_gradient": (W, _step("tf.reduce_sum(w * tf.stop_gradient(w ** 2))", "w")),
    "read outside of the tape": (
        W,
        "@tf.function\ndef step():\n    goal = 2.0 * w\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(w * goal)\n    return tape.gradient(loss, w)\nstep()",
    ),
    "stop_recording": (
        W,
        "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        a = w * 2.0\n        with tape.stop_recording():\n            b = w * 3.0\n        loss = tf.reduce_sum(a * b)\n    return tape.gradient(loss, w)\nstep()",
    ),
    "a watched tensor": (
        "",
        "@tf.function\ndef step(v):\n    with tf.GradientTape() as tape:\n        u = v * 3.0\n        tape.watch(v)\n        loss = tf.reduce_sum(v ** 2 * u)\n    return tape.gradient(loss, v)\nstep(tf.constant([1.0, 2.0]))",
    ),
    "tf.gradients": (W, "@tf.function\ndef step():\n    loss = tf.reduce_sum(tf.sin(w) * w)\n    return tf.gradients(loss, [w])\nstep()"),
    "second order": (
        W,
        "@tf.function\ndef step():\n    with tf.GradientTape() as outer:\n        with tf.GradientTape() as inner:\n            a = tf.reduce_sum(w ** 3)\n        g = inner.gradient(a, w)\n        loss = tf.reduce_sum(g ** 2)\n    return outer.gradient(loss, w)\nstep()",
    ),
    "given output gradients": (
        W,
        "@tf.function\ndef step(u):\n    with tf.GradientTape() as tape:\n        z = w ** 2\n    return tape.gradient(z, w, output_gradients=u)\nstep(tf.constant([1.0, -2.0]))",
    ),
    "several targets": (W, "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        a, b = tf.reduce_sum(w ** 2), w[0] ** 3\n    return tape.gradient([a, b], w)\nstep()"),
    "updates between two tapes": (
        W + "opt = keras.optimizers.SGD(0.1)\n",
        "@tf.function\ndef step():\n    for _ in range(2):\n        with tf.GradientTape() as tape:\n            loss = tf.reduce_sum(w ** 4)\n        opt.apply_gradients([(tape.gradient(loss, w), w)])\nstep()",
    ),
    "a tape in a loop": (
        W,
        "@tf.function\ndef run():\n    for _ in tf.range(3):\n        with tf.GradientTape() as tape:\n            loss = tf.reduce_sum(w ** 4)\n        w.assign_sub(0.1 * tape.gradient(loss, w))\nrun()",
    ),
    "a loop over a dataset": (
        "data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)\nv = tf.Variable(tf.ones((3, 1)))\n",
        "@tf.function\ndef run():\n    for a, b in data:\n        with tf.GradientTape() as tape:\n            loss = tf.reduce_mean((a @ v - b) ** 2)\n        v.assign_sub(0.1 * tape.gradient(loss, v))\nrun()",
    ),
    "epochs of a dataset": (
        "data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(8).batch(4)\nv, adam = tf.Variable(tf.ones((3, 1))), keras.optimizers.Adam(0.1)\n",
        "@tf.function\ndef run(data):\n    total = 0.0\n    for epoch in tf.range(2):\n        for a, b in data:\n            with tf.GradientTape() as tape:\n                loss = tf.reduce_mean(tf.nn.dropout(a @ v - b, 0.4) ** 2)\n"
        "            adam.apply_gradients([(tape.gradient(loss, v), v)])\n            total += loss\n    return total\nrun(data)",
    ),
    "an inner function": (
        W,
        "@tf.function\ndef cost(v):\n    return tf.reduce_sum(v ** 2 * tf.random.uniform((2,)))\n@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        loss = cost(w * 2.0)\n    return tape.gradient(loss, w)\nstep()",
    ),
    "half precision": (W, _step("tf.cast(tf.reduce_sum(tf.cast(w, tf.float16) ** 2), tf.float32)", "w")),
    "complex on the way": (W, _step("tf.reduce_sum(tf.abs(tf.signal.fft(tf.cast(w, tf.complex64))) ** 2)", "w")),
    "a sampled action": (
        "w = tf.Variable([[0.3, -1.2, 0.4]])\n",
        "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        action = tf.random.categorical(w, 4, dtype=tf.int32)\n        loss = -tf.reduce_sum(tf.gather(tf.nn.log_softmax(w)[0], action[0]))\n    return tape.gradient(loss, w)\nstep()",
    ),
    "fit": (NET.format("layers.Dropout(0.3), ") + "net.compile('sgd', 'mse')", "h = net.fit(x, y, epochs=2, verbose=0)"),
    "train_on_batch": (NET.format("layers.BatchNormalization(), ") + "net.compile('adam', 'mse')", "net.train_on_batch(x, y)"),
    "a train_step of one's own": (
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.d = layers.Dense(1)\n    def call(self, x):\n        return self.d(x)\n"
        "    def train_step(self, data):\n        x, y = data\n        with tf.GradientTape() as tape:\n            loss = tf.reduce_mean((self(x) - y) ** 2)\n"
        "        grads = tape.gradient(loss, self.trainable_variables)\n        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))\n        return {'loss': loss}\n"
        "net = Net()\nnet.compile('sgd')",
        "net.fit(x, y, verbose=0)",
    ),
    "a function under a tape": (
        W + "@tf.function\ndef f(v):\n    return tf.reduce_sum(tf.sin(v) * w)\n",
        "with tf.GradientTape() as tape:\n    loss = f(w * 2.0) ** 2\ngrad = tape.gradient(loss, w)",
    ),
    "a function traced under the tape": (
        W,
        "@tf.function\ndef f(v):\n    return v ** 2 * tf.random.normal((2,))\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(f(w))\ngrad = tape.gradient(loss, w)",
    ),
    "a compiled model under a tape": (
        NET.format("layers.BatchNormalization(), layers.Dropout(0.5), ") + "call = tf.function(lambda x: net(x, training=True))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((call(x) - y) ** 2)\ngrads = tape.gradient(loss, net.trainable_variables)",
    ),
    "a function in float16 under a tape": (
        W + "f = tf.function(lambda v: tf.cast(tf.cast(v, tf.float16) ** 2, tf.float32))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(f(w))\ngrad = tape.gradient(loss, w)",
    ),
}


@pytest.mark.parametrize("name", COMPARED)
def test_a_healthy_compiled_gradient_is_compared_and_agrees(notebook: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setup, cell = COMPARED[name]
    checks: list[Any] = []
    monkeypatch.setattr(numeric, "NumericCheck", lambda *a, **k: checks.append(NumericCheck(*a, **k)) or checks[-1])
    notebook.run(START + setup)
    report = notebook.check(cell, "--numeric 2")
    assert notebook.result.success
    assert [f.rule for f in report.findings if f.rule.startswith("wrong/") and f.severity != "note"] == []
    assert not report.failures
    assert {c.agrees for c in checks} == {True}
    assert len(checks) == sum(len(c.variables) for c in report.calls)


# Custom gradients by what they compute and what they give back.
RULES = {
    "factor": ("v ** 3", "dy * v ** 2", "wrong"),
    "sign": ("tf.exp(-v)", "dy * tf.exp(-v)", "wrong"),
    "stale": ("tf.tanh(v)", "dy * (1.0 - tf.tanh(v + 0.1) ** 2)", "wrong"),
    "right": ("v ** 3", "3.0 * dy * v ** 2", "right"),
    "right of a matrix": ("tf.matmul(v, v, transpose_b=True)", "tf.matmul(dy + tf.transpose(dy), v)", "right"),
    "straight-through": ("tf.round(v)", "dy", "meant"),
    "reversal": ("tf.identity(v)", "-dy", "meant"),
    "clipping": ("tf.identity(v)", "tf.clip_by_value(dy, -0.6, 0.6)", "meant"),
    "surrogate": ("tf.cast(v > 0.2, tf.float32)", "dy / (1.0 + 10.0 * tf.abs(v)) ** 2", "meant"),
}
RULE = "@{decorator}.custom_gradient\ndef f(v):\n    def grad(dy{more}):\n        return {gradient}\n    return {forward}, grad\n"
# How a custom gradient comes to stand in a graph.
FORMS = {
    "a tape in a graph": ("", "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(f(w * 1.0) ** 2)\n    return tape.gradient(loss, w)\nstep()"),
    "a function under a tape": (
        "@tf.function\ndef cost(u):\n    return tf.reduce_sum(f(u * 1.0) ** 2)\n",
        "with tf.GradientTape() as tape:\n    loss = cost(w * 1.0)\ngrad = tape.gradient(loss, w)",
    ),
    "a loop": (
        "",
        "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        h = w * 1.0\n        total = 0.0\n        for _ in tf.range(2):\n            total += tf.reduce_sum(f(h) ** 2)\n            h = h * 0.9\n"
        "    return tape.gradient(total, w)\nstep()",
    ),
    "a dataset": (
        "data = tf.data.Dataset.from_tensors(tf.ones((2, 2))).repeat(3)\n",
        "@tf.function\ndef step(data):\n    total = 0.0\n    for scale in data:\n        with tf.GradientTape() as tape:\n            loss = tf.reduce_sum(f(w * scale) ** 2)\n        w.assign_sub(1e-3 * tape.gradient(loss, w))\n        total += loss\n    return total\nstep(data)",
    ),
    "fit": (
        "class Layer(layers.Layer):\n    def build(self, shape):\n        self.k = self.add_weight(shape=(3, 2), initializer=keras.initializers.RandomNormal(seed=1))\n"
        "    def call(self, x):\n        return tf.reduce_sum(f(x @ self.k), axis=-1, keepdims=True)\n"
        "net = keras.Sequential([keras.Input((3,)), Layer()])\nnet.compile('sgd', 'mse')\n",
        "h = net.fit(x, y, batch_size=8, epochs=1, verbose=0)",
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", RULES)
def test_a_custom_gradient_in_a_graph_is_judged_by_itself(notebook: Any, rule: str, form: str) -> None:
    forward, gradient, truth = RULES[rule]
    if form == "fit" and "matrix" in rule:
        forward, gradient = "v @ tf.constant([[1.0, 2.0], [3.0, 4.0]])", "dy @ tf.constant([[1.0, 3.0], [2.0, 4.0]])"
    setup, cell = FORMS[form]
    notebook.run(START + "w = tf.Variable([[0.3, -1.2], [0.7, 0.4]])\n")
    notebook.run(RULE.format(decorator="tf", forward=forward, gradient=gradient, more=""))
    notebook.run(setup)
    report = notebook.check(cell, "--numeric 2")
    assert notebook.result.success and not report.failures
    found = [f for f in report.findings if f.rule.startswith("wrong/")]
    if truth == "right":
        assert found == []
        return
    mismatch = [f for f in found if f.rule == "wrong/custom-gradient-mismatch"]
    assert [(f.severity, f.location.line) for f in mismatch] == [("error" if truth == "wrong" else "note", 4)]
    assert "wrong/unexplained" not in [f.rule for f in found]
    assert "`f`" in mismatch[0].message


def test_a_sum_that_is_missing_inside_fit_is_found(notebook: Any) -> None:
    notebook.run(
        START + "@keras.ops.custom_gradient\ndef add_bias(h, b):\n    def grad(*args, upstream=None):\n        dy = args[0] if upstream is None else upstream\n        return dy, dy[0]\n"
        "    return h + b, grad\n"
        "class Layer(layers.Layer):\n    def build(self, shape):\n        self.b = self.add_weight(shape=(3,), initializer='zeros')\n"
        "    def call(self, x):\n        return keras.ops.sum(add_bias(x, self.b) ** 2, axis=-1, keepdims=True)\n"
        "net = keras.Sequential([keras.Input((3,)), Layer()])\nnet.compile('sgd', 'mse')"
    )
    report = notebook.check("h = net.fit(x, y, batch_size=8, verbose=0)", "--numeric")
    found = [f for f in report.findings if f.rule == "wrong/custom-gradient-mismatch"]
    assert [(f.severity, f.location.line) for f in found] == [("error", 9)]
    assert "second input" in found[0].body


VARIABLE = """
k = tf.Variable([2.0, 3.0], name="k")
@tf.custom_gradient
def f(v):
    def grad(dy, variables=None):
        return dy * k, [{}]
    return v * k, grad
"""


@pytest.mark.parametrize("gradient", ["dy * v", "-dy * v"])
@pytest.mark.parametrize("compiled", [True, False])
def test_the_gradient_of_a_variable_inside_a_custom_gradient(notebook: Any, gradient: str, compiled: bool) -> None:
    notebook.run(START + W + VARIABLE.format(gradient))
    head, call = ("@tf.function\n", "step()") if compiled else ("", "step()")
    report = notebook.check(head + "def step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(f(w * 1.0))\n    return tape.gradient(loss, [w, k])\n" + call, "--numeric")
    found = [f for f in report.findings if f.rule == "wrong/custom-gradient-mismatch" and f.severity == "error"]
    assert not report.failures
    if not gradient.startswith("-"):
        assert not [f for f in report.findings if f.rule.startswith("wrong/")]
        return
    assert len(found) == 1 and "for the variable `k`," in found[0].body and "-dy * v" in found[0].location.code
    assert notebook.run("k.numpy().tolist()").result == [2.0, 3.0]


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_gradient_function_with_a_tape_of_its_own(notebook: Any, sign: str, compiled: bool) -> None:
    notebook.run(
        START + W + "@tf.custom_gradient\ndef f(v):\n    def grad(dy):\n        with tf.GradientTape() as inner:\n            inner.watch(v)\n            again = tf.sin(v) * v\n"
        f"        return {sign}inner.gradient(again, v, output_gradients=dy)\n    return tf.sin(v) * v, grad"
    )
    head = "@tf.function\n" if compiled else ""
    report = notebook.check(head + "def step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(f(w * 1.0))\n    return tape.gradient(loss, w)\nstep()", "--numeric")
    assert not report.failures
    assert [f.severity for f in report.findings if f.rule.startswith("wrong/")] == (["error"] if sign else [])


def test_a_function_that_was_traced_before(notebook: Any) -> None:
    notebook.run(
        START + W + RULE.format(decorator="tf", forward="v ** 3", gradient="dy * v ** 2", more="") + "@tf.function\ndef cost(v):\n    return tf.reduce_sum(f(v * 1.0))\ncost(w * 1.0)\nc = cost(w)"
    )
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = cost(w)\ngrad = tape.gradient(loss, w)", "--numeric")
    assert [(f.rule, f.severity) for f in report.findings] == [("wrong/custom-gradient-mismatch", "error")]
    assert "`f`" in report.findings[0].message


UNREPEATABLE = {
    "Python code with a gradient": (
        "",
        "@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(tf.py_function(lambda a: a ** 2, [w], tf.float32))\n    return tape.gradient(loss, w)\nstep()",
    ),
}


@pytest.mark.parametrize("name", UNREPEATABLE)
def test_what_cannot_run_again_is_said_in_one_sentence(notebook: Any, name: str) -> None:
    setup, cell = UNREPEATABLE[name]
    notebook.run(START + W + setup)
    report = notebook.check(cell, "--numeric")
    assert notebook.result.success
    assert len([f for f in report.failures if f.startswith("gradmagic did not compare the gradients of")]) == 1, report.failures
    assert not [f for f in report.findings if f.rule.startswith("wrong/")]


def test_a_bound_that_is_reached_is_said(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numeric, "SECONDS", 0.0)
    notebook.run(START + NET.format(""))
    for cell in (_step("tf.reduce_mean((net(x) - y) ** 2)"), "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((net(x) - y) ** 2)\ngrads = tape.gradient(loss, net.trainable_variables)"):
        report = notebook.check(cell, "--numeric")
        assert [f for f in report.failures if "takes longer than 0 s" in f] and not report.summary.endswith("numerical derivatives.")


@pytest.mark.parametrize("name", ["fit", "dropout", "a compiled model under a tape", "noise"])
def test_the_cell_computes_as_without(notebook: Any, name: str) -> None:
    setup, cell = COMPARED[name]
    found = []
    for line in ("", "--numeric"):
        notebook.run("%reset -f\nfrom tensorflow.python.eager import context\ncontext.context().clear_kernel_cache()\nimport random; random.seed(1)\n" + START + setup)
        notebook.check(cell, line)
        values = "w" if "w = " in setup else "*net.variables"
        found.append(notebook.run(f"[v.numpy().tolist() for v in [{values}]], tf.random.normal((2,)).numpy().tolist(), np.random.rand(), random.random()").result)
    assert found[0] == found[1] and found[0] is not None
