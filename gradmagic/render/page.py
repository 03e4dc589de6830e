"""The long page of a rule: its docstring with fixed headings, as text and as HTML."""

from __future__ import annotations

import textwrap

from gradmagic.render.characters import text_width, visible, wrap
from gradmagic.render.markup import Markup, join, tag, text
from gradmagic.render.prose import MONO, blocks, inline
from gradmagic.render.wording import name as clean_name

HEADINGS = ("What it finds", "Why it happens", "Example", "Use instead", "Fix safety", "Not a problem when")
CODE_HEADINGS = ("Example", "Use instead")
_PRE = f"font-family:{MONO};font-size:13px;line-height:1.45;background:rgba(128,128,128,.09);border-radius:6px;padding:8px 10px;margin:6px 0;overflow-x:auto;text-align:left"


def sections(doc: str) -> tuple[str, dict[str, str]]:
    """A rule's docstring taken apart.

    Args:
        doc: text in which each heading stands alone at the left margin; a line of ``=`` or ``-`` under it, leading ``#`` signs
            and a colon after it are allowed. What belongs to a heading may be indented.

    Returns:
        What comes before the first heading, and the text of each heading, in order and without its common indent.
    """
    lead, found = _raw_sections(doc)
    return lead, {heading: textwrap.dedent(body) for heading, body in found}


def _raw_sections(doc: str) -> tuple[str, list[tuple[str, str]]]:
    lines = _dedented(doc)
    lead: list[str] = []
    found: list[tuple[str, list[str]]] = []
    known = {heading.lower(): heading for heading in HEADINGS}
    index = 0
    while index < len(lines):
        line = lines[index]
        heading = None if line.startswith("    ") else known.get(line.strip(" #*:").lower())
        if heading is not None:
            found.append((heading, []))
            below = lines[index + 1].strip() if index + 1 < len(lines) else ""
            index += 1 if below and set(below) <= set("=-~") else 0
        else:
            (found[-1][1] if found else lead).append(line)
        index += 1
    return "\n".join(lead).strip("\n"), [(heading, "\n".join(body).strip("\n")) for heading, body in found]


def _blocks(heading: str, body: str) -> list[tuple[str, str]]:
    """The paragraphs and code of a section; an example that is indented as a whole is code as a whole."""
    dedented = textwrap.dedent(body)
    if heading in CODE_HEADINGS and dedented != body:
        return [("pre", dedented)]
    return blocks(dedented)


def _dedented(doc: str) -> list[str]:
    first, *rest = doc.expandtabs(4).split("\n")
    indents = [len(line) - len(line.lstrip()) for line in rest if line.strip()]
    # Headings stand at the left margin, so the least indent of the lines after the first is the docstring's own.
    cut = min(indents, default=0)
    return [first.lstrip(), *(line[cut:].rstrip() for line in rest)]


def page_text(name: str, doc: str, *, width: int = 100) -> str:
    """The page of a rule for a terminal.

    Args:
        name: the rule's name, such as ``none/stop-gradient``.
        doc: its docstring.
        width: columns to wrap prose to; code stays as it is.

    Returns:
        Lines without a newline at the end.
    """
    title = clean_name(name)
    lead, parts = _raw_sections(doc)
    out = [title, "=" * text_width(title)]
    for heading, body in [("", lead), *parts]:
        if not heading and not body:
            continue
        out += ["", heading] if heading else []
        for kind, piece in _blocks(heading, body):
            out.append("")
            if kind == "p":
                out += ["  " + line for line in wrap(visible(piece), max(width, 40) - 2)]
            else:
                out += [("      " + visible(line)).rstrip() for line in piece.split("\n")]
    return "\n".join(out)


def page_html(name: str, doc: str) -> str:
    """The page of a rule as an HTML fragment with inline styles.

    Args:
        name: the rule's name, such as ``none/stop-gradient``.
        doc: its docstring; all of it is escaped.

    Returns:
        One ``div``.
    """
    lead, parts = _raw_sections(doc)
    made: list[Markup] = [tag("h3", clean_name(name), style=f"font-family:{MONO};font-size:15px;margin:8px 0")]
    for heading, body in [("", lead), *parts]:
        if heading:
            made.append(tag("h4", heading, style="font-size:14px;font-weight:600;margin:12px 0 4px"))
        for kind, piece in _blocks(heading, body):
            if kind == "p":
                made.append(tag("p", inline(piece), style="margin:6px 0"))
            else:
                made.append(tag("pre", text(piece, keep="\n"), style=_PRE))
    return tag("div", join(*made), style="max-width:46em;line-height:1.5;text-align:left")
