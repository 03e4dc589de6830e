"""The colours of all pictures: the colour-blind-safe set of Okabe and Ito, darkened until text in them reads well on white."""

from __future__ import annotations

from gradmagic.report import EdgeStatus, Status

INK = "#1f2328"
MUTED = "#57606a"
LINE = "#8c959f"
CARD = "#ffffff"
PANEL = "#f6f8fa"

BAD = "#b3400a"
ODD = "#8a5a00"
GOOD = "#0b6b4f"
BLUE = "#0a5c9e"

STATUS_COLOR: dict[Status, str] = {
    "ok": GOOD,
    "none": BAD,
    "zero": ODD,
    "nan": BAD,
    "inf": BAD,
    "vanishing": ODD,
    "exploding": ODD,
    "wrong": ODD,
    "error": BAD,
}
SEVERITY_COLOR = {"error": BAD, "warning": ODD, "note": BLUE, "accepted": MUTED}
VERDICT_COLOR = {"error": BAD, "warning": ODD, "ok": GOOD, "not judged": MUTED}

EDGE_COLOR: dict[EdgeStatus, str] = {"flows": BLUE, "cut": BAD, "zero": ODD, "bad": BAD, "unused": LINE}
# Dashes tell the kinds apart for those who do not see the colours: drawn, gap, drawn, gap, …
EDGE_DASH: dict[EdgeStatus, tuple[float, ...]] = {
    "flows": (),
    "cut": (7, 5),
    "zero": (1.5, 4),
    "bad": (10, 3, 2, 3),
    "unused": (3, 4),
}
EDGE_MEANING: dict[EdgeStatus, str] = {
    "flows": "gradient, thicker where its norm is larger",
    "cut": "cut: no gradient",
    "zero": "gradient of zero",
    "bad": "NaN or Inf",
    "unused": "carries no gradient",
}
