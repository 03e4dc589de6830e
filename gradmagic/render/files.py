"""A report written to a file, in the form that the file's ending names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from gradmagic.render.html import to_html_page
from gradmagic.render.markdown import to_markdown
from gradmagic.render.svg import flow_svg
from gradmagic.render.text import to_text
from gradmagic.report import FlowGraph, Report


def flow_of(report: Report) -> FlowGraph:
    """The flow graph worth a picture of its own: that of the first call in which something is wrong, else of the first call.

    Raises:
        ValueError: no call of the report has a flow graph.
    """
    drawn = [call for call in report.calls if call.graph.nodes]
    wrong = [call for call in drawn if any(v.status != "ok" for v in call.variables)]
    if not drawn:
        raise ValueError("this report has no flow graph to draw")
    return [*wrong, *drawn][0].graph


def _json(report: Report) -> str:
    # ASCII, because a lone surrogate in a name has no form in UTF-8.
    return json.dumps(report.to_dict(), allow_nan=False, indent=1) + "\n"


_TEXTS: dict[str, Callable[[Report], str]] = {
    ".json": _json,
    ".html": to_html_page,
    ".svg": lambda report: flow_svg(flow_of(report)),
    ".md": to_markdown,
    ".txt": lambda report: to_text(report) + "\n",
}
ENDINGS = (*_TEXTS, ".png")


def check_ending(path: str | Path) -> str:
    """The ending of `path` in small letters, for refusing a wrong one before anything has run.

    Raises:
        ValueError: no report can be written with this ending.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(f"a report is written as one of {', '.join(ENDINGS)}, and `{Path(path).name}` ends differently")
    return ending


def write(report: Report, path: str | Path) -> Path:
    """Write the report to a file, replacing what was there.

    Args:
        report: what a check yielded.
        path: where to; its ending chooses the form. ``.svg`` and ``.png`` hold the flow graph alone.

    Returns:
        The path of the file.

    Raises:
        ValueError: the ending is none of `ENDINGS`, or a picture is asked for and the report has no flow graph.
        OSError: the file cannot be written.
        ModuleNotFoundError: a ``.png`` was asked for and matplotlib is not installed.
    """
    ending, path = check_ending(path), Path(path)
    if ending == ".png":
        from gradmagic.render.picture import flow_figure

        flow_figure(flow_of(report)).savefig(path, dpi=192)
    else:
        path.write_text(_TEXTS[ending](report), encoding="utf-8", newline="\n")
    return path
