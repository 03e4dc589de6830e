"""A cell run once more, aside: hooked as a checked cell is, and unseen. Output, pictures and log lines go nowhere, the time is bounded."""

from __future__ import annotations

import ast
import contextlib
import difflib
import io
import itertools
import linecache
import logging
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from gradmagic.capture.own_randomness import own_randomness
from gradmagic.capture.patches import Patches
from gradmagic.capture.session import Session
from gradmagic.capture.spans import Spans
from gradmagic.capture.statements import asks_itself, assigned_names
from gradmagic.recording import Cell, Recording

_numbers = itertools.count(1)


class OutOfTime(BaseException):
    """The time of a trial is over. Not an `Exception`, so that the cell's own handlers let it pass."""


class Unprepared(Exception):
    """What had to run before the cell raised something; the message is its name and text."""


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the main thread after some time. Elsewhere (and on Windows) the bound is looked at between the ops only."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(signum: int, frame: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    rest, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if rest:
            signal.setitimer(signal.ITIMER_REAL, max(rest - (time.monotonic() - started), 1e-3), interval)


@contextlib.contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Hold Ctrl-C back while the state is put back, and let it through afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = [False]
    try:
        before = signal.signal(signal.SIGINT, lambda *_: came.__setitem__(0, True))
    except (ValueError, OSError):
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came[0]:
        raise KeyboardInterrupt


@contextlib.contextmanager
def unseen(shell: Any) -> Iterator[None]:
    """Nothing is printed, displayed, plotted, logged or warned about."""
    patches = Patches()
    publisher = getattr(shell, "display_pub", None)
    if publisher is not None:
        patches.set(publisher, "publish", lambda *args, **kwargs: None)
        if hasattr(publisher, "clear_output"):
            patches.set(publisher, "clear_output", lambda *args, **kwargs: None)
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot is not None else set()
    if pyplot is not None:
        patches.set(pyplot, "show", lambda *args, **kwargs: None)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        patches.undo()
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            for number in set(pyplot.get_fignums()) - figures:
                pyplot.close(number)


def compiled(shell: Any, source: str, name: str) -> tuple[ast.Module, str]:
    """The syntax tree of a cell as IPython would run it, and the file name it is compiled under.

    Raises:
        SyntaxError: the cell cannot be compiled, or it awaits at its top level.
    """
    filename, text = _shown(shell.transform_cell(source), f"<ipython-input-{name}-{next(_numbers)}>")
    return ast.parse(text, filename), filename


def _shown(text: str, filename: str) -> tuple[str, str]:
    """Make code readable for tracebacks and for AutoGraph, which reads the source of functions."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    return filename, text


def run_aside(
    shell: Any,
    source: str,
    before: list[tuple[list[ast.stmt], Callable[[], None] | None]],
    options: Any,
    seconds: float,
    leading: Iterable[tuple[int, str, list[ast.stmt]]] = (),
    edited: Mapping[int, str] | None = None,
    texts: Mapping[ast.stmt, tuple[int, str]] | None = None,
) -> Recording:
    """Run a cell under a capture of its own in the notebook's namespace; the state afterwards is the caller's business.

    `before` holds definitions that run first, outside the capture, each with what is to be done after it. `leading` holds what runs in front of the cell under
    the capture: the number of an earlier cell, its text, and statements parsed from it. What the cell raises is in the recording. `edited` holds earlier cells by
    number as they are to be, `texts` the cell and its text that a definition was parsed from: the recording shows code at its place in those.

    Raises:
        Unprepared: a definition that was to run first raised something.
        OutOfTime: the time was over.
        KeyboardInterrupt: Ctrl-C.
    """
    tree, filename = compiled(shell, source, "aside")
    cells: dict[str, str | int] = dict(getattr(shell.compile, "_filename_map", {}))
    cells[filename] = "current"
    earlier = [(_shown(text, f"{filename}-of-{cell}")[0], cell, statements) for cell, text, statements in leading]
    cells |= {name: cell for name, cell, _ in earlier}
    anew = _texts_by_file(texts or {}, filename)
    cells |= {name: cell for cell, name in anew.values()}
    spans = Spans(cells, moved=_moved(cells, anew, edited or {}))
    session = Session(Cell(None, None, source), spans, max_ops=options.max_ops, every=options.every, numeric=options.numeric, namespace=shell.user_ns)
    session.fresh_functions = True
    own: Any = None
    result: Any = None
    with unseen(shell), own_randomness(session), bounded(seconds):
        for definitions, then in before:
            for text, group in itertools.groupby(definitions, lambda s: (texts or {})[s][1]):
                _prepare(list(group), anew[text][1], shell.user_ns)
            if then is not None:
                then()
        try:
            session.install()
            for shown, _, statements in earlier:
                _prepare(statements, shown, shell.user_ns)
            if options.target or not asks_itself(tree.body):
                from gradmagic.capture.own import OwnTape

                own = OwnTape(session, insist=bool(options.target))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            try:
                exec(compile(tree, filename, "exec"), shell.user_ns)
                if isinstance(last, ast.Expr):
                    result = eval(compile(ast.Expression(last.value), filename, "eval"), shell.user_ns)
            except Exception as error:
                session.note_exception(error)
            if own is not None:
                stand_in = SimpleNamespace(user_ns=shell.user_ns, user_global_ns=shell.user_ns)
                own.ask(options, stand_in, tuple(assigned_names(tree.body)), result, session.raised is None)
        finally:
            if own is not None and own.tape._recording:
                own.tape.__exit__(None, None, None)
            session.uninstall()
        recording = session.recording()
    linecache.cache.pop(filename, None)
    return recording


def _texts_by_file(texts: Mapping[ast.stmt, tuple[int, str]], filename: str) -> dict[str, tuple[int, str]]:
    """By the text of a cell that runs in part again: its number, and the file name under which its lines can be read."""
    return {text: (cell, _shown(text, f"{filename}-anew-{cell}")[0]) for cell, text in texts.values()}


def _moved(cells: Mapping[str, str | int], anew: Mapping[str, tuple[int, str]], edited: Mapping[int, str]) -> dict[str, dict[int, int]]:
    """Where the lines of earlier cells stand in their edited form."""
    found: dict[str, dict[int, int]] = {}
    new = {name for _, name in anew.values()}
    for name, cell in cells.items():
        if isinstance(cell, int) and cell in edited and name not in new:
            before, after = "".join(linecache.getlines(name)).split("\n"), edited[cell].split("\n")
            blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
            found[name] = {b.a + i + 1: b.b + i + 1 for b in blocks for i in range(b.size)}
    return found


def _prepare(statements: list[ast.stmt], filename: str, namespace: dict[str, Any]) -> None:
    try:
        exec(compile(ast.Module(statements, []), filename, "exec"), namespace)
    except Exception as error:
        raise Unprepared(f"{type(error).__name__}: {error}") from error


def patient(action: Callable[[], None]) -> None:
    """Run something that Ctrl-C must not cut in two."""
    with deaf_to_ctrl_c():
        action()
