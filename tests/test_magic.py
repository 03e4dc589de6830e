"""The cell behaves as without the magic, and bad input gets one sentence."""

from __future__ import annotations

import builtins
import re
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import gradmagic
from gradmagic.capture.execution import Unrepeatable
from gradmagic.capture.replay import Replay

SETUP = """
import numpy as np, tensorflow as tf, keras
w = tf.Variable(2.0, name="w")
"""


@pytest.fixture
def ready(notebook: Any) -> Any:
    assert notebook.run(SETUP).success
    return notebook


@pytest.fixture
def whole_tracebacks(notebook: Any) -> Iterator[None]:
    """As IPython shows them by itself."""
    notebook.shell.InteractiveTB.set_mode("Context")
    yield
    notebook.shell.InteractiveTB.set_mode("Plain")


CELLS = [
    "x = tf.random.normal((3,)); print(float(tf.reduce_sum(x))); x.numpy().tolist()",
    "with tf.GradientTape() as tape:\n    y = w * tf.random.uniform(())\ng = tape.gradient(y, w)\n(float(y), float(g))",
    "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dropout(0.5), keras.layers.Dense(1)])\nmodel.compile('adam', 'mse')\n"
    "h = model.fit(np.ones((16, 2)), np.ones((16, 1)), batch_size=4, epochs=2, verbose=0)\nh.history['loss']",
    "@tf.function\ndef step(v):\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(tf.random.normal((2,)) * w * v)\n    return tape.gradient(loss, w)\n"
    "[float(step(tf.constant(float(i)))) for i in range(3)]",
    "data = tf.data.Dataset.range(6).shuffle(6).map(lambda i: tf.cast(i, tf.float32))\n@tf.function\ndef train():\n    total = 0.0\n    for _ in tf.range(2):\n        for v in data:\n"
    "            with tf.GradientTape() as tape:\n                loss = tf.reduce_sum(tf.random.normal((2,)) * w * v)\n            total = 2.0 * total + tape.gradient(loss, w)\n    return total\n"
    "[float(train()), float(train())]",
    "np.random.rand(2).tolist()",
    "huge = tf.Variable(tf.fill([1000], 1e25))\nwith tf.GradientTape() as tape:\n    y = tf.reduce_sum(huge * 2.0)\nfloat(tape.gradient(y, huge)[0])",
]


@pytest.mark.parametrize("cell", CELLS)
def test_same_values_output_and_display(cell: str, ready: Any, capsys: Any) -> None:
    outcomes = []
    for head in ("#\n", "%%gradcheck --quiet\n"):
        ready.run("keras.utils.set_random_seed(7)")
        capsys.readouterr()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            result = ready.run(head + cell)
        assert result.success
        assert not [w for w in warned if w.category is RuntimeWarning]
        printed = re.sub(r"Out\[\d+\]", "Out", capsys.readouterr().out)
        outcomes.append((repr(result.result), printed, sorted(n for n in ready.shell.user_ns if not n.startswith("_"))))
    plain, checked = outcomes
    assert plain[0] == checked[0] and plain[2] == checked[2]
    assert checked[1].startswith(plain[1])


@pytest.mark.usefixtures("whole_tracebacks")
def test_exception_is_the_users_own(ready: Any, capsys: Any) -> None:
    result = ready.run("%%gradcheck\nwith tf.GradientTape() as tape:\n    y = w * w\na = tape.gradient(y, w)\nb = tape.gradient(y, w)")
    assert type(result.error_in_exec) is RuntimeError
    out = capsys.readouterr().out
    assert out.index("error/tape-used-twice") < out.index("Traceback (most recent call last)")
    shown = out[out.index("Traceback (most recent call last)") :]
    assert "line 5" in shown and "gradmagic" not in shown
    assert ready.shell.last_execution_succeeded is False


def test_line_numbers_are_the_editors(ready: Any) -> None:
    report = ready.check("\n\nwith tf.GradientTape() as tape:\n    y = tf.stop_gradient(w)\n\ng = tape.gradient(y, w)")
    assert report.findings[0].location.line == 5
    assert report.calls[0].location.line == 7


def test_everything_is_put_back(ready: Any) -> None:
    import tensorflow as tf
    from keras import optimizers
    from tensorflow.python.autograph.pyct import error_utils
    from tensorflow.python.eager import backprop, context, record
    from tensorflow.python.eager.polymorphic_function import atomic_function
    from tensorflow.python.framework import ops

    def state() -> list[object]:
        owner = next(c for c in optimizers.Optimizer.__mro__ if "apply" in vars(c))
        return [
            *(vars(backprop.GradientTape)[n] for n in ("gradient", "jacobian", "batch_jacobian", "_push_tape", "_pop_tape", "watch", "reset", "stop_recording")),
            record.record_operation, tf.gradients, vars(ops._EagerTensorBase)["_numpy"], vars(atomic_function.AtomicFunction)["call_flat"],
            atomic_function.from_func_graph, vars(owner)["apply"], list(context.context().op_callbacks),
            error_utils._stack_trace_inside_mapped_code, threading.Thread.start, threading.Thread.run,
        ]  # fmt: skip

    before = state()
    ready.check("with tf.GradientTape() as tape:\n    y = w * w\ng = tape.gradient(y, w)", "--numeric")
    assert state() == before
    ready.run("%%gradcheck\nraise KeyboardInterrupt")
    assert state() == before


def test_what_is_replaced_takes_what_the_original_takes(ready: Any, monkeypatch: Any) -> None:
    import inspect

    from gradmagic.capture.patches import Patches

    wrong, put, seen = list[str](), Patches.set, set[str]()

    def noted(self: Patches, owner: Any, name: str, value: Any) -> None:
        try:
            before, after = inspect.signature(getattr(owner, name)), inspect.signature(value, follow_wrapped=False)
        except (TypeError, ValueError, AttributeError):
            before = after = None
        put(self, owner, name, value)
        # What begins with an underscore is called by TensorFlow alone.
        if before is None or after is None or name.startswith("_"):
            return
        seen.add(name)
        takes_all = any(p.kind is p.VAR_KEYWORD for p in after.parameters.values())
        known = [p for p in before.parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        wrong.extend(f"{name} lacks {p.name}" for p in known if p.name not in after.parameters and not takes_all)
        asked = [p for p in after.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty]
        wrong.extend(f"{name} requires {p.name}" for p in asked if p.name not in before.parameters and p.name != "self")

    monkeypatch.setattr(Patches, "set", noted)
    ready.check("with tf.GradientTape() as tape:\n    y = w * w\ng = tape.gradient(y, w)", "--numeric")
    assert {"gradient", "batch_jacobian", "watch", "gradients"} <= seen
    assert not wrong


def test_signatures_and_docs_are_those_of_what_is_replaced(ready: Any) -> None:
    cell = (
        "import inspect\nkinds = [tf.GradientTape.__init__, tf.GradientTape.gradient, tf.GradientTape.jacobian, tf.Variable.assign, tf.where, tf.cast, tf.stop_gradient,"
        " keras.Model.fit, keras.Layer.__call__, keras.Layer.__new__, keras.optimizers.SGD.apply_gradients, tf.function(lambda x: x).__call__, np.argmax]\n"
        "known = [(k.__name__, str(inspect.signature(k)), inspect.getdoc(k)) for k in kinds]"
    )
    known = []
    for magic in ("", "%%gradcheck\n"):
        assert ready.run(magic + cell).success
        known.append(ready.shell.user_ns["known"])
    assert len(known[0]) == 13 and known[0] == known[1]


def test_names_of_arguments_are_tensorflows(ready: Any) -> None:
    for call in ("gradient(target=y, sources=x)", "jacobian(sources=x, target=y)", "batch_jacobian(source=x, target=y)"):
        report = ready.check(f"x = tf.ones((2, 3))\nwith tf.GradientTape() as tape:\n    tape.watch(x)\n    y = x ** 2\ng = tape.{call}")
        assert report.raised is None and report.calls[0].variables[0].status == "ok", call
    for call in ("gradient(y)", "gradient()", "batch_jacobian(y, sources=x)"):
        cell = f"x = tf.ones((2, 3))\nwith tf.GradientTape() as tape:\n    tape.watch(x)\n    y = x ** 2\ng = tape.{call}"
        said = [ready.run(magic + cell).error_in_exec for magic in ("", "%%gradcheck\n")]
        assert isinstance(said[0], TypeError) and repr(said[0]) == repr(said[1])


def test_no_tensor_lives_longer(ready: Any) -> None:
    ready.run("import gc, weakref\nrefs = []")
    ready.run(
        "%%gradcheck --quiet\nfor i in range(4):\n    with tf.GradientTape() as tape:\n        h = tf.random.normal((4,)) * w\n        refs.append(weakref.ref(h))\n"
        "        y = tf.reduce_sum(h * h)\n    g = tape.gradient(y, w)\n    del h\n    gc.collect()\n    alive = sum(r() is not None for r in refs)"
    )
    assert ready.shell.user_ns["alive"] == 0


def test_long_loops_stay_bounded(ready: Any) -> None:
    report = ready.check("for i in range(600):\n    with tf.GradientTape() as tape:\n        y = w * w\n    w.assign_sub(0.001 * tape.gradient(y, w))")
    assert report.calls[0].count == 600
    assert report.overhead.ops_dropped > 0.9 * report.overhead.ops_recorded - 100
    assert report.verdict == "ok"


def test_every_looks_at_each_nth_run(ready: Any) -> None:
    cell = "for i in range(12):\n    with tf.GradientTape() as tape:\n        y = w * w\n    w.assign_sub(0.1 * tape.gradient(y, w))"
    assert len(ready.check(cell).calls[0].variables[0].grad.norm_history) == 12
    report = ready.check(cell, "--every 4")
    assert report.calls[0].count == 12 and len(report.calls[0].variables[0].grad.norm_history) == 3


@pytest.mark.parametrize(
    ("line", "sentence"),
    [("--nonsense", "there is no option `--nonsense`"), ("--every x", "`--every` takes a whole number"), ("-f loud", "takes one of note, warning, error"), ("--out", "needs a value")],
)
def test_bad_options_get_one_sentence(line: str, sentence: str, ready: Any, capsys: Any) -> None:
    assert ready.run(f"%%gradcheck {line}\nvalue = 41 + 1").success
    out = capsys.readouterr().out
    assert sentence in out and "Traceback" not in out and len(out.strip().splitlines()) == 1
    assert ready.shell.user_ns["value"] == 42


def test_target_of_the_magics_own_tape(ready: Any, capsys: Any) -> None:
    report = ready.check("loss = w * w + 1.0", "loss")
    assert [v.status for v in report.calls[0].variables] == ["ok"] and report.calls[0].kind == "gradcheck"
    report = ready.check("w * 3.0")
    assert report.calls[0].variables[0].grad.norm == 3.0
    capsys.readouterr()
    ready.check("loss = w * w", "no_such_name")
    assert "`no_such_name` (TARGET) cannot be evaluated after the cell" in capsys.readouterr().out


def test_syntax_error_is_pythons_own(ready: Any, capsys: Any) -> None:
    before = gradmagic.last_report()
    result = ready.run("%%gradcheck\nx = = 3")
    assert isinstance(result.error_before_exec, SyntaxError)
    assert gradmagic.last_report() is before
    assert "gradmagic" not in capsys.readouterr().out


def test_no_tensorflow(ready: Any, monkeypatch: Any, capsys: Any) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "tensorflow":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert ready.run("%%gradcheck\nvalue = 1").success
    assert "TensorFlow is not installed" in capsys.readouterr().out


def test_loaded_twice_and_unloaded(ready: Any) -> None:
    transforms = ready.shell.input_transformer_manager.cleanup_transforms
    count = len(transforms)
    ready.run("%load_ext gradmagic")
    gradmagic.load_ipython_extension(ready.shell)
    assert len(transforms) == count
    gradmagic.unload_ipython_extension(ready.shell)
    assert len(transforms) == count - 1 and "run_ast_nodes" not in vars(ready.shell)
    gradmagic.load_ipython_extension(ready.shell)
    assert ready.check("w * 2.0").verdict == "ok"


def test_fail_on(ready: Any) -> None:
    result = ready.run("%%gradcheck --fail-on error\nwith tf.GradientTape() as tape:\n    y = tf.stop_gradient(w)\ng = tape.gradient(y, w)")
    assert isinstance(result.error_in_exec, gradmagic.GradientProblem)
    assert result.error_in_exec.report is gradmagic.last_report()


def test_expected_findings_raise_no_alarm(ready: Any) -> None:
    cell = "with tf.GradientTape() as tape:\n    y = tf.stop_gradient(w)  # gradmagic: expected none/stop-gradient\ng = tape.gradient(y, w)"
    report = ready.check(cell)
    assert report.verdict == "ok" and report.findings[0].accepted
    report = ready.check(cell.partition("  #")[0] + "\ng = tape.gradient(y, w)", "--expect none/stop-gradient:w")
    assert report.verdict == "ok" and report.findings[0].accepted


def test_a_crash_of_gradmagic_does_not_cost_the_cell(ready: Any, monkeypatch: Any) -> None:
    import gradmagic.diagnose

    def broken(*given: Any) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(gradmagic.diagnose, "locate", broken)
    report = ready.check("with tf.GradientTape() as tape:\n    y = w * w\ng = tape.gradient(y, w)\nafter = 1")
    assert ready.shell.user_ns["after"] == 1
    assert any("planted" in failure for failure in report.failures)


@pytest.mark.parametrize("broken", ["tracebacks", "translations", "ops", "tapes", "graphs", "inner_steps", "layers", "stale", "earlier", "updates", "escapes", "replicas", "numeric"])
def test_a_hook_that_cannot_be_put_in_does_not_cost_the_cell(ready: Any, monkeypatch: Any, broken: str) -> None:
    import importlib

    def refuse(session: Any) -> None:
        raise ImportError("planted")

    monkeypatch.setattr(importlib.import_module(f"gradmagic.capture.{broken}"), "install", refuse)
    ready.run("import keras\nnet = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\nnet.compile('sgd', 'mse')")
    cells = (
        "with tf.GradientTape() as tape:\n    y = w * w\ng = tape.gradient(y, w)\nafter = g.numpy()",
        "history = net.fit(tf.ones((4, 3)), tf.ones((4, 1)), verbose=0)",
        "@tf.function\ndef step(x):\n    with tf.GradientTape() as tape:\n        y = net(x)\n    g = tape.gradient(y, net.trainable_variables)\n    net.optimizer.apply_gradients(zip(g, net.trainable_variables))\n    return g\n"
        "after = [v.numpy() for v in step(tf.ones((2, 3)))]",
    )
    for cell in cells:
        report = ready.check(cell, "--numeric")
        assert ready.result.success, ready.result.error_in_exec
        assert any("planted" in failure for failure in report.failures), (broken, cell, report.failures)


def test_line_magic(ready: Any, capsys: Any) -> None:
    ready.check("w * 2.0")
    capsys.readouterr()
    ready.run("%gradcheck")
    assert "checked" in capsys.readouterr().out
    ready.run("%gradcheck explain none/stop-gradient")
    assert "Why it happens" in capsys.readouterr().out
    ready.run("%gradcheck explain none/nothing")
    assert "name one of these rules" in capsys.readouterr().out
    ready.run("%gradcheck on")
    before = gradmagic.last_report()
    ready.run("w * 4.0")
    assert gradmagic.last_report() is not before
    ready.run("%gradcheck off")


def test_cell_magics_below(ready: Any, capsys: Any) -> None:
    assert ready.run("%%gradcheck\n%%capture said\nprint('inside')\ny = w * w").success
    assert ready.shell.user_ns["said"].stdout == "inside\n"


def test_out_files(ready: Any, tmp_path: Any, capsys: Any) -> None:
    paths = [tmp_path / f"report{ending}" for ending in (".json", ".html", ".svg", ".png", ".md", ".txt")]
    line = " ".join(f"--out {p}" for p in paths)
    report = ready.check("with tf.GradientTape() as tape:\n    y = tf.stop_gradient(w) * w\ng = tape.gradient(y, w)", line)
    assert all(p.stat().st_size > 200 for p in paths)
    assert gradmagic.Report.from_json(paths[0].read_text()) == report
    capsys.readouterr()
    ready.check("w * 2.0", f"--out {tmp_path / 'report.docx'}")
    assert "a report is written as one of" in capsys.readouterr().out


def test_an_error_in_a_traced_function_has_the_message_that_it_has_without(ready: Any) -> None:
    cell = """\
import tensorflow as tf
w = tf.Variable([1.0, 2.0])

@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.unique(w)[0])
    return tape.gradient(loss, w)

try:
    step()
except Exception as error:
    said = type(error).__name__, str(error)
"""
    ready.run(cell)
    plain = ready.shell.user_ns["said"]
    ready.run("%%gradcheck\n" + cell)
    name, message = ready.shell.user_ns["said"]
    assert "Unique" in message
    # The names of the cells' files differ, and so do the numbers that addresses have.
    assert (name, [line for line in message.splitlines() if "ipython" not in line]) == (plain[0], [line for line in plain[1].splitlines() if "ipython" not in line])


def test_an_error_in_a_running_function_has_the_message_that_it_has_without(ready: Any) -> None:
    cell = """\
import tensorflow as tf
w = tf.Variable([1.0, 2.0])

@tf.function
def step(limit):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
        tf.debugging.assert_less(loss, limit, message="too large")
    return tape.gradient(loss, w)

try:
    step(tf.constant(1.0))
except Exception as error:
    said = type(error).__name__, str(error)
"""
    ready.run(cell)
    plain = ready.shell.user_ns["said"]
    ready.run("%%gradcheck\n" + cell)
    checked = ready.shell.user_ns["said"]
    assert "too large" in checked[1]
    assert "in run_nodes" not in checked[1]
    # The names of the cells' files differ, and so do the numbers that functions have; an unchecked cell is run by the magic as well.
    assert [_bare(part) for part in checked] == [_bare(part) for part in plain]


def test_an_error_in_a_loop_of_a_function_has_the_message_that_it_has_without(ready: Any, monkeypatch: Any) -> None:
    cell = """\
import tensorflow as tf
w = tf.Variable([2.0, -1.0])

@tf.function
def step(n):
    for i in tf.range(n):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sqrt(w + 0.0 * tf.random.normal((2,))))
        grads = tape.gradient(loss, [w])
        w.assign_sub(0.1 * tf.debugging.check_numerics(grads[0], "bad"))
    return n

try:
    step(5)
except Exception as error:
    said = type(error).__name__, str(error)
"""
    ready.run(cell)
    plain = ready.shell.user_ns["said"]
    ready.run("%%gradcheck\n" + cell)
    report, checked = gradmagic.last_report(), ready.shell.user_ns["said"]
    assert "bad : Tensor had NaN values" in checked[1] and "in step" in checked[1]
    assert [_bare(part) for part in checked] == [_bare(part) for part in plain]
    # The turn that raised was looked into.
    assert [(f.rule, f.location.line) for f in report.findings if f.severity == "error"] == [("nonfinite/invalid-forward-value", 9)]

    def cannot(*_: Any) -> None:
        raise Unrepeatable("no")

    monkeypatch.setattr(Replay, "run", cannot)
    report = ready.check(cell)
    assert [f.rule for f in report.findings if f.severity == "error"] == ["nonfinite/unexplained"] and report.failures


def _bare(message: str) -> list[str]:
    lines = [re.sub(r"__(inference|forward)_step_\d+", "step", line) for line in message.splitlines()]
    return [line for line in lines if line and not any(word in line for word in ("ipython", "in run_nodes", "test_magic"))]


def test_a_call_that_an_error_kept_from_running_is_not_judged(ready: Any) -> None:
    report = ready.check(
        """\
import tensorflow as tf
w = tf.Variable([1.0, 2.0])

@tf.function
def step(limit):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
        tf.debugging.assert_less(loss, limit)
    return tape.gradient(loss, w)

step(tf.constant(1.0))
"""
    )
    assert report.raised is not None and report.raised.type == "InvalidArgumentError"
    assert report.calls == () and report.findings == () and report.failures == ()
    assert "raised `InvalidArgumentError` before" in report.summary
    report = ready.check("try:\n    step(tf.constant(1.0))\nexcept tf.errors.InvalidArgumentError:\n    pass\n")
    assert report.raised is None and report.calls == ()


def test_a_search_that_fails_is_no_good_news(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradmagic import diagnose

    def locate(*_: Any) -> Any:
        raise ValueError("lost")

    monkeypatch.setattr(diagnose, "locate", locate)
    report = ready.check("with tf.GradientTape() as tape:\n    y = tf.stop_gradient(w)\ng = tape.gradient(y, w)")
    assert report.verdict == "warning" and report.summary == "0 of 1 gradients are there; gradmagic could not find out what became of the others."
    assert any("ValueError: lost" in f for f in report.failures)
    report = ready.check("with tf.GradientTape() as tape:\n    y = w * w\ng = tape.gradient(y, w)")
    assert report.verdict == "ok"
