"""WCAG 2.2 AA, as far as a program can tell: axe-core, injected into the real page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent.parent.parent / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What is said about whole pages: a report is a part of one.
OF_THE_PAGE = {"page-has-heading-one": {"enabled": False}, "region": {"enabled": False}, "heading-order": {"enabled": False}, "landmark-unique": {"enabled": False}}


def violations(page: Page, inside: str) -> list[str]:
    """What axe-core finds wrong inside of a selector, a line for each element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": {"type": "tag", "values": RULES}, "rules": OF_THE_PAGE, "resultTypes": ["violations"]}
    found = page.evaluate("([inside, options]) => axe.run(inside, options)", [inside, options])
    return [f"{rule['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for rule in found["violations"] for node in rule["nodes"]]
