"""Case files: programs with a hand-written truth, and how a report is judged by it.

A file under `cases/` is a row of parts, parted by lines that begin with `# %%`:

    <setup cell>             runs before each check cell that follows
    # %% setup               another setup cell, in place of the one before
    # %% file NAME.py        a module that the cells can import, until the next setup
    # %% NAME                a check cell; `near` at the start of its name: silent although the setup has a marked line

Comments in a part state the truth:

    # expect: RULE           on the guilty line; `RULE or RULE` where both are right. A mark in the setup or in a file counts for each
                             check cell without a mark of its own that is not `near`, and where a line `# expect setup` stands
    # also: RULE             another line that may be blamed for an expected rule
    # note: RULE             on a line that must be named by a finding of severity `note`
    # allow: RULE RULE       findings that may come besides
    # status: ok none        on the line of a gradient call (or Keras `fit`): the status of each source in turn, `zero|ok` where both are right
    # raises: NAME           the class of the exception that the cell raises
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "cases"
PENDING = FOLDER / "PENDING"
RULE = r"[a-z]+/[a-z-]+"
MARK = re.compile(rf"#\s*(expect|also|note):\s*({RULE}(?:\s+or\s+{RULE})*)")
ALLOW = re.compile(rf"#\s*allow:((?:\s+{RULE})+)")
STATUS = re.compile(r"#\s*status:\s*([a-z|]+(?:\s+[a-z|]+)*)")
RAISES = re.compile(r"#\s*raises:\s*(\w+)")

Place = tuple[str, int]


@dataclass(frozen=True)
class Mark:
    kind: str
    rules: frozenset[str]
    place: Place


@dataclass(frozen=True)
class Case:
    id: str
    name: str
    setup: str
    files: dict[str, str]
    check: str
    marks: tuple[Mark, ...]
    allowed: frozenset[str]
    statuses: dict[Place, tuple[frozenset[str], ...]] = field(default_factory=dict)
    raises: str | None = None

    @property
    def healthy(self) -> bool:
        return self.id.startswith("healthy/")

    @property
    def options(self) -> str:
        return "--numeric" if "--numeric" in self.name else ""

    @property
    def parts(self) -> list[tuple[str, str, int]]:
        """The texts, what a place in them is called, and the number of their first line."""
        return [*((name, text, 1) for name, text in self.files.items()), ("setup", self.setup, 1), ("check", self.check, 2)]


def read_cases(folder: Path = FOLDER) -> Iterator[Case]:
    for path in sorted(folder.rglob("*.py")):
        parts = re.split(r"^# %% (.+)\n", path.read_text(encoding="utf-8"), flags=re.M)
        setup, files = parts[0], {}
        for title, text in zip(parts[1::2], parts[2::2], strict=True):
            name = title.strip()
            if name == "setup":
                setup, files = text, {}
            elif name.startswith("file "):
                files = {**files, name.removeprefix("file ").strip(): text}
            else:
                slug = re.sub(r"[^\w-]+", "-", name).strip("-")
                yield case_of(f"{path.relative_to(folder).with_suffix('').as_posix()}/{slug}", name, setup, files, text)


def case_of(id_: str, name: str, setup: str, files: dict[str, str], check: str) -> Case:
    """The case whose truth its parts state."""
    bare = Case(id_, name, setup, files, check, (), frozenset())
    marks, statuses, allowed = [], {}, set()
    for place, text, first in bare.parts:
        for number, line in enumerate(text.split("\n"), first):
            marks += [Mark(kind, frozenset(re.findall(RULE, rules)), (place, number)) for kind, rules in MARK.findall(line)]
            allowed |= {rule for rules in ALLOW.findall(line) for rule in rules.split()}
            for words in STATUS.findall(line):
                statuses[place, number] = tuple(frozenset(word.split("|")) for word in words.split())
    own = any(m.place[0] == "check" and m.kind != "also" for m in marks)
    if (own and "# expect setup" not in check) or name.startswith("near"):
        allowed |= {rule for m in marks if m.place[0] != "check" and not name.startswith("near") for rule in m.rules}
        marks = [m for m in marks if m.place[0] == "check"]
    raises = RAISES.search(check)
    return Case(id_, name, setup, files, check, tuple(marks), frozenset(allowed), statuses, raises.group(1) if raises else None)


def chosen(cases: Iterable[Case]) -> set[str]:
    """A short selection: of every file the first guilty and the first innocent program, and all forms."""
    found: dict[tuple[str, bool], str] = {}
    forms = set()
    for case in cases:
        file = case.id.rpartition("/")[0]
        found.setdefault((file, bool(case.marks)), case.id)
        forms |= {case.id} if file == "forms" else set()
    return forms | set(found.values())


def pending() -> dict[str, str]:
    """The cases that gradmagic gets wrong so far, each with what it says."""
    lines = PENDING.read_text(encoding="utf-8").splitlines() if PENDING.exists() else []
    return {entry.split(None, 1)[0]: entry.split(None, 1)[-1] for entry in lines if entry.strip() and not entry.startswith("#")}


def place_of(location: Any, setup_count: int) -> Place:
    if location is None:
        return "nowhere", 0
    if location.file is not None:
        return Path(location.file).name, location.line
    return {"current": "check", setup_count: "setup"}.get(location.cell, f"cell {location.cell}"), location.line


def differences(case: Case, report: Any, setup_count: int, raised: str | None) -> list[str]:
    """Each way in which the report contradicts the truth of the case, in one sentence."""
    found = [(f.rule, place_of(f.location, setup_count), f.severity, f.message) for f in report.findings]
    loud = [f for f in found if f[2] != "note"]
    said: list[str] = []
    accepted = [m for m in case.marks if m.kind != "note"]
    used: set[int] = set()
    for mark in (m for m in case.marks if m.kind == "expect"):
        places = {mark.place} | {m.place for m in accepted if m.kind == "also" and m.rules & mark.rules}
        hits = [i for i, f in enumerate(loud) if f[0] in mark.rules and f[1] in places]
        used |= set(hits)
        if not hits:
            said.append(f"not found: {' or '.join(sorted(mark.rules))} at {mark.place[0]}:{mark.place[1]}")
    for mark in (m for m in case.marks if m.kind == "note"):
        if not any(rule in mark.rules and place == mark.place and severity == "note" for rule, place, severity, _ in found):
            said.append(f"no note: {' or '.join(sorted(mark.rules))} at {mark.place[0]}:{mark.place[1]}")
    for i, (rule, place, severity, message) in enumerate(loud):
        if i not in used and rule not in case.allowed:
            said.append(f"FALSE {severity}: {rule} at {place[0]}:{place[1]}: {message}")
    said += _status_differences(case, report, setup_count)
    if raised != case.raises:
        said.append(f"RAISED {raised}, not {case.raises}")
    said += [f"CRASH: {failure}" for failure in report.failures]
    return said


def _status_differences(case: Case, report: Any, setup_count: int) -> list[str]:
    said = []
    calls = [(place_of(c.location, setup_count), [v.status for v in c.variables]) for c in report.calls]
    for place, wanted in case.statuses.items():
        got = [statuses for where, statuses in calls if where == place]
        if not any(len(g) == len(wanted) and all(s in w for s, w in zip(g, wanted, strict=True)) for g in got):
            said.append(f"statuses at {place[0]}:{place[1]} are {got}, not {' '.join('|'.join(sorted(w)) for w in wanted)}")
    if case.healthy:
        said += [f"statuses at {place[0]}:{place[1]} are {got}, not all ok" for place, got in calls if place not in case.statuses and set(got) - {"ok"}]
    return said
