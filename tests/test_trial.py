"""A fix is really run aside, and nothing of the notebook is another afterwards."""

from __future__ import annotations

import ast
import dataclasses
import os
import signal
import threading
import time
from typing import Any

import pytest

import gradmagic
from gradmagic.holding import statuses, why_not
from gradmagic.options import parse
from gradmagic.outside import NotTried
from gradmagic.report import Edit, Finding, Fix, Report
from gradmagic.trial import Outcome, run_both
from gradmagic.tried import try_fix

STOPPED = """
with tf.GradientTape() as tape:
    loss = a * tf.stop_gradient(b)
grads = tape.gradient(loss, [a, b])
opt.apply_gradients(zip(grads, [a, b]))
"""
SETUP = "import random, numpy as np, tensorflow as tf, keras\na, b = tf.Variable(1.5), tf.Variable(2.0)\nopt = keras.optimizers.Adam(0.1)"


def _first(report: Report) -> Finding:
    return next(f for f in report.findings if f.fixes)


def test_a_safe_fix_is_verified_with_the_loss_unchanged(notebook: Any) -> None:
    notebook.run(SETUP)
    fix = _first(notebook.check(STOPPED, "--fix")).fixes[0]
    assert fix.applicability == "safe" and fix.verified is not None
    assert fix.verified.statuses_after == {"a": "ok", "b": "ok"}
    assert fix.verified.loss_before == fix.verified.loss_after == 3.0


def test_without_the_option_nothing_is_tried(notebook: Any) -> None:
    notebook.run(SETUP)
    assert _first(notebook.check(STOPPED)).fixes[0].verified is None


def test_try_fix_answers_the_widget(notebook: Any) -> None:
    notebook.run(SETUP)
    report = notebook.check(STOPPED)
    answer = try_fix(report, report.findings.index(_first(report)), 0)
    assert answer == {"statuses_before": {"a": "ok", "b": "none"}, "statuses_after": {"a": "ok", "b": "ok"}, "loss_before": 3.0, "loss_after": 3.0, "holds": True, "error": None}
    assert "no such fix" in try_fix(report, 99, 0)["error"]
    later = notebook.check("x = 1")
    assert later is not report
    assert "run the cell again" in try_fix(report, 0, 0)["error"]


WORLD = """
import random, numpy as np, tensorflow as tf, keras
from tensorflow.python.eager import context
keras.utils.set_random_seed(7)
context.context().clear_kernel_cache()
w = tf.Variable([1.0, 2.0, 3.0])
gain = tf.Variable(1.0)
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
opt = keras.optimizers.Adam(0.1)
data = tf.data.Dataset.from_tensor_slices(tf.reshape(tf.range(24.0), (8, 3))).shuffle(8, seed=5).batch(2)
batches = iter(tf.data.Dataset.from_tensor_slices(tf.reshape(tf.range(48.0), (16, 3))).shuffle(16, seed=6).batch(2))
next(batches)
rng = np.random.default_rng(3)
dice = random.Random(4)
log, table, array = [1], {"runs": 0}, np.arange(3.0)
generator = tf.random.Generator.from_seed(11)

class Counter:
    calls = 0
    def __init__(self):
        self.seen = []

counter = Counter()

@tf.function
def noisy(x):
    return x + tf.random.normal(x.shape)
"""
CHANGES = """
for step in range(2):
    batch = next(batches)
    with tf.GradientTape() as tape:
        noise = tf.random.normal((3,)) + generator.normal((3,)) + rng.normal() + dice.random() + random.random() + np.random.rand()
        out = net(noisy(batch) * w, training=True)
        loss = tf.reduce_mean(out ** 2) + tf.reduce_sum(w * tf.cast(noise, tf.float32)) + tf.stop_gradient(gain)
    grads = tape.gradient(loss, [w, gain, *net.trainable_variables])
    opt.apply_gradients([(g, v) for g, v in zip(grads, [w, gain, *net.trainable_variables]) if g is not None])
    for item in data:
        last = item
    log.append(float(loss)); table["runs"] += 1; array += 1.0
    Counter.calls += 1; counter.seen.append(step); counter.extra = 1
    extra_layer = keras.layers.Dense(2)
print("printed once")
"""
AFTER = """
state = [v.numpy().tolist() for v in [w, gain, *net.variables, *opt.variables, generator.state]]
state += [tf.random.normal((3,)).numpy().tolist(), noisy(tf.zeros(3)).numpy().tolist(), rng.normal(), dice.random(), random.random(), np.random.rand()]
state += [next(batches).numpy().tolist(), [i.numpy().tolist() for i in data], log, table, array.tolist(), Counter.calls, counter.__dict__]
state += [generator.normal((2,)).numpy().tolist(), keras.layers.Dense(1).name, net(tf.ones((2, 3)), training=True).numpy().tolist(), tf.random.uniform((2,), seed=9).numpy().tolist()]
state
"""


def test_everything_is_put_back_to_the_last_bit(notebook: Any, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for line in ("", "--fix"):
        notebook.shell.reset(new_session=False)
        notebook.run(WORLD)
        notebook.run("keras.backend.clear_session(); keras.utils.set_random_seed(7)")
        notebook.run(WORLD)
        capsys.readouterr()
        report = notebook.check(CHANGES, f"{line} --format text")
        assert not report.failures
        fix = _first(report).fixes[0]
        assert (fix.verified is not None) is bool(line), report
        names = sorted(n for n in notebook.shell.user_ns if not n.startswith("_"))
        assert capsys.readouterr().out.count("printed once") == 1
        found.append((notebook.run(AFTER).result, names))
    assert repr(found[0]) == repr(found[1])


def test_definitions_of_earlier_cells_are_replaced_for_the_trial_only(notebook: Any) -> None:
    notebook.run("import tensorflow as tf\nw = tf.Variable(2.0)")
    notebook.run("class Cube:\n    def value(self, x):\n        return tf.stop_gradient(x) * 3.0\ncube = Cube()\ndef loss_of(x):\n    return cube.value(x)")
    cube, kind = notebook.shell.user_ns["cube"], notebook.shell.user_ns["Cube"]
    found = _first(notebook.check("with tf.GradientTape() as tape:\n    loss = loss_of(w)\ngrad = tape.gradient(loss, w)", "--fix"))
    assert found.fixes[0].edits[0].cell != "current"
    assert found.fixes[0].verified is not None and found.fixes[0].verified.statuses_after == {"w": "ok"}
    assert type(cube) is kind is notebook.shell.user_ns["Cube"]
    assert notebook.run("tape = tf.GradientTape()\nwith tape:\n    y = loss_of(w)\nprint(tape.gradient(y, w) is None)\ntape.gradient").success
    assert notebook.run("with tf.GradientTape() as t:\n    y = loss_of(w)\nt.gradient(y, w) is None").result is True


def test_what_was_made_with_an_edited_constructor_is_made_again(notebook: Any) -> None:
    notebook.run("import tensorflow as tf, keras\nkeras.utils.set_random_seed(1)\nx, y = tf.random.normal((8, 3)), tf.random.normal((8, 1))")
    notebook.run("model = keras.Sequential()\nmodel.add(keras.Input((3,)))\nmodel.add(keras.layers.Dense(1, kernel_initializer='zeros', name='only'))\nmodel.add(keras.layers.Activation('softmax'))")
    before = notebook.shell.user_ns["model"]
    count = notebook.shell.execution_count - 1
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((model(x) - y) ** 2)\ngrads = tape.gradient(loss, model.trainable_variables)")
    from gradmagic.state import bench_of

    bench = bench_of(report)
    assert bench is not None
    old, new = run_both(bench, Fix("sigmoid", (Edit(count, 4, 4, "model.add(keras.layers.Activation('sigmoid'))"),)))
    assert [v.status for v in old.report.calls[0].variables] == ["zero", "zero"]
    assert [v.status for v in new.report.calls[0].variables] == ["ok", "ok"]
    assert notebook.shell.user_ns["model"] is before


def test_a_model_that_is_made_again_has_its_old_weights_for_a_fix_that_is_safe(notebook: Any) -> None:
    notebook.run("import keras\nimport tensorflow as tf\nx = tf.random.normal((8, 3))")
    notebook.run("net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Lambda(lambda t: tf.round(t)), keras.layers.Dense(1)])")
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ngrads = tape.gradient(loss, net.trainable_variables)")
    assert report.findings[0].fixes[0].applicability == "safe"
    tried = try_fix(report, 0, 0)
    assert tried["holds"], tried["error"]
    assert tried["loss_before"] == pytest.approx(tried["loss_after"], rel=1e-5)


@pytest.mark.parametrize("base", ["keras.layers.Layer", "object"])
def test_weights_of_a_constructor_are_kept_for_a_fix_that_is_safe(base: str, notebook: Any) -> None:
    weight = 'self.add_weight(shape=(3, 2), name="direction")' if base != "object" else "tf.Variable(tf.random.normal((3, 2)))"
    notebook.run(
        f"import keras\nimport tensorflow as tf\nkeras.utils.set_random_seed(1)\nclass Directed({base}):\n    def __init__(self):\n        super().__init__()\n        self.direction = {weight}\n"
        "        self.matrix = tf.math.l2_normalize(self.direction, axis=0)\n    def __call__(self, rows):\n        return rows @ self.matrix\ndirected = Directed()\nrows = tf.random.normal((8, 3))"
    )
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(tf.sin(directed(rows)))\ngrads = tape.gradient(loss, [directed.direction])")
    assert [(f.rule, f.fixes[0].applicability) for f in report.findings] == [("none/outside-tape", "safe")]
    tried = try_fix(report, 0, 0)
    assert tried["holds"], tried["error"]


def test_what_an_edit_changes_in_its_place_is_made_again() -> None:
    from gradmagic.redefine import again

    cell = "rows = load()\nmodel = make(base)\nother = 3\nrows[0] = 0.0\nfor layer in model.layers:\n    layer.trainable = False\nmodel.compile()"
    rows = again(cell, cell.replace("rows[0] = 0.0", "rows[0] = 1.0"))
    assert [ast.unparse(s) for s in rows.statements] == ["rows = load()", "rows[0] = 1.0"]
    frozen = again(cell, cell.replace("in model.layers", "in base.layers"))
    assert [ast.unparse(s).split("\n")[0] for s in frozen.statements] == ["model = make(base)", "for layer in base.layers:", "model.compile()"]
    moved = again("net = make()\nlisted = net.weights\nnet = make()", "net = make()\nnet = make()\nlisted = net.weights")
    assert ast.unparse(moved.statements[-1]) == "listed = net.weights"


def test_training_that_is_run_again_begins_where_it_began() -> None:
    from gradmagic.redefine import again

    cell = "model = make(1)\nx = load()\nother = 3\nmodel.fit(x)\ndef later():\n    model.fit(x)"
    scaled = cell.replace("load()", "load() / 9.0")
    assert [ast.unparse(s) for s in again(cell, scaled).statements][:4] == ["model = make(1)", "x = load() / 9.0", "other = 3", "model.fit(x)"]
    apart = cell.replace("model.fit(x)\ndef", "def")
    assert [ast.unparse(s) for s in again(apart, apart.replace("load()", "load() / 9.0")).statements] == ["x = load() / 9.0"]


def test_a_fix_that_fails_is_never_shown(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradmagic.rules.none import stop_gradient

    wrong = (Fix("breaks", (Edit("current", 4, 4, "    loss = a * undefined_name"),), "safe"), Fix("does nothing", (Edit("current", 4, 4, "    loss = a * tf.stop_gradient(b * 1.0)"),), "safe"))
    another = Fix("not safe at all", (Edit("current", 4, 4, "    loss = a * b * 2.0"),), "safe")
    monkeypatch.setattr(stop_gradient, "fixes", lambda fault, recording, found: (*wrong, another))
    notebook.run(SETUP)
    report = notebook.check(STOPPED)
    index = next(i for i, f in enumerate(report.findings) if f.fixes)
    answers = [try_fix(report, index, i) for i in range(3)]
    assert [a["holds"] for a in answers] == [False, False, False]
    assert "raises NameError" in answers[0]["error"] and "still there" in answers[1]["error"] and "the loss is another" in answers[2]["error"]
    assert [f for f in notebook.check(STOPPED, "--fix").findings if f.fixes] == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("open('x.txt', 'w').close()", "open"),
        ("model_saver.save('x')", "save"),
        ("tf.io.write_file('x', 'y')", "write_file"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.run"),
        ("value = next(numbers)", "`numbers`, a generator whose place"),
        ("value = draw()", "`numbers`, a generator whose place"),
        ("queue.enqueue(loss)", "`queue`, a queue whose content"),
        ("journal.write('a')", "`journal`, a file whose content"),
    ],
)
def test_a_cell_that_leaves_traces_is_not_run_again(notebook: Any, line: str, word: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook.run(SETUP + "\nnumbers = (i for i in range(9))\nclass Saver:\n    def save(self, name): pass\nmodel_saver = Saver()")
    notebook.run("def draw():\n    return next(numbers)\nqueue = tf.queue.FIFOQueue(9, tf.float32)\njournal = open('journal.txt', 'w')")
    report = notebook.check(STOPPED + line)
    notebook.run("journal.close()")
    notebook.run("journal = open('journal.txt', 'a')")
    index = next(i for i, f in enumerate(report.findings) if f.fixes)
    answer = try_fix(report, index, 0)
    notebook.run("journal.close()")
    assert word in answer["error"] and answer["error"].endswith("not tried") and not answer["holds"]


def test_lookup_tables_and_files_that_are_read_are_put_back(notebook: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("1\n2\n3\n4\n")
    notebook.run(
        SETUP + "\ncounts = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)\ncounts.insert(['a', 'b'], [1, 2])\n"
        "dense = tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, 0.0, empty_key=-1, deleted_key=-2)\ndense.insert([3], [0.5])\n"
        "fixed = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(['a'], [1.0]), 0.0)\nlines = open('lines.txt')\nx = lines.readline()"
    )
    cell = "line = lines.readline()\ncounts.insert(['c'], [9])\ncounts.remove(tf.constant(['a']))\ndense.insert([4], [1.5])\nv = fixed.lookup(tf.constant(['a']))" + STOPPED
    report = notebook.check(cell)
    look = "[sorted(zip(*[t.numpy().tolist() for t in counts.export()])), dense.lookup([3, 4]).numpy().tolist(), int(dense.size()), lines.tell()]"
    before = notebook.run(look).result
    index = next(i for i, f in enumerate(report.findings) if f.fixes)
    answer = try_fix(report, index, 0)
    assert answer["error"] is None and answer["holds"]
    assert notebook.run(look).result == before == [[(b"b", 2), (b"c", 9)], [0.5, 1.5], 2, 4]
    notebook.run("lines.close()")


def test_a_long_cell_is_given_up(notebook: Any) -> None:
    notebook.run(SETUP + "\nimport time\npause = 0.0")
    report = notebook.check(STOPPED + "time.sleep(pause)")
    from gradmagic.state import bench_of

    bench = bench_of(report)
    assert bench is not None
    bench.seconds = 0.3
    bench.source += "\ntime.sleep(5)"
    started = time.monotonic()
    with pytest.raises(NotTried, match="takes longer than"):
        run_both(bench, Fix("nothing", (), "safe"))
    assert time.monotonic() - started < 4
    assert signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, signal.SIG_IGN, None)


def test_ctrl_c_puts_everything_back(notebook: Any) -> None:
    notebook.run(SETUP + "\nimport time\nslow = False")
    report = notebook.check(STOPPED + "marker = 5\nif slow: time.sleep(20)")
    notebook.run("slow = True\nmarker = 1")
    from gradmagic.state import bench_of

    bench = bench_of(report)
    assert bench is not None
    bench.start._names["slow"] = True
    before = notebook.run("[v.numpy().tolist() for v in [a, b, *opt.variables]]").result
    index = next(i for i, f in enumerate(report.findings) if f.fixes)
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    answer = try_fix(report, index, 0)
    assert answer["error"] == "the trial was interrupted; everything is as it was before"
    assert notebook.run("[v.numpy().tolist() for v in [a, b, *opt.variables]]").result == before
    assert notebook.shell.user_ns["marker"] == 1
    assert not hasattr(notebook.shell.user_ns["tf"].GradientTape.gradient, "__wrapped__")


def test_nothing_is_displayed(notebook: Any, capsys: pytest.CaptureFixture[str]) -> None:
    import matplotlib.pyplot as plt

    notebook.run(SETUP + "\nimport matplotlib.pyplot as plt\nfrom IPython.display import display\nimport logging, warnings")
    report = notebook.check(STOPPED + "plt.plot([1, 2]); plt.show(); display(a); logging.warning('w'); warnings.warn('v'); print('p')\nloss")
    plt.close("all")
    capsys.readouterr()
    index = next(i for i, f in enumerate(report.findings) if f.fixes)
    out = notebook.shell.user_ns["Out"].copy()
    assert try_fix(report, index, 0)["holds"]
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err == ""
    assert plt.get_fignums() == [] and notebook.shell.user_ns["Out"] == out


def test_the_option() -> None:
    assert parse("--fix").fix and not parse("").fix
    assert "--fix" in gradmagic.options.HELP  # type: ignore[attr-defined]


def test_a_model_that_is_made_again_is_compared_by_its_old_names(notebook: Any) -> None:
    notebook.run("import keras, numpy as np\nx = np.full((8, 2), np.nan, 'float32')\nnet = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\nnet.compile('sgd', 'mse')")
    report = notebook.check("net.fit(x, x[:, :1], verbose=0)")
    found = report.findings[0]
    assert set(found.variables) == {v.name for v in report.calls[0].variables}

    def renamed(name: str) -> str:
        return name.replace("/", "_1/", 1)

    calls = tuple(dataclasses.replace(c, variables=tuple(dataclasses.replace(v, name=renamed(v.name)) for v in c.variables)) for c in report.calls)
    findings = tuple(dataclasses.replace(f, variables=tuple(map(renamed, f.variables))) for f in report.findings)
    again = dataclasses.replace(report, calls=calls, findings=findings)
    before, still, other = (Outcome(r, (None,), None) for r in (report, again, dataclasses.replace(again, findings=())))
    assert statuses(again, 0, report) == statuses(report, 0)
    fix = Fix("a fix", (), "unsafe")
    assert "still there" in (why_not(found, fix, before, still) or "")
    assert "is still nan" in (why_not(found, fix, before, other) or "")


def test_an_edit_of_a_model_that_was_trained_before_is_seen_in_its_training(notebook: Any) -> None:
    notebook.run(
        "import keras\nimport tensorflow as tf\nkeras.utils.set_random_seed(1)\nclass Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
        "        self.first, self.last = keras.layers.Dense(4), keras.layers.Dense(1)\n    def call(self, rows):\n        return self.last(tf.stop_gradient(self.first(rows)))\n"
        "rows, wanted = tf.random.normal((16, 3), seed=1), tf.random.normal((16, 1), seed=2)\nnet = Net()\nnet.compile('adam', 'mse')\nnet.fit(rows, wanted, verbose=0)"
    )
    report = notebook.check("net.fit(rows, wanted, epochs=2, verbose=0)")
    assert report.findings[0].rule == "none/stop-gradient"
    tried = try_fix(report, 0, 0)
    assert tried["holds"], tried["error"]
    assert list(tried["statuses_after"].values()) == ["ok"] * 4
