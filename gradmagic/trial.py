"""A fix really run aside: what it does to the statuses and to the loss.

The cell runs twice more, as it is and as it is edited, from the state before its first run, and afterwards everything is as it was: names, objects, variables,
optimizer slots, random numbers, the places of dataset iterators. Nothing is printed or shown. What cannot be put back is not run.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import gc
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradmagic.earlier_tapes import Part, parts_under
from gradmagic.outside import NotTried, refuse, refuse_unrestorable
from gradmagic.recording import Recording
from gradmagic.redefine import Again, again
from gradmagic.report import Edit, Fix, Report

SECONDS = 60.0
# What nobody asked for takes no longer.
UNASKED = 10.0


@dataclasses.dataclass
class Bench:
    """What it takes to run a checked cell again: the shell, the cell, its options and the state before it."""

    shell: Any
    options: Any
    source: str
    start: Any
    code: dict[str | int, str] = dataclasses.field(default_factory=dict)
    expected: tuple[str, ...] = ()
    seconds: float = SECONDS
    unchanged: Outcome | None = None
    # The tapes that earlier cells opened and this one asks.
    tapes: frozenset[str] = frozenset()

    @classmethod
    def before(cls, shell: Any, options: Any, source: str) -> Bench:
        """Remember the state before the cell runs."""
        from gradmagic.capture.snapshot import Snapshot

        return cls(shell, options, source, Snapshot(shell.user_ns))


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run aside gave: its report, and the loss of each gradient call at its first turn."""

    report: Report
    losses: tuple[float | None, ...]
    raised: str | None
    recording: Recording | None = None


def edited_cells(bench: Bench, fix: Fix, texts: Mapping[str | int, str] | None = None) -> dict[str | int, str]:
    """The cells that a fix changes, as they are then; `texts` are the cells that its edits are for, by default those that ran.

    Raises:
        NotTried: the fix is for code in a file, or a cell is gone.
    """
    known = bench.code if texts is None else texts
    return {cell: _edited(known.get(cell), edits) for cell, edits in _by_cell(fix.edits).items()}


def run_both(bench: Bench, fix: Fix) -> tuple[Outcome, Outcome]:
    """The cell as it is and as the fix makes it, run aside from the same state.

    Raises:
        NotTried: it cannot be run without leaving traces, it cannot be edited as the fix says, or it takes too long.
        KeyboardInterrupt: Ctrl-C; everything was put back.
    """
    from gradmagic.capture.replicas import worker

    if worker():
        raise NotTried("the other workers would have to run the cell once more as well, so the fix was not tried")
    edited = edited_cells(bench, fix)
    source = edited.get("current", bench.source)
    steps = _steps(bench, edited)
    for text in (bench.source, source):
        refuse(text)
    for step in steps.statements:
        refuse(ast.unparse(step))
    before, after = parts_under(bench.code, bench.tapes), parts_under({**bench.code, **edited}, bench.tapes)
    again = {ast.dump(s) for *_, statements in after for s in statements}
    steps.statements = [s for s in steps.statements if ast.dump(s) not in again]
    with _put_back_afterwards(bench, source, (*before, *after)) as (present, swapped):
        if bench.unchanged is None:
            bench.start.restore()
            bench.unchanged = _run(bench, bench.source, Again(), swapped, before)
            # What the state before the cell does not hold (the places of iterators) begins where it is now, both times.
            present.restore()
        bench.start.restore()
        return bench.unchanged, _run(bench, source, steps, swapped, after, edited, with_old_weights=fix.applicability == "safe")


def run_behind(bench: Bench) -> Recording:
    """The cell as it is, run aside behind what earlier cells did under the tapes that it asks.

    Raises:
        NotTried: it cannot be run without leaving traces, or it takes too long.
        KeyboardInterrupt: Ctrl-C; everything was put back.
    """
    from gradmagic.capture.aside import run_aside

    leading = parts_under(bench.code, bench.tapes)
    refuse(bench.source)
    with _put_back_afterwards(bench, bench.source, leading):
        bench.start.restore()
        return run_aside(bench.shell, bench.source, [], bench.options, min(bench.seconds, UNASKED), leading)


@contextlib.contextmanager
def _put_back_afterwards(bench: Bench, source: str, leading: Iterable[Part]) -> Iterator[tuple[Any, list[tuple[Any, type]]]]:
    """Around runs aside of a cell and of statements of earlier ones: the state as it is now, and a list for the objects that are given another class, with their own.

    Raises:
        NotTried: it cannot be run without leaving traces, or it takes too long.
    """
    from gradmagic.capture.aside import OutOfTime, Unprepared, patient
    from gradmagic.capture.snapshot import Snapshot

    texts = [source, *(ast.unparse(s) for *_, statements in leading for s in statements)]
    for text in texts[1:]:
        refuse(text)
    present = Snapshot(bench.shell.user_ns, everything=True)
    if not present.values:
        raise NotTried("the variables are too large to be kept aside, so the fix was not tried")
    for text in texts:
        refuse_unrestorable(present.unrestorable, text, bench.shell.user_ns)
    swapped: list[tuple[Any, type]] = []
    try:
        yield present, swapped
    except OutOfTime:
        raise NotTried(f"the cell takes longer than {bench.seconds:.0f} s, so the fix was not tried") from None
    except SyntaxError as error:
        raise NotTried(f"the edited cell cannot be compiled: {error.msg}") from None
    except Unprepared as error:
        raise NotTried(f"the edited earlier cell cannot run again: {error}") from None
    finally:

        def put_back() -> None:
            for value, kind in swapped:
                value.__class__ = kind
            present.restore()

        patient(put_back)


def _run(
    bench: Bench,
    source: str,
    steps: Again,
    swapped: list[tuple[Any, type]],
    leading: Iterable[Part] = (),
    edited: Mapping[str | int, str] | None = None,
    *,
    with_old_weights: bool = False,
) -> Outcome:
    from gradmagic.capture.aside import run_aside
    from gradmagic.capture.old_weights import give_weights, weights_in
    from gradmagic.cell import versions
    from gradmagic.diagnose import diagnose

    before: list[Any] = []
    if steps.statements:
        namespace = bench.shell.user_ns
        old = {name: namespace.get(name) for name in steps.swapped}
        # What a class is made with is imported before it.
        first = [s for s in steps.statements if isinstance(s, (ast.Import, ast.ImportFrom)) or (isinstance(s, ast.ClassDef) and s.name in steps.swapped)]
        before.append((first, lambda: _swap(old, namespace, swapped)))
        rest = [s for s in steps.statements if s not in first]
        made = {n.id for s in rest for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        weights = weights_in(namespace, made) if with_old_weights else {}
        before.append((rest, lambda: give_weights(weights, namespace)))
    earlier = {cell: text for cell, text in {**bench.code, **(edited or {})}.items() if isinstance(cell, int)}
    number = {text: cell for cell, text in earlier.items()}
    texts = {s: (number[text], text) for s, text in steps.texts.items()}
    changed = {cell: text for cell, text in earlier.items() if cell in (edited or {})}
    recording = run_aside(bench.shell, source, before, bench.options, bench.seconds, leading, changed, texts)
    report = diagnose(recording, versions=versions(), expected=bench.expected, with_fixes=False)
    return Outcome(report, _first_losses(recording), recording.raised.type if recording.raised is not None else None, recording)


def _swap(old: dict[str, Any], namespace: dict[str, Any], swapped: list[tuple[Any, type]]) -> None:
    """Give living objects of an edited class its new methods."""
    new = {id(kind): namespace[name] for name, kind in old.items() if isinstance(kind, type) and isinstance(namespace.get(name), type) and namespace[name] is not kind}
    for value in gc.get_objects() if new else ():
        kind = type(value)
        if id(kind) in new:
            try:
                value.__class__ = new[id(kind)]
            except TypeError:
                continue
            swapped.append((value, kind))


def _first_losses(recording: Recording) -> tuple[float | None, ...]:
    """The target of each gradient call at its first turn, where it is a single number."""
    found: list[float | None] = []
    for site in recording.sites:
        runs = sorted(recording.runs_of(site.id), key=lambda r: r.turn)
        if runs:
            found.append(runs[0].target_value if runs[0].turn == 0 else None)
    return tuple(found)


def _by_cell(edits: tuple[Edit, ...]) -> dict[str | int, list[Edit]]:
    found: dict[str | int, list[Edit]] = {}
    for edit in edits:
        if edit.cell is None:
            raise NotTried("the fix is for code in a file, which is not run aside")
        found.setdefault(edit.cell, []).append(edit)
    return found


def _edited(text: str | None, edits: list[Edit]) -> str:
    """A cell with edits of whole lines applied.

    Raises:
        NotTried: the cell is gone.
    """
    if text is None:
        raise NotTried("the cell that the fix is for is not known any more")
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda e: -e.start_line):
        lines[edit.start_line - 1 : edit.end_line] = edit.replacement.split("\n") if edit.replacement else []
    return "\n".join(lines)


def _steps(bench: Bench, edited: dict[str | int, str]) -> Again:
    """What has to run before the cell, for edits of earlier cells."""
    result = Again()
    earlier = sorted(k for k in bench.code if isinstance(k, int))
    for cell in sorted((k for k in edited if isinstance(k, int)), reverse=True):
        later = [edited.get(k, bench.code[k]) for k in earlier if k > cell]
        try:
            found = again(bench.code[cell], edited[cell], later)
        except SyntaxError as error:
            raise NotTried(f"the edited cell cannot be compiled: {error.msg}") from None
        result.statements = found.statements + [s for s in result.statements if ast.dump(s) not in {ast.dump(f) for f in found.statements}]
        result.swapped |= found.swapped
        result.texts |= found.texts
    return result
