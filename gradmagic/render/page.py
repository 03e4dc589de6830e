"""The long page of a rule."""

from __future__ import annotations

import html

HEADINGS = ("What it finds", "Why it happens", "Example", "Use instead", "Fix safety", "Not a problem when")


def sections(doc: str) -> tuple[str, dict[str, str]]:
    """A page taken apart: its first paragraph, and the text under each heading without its indentation."""
    lead: list[str] = []
    found: dict[str, list[str]] = {}
    current = lead
    for line in doc.split("\n"):
        if line.strip() in HEADINGS and not line.startswith(" "):
            current = found.setdefault(line.strip(), [])
        else:
            current.append(line[4:] if line.startswith("    ") else line)
    return "\n".join(lead).strip(), {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def page_text(name: str, doc: str) -> str:
    """The page of a rule as text."""
    return f"{name}\n{'=' * len(name)}\n\n{doc}"


def page_html(name: str, doc: str) -> str:
    """The page of a rule as static HTML."""
    lead, parts = sections(doc)
    body = [f"<h3><code>{html.escape(name)}</code></h3><p>{html.escape(lead)}</p>"]
    for heading, text in parts.items():
        body.append(f"<h4>{html.escape(heading)}</h4>")
        code = heading in ("Example", "Use instead") and "import" in text
        body.append(f"<pre>{html.escape(text)}</pre>" if code else f"<p>{html.escape(text)}</p>")
    return "\n".join(body)
