"""What may stand behind `%%gradcheck`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

LEVELS = ("note", "warning", "error")
FORMATS = ("auto", "widget", "html", "text")

HELP = """Check the gradients that a cell computes.

    %%gradcheck [TARGET] [options]
    <cell>

The cell runs exactly as it would without the magic. Below it appears which gradients are None, zero, NaN or wrong, which line is the cause, and what to change.

TARGET               an expression, evaluated after the cell: what to differentiate, with a tape of the magic's own
-w, --wrt EXPR       the sources (variables, tensors, a layer, a model); default: every trainable variable the cell used
-n, --numeric [K]    also compare each gradient with a numerical derivative along K random directions (default 3)
-f, --fail-on LEVEL  raise GradientProblem after the report from this severity on: note, warning or error
--fix                try the fixes aside and show only those that hold
-q, --quiet          show only what is wrong; one line when all is well
-o, --out FILE       also write the report: .json, .html, .svg, .png, .md or .txt
--format FORMAT      auto, widget, html or text
--expect RULE[:NAME] accept this finding (for this variable): it is shown as accepted and raises no alarm
--every N            look closely at each N-th run of a gradient call
--max-ops N          never keep more than N recorded ops

%gradcheck repeats the last report, %gradcheck on and off check every cell, %gradcheck explain RULE shows the page of a rule.
"""


class OptionError(ValueError):
    """The magic's line cannot be read; the message says what to write instead."""


@dataclass(frozen=True)
class Options:
    target: str | None = None
    wrt: str | None = None
    numeric: int = 0
    fail_on: Literal["note", "warning", "error"] | None = None
    quiet: bool = False
    fix: bool = False
    out: tuple[str, ...] = ()
    format: str = "auto"
    expect: tuple[str, ...] = ()
    every: int = 1
    max_ops: int = 200_000


_FLAGS = {"-w": "wrt", "--wrt": "wrt", "-n": "numeric", "--numeric": "numeric", "-f": "fail_on", "--fail-on": "fail_on", "-q": "quiet", "--fix": "fix"}
_FLAGS |= {"--quiet": "quiet", "-o": "out", "--out": "out", "--format": "format", "--expect": "expect", "--every": "every", "--max-ops": "max_ops"}


def parse(line: str) -> Options:
    """The options behind `%%gradcheck`.

    Raises:
        OptionError: an option does not exist, or its value is missing or of the wrong kind.
    """
    try:
        words = shlex.split(line, posix=True) if any(q in line for q in "\"'") and " -" in f" {line}" else line.split()
    except ValueError as error:
        raise OptionError(f"the line behind `%%gradcheck` cannot be read: {str(error).lower()}; the cell runs unchecked") from None
    values: dict[str, object] = {}
    target: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("-") or _is_number(word) or (target and word == "-"):
            target.append(word)
            continue
        flag, _, given = word.partition("=")
        name = _FLAGS.get(flag)
        if name is None:
            raise OptionError(f"there is no option `{flag}`; `%%gradcheck?` lists them all; the cell runs unchecked")
        if name in ("quiet", "fix"):
            values[name] = True
        elif name == "numeric":
            values[name] = _whole(flag, given or (words.pop(0) if words and words[0].isdigit() else "3"))
        else:
            if not given and not words:
                raise OptionError(f"`{flag}` needs a value behind it; the cell runs unchecked")
            _take(values, name, flag, given or words.pop(0))
    return Options(target=" ".join(target) or None, **values)  # type: ignore[arg-type]


def _take(values: dict[str, object], name: str, flag: str, value: str) -> None:
    if name in ("every", "max_ops"):
        values[name] = _whole(flag, value)
    elif name in ("out", "expect"):
        values[name] = (*values.get(name, ()), value)  # type: ignore[misc]
    elif name == "fail_on" and value not in LEVELS:
        raise OptionError(f"`{flag}` takes one of {', '.join(LEVELS)}, not `{value}`; the cell runs unchecked")
    elif name == "format" and value not in FORMATS:
        raise OptionError(f"`{flag}` takes one of {', '.join(FORMATS)}, not `{value}`; the cell runs unchecked")
    else:
        values[name] = value


def _whole(flag: str, value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise OptionError(f"`{flag}` takes a whole number from 1 on, not `{value}`; the cell runs unchecked")
    return int(value)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
