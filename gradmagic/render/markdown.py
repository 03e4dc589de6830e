"""The report as Markdown, for issues and pull requests."""

from __future__ import annotations

from gradmagic.render.text import to_text
from gradmagic.report import Report


def to_markdown(report: Report) -> str:
    """The sentence as a heading, and the text of the report in a code block that nothing in it can close."""
    text = to_text(report)
    fence = "```"
    while fence in text:
        fence += "`"
    return f"## gradmagic: {report.verdict}\n\n{fence}text\n{text}\n{fence}\n"
