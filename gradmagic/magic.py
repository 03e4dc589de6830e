"""`%%gradcheck` and `%gradcheck`: the only file that imports IPython.

The magic's line gives way to a comment before the cell is compiled, so that IPython itself runs the user's cell: its lines, its display, its exceptions.
gradmagic stands around that run, puts its hooks in before the first statement and takes them out after the last.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.inputtransformer2 import cell_magic as transform_cell_magic
from IPython.core.magic import Magics, line_cell_magic, magics_class

from gradmagic.desk import close_desk, open_desk
from gradmagic.options import HELP, OptionError, Options, parse
from gradmagic.state import remember

PREFIX = "%%gradcheck"
_set_apart = False


def _head(lines: list[str]) -> int | None:
    """The index of the magic's line, None where the cell does not begin with it."""
    for index, line in enumerate(lines):
        if line.strip():
            words = line.split(None, 1)
            return index if words[0] == PREFIX and not line.rstrip().endswith("?") else None
    return None


def hide_magic_line(lines: list[str]) -> list[str]:
    """The input transformation: a comment takes the place of the magic's line, so that every other line keeps its number."""
    head = _head(lines)
    if head is None:
        return lines
    rest = lines[head + 1 :]
    first = next((i for i, line in enumerate(rest) if line.strip()), None)
    if first is not None and rest[first].startswith("%%"):
        rest = rest[:first] + transform_cell_magic(rest[first:])
    return [*lines[:head], "#" + lines[head].rstrip("\n") + "\n", *rest]


@magics_class
class GradcheckMagics(Magics):
    """Checks the gradients of a cell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.always = False
        self.accepted: tuple[str, ...] = ()
        self._run_nodes: Callable[..., Any] = shell.run_ast_nodes
        self._running = False

    @line_cell_magic
    def gradcheck(self, line: str = "", cell: str | None = None) -> Any:
        if cell is not None:
            # IPython hands a cell over like this where the input was not transformed (a magic inside a magic, a direct call).
            self.shell.run_cell(f"{PREFIX} {line}\n{cell}")
            return
        words = line.split()
        if words in (["on"], ["off"]):
            self.always = words == ["on"]
            print(f"gradmagic checks every cell from now on: {'yes' if self.always else 'no'}")
        elif words[:1] == ["explain"]:
            self._explain(words[1:])
        elif not words:
            self._repeat()
        else:
            print(f"gradmagic: `%gradcheck {line}` is not known; there are `%gradcheck`, `%gradcheck on`, `%gradcheck off` and `%gradcheck explain RULE`")

    gradcheck.__doc__ = HELP

    def _repeat(self) -> None:
        from gradmagic.state import last_report

        report = last_report()
        if report is None:
            print("gradmagic has no report yet: put `%%gradcheck` on the first line of a cell that computes gradients")
        else:
            _show(self.shell, report, Options())

    def _explain(self, names: list[str]) -> None:
        from gradmagic.render.page import page_html, page_text
        from gradmagic.rules import pages

        known = pages()
        if len(names) != 1 or names[0] not in known:
            print(f"gradmagic: name one of these rules after `explain`: {', '.join(known)}")
            return
        name = names[0]
        self.shell.display_pub.publish({"text/plain": page_text(name, known[name]), "text/html": page_html(name, known[name])})

    async def run_nodes(self, nodelist: Any, cell_name: str, interactivity: str = "last_expr", compiler: Any = compile, result: Any = None) -> Any:
        """Runs the statements of a cell as IPython does, inside a check where one was asked for."""

        def plain() -> Any:
            return self._run_nodes(nodelist, cell_name, interactivity=interactivity, compiler=compiler, result=result)

        raw = getattr(getattr(result, "info", None), "raw_cell", None)
        lines = raw.splitlines(keepends=True) if isinstance(raw, str) else []
        head = _head(lines)
        if self._running or (head is None and not self.always):
            return await plain()
        try:
            options = parse(lines[head].strip()[len(PREFIX) :]) if head is not None else Options()
        except OptionError as error:
            print(f"gradmagic: {error}")
            return await plain()
        from gradmagic.cell import CellCheck

        try:
            check = CellCheck.of(self.shell, raw or "", cell_name, result, options, self.accepted)
        except Exception as error:
            print(f"gradmagic: could not begin the check ({type(error).__name__}: {error}); the cell runs without it")
            check = None
        if check is None:
            return await plain()
        self._running = True
        try:
            return await self._checked(check, plain, nodelist, result)
        finally:
            self._running = False

    async def _checked(self, check: Any, plain: Callable[[], Any], nodelist: Any, result: Any) -> Any:
        shell = self.shell
        shown = [False]

        def show_report() -> None:
            if shown[0]:
                return
            shown[0] = True
            try:
                with _collector_at_rest():
                    report = check.finish(result)
                    remember(report, check.bench)
                    _show(shell, report, check.options)
            except Exception as error:
                print(f"gradmagic: the check failed, the cell did not: {type(error).__name__}: {error}")

        with _before_traceback(shell, check, show_report):
            try:
                with _collector_at_rest(settle=True):
                    check.start(nodelist)
                failed = await plain()
            finally:
                check.stop(result)
        try:
            show_report()
        except KeyboardInterrupt:
            print("gradmagic: the report was interrupted")
            return failed
        problem = check.problem()
        if problem is not None and not failed:
            result.error_in_exec = problem
            shell.showtraceback((type(problem), problem, None))
            return True
        return failed


def without_own_frames(error: BaseException) -> None:
    """Take gradmagic's frames out of a traceback that passed through its hooks, so that it reads as without them."""
    own = os.path.dirname(os.path.abspath(__file__)) + os.sep
    kept = []
    step = error.__traceback__
    while step is not None:
        if not step.tb_frame.f_code.co_filename.startswith(own):
            kept.append(step)
        step = step.tb_next
    for before, after in zip(kept, [*kept[1:], None], strict=True):
        before.tb_next = after
    error.__traceback__ = kept[0] if kept else None


def _has_set_apart() -> bool:
    """Whether the user has set objects apart from the collector (`gc.freeze`): there they must stay. Once they are there, counting them again would take long."""
    global _set_apart
    _set_apart = _set_apart or gc.get_freeze_count() > 0
    return _set_apart


@contextlib.contextmanager
def _collector_at_rest(*, settle: bool = False) -> Iterator[None]:
    """Many records are made and dropped at once, none of them in a circle: for those alone the collector would go through all that the user has.

    With `settle`, those that stay count as old from the start, so that it does not look at each of them while the cell runs.
    """
    was_enabled = gc.isenabled()
    settle = settle and was_enabled and not _has_set_apart()
    if settle:
        gc.collect(1)
    gc.disable()
    try:
        yield
    finally:
        if settle:
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def _before_traceback(shell: Any, check: Any, show_report: Callable[[], None]) -> Iterator[None]:
    """The report comes first and the exception after it, as IPython shows it."""
    original = shell.showtraceback

    def showtraceback(*args: Any, **kwargs: Any) -> Any:
        error = sys.exc_info()[1]
        with contextlib.suppress(Exception):
            if error is not None:
                without_own_frames(error)
            check.note_exception(error)
            check.stop(None)
            show_report()
        return original(*args, **kwargs)

    shell.showtraceback = showtraceback
    try:
        yield
    finally:
        if shell.__dict__.get("showtraceback") is showtraceback:
            del shell.showtraceback


def _show(shell: Any, report: Any, options: Options) -> None:
    from gradmagic.render.files import write
    from gradmagic.render.mime import to_mimebundle
    from gradmagic.render.text import to_text

    if options.quiet and report.verdict == "ok":
        print(report.summary)
    elif options.format == "text" or (options.format == "auto" and not hasattr(shell, "kernel")):
        print(to_text(report, color=_has_colors(shell), quiet=options.quiet))
    elif options.format == "html":
        bundle = to_mimebundle(report)
        shell.display_pub.publish({k: bundle[k] for k in ("text/html", "text/plain")})
    elif options.format == "widget":
        from gradmagic.widget.display import widget_bundle

        shell.display_pub.publish(to_mimebundle(report))
        shell.display_pub.publish(widget_bundle(report))
    else:
        shell.display_pub.publish(to_mimebundle(report))
    for path in options.out:
        try:
            write(report, path)
        except (ValueError, OSError) as error:
            print(f"gradmagic: the report was not written to {path}: {error}")


def _has_colors(shell: Any) -> bool:
    return getattr(shell, "colors", "NoColor") != "NoColor" and hasattr(sys.stdout, "isatty") and sys.stdout.isatty()


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext gradmagic`. Loading it twice changes nothing."""
    if getattr(shell, "_gradmagic", None) is not None:
        return
    magics = GradcheckMagics(shell)
    shell._gradmagic = magics
    shell.register_magics(magics)
    transforms = shell.input_transformer_manager.cleanup_transforms
    position = next((i for i, t in enumerate(transforms) if getattr(t, "__name__", "") == "cell_magic"), len(transforms))
    transforms.insert(position, hide_magic_line)
    shell.run_ast_nodes = magics.run_nodes
    open_desk(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext gradmagic`: the shell as it was."""
    magics = getattr(shell, "_gradmagic", None)
    if magics is None:
        return
    shell.input_transformer_manager.cleanup_transforms.remove(hide_magic_line)
    if shell.__dict__.get("run_ast_nodes") == magics.run_nodes:
        del shell.run_ast_nodes
    shell.magics_manager.magics["line"].pop("gradcheck", None)
    shell.magics_manager.magics["cell"].pop("gradcheck", None)
    close_desk(shell)
    del shell._gradmagic
