"""The words, icons and number formats that all views share, so that a terminal and a page say the same."""

from __future__ import annotations

import decimal
import math
from pathlib import PurePath

from gradmagic.render.characters import clip, visible
from gradmagic.report import CellInfo, Change, Finding, Fix, GradientCall, Location, Report, Status, Update

NOTHING = "–"
LONGEST_NAME = 120
LONGEST_MESSAGE = 600
MOST_CHANGES = 4

ICONS: dict[Status, str] = {
    "ok": "✓",
    "none": "✗",
    "zero": "○",
    "nan": "◆",
    "inf": "∞",
    "vanishing": "▽",
    "exploding": "▲",
    "wrong": "≠",
    "error": "✖",
}
WORDS: dict[Status, str] = {
    "ok": "ok",
    "none": "None",
    "zero": "zero",
    "nan": "NaN",
    "inf": "Inf",
    "vanishing": "vanishing",
    "exploding": "exploding",
    "wrong": "wrong",
    "error": "error",
}
VERDICT_ICONS = {"ok": "✓", "warning": "▲", "error": "✗", "not judged": "–"}
APPLICABILITY = {"safe": "safe", "unsafe": "may change the meaning", "display-only": "by hand"}


def verdict_word(report: Report) -> str:
    """The verdict, or that there was no gradient to judge: that is no good news."""
    return report.verdict if report.calls or report.findings or report.verdict != "ok" else "not judged"


_THREE_DIGITS = decimal.Context(prec=3, rounding=decimal.ROUND_HALF_UP)


def number(value: float | None) -> str:
    """A number with three significant digits, ``NaN`` and ``inf`` by name, and a dash for None."""
    if value is None:
        return NOTHING
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    # As JavaScript writes it in the live view: halves are rounded up, and four or five digits are no reason for an exponent.
    rounded = float(_THREE_DIGITS.create_decimal_from_float(value))
    if abs(rounded) >= 1000 and abs(value) < 1e5:
        return f"{rounded:.0f}"
    mantissa, exponent, power = f"{rounded:.3g}".partition("e")
    return f"{mantissa}e{int(power)}" if exponent else mantissa


def share(part: int, whole: int | None) -> str:
    """`part` of `whole` in percent, never rounded to 0% or 100% when it is neither; the bare count for an unknown whole."""
    if not whole:
        return f"{part:,}" if part else "0%"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "<1%"
    if 99 < percent < 100:
        return ">99%"
    return f"{percent:.0f}%"


def count(amount: int, noun: str) -> str:
    """``1 variable``, ``1,200 variables``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def name(text: str) -> str:
    """A variable's, target's or rule's name on one line, harmless and of bounded length."""
    return clip(visible(text), LONGEST_NAME)


def sentence(text: str) -> str:
    """A message or title on one line, harmless and of bounded length."""
    return clip(visible(text), LONGEST_MESSAGE)


def shape(dims: tuple[int | None, ...] | None) -> str:
    """A shape as Python writes it; a dash where it is unknown."""
    if dims is None:
        return NOTHING
    return "(" + ", ".join(str(d) for d in dims) + (",)" if len(dims) == 1 else ")")


def place(at: Location, cell: CellInfo) -> str:
    """Where a location lies, in full: ``cell [7], line 4`` or ``model.py:12, in call``."""
    inside = f", in {name(at.function)}" if at.function else ""
    if at.file is not None:
        return f"{visible(at.file)}:{at.line}{inside}"
    shown = cell.execution_count if at.cell == "current" else at.cell
    if shown is None:
        return ("this cell, " if at.cell == "current" else "") + f"line {at.line}{inside}"
    return f"cell [{name(str(shown))}], line {at.line}{inside}"


def short_place(at: Location | None) -> str:
    """Where a location lies, for a narrow column: ``4``, ``[5]:4`` for another cell, ``model.py:12`` for a file."""
    if at is None:
        return ""
    if at.file is not None:
        return f"{name(PurePath(at.file).name)}:{at.line}"
    return str(at.line) if at.cell in ("current", None) else f"[{name(str(at.cell))}]:{at.line}"


def kind_of(finding: Finding) -> str:
    """``error``, ``warning`` or ``note``, and ``accepted`` for a finding that the user has accepted."""
    return "accepted" if finding.accepted else finding.severity


def fix_state(fix: Fix) -> str:
    """What is known about a fix: how safe it is and what running it showed."""
    words = APPLICABILITY[fix.applicability]
    trial = fix.verified
    if trial is None:
        return words if fix.applicability == "display-only" else f"{words}, not run"
    by_status: dict[str, list[str]] = {}
    for variable, status in trial.statuses_after.items():
        by_status.setdefault(status, []).append(variable)
    found = []
    for status, variables in by_status.items():
        who = f"`{name(variables[0])}`" if len(variables) == 1 else count(len(variables), "variable")
        found.append(f"{who} {WORDS.get(status, visible(status))}")  # type: ignore[call-overload]
    before, after = trial.loss_before, trial.loss_after
    if before is not None and after is not None:
        same = before == after or math.isclose(before, after, rel_tol=1e-6) or (math.isnan(before) and math.isnan(after))
        found.append("loss unchanged" if same else f"loss {number(before)} → {number(after)}")
    return f"{words}, verified" + (f": {', '.join(found)}" if found else "")


def call_title(call: GradientCall, cell: CellInfo) -> str:
    """One line about a gradient call: of what, by what, where, how often and since when it goes wrong."""
    parts = [name(call.kind)]
    if call.location is not None:
        parts.append(place(call.location, cell))
    if call.count != 1:
        parts.append(f"{call.count:,} runs")
        if call.first_bad is not None:
            parts.append(f"the first bad one is run {call.first_bad + 1:,}")
    what = "Gradients"
    if call.target is not None:
        value = "" if call.target.value is None else f" = {number(call.target.value)}"
        what = f"Gradients of `{name(call.target.name)}`{value}"
    return f"{what} ({', '.join(parts)})"


def update_line(update: Update, cell: CellInfo) -> str:
    """One line about an update: by what, where, how often, of how many variables, and which were left out."""
    parts = [name(update.kind) + (f" ({name(update.optimizer)})" if update.optimizer else "")]
    if update.location is not None:
        parts.append(place(update.location, cell))
    if update.count != 1:
        parts.append(f"{update.count:,} runs")
    parts.append(_extent(update))
    line = ", ".join(parts)
    if update.skipped:
        some = ", ".join(f"`{name(v)}`" for v in update.skipped[:4])
        more = f" and {len(update.skipped) - 4:,} more" if len(update.skipped) > 4 else ""
        line += f"; left out: {some}{more}"
    return line


def _extent(update: Update) -> str:
    given = len(update.variables) - len(update.skipped)
    if update.raised is not None:
        return f"raised {name(update.raised)}"
    if update.changed is None:
        return f"{count(given, 'variable')} given"
    if update.changed == given:
        return f"{count(given, 'variable')} changed"
    return f"{f'{update.changed:,}' if update.changed else 'none'} of {count(given, 'variable')} changed"


def was(change: Change) -> str:
    """What a variable was at the cell's last run."""
    return f"was {_before(change.before)}"


def _before(status: Status | None) -> str:
    return "not asked for" if status is None else WORDS[status]


def since_line(report: Report) -> str | None:
    """What changed since the cell's last run, on one line; None where there is nothing to say."""
    since = report.since
    if since is None or not (since.changes or since.resolved or since.new):
        return None
    parts = []
    for word in ("better", "worse", "other"):
        found = [c for c in since.changes if c.kind == word]
        shown = [f"`{name(c.name)}` {_before(c.before)} → {_before(c.after)}" for c in found[:MOST_CHANGES]]
        if len(found) > MOST_CHANGES:
            shown.append(f"{len(found) - MOST_CHANGES} more")
        parts += [f"{', '.join(shown)}{'' if word == 'other' else f' ({word})'}"] if shown else []
    if not since.changes:
        parts += [f"`{name(rule)}` is gone" for rule in since.resolved] + [f"`{name(rule)}` is new" for rule in since.new]
    return sentence(f"since the last run: {'; '.join(parts)}")


def raised_line(report: Report) -> str | None:
    """One line about the exception that the cell raised, or None."""
    if report.raised is None:
        return None
    where = f" at {place(report.raised.location, report.cell)}" if report.raised.location else ""
    return sentence(f"The cell raised {report.raised.type}{where}: {report.raised.message}")


def cost_line(report: Report) -> str:
    """One line: what the check cost, and with which versions it was made."""
    cost, versions = report.overhead, report.versions
    seen = count(cost.ops_recorded, "op") + " recorded"
    if cost.ops_dropped:
        seen += f", {cost.ops_dropped:,} dropped"
    made = [f"gradmagic {versions.gradmagic}"]
    made += [f"TensorFlow {versions.tensorflow}"] if versions.tensorflow else []
    made += [f"Keras {versions.keras}"] if versions.keras else []
    made.append(f"Python {versions.python}")
    return visible(f"cell {_seconds(cost.cell_seconds)}, checked in {_seconds(cost.check_seconds)}, {seen} · {', '.join(made)}")


def _seconds(seconds: float) -> str:
    if 0 <= seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s"
