"""The live view inside a page of its own: the report as data and one script, which the page's policy knows by its hash. Nothing else on the page can run or load."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from gradmagic.render.markup import Markup, tag
from gradmagic.report import Report

SCRIPT = Path(__file__).parent.parent / "static" / "page.js"


def policy(script: str | None) -> Markup:
    """The content policy of the page: inline styles, pictures from data, and this script alone."""
    allowed = f" script-src 'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}';" if script else ""
    return tag("meta", **{"http-equiv": "Content-Security-Policy", "content": f"default-src 'none'; img-src data:; style-src 'unsafe-inline';{allowed} base-uri 'none'; form-action 'none'"})


def script_text() -> str | None:
    """The view's script, None where the front end was not built; the page is static then."""
    try:
        text = SCRIPT.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    # A page may not hold the end of a script inside of it.
    return text if "</script" not in text.lower() and "<!--" not in text else None


def live_parts(report: Report, script: str | None) -> Markup:
    """What stands behind the static report: its data, in which nothing can end the element, and the script."""
    if script is None:
        return Markup("")
    data = json.dumps(report.to_dict(), allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(f'<script type="application/json" id="gradmagic-report">{data}</script>\n<script>{script}</script>')
