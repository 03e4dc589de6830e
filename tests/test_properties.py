"""Random programs with planted cuts: the planted line is blamed, by the planted rule, and nothing else.

`GRADMAGIC_GRAPHS=2000 python -m pytest tests/test_properties.py` runs as many programs as it says, half of them compiled.
"""

from __future__ import annotations

import linecache
import os
from typing import Any

import pytest

from tests.casefiles import pending, place_of
from tests.planted import Planted, plant

GRAPHS = int(os.environ.get("GRADMAGIC_GRAPHS", "6"))
CHUNK = max(5, GRAPHS // 40)


def contradictions(program: Planted, notebook: Any) -> list[str]:
    """What the report says that was not planted, and what was planted and is not said."""
    count = notebook.shell.execution_count
    assert notebook.run(program.setup).success
    report = notebook.check(program.cell, "--quiet")
    assert notebook.result.success, notebook.result.error_in_exec
    found = {(f.rule, *place_of(f.location, count)) for f in report.findings if f.severity != "note"}
    said = [f"not blamed: {' or '.join(map(str, sorted(places)))}" for places in program.expected if not found & places]
    said += [f"blamed: {place}" for place in sorted(found - frozenset().union(*program.expected))]
    statuses = [tuple(v.status for v in call.variables) for call in report.calls]
    if statuses != [program.statuses]:
        said.append(f"statuses {statuses} of {program.sources}, not {program.statuses}")
    return said + list(report.failures)


def truth(program: Planted) -> tuple[list[bool], list[bool]]:
    """Whether each gradient exists, of the program and of the one whose planted lines are differentiable, without gradmagic."""
    present = []
    for cell in (program.cell, program.repaired):
        if cell is program.cell and "return [g" in cell:
            cell = cell.replace("return [g for g in grads if g is not None]", "return grads").replace("result = step()", "grads = step()")
        space: dict[str, Any] = {}
        name = f"<planted {program.seed} {len(cell)}>"
        linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
        exec(program.setup, space)
        exec(compile(cell, name, "exec"), space)
        present.append([g is not None for g in space["grads"]])
    return present[0], present[1]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("chunk", range(max(1, GRAPHS // 2 // CHUNK)))
def test_the_planted_line_is_blamed(chunk: int, compiled: bool, notebook: Any) -> None:
    wrong, known, form = [], pending(), "compiled" if compiled else "eager"
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        program = plant(seed, compiled)
        said = contradictions(program, notebook)
        if f"planted/{form}/{seed}" in known:
            if not said:
                wrong.append(f"seed {seed}, {form}: right now, take it out of tests/cases/PENDING")
        elif said:
            wrong.append(f"seed {seed}, {form}, {', '.join(program.kinds) or 'nothing'} planted: " + "; ".join(said))
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_what_is_planted_is_what_cuts(compiled: bool) -> None:
    """Brute force, without gradmagic: with differentiable stand-ins for the planted lines each gradient is there."""
    for seed in range(GRAPHS // 4):
        program = plant(seed, compiled, 60)
        cut, repaired = truth(program)
        assert cut == [s == "ok" for s in program.statuses], program.cell
        alive = {f"p{i}" for i, kind in enumerate(program.kinds) if kind not in ("unused", "discarded")}
        assert repaired == [s.startswith("v") or s in alive for s in program.sources], program.repaired
