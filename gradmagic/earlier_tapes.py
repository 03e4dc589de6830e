"""A tape that an earlier cell opened and this one asks: what it recorded runs once more, aside and under the capture, in front of the cell.

People spread a step over several cells, and check the one in which the gradient turned out to be None. What the tape saw was not noted when it ran, so nothing could be
said about it. What runs again is the statement that opened the tape, what later statements made of its results, and what they put in the place of a name that it read.
The answer counts only where the gradients come out as they did.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gradmagic.locate import Statuses
from gradmagic.outside import NotTried
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.redefine import statements_of, stored

if TYPE_CHECKING:
    from gradmagic.trial import Bench

# Of a cell, by its number: its text, and those of its statements that run again.
Part = tuple[int, str, list[ast.stmt]]
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def with_earlier_tapes(recording: Recording, bench: Bench | None) -> Recording:
    """The recording, with the places where earlier cells opened tapes; where a gradient that those were asked for is bad, and the same comes out again, with what they saw as well."""
    from gradmagic.trial import run_behind

    if all(tape.name is None for tape in recording.tapes.values()):
        return recording
    recording, judged = _with_openings(recording), Statuses(recording)
    bad = [run for run in recording.runs if set(judged.of(run)) - {"ok", "error"}]
    names = frozenset(name for run in bad if run.tape is not None and (name := recording.tapes[run.tape].name) is not None)
    if bench is None or not names or not parts_under(recording.code, names):
        return recording
    bench.code, bench.tapes = dict(recording.code), names
    try:
        again = run_behind(bench)
    except (NotTried, SyntaxError):
        again = None
    if again is None or _answers(again) != _answers(recording):
        bench.tapes = frozenset()
        return recording
    return dataclasses.replace(
        again,
        runs=tuple(_named_as(run, recording) for run in again.runs),
        cell=recording.cell,
        cell_seconds=recording.cell_seconds,
        ops_recorded=recording.ops_recorded,
        ops_dropped=recording.ops_dropped,
        raised=recording.raised,
        code=recording.code,
        failures=recording.failures + again.failures,
    )


def _with_openings(recording: Recording) -> Recording:
    """The recording with the places where earlier cells opened the tapes that this one asks."""
    tapes = dict(recording.tapes)
    for cell in sorted(key for key in recording.code if isinstance(key, int)):
        text = recording.code[cell]
        try:
            openings = [n for s in statements_of(text) if not isinstance(s, DEFINITIONS) for n in ast.walk(s) if isinstance(n, ast.withitem)]
        except SyntaxError:
            continue
        for item in openings:
            for key, tape in tapes.items():
                if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == tape.name:
                    at = item.context_expr
                    line = text.splitlines()[at.lineno - 1]
                    tapes[key] = dataclasses.replace(tape, span=Span(cell, None, at.lineno, at.col_offset, at.end_lineno or at.lineno, at.end_col_offset or 0, line))
    return dataclasses.replace(recording, tapes=tapes)


def _answers(recording: Recording) -> list[tuple[object, ...]]:
    """What the checked cell was told about its gradients."""
    judged = Statuses(recording)

    def told(run: GradientRun) -> tuple[object, ...]:
        return run.kind, run.span, run.turn, tuple((s.kind, s.shape, s.dtype) for s in run.sources), tuple(judged.of(run))

    return [told(run) for run in recording.runs if run.span is None or run.span.cell == "current"]


def _named_as(run: GradientRun, before: Recording) -> GradientRun:
    """A run with the names that its sources had before: Keras counts on when it makes a layer once more."""
    same = next((r for r in before.runs if (r.kind, r.span, r.turn, len(r.sources)) == (run.kind, run.span, run.turn, len(run.sources))), run)
    return dataclasses.replace(run, sources=tuple(dataclasses.replace(s, name=known.name) for s, known in zip(run.sources, same.sources, strict=True)))


def parts_under(code: Mapping[str | int, str], tapes: Iterable[str]) -> list[Part]:
    """What has to run in front of the current cell for these tapes to be as they were.

    Args:
        code: the texts of the cells, by their numbers and ``"current"``.
        tapes: the names of tapes that earlier cells opened.

    Raises:
        SyntaxError: a cell cannot be parsed.
    """
    cells = sorted(key for key in code if isinstance(key, int))
    every = [(cell, statement) for cell in cells for statement in statements_of(code[cell]) if not isinstance(statement, DEFINITIONS)]
    openings = {max((i for i, (_, s) in enumerate(every) if tape in stored(s) and _opens(s)), default=None) for tape in tapes}
    wanted = {i for i in openings if i is not None}
    if not wanted or None in openings:
        return []
    first = min(wanted)
    needed = {name for s in statements_of(code["current"]) for name in _read(s)} | set(tapes)
    read = {name for i in wanted for name in _read(every[i][1])}
    made = {name for i in wanted for name in stored(every[i][1])}
    for index in range(first + 1, len(every)):
        statement = every[index][1]
        given = stored(statement) & (needed | read)
        # What was made of the tape's results, and what took the place of something that it read.
        if index not in wanted and given and (_read(statement) & made or given & read):
            wanted.add(index)
            made |= stored(statement)
            # A name that stands for something else by now stood for this.
            wanted |= {last for name in given & read if (last := _last_maker(every, name, first)) is not None}
    return [(cell, code[cell], found) for cell in cells if (found := [s for i, (c, s) in enumerate(every) if i in wanted and c == cell])]


def _opens(statement: ast.stmt) -> bool:
    """Whether a statement opens a tape, or calls something that may."""
    return any(isinstance(n, ast.Call) for n in ast.walk(statement))


def _read(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _last_maker(every: list[tuple[int, ast.stmt]], name: str, before: int) -> int | None:
    return next((i for i in range(before - 1, -1, -1) if name in stored(every[i][1])), None)


__all__ = ["Part", "parts_under", "with_earlier_tapes"]
