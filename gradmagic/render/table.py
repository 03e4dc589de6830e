"""The table of variables: its rows as strings, and which of them fold away."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradmagic.render.wording import ICONS, NOTHING, WORDS, count, name, number, shape, share, short_place, was
from gradmagic.report import Change, Finding, GradientCall, Report, Status, VariableReport

# A table of this many rows fits on a screen; only a longer one is folded.
UNFOLDED = 12
SAMPLE = 8
BARS = "▁▂▃▄▅▆▇█"
LONGEST_TREND = 16


@dataclass(frozen=True)
class Row:
    """A variable as the table shows it. `cause` is a rule's name; `line` says where that finding blames the code."""

    name: str
    shape: str
    dtype: str
    status: Status
    icon: str
    word: str
    norm: str
    ratio: str
    zeros: str
    trend: str
    cause: str
    line: str
    finding: int | None
    healthy: bool
    accepted: bool


@dataclass(frozen=True)
class Folded:
    """Rows that are alike, of which only a sentence is shown at first."""

    sentence: str
    rows: tuple[Row, ...]


def rows(call: GradientCall, report: Report) -> list[Row]:
    """One row per variable of `call`, in the order of its sources."""
    changes = changes_of(call, report)
    return [_row(variable, report, changes.get(variable.name)) for variable in call.variables]


def changes_of(call: GradientCall, report: Report) -> dict[str, Change]:
    """What the variables of `call` were at the cell's last run, by name; only those that changed."""
    index = next((i for i, other in enumerate(report.calls) if other is call), None)
    return {c.name: c for c in report.since.changes if c.call == index} if report.since is not None else {}


def fold(all_rows: list[Row]) -> list[Row | Folded]:
    """The rows in order; of a long table only what is wrong, a sample of each cause, and the rest folded at its end."""
    if len(all_rows) <= UNFOLDED:
        return list(all_rows)
    groups: dict[tuple[Status, str], list[Row]] = {}
    for row in all_rows:
        if not row.healthy:
            groups.setdefault((row.status, row.cause), []).append(row)
    shown: list[Row | Folded] = []
    for (_, cause), group in groups.items():
        # Folding one or two rows would save nothing.
        cut = SAMPLE if len(group) > SAMPLE + 2 else len(group)
        shown += group[:cut]
        if group[cut:]:
            because = f" ({cause})" if cause else ""
            shown.append(Folded(f"{count(len(group) - cut, 'more variable')}: {group[0].word}{because}", tuple(group[cut:])))
    healthy = [row for row in all_rows if row.healthy]
    if len(healthy) <= 2 or (not groups and len(healthy) <= UNFOLDED):
        return shown + healthy
    if not groups:
        shown += healthy[:SAMPLE]
        healthy = healthy[SAMPLE:]
    shown.append(Folded(f"{count(len(healthy), 'more variable')}: ok", tuple(healthy)))
    return shown


def _row(variable: VariableReport, report: Report, change: Change | None) -> Row:
    index, finding = _cause(variable, report)
    word = WORDS[variable.status]
    accepted = finding is not None and finding.accepted
    if accepted:
        word += ", accepted"
    elif variable.applied is False and variable.status == "ok":
        word += ", not applied"
    if change is not None:
        word += f" ({was(change)})"
    grad = variable.grad
    zeros = NOTHING
    if grad is not None:
        zeros = share(grad.zeros, None if grad.sparse else _size(variable.shape))
    calm = finding is None or accepted or finding.severity == "note"
    extra = len(variable.findings) - 1
    return Row(
        name=name(variable.name),
        shape=shape(variable.shape),
        dtype=name(variable.dtype or NOTHING),
        status=variable.status,
        icon=ICONS[variable.status],
        word=word,
        norm=number(grad.norm if grad else None),
        ratio=number(variable.ratio),
        zeros=zeros,
        trend=trend(grad.norm_history) if grad else "",
        cause="" if finding is None else name(finding.rule) + (f" +{extra}" if extra > 0 else ""),
        line="" if finding is None else short_place(finding.location),
        finding=index,
        healthy=variable.status == "ok" and calm,
        accepted=accepted,
    )


def trend(history: tuple[float, ...]) -> str:
    """The norms of successive runs as a row of bars on a log scale; empty for fewer than three runs.

    A zero is the lowest bar, a norm that is not finite a cross.
    """
    if len(history) < 3:
        return ""
    # Of a long history every n-th norm and always the last one, so that the row ends where the run ended.
    step = -(-len(history) // LONGEST_TREND)
    taken = history[::-1][::step][::-1]
    logs = [math.log10(norm) for norm in taken if 0 < norm < math.inf]
    low, high = min(logs, default=0.0), max(logs, default=0.0)
    # Less than a factor of two never fills the whole height: such ups and downs are noise.
    span = max(high - low, math.log10(2))

    def bar(norm: float) -> str:
        if not math.isfinite(norm):
            return "×"
        if norm <= 0:
            return BARS[0]
        return BARS[min(int((math.log10(norm) - low) / span * len(BARS)), len(BARS) - 1)]

    return "".join(map(bar, taken))


def _cause(variable: VariableReport, report: Report) -> tuple[int | None, Finding | None]:
    for index in variable.findings:
        if 0 <= index < len(report.findings):
            return index, report.findings[index]
    return None, None


def _size(dims: tuple[int | None, ...] | None) -> int | None:
    if dims is None or None in dims:
        return None
    return math.prod(d for d in dims if d is not None)
