"""The small markup of text fields as HTML: backticks for code, blank lines between paragraphs, four spaces before a formula."""

from __future__ import annotations

import re

from gradmagic.render.characters import clip, visible
from gradmagic.render.markup import Markup, join, tag, text

MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
CODE = f"font-family:{MONO};font-size:.92em;background:rgba(128,128,128,.14);padding:0 3px;border-radius:3px;word-break:break-word"
FORMULA = f"font-family:{MONO};font-size:13px;margin:6px 0 6px 16px;white-space:pre-wrap;word-break:break-word;background:none"
LONGEST_FORMULA = 400
_CODE = re.compile(r"`([^`\n]+)`")


def inline(content: str) -> Markup:
    """One run of text, what stands in backticks set as code."""
    parts: list[str] = []
    end = 0
    for match in _CODE.finditer(content):
        parts += [content[end : match.start()], tag("code", match[1], style=CODE)]
        end = match.end()
    return join(*parts, content[end:])


def blocks(content: str) -> list[tuple[str, str]]:
    """`content` in paragraphs and displayed blocks: pairs of ``"p"`` or ``"pre"`` and the text."""
    found: list[tuple[str, str]] = []
    lines: list[str] = []
    kind = "p"

    def close() -> None:
        while lines and not lines[-1].strip():
            lines.pop()
        if lines:
            found.append((kind, " ".join(line.strip() for line in lines) if kind == "p" else "\n".join(lines)))
            lines.clear()

    for line in content.split("\n"):
        if line.startswith("    ") and (kind == "pre" or not lines) and line.strip():
            if kind == "p":
                close()
            kind = "pre"
            lines.append(line[4:])
        elif not line.strip():
            if kind == "p":
                close()
            else:
                lines.append("")
        elif line.startswith("    "):
            close()
            kind = "pre"
            lines.append(line[4:])
        else:
            if kind == "pre":
                close()
            kind = "p"
            lines.append(line)
    close()
    return found


def prose(content: str, *, style: str = "margin:6px 0;max-width:52em") -> Markup:
    """`content` as paragraphs and displayed formulas."""
    made = []
    for kind, piece in blocks(content):
        if kind == "p":
            made.append(tag("p", inline(piece), style=style))
        else:
            formula = "\n".join(clip(line, LONGEST_FORMULA) for line in visible(piece, keep="\n").split("\n"))
            made.append(tag("pre", text(formula, keep="\n"), style=FORMULA))
    return join(*made)
