"""Programs whose nearest edit would be bad advice: what is offered in its place, how sure it is, and where nothing is to be edited."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from gradmagic.report import Fix


class Advice(NamedTuple):
    """A cell, the rule that must explain it, and a part of its first edit; None where only words are right."""

    rule: str
    setup: str
    cell: str
    wanted: str | None
    applicability: str = "unsafe"


SOURCES = "net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\nx = tf.random.normal((4, 3))"
ADVICE = {
    "a clip far from its value": Advice(
        "zero/clipped",
        "w = tf.Variable([3e8, -7e8])",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.clip_by_value(w, -1.0, 1.0) ** 2)\ng = tape.gradient(loss, w)",
        "tf.grad_pass_through(lambda v: tf.clip_by_value(v, -1.0, 1.0))(w)",
        "safe",
    ),
    "a second argument at its bound": Advice(
        "zero/clipped",
        "w = tf.Variable([5.0, 7.0])",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.minimum(2.0, w) ** 2)\ng = tape.gradient(loss, w)",
        "tf.grad_pass_through(lambda v: tf.minimum(2.0, v))(w)",
        "safe",
    ),
    "scores clipped as probabilities": Advice(
        "zero/clipped",
        "w = tf.Variable([-4.6, -5.0])",
        "with tf.GradientTape() as tape:\n    p = tf.clip_by_value(w, 1e-7, 1.0 - 1e-7)\n    loss = -tf.reduce_mean(tf.math.log(p))\ng = tape.gradient(loss, w)",
        "tf.clip_by_value(tf.sigmoid(w), 1e-7, 1.0 - 1e-7)",
    ),
    "a hinge": Advice(
        "zero/clipped",
        "w = tf.Variable([-5.0, -7.0])",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(tf.maximum(w + 1.0, 0.0))\ng = tape.gradient(loss, w)",
        None,
    ),
    "arrays in the place of variables": Advice(
        "error/source-not-tensor",
        SOURCES,
        "W = net.get_weights()\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ng = tape.gradient(loss, W)",
        "tape.gradient(loss, net.trainable_variables)",
    ),
    "a symbolic tensor": Advice("error/source-not-tensor", SOURCES, "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ng = tape.gradient(loss, net.layers[0].output)", None),
    "an object without variables": Advice(
        "error/source-not-tensor",
        SOURCES + "\nclass Holder:\n    def __init__(self, net): self.net = net\nholder = Holder(net)",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ng = tape.gradient(loss, holder)",
        None,
    ),
    "a model": Advice(
        "error/source-not-tensor",
        SOURCES,
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ng = tape.gradient(loss, net)",
        "tape.gradient(loss, net.trainable_variables)",
        "safe",
    ),
    "an optimizer for the frozen model": Advice(
        "error/unknown-variable",
        "base = keras.layers.Dense(3, trainable=False)\nnet = keras.Sequential([keras.Input((3,)), base, keras.layers.Dense(2)])\nx = tf.random.normal((4, 3))\nopt = keras.optimizers.SGD(0.1)\n"
        "def step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_mean(net(x) ** 2)\n    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))",
        "step()\nbase.trainable = True\nstep()",
        "base.trainable = True\nopt = keras.optimizers.SGD(0.1)",
    ),
    "an output without a loss": Advice(
        "none/discarded-result",
        "i = keras.Input((3,))\nnet = keras.Model(i, [keras.layers.Dense(2, name='a')(i), keras.layers.Dense(2, name='b')(i)])\nx = tf.random.normal((4, 3))\nlosses = {'a': 'mse', 'b': None}",
        "net.compile('sgd', loss=[losses['a'], losses['b']])\nh = net.fit(x, [x[:, :2], x[:, :2]], verbose=0)",
        """{'a': 'mse', 'b': "mse"}""",
    ),
    "a network whose result is not used": Advice(
        "none/discarded-result",
        SOURCES,
        "with tf.GradientTape() as tape:\n    y = net(x)\n    loss = tf.reduce_mean(x ** 2)\ng = tape.gradient(loss, net.trainable_variables)",
        None,
    ),
    "a cast that selects": Advice(
        "none/non-float-dtype",
        "w, table = tf.Variable([0.2, 1.7]), tf.random.normal((4, 3))",
        "with tf.GradientTape() as tape:\n    i = tf.cast(w, tf.int32)\n    rows = tf.gather(table, tf.stack([i, i]))\n    loss = tf.reduce_sum(rows)\ng = tape.gradient(loss, w)",
        None,
    ),
    "a source that selects": Advice(
        "none/non-float-dtype",
        "ids, emb = tf.constant([0, 2]), keras.layers.Embedding(4, 3)",
        "with tf.GradientTape() as tape:\n    tape.watch(ids)\n    loss = tf.reduce_sum(emb(ids))\ng = tape.gradient(loss, ids)",
        "g = tape.gradient(loss, embedded)",
    ),
    "an infinite mask": Advice(
        "nonfinite/invalid-forward-value",
        "w, mask = tf.Variable([[1.0, 2.0, 3.0]]), tf.constant([[1.0, 1.0, 0.0]])",
        "with tf.GradientTape() as tape:\n    s = w + (1.0 - mask) * -np.inf\n    loss = tf.reduce_sum(tf.nn.softmax(s) ** 2)\ng = tape.gradient(loss, w)",
        "(1.0 - mask) * -1e9",
    ),
    "the logarithm of a determinant": Advice(
        "nonfinite/invalid-forward-value",
        "w = tf.Variable(0.01 * tf.eye(40))",
        "with tf.GradientTape() as tape:\n    d = tf.linalg.det(w)\n    loss = -tf.math.log(d)\ng = tape.gradient(loss, w)",
        "loss = -tf.linalg.slogdet(w).log_abs_determinant",
    ),
    "a state that begins anew": Advice(
        "zero/masked-out",
        "W, x = tf.Variable(tf.eye(3)), tf.random.normal((4, 5, 3))",
        "with tf.GradientTape() as tape:\n    loss = 0.0\n    for step in range(5):\n        h = tf.zeros((4, 3))\n        h = tf.tanh(x[:, step] + h @ W)\n        loss += tf.reduce_sum(h)\ng = tape.gradient(loss, W)",
        "    h = tf.zeros((4, 3))\n    for step in range(5):\n        h = tf.tanh(",
    ),
    "a map that does not look back": Advice(
        "none/stop-gradient",
        "w = tf.Variable([1.0, 2.0])",
        "@tf.function\ndef f():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(tf.map_fn(lambda v: v * v, w * 1.0, back_prop=False))\n    return tape.gradient(loss, w)\ng = f()",
        "tf.map_fn(lambda v: v * v, w * 1.0))",
        "safe",
    ),
    "tensors that never were variables": Advice(
        "none/not-watched",
        SOURCES,
        "ws = [tf.identity(v) for v in net.trainable_variables]\nfor step in range(2):\n    with tf.GradientTape() as tape:\n        y, _ = net.stateless_call(ws, [], x)\n        loss = tf.reduce_mean(y ** 2)\n"
        "    gs = tape.gradient(loss, ws)\n    if gs[0] is not None:\n        ws = [w - 0.1 * g for w, g in zip(ws, gs)]",
        "tape.watch(ws)",
        "safe",
    ),
    "gradients in a dict": Advice(
        "step/gradients-zipped-out-of-order",
        "p = {'w_b': tf.Variable(1.0), 'w_a': tf.Variable(2.0)}\nopt = keras.optimizers.SGD(0.1)",
        "with tf.GradientTape() as tape:\n    loss = p['w_b'] ** 2 + 3.0 * p['w_a']\ngrads = tape.gradient(loss, p)\nopt.apply_gradients(zip(grads.values(), tf.nest.flatten(p)))",
        "zip(tf.nest.flatten(grads), tf.nest.flatten(p))",
    ),
    "inputs of a million": Advice(
        "zero/saturated-activation",
        "keras.utils.set_random_seed(3)\nx, y = 1e6 * tf.random.uniform((8, 3), 1.0, 2.0), tf.random.normal((8, 1))\ni = keras.Input((3,))\n"
        "h = keras.layers.Dense(4, activation='tanh', name='first')(i)\nnet = keras.Model(i, keras.layers.Dense(1)(h))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((net(x) - y) ** 2)\ng = tape.gradient(loss, net.trainable_variables)",
        "x = (x - tf.reduce_mean(x, axis=0)) / (tf.math.reduce_std(x, axis=0) + 1e-7)",
        "unsafe",
    ),
    "inputs of a million that are computed": Advice(
        "zero/saturated-activation",
        "keras.utils.set_random_seed(3)\nx, y = 1e6 * tf.random.uniform((8, 3), 1.0, 2.0), tf.random.normal((8, 1))\ni = keras.Input((3,))\n"
        "h = keras.layers.Dense(4, activation='tanh', name='first')(i)\nnet = keras.Model(i, keras.layers.Dense(1)(h))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((net(x * 1.0) - y) ** 2)\ng = tape.gradient(loss, net.trainable_variables)",
        "name='first')(i / 1",
        "display-only",
    ),
    "inputs of a million for a layer of a list": Advice(
        "zero/saturated-activation",
        "keras.utils.set_random_seed(3)\nx, y = 1e6 * tf.random.uniform((8, 3), 1.0, 2.0), tf.random.normal((8, 1))\n"
        "net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation='tanh'), keras.layers.Dense(1)])",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((net(x * 1.0) - y) ** 2)\ng = tape.gradient(loss, net.trainable_variables)",
        "keras.Input((3,)), keras.layers.Rescaling(1e-7), keras.layers.Dense(4, activation='tanh'), keras.layers.Dense(1)]",
        "display-only",
    ),
    "inputs of a million for a layer that is added": Advice(
        "zero/saturated-activation",
        "keras.utils.set_random_seed(3)\nx, y = 1e6 * tf.random.uniform((8, 3), 1.0, 2.0), tf.random.normal((8, 1))\n"
        "net = keras.Sequential()\nnet.add(keras.Input((3,)))\nnet.add(keras.layers.Dense(4, activation='tanh'))\nnet.add(keras.layers.Dense(1))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((net(x * 1.0) - y) ** 2)\ng = tape.gradient(loss, net.trainable_variables)",
        "net.add(keras.layers.Rescaling(1e-7))\nnet.add(keras.layers.Dense(4, activation='tanh'))",
        "display-only",
    ),
    "an optimizer for each step": Advice(
        "step/recreated-every-step",
        SOURCES + "\ndef train_step(step):\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_mean(net(x) ** 2)\n    opt = keras.optimizers.Adam(learning_rate=0.1 / (1 + step))\n"
        "    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))",
        "for i in range(4):\n    train_step(i)",
        "    opt.learning_rate = 0.1 / (1 + step)\n",
    ),
    "a weight that is listed twice": Advice(
        "step/updated-twice",
        "shared = keras.layers.Dense(3)\na, b = keras.Sequential([keras.Input((3,)), shared]), keras.Sequential([keras.Input((3,)), shared, keras.layers.Dense(1)])\nx = tf.random.normal((4, 3))",
        "variables = a.trainable_variables + b.trainable_variables\nfor step in range(2):\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_mean(a(x) ** 2) + tf.reduce_mean(b(x) ** 2)\n"
        "    gs = tape.gradient(loss, variables)\n    for v, g in zip(variables, gs):\n        v.assign_sub(0.1 * g)",
        "list({id(v): v for v in a.trainable_variables + b.trainable_variables}.values())",
    ),
    "a metric as the loss": Advice(
        "none/state-assignment",
        SOURCES + "\nmse = keras.metrics.MeanSquaredError(name='m')",
        "with tf.GradientTape() as tape:\n    loss = mse(x[:, :2], net(x))\ng = tape.gradient(loss, net.trainable_variables)",
        "mse = keras.losses.MeanSquaredError(name='m')",
    ),
    "a metric that is read as well": Advice(
        "none/state-assignment",
        SOURCES + "\nmse = keras.metrics.MeanSquaredError(name='m')",
        "with tf.GradientTape() as tape:\n    loss = mse(x[:, :2], net(x))\ng = tape.gradient(loss, net.trainable_variables)\nprint(mse.result())",
        "loss = keras.losses.MeanSquaredError(name='m')(x[:, :2], net(x))",
    ),
    "a term that was forgotten": Advice(
        "none/discarded-result",
        "a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])",
        "with tf.GradientTape() as tape:\n    fit = tf.reduce_sum(a ** 2)\n    penalty = tf.reduce_sum(b ** 2)\n    loss = fit + 1.0\ng = tape.gradient(loss, [a, b])\nprint(penalty.shape)",
        "loss = fit + 1.0 + penalty",
    ),
    "a term in a dict": Advice(
        "none/discarded-result",
        "a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])\ndef parts():\n    out = {}\n    out['fit'] = tf.reduce_sum(a ** 2)\n    out['size'] = tf.reduce_sum(b ** 2)\n    return out",
        "with tf.GradientTape() as tape:\n    terms = parts()\n    loss = 2.0 * terms['fit']\ng = tape.gradient(loss, [a, b])",
        "loss = 2.0 * terms['fit'] + terms['size']",
    ),
    "a straight-through estimator without its stop": Advice(
        "zero/stationary-point",
        "w = tf.Variable([0.2, 0.9, 0.4])\ndef binary(y):\n    hard = tf.cast(y > 0.5, y.dtype)\n    return hard - y + y",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum((binary(tf.sigmoid(w)) - 0.3) ** 2)\ng = tape.gradient(loss, w)",
        "return tf.stop_gradient(hard - y) + y",
        "safe",
    ),
    "equal numbers divided by their spread": Advice(
        "nonfinite/bad-input-data",
        "w = tf.Variable([1.0, 2.0, 3.0])\ndef normed(r):\n    r = np.array(r, 'float32')\n    return (r - r.mean()) / r.std()\nrewards = [1.0, 1.0, 1.0]",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w * normed(rewards) + w ** 2)\ng = tape.gradient(loss, w)",
        "/ (r.std() + 1e-8)",
    ),
    "source and target in the other order": Advice(
        "none/constant-target",
        "x = tf.Variable(2.0)",
        "with tf.GradientTape() as tape:\n    y = x ** 2\ng = tape.gradient(x, y)",
        "tape.gradient(y, x)",
    ),
    "a loss that a layer adds": Advice(
        "none/discarded-result",
        "class Penalty(keras.layers.Layer):\n    def __init__(self):\n        super().__init__()\n        self.w = self.add_weight(shape=(3,), initializer='ones')\n"
        "    def call(self, x):\n        self.add_loss(tf.reduce_sum(self.w ** 2))\n        return x\n"
        "net = keras.Sequential([keras.Input((3,)), Penalty(), keras.layers.Dense(1)])\nx = tf.random.normal((4, 3))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ng = tape.gradient(loss, net.trainable_variables)",
        "loss = tf.reduce_mean(net(x) ** 2) + sum(net.losses)",
    ),
    "a new result beside the old one": Advice(
        "none/discarded-result",
        SOURCES + "\ncritic, old = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), tf.random.normal((4, 2))",
        "actions = old\nwith tf.GradientTape() as tape:\n    new_actions = net(x)\n    loss = -tf.reduce_mean(critic(actions))\ng = tape.gradient(loss, net.trainable_variables)",
        "critic(new_actions)",
    ),
    "a number with two uses": Advice(
        "none/left-tensorflow",
        "w, v = tf.Variable(2.0), tf.Variable(3.0)",
        "with tf.GradientTape() as tape:\n    value = (w * w).numpy()\n    first = v * value\n    second = value ** 2\n    loss = first + second\ng = tape.gradient(loss, [w, v])",
        "value = w * w\n",
    ),
    "a gradient that is not finite": Advice(
        "step/update-destroys-weights",
        "w, opt = tf.Variable([0.0, 1.0]), keras.optimizers.SGD(0.1)",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.sqrt(w))\nopt.apply_gradients([(tape.gradient(loss, w), w)])",
        None,
    ),
    "an attribute that has a local name where it is read": Advice(
        "step/stale-capture",
        SOURCES
        + "\nclass Scale(keras.layers.Layer):\n    def __init__(self):\n        super().__init__()\n        self.factor = 1.0\n    def call(self, v):\n        factor = self.factor\n        return factor * v\n"
        "scale, opt = Scale(), keras.optimizers.SGD(0.1)\n@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_mean(scale(net(x)) ** 2)\n"
        "    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))\n    return loss",
        "for i in range(4):\n    scale.factor = 1.0 + i\n    loss = step()",
        "        factor = self.factor\n        return factor * v\n",
    ),
    "a count that is drawn": Advice(
        "error/no-gradient-registered",
        "w = tf.Variable([3.0, 4.0])",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.random.poisson([], w, dtype=tf.float32))\ng = tape.gradient(loss, w)",
        "tf.maximum(w + tf.sqrt(w) * tf.random.normal(tf.shape(w)), 0.0)",
        "display-only",
    ),
}


def _edited(fix: Fix, cells: dict[str | int, str]) -> str:
    texts = dict(cells)
    for edit in sorted(fix.edits, key=lambda e: -e.start_line):
        assert edit.cell is not None
        lines = texts[edit.cell].split("\n")
        lines[edit.start_line - 1 : edit.end_line] = edit.replacement.split("\n") if edit.replacement else []
        texts[edit.cell] = "\n".join(lines)
    return "\n".join(texts.values())


@pytest.mark.parametrize("name", ADVICE)
def test_the_first_edit_is_good_advice(name: str, notebook: Any) -> None:
    case = ADVICE[name]
    notebook.run("import numpy as np, tensorflow as tf, keras")
    count = notebook.shell.execution_count
    assert notebook.run(case.setup).success
    report = notebook.check(case.cell)
    assert not report.failures
    found = next((f for f in report.findings if f.rule == case.rule), None)
    assert found is not None, [(f.rule, f.message) for f in report.findings]
    if case.wanted is None:
        assert [f.title for f in found.fixes if f.edits] == [] and found.help
        return
    fix = found.fixes[0]
    assert fix.applicability == case.applicability
    assert case.wanted in _edited(fix, {count: case.setup, "current": "%%gradcheck\n" + case.cell})


@pytest.mark.parametrize("name", [n for n, a in ADVICE.items() if a.wanted is not None and a.applicability != "display-only"])
def test_the_first_edit_holds_when_it_is_tried(name: str, notebook: Any) -> None:
    case = ADVICE[name]
    notebook.run("import numpy as np, tensorflow as tf, keras")
    assert notebook.run(case.setup).success
    report = notebook.check(case.cell, "--fix")
    found = next(f for f in report.findings if f.rule == case.rule)
    assert found.fixes and found.fixes[0].verified is not None, [(f.title, f.verified) for f in found.fixes]
